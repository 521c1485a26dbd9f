package policies

import (
	"math"
	"strings"
	"testing"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// testCatalog is a handful of models with known and unknown figures.
func testCatalog() *catalog.Catalog {
	c := &catalog.Catalog{}
	for _, id := range []string{"openai", "anthropic", "google", "mistral", "moonshot", "openrouter"} {
		c.Providers = append(c.Providers, &catalog.Provider{ID: id, Name: id})
	}
	add := func(id string, status catalog.Status, overall, tools float64, providers ...string) {
		maker, name, _ := strings.Cut(id, "/")
		m := &catalog.Model{
			ID: id, Maker: maker, Name: name, Status: status, Context: 200_000, Released: "2026-05",
			Aliases: []string{strings.ReplaceAll(name, ".", "-") + "-latest"}, Index: len(c.Models),
			Caps: catalog.Caps{Tools: catalog.Yes, ToolAccuracy: tools},
		}
		m.Ability = catalog.Ability{Overall: overall, Known: !math.IsNaN(overall)}
		m.Ability.By[label.Coding], m.Ability.Evidence[label.Coding] = overall, 1
		c.Models = append(c.Models, m)
		for _, p := range providers {
			d := &catalog.Deployment{
				ID: p + "/" + name, Model: m, Provider: p, Upstream: name, Home: p == maker, Region: "us", Index: len(c.Deployments),
			}
			if p == "mistral" {
				d.Region = "eu"
			}
			if p == "openrouter" {
				d.ID = p + "/" + id
			}
			c.Deployments = append(c.Deployments, d)
		}
	}
	add("openai/gpt-5.4", catalog.Active, 0.8, 0.9, "openai", "openrouter")
	add("openai/gpt-5.5", catalog.Active, 0.9, math.NaN(), "openai")
	add("anthropic/claude-opus-4.8", catalog.Active, 0.95, 0.95, "anthropic", "openrouter")
	add("anthropic/claude-sonnet-4.6", catalog.Active, 0.85, 0.92, "anthropic")
	add("google/gemini-3.1-pro", catalog.Preview, 0.88, math.NaN(), "google")
	add("mistral/mistral-large-3", catalog.Active, 0.7, 0.4, "mistral")
	add("moonshot/kimi-k2.6", catalog.Active, 0.75, 0.8, "moonshot")
	add("openai/gpt-4", catalog.Retired, 0.5, math.NaN(), "openai")
	c.Models[7].Replaced = "openai/gpt-5.4"
	return c
}

func testScope() Scope {
	return Scope{
		Catalog:  testCatalog(),
		Profiles: []string{"interactive", "batch"},
		Heads:    map[string][]string{"intent": {"billing", "support"}},
	}
}

// must parses a policy that is right.
func must(t testing.TB, src string) *Policy {
	t.Helper()
	p, err := Parse("test.yaml", []byte(src), testScope())
	if err != nil {
		t.Fatalf("%v\nof\n%s", err, src)
	}
	return p
}

// candidates are one for each deployment of the policy's catalog, with known figures.
func candidates(p *Policy) []Candidate {
	list := make([]Candidate, len(p.deployments))
	for i, d := range p.deployments {
		list[i] = Candidate{Deployment: d, Effort: "high", Quality: 0.8, Cost: 0.001 * float64(i+1), Latency: math.NaN()}
	}
	return list
}

// decide runs both steps and returns the deployments that are left.
func decide(p *Policy, r *Request) (m *Matched, verdicts []Verdict, left []string) {
	m = &Matched{}
	p.Match(r, m)
	cands := candidates(p)
	verdicts = make([]Verdict, len(cands))
	p.Weigh(r, m, cands, verdicts)
	for i, v := range verdicts {
		if !v.Out {
			left = append(left, cands[i].Deployment.ID)
		}
	}
	return m, verdicts, left
}
