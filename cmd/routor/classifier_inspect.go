package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
)

// inspected is a module's card with what it is made of.
type inspected struct {
	Card    classifiers.Card    `json:"card"`
	Anatomy classifiers.Anatomy `json:"module"`
}

func classifierInspect() *cobra.Command {
	cmd := &cobra.Command{
		Use: "inspect [FILE.wasm]", Short: "Take a module apart: ABI, heads, memory, imports, exports, card", Args: arguments(0, 1),
		Example: "  routor classifier inspect mine.wasm\n  routor classifier inspect mine.wasm -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withModule(cmd, args, func(m *classifiers.Module) error {
				a, err := m.Anatomy()
				if err != nil {
					return err
				}
				card := m.Card()
				t := &table{one: true, columns: []string{"name", "version", "abi", "size", "memory", "heads", "imports", "exports", "trainable", "runs", "licences", "weights"}}
				heads := make([]string, len(card.Heads))
				for i, h := range card.Heads {
					heads[i] = fmt.Sprintf("%s (%d)", h.Name, len(h.Labels))
				}
				memory := fmt.Sprintf("%s an instance, at most %s", bytesOf(a.Memory), bytesOf(a.MemoryMost))
				if a.Shared {
					memory += "; data is shared until written to"
				}
				runs := "compiled"
				if a.Interpreted {
					runs = "interpreted, many times slower: this machine refuses compiled code"
				}
				trainable := "no: it exports no routor_features"
				if a.Features {
					trainable = "yes"
				}
				imports := "none"
				if len(a.Imports) > 0 {
					imports = strings.Join(a.Imports, ", ")
				}
				t.add(inspected{card, a}, card.Name, card.Version, strconv.Itoa(a.ABI), bytesOf(a.Bytes), memory, strings.Join(heads, ", "), imports,
					strings.Join(a.Exports, ", "), trainable, runs, strings.Join(card.Licences, ", "), card.WeightsSHA256)
				return show(cmd, t)
			})
		},
	}
	addConfigFlags(cmd, "classifier")
	addOutputFlag(cmd)
	return cmd
}

// bytesOf is a size for people.
func bytesOf(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

func classifierBench() *cobra.Command {
	cmd := &cobra.Command{
		Use: "bench [FILE.wasm]", Short: "Measure a module: fuel and microseconds by length of text", Args: arguments(0, 1),
		Example: "  routor classifier bench mine.wasm\n  routor classifier bench -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withModule(cmd, args, func(m *classifiers.Module) error {
				speeds, err := classifiers.Speeds(m, classifiers.Lengths, 0)
				if err != nil {
					return err
				}
				t := &table{columns: []string{"bytes", "fuel", "of_limit", "p50_us", "p99_us"}}
				for _, s := range speeds {
					t.add(s, strconv.Itoa(s.Bytes), strconv.FormatUint(s.Fuel, 10), fmt.Sprintf("%.1f %%", 100*s.Share), fmt.Sprintf("%.1f", s.P50), fmt.Sprintf("%.1f", s.P99))
				}
				return show(cmd, t)
			})
		},
	}
	addConfigFlags(cmd, "classifier")
	addOutputFlag(cmd)
	return cmd
}

func classifierDiff() *cobra.Command {
	cmd := &cobra.Command{
		Use: "diff A.wasm [B.wasm] <PROMPTS.jsonl", Short: "Put the same prompts to two modules: where they differ", Args: arguments(1, 2),
		Long: `Reads prompts as classify does, one a line, and shows on how many of them two modules agree, which categories they move between, and
the prompts on which they differ most. With one module it is compared with the configuration's; "builtin" is the one that Routor comes with.`,
		Example: "  routor classifier diff builtin mine.wasm <prompts.jsonl\n  routor classifier diff mine.wasm <prompts.jsonl -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			tierOf, err := tiers(c)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				args = []string{string(c.Classifier), args[0]}
			}
			var modules [2]*classifiers.Module
			for i, file := range args {
				if file == "builtin" {
					file = ""
				}
				if modules[i], err = moduleOf(cmd, file, hostOptions(c, nil)); err != nil {
					return err
				}
				defer modules[i].Close()
			}
			list, err := prompted(cmd.InOrStdin())
			if err != nil {
				return err
			}
			most, _ := cmd.Flags().GetInt("show")
			return showComparison(cmd, classifiers.Compare(modules[0], modules[1], list, tierOf, most))
		},
	}
	cmd.Flags().Int("show", 20, "how many of the differing prompts to show")
	addConfigFlags(cmd, "classifier", "policy")
	addOutputFlag(cmd)
	return cmd
}

