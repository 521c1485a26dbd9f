package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/providers/sse"
)

func decisionTail() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tail", Short: "Show decisions as they are made", Args: arguments(0, 0),
		Long: `Shows decisions as they are made, until it is interrupted. At most 20 a second are shown; once a second the true numbers are told on
stderr when there were more.`,
		Example: "  routor decision tail --server http://127.0.0.1:8484\n  routor decision tail --failed -o jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			format, _ := cmd.Flags().GetString("output")
			switch format {
			case "", "table", "jsonl":
			default:
				return usage("-o %s: a live view is table or jsonl", format)
			}
			res, err := s.stream(cmd, "/admin/decisions/tail?"+filterQuery(cmd).Encode())
			if err != nil {
				return err
			}
			defer res.Body.Close()
			err = tail(cmd, res.Body, format == "jsonl" || format == "" && !terminal(cmd.OutOrStdout()))
			if cmd.Context().Err() != nil {
				return nil // interrupted, which is how it ends
			}
			return err
		},
	}
	addFilterFlags(cmd)
	addServerFlags(cmd)
	cmd.Flags().StringP("output", "o", "", "table or jsonl (default: table on a terminal, else jsonl)")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "jsonl"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// tail prints the events of a live view until it ends.
func tail(cmd *cobra.Command, from io.Reader, raw bool) error {
	events := sse.NewReader(from)
	out := cmd.OutOrStdout()
	for {
		e, err := events.Next()
		if errors.Is(err, io.EOF) {
			return unreachable("the server ended the live view")
		}
		if err != nil {
			return unreachable("the live view broke off: %w", err)
		}
		switch string(e.Name) {
		case "gap":
			return unreachable("the server ended the live view: this end was too slow")
		case "counters":
			var c struct {
				Matched int     `json:"matched"`
				Shown   int     `json:"shown"`
				Seconds float64 `json:"seconds"`
				Dropped uint64  `json:"dropped"`
			}
			if json.Unmarshal(e.Data, &c) == nil && c.Matched > c.Shown {
				note(cmd, "showing %d of %d in %.1f s", c.Shown, c.Matched, c.Seconds)
			}
		case "decision":
			if raw {
				fmt.Fprintf(out, "%s\n", e.Data)
				continue
			}
			t := decisionTable()
			if err := addDecision(t, json.RawMessage(e.Data)); err != nil {
				return err
			}
			row := t.rows[0]
			fmt.Fprintf(out, "%s  %-24s  %-8s  %-16s  %-32s  %9s ms  %s\n", strings.TrimPrefix(row[0][10:], "T"), row[1]+" "+row[3], row[4], row[5], row[6], row[7], row[8])
		}
	}
}
