package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/routor/routor/bench"
	"github.com/routor/routor/bench/outcomes"
)

func catalogFit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fit [ANSWERS.jsonl]", Short: "Fit models' abilities and lengths from scored answers of your own", Args: arguments(0, 1),
		Long: `Reads scored answers, one a line: a prompt as classify takes it, with "model", "score" (0 to 1) and if known "completion_tokens", or with
"scores" and "tokens" by model. Writes a catalog file with each model's ability by category and domain, or with --head by the labels
of a head of the classifier's own, and how difficulty moves them. What the catalog says already is where a model starts from: few
answers move it little.`,
		Example: `  routor catalog fit answers.jsonl >fitted.yaml
  routor catalog fit --classifier mine.wasm --head task answers.jsonl >fitted.yaml
  routor serve --catalog fitted.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			in := cmd.InOrStdin()
			if len(args) == 1 {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("open the answers: %w", err)
				}
				defer f.Close()
				in = f
			} else if terminal(in) {
				return usage("give scored answers, as a file or on stdin: routor catalog fit answers.jsonl")
			}
			head, _ := cmd.Flags().GetString("head")
			list, err := outcomes.Answers(bufio.NewReader(in), cmp.Or(head, "category"))
			if err != nil {
				return fmt.Errorf("answers: %w", err)
			}
			o := hostOptions(c, nil)
			behind, err := loadBuiltin(cmd.Context(), o)
			if err != nil {
				return err
			}
			defer behind.Close()
			classifier, err := classifierOf(cmd.Context(), c, behind, o)
			if err != nil {
				return err
			}
			defer classifier.Close()
			all, err := catalogOf(c)
			if err != nil {
				return err
			}
			f, err := bench.FitAnswers(list, all, classifier, head)
			if err != nil {
				return err
			}
			note(cmd, "%d prompts, %d models; a unit of difficulty costs %.2f logits; mean logarithmic loss %.4f, of each model's mean alone %.4f",
				f.Rows, len(f.Models), f.Fitted, f.LogLoss, f.Before)
			_, err = cmd.OutOrStdout().Write(f.YAML())
			return err
		},
	}
	cmd.Flags().String("head", "", "head of the classifier's own to fit by; the answers' column of that name holds the label, where it is known")
	addConfigFlags(cmd, "classifier", "catalog")
	return cmd
}
