package api

import (
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// modelCard is a model as GET /v1/models shows it: OpenAI's shape, and what Routor knows besides. A figure that is unknown
// is null.
type modelCard struct {
	ID      string `json:"id"`
	Object  string `json:"object"` // "model"
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`

	Name         string              `json:"name"`
	Status       catalog.Status      `json:"status,omitempty"`
	Aliases      []string            `json:"aliases,omitempty"`
	Context      *int                `json:"context_window"`
	MaxOutput    *int                `json:"max_output_tokens"`
	Pricing      *pricing            `json:"pricing"`
	Capabilities map[string]*bool    `json:"capabilities,omitempty"`
	Efforts      []string            `json:"reasoning_efforts,omitempty"`
	Ability      map[string]*float64 `json:"ability,omitempty"` // expected quality at average difficulty, 0..1
	Providers    []string            `json:"providers,omitempty"`
	Verified     *bool               `json:"verified,omitempty"`
}

// pricing is USD per million tokens at the model's own home.
type pricing struct {
	Input        *float64 `json:"input"`
	Output       *float64 `json:"output"`
	CachedInput  *float64 `json:"cached_input"`
	CacheWrite5m *float64 `json:"cache_write_5m"`
}

// models answers GET /v1/models: what the caller may use.
func (c *call) models() *fault {
	key, f := c.s.caller(c.RequestCtx)
	if f != nil {
		return f
	}
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	profile := profileOf(key)
	cards := []modelCard{autoCard("auto")}
	for _, name := range c.s.otherProfiles(s, key, profile) {
		cards = append(cards, autoCard("auto/"+name))
	}
	for _, m := range s.UsableModels(profile) {
		cards = append(cards, card(s, m))
	}
	if c.anthropic() {
		writeJSON(c.RequestCtx, 200, anthropicList(cards))
		return nil
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"object": "list", "data": cards})
	return nil
}

// model answers GET /v1/models/{id}, by any name that a request may use.
func (c *call) model(id string) *fault {
	key, f := c.s.caller(c.RequestCtx)
	if f != nil {
		return f
	}
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	profile := profileOf(key)
	if name, ok := strings.CutPrefix(id, "auto/"); id == "auto" || ok && (name == profile || slices.Contains(c.s.otherProfiles(s, key, profile), name)) {
		c.showModel(autoCard(id))
		return nil
	}
	m, _ := s.Catalog.Find(id)
	if m == nil {
		return noModel(s, id)
	}
	if m.Status == catalog.Retired {
		f := failure(engine.CodeModelNotFound, "model %q is retired", m.ID)
		if m.Replaced != "" {
			f.message += ": use " + m.Replaced
		}
		return f
	}
	if !slices.Contains(s.UsableModels(profile), m) {
		f := failure(engine.CodeModelNotFound, "model %q is not among those that you may use here: GET /v1/models lists them", m.ID)
		f.param = "model"
		return f
	}
	c.showModel(card(s, m))
	return nil
}

// anthropic is whether the caller speaks Anthropic's dialect: its SDKs send the version with every call.
func (c *call) anthropic() bool { return len(c.Request.Header.Peek("Anthropic-Version")) > 0 }

func (c *call) showModel(m modelCard) {
	if c.anthropic() {
		writeJSON(c.RequestCtx, 200, anthropicCard(m))
		return
	}
	writeJSON(c.RequestCtx, 200, m)
}

// anthropicModel is a model as Anthropic's GET /v1/models shows it.
type anthropicModel struct {
	Type        string `json:"type"` // "model"
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"` // RFC 3339
	Lifecycle   string `json:"lifecycle"`  // "active": what is retired is not listed
	MaxInput    *int   `json:"max_input_tokens"`
	MaxTokens   *int   `json:"max_tokens"`
}

func anthropicCard(m modelCard) anthropicModel {
	return anthropicModel{"model", m.ID, m.Name, time.Unix(m.Created, 0).UTC().Format(time.RFC3339), "active", m.Context, m.MaxOutput}
}

func anthropicList(cards []modelCard) map[string]any {
	list := make([]anthropicModel, len(cards))
	for i := range cards {
		list[i] = anthropicCard(cards[i])
	}
	return map[string]any{"data": list, "has_more": false, "first_id": list[0].ID, "last_id": list[len(list)-1].ID}
}

func noModel(s *engine.Snapshot, id string) *fault {
	f := failure(engine.CodeModelNotFound, "model %q does not exist", id)
	f.param = "model"
	if near := s.Catalog.Nearest(id, 3); len(near) > 0 {
		f.message += ": did you mean " + strings.Join(near, ", ") + "?"
	}
	return f
}

// profileOf is the profile that a caller's requests have.
func profileOf(key *access.Key) string {
	if key == nil {
		return access.DefaultProfile
	}
	return key.ProfileName()
}

// otherProfiles are the profiles besides the caller's own that its requests may ask for.
func (s *Server) otherProfiles(snapshot *engine.Snapshot, key *access.Key, own string) []string {
	var names []string
	if key != nil {
		names = append(names, key.Also...)
	} else {
		for name := range snapshot.Profiles {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return name == own || snapshot.Profile(name) == nil })
}

func autoCard(id string) modelCard {
	return modelCard{ID: id, Object: "model", OwnedBy: "routor", Name: "Routor chooses"}
}

func card(s *engine.Snapshot, m *catalog.Model) modelCard {
	c := modelCard{
		ID: m.ID, Object: "model", OwnedBy: m.Maker, Name: m.Name, Status: m.Status, Aliases: m.Aliases, Created: released(m.Released),
		Context: positive(m.Context), MaxOutput: positive(m.MaxOutput), Verified: &m.Verified,
	}
	for _, e := range m.Efforts {
		c.Efforts = append(c.Efforts, e.Name)
	}
	for _, d := range s.Catalog.DeploymentsOf(m) {
		if !s.Usable(d) {
			continue
		}
		if c.Pricing == nil || d.Home {
			p := &d.Prices
			c.Pricing = &pricing{usd(p.Input), usd(p.Output), usd(p.CachedRead), usd(p.CacheWrite5m)}
		}
		if !slices.Contains(c.Providers, d.Provider) {
			c.Providers = append(c.Providers, d.Provider)
		}
	}
	caps := &m.Caps
	c.Capabilities = map[string]*bool{
		"image": known(caps.Image), "pdf": known(caps.PDF), "audio": known(caps.Audio), "video": known(caps.Video),
		"tools": known(caps.Tools), "parallel_tools": known(caps.ParallelTools), "json_object": known(caps.JSONObject),
		"json_schema": known(caps.Schema), "reasoning": known(caps.Reasoning), "logprobs": known(caps.Logprobs),
		"prefill": known(caps.Prefill), "audio_output": known(caps.AudioOut), "image_output": known(caps.ImageOut),
	}
	if m.Ability.Known {
		c.Ability = map[string]*float64{"overall": figure(m.Ability.Overall)}
		for i, name := range label.Categories {
			if m.Ability.Evidence[i] > 0 {
				c.Ability[name] = figure(m.Ability.By[i])
			}
		}
		c.Ability["tool_accuracy"] = figure(caps.ToolAccuracy)
	}
	return c
}

// released is a date of the catalog in Unix seconds, 0 = unknown.
func released(date string) int64 {
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, date); err == nil {
			return t.Unix()
		}
	}
	return 0
}

func positive(n int) *int {
	if n <= 0 {
		return nil
	}
	return &n
}

func usd(r catalog.Rate) *float64 {
	if r < 0 {
		return nil
	}
	v := float64(r) / 1e9
	return &v
}

func figure(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	v = math.Round(v*1e4) / 1e4
	return &v
}

func known(k catalog.Known) *bool {
	if k == catalog.Unknown {
		return nil
	}
	v := k == catalog.Yes
	return &v
}
