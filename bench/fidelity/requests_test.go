package fidelity

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
)

// documents are what requests of each dialect are valid by.
var documents = map[chat.Dialect]struct {
	spec   spectest.Spec
	schema string
}{
	chat.Completions: {spectest.OpenAI, "CreateChatCompletionRequest"},
	chat.Responses:   {spectest.OpenAI, "CreateResponse"},
	chat.Messages:    {spectest.Anthropic, "BetaCreateMessageParams"},
	chat.Generate:    {spectest.Gemini, "GenerateContentRequest"},
}

// plain is an answer of each dialect, so that every request is answered.
var plain = map[chat.Dialect]string{
	chat.Completions: `{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}`,
	chat.Responses:   `{"id":"a","object":"response","created_at":1,"model":"m","status":"completed","output":[{"type":"message","id":"b","role":"assistant","status":"completed","content":[{"type":"output_text","text":"ok","annotations":[]}]}]}`,
	chat.Messages:    `{"id":"a","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`,
	chat.Generate:    `{"candidates":[{"content":{"role":"model","parts":[{"text":"ok"}]},"finishReason":"STOP"}]}`,
}

// ends are what the addresses of each dialect hold.
var ends = map[chat.Dialect]string{chat.Completions: "/chat/completions", chat.Responses: "/responses", chat.Messages: "/messages", chat.Generate: ":generateContent"}

var speech = []chat.Dialect{chat.Completions, chat.Generate, chat.Messages, chat.Responses}

// TestRecordedRequests sends every recorded request to Routor in the dialect that it was recorded in. An upstream of that dialect
// has to get it with nothing lost, and one of each other dialect as something that its maker's document calls valid.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("sends a thousand requests four times each")
	}
	all := load(t)
	a, count := newAtlas(t, all), newTally()
	u := newUpstream(t, func(n int, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, plain[speech[n%8]])
	})
	h := open(t, a, u)
	t.Cleanup(h.stop)
	work := make(chan *recording)
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			for r := range work {
				sendTo(t, a, u, h, r, count)
			}
		})
	}
	for _, r := range all {
		work <- r
	}
	close(work)
	done.Wait()
	t.Log(count.report(fmt.Sprintf("%d recorded exchanges: requests by provider and dialect, as upstreams of each dialect get them", len(all))))
}

func sendTo(t *testing.T, a *atlas, u *upstream, h *house, r *recording, count *tally) {
	switch {
	case r.left != "":
		count.leave(r.name, r.left)
		return
	case r.dialect == counting:
		count.leave(r.name, "counts tokens: see the answers")
		return
	case r.request == nil:
		count.leave(r.name, "no request was recorded")
		return
	case r.dialect == chat.Generate:
		count.leave(r.name, "asked in Google's dialect, which no client of Routor speaks")
		return
	}
	row := r.provider + " " + string(r.dialect)
	for i, d := range speech {
		to := others[d]
		if d == r.dialect {
			to = r.place()
		}
		body := unstreamed(t, r.request, a.names[to])
		got := h.ask(t, r.dialect, r.index*8+i, body)
		sent, is := u.take(r.index*8 + i)
		if !is {
			if why := refusedRightly(r, got, d); why != "" {
				count.leave(r.name, fmt.Sprintf("to %s: %s", d, why))
				continue
			}
			t.Errorf("%s (%s) to %s: HTTP %d %s", r.name, r.dialect, d, got.status, cut(got.body))
			count.count(row, string(d), false)
			continue
		}
		wrong := ""
		if !strings.Contains(sent.path, ends[d]) {
			wrong = "it went to " + sent.path
		} else if d == r.dialect {
			wrong = lost(a, to, body, sent.body, got.header.Get("X-Routor-Dropped"))
		} else if err := spectest.Check(t, documents[d].spec, documents[d].schema, older(d, sent.body)); err != nil {
			if r.status/100 == 4 && spectest.Check(t, documents[r.dialect].spec, documents[r.dialect].schema, older(r.dialect, r.request)) != nil {
				count.leave(r.name, "what was asked is not valid by its own document, and the provider refused it too")
				continue
			}
			wrong = fmt.Sprintf("%.900v\n%s", err, cut(sent.body))
		}
		if wrong != "" {
			t.Errorf("%s (%s) to %s: %s", r.name, r.dialect, d, wrong)
		}
		count.count(row, string(d), wrong == "")
	}
}

// unstreamed is a request for a model of the atlas. Whether it is streamed is all the same upstream, but for the answer.
func unstreamed(t *testing.T, request []byte, model string) []byte {
	var o map[string]any
	if err := json.Unmarshal(request, &o); err != nil {
		t.Fatal(err)
	}
	o["model"] = model
	delete(o, "stream")
	delete(o, "stream_options")
	b, _ := json.Marshal(o)
	return b
}

// refusedRightly is why a request need not reach a provider of a dialect; "" = it has to.
func refusedRightly(r *recording, got answered, d chat.Dialect) string {
	message := ""
	if o := parse(got.body); o != nil {
		message, _ = failure(o)
	}
	switch {
	case got.status == 400 && r.status/100 == 4:
		return "the provider refused it too"
	case d == r.dialect:
		return ""
	case got.status == 422:
		if _, why, ok := strings.Cut(message, "can't do this request: "); ok {
			return "it can't be said there: " + why
		}
		return message
	}
	return ""
}

