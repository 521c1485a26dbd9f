package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// tcp is a fleet on a port of its own, and a client for it.
func tcp(t *testing.T, o Options) (f *Fleet, ask func(method, path, key, body string) (int, string)) {
	t.Helper()
	f = New(o)
	t.Cleanup(f.Close)
	addr, err := f.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	t.Cleanup(client.CloseIdleConnections)
	return f, func(method, path, key, body string) (int, string) {
		r, _ := http.NewRequest(method, "http://"+addr.String()+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+key)
		resp, err := client.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return 0, string(b) + err.Error()
		}
		return resp.StatusCode, string(b)
	}
}

func body(f *Fleet, provider, rest string) string {
	return `{"model":"` + f.Models(provider)[0] + `","messages":[{"role":"user","content":"hi"}]` + rest + `}`
}

func TestOverTCP(t *testing.T) {
	t.Parallel()
	f, ask := tcp(t, Options{Seed: 3})
	for _, c := range []struct {
		method, path, key, body string
		status                  int
		text                    string
	}{
		{"GET", "/openai/v1/models", "k", "", 200, `"object":"list"`},
		{"GET", "/openai/v1/models", "", "", 401, "invalid_api_key"},
		{"GET", "/mistral/v1/models", "a-bad-one", "", 401, `{"detail":"Invalid API Key"}`},
		{"GET", "/nobody/v1/models", "k", "", 404, "/openai/v1"},
		{"GET", "/openai/v1/elsewhere", "k", "", 404, "Invalid URL"},
		{"POST", "/zai/v1/chat/completions", "k", body(f, "zai", ""), 200, "simulated at zai"},
		{"POST", "/zai/v1/chat/completions", "k", "{", 400, "could not parse"},
		{"POST", "/zai/v1/chat/completions", "k", `{"model":"x"}`, 400, "messages"},
		{"POST", "/zai/v1/chat/completions", "k", `{"messages":[{"role":"user"}]}`, 400, "model"},
		{"POST", "/zai/v1/chat/completions", "k", `{"model":"x","messages":[{"role":"king"}]}`, 400, "king"},
		{"POST", "/google/v1/chat/completions", "k", body(f, "google", `,"stream":true`), 200, "data: [DONE]\n\n"},
		{"PUT", "/openai/faults?error=rate_limited&retry_after=2s", "", "", 200, "rate_limited"},
		{"POST", "/openai/v1/chat/completions", "k", body(f, "openai", ""), 429, "rate_limit_exceeded"},
		{"PUT", "/openai/faults?reset=1", "", "", 200, `"Reset":true`},
		{"POST", "/openai/v1/chat/completions", "k", body(f, "openai", ""), 0, "reset"},
		{"PUT", "/openai/faults?garbage", "", "", 200, ""},
		{"POST", "/openai/v1/chat/completions", "k", body(f, "openai", ""), 502, "<title>"},
		{"PUT", "/openai/faults?cut_at=100", "", "", 200, ""},
		{"POST", "/openai/v1/chat/completions", "k", body(f, "openai", ""), 0, "unexpected EOF"},
		{"POST", "/openai/v1/chat/completions", "k", body(f, "openai", `,"stream":true`), 0, "unexpected EOF"},
		{"PUT", "/openai/faults?error=cold", "", "", 400, "there are: auth"},
		{"PUT", "/openai/faults?eror=auth", "", "", 400, "unknown fault"},
		{"PUT", "/openai/faults?rate=2", "", "", 400, "share"},
		{"PUT", "/openai/faults", "", "", 200, ""},
		{"POST", "/openai/v1/chat/completions", "k", body(f, "openai", ""), 200, "You asked"},
	} {
		status, text := ask(c.method, c.path, c.key, c.body)
		if status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s %s %s: %d %.200s\nwant %d with %q", c.method, c.path, c.body, status, text, c.status, c.text)
		}
	}
}

// TestRate: of the requests, the share that a fault's rate says is hit, and the same ones for the same seed.
func TestRate(t *testing.T) {
	t.Parallel()
	runs := map[string]bool{}
	for range 2 {
		f, ask := tcp(t, Options{Seed: 5})
		if err := f.Set("xai", Faults{Error: "server", Rate: 0.3}); err != nil {
			t.Fatal(err)
		}
		var run []byte
		for range 200 {
			status, _ := ask("POST", "/xai/v1/chat/completions", "k", body(f, "xai", ""))
			run = append(run, "01"[status/100%2])
		}
		if n := bytes.Count(run, []byte("1")); n < 40 || n > 80 {
			t.Errorf("%d of 200 were hit", n)
		}
		runs[string(run)] = true
		if f.Requests("xai") != 200 {
			t.Errorf("%d requests counted", f.Requests("xai"))
		}
	}
	if len(runs) != 1 {
		t.Error("the same seed hit other requests")
	}
}

