package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/nearest"
)

// builder puts a document together into a Catalog and gathers what does not fit, at the line that said it where the file
// being read did.
type builder struct {
	doc    document
	c      *Catalog
	file   string
	places map[string]*yaml.Node
	errors Errors
}

func (b *builder) fail(path, message, hint string) {
	e := &Error{File: b.file, Path: path, Message: message, Hint: hint}
	for at := path; at != ""; { // the nearest enclosing place that the file has
		if n := b.places[at]; n != nil {
			e.Line, e.Column = n.Line, n.Column
			break
		}
		at = at[:max(0, strings.LastIndexByte(at, '.'))]
	}
	b.errors = append(b.errors, e)
}

// build makes the catalog of a document. file and places say where an error is; places may be nil.
func build(doc document, file string, places map[string]*yaml.Node) (*Catalog, Errors) {
	b := &builder{doc: doc, file: file, places: places, c: &Catalog{
		byModel: map[string]*Model{}, byAlias: map[string]*Model{}, byProv: map[string]*Provider{},
		byDep: map[string]*Deployment{}, homes: map[*Model][]*Deployment{}, doc: doc,
	}}
	b.providers()
	b.models()
	b.deployments()
	b.references()
	b.difficulty()
	b.name()
	if len(b.errors) > 0 {
		return nil, b.errors
	}
	derive(b.c, doc)
	b.c.Version = hash(doc)
	return b.c, nil
}

// hash names the content: twelve hex digits of the SHA-256 of the document in a canonical form.
func hash(doc document) string {
	text, err := json.Marshal(doc) // writes maps in order of their keys
	if err != nil {
		panic("BUG: catalog: a document does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

var (
	providerID   = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)
	modelID      = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._:-]*$`)
	deploymentID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*/\S+$`)
)

func (b *builder) providers() {
	for _, id := range sorted(b.doc.Providers) {
		e, at := b.doc.Providers[id], join("providers", id)
		if e.Disabled {
			continue
		}
		if !providerID.MatchString(id) {
			b.fail(at, "a provider's id is lower-case letters, digits, dots and dashes", "")
		}
		e.Dialect = cmp.Or(e.Dialect, "openai")
		e.Auth = cmp.Or(e.Auth, "bearer")
		b.word(at+".dialect", e.Dialect, "openai", "anthropic", "gemini")
		b.word(at+".auth", e.Auth, "bearer", "x-api-key", "api-key", "x-goog-api-key")
		if !strings.HasPrefix(e.BaseURL, "http://") && !strings.HasPrefix(e.BaseURL, "https://") {
			b.fail(at+".base_url", "is missing or no URL", "such as https://api.example.com/v1")
		}
		p := &Provider{
			ID: id, Name: cmp.Or(e.Name, id), BaseURL: e.BaseURL, KeyEnv: e.KeyEnv, Dialect: e.Dialect, Auth: e.Auth,
			Models: e.KeyCheck, Note: e.Note, Source: e.Source, Builtin: e.Builtin,
			Surfaces: e.Surfaces, State: e.State, MediaURLs: e.MediaURLs, CallIDs: e.CallIDs, Media: e.Media, Developer: e.Developer, HostedTools: e.HostedTools, Quirks: b.quirks(at, e.Quirks),
		}
		b.word(at+".call_ids", e.CallIDs, "", "mistral")
		b.word(at+".media", e.Media, "", "mistral")
		b.c.Providers = append(b.c.Providers, p)
		b.c.byProv[id] = p
	}
}

func (b *builder) word(path, v string, allowed ...string) {
	if err, ok := oneOf(v, allowed...).(*suggestion); ok {
		b.fail(path, err.message, err.hint)
	}
}

func (b *builder) deployments() {
	for _, id := range sorted(b.doc.Deployments) {
		e, at := b.doc.Deployments[id], join("deployments", id)
		provider, upstream, _ := strings.Cut(id, "/")
		provider, upstream = cmp.Or(e.Provider, provider), cmp.Or(e.Upstream, upstream)
		if e.Disabled || b.doc.Models[e.Model].Disabled || b.doc.Providers[provider].Disabled {
			continue
		}
		if !deploymentID.MatchString(id) {
			b.fail(at, "a deployment's id is provider/upstream-name", "")
			continue
		}
		m := b.c.byModel[e.Model]
		switch {
		case e.Model == "":
			b.fail(at+".model", "is missing", "name the model that is served here")
			continue
		case m == nil:
			b.fail(at+".model", fmt.Sprintf("no model %q", e.Model), nearest.Hint(e.Model, sorted(b.doc.Models)))
			continue
		case b.c.byProv[provider] == nil:
			b.fail(at, fmt.Sprintf("no provider %q", provider), nearest.Hint(provider, sorted(b.doc.Providers)))
			continue
		}
		d := &Deployment{
			ID: id, Model: m, Provider: provider, Upstream: upstream, Surface: cmp.Or(e.Surface, ChatCompletions),
			ToolSurface: e.ToolSurface, Region: e.Region, Home: provider == m.Maker, Prices: b.prices(at+".prices", &e.Prices),
			FirstToken: e.FirstToken, PerToken: e.PerToken, Index: len(b.c.Deployments),
			Context: cmp.Or(e.Context, m.Context), MaxOutput: cmp.Or(e.MaxOutput, m.MaxOutput),
			Source: cmp.Or(e.Source, e.Prices.Source), Note: e.Note,
		}
		b.c.Deployments = append(b.c.Deployments, d)
		b.c.byDep[id] = d
		b.c.homes[m] = append(b.c.homes[m], d)
	}
	for _, homes := range b.c.homes {
		slices.SortStableFunc(homes, func(x, y *Deployment) int { return -compareBool(x.Home, y.Home) })
	}
}

