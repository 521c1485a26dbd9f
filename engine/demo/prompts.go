// Package demo is the made-up past and present of `routor serve --demo`: prompts written for the project, a day of decisions that
// were made by the real Decide and answered by what the simulated providers would have said, and traffic through the real API.
package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed prompts.yaml
var source []byte

// Prompt is a request of the demo.
type Prompt struct {
	Group  string
	Key    string // name of the key that it comes with; "" = none
	Weight int    // how often it comes, compared with others
	Stream bool
	Body   []byte // chat completions
}

// group is prompts of one kind, as in prompts.yaml.
type group struct {
	Name    string      `yaml:"name"`
	Key     string      `yaml:"key"`
	Weight  int         `yaml:"weight"`
	Stream  bool        `yaml:"stream"`
	System  string      `yaml:"system"`
	Turns   [][2]string `yaml:"turns"` // role and text of what came before
	Tools   []string    `yaml:"tools"`
	Images  int         `yaml:"images"`
	Format  string      `yaml:"format"`
	Max     int         `yaml:"max_tokens"`
	Prompts []string    `yaml:"prompts"`
}

// Prompts are all of them.
var Prompts = sync.OnceValue(func() []Prompt {
	list, err := parse(source)
	if err != nil {
		panic("BUG: the demo's prompts: " + err.Error())
	}
	return list
})

func parse(src []byte) ([]Prompt, error) {
	var groups []group
	if err := yaml.Unmarshal(src, &groups); err != nil {
		return nil, err
	}
	var list []Prompt
	for i := range groups {
		g := &groups[i]
		if g.Name == "" || g.Weight < 1 || len(g.Prompts) == 0 {
			return nil, fmt.Errorf("group %d %q: it needs a name, a weight and prompts", i, g.Name)
		}
		for _, text := range g.Prompts {
			body, err := json.Marshal(g.request(text))
			if err != nil {
				return nil, err
			}
			list = append(list, Prompt{Group: g.Name, Key: g.Key, Weight: g.Weight, Stream: g.Stream, Body: body})
		}
	}
	return list, nil
}

// dot is a picture of one pixel.
const dot = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

// request is a prompt as a chat completion.
func (g *group) request(text string) map[string]any {
	type message struct {
		Role    string `json:"role"`
		Content any    `json:"content"`
	}
	var messages []message
	if g.System != "" {
		messages = append(messages, message{"system", g.System})
	}
	for _, turn := range g.Turns {
		messages = append(messages, message{turn[0], turn[1]})
	}
	last := message{"user", text}
	if g.Images > 0 {
		parts := []any{map[string]string{"type": "text", "text": text}}
		for range g.Images {
			parts = append(parts, map[string]any{"type": "image_url", "image_url": map[string]string{"url": dot}})
		}
		last.Content = parts
	}
	r := map[string]any{"model": "auto", "messages": append(messages, last)}
	if g.Stream {
		r["stream"] = true
	}
	if g.Max > 0 {
		r["max_tokens"] = g.Max
	}
	if g.Format != "" {
		r["response_format"] = map[string]string{"type": g.Format}
	}
	var tools []any
	for _, name := range g.Tools {
		tools = append(tools, map[string]any{"type": "function", "function": map[string]any{"name": name, "description": "The tool " + name + " of the demo.",
			"parameters": map[string]any{"type": "object", "properties": map[string]any{"what": map[string]string{"type": "string"}}, "required": []string{"what"}}}})
	}
	if tools != nil {
		r["tools"] = tools
	}
	return r
}
