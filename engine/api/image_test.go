package api

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// TestImagesGoToModelsThatSee asks with an image in every place, under policies and names that would rather have a
// text-only model, and lets every model that is asked fail: none that can't see is ever sent the image.
func TestImagesGoToModelsThatSee(t *testing.T) {
	t.Parallel()
	const blind, sees = "deepseek/deepseek-v4-pro", "openai/gpt-5.5"
	var mu sync.Mutex
	var got []*catalog.Model // asked in the current request
	r := serve(t, setup{
		limits:   engine.Limits{Attempts: 20, Wait: -1},
		profiles: map[string]*access.Profile{"default": {Name: "default", Models: map[string]string{"eyes": blind}, Fallbacks: map[string][]string{sees: {blind}}}},
		upstreams: everywhere(stub(func(c *providers.Call) (engine.Reply, *providers.Error) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, c.Deployment.Model)
			return engine.Reply{}, &providers.Error{Class: providers.Server, Status: 500, Message: "no", Provider: c.Deployment.Provider}
		})),
	})
	for name, want := range map[string]catalog.Known{blind: catalog.No, sees: catalog.Yes} {
		if m, _ := catalog.Builtin().Find(name); m == nil || m.Caps.Image != want {
			t.Fatalf("the test needs %s to be one whose sight is %v", name, want)
		}
	}
	const image = `{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}`
	text := func(s string) string { return fmt.Sprintf(`{"type":"text","text":%q}`, s) }
	user := func(parts ...string) string {
		return `{"role":"user","content":[` + strings.Join(parts, ",") + `]}`
	}
	const call = `{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{}"}}]}`
	places := map[string]string{
		"greeting":         user(text("hi"), image),
		"image alone":      user(image),
		"image first":      user(image, text("what is this?")),
		"hard":             user(text("Prove the theorem on this blackboard rigorously, with every lemma it needs."), image),
		"code":             user(text("Rebuild this screen in React with tests."), image),
		"many":             user(text("Which of these is a cat?"), image, image, image),
		"an earlier turn":  user(text("look"), image) + `,{"role":"assistant","content":"I see a cat."},{"role":"user","content":"thanks!"}`,
		"a tool's result":  user(text("look")) + "," + call + `,{"role":"tool","tool_call_id":"c1","content":[` + image + `]}`,
		"after tool calls": user(text("look"), image) + "," + call + `,{"role":"tool","tool_call_id":"c1","content":"a cat"}`,
	}
	laws := map[string]string{
		"shipped":       string(policies.Default()),
		"pinned":        "use: [" + blind + "]",
		"split":         "split: {" + blind + ": 100%}",
		"preferred":     "prefer: 'model.id == \"" + blind + "\" ? 1.0 : 0.0'",
		"nothing else":  "only: model.id == \"" + blind + "\"",
		"softly":        "only: model.id == \"" + blind + "\"\n    soft: true",
		"highest floor": "floor: COMPLEX",
		"low ceiling":   "ceiling: NANO",
	}
	for law, rule := range laws {
		src := rule
		if law != "shipped" {
			src = "name: p\nrules:\n  - name: one\n    " + rule + "\n"
		}
		if _, err := r.Documents.Publisher.Policy("p.yaml", []byte(src), Change{Author: "test"}); err != nil {
			t.Fatalf("%s: %v", law, err)
		}
		for place, messages := range places {
			for named, fields := range map[string]string{
				"auto": `"model":"auto"`, "blind": `"model":"` + blind + `"`, "bare": `"model":"deepseek-v4-pro"`,
				"alias": `"model":"eyes"`, "fallback of the profile": `"model":"` + sees + `"`,
				"fallbacks": `"model":"` + blind + `","models":["` + sees + `","zai/glm-4.7-flash"]`, "tier": `"model":"auto","routor_tier":"NANO","routor_mode":"tier"`,
				"sees, then blind": `"model":"` + sees + `","models":["` + blind + `"]`,
			} {
				mu.Lock()
				got = got[:0]
				mu.Unlock()
				a := r.do("POST", "/v1/chat/completions", fmt.Sprintf(`{%s,"messages":[%s],"stream":%v}`, fields, messages, len(place)%2 == 0))
				mu.Lock()
				for _, m := range got {
					if m.Caps.Image == catalog.No || m.Caps.Image != catalog.Yes && !strings.HasPrefix(named, "sees") && named != "fallbacks" {
						t.Errorf("%s, %s, %s: an image was sent to %s", law, place, named, m.ID)
					}
				}
				_, _, _, code := a.error(t)
				switch {
				case named == "blind" || named == "bare" || named == "alias" || law == "nothing else" && (named == "auto" || named == "tier"):
					if a.status != 422 || len(got) > 0 {
						t.Errorf("%s, %s, %s: %d %s, after %d calls; want a 422", law, place, named, a.status, a.body, len(got))
					}
				case law != "nothing else" && len(got) == 0:
					t.Errorf("%s, %s, %s: nobody was asked: %d %s", law, place, named, a.status, a.body)
				case code == "":
					t.Errorf("%s, %s, %s: %d %s", law, place, named, a.status, a.body)
				}
				mu.Unlock()
			}
		}
	}
}