func (b *builder) prices(at string, e *pricesEntry) Prices {
	p := Prices{
		Input: rate(e.Input), Output: rate(e.Output), CachedRead: rate(e.CachedRead),
		CacheWrite5m: rate(e.CacheWrite5m), CacheWrite1h: rate(e.CacheWrite1h),
		AudioInput: rate(e.AudioInput), AudioOutput: rate(e.AudioOutput), ImageInput: UnknownRate,
		Tiers: e.ServiceTiers, ValidFrom: e.ValidFrom.Time, Source: e.Source, Verified: e.Verified,
	}
	if e.ImageInput != nil {
		p.ImageInput = Rate(*e.ImageInput)
	}
	if len(e.ToolCalls) > 0 {
		p.ToolCall = make(map[string]Rate, len(e.ToolCalls))
		for tool, r := range e.ToolCalls {
			p.ToolCall[tool] = Rate(r)
		}
	}
	for i, s := range e.Steps {
		if i > 0 && s.Above <= e.Steps[i-1].Above || s.Above <= 0 {
			b.fail(at+".steps", "`above` must be over 0 and rise from step to step", "")
		}
		p.Steps = append(p.Steps, Step{
			Above: s.Above, Input: rate(s.Input), Output: rate(s.Output), CachedRead: rate(s.CachedRead),
			CacheWrite5m: rate(s.CacheWrite5m), CacheWrite1h: rate(s.CacheWrite1h),
		})
	}
	return p
}

func rate(r *perMillion) Rate {
	if r == nil {
		return UnknownRate
	}
	return Rate(*r)
}

// references checks what entries say about each other.
func (b *builder) references() {
	ids := sorted(b.doc.Models)
	for _, m := range b.c.Models {
		e, at := b.doc.Models[m.ID], join("models", m.ID)
		for _, ref := range [...]struct{ field, id string }{{"replaced_by", e.ReplacedBy}, {"sibling", e.Sibling}} {
			if ref.id == "" {
				continue
			}
			if _, ok := b.doc.Models[ref.id]; !ok || ref.id == m.ID {
				b.fail(at+"."+ref.field, fmt.Sprintf("no other model %q", ref.id), nearest.Hint(ref.id, ids))
			}
		}
		for id, n := e.Sibling, 0; id != ""; id, n = b.doc.Models[id].Sibling, n+1 {
			if n > len(ids) {
				b.fail(at+".sibling", "siblings go round in a circle", "end the line at a model that has figures")
				break
			}
		}
	}
}

// name fills the index of names: canonical ids first, then aliases, bare ids, and what providers call the models. An alias
// that already means another model is an error; the names further down just stay with whom they were first.
func (b *builder) name() {
	claim := func(name string, m *Model) (*Model, bool) {
		for _, n := range [...]string{name, strings.ToLower(name)} {
			if old := b.c.byAlias[n]; old != nil && old != m {
				return old, false
			}
			b.c.byAlias[n] = m
		}
		return m, true
	}
	for _, m := range b.c.Models {
		claim(m.ID, m)
	}
	for _, m := range b.c.Models {
		for _, alias := range m.Aliases {
			if old, ok := claim(alias, m); !ok {
				b.fail(join("models", m.ID)+".aliases", fmt.Sprintf("%q already means %s", alias, old.ID), "")
			}
		}
	}
	for _, m := range b.c.Models {
		_, bare, _ := strings.Cut(m.ID, "/")
		claim(bare, m)
		for _, alias := range m.Aliases {
			claim(m.Maker+"/"+alias, m)
		}
	}
	for _, d := range b.c.Deployments {
		claim(d.Upstream, d.Model)
		if d.Home {
			claim(d.ID, d.Model)
		}
	}
	for _, n := range sorted(b.c.byAlias) {
		if n == strings.ToLower(n) {
			b.c.names = append(b.c.names, n)
		}
	}
}

func orOne(f *float64) float64 {
	if f == nil {
		return 1
	}
	return *f
}

func orNaN(f *float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return *f
}

func (b *builder) difficulty() {
	d := Difficulty{Slope: DifficultySlope, Reference: ReferenceDifficulty, Labels: map[string]float64{}}
	for _, key := range sorted(b.doc.Difficulty) {
		switch v := b.doc.Difficulty[key]; {
		case key == "slope":
			d.Slope = v
		case key == overall:
			d.Reference = v
		case ownLabel(key):
			d.Labels[key] = v
		default:
			b.fail(join("difficulty", key), "unknown difficulty", `there is slope, overall, and "head.label"`)
		}
	}
	b.c.Difficulty = d
}
