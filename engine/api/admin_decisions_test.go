package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/ledger"
)

// recorded is a server with a ledger; flush has all that was answered so far in it.
func recorded(t testing.TB, o setup) (r *running, l *ledger.Ledger, flush func()) {
	t.Helper()
	before := o.options
	o.options = func(opt *Options) {
		if before != nil {
			before(opt)
		}
		var err error
		l, err = ledger.Open(t.Context(), ledger.Options{Store: opt.Documents.State, Metrics: opt.Engine.Metrics.Set(), Log: t.Logf})
		if err != nil {
			t.Fatal(err)
		}
		opt.Ledger = l
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_ = l.Close(ctx)
		})
	}
	r = serve(t, o)
	return r, l, func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		until(t, "the answers are over", func() bool { return r.Server.running.Load() == 0 })
		if err := l.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDecisionsAreRecorded(t *testing.T) {
	t.Parallel()
	r, _, flush := recorded(t, setup{profiles: map[string]*access.Profile{"words": {Name: "words", Prompts: ledger.KeepText}}})
	r.do("POST", "/v1/chat/completions", ask("Write a SQL query for the three best customers."), "X-Request-Id: one")
	r.do("POST", "/v1/chat/completions", ask("hi", `"stream":true`), "X-Request-Id: two")
	r.do("POST", "/v1/chat/completions", strings.Replace(ask("Mail me at ann@example.org about the cast-iron pan."), `"auto"`, `"auto/words"`, 1), "X-Request-Id: three")
	r.do("POST", "/v1/chat/completions", strings.Replace(ask("x"), `"auto"`, `"no/such-model"`, 1), "X-Request-Id: four")
	r.do("POST", "/v1/chat/completions", `{"model":`, "X-Request-Id: five")
	r.do("POST", "/v1/route", ask("nobody asks for an answer"), "X-Request-Id: six")
	flush()

	list := r.do("GET", "/admin/decisions", "", asAdmin).fields(t)
	rows, _ := list["decisions"].([]any)
	if len(rows) != 5 || list["total"] != 5. {
		t.Fatalf("%d rows: %v", len(rows), list)
	}
	byID := map[string]map[string]any{}
	for _, x := range rows {
		row := x.(map[string]any)
		byID[row["request_id"].(string)] = row
	}
	for id, want := range map[string]map[string]any{
		"one":   {"status": 200., "outcome": "ok", "category": "coding", "keep": "features", "demo": true},
		"two":   {"status": 200., "outcome": "ok", "stream": true, "tier": "NANO"},
		"three": {"profile": "words", "keep": "text", "prompt": "Mail me at [email] about the cast-iron pan."},
		"four":  {"status": 404., "outcome": "model_not_found", "asked": "no/such-model"},
		"five":  {"status": 400., "outcome": "invalid_json"},
	} {
		for name, value := range want {
			if byID[id][name] != value {
				t.Errorf("%s: %s is %v, not %v: %v", id, name, byID[id][name], value, byID[id])
			}
		}
	}
	if row := byID["two"]; row["first_token_ms"] == nil || row["cost_usd"] == nil || row["model"] == nil || row["chain"].(string)[0] != 'u' {
		t.Errorf("%v", row)
	}

	story := r.do("GET", "/admin/decisions/one", "", asAdmin).fields(t)
	record, _ := story["record"].(map[string]any)
	decision, _ := story["decision"].(map[string]any)
	if record == nil || decision == nil || record["prompt"].(map[string]any)["text"] != nil || len(decision["candidates"].([]any)) < 10 {
		t.Errorf("%v", story)
	}
	if again := r.do("GET", "/admin/decisions/"+record["id"].(string), "", asAdmin).fields(t); again["request_id"] != "one" {
		t.Errorf("by its own id: %v", again)
	}
	if src, _ := json.Marshal(story); strings.Contains(string(src), "customers") {
		t.Error("the words of a prompt are kept that only features were allowed of")
	}
	for query, want := range map[string]int{"?tier=nano": 1, "?outcome=ok": 3, "?text=CAST-IRON": 1, "?category=coding&since=1h": 1, "?failed=true": 0, "?limit=2": 2, "?profile=words": 1, "?min_ms=3600000": 0} {
		rows, _ := r.do("GET", "/admin/decisions"+query, "", asAdmin).fields(t)["decisions"].([]any)
		if len(rows) != want {
			t.Errorf("%s: %d rows, not %d", query, len(rows), want)
		}
	}
	first := r.do("GET", "/admin/decisions?limit=3", "", asAdmin).fields(t)
	rest, _ := r.do("GET", "/admin/decisions?limit=3&cursor="+first["next"].(string), "", asAdmin).fields(t)["decisions"].([]any)
	if len(rest) != 2 {
		t.Errorf("the second page has %d", len(rest))
	}
	for query, param := range map[string]string{"?limit=x": "", "?since=soon": "since", "?from=x": "from", "?min_cost=-1": "min_cost", "?failed=perhaps": "failed", "?cursor=x": "cursor"} {
		if _, _, got, code := r.do("GET", "/admin/decisions"+query, "", asAdmin).error(t); code != codeInvalidType || got != param {
			t.Errorf("%s: %s, %s", query, code, got)
		}
	}
	if a := r.do("GET", "/admin/decisions/nope", "", asAdmin); a.status != 404 {
		t.Errorf("nope: %d", a.status)
	}
	if n := r.metric("routor_ledger_records_total"); n != "5" {
		t.Errorf("%s records are counted", n)
	}
}

