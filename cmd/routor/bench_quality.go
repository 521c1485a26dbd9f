package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/bench"
	"github.com/routor/routor/bench/outcomes"
	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/policies"
)

func benchQuality() *cobra.Command {
	cmd := &cobra.Command{
		Use: "quality", Short: "What routing is worth in quality and money, on public outcomes", Args: arguments(0, 0),
		Long: `Puts the prompts of public benchmarks, for which the answers of many models were scored, through the same decision as a live request:
abilities are fitted on each pool's train split, worth is swept, and the curve of cost and quality on the test split is set beside single
models, random mixtures of them, the nearest neighbours, the true tasks and an oracle. --data is a folder of routing data, by default
` + defaultPrompts + `. With --head the pools' tasks are a head of the classifier's own (routor train --heads task=task); without it
the 14 categories and domains are what abilities are known by.

The last pool is RouteLLM's protocol: a head that says whether the stronger of two models is needed learns from four fifths of a
benchmark's questions and is judged on the others, five times; the report has what share of the gap between both models it recovers.`,
		Example: `  routor bench quality --data ../shared/data/prompts
  routor bench quality --pool B -o json
  routor bench quality --pool RouteLLM
  routor bench quality --classifier tasks.wasm --head task --html quality.html`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			flags := cmd.Flags()
			data, _ := flags.GetString("data")
			head, _ := flags.GetString("head")
			pools, _ := flags.GetStringSlice("pool")
			d, err := outcomes.Load(data)
			if err != nil {
				return err
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
			name, src, err := policySource(c.Policy)
			if err != nil {
				return err
			}
			policy, err := policies.Parse(name, src, scopeOf(all, nil, nil))
			if err != nil {
				return err
			}
			report := &bench.QualityReport{Classifier: classifier.Card().String()}
			for _, r := range outcomes.Recipes {
				if len(pools) > 0 && !slices.ContainsFunc(pools, func(p string) bool { return strings.EqualFold(p, r.Name) }) {
					continue
				}
				pool, err := d.Pool(r)
				if err != nil {
					return err
				}
				note(cmd, "pool %s: %d models, %d prompts", r.Name, len(pool.Models), len(pool.Prompts))
				one, err := bench.Quality(cmd.Context(), bench.QualityPool{Pool: pool, Classifier: classifier, Head: head, Policy: policy, Features: neighboursOf(cmd, behind)})
				if err != nil {
					return err
				}
				report.Pools = append(report.Pools, *one)
			}
			if len(pools) == 0 || slices.ContainsFunc(pools, func(p string) bool { return strings.EqualFold(p, bench.RouteLLMPool) }) {
				bar := newProgress(cmd)
				report.Duels, err = bench.RouteLLM(cmd.Context(), d, builtin.Module, bar.update)
				bar.finish()
				if err != nil {
					return err
				}
			}
			return showQuality(cmd, report)
		},
	}
	cmd.Flags().String("data", defaultPrompts, "folder of routing data with outcomes")
	cmd.Flags().String("head", "", "head of the classifier's own whose labels are the pools' tasks")
	cmd.Flags().StringSlice("pool", nil, "only these pools: "+strings.Join(poolNames(), ", "))
	cmd.Flags().Bool("neighbours", true, "measure the nearest neighbours as well, which takes longest")
	cmd.Flags().String("html", "", "write the report with its plots to this file as well")
	addConfigFlags(cmd, "classifier", "policy", "catalog")
	addOutputFlag(cmd)
	return cmd
}

func poolNames() (names []string) {
	for _, r := range outcomes.Recipes {
		names = append(names, r.Name)
	}
	return append(names, bench.RouteLLMPool)
}

func neighboursOf(cmd *cobra.Command, m *classifiers.Module) *classifiers.Module {
	if on, _ := cmd.Flags().GetBool("neighbours"); on {
		return m
	}
	return nil
}

// showQuality writes the report: Markdown for people, else JSON or the pools as rows.
func showQuality(cmd *cobra.Command, r *bench.QualityReport) error {
	if file, _ := cmd.Flags().GetString("html"); file != "" {
		if err := os.WriteFile(file, []byte(r.HTML()), 0o644); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		note(cmd, "wrote %s", file)
	}
	if format, _ := cmd.Flags().GetString("output"); format == "" || format == "table" {
		fmt.Fprint(cmd.OutOrStdout(), r.Markdown())
		return nil
	}
	t := &table{columns: []string{"pool", "prompts", "models", "aiq", "hull", "neighbours", "tasks", "of_oracle", "saving_95", "saving_99"}, items: []any{r}, one: true}
	for i := range r.Pools {
		p := &r.Pools[i]
		cells := []string{p.Pool, fmt.Sprint(p.Prompts), fmt.Sprint(p.Models)}
		for _, v := range []float64{p.AIQ, p.Hull, p.Neighbours, p.Tasks, p.OfOracle, p.Saving95, p.Saving99} {
			cells = append(cells, fmt.Sprintf("%.4f", v))
		}
		t.rows = append(t.rows, cells)
	}
	return show(cmd, t)
}
