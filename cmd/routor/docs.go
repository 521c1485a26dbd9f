package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/policies"
)

func docsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "docs FOLDER", Short: "Write the references from the code", Hidden: true, Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			for name, content := range references(cmd.Root()) {
				if err := os.WriteFile(filepath.Join(args[0], name), content, 0o644); err != nil {
					return fmt.Errorf("write the reference: %w", err)
				}
			}
			return nil
		},
	}
}

const generated = "\n<!-- Written by `make docs` from the code; do not edit. -->\n"

// references are the files of docs/reference.
func references(root *cobra.Command) map[string][]byte {
	mark := func(b []byte) []byte { return append([]byte(strings.TrimRight(string(b), "\n")+"\n"), generated...) }
	return map[string][]byte{
		"cli.md":           mark(commandReference(root)),
		"configuration.md": mark(configurationReference()),
		"policy.md":        mark([]byte(policies.ReferenceMarkdown())),
		"metrics.md":       mark(metricReference()),
		"errors.md":        mark(api.ErrorReference()),
		"admin.md":         mark(api.AdminReference()),

		"admin.openapi.json": api.OpenAPI(),
	}
}

func configurationReference() []byte {
	b := strings.Builder{}
	b.Write(config.Reference())
	config.Table(&b, "profiles.NAME", "Inline, in a file that `profiles` names, or in `profiles.yaml` of the data directory.", reflect.TypeFor[access.Profile]())
	return []byte(b.String())
}

func commandReference(root *cobra.Command) []byte {
	var b strings.Builder
	b.WriteString("# Command line\n\n" + root.Long + "\n\n```sh\n" + root.Example + "\n```\n")
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			return
		}
		if c.Runnable() && !c.HasSubCommands() {
			fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n    %s\n", c.CommandPath(), c.Short, c.UseLine())
			if c.Long != "" {
				b.WriteString("\n" + c.Long + "\n")
			}
			if c.Example != "" {
				b.WriteString("\n```sh\n" + c.Example + "\n```\n")
			}
			flags := flagReference(c.NonInheritedFlags())
			if flags != "" {
				b.WriteString("\n| flag | default | meaning |\n|---|---|---|\n" + flags)
			}
		} else if c.HasParent() {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.CommandPath(), c.Long)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return []byte(b.String())
}

func flagReference(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		fallback := f.DefValue
		if fallback != "" && fallback != "[]" && fallback != "false" {
			fallback = "`" + fallback + "`"
		} else {
			fallback = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, fallback, strings.ReplaceAll(f.Usage, "|", "\\|"))
	})
	return b.String()
}

func metricReference() []byte {
	var b strings.Builder
	b.WriteString("# Metrics\n\n`GET /metrics` on the admin address, in Prometheus's text format. Histograms are VictoriaMetrics's, with `vmrange` buckets.\n\n" +
		"| name | type | labels | meaning |\n|---|---|---|---|\n")
	for _, m := range append(engine.MetricReference(), api.MetricReference()...) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, m.Labels, m.Help)
	}
	return []byte(b.String())
}
