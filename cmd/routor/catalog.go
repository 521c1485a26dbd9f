package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/nearest"
	"github.com/routor/routor/engine/store"
)

func catalogCommand() *cobra.Command {
	return noun("catalog", "Models, where they are served, and what they cost", `The catalog: the built-in one with an overlay, a file or what was published. list, show MODEL, check and fit
work on files. publish, history, diff, rollback and adopt are about the overlay that serves.`,
		append([]*cobra.Command{catalogList(), catalogShow(), catalogCheck(), catalogFit(), catalogLearned(), diffVerb(store.Catalog, "catalog")}, versionVerbs(store.Catalog, "catalog", "FILE")...)...)
}

func catalogList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the models", Args: arguments(0, 0),
		Example: "  routor catalog list\n  routor catalog list --provider mistral -o csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cat, err := configuredCatalog(cmd)
			if err != nil {
				return err
			}
			only, _ := cmd.Flags().GetString("provider")
			if only != "" && cat.Provider(only) == nil {
				return usage("--provider %s: %s", only, nearest.Hint(only, providerIDs(cat)))
			}
			t := &table{columns: []string{"model", "provider", "status", "context", "input", "output", "ability", "verified"}}
			for _, m := range cat.Models {
				for _, d := range cat.DeploymentsOf(m) {
					if only == "" || d.Provider == only {
						t.add(itemOf(m, d), m.ID, d.Provider, string(m.Status), tokens(m.Context), dollars(d.Prices.Input), dollars(d.Prices.Output), share(m.Ability.Overall), yes(m.Verified))
					}
				}
			}
			return show(cmd, t)
		},
	}
	cmd.Flags().String("provider", "", "of this provider alone")
	addConfigFlags(cmd, "catalog")
	addOutputFlag(cmd)
	return cmd
}

func catalogShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show [MODEL]", Short: "Show one model: deployments, prices, capabilities, ability, sources", Args: arguments(0, 1),
		Long:    "Without a model: the overlay as it was published, --version N for an older one.",
		Example: "  routor catalog show anthropic/claude-opus-4.8\n  routor catalog show --version 3 >catalog.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if shown, err := showVersion(cmd, store.Catalog, len(args) == 0); shown {
				return err
			}
			cat, err := configuredCatalog(cmd)
			if err != nil {
				return err
			}
			m, _ := cat.Find(args[0])
			if m == nil {
				hint := "`routor catalog list` shows them"
				if near := cat.Nearest(args[0], 3); len(near) > 0 {
					hint = "did you mean " + strings.Join(near, ", ") + "?"
				}
				return fmt.Errorf("the catalog has no model %q: %s", args[0], hint)
			}
			t := &table{columns: []string{"model", "deployment", "status", "context", "max output", "input", "output", "ability", "source"}, one: true}
			var items []modelItem
			for _, d := range cat.DeploymentsOf(m) {
				items = append(items, itemOf(m, d))
				t.rows = append(t.rows, []string{m.ID, d.ID, string(m.Status), tokens(m.Context), tokens(m.MaxOutput), dollars(d.Prices.Input), dollars(d.Prices.Output), share(m.Ability.Overall), m.Source})
			}
			t.items = []any{struct {
				Model       *catalogModel `json:"model"`
				Deployments []modelItem   `json:"deployments"`
			}{modelOf(m), items}}
			return show(cmd, t)
		},
	}
	addVersionFlag(cmd)
	addServerFlags(cmd)
	addConfigFlags(cmd, "catalog")
	addOutputFlag(cmd)
	return cmd
}

func catalogCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check [FILE…]", Short: "Check catalog files: what is wrong, where, and what to write instead", Args: arguments(0, 100),
		Example: "  routor catalog check more.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			for _, a := range args {
				c.Catalog = append(c.Catalog, config.Path(a))
			}
			f := newFindings()
			if cat, err := catalogOf(c); err != nil {
				f.wrong("catalog", "error", err)
			} else {
				f.ok("catalog", "%d models, %d deployments, %d providers", len(cat.Models), len(cat.Deployments), len(cat.Providers))
			}
			return f.show(cmd)
		},
	}
	addConfigFlags(cmd, "catalog")
	addOutputFlag(cmd)
	return cmd
}

func configuredCatalog(cmd *cobra.Command) (*catalog.Catalog, error) {
	c, err := settings(cmd)
	if err != nil {
		return nil, err
	}
	return catalogOf(c)
}

// modelItem is a model at a provider as lists show it. What is unknown is null.
type modelItem struct {
	Model      string   `json:"model"`
	Provider   string   `json:"provider"`
	Deployment string   `json:"deployment"`
	Upstream   string   `json:"upstream"`
	Status     string   `json:"status"`
	Context    int      `json:"context,omitempty"`
	Input      *float64 `json:"input_usd_per_million"`
	Output     *float64 `json:"output_usd_per_million"`
	CachedRead *float64 `json:"cached_read_usd_per_million"`
	Ability    *float64 `json:"ability"`
	Verified   bool     `json:"verified"`
}

func itemOf(m *catalog.Model, d *catalog.Deployment) modelItem {
	return modelItem{m.ID, d.Provider, d.ID, d.Upstream, string(m.Status), m.Context, usd(d.Prices.Input), usd(d.Prices.Output), usd(d.Prices.CachedRead),
		known(m.Ability.Overall), m.Verified}
}

// catalogModel is a model with everything that is known of it.
type catalogModel struct {
	ID         string             `json:"id"`
	Maker      string             `json:"maker"`
	Name       string             `json:"name"`
	Aliases    []string           `json:"aliases,omitempty"`
	Status     string             `json:"status"`
	ReplacedBy string             `json:"replaced_by,omitempty"`
	Released   string             `json:"released,omitempty"`
	Context    int                `json:"context,omitempty"`
	MaxOutput  int                `json:"max_output,omitempty"`
	Efforts    []string           `json:"efforts,omitempty"`
	Ability    map[string]float64 `json:"ability"`
	Verified   bool               `json:"verified"`
	Source     string             `json:"source,omitempty"`
	Note       string             `json:"note,omitempty"`
}

func modelOf(m *catalog.Model) *catalogModel {
	out := &catalogModel{m.ID, m.Maker, m.Name, m.Aliases, string(m.Status), m.Replaced, m.Released, m.Context, m.MaxOutput, nil, map[string]float64{}, m.Verified, m.Source, m.Note}
	for _, e := range m.Efforts {
		out.Efforts = append(out.Efforts, e.Name)
	}
	if !math.IsNaN(m.Ability.Overall) {
		out.Ability["overall"] = m.Ability.Overall
	}
	for i, value := range m.Ability.By {
		if !math.IsNaN(value) {
			out.Ability[label.Categories[i]] = value
		}
	}
	return out
}

func known(f float64) *float64 {
	if math.IsNaN(f) {
		return nil
	}
	return &f
}

func usd(r catalog.Rate) *float64 {
	if r < 0 {
		return nil
	}
	return new(float64(r) / 1e9)
}

func dollars(r catalog.Rate) string {
	if r < 0 {
		return "unknown"
	}
	return fmt.Sprintf("$%.4g", float64(r)/1e9)
}

func tokens(n int) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprint(n)
}

func share(f float64) string {
	if math.IsNaN(f) {
		return "unknown"
	}
	return fmt.Sprintf("%.2f", f)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
