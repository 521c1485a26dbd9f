package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/store"
)

func classifierCommand() *cobra.Command {
	return noun("classifier", "The module that reads prompts", `Classifiers: WASM modules. show, inspect, check, bench, diff and new work on files: the configuration's module, the built-in one, or
the file given. publish, history, rollback and adopt are about the one that serves.`,
		append([]*cobra.Command{classifierShow(), classifierInspect(), classifierCheck(), classifierBench(), classifierDiff(), classifierNew()},
			versionVerbs(store.Classifier, "classifier", "FILE.wasm")...)...)
}

func classifierShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show [FILE.wasm]", Short: "Show a module's card: name, version, heads, figures", Args: arguments(0, 1),
		Example: "  routor classifier show\n  routor classifier show mine.wasm -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withModule(cmd, args, func(m *classifiers.Module) error {
				t := &table{columns: []string{"name", "version", "description", "heads", "languages", "figures", "weights"}, one: true}
				card := m.Card()
				var heads, figures []string
				for _, h := range card.Heads {
					heads = append(heads, fmt.Sprintf("%s (%d)", h.Name, len(h.Labels)))
				}
				for _, name := range slices.Sorted(maps.Keys(card.Figures)) {
					figures = append(figures, fmt.Sprintf("%s %.3f", name, card.Figures[name]))
				}
				t.add(card, card.Name, card.Version, card.Description, strings.Join(heads, ", "), strings.Join(card.Languages, ", "),
					strings.Join(figures, ", "), card.WeightsSHA256)
				return show(cmd, t)
			})
		},
	}
	addConfigFlags(cmd, "classifier")
	addOutputFlag(cmd)
	return cmd
}

func classifierCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check [FILE.wasm]", Short: "Check a module: ABI, card, fuel, probes, and whether the policy can live with it", Args: arguments(0, 1),
		Example: "  routor classifier check mine.wasm",
		RunE: func(cmd *cobra.Command, args []string) error {
			f := newFindings()
			err := withModule(cmd, args, func(m *classifiers.Module) error {
				card := m.Card()
				f.ok("classifier", "%s: follows ABI v1, %d heads", card.String(), len(card.Heads))
				probeModule(f, m)
				return nil
			})
			f.wrong("classifier", "error", err)
			return f.show(cmd)
		},
	}
	addConfigFlags(cmd, "classifier")
	addOutputFlag(cmd)
	return cmd
}

func withModule(cmd *cobra.Command, args []string, f func(*classifiers.Module) error) error {
	c, err := settings(cmd)
	if err != nil {
		return err
	}
	file := string(c.Classifier)
	if len(args) == 1 {
		file = args[0]
	}
	m, err := moduleOf(cmd, file, hostOptions(c, nil))
	if err != nil {
		return err
	}
	defer m.Close()
	return f(m)
}
