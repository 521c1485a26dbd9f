package engine

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/policies"
)

// pinsCatalog has the makers of the dialects, others that speak them, and one that says that it hosts no tools.
const pinsCatalog = `
providers:
  openai: {base_url: "http://a/v1", dialect: openai, auth: bearer, surfaces: [chat, responses]}
  pine: {base_url: "http://b/v1", dialect: openai, auth: bearer, surfaces: [chat, responses]}
  reed: {base_url: "http://c/v1", dialect: openai, auth: bearer}
  moss: {base_url: "http://d/v1", dialect: openai, auth: bearer, surfaces: [chat, responses], hosted_tools: no}
  anthropic: {base_url: "http://e/v1", dialect: anthropic, auth: x-api-key}
  fern: {base_url: "http://f/v1", dialect: anthropic, auth: x-api-key}
  google: {base_url: "http://g/v1beta", dialect: gemini, auth: x-goog-api-key, media_urls: no}
models:
  openai/m: SEES
  pine/m: SEES
  reed/m: SEES
  moss/m: SEES
  anthropic/m: SEES
  fern/m: SEES
  google/m: SEES
  reed/blind: {context: 100000, max_output: 4000, input: [text], output: [text], can: {tools: yes}, ability: {overall: 0.5}}
deployments:
  openai/m: {model: openai/m, prices: {input: 1, output: 2}}
  pine/m: {model: pine/m, prices: {input: 1, output: 2}}
  reed/m: {model: reed/m, prices: {input: 1, output: 2}}
  reed/blind: {model: reed/blind, prices: {input: 1, output: 2}}
  moss/m: {model: moss/m, prices: {input: 1, output: 2}}
  anthropic/m: {model: anthropic/m, surface: messages, prices: {input: 1, output: 2}}
  fern/m: {model: fern/m, surface: messages, prices: {input: 1, output: 2}}
  google/m: {model: google/m, surface: generate, prices: {input: 1, output: 2}}
`

