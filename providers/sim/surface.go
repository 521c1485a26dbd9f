package sim

import (
	"slices"
	"strings"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/anthropic"
	"github.com/routor/routor/providers/gemini"
	"github.com/routor/routor/providers/openai"
)

// surface is what is called at a path of a provider.
type surface struct {
	kind   kindOfSurface
	codec  chat.Codec // of an answer that is not a chat completion
	model  string     // that the path names
	stream bool       // the path asks for a stream
	legacy bool       // Azure's path, which asks for an api-version
}

type kindOfSurface uint8

const (
	nowhere kindOfSurface = iota
	completions
	native // another dialect than chat completions
	countTokens
	embeddings
	models
)

// dialect is what is spoken there.
func (s *surface) dialect() chat.Dialect {
	if s.codec == nil {
		return chat.Completions
	}
	return s.codec.Dialect()
}

// speaks is whether a provider answers in a dialect.
func (p *provider) speaks(d chat.Dialect) bool {
	switch d {
	case chat.Messages:
		return slices.Contains([]string{"anthropic", "deepseek", "xai", "minimax", "zai", "alibaba", "xiaomi"}, p.id)
	case chat.Responses:
		return slices.Contains([]string{"openai", "xai", "deepseek", "alibaba", "xiaomi", "microsoft"}, p.id)
	case chat.Generate:
		return p.id == "google"
	}
	return d == chat.Completions
}

// surfaceAt is what is called at a path behind the provider's name, whatever version stands in front.
func (p *provider) surfaceAt(path string, get bool) surface {
	path = strings.TrimSuffix("/"+path, "/")
	switch {
	case get && strings.HasSuffix(path, "/models"):
		return surface{kind: models}
	case get:
		return surface{}
	case strings.HasSuffix(path, "/chat/completions"):
		return p.completionsAt(path)
	case strings.HasSuffix(path, "/embeddings") && embedders[p.id] != nil:
		return surface{kind: embeddings}
	case strings.HasSuffix(path, "/messages") && p.speaks(chat.Messages):
		return surface{kind: native, codec: anthropic.Messages}
	case strings.HasSuffix(path, "/messages/count_tokens") && p.speaks(chat.Messages):
		return surface{kind: countTokens, codec: anthropic.Messages}
	case strings.HasSuffix(path, "/responses") && p.speaks(chat.Responses):
		return surface{kind: native, codec: openai.Responses}
	case p.speaks(chat.Generate):
		return generateAt(path)
	}
	return surface{}
}

func (p *provider) completionsAt(path string) surface {
	s := surface{kind: completions}
	if p.id == "microsoft" {
		if rest, ok := strings.CutPrefix(path, "/openai/deployments/"); ok {
			s.model, _, _ = strings.Cut(rest, "/")
			s.legacy = true
		}
		s.legacy = s.legacy || strings.HasPrefix(path, "/models/")
	}
	return s
}

func generateAt(path string) surface {
	at := strings.LastIndex(path, "/models/")
	if at < 0 {
		return surface{}
	}
	model, method, ok := gemini.ParsePath(path[at:])
	if !ok {
		return surface{}
	}
	s := surface{kind: native, codec: gemini.Generate, model: model}
	switch method {
	case "generateContent":
	case "streamGenerateContent":
		s.stream = true
	case "countTokens":
		s.kind = countTokens
	default:
		return surface{}
	}
	return s
}

// fault is an error in the surface's own shape, for what the provider has no words of its own for.
func (s *surface) fault(status int, message string) *refusal {
	codec := s.codec
	if codec == nil {
		return refused(message)
	}
	return &refusal{status, string(codec.AppendFault(nil, &chat.Fault{Status: status, Type: "invalid_request_error", Message: message}))}
}
