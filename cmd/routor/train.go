package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine"
)

func trainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "train PROMPTS --out FILE.wasm",
		Short: "Make a classifier of labelled prompts; no compiler is needed",
		Long: `Learns from labelled prompts and writes a self-contained module. PROMPTS is a file of JSON lines ({"text", "category"?, "tier"?,
"domain"?, "completion_tokens"?, "split"?, …}, gzipped or not) or a folder of routing data with its splits. The same prompts and
seed give the same bytes on every machine. It works on files; publish the module with --classifier FILE.wasm or by replacing the
file that a server follows.`,
		Example: `  routor train labelled.jsonl --out mine.wasm
  routor bench classify labelled.jsonl --classifier mine.wasm`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := readPrompts(args[0])
			if err != nil {
				return err
			}
			f := cmd.Flags()
			out, _ := f.GetString("out")
			o := train.Options{Data: set.Data}
			o.Name, _ = f.GetString("name")
			o.Version, _ = f.GetString("module-version")
			o.Description, _ = f.GetString("description")
			o.Bits, _ = f.GetInt("bits")
			o.Epochs, _ = f.GetInt("epochs")
			o.Seed, _ = f.GetUint64("seed")
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
			note(cmd, "%s: %s, %.1f MB, of %d prompts, calibrated on %d, in %s", out, report.Card.String(), float64(len(module))/1e6,
				report.Examples, report.Calibration, (report.Extracting + report.Taking).Round(time.Second/10))
			note(cmd, "try it: routor bench classify %s --classifier %s", args[0], out)
			return nil
		},
	}
	f := cmd.Flags()
	f.String("out", "classifier.wasm", "file to write")
	f.String("name", "custom", "name in the module's card")
	f.String("module-version", "1", "version in the module's card")
	f.String("description", "", "description in the module's card")
	f.Int("bits", 0, "size of the table: 2^bits rows of 32 bytes, 8 to 18 (default 18)")
	f.Int("epochs", 0, "passes over the prompts (default 6)")
	f.Uint64("seed", 0, "seed of the order in which prompts are seen")
	f.Bool("dry-run", false, "read the prompts, and do nothing else")
	_ = cmd.MarkFlagFilename("out", "wasm")
	return cmd
}

// readPrompts reads a file of labelled prompts or a folder of them.
func readPrompts(name string) (*prompts.Set, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there are no prompts at %s: name a file of JSON lines or a folder of routing data", name)
	}
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return prompts.Folder(name, engine.ClassifierInput)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	examples, err := prompts.Examples(f, engine.ClassifierInput)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &prompts.Set{Examples: examples}, nil
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
