package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/routor/routor/bench"
	"github.com/routor/routor/bench/prompts"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine"
)

func trainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "train [PROMPTS] --out FILE.wasm",
		Short: "Make a classifier of labelled prompts; no compiler is needed",
		Long: `Learns from labelled prompts and writes a self-contained module. PROMPTS is a file of JSON lines ({"text", "category"?, "tier"?,
"domain"?, "completion_tokens"?, "weight"?, "split"?, "source"?, …}, gzipped or not) or a folder of routing data with its splits.
Split train is learned from, dev and test are measured on. Probabilities and tiers are calibrated on sources that a first fit has
not seen. The same prompts, options and seed give the same bytes on every machine. It works on files; publish the module with
"routor classifier publish", --classifier FILE.wasm or by replacing the file that a server follows.

--heads NAME=COLUMN adds a head of your own with the labels of that column, which rules read as label.NAME. --init default goes on
from the module that Routor comes with: a few hundred prompts of your own help at once, and heads that you give no label for stay
to the byte what they were. --ledger takes recorded traffic with feedback (see "routor decision export --full"), --outcomes scored
answers of several models, for difficulty and length; the models' abilities are fitted by "routor catalog fit".`,
		Example: `  routor train labelled.jsonl --init default --out mine.wasm
  routor train tickets.jsonl --init default --heads intent=kind --out mine.wasm
  routor train ../shared/data/prompts --loso --out figures.wasm`,
		Args: arguments(0, 1),
		RunE: runTrain,
	}
	f := cmd.Flags()
	f.String("out", "classifier.wasm", "file to write")
	f.String("name", "custom", "name in the module's card")
	f.String("module-version", "1", "version in the module's card")
	f.String("description", "", "description in the module's card")
	f.String("init", "", "module to go on from: default, or a file that train has written (default: from nothing)")
	f.StringSlice("heads", nil, "heads of your own, NAME=COLUMN, as often as you like")
	f.String("ledger", "", "file of recorded traffic with feedback to learn from as well")
	f.String("outcomes", "", "file of scored answers to learn difficulty and length from as well")
	f.Bool("loso", false, "leave out ten groups of sources, one after the other, and show what each came to; takes eleven times as long")
	f.Bool("refit", false, "after measuring, learn from the splits dev and test as well")
	f.Int("bits", 0, "size of the table: 2^bits rows of 33 bytes, 8 to 18 (default 18)")
	f.Int("epochs", 0, "passes over the prompts (default 4)")
	f.Uint64("seed", 0, "seed of the order in which prompts are seen")
	f.Bool("dry-run", false, "read the prompts, and do nothing else")
	_ = cmd.MarkFlagFilename("out", "wasm")
	_ = cmd.MarkFlagFilename("ledger", "jsonl")
	_ = cmd.MarkFlagFilename("outcomes", "jsonl")
	return cmd
}

func runTrain(cmd *cobra.Command, args []string) error {
	set, err := trainingSet(cmd, args)
	if err != nil {
		return err
	}
	o, err := trainOptions(cmd, set)
	if err != nil {
		return err
	}
	out, _ := cmd.Flags().GetString("out")
	if dryRun(cmd) {
		note(cmd, "would learn from %d prompts and write %s", len(set.Examples), out)
		return nil
	}
	bar := newProgress(cmd)
	o.Progress = bar.update
	module, report, err := train.Train(cmd.Context(), set.Examples, o)
	bar.finish()
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, module, 0o644); err != nil {
		return fmt.Errorf("write the module: %w", err)
	}
	if err := writeMeasured(cmd.OutOrStdout(), report.Card.Measured); err != nil {
		return err
	}
	note(cmd, "%s: %s, %.1f MB, of %d prompts, in %s", out, report.Card.String(), float64(len(module))/1e6,
		report.Examples, (report.Extracting + report.Taking).Round(time.Second/10))
	name := "labelled.jsonl"
	if len(args) == 1 {
		name = args[0]
	}
	note(cmd, "try it: routor bench classify %s --classifier %s", name, out)
	return nil
}

