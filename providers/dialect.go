package providers

import (
	"fmt"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers/openai"
)

// dialect is what a provider speaks. It says where calls go and what the answers mean to a router; the translation of
// bodies is the business of whoever makes a Call.
type dialect interface {
	// path is where a surface is served, behind the base URL; "" = not in this dialect.
	path(catalog.Surface) string
	// inspect says what a chunk of a stream, or a whole body, is.
	inspect(data []byte, c *openai.Chunk)
}

// Speaks is whether connections can be made in a dialect.
func Speaks(name string) bool {
	_, err := dialectOf(name)
	return err == nil
}

func dialectOf(name string) (dialect, error) {
	switch name {
	case "", "openai":
		return openAI{}, nil
	}
	return nil, fmt.Errorf("unknown dialect %q (there is: openai)", name)
}

type openAI struct{}

func (openAI) path(s catalog.Surface) string {
	if s == "" || s == catalog.ChatCompletions {
		return "/chat/completions"
	}
	return ""
}

func (openAI) inspect(data []byte, c *openai.Chunk) { openai.Inspect(data, c) }
