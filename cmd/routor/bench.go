package main

import (
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/routor/routor/bench"
	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
)

func benchCommand() *cobra.Command {
	return noun("bench", "Measure it", "Measures Routor. It works on files and needs no server.", benchClassify(), benchDecide(), benchQuality(),
		benchLoad(), benchCompare(), benchChaos(), benchScale(), benchUpstream(), benchBareProxy())
}

func benchClassify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "classify [PROMPTS]",
		Short: "How right and how fast a classifier is, on labelled prompts",
		Long: `Puts every labelled prompt of the test splits to the classifier and prints accuracy, macro F1, calibration, agreement of the tiers,
and the time of a call, beside those of a constant answer. PROMPTS is a file of JSON lines or a folder of routing data; by default
` + defaultPrompts + `. Rows of a file without a split all count.`,
		Example: `  routor bench classify ../shared/data/prompts
  routor bench classify labelled.jsonl --classifier mine.wasm -o json`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			own, err := ownHeads(cmd)
			if err != nil {
				return err
			}
			name := argument(args, defaultPrompts)
			if data, _ := cmd.Flags().GetString("data"); data != "" {
				if len(args) > 0 {
					return usage("give the prompts as an argument or by --data, not both")
				}
				name = data
			}
			set, err := readPrompts(name, own)
			if err != nil {
				return err
			}
			module, err := moduleOf(cmd, string(c.Classifier), hostOptions(c, nil))
			if err != nil {
				return err
			}
			defer module.Close()
			names, sets := splits(set, prompts.Test, prompts.SourceTest)
			report, err := bench.Classify(module, names, sets)
			if err != nil {
				return err
			}
			if format, _ := cmd.Flags().GetString("output"); format == "" || format == "table" {
				return report.WriteText(cmd.OutOrStdout())
			}
			t := &table{columns: []string{"module"}, one: true}
			t.add(report, report.Module)
			return show(cmd, t)
		},
	}
	cmd.Flags().String("data", "", "the same as PROMPTS")
	cmd.Flags().StringSlice("heads", nil, "heads of the module's own to measure, NAME=COLUMN, as often as you like")
	addConfigFlags(cmd, "classifier")
	addOutputFlag(cmd)
	return cmd
}

func benchDecide() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "decide [PROMPTS]",
		Short: "How good and how dear the chosen models are, on labelled prompts",
		Long: `Classifies every labelled prompt of the dev splits, decides it as a first turn with all providers of the catalog connected, and
prints for each tier that came out the mean expected quality of the chosen model beside that of the best candidate, the mean expected
cost, and what is saved against the policy's baseline. Qualities and costs are the catalog's expectations: no model is asked. It
ends with 1 if a COMPLEX prompt of coding or math goes to a model under 0.9 of the best candidate's expected quality, or a prompt to
none. PROMPTS is a file of JSON lines or a folder of routing data; by default ` + defaultPrompts + `. Rows of a file
without a split all count.`,
		Example: `  routor bench decide ../shared/data/prompts --policy next.yaml
  routor bench decide labelled.jsonl --classifier mine.wasm -o json`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := readPrompts(argument(args, defaultPrompts), nil)
			if err != nil {
				return err
			}
			s, done, err := offline(cmd)
			if err != nil {
				return err
			}
			defer done()
			names, sets := splits(set, prompts.Dev, prompts.SourceDev)
			var examples []train.Example
			for _, name := range names {
				examples = append(examples, sets[name]...)
			}
			report := bench.Decide(s, examples)
			if format, _ := cmd.Flags().GetString("output"); format == "" || format == "table" {
				err = report.WriteText(cmd.OutOrStdout())
			} else {
				err = show(cmd, decideTable(report))
			}
			if err == nil {
				err = report.Check()
			}
			return err
		},
	}
	addConfigFlags(cmd, "policy", "classifier", "catalog")
	addOutputFlag(cmd)
	return cmd
}

// decideTable has a row for each tier; as JSON it is the whole report.
func decideTable(r *bench.DecideReport) *table {
	t := &table{columns: []string{"tier", "prompts", "quality", "best", "cost_usd", "saving"}, items: []any{r}, one: true}
	figure := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for i := range r.Tiers {
		f := &r.Tiers[i]
		t.rows = append(t.rows, []string{f.Tier.String(), strconv.Itoa(f.N), figure(f.Quality), figure(f.Best), figure(f.CostUSD), figure(f.Saving)})
	}
	return t
}

const defaultPrompts = "../shared/data/prompts"

// argument is the one that was given, or its default.
func argument(args []string, def string) string {
	if len(args) == 0 {
		return def
	}
	return args[0]
}

// splits are the examples of the wanted splits of a folder, by split, or all of a file.
func splits(set *prompts.Set, wanted ...string) (names []string, sets map[string][]train.Example) {
	sets = map[string][]train.Example{}
	for _, e := range set.Examples {
		name := e.Split
		switch {
		case set.Data == nil:
			name = "prompts"
		case !slices.Contains(wanted, name):
			continue
		}
		if sets[name] == nil {
			names = append(names, name)
		}
		sets[name] = append(sets[name], e)
	}
	return names, sets
}

// moduleOf is the classifier of a file, or the built-in one.
func moduleOf(cmd *cobra.Command, file string, o classifiers.Options) (*classifiers.Module, error) {
	if file == "" {
		return loadBuiltin(cmd.Context(), o)
	}
	return loadModule(cmd.Context(), file, o)
}
