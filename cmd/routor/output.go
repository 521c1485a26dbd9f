package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/routor/routor/engine/nearest"
)

var formats = []string{"table", "json", "jsonl", "csv"}

// table is what a command shows: rows for people and CSV, items for JSON.
type table struct {
	columns []string
	rows    [][]string
	items   []any
	one     bool // of `show`: items[0] alone, not a list of one
}

func (t *table) add(item any, cells ...string) {
	t.items = append(t.items, item)
	t.rows = append(t.rows, cells)
}

func addOutputFlag(cmd *cobra.Command) {
	cmd.Flags().StringP("output", "o", "", "table, json, jsonl or csv (default: table on a terminal, else jsonl for lists and json for one thing)")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// show writes t in the format that was asked for.
func show(cmd *cobra.Command, t *table) error {
	out := cmd.OutOrStdout()
	format, _ := cmd.Flags().GetString("output")
	if format == "" {
		switch {
		case terminal(out):
			format = "table"
		case t.one:
			format = "json"
		default:
			format = "jsonl"
		}
	}
	switch format {
	case "table":
		return t.table(out)
	case "csv":
		w := csv.NewWriter(out)
		if err := w.WriteAll(append([][]string{t.columns}, t.rows...)); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
		return nil
	case "json":
		if t.one {
			return writeJSON(out, t.items[0], "  ")
		}
		if t.items == nil {
			t.items = []any{}
		}
		return writeJSON(out, t.items, "  ")
	case "jsonl":
		for _, item := range t.items {
			if err := writeJSON(out, item, ""); err != nil {
				return err
			}
		}
		return nil
	}
	return usage("-o %s: %s", format, nearest.Hint(format, formats))
}

func writeJSON(out io.Writer, item any, indent string) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(item); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

func (t *table) table(out io.Writer) error {
	head := strings.ToUpper(strings.Join(t.columns, "\t"))
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if t.one && len(t.rows) == 1 { // one thing reads better downwards
		for i, c := range t.columns {
			fmt.Fprintf(w, "%s\t%s\n", c, t.rows[0][i])
		}
	} else {
		fmt.Fprintln(w, head)
		for _, r := range t.rows {
			fmt.Fprintln(w, strings.Join(r, "\t"))
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour puts text in a colour where that is wanted: on a terminal without NO_COLOR.
func colour(w io.Writer, code, text string) string {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || !terminal(w) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

const (
	red   = "31"
	green = "32"
	bold  = "1"
)

// note tells people something, on stderr.
func note(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
}

// confirm asks before something that can't be undone. --yes answers; without a terminal there is nobody to ask.
func confirm(cmd *cobra.Command, question string) error {
	if yes, _ := cmd.Flags().GetBool("yes"); yes {
		return nil
	}
	if !terminal(cmd.InOrStdin()) {
		return usage("%s: %s Say --yes", cmd.CommandPath(), question)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	var answer string
	fmt.Fscanln(cmd.InOrStdin(), &answer)
	if !strings.HasPrefix(strings.ToLower(answer), "y") {
		return &exitError{exitFailed, fmt.Errorf("nothing was changed")}
	}
	return nil
}

func addChangeFlags(cmd *cobra.Command) {
	cmd.Flags().Bool("dry-run", false, "say what would be done, and do nothing")
	cmd.Flags().BoolP("yes", "y", false, "do not ask")
}

func dryRun(cmd *cobra.Command) bool {
	dry, _ := cmd.Flags().GetBool("dry-run")
	return dry
}