// prompted reads prompts as JSON lines.
func prompted(in io.Reader) ([]classifiers.Prompted, error) {
	if terminal(in) {
		return nil, usage("give prompts on stdin, one a line: routor classifier diff … <prompts.jsonl")
	}
	var out []classifiers.Prompted
	err := eachLine(in, func(line []byte) error {
		var p chat.Prompt
		if err := json.Unmarshal(line, &p); err != nil {
			return err
		}
		r, err := chat.Read(p.AppendBody(nil)) // not released: the inputs refer to it
		if err != nil {
			return err
		}
		next := classifiers.Prompted{ID: p.ID}
		engine.ClassifierInput(r, &next.Input)
		out = append(out, next)
		return nil
	})
	return out, err
}

func showComparison(cmd *cobra.Command, c classifiers.Comparison) error {
	t := &table{items: []any{c}, one: true}
	if format, _ := cmd.Flags().GetString("output"); format == "json" || format == "jsonl" || format == "" && !terminal(cmd.OutOrStdout()) {
		return show(cmd, t)
	}
	percent := func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
	note(cmd, "%s → %s on %d prompts: same category %s, same tier %s, within one %s; lower %s, higher %s; difficulty moves by %.3f on average",
		c.Modules[0], c.Modules[1], c.Prompts, percent(c.SameCategory), percent(c.SameTier), percent(c.WithinOne), percent(c.Lower), percent(c.Higher), c.Difficulty)
	if c.Failed != [2]int{} {
		note(cmd, "calls that broke: %d and %d", c.Failed[0], c.Failed[1])
	}
	moves := make([]string, 0, len(c.Moves))
	for m := range c.Moves {
		moves = append(moves, m)
	}
	slices.SortFunc(moves, func(a, b string) int {
		if d := c.Moves[b] - c.Moves[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, m := range moves[:min(5, len(moves))] {
		note(cmd, "%6d  %s", c.Moves[m], m)
	}
	t = &table{columns: []string{"id", "category", "tier", "difficulty", "text"}}
	for _, d := range c.Differences {
		t.add(d, d.ID, arrow(d.Category[0], d.Category[1]), arrow(d.Tier[0].String(), d.Tier[1].String()),
			fmt.Sprintf("%.2f → %.2f", d.Difficulty[0], d.Difficulty[1]), d.Text)
	}
	return show(cmd, t)
}

func arrow(a, b string) string {
	if a == b {
		return a
	}
	return a + " → " + b
}

// probeModule puts every probe to a module and notes what it answers.
func probeModule(f *findings, m *classifiers.Module) {
	var r classifiers.Result
	for _, p := range classifiers.Probes(classifiers.DefaultCut) {
		cost, err := m.Measure(&p.Input, &r)
		if err != nil {
			f.wrong("probe", "error", fmt.Errorf("%s: %w", p.Name, err))
			continue
		}
		f.ok("probe", "%s: %s %.2f, difficulty %.2f; %d fuel (%.0f %% of the limit), %d µs", p.Name, r.Best(), r.Category[r.Best()], r.Difficulty,
			cost.Fuel, 100*float64(cost.Fuel)/float64(cost.Most), cost.Took.Microseconds())
	}
}

func classifierNew() *cobra.Command {
	cmd := &cobra.Command{
		Use: "new --lang LANGUAGE DIR", Short: "Start a classifier of your own from a template, in Go, Rust, C or AssemblyScript", Args: arguments(1, 1),
		Example: "  routor classifier new --lang go my-classifier\n  cd my-classifier && sh build.sh && routor classifier check classifier.wasm",
		RunE: func(cmd *cobra.Command, args []string) error {
			lang, _ := cmd.Flags().GetString("lang")
			return newClassifier(cmd, lang, args[0])
		},
	}
	cmd.Flags().String("lang", "", "go, rust, c or assemblyscript")
	_ = cmd.MarkFlagRequired("lang")
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(templateLanguages(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
