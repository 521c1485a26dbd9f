package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine/chat"
)

// TestIdentify says which requests belong together.
func TestIdentify(t *testing.T) {
	t.Parallel()
	c := NewConversations(0, []byte("secret"))
	id := func(key, header, body string) ConversationID { return c.Identify(key, header, read(t, body)) }
	const first = `{"model":"auto","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]}`
	const later = `{"model":"auto","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"},{"role":"assistant","content":"hello"},{"role":"user","content":"more"}]}`
	for name, x := range map[string]struct {
		a, b ConversationID
		same bool
	}{
		"a later turn":               {id("k", "", first), id("k", "", later), true},
		"another key":                {id("k", "", first), id("l", "", first), false},
		"another first turn":         {id("k", "", first), id("k", "", says("auto", "hi", "")), false},
		"one header":                 {id("k", "h", first), id("k", "h", says("auto", "other", "")), true},
		"one header of two keys":     {id("k", "h", first), id("l", "h", first), false},
		"one cache key":              {id("k", "", says("auto", "a", `,"prompt_cache_key":"p"`)), id("k", "", says("auto", "b", `,"prompt_cache_key":"p"`)), true},
		"one user id":                {id("k", "", says("auto", "a", `,"metadata":{"user_id":"u"}`)), id("k", "", says("auto", "b", `,"metadata":{"user_id":"u"}`)), true},
		"a cache key and a user id":  {id("k", "", says("auto", "a", `,"prompt_cache_key":"u"`)), id("k", "", says("auto", "a", `,"metadata":{"user_id":"u"}`)), false},
		"the header before the rest": {id("k", "h", says("auto", "a", `,"prompt_cache_key":"p"`)), id("k", "h", first), true},
	} {
		if same := x.a == x.b; same != x.same {
			t.Errorf("%s: same conversation is %v", name, same)
		}
	}
	if NewConversations(0, []byte("other")).Identify("k", "", read(t, first)) == id("k", "", first) {
		t.Error("the identity does not depend on the secret")
	}
}

// TestConversationsForget bounds the table, and lets caches go cold before conversations are forgotten.
func TestConversationsForget(t *testing.T) {
	t.Parallel()
	c := NewConversations(conversationShards, nil)
	id := ConversationID{1}
	c.Answered(id, noon, "cedar/max", .8, true, 100)
	c.Answered(id, noon, "ash/mini", .2, true, 200)
	if got := c.Get(id, noon); got.Floor != .8 || got.Model != "ash/mini" || got.Cached != 200 || got.Turns != 2 {
		t.Errorf("%+v", got)
	}
	if got := c.Get(id, noon.Add(cacheLife+time.Second)); got.Cached != 0 || got.Floor != .8 {
		t.Errorf("after the cache has gone: %+v", got)
	}
	if got := c.Get(id, noon.Add(conversationLife+time.Second)); got != (Conversation{}) {
		t.Errorf("after its life: %+v", got)
	}
	for i := range 1000 {
		c.Answered(ConversationID{byte(i), byte(i >> 8), 7}, noon, "x", 0, true, 0)
	}
	if c.Len() > conversationShards {
		t.Errorf("%d are kept", c.Len())
	}
}

func BenchmarkIdentify(b *testing.B) {
	c := NewConversations(0, nil)
	r := read(b, says("auto", "a question of some length, as people ask it", ""))
	b.ReportAllocs()
	for b.Loop() {
		c.Identify("key", "", r)
	}
}

// TestMixedConversationsOwnNoState: sealed reasoning does not say who made it, and a provider refuses another's.
func TestMixedConversationsOwnNoState(t *testing.T) {
	t.Parallel()
	s := shippedCatalog(t)
	const body = `{"model":"auto","input":[{"role":"user","content":"hi"},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"c2VhbGVk"},{"type":"function_call","call_id":"call_1","name":"look","arguments":"{}"},{"type":"function_call_output","call_id":"call_1","output":"sun"}],"tools":[{"type":"function","name":"look","parameters":{"type":"object"}}]}`
	for _, c := range []struct {
		answered []string
		kept     bool
	}{
		{[]string{"openai/gpt-5.5", "openai/gpt-5.5"}, true},
		{[]string{"xai/grok-4.3", "openai/gpt-5.5"}, false},
	} {
		x, unfit := writing{client: chat.Responses, body: body, deployment: "openai/gpt-5.5", effort: "high", answered: c.answered}.write(t, s)
		if got := strings.Contains(string(x.rt.body), "c2VhbGVk"); unfit != "" || got != c.kept {
			t.Errorf("after %v: kept %t, unfit %q: %s", c.answered, got, unfit, x.rt.body)
		}
	}
}
