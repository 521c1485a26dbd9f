package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/routor/routor/bench"
)

func benchScale() *cobra.Command {
	cmd := &cobra.Command{
		Use: "scale", Short: "How the cost of a request grows with prompt, turns, models and rules", Args: arguments(0, 0),
		Example: "  routor bench scale\n  routor bench scale --html scale.html",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings(cmd)
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
			curves, err := bench.Scale(cmd.Context(), classifier)
			if err != nil {
				return err
			}
			if file, _ := cmd.Flags().GetString("html"); file != "" {
				if err := os.WriteFile(file, []byte(bench.ScaleHTML(curves)), 0o644); err != nil {
					return fmt.Errorf("write the report: %w", err)
				}
				note(cmd, "wrote %s", file)
			}
			if format, _ := cmd.Flags().GetString("output"); format == "" || format == "table" {
				fmt.Fprint(cmd.OutOrStdout(), bench.ScaleMarkdown(curves))
				return nil
			}
			t := &table{columns: []string{"curve", "of", "exponent", "sizes"}}
			for _, one := range curves {
				t.add(one, one.Name, one.Of, fmt.Sprintf("%.2f", one.Exponent), strconv.Itoa(len(one.Points)))
			}
			return show(cmd, t)
		},
	}
	cmd.Flags().String("html", "", "write the report with its plots to this file as well")
	addConfigFlags(cmd, "classifier")
	addOutputFlag(cmd)
	return cmd
}
