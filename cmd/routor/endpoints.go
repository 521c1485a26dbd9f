package main

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/nearest"
)

// endpointsOverlay is what the configuration's providers add to the catalog, written as a catalog file; nil = nothing.
func endpointsOverlay(c *config.Config, cat *catalog.Catalog) ([]byte, error) {
	var wrong config.Errors
	providers, models, deployments := map[string]any{}, map[string]any{}, map[string]any{}
	for id, p := range c.Providers {
		fail := func(path, hint, format string, args ...any) {
			wrong = append(wrong, config.Error{File: c.File(), Path: "providers." + id + path, Message: fmt.Sprintf(format, args...), Hint: hint})
		}
		known := cat.Provider(id)
		entry := map[string]any{}
		if p.Dialect == "" && strings.HasSuffix(strings.TrimRight(p.BaseURL, "/"), "/openai") {
			p.Dialect = "openai" // as Google and others call the surface on which they imitate it
		}
		if p.Dialect != "" {
			entry["dialect"] = p.Dialect
		}
		switch {
		case p.Auth != "" && p.Auth != "none":
			entry["auth"] = p.Auth
		case p.Dialect != "" && known != nil && p.Dialect != known.Dialect:
			entry["auth"] = usualAuth[p.Dialect]
		}
		if known == nil {
			if p.BaseURL == "" {
				fail("", nearest.Hint(id, providerIDs(cat)), "is not a provider that the catalog knows, and has no base_url")
				continue
			}
			if len(p.Models) == 0 {
				fail("", "write for instance models: [llama3.3:70b]", "has no models")
				continue
			}
			entry["name"], entry["base_url"], entry["key_check"] = id, p.BaseURL, "/models"
			if entry["dialect"] == nil {
				entry["dialect"] = "openai"
			}
			if entry["auth"] == nil {
				entry["auth"] = usualAuth[entry["dialect"].(string)]
			}
		}
		if len(entry) > 0 {
			providers[id] = entry
		}
		for i, m := range p.Models {
			model := m.Is
			if model == "" {
				model = id + "/" + m.Name
				models[model] = modelEntry(m)
			} else if found, _ := cat.Find(model); found == nil {
				fail(fmt.Sprintf(".models[%d].is", i), "did you mean "+strings.Join(cat.Nearest(model, 3), ", ")+"?", "the catalog has no model %q", model)
				continue
			}
			deployments[id+"/"+m.Name] = map[string]any{"model": model, "provider": id, "upstream": m.Name, "prices": prices(m)}
		}
		for model, name := range p.Deployments {
			found, _ := cat.Find(model)
			if found == nil {
				fail(".deployments."+model, "did you mean "+strings.Join(cat.Nearest(model, 3), ", ")+"?", "the catalog has no model %q", model)
				continue
			}
			deployments[deploymentAt(cat, found, id)] = map[string]any{"model": found.ID, "provider": id, "upstream": name}
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	overlay := map[string]any{}
	for key, m := range map[string]map[string]any{"providers": providers, "models": models, "deployments": deployments} {
		if len(m) > 0 {
			overlay[key] = m
		}
	}
	if len(overlay) == 0 {
		return nil, nil
	}
	return yaml.Marshal(overlay)
}

// usualAuth is how a key is sent in a dialect, where nothing else is said.
var usualAuth = map[string]string{"openai": "bearer", "anthropic": "x-api-key", "gemini": "x-goog-api-key"}

// deploymentAt is the id of a model's deployment at a provider, the catalog's own if there is one.
func deploymentAt(cat *catalog.Catalog, m *catalog.Model, provider string) string {
	for _, d := range cat.DeploymentsOf(m) {
		if d.Provider == provider {
			return d.ID
		}
	}
	return provider + "/" + m.ID[strings.IndexByte(m.ID, '/')+1:]
}

func modelEntry(m config.Model) map[string]any {
	can, input := map[string]bool{"tools": m.Tools, "schema": m.Schema}, []string{"text"}
	if m.Images {
		input = append(input, "image")
	}
	entry := map[string]any{"name": m.Name, "source": "routor.yaml", "input": input, "output": []string{"text"}, "can": can}
	if m.Context > 0 {
		entry["context"] = m.Context
	}
	if m.MaxOutput > 0 {
		entry["max_output"] = m.MaxOutput
	}
	if m.Ability != nil {
		entry["ability"] = map[string]float64{"overall": *m.Ability}
	}
	return entry
}

func prices(m config.Model) map[string]any {
	p := map[string]any{"source": "routor.yaml"}
	if m.Input != nil {
		p["input"] = *m.Input
	}
	if m.Output != nil {
		p["output"] = *m.Output
	}
	return p
}

func providerIDs(cat *catalog.Catalog) []string {
	ids := make([]string, len(cat.Providers))
	for i, p := range cat.Providers {
		ids[i] = p.ID
	}
	return ids
}