func TestCachedPrefix(t *testing.T) {
	t.Parallel()
	f, ask := tcp(t, Options{})
	cached := func(messages string) int {
		_, text := ask("POST", "/openai/v1/chat/completions", "k", `{"model":"`+f.Models("openai")[0]+`","messages":[`+messages+`]}`)
		var d struct {
			Usage struct {
				Details struct {
					Cached int `json:"cached_tokens"`
				} `json:"prompt_tokens_details"`
			}
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err, text)
		}
		return d.Usage.Details.Cached
	}
	system := `{"role":"system","content":"` + strings.Repeat("Be kind. ", 100) + `"},`
	for i, c := range []struct {
		user string
		hit  bool
	}{{"one", false}, {"two", true}} {
		if n := cached(system + `{"role":"user","content":"` + c.user + `"}`); (n > 0) != c.hit || n%cacheUnit != 0 {
			t.Errorf("request %d: %d cached", i, n)
		}
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	f, ask := tcp(t, Options{Latency: 0.05})
	start := time.Now()
	if status, _ := ask("POST", "/anthropic/v1/chat/completions", "k", body(f, "anthropic", `,"stream":true`)); status != 200 {
		t.Fatal(status)
	}
	if took := time.Since(start); took < 5*time.Millisecond || took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestCloseEndsStalls: a fleet that closes leaves nobody waiting.
func TestCloseEndsStalls(t *testing.T) {
	t.Parallel()
	f, ask := tcp(t, Options{})
	if err := f.Set("openai", Faults{Stall: time.Hour}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan int)
	go func() {
		status, _ := ask("POST", "/openai/v1/chat/completions", "k", body(f, "openai", ""))
		ended <- status
	}()
	for deadline := time.Now().Add(5 * time.Second); f.Requests("openai") == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	f.Close()
	if <-ended != 0 || time.Since(start) > 2*time.Second {
		t.Errorf("closing took %s", time.Since(start))
	}
}

func TestSample(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		``:                  `{}`,
		`true`:              `"Paris"`,
		`{"type":"string"}`: `"Paris"`,
		`{"type":["null","string"],"maxLength":3}`:                                   `"Par"`,
		`{"type":"string","minLength":7}`:                                            `"Parisxx"`,
		`{"type":"string","format":"date"}`:                                          `"2026-01-15"`,
		`{"enum":["a","b"]}`:                                                         `"a"`,
		`{"const":5}`:                                                                `5`,
		`{"type":"integer","minimum":3}`:                                             `3`,
		`{"type":"integer","exclusiveMinimum":3,"multipleOf":5}`:                     `10`,
		`{"type":"number","maximum":-2.5,"minimum":-3}`:                              `-3`,
		`{"type":"boolean"}`:                                                         `true`,
		`{"type":"null"}`:                                                            `null`,
		`{"type":"array","items":{"type":"integer"},"minItems":2}`:                   `[1,1]`,
		`{"type":"array","items":{"type":"integer"},"maxItems":0}`:                   `[]`,
		`{"type":"array","items":{"type":"string"},"minItems":2,"uniqueItems":true}`: `["Paris","Parisx"]`,
		`{"prefixItems":[{"type":"boolean"},{"type":"null"}]}`:                       `[true,null]`,
		`{"type":"object","required":["x"]}`:                                         `{"x":"Paris"}`,
		`{"anyOf":[{"type":"null"},{"type":"boolean"}]}`:                             `true`,
		`{"allOf":[{"properties":{"a":{"type":"null"}}},{"properties":{"b":{"const":1}},"required":["b"]}]}`: `{"a":null,"b":1}`,
		`{"$defs":{"n":{"const":2}},"type":"object","properties":{"n":{"$ref":"#/$defs/n"}}}`:                `{"n":2}`,
		`{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}}`:                   "",
	} {
		got := string(sample(json.RawMessage(schema), "Paris"))
		if want == "" {
			if !json.Valid([]byte(got)) || len(got) > 10_000 {
				t.Errorf("%s: %s", schema, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%s\n gives %s, want %s", schema, got, want)
		}
	}
}

func FuzzSample(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`)
	f.Add(`{"type":"array","minItems":1e9,"items":{"type":"string","minLength":1e9}}`)
	f.Add(`{"allOf":[{"$ref":"#"}]}`)
	f.Fuzz(func(t *testing.T, schema string) {
		if b := sample(json.RawMessage(schema), "Paris"); !json.Valid(b) {
			t.Fatalf("%q gives %q", schema, b)
		}
	})
}

func FuzzComplete(f *testing.F) {
	fleet := New(Options{})
	f.Cleanup(fleet.Close)
	f.Add([]byte(`{"model":"gpt-5.4","messages":[{"role":"user","content":"use a tool"}],"tools":[{"function":{"name":"x"}}],"n":2,"stop":"a"}`))
	f.Add([]byte(`{"model":"gpt-5.4","messages":[{"role":"user","content":[{"type":"image_url"}]}],"stream":true,"max_tokens":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI("/openai/v1/chat/completions")
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.Header.Set("Api-Key", "k")
		ctx.Request.SetBody(body)
		fleet.handle(&ctx)
		out := ctx.Response.Body()
		if !json.Valid(out) && !bytes.HasSuffix(out, []byte("data: [DONE]\n\n")) {
			t.Fatalf("%q answers %q", body, out)
		}
	})
}

func BenchmarkComplete(b *testing.B) {
	f := New(Options{})
	b.Cleanup(f.Close)
	for name, rest := range map[string]string{"plain": "", "stream": `,"stream":true`} {
		b.Run(name, func(b *testing.B) {
			in := []byte(body(f, "openai", rest))
			var ctx fasthttp.RequestCtx
			ctx.Request.SetRequestURI("/openai/v1/chat/completions")
			ctx.Request.Header.SetMethod("POST")
			ctx.Request.Header.Set("Api-Key", "k")
			b.ReportAllocs()
			for b.Loop() {
				ctx.Request.SetBody(in)
				ctx.Response.Reset()
				f.handle(&ctx)
				_ = ctx.Response.Body()
			}
		})
	}
}

// TestEveryClassHasWords: no provider borrows another's words for any class of error.
func TestEveryClassHasWords(t *testing.T) {
	t.Parallel()
	for _, id := range Providers() {
		for _, class := range Classes() {
			if r := refusalOf(id, class, `a"b`); r.status == 0 || !json.Valid([]byte(r.body)) {
				t.Errorf("%s, %s: %d %s", id, class, r.status, r.body)
			}
		}
	}
}