// trainingSet reads all that there is to learn from.
func trainingSet(cmd *cobra.Command, args []string) (*prompts.Set, error) {
	own, err := ownHeads(cmd)
	if err != nil {
		return nil, err
	}
	ledger, _ := cmd.Flags().GetString("ledger")
	scored, _ := cmd.Flags().GetString("outcomes")
	if len(args) == 0 && ledger == "" && scored == "" {
		return nil, usage("name labelled prompts: a file of JSON lines or a folder of routing data; or give --ledger or --outcomes")
	}
	set := &prompts.Set{Data: map[string]string{}}
	if len(args) == 1 {
		if set, err = readPrompts(args[0], own); err != nil {
			return nil, err
		}
		if set.Data == nil {
			set.Data = map[string]string{filepath.Base(args[0]): set.File}
		}
	}
	for _, file := range []struct {
		name string
		read func(io.Reader) ([]train.Example, error)
	}{
		{ledger, func(r io.Reader) ([]train.Example, error) {
			list, skipped, err := prompts.Ledger(r, engine.ClassifierInput)
			note(cmd, "%s: %d lines teach something, %d have no text, no feedback or a middling one", ledger, len(list), skipped)
			return list, err
		}},
		{scored, func(r io.Reader) ([]train.Example, error) { return prompts.Outcomes(r, engine.ClassifierInput) }},
	} {
		if file.name == "" {
			continue
		}
		hash, err := prompts.Open(file.name, func(r io.Reader) error {
			list, err := file.read(r)
			set.Examples = append(set.Examples, list...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.name, err)
		}
		set.Data[filepath.Base(file.name)] = hash
	}
	return set, nil
}

func trainOptions(cmd *cobra.Command, set *prompts.Set) (train.Options, error) {
	f := cmd.Flags()
	o := train.Options{Data: set.Data}
	o.Name, _ = f.GetString("name")
	o.Version, _ = f.GetString("module-version")
	o.Description, _ = f.GetString("description")
	o.Bits, _ = f.GetInt("bits")
	o.Epochs, _ = f.GetInt("epochs")
	o.Seed, _ = f.GetUint64("seed")
	o.LeaveOut, _ = f.GetBool("loso")
	o.Refit, _ = f.GetBool("refit")
	switch init, _ := f.GetString("init"); init {
	case "":
	case "default":
		o.Init = builtin.Module
	default:
		module, err := os.ReadFile(init)
		if err != nil {
			return o, fmt.Errorf("read the module to go on from: %w", err)
		}
		o.Init = module
	}
	return o, nil
}

// ownHeads reads --heads.
func ownHeads(cmd *cobra.Command) (prompts.Own, error) {
	list, _ := cmd.Flags().GetStringSlice("heads")
	own := prompts.Own{}
	for _, item := range list {
		head, column, ok := strings.Cut(item, "=")
		switch {
		case !ok || head == "" || column == "":
			return nil, usage("--heads %s: write NAME=COLUMN, as in --heads intent=src_label", item)
		case head == "category" || head == "domain":
			return nil, usage("--heads %s: %s has labels of its own; give the column the name %s and leave --heads out", item, head, head)
		}
		own[head] = column
	}
	return own, nil
}

// writeMeasured prints what the module was worth before it was written.
func writeMeasured(w io.Writer, m *train.Measured) error {
	var b strings.Builder
	for i := range m.Splits {
		fmt.Fprintf(&b, "\n%s: labels read by hand, of a module that has learned from split train alone\n", m.Splits[i].Name)
		bench.WriteFigures(&b, &m.Splits[i].Figures)
	}
	if len(m.Own) > 0 {
		b.WriteString("\nheads of your own, on a fifth of the questions that a first fit has not seen\n")
		bench.WriteFigures(&b, &train.Figures{Own: m.Own})
	}
	if _, err := io.WriteString(w, b.String()); err != nil || m.LeftOut == nil {
		return err
	}
	return bench.WriteLeftOut(w, m.LeftOut)
}

// readPrompts reads a file of labelled prompts or a folder of them.
func readPrompts(name string, own prompts.Own) (*prompts.Set, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there are no prompts at %s: name a file of JSON lines or a folder of routing data", name)
	}
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return prompts.Folder(name, engine.ClassifierInput, own)
	}
	set := &prompts.Set{}
	hash, err := prompts.Open(name, func(r io.Reader) error {
		set.Examples, err = prompts.Examples(r, engine.ClassifierInput, own)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	set.File = hash
	return set, nil
}

// progress is a bar on stderr, where that is a terminal, for one stage after the other.
type progress struct {
	mu    sync.Mutex
	cmd   *cobra.Command
	stage string
	bar   *progressbar.ProgressBar
}

func newProgress(cmd *cobra.Command) *progress { return &progress{cmd: cmd} }

func (p *progress) update(stage string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !terminal(p.cmd.ErrOrStderr()) {
		if stage != p.stage {
			p.stage = stage
			note(p.cmd, "%s …", stage)
		}
		return
	}
	if stage != p.stage {
		p.end()
		p.stage = stage
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.cmd.ErrOrStderr()), progressbar.OptionSetDescription(stage),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set(done)
}

func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
