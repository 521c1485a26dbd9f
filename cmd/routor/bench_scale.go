package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/routor/routor/bench"
)

func benchScale() *cobra.Command {
	cmd := &cobra.Command{
		Use: "scale", Short: "How cost grows with prompt, turns, models, rules, keys and streams", Args: arguments(0, 0),
		Long: `Measures the steps of a request at growing sizes, and the memory of a gateway by the number of slow streams that are open at the same
time: through a bare proxy and through Routor, each in a process of its own, one after the other. It says which step grows faster than its size.`,
		Example: "  routor bench scale --html scale.html\n  routor bench scale --quick --streams 0",
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
			quick, _ := cmd.Flags().GetBool("quick")
			sizes := bench.TheSizes(quick)
			if streams, _ := cmd.Flags().GetIntSlice("streams"); cmd.Flags().Changed("streams") {
				sizes.Streams = streams
			}
			report := &bench.ScaleReport{}
			if report.Curves, err = bench.Scale(cmd.Context(), classifier, sizes); err != nil {
				return err
			}
			if err := holdStreams(cmd, report, sizes.Streams); err != nil {
				return err
			}
			if file, _ := cmd.Flags().GetString("html"); file != "" {
				if err := os.WriteFile(file, []byte(report.HTML()), 0o644); err != nil {
					return fmt.Errorf("write the report: %w", err)
				}
				note(cmd, "wrote %s", file)
			}
			if format, _ := cmd.Flags().GetString("output"); format == "" || format == "table" {
				fmt.Fprint(cmd.OutOrStdout(), report.Markdown())
				return nil
			}
			t := &table{columns: []string{"curve", "of", "step", "exponent", "sizes"}, items: []any{report}, one: true}
			for _, one := range report.Curves {
				for _, step := range one.Steps {
					t.rows = append(t.rows, []string{one.Name, one.Of, step, fmt.Sprintf("%.2f", one.Exponents[step]), strconv.Itoa(len(one.Points))})
				}
			}
			return show(cmd, t)
		},
	}
	cmd.Flags().Bool("quick", false, "leave the largest numbers of keys and streams out")
	cmd.Flags().IntSlice("streams", nil, "numbers of streams that are open at the same time; 0 = none (default 1,10,100,1000,10000)")
	cmd.Flags().String("html", "", "write the report with its plots to this file as well")
	addConfigFlags(cmd, "classifier")
	addOutputFlag(cmd)
	return cmd
}

// holdStreams measures streams that are open at the same time. Where open files do not suffice it takes as many as they allow.
func holdStreams(cmd *cobra.Command, report *bench.ScaleReport, sizes []int) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	files := raiseFiles()
	for _, n := range sizes {
		if n < 1 {
			continue
		}
		if most := (files - 200) / 2; files > 0 && n > most { // a gateway has two sockets a stream
			note(cmd, "%d streams need %d open files, of which the system allows %d: %d are measured (ulimit -Hn)", n, 2*n+200, files, most)
			n = most
		}
		held, err := bench.Hold(ctx, program, n)
		if err != nil {
			return err
		}
		for _, h := range held {
			note(cmd, "%6d streams  %-12s %6.1f KB each  %d whole  %d chunks lost", h.Streams, h.Target, h.PerStream/(1<<10), h.Whole, h.Lost)
		}
		report.Held = append(report.Held, held...)
	}
	if len(report.Held) > 0 {
		report.Curves = append(report.Curves, bench.StreamsCurve(report.Held))
	}
	return nil
}
