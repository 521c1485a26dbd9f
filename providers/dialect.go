package providers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/openai"
)

// served is a surface as providers of a dialect serve it: where calls go, and in which protocol. The translation of bodies
// is the business of whoever makes a Call.
type served struct {
	surface catalog.Surface
	speaks  chat.Dialect // "" = plain JSON that needs no understanding besides its errors
	path    string       // behind the base URL; {model} stands for the model's name there
	stream  string       // the same for streams, "" = path
}

// modelMark stands for the model's name in paths; modelMarkEscaped is how a base URL has it.
const (
	modelMark        = "{model}"
	modelMarkEscaped = "%7Bmodel%7D"
)

// dialect is what a provider speaks.
type dialect struct {
	name     string
	surfaces []served
	headers  []Header // sent where the client sends none of its own
}

var dialects = []dialect{
	{name: "openai", surfaces: []served{
		{surface: catalog.ChatCompletions, speaks: chat.Completions, path: "/chat/completions"},
		{surface: catalog.Responses, speaks: chat.Responses, path: "/responses"},
		{surface: catalog.Embeddings, path: "/embeddings"},
	}},
	{name: "anthropic", surfaces: []served{
		{surface: catalog.Messages, speaks: chat.Messages, path: "/messages"},
		{surface: catalog.CountTokens, path: "/messages/count_tokens"},
	}, headers: []Header{{"Anthropic-Version", "2023-06-01"}}},
	{name: "gemini", surfaces: []served{{
		surface: catalog.GenerateContent, speaks: chat.Generate,
		path: "/models/" + modelMark + ":generateContent", stream: "/models/" + modelMark + ":streamGenerateContent?alt=sse",
	}}},
}

// Speaks is whether connections can be made in a dialect.
func Speaks(name string) bool {
	_, err := dialectOf(name)
	return err == nil
}

func dialectOf(name string) (*dialect, error) {
	if name == "" {
		return &dialects[0], nil
	}
	var names []string
	for i := range dialects {
		if names = append(names, dialects[i].name); dialects[i].name == name {
			return &dialects[i], nil
		}
	}
	return nil, fmt.Errorf("unknown dialect %q (there is: %s)", name, strings.Join(names, ", "))
}

// on is how a surface is served; nil = not in this dialect.
func (d *dialect) on(s catalog.Surface) *served {
	if s == "" {
		return &d.surfaces[0]
	}
	i := slices.IndexFunc(d.surfaces, func(v served) bool { return v.surface == s })
	if i < 0 {
		return nil
	}
	return &d.surfaces[i]
}

// SurfaceIn is where a deployment is called by a provider that is connected in a dialect: on the surface that the catalog
// names, if the dialect has it, else on the dialect's own. "" = the dialect is unknown.
func SurfaceIn(dialect string, s catalog.Surface) catalog.Surface {
	d, err := dialectOf(dialect)
	if err != nil {
		return ""
	}
	if d.on(s) == nil || s == "" {
		return d.surfaces[0].surface
	}
	return s
}

// HasSurface is whether a dialect has a surface.
func HasSurface(dialect string, s catalog.Surface) bool {
	d, err := dialectOf(dialect)
	return err == nil && s != "" && d.on(s) != nil
}

// DialectOn is the protocol that is spoken on a surface; "" = none that is understood.
func DialectOn(s catalog.Surface) chat.Dialect {
	for i := range dialects {
		if v := dialects[i].on(s); v != nil && s != "" {
			return v.speaks
		}
	}
	return ""
}

// target is the address of a call: path and query, behind the base URL's host. Those without a model's name in them are
// known from the start.
func (c *Connection) target(v *served, call *Call) string {
	if fixed := c.targets[v.surface]; fixed != "" {
		return fixed
	}
	path := v.path
	if call.Stream && v.stream != "" {
		path = v.stream
	}
	base := c.path
	if call.Deployment != nil {
		name := url.PathEscape(call.Deployment.Upstream)
		// A slash in a model's name is part of Gemini's paths (tunedModels/…), and of nobody's else.
		path = strings.Replace(path, modelMark, strings.ReplaceAll(name, "%2F", "/"), 1)
		base = strings.Replace(base, modelMarkEscaped, name, 1)
	}
	return c.withQuery(base + path)
}

// fixedTargets are the addresses of the surfaces that are the same for all models.
func (c *Connection) fixedTargets() map[catalog.Surface]string {
	fixed := map[catalog.Surface]string{}
	for _, v := range c.dialect.surfaces {
		if !strings.Contains(v.path, modelMark) && !strings.Contains(c.path, modelMarkEscaped) {
			fixed[v.surface] = c.withQuery(c.path + v.path)
		}
	}
	return fixed
}

// withQuery puts the base URL's query behind an address that may have one of its own.
func (c *Connection) withQuery(uri string) string {
	q := c.base.RawQuery
	switch {
	case q == "":
		return uri
	case strings.Contains(uri, "?"):
		return uri + "&" + q
	}
	return uri + "?" + q
}

// inspect says what an event of a stream, or a whole body (name nil), is.
func inspect(speaks chat.Dialect, name, data []byte, c *chat.Chunk) {
	if speaks == chat.Completions {
		openai.Inspect(data, c)
		return
	}
	*c = chat.Chunk{Choices: -1}
	if codec := CodecOf(speaks); codec != nil {
		codec.Inspect(string(name), data, c)
		return
	}
	openai.Inspect(data, c) // knows errors of every shape
	c.Done, c.Finish = false, ""
}