// lost says what of a request did not arrive; "" = nothing. Left aside is what Routor owns, what the provider's quirks in the
// catalog name for the model, and what the client is told of as dropped.
func lost(a *atlas, to place, asked, sent []byte, dropped string) string {
	var want, got map[string]any
	_ = json.Unmarshal(asked, &want)
	if err := json.Unmarshal(sent, &got); err != nil {
		return "no JSON arrived: " + cut(sent)
	}
	free := []string{"model"}
	if to.dialect == chat.Responses {
		free = append(free, "store", "include")
	}
	free = append(free, strings.Split(dropped, ", ")...)
	d := a.deployment(to)
	if a.Provider(to.provider).CallIDs == "mistral" {
		for _, m := range object(want).list("messages") {
			renamed(objectOf(m), "tool_call_id")
			for _, c := range objectOf(m).list("tool_calls") {
				renamed(objectOf(c), "id")
			}
		}
	}
	for _, q := range a.Provider(to.provider).Quirks {
		if !q.Covers(d, d.Surface) {
			continue
		}
		for from, to := range q.Rename {
			if v, said := want[from]; said {
				if _, both := want[to]; !both {
					want[to] = v
				}
				delete(want, from)
			}
		}
		for name, value := range usual {
			if v := want[name]; v == value && got[name] == nil && (slices.Contains(q.Refuse, name) || len(q.Takes) > 0 && !slices.Contains(q.Takes, name)) {
				delete(want, name)
			}
		}
		for name, r := range q.Bounds {
			if v, said := want[name].(float64); said && got[name] == r.Clamp(v) {
				want[name] = r.Clamp(v)
			}
		}
		for name := range q.Set {
			free = append(free, name)
		}
		free = append(free, q.Omit...)
	}
	var out []string
	names := map[string]bool{}
	for name := range want {
		names[name] = true
	}
	for name := range got {
		names[name] = true
	}
	for name := range names {
		if slices.Contains(free, name) {
			continue
		}
		if w, g := plainly(want[name]), plainly(got[name]); !reflect.DeepEqual(w, g) {
			wb, _ := json.Marshal(w)
			gb, _ := json.Marshal(g)
			at := 0
			for at < len(wb) && at < len(gb) && wb[at] == gb[at] {
				at++
			}
			at = max(at-60, 0)
			out = append(out, fmt.Sprintf("%s is …%.200s instead of …%.200s", name, gb[min(at, len(gb)):], wb[min(at, len(wb)):]))
		}
	}
	sort.Strings(out)
	return strings.Join(out, "\n    ")
}

// usual are values that a parameter has anyway: where a model takes none, they go without a word.
var usual = map[string]any{"parallel_tool_calls": true, "n": 1., "temperature": 1., "top_p": 1., "presence_penalty": 0., "frequency_penalty": 0., "store": false, "logprobs": false}

// renamed gives a tool call's id the form that Mistral wants, which can be taken back.
func renamed(o object, name string) {
	if id := o.text(name); id != "" {
		o[name] = chat.EncodeID(id, chat.MistralIDs)
	}
}

// plainly is a value with what has two spellings in one: a turn that is written anew, because its ids or its reasoning need another
// form there, has no content where it was empty, and a text alone is no list; a tool says that it is a function, and nothing where it
// says nothing of itself.
func plainly(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = plainly(v[i])
		}
	case map[string]any:
		for k, e := range v {
			v[k] = plainly(e)
		}
		if v["function"] != nil && v["parameters"] == nil {
			v["type"] = "function"
		}
		if v["description"] == "" {
			delete(v, "description")
		}
		if v["role"] == nil {
			return v
		}
		if parts, _ := v["content"].([]any); len(parts) == 1 {
			if p := objectOf(parts[0]); len(p) == 2 && p.text("type") == "text" {
				v["content"] = p["text"]
			}
		}
		if list, is := v["content"].([]any); v["content"] == "" || is && len(list) == 0 {
			v["content"] = nil
		}
		if list, is := v["tool_calls"].([]any); is && len(list) == 0 {
			delete(v, "tool_calls")
		}
	}
	return v
}

// older is a request of Messages as the document of January 2026 has it, which does not know yet: adaptive thinking and how it is
// shown, efforts above high, structured output within output_config, caching of all that was asked, tools of later versions.
func older(d chat.Dialect, body []byte) []byte {
	if d != chat.Messages {
		return body
	}
	o := parse(body)
	delete(o, "cache_control")
	if think := o.in("thinking"); think != nil {
		delete(think, "display")
		if think.text("type") == "adaptive" {
			o["thinking"] = map[string]any{"type": "enabled", "budget_tokens": 1024}
		}
	}
	if c := o.in("output_config"); c != nil {
		if c["format"] != nil {
			o["output_format"] = c["format"]
			delete(c, "format")
		}
		if e := c.text("effort"); e == "xhigh" || e == "max" {
			c["effort"] = "high"
		}
	}
	if tools := o.list("tools"); tools != nil {
		o["tools"] = slices.DeleteFunc(tools, func(t any) bool { return strings.Contains(objectOf(t).text("type"), "_2026") })
	}
	b, _ := json.Marshal(o)
	return b
}

// deployment is where a place's model is called.
func (a *atlas) deployment(p place) *catalog.Deployment {
	m, _ := a.Find(a.names[p])
	return a.DeploymentsOf(m)[0]
}