func TestExportAndRollups(t *testing.T) {
	t.Parallel()
	r, _, flush := recorded(t, setup{})
	for i := range 20 {
		r.do("POST", "/v1/chat/completions", ask("hi"), fmt.Sprintf("X-Request-Id: r%d", i))
	}
	flush()
	a := r.do("GET", "/admin/decisions/export?full=true", "", asAdmin)
	if a.header.Get("X-Routor-Records") != "20" {
		t.Errorf("%v", a.header)
	}
	lines := 0
	for line := range strings.Lines(string(a.body)) {
		var rec ledger.Record
		if err := json.Unmarshal([]byte(line), &rec); err != nil || rec.Facts == nil || rec.ID == "" || rec.Request != fmt.Sprintf("r%d", lines) {
			t.Fatalf("%v: %s", err, line)
		}
		lines++
	}
	table, err := csv.NewReader(strings.NewReader(string(r.do("GET", "/admin/decisions/export?format=csv&tier=NANO", "", asAdmin).body))).ReadAll()
	if err != nil || lines != 20 || len(table) != 21 || table[0][1] != "id" || table[20][2] != "r19" {
		t.Errorf("%d lines, %d rows, %v", lines, len(table), err)
	}
	for query, status := range map[string]int{"?format=xml": 400, "?format=csv&full=true": 400, "?format=jsonl": 200} {
		if a := r.do("GET", "/admin/decisions/export"+query, "", asAdmin); a.status != status {
			t.Errorf("%s: %d", query, a.status)
		}
	}

	rollups := r.do("GET", "/admin/rollups?since=1h&by=tier&histograms=true", "", asAdmin).fields(t)
	total, _ := rollups["total"].(map[string]any)
	groups, _ := total["groups"].(map[string]any)
	nano, _ := groups["NANO"].(map[string]any)
	if rollups["span"] != "minute" || total["requests"] != 20. || nano["requests"] != 20. || total["latency_ms"].(map[string]any)["n"] != 20. || total["savings_pct"] == nil {
		t.Errorf("%v", rollups)
	}
	for query, status := range map[string]int{"?by=weather": 400, "?span=week": 400, "?tier=NANO": 400, "?span=day&by=model": 200, "": 200} {
		if a := r.do("GET", "/admin/rollups"+query, "", asAdmin); a.status != status {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if is := r.do("GET", "/admin/ledger", "", asAdmin).fields(t); is["records"] != 20. || is["connected"] != true {
		t.Errorf("%v", is)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	r, _, flush := recorded(t, setup{})
	req, _ := http.NewRequestWithContext(t.Context(), "GET", r.url+"/admin/decisions/tail?tier=NANO", nil)
	req.Header.Set("Authorization", "Bearer "+adminKey)
	res, err := client.Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r.do("POST", "/v1/chat/completions", ask("hi"), "X-Request-Id: live")
	flush()
	seen, counted := false, 0
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() && !(seen && counted == 1) {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e struct {
			Request string `json:"request_id"`
			Matched *int   `json:"matched"`
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if seen = seen || e.Request == "live"; e.Matched != nil {
			counted += *e.Matched
		}
	}
	if !seen || counted != 1 {
		t.Errorf("seen %v, counted %d, %v", seen, counted, lines.Err())
	}
}

func TestWithoutLedger(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for _, path := range []string{"rollups", "ledger", "decisions/tail", "decisions/export", "decisions?tier=NANO"} {
		if _, _, _, code := r.do("GET", "/admin/"+path, "", asAdmin).error(t); code != codeNotSupported {
			t.Errorf("%s: %s", path, code)
		}
	}
}
