package providers

import (
	"encoding/json"
	"regexp"
	"strings"
)

// listAll asks for the whole list of models at once where it comes in pages, by dialect.
var listAll = map[string]string{"anthropic": "?limit=1000", "gemini": "?pageSize=1000"}

// listed is the names in a provider's list of models, and whether they are all. The shapes:
//
//	{"data":[{"id"}]}                           OpenAI, most
//	{"data":[{"id"}],"has_more":false}          Anthropic
//	{"models":[{"name":"models/…"}],"nextPageToken"}   Google
//	[{"id"}]                                    some gateways
//
// An answer of another shape, such as OpenRouter's facts about the key, names none.
func listed(body []byte) (names []string, whole bool, err error) {
	type entry struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	var list struct {
		Data, Models json.RawMessage
		More         bool   `json:"has_more"`
		Next         string `json:"nextPageToken"`
	}
	raw := json.RawMessage(body)
	if trimmed := strings.TrimSpace(string(body)); !strings.HasPrefix(trimmed, "[") {
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, false, err
		}
		if raw = list.Data; len(raw) == 0 {
			raw = list.Models
		}
	}
	var entries []entry
	if json.Unmarshal(raw, &entries) != nil {
		return nil, false, nil
	}
	for _, e := range entries {
		name := e.ID
		if name == "" {
			name = strings.TrimPrefix(e.Name, "models/")
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names, len(names) > 0 && !list.More && list.Next == "", nil
}

// Lists is whether a provider's list of models names a model: by its name, by a dated form of it (gpt-5.5-2026-03-05,
// claude-haiku-4-5-20251001), or with a prefix of its own (models/…, publishers/…).
func Lists(names []string, model string) bool {
	for _, name := range names {
		if strings.EqualFold(name, model) || strings.HasSuffix(name, "/"+model) {
			return true
		}
		if rest, ok := strings.CutPrefix(name, model+"-"); ok && dated(rest) {
			return true
		}
		if rest, ok := strings.CutPrefix(model, name+"-"); ok && dated(rest) {
			return true
		}
	}
	return false
}

// date is what providers put behind a model's name for one of its versions.
var date = regexp.MustCompile(`^(\d{8}|\d{4}-\d{2}(-\d{2})?|\d{3,4}|latest)$`)

func dated(s string) bool { return date.MatchString(s) }
