package anthropic

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
)

// TestRecordedRequests reads every recorded request into the hub types and writes it again: it must say the same, and be
// valid by Anthropic's document.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	const below0 = "temperature -5, which Anthropic refused, is written as 0"
	clamped := map[string]string{"rig__anthropic-error_identity_edge-validation_error_carries_identity__00_a8775e": below0}
	n, left, invalid := 0, 0, 0
	for _, f := range fixtures(t) {
		if f.request == nil {
			left++
			t.Logf("left out: %s: no request was recorded", f.id)
			continue
		}
		if why := clamped[f.id]; why != "" {
			left++
			t.Logf("left out: %s: %s", f.id, why)
			continue
		}
		n++
		got := rewrite(t, f.id, f.request)
		if a, b := canonical(t, f.request), canonical(t, got); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: another request:\n%s\n%s", f.id, show(a), show(b))
		}
		if !sameInputs(f.request, got) {
			t.Errorf("%s: tool inputs or schemas have other bytes:\n%s\n%s", f.id, f.request, got)
		}
		if f.status >= 400 {
			invalid++
			continue // Anthropic refused it
		}
		spectest.Validate(t, spectest.Anthropic, "BetaCreateMessageParams", older(t, got))
	}
	t.Logf("%d requests the same, %d of them valid by the document (%d were refused by Anthropic), %d left out", n, n-invalid, invalid, left)
}

func rewrite(t *testing.T, id string, body []byte) []byte {
	t.Helper()
	var c chat.Conversation
	if err := Messages.ReadRequest(body, &c); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	target := &chat.Target{Provider: "anthropic", Model: c.Model, Thinks: true, Efforts: levels}
	target.Adaptive = c.Settings.Thinking != nil && c.Settings.Thinking.Mode == "adaptive"
	got, dropped, err := Messages.AppendRequest([]byte("x"), &c, target)
	if err != nil || len(dropped) > 0 {
		t.Fatalf("%s: dropped %v, %v", id, dropped, err)
	}
	if !json.Valid(got[1:]) {
		t.Fatalf("%s: no JSON: %s", id, got[1:])
	}
	return got[1:]
}

// canonical is what a request says, whatever the spelling: strings as blocks, without what says nothing.
func canonical(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "max_tokens")
	if m["stream"] == false {
		delete(m, "stream")
	}
	if f, ok := m["output_format"]; ok {
		delete(m, "output_format")
		m["output_config"] = map[string]any{"format": f}
	}
	if s, ok := m["system"]; ok {
		m["system"] = canonicalContent(s)
	}
	if tools, ok := m["tools"].([]any); ok {
		if len(tools) == 0 {
			delete(m, "tools")
		}
		for _, v := range tools {
			if tool := v.(map[string]any); tool["description"] == "" {
				delete(tool, "description")
			}
		}
	}
	for _, v := range m["messages"].([]any) {
		msg := v.(map[string]any)
		if c, ok := msg["content"]; ok {
			msg["content"] = canonicalContent(c)
		}
	}
	return withoutNull(m).(map[string]any)
}

func canonicalContent(v any) any {
	if s, ok := v.(string); ok {
		return []any{map[string]any{"type": "text", "text": s}}
	}
	for _, b := range v.([]any) {
		block := b.(map[string]any)
		if block["type"] != "tool_result" {
			continue
		}
		if c, ok := block["content"]; ok && c != nil {
			block["content"] = canonicalContent(c)
		}
		if block["is_error"] == false {
			delete(block, "is_error")
		}
	}
	return v
}

func withoutNull(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e == nil {
				delete(v, k)
			} else {
				v[k] = withoutNull(e)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutNull(v[i])
		}
	}
	return v
}

// sameInputs is whether the inputs of tool calls and the schemas of tools have kept their bytes.
func sameInputs(a, b []byte) bool {
	of := func(body []byte) (out []string) {
		for _, m := range chat.Array(get(body, "messages")) {
			for _, b := range chat.Array(get(m, "content")) {
				if in := get(b, "input"); in != nil {
					out = append(out, string(in))
				}
			}
		}
		for _, tool := range chat.Array(get(body, "tools")) {
			out = append(out, string(get(tool, "input_schema")))
		}
		return out
	}
	return reflect.DeepEqual(of(a), of(b))
}

// older is a request without what is younger than the document: adaptive thinking and its display, output_config.format and
// the higher efforts, automatic caching, and hosted tools of later dates.
func older(t *testing.T, body []byte) []byte {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	delete(m, "cache_control")
	if th, ok := m["thinking"].(map[string]any); ok {
		delete(th, "display")
		if th["type"] == "adaptive" {
			m["thinking"] = map[string]any{"type": "enabled", "budget_tokens": 1024}
		}
	}
	if o, ok := m["output_config"].(map[string]any); ok {
		if f := o["format"]; f != nil {
			delete(o, "format")
			m["output_format"] = f
		}
		if o["effort"] == "xhigh" || o["effort"] == "max" {
			o["effort"] = "high"
		}
	}
	if tools, ok := m["tools"].([]any); ok {
		kept := []any{}
		for _, v := range tools {
			kind, _ := v.(map[string]any)["type"].(string)
			if !strings.Contains(kind, "_2026") {
				kept = append(kept, v)
			}
		}
		m["tools"] = kept
	}
	out, _ := json.Marshal(m)
	return out
}

func show(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
