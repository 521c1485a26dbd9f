package sim

import (
	"strings"

	"github.com/valyala/fasthttp"
)

// listModels answers with the provider's models in its own shape; /v1 at Google is its OpenAI-compatible surface.
func (p *provider) listModels(ctx *fasthttp.RequestCtx, path string) {
	var b []byte
	switch {
	case p.id == "anthropic":
		b = p.anthropicModels()
	case p.id == "google" && strings.HasPrefix(path, "v1beta/models"):
		b = p.googleModels()
	default:
		b = p.openAIModels()
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(b)
}

func (p *provider) openAIModels() []byte {
	b := []byte(`{"object":"list","data":[`)
	for i, id := range p.order {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(append(b, `{"id":`...), id), `,"object":"model","created":1767225600,"owned_by":"`...)
		b = append(append(b, p.id...), `"}`...)
	}
	return append(b, `]}`...)
}

func (p *provider) anthropicModels() []byte {
	b := []byte(`{"data":[`)
	for i, id := range p.order {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"type":"model","id":`...), id)
		b = append(appendString(append(b, `,"display_name":`...), p.models[id].name), `,"created_at":"2026-01-01T00:00:00Z"}`...)
	}
	b = append(b, `],"has_more":false`...)
	if n := len(p.order); n > 0 {
		b = appendString(append(b, `,"first_id":`...), p.order[0])
		b = appendString(append(b, `,"last_id":`...), p.order[n-1])
	}
	return append(b, '}')
}

func (p *provider) googleModels() []byte {
	b := []byte(`{"models":[`)
	for i, id := range p.order {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"name":`...), "models/"+id)
		b = appendString(append(b, `,"version":"001","displayName":`...), p.models[id].name)
		b = append(b, `,"inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","countTokens"]}`...)
	}
	return append(b, `]}`...)
}