func pinsSnapshot(t testing.TB, absent string) *Snapshot {
	t.Helper()
	c, err := (&catalog.Catalog{}).Overlay("pins.yaml", []byte(strings.ReplaceAll(pinsCatalog, "SEES", "{context: 100000, max_output: 4000, input: [text, image, pdf], output: [text], can: {tools: yes}, ability: {overall: 0.5}}")))
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.Parse("test.yaml", []byte("name: test"), policies.Scope{Catalog: c})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSnapshot(Parts{Catalog: c, Policy: p, Chain: 20, Connected: func(id string) bool { return id != absent },
		Profiles: map[string]*access.Profile{"default": {Name: "default"}, "keeping": {Name: "keeping", Store: "allow"}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPins is who is left for what only some have, and what those are told who are not.
func TestPins(t *testing.T) {
	t.Parallel()
	const (
		chatAsk     = `{"model":"auto","messages":[{"role":"user","content":"hi"}]`
		messagesAsk = `{"model":"auto","max_tokens":100,"messages":[{"role":"user","content":"hi"}]`
		keeping     = `,"routor_profile":"keeping"`
	)
	inChat := func(part string) string {
		return `{"model":"auto","messages":[{"role":"user","content":[` + part + `]}]`
	}
	inMessages := func(part string) string {
		return `{"model":"auto","max_tokens":100,"messages":[{"role":"user","content":[` + part + `]}]`
	}
	inResponses := func(item string) string { return `{"model":"auto","input":[` + item + `]` }
	named := func(body, model string) string { return strings.Replace(body, `"auto"`, `"`+model+`"`, 1) }
	const image = `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}`
	speakChat := "moss openai pine reed"
	for name, c := range map[string]struct {
		client chat.Dialect
		body   string // without its last brace
		world  World
		absent string
		left   string // providers of the chain, sorted; "" = an error
		out    string // a provider that fell out, and why
		why    string
		status int
		param  string
	}{
		"nothing special": {body: chatAsk, left: "anthropic fern google moss openai pine reed"},

		"a chat tool runs where chat is spoken":          {body: chatAsk + `,"tools":[{"type":"web_search"}]`, left: "openai pine reed", out: "anthropic", why: "hosted tool web_search runs only at providers that speak OpenAI chat completions"},
		"a search by option too":                         {body: chatAsk + `,"web_search_options":{}`, left: "openai pine reed", out: "google", why: "web_search_options"},
		"not where the catalog says that there are none": {body: chatAsk + `,"tools":[{"type":"web_search"}]`, left: "openai pine reed", out: "moss", why: "web_search"},
		"a Messages tool where Messages is spoken": {client: chat.Messages, body: messagesAsk + `,"tools":[{"type":"web_search_20250305","name":"web_search"}]`, left: "anthropic fern",
			out: "openai", why: "hosted tool web_search_20250305 runs only at providers that speak Anthropic Messages"},
		"beside a function":                     {client: chat.Messages, body: messagesAsk + `,"tools":[{"name":"f","input_schema":{"type":"object"}},{"type":"web_search_20250305","name":"web_search"}]`, left: "anthropic fern"},
		"servers of tools":                      {client: chat.Messages, body: messagesAsk + `,"mcp_servers":[{"type":"url","url":"https://m","name":"m"}]`, left: "anthropic fern"},
		"no servers of tools":                   {client: chat.Messages, body: messagesAsk + `,"mcp_servers":[]`, left: "anthropic fern google moss openai pine reed"},
		"a Responses tool where that is spoken": {client: chat.Responses, body: `{"model":"auto","input":"hi","tools":[{"type":"web_search"}]`, left: "openai pine", out: "reed", why: "OpenAI Responses"},
		"who is named can't":                    {client: chat.Responses, body: `{"model":"reed/m","input":"hi","tools":[{"type":"web_search"}]`, status: 422, why: "hosted tool web_search runs only at"},
		"nor is anybody found":                  {client: chat.Messages, body: named(messagesAsk, "google/m") + `,"tools":[{"type":"bash_20250124","name":"bash"}]`, status: 422, why: "bash_20250124"},

		"a file of chat is OpenAI's":           {body: inChat(`{"type":"file","file":{"file_id":"file-1"}}`), left: "openai", out: "pine", why: `file "file-1", which lies at openai`},
		"unless the conversation says whose":   {body: inChat(`{"type":"file","file":{"file_id":"file-1"}}`), world: World{Conversation: Conversation{Model: "pine/m"}}, left: "pine"},
		"if that one speaks so":                {body: inChat(`{"type":"file","file":{"file_id":"file-1"}}`), world: World{Conversation: Conversation{Model: "fern/m"}}, left: "openai"},
		"without OpenAI anybody's of its kind": {body: inChat(`{"type":"file","file":{"file_id":"file-1"}}`), absent: "openai", left: "moss pine reed", out: "google", why: "a provider that speaks OpenAI chat completions"},
		"who is named has it":                  {body: named(inChat(`{"type":"file","file":{"file_id":"file-1"}}`), "reed/m"), left: "reed"},
		"unless in another dialect":            {body: named(inChat(`{"type":"file","file":{"file_id":"file-1"}}`), "fern/m"), status: 422, why: "file-1"},
		"a file of Messages":                   {client: chat.Messages, body: inMessages(`{"type":"document","source":{"type":"file","file_id":"file_1"}}`), left: "anthropic", out: "fern", why: "lies at anthropic"},
		"a file in Google's store":             {body: inChat(`{"type":"image_url","image_url":{"url":"https://generativelanguage.googleapis.com/v1beta/files/x"}}`), left: "google", out: "openai", why: "lies at google"},
		"and by its id":                        {body: inChat(`{"type":"file","file":{"file_id":"gs://b/x.pdf"}}`), left: "google"},
		"a file of Responses":                  {client: chat.Responses, body: inResponses(`{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}`), left: "openai"},
		"content cached at Google":             {body: chatAsk + `,"cached_content":"cachedContents/x"`, left: "google", out: "openai", why: `cached content "cachedContents/x", which lies at google`},
		"wherever it stands":                   {body: `{"cached_content":"cachedContents/x",` + chatAsk[1:], left: "google"},
		"as its other surface says":            {body: chatAsk + `,"extra_body":{"google":{"cached_content":"cachedContents/x"}}`, left: "google"},
		"in Messages":                          {client: chat.Messages, body: messagesAsk + `,"cachedContent":"cachedContents/x"`, left: "google"},
		"a container":                          {client: chat.Messages, body: messagesAsk + `,"container":"c_1"`, left: "anthropic", out: "fern", why: `container "c_1"`},
		"a container of the conversation's":    {client: chat.Messages, body: messagesAsk + `,"container":{"id":"c_1"}`, world: World{Conversation: Conversation{Model: "fern/m"}}, left: "fern"},
		"a file for a container":               {client: chat.Messages, body: inMessages(`{"type":"container_upload","file_id":"file_1"}`), left: "anthropic"},
		"a tool's container": {client: chat.Responses, body: `{"model":"auto","input":"hi","tools":[{"type":"code_interpreter","container":"cntr_1"}]`, left: "openai",
			out: "pine", why: `container "cntr_1"`},
		"a tool's new container": {client: chat.Responses, body: `{"model":"auto","input":"hi","tools":[{"type":"code_interpreter","container":{"type":"auto"}}]`, left: "openai pine"},
		"a tool's store":         {client: chat.Responses, body: `{"model":"auto","input":"hi","tools":[{"type":"file_search","vector_store_ids":["vs_1"]}]`, left: "openai"},
		"a stored prompt":        {client: chat.Responses, body: `{"model":"auto","input":"hi","prompt":{"id":"pmpt_1"}`, left: "openai"},
		"a stored item":          {client: chat.Responses, body: inResponses(`{"type":"item_reference","id":"rs_1"},{"role":"user","content":"hi"}`), left: "openai"},

		"an image in a tool's result needs eyes": {client: chat.Messages,
			body: inMessages(`{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[` + image + `]}`),
			left: "anthropic fern google moss openai pine reed", out: "reed/blind", why: "takes no images"},
		"and one by address its bytes": {client: chat.Messages,
			body: inMessages(`{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"image","source":{"type":"url","url":"https://a.example/b.png"}}]}`),
			left: "anthropic fern moss openai pine reed", out: "google", why: "takes no media by URL"},

		"store is not allowed, and not asked of anybody": {client: chat.Responses, body: `{"model":"auto","input":"hi","store":true`, left: "anthropic fern google moss openai pine reed"},
		"store is allowed":        {client: chat.Responses, body: `{"model":"auto","input":"hi","store":true` + keeping, left: "moss openai pine", out: "reed", why: "keeps no answers"},
		"going on is not allowed": {client: chat.Responses, body: `{"model":"auto","input":"hi","previous_response_id":"resp_1"`, status: 400, param: "previous_response_id", why: "store: allow"},
		"nor in the background":   {client: chat.Responses, body: `{"model":"auto","input":"hi","background":true`, status: 400, param: "background", why: "store: allow"},
		"going on from nobody knows whom": {client: chat.Responses, body: `{"model":"auto","input":"hi","previous_response_id":"resp_1"` + keeping, status: 400, param: "previous_response_id",
			why: `nobody here knows which provider keeps "resp_1"`},
		"going on where it is kept":    {client: chat.Responses, body: `{"model":"auto","input":"hi","previous_response_id":"resp_1"` + keeping, world: World{Keeper: "pine"}, left: "pine", out: "openai", why: `"resp_1", which pine keeps`},
		"or where it went on before":   {client: chat.Responses, body: `{"model":"auto","input":"hi","conversation":{"id":"conv_1"}` + keeping, world: World{Conversation: Conversation{Model: "openai/m"}}, left: "openai"},
		"if answers are kept there":    {client: chat.Responses, body: `{"model":"auto","input":"hi","conversation":"conv_1"` + keeping, world: World{Conversation: Conversation{Model: "reed/m"}}, status: 400, param: "conversation"},
		"another is named":             {client: chat.Responses, body: `{"model":"openai/m","input":"hi","previous_response_id":"resp_1"` + keeping, world: World{Keeper: "pine"}, status: 422, why: "which pine keeps"},
		"in the background":            {client: chat.Responses, body: `{"model":"auto","input":"hi","background":true` + keeping, left: "moss openai pine"},
		"chat speakers all take names": {body: chatAsk + `,"tools":[{"type":"function","function":{"name":"f"}}]`, left: "anthropic fern google " + speakChat},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, err := Read(c.client, []byte(c.body+"}"))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Release()
			c.world.Now, c.world.Classification = noon, easy
			d := new(Decision)
			err = Decide(pinsSnapshot(t, c.absent), r, &c.world, d)
			var refusal *DecideError
			if errors.As(err, &refusal) != (c.status != 0) {
				t.Fatalf("%v", err)
			}
			if refusal != nil {
				if refusal.Status != c.status || c.param != "" && refusal.Param != c.param || !strings.Contains(refusal.Message, c.why) {
					t.Errorf("%d %q: %s", refusal.Status, refusal.Param, refusal.Message)
				}
				return
			}
			var left []string
			for _, i := range d.Chain {
				left = append(left, d.Candidates[i].Deployment.Provider)
			}
			for i := range d.Candidates { // those behind the chain are fit as well
				if x := &d.Candidates[i]; x.Out == "" || x.OutBy == byAdequacy {
					left = append(left, x.Deployment.Provider)
				}
			}
			slices.Sort(left)
			if got := strings.Join(slices.Compact(left), " "); got != c.left {
				t.Errorf("left %q, want %q", got, c.left)
			}
			// By what the ledger keeps of it, it is decided alike.
			again, w := *r, c.world
			again.Facts.Hosted, again.Facts.Kept, again.Facts.Stateful, again.Facts.Previous, again.Facts.Store = nil, chat.Kept{}, "", "", false
			w.Keeper = recallTied(&again, tiedOf(r, c.world.Keeper))
			second := new(Decision)
			if err := Decide(pinsSnapshot(t, c.absent), &again, &w, second); err != nil || !slices.Equal(chain(second), chain(d)) {
				t.Errorf("again %v, %v, first %v", chain(second), err, chain(d))
			}
			if c.out == "" {
				return
			}
			if !strings.Contains(c.out, "/") {
				c.out += "/m"
			}
			if x := d.of(c.out); x == nil || x.OutBy != byCapability || !strings.Contains(x.Out, c.why) {
				t.Errorf("%s: %+v", c.out, x)
			}
		})
	}
}

// TestStoredAnswers: an answer that is kept upstream is gone on from where it was made, streamed or not; others can't see it.
func TestStoredAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := h.Live.Acquire()
	parts := s.Parts
	s.Release()
	parts.Profiles = map[string]*access.Profile{"default": {Name: "default"}, "keeping": {Name: "keeping", Store: "allow"}, "strict": {Name: "strict", Strict: true}}
	next, err := NewSnapshot(parts)
	if err != nil {
		t.Fatal(err)
	}
	h.Engine.Live = NewLive(next)

	got := h.ask(t, chat.Responses, `{"model":"ash/one","input":"hi","store":true}`)
	if _, sent, _ := h.oak.last(); !strings.Contains(sent, `"store":false`) || got.head["X-Routor-Dropped"] != "store" {
		t.Errorf("not allowed: sent %s, dropped %q", sent, got.head["X-Routor-Dropped"])
	}
	got = h.ask(t, chat.Responses, `{"model":"elm/one","input":"hi","store":true}`)
	if _, sent, _ := h.elm.last(); strings.Contains(sent, "store") || got.head["X-Routor-Dropped"] != "store" {
		t.Errorf("not allowed, elsewhere: sent %s, dropped %q", sent, got.head["X-Routor-Dropped"])
	}
	got = h.ask(t, chat.Completions, `{"model":"ash/one","store":true,"messages":[{"role":"user","content":"hi"}]}`)
	if _, sent, _ := h.oak.last(); !strings.Contains(sent, `"store":false`) || got.head["X-Routor-Dropped"] != "store" {
		t.Errorf("not allowed, from chat: sent %s, dropped %q", sent, got.head["X-Routor-Dropped"])
	}
	got = h.ask(t, chat.Responses, `{"model":"ash/one","input":"hi","store":true,"routor_profile":"strict"}`)
	if got.fault == nil || got.fault.Status != 400 || got.fault.Param != "store" {
		t.Errorf("strict: %+v", got.fault)
	}

	for _, stream := range []string{"false", "true"} {
		h.Kept = NewKeepers()
		got = h.ask(t, chat.Responses, `{"model":"ash/one","input":"hi","store":true,"routor_profile":"keeping","stream":`+stream+`}`)
		if _, sent, _ := h.oak.last(); !strings.Contains(sent, `"store":true`) || got.fault != nil || got.head["X-Routor-Dropped"] != "" {
			t.Errorf("stream %s: sent %s, %+v", stream, sent, got.fault)
		}
		h.ask(t, chat.Responses, `{"model":"auto","input":"and?","routor_profile":"keeping","previous_response_id":"`+got.reply.ID+`"}`)
		path, sent, _ := h.oak.last()
		if path != "/v1/responses" || !strings.Contains(sent, `"previous_response_id":"`+got.reply.ID+`"`) || !strings.Contains(sent, `"store":false`) {
			t.Errorf("stream %s: went on at %s with %s", stream, path, sent)
		}
	}
	r, source, err := Read(chat.Responses, []byte(`{"model":"auto","input":"and?","routor_profile":"keeping","previous_response_id":"`+got.reply.ID+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	_, err = h.Route(r, Caller{Source: source, Key: &access.Key{ID: "another", Also: []string{"keeping"}}})
	var refusal *DecideError
	if !errors.As(err, &refusal) || refusal.Status != 400 {
		t.Errorf("another caller's: %v", err)
	}
}

// TestCutBeforeTheCommitIsPricedByItsUsage: what a failed stream told it used is what it cost.
func TestCutBeforeTheCommitIsPricedByItsUsage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.elm.answer = func(string, []byte) (string, string) {
		return "text/event-stream", cutAfter(messagesEvents, "message_start\",")
	}
	r, source, err := Read(chat.Completions, []byte(strings.Replace(askedIn(chat.Completions, "elm/one", true), "{", `{"models":["oak/one"],`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	rt, err := h.Route(r, Caller{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	a := h.Dispatch(t.Context(), rt, nil)
	if a.Stream == nil {
		t.Fatalf("%+v", a.Failure)
	}
	if _, err := io.ReadAll(a.Stream); err != nil {
		t.Fatal(err)
	}
	first, last := a.Attempts[0], a.Attempts[len(a.Attempts)-1]
	defer a.Close()
	// 15 read at 1, 5 cached at 1, 1 written at 2 dollars a million.
	if first.Candidate.Deployment.Provider != "elm" || first.Class == "" || first.CostSource != CostByUsage || !first.Usage.Known || first.Cost != 22_000 {
		t.Errorf("the cut one: %+v", first)
	}
	if cost, _ := a.Cost(); last.CostSource != CostByUsage || cost < first.Cost+last.Cost {
		t.Errorf("in all %v, the last %+v", cost, last)
	}
}
