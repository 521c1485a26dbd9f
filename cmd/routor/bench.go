package main

import (
	"github.com/spf13/cobra"

	"github.com/routor/routor/bench"
	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
)

func benchCommand() *cobra.Command {
	return noun("bench", "Measure it", "Measures Routor. It works on files and needs no server.", benchClassify())
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
			folder := defaultPrompts
			if len(args) == 1 {
				folder = args[0]
			}
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			set, err := readPrompts(folder)
			if err != nil {
				return err
			}
			module, err := moduleOf(cmd, string(c.Classifier), hostOptions(c, nil))
			if err != nil {
				return err
			}
			defer module.Close()
			names, sets := testSets(set.Examples, set.Data == nil)
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
	addConfigFlags(cmd, "classifier")
	addOutputFlag(cmd)
	return cmd
}

const defaultPrompts = "../shared/data/prompts"

// testSets are the examples that are measured on: a folder's test splits, or all of a file.
func testSets(examples []train.Example, file bool) (names []string, sets map[string][]train.Example) {
	sets = map[string][]train.Example{}
	for _, e := range examples {
		name := e.Split
		switch {
		case file:
			name = "prompts"
		case name != prompts.Test && name != prompts.SourceTest:
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
