package load

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// serve answers with a handler on a port of loopback, and gives its URL.
func serve(t *testing.T, h fasthttp.RequestHandler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: h, CloseOnShutdown: true}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return "http://" + l.Addr().String() + "/v1/chat/completions"
}

func TestClosedLoopCountsEveryAnswer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	url := serve(t, func(ctx *fasthttp.RequestCtx) {
		n := asked.Add(1)
		if string(ctx.Request.Header.Peek("X-Peer")) != "yes" || !strings.Contains(string(ctx.PostBody()), `"model":"m"`) {
			ctx.SetStatusCode(400)
			return
		}
		if n%10 == 0 {
			ctx.SetStatusCode(503)
			return
		}
		ctx.SetBodyString(`{"choices":[]}`)
	})
	w := Sized("small", 150, false)
	r, err := Measure(context.Background(), &Target{Name: "peer", URL: url, Headers: map[string]string{"X-Peer": "yes"}, Model: "m", PID: os.Getpid()}, &w,
		Plan{Connections: 4, Duration: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests+r.Errors != asked.Load() || r.Errors == 0 || r.Reasons["HTTP 503"] != r.Errors || r.latency.TotalCount() != r.Requests || r.P50 <= 0 || r.P99 < r.P50 {
		t.Errorf("asked %d: %+v", asked.Load(), r)
	}
	if runtime.GOOS == "linux" && r.Peak == 0 {
		t.Error("no memory of this very process")
	}
}

// A target that is always late is charged for those that had to wait: latency counts from when a request was due.
func TestOpenLoopChargesForWaiting(t *testing.T) {
	t.Parallel()
	const late = 20 * time.Millisecond
	url := serve(t, func(ctx *fasthttp.RequestCtx) {
		<-time.After(late)
		ctx.SetBodyString(`{"choices":[]}`)
	})
	w := Sized("small", 150, false)
	// 200 a second over one connection that can do 50.
	r, err := Measure(context.Background(), &Target{Name: "slow", URL: url}, &w, Plan{Connections: 1, Rate: 200, Duration: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests != 60 || r.P90 < 10*float64(late.Microseconds()) {
		t.Errorf("%d requests, p90 %v µs", r.Requests, r.P90)
	}
}

func TestStreamsMustComeToTheirEnd(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	url := serve(t, func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("text/event-stream")
		body := "data: {\"choices\":[]}\n\ndata: {\"choices\":[]}\n\n"
		if n.Add(1)%2 == 0 {
			body += "data: [DONE]\n\n"
		}
		ctx.SetBodyStream(strings.NewReader(body), -1)
	})
	w := Sized("stream", 150, true)
	r, err := Measure(context.Background(), &Target{Name: "x", URL: url}, &w, Plan{Connections: 1, Duration: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests == 0 || r.Events != 3*r.Requests || r.Reasons["the stream ended without [DONE]"] != r.Errors || r.Errors == 0 {
		t.Errorf("%+v", r)
	}
}

func TestPeers(t *testing.T) {
	t.Setenv("PEER_KEY", "s3cret")
	list, err := Peers(strings.NewReader("- name: bifrost\n  url: http://127.0.0.1:8080/v1/chat/completions\n  headers: {Authorization: \"Bearer ${PEER_KEY}\"}\n  model: a/b\n  pid: 7\n"))
	if err != nil || len(list) != 1 || list[0].Headers["Authorization"] != "Bearer s3cret" || list[0].PID != 7 {
		t.Fatalf("%+v, %v", list, err)
	}
	for in, want := range map[string]string{
		"- url: http://x/":            "entry 1 has no name",
		"- name: a\n  url: localhost": "write the whole address",
		"- {name: a, url: \"http://x/\"}\n- {name: a, url: \"http://x/\"}": "there twice",
		"- name: a\n  adress: x":                                 "adress",
		"- {name: a, url: \"http://x/\", headers: {\"a b\": c}}": "holds what no header may",
	} {
		if _, err := Peers(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func FuzzPeers(f *testing.F) {
	f.Add("- name: a\n  url: http://x/\n  headers: {a: b}\n")
	f.Fuzz(func(t *testing.T, in string) {
		list, err := Peers(strings.NewReader(in))
		for i := range list {
			if err == nil && (list[i].Name == "" || list[i].URL == "") {
				t.Fatal("an entry without name or address")
			}
		}
	})
}

func TestCompareAlternatesAndReports(t *testing.T) {
	t.Parallel()
	url := serve(t, func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString(`{"choices":[]}`) })
	targets := []Target{{Name: Direct, URL: url}, {Name: Bare, URL: url}, {Name: Routor, URL: url}}
	var order []string
	report, err := Compare(context.Background(), targets, []Case{{Name: "plain", Workload: Sized("x", 150, false), Plan: Plan{Connections: 2, Duration: 20 * time.Millisecond}}}, 2,
		func(_, target string, round int, _ *Result) { order = append(order, fmt.Sprint(round, target)) })
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "0direct 0bare proxy 0routor 1bare proxy 1routor 1direct" {
		t.Errorf("order %s", got)
	}
	if text := report.Markdown(); !strings.Contains(text, "| routor |") || strings.Contains(text, "NaN") {
		t.Errorf("%s", text)
	}
	if page := report.HTML(); !strings.Contains(page, "<svg") || !strings.Contains(page, "<table>") {
		t.Error("no plot or no table")
	}
}

func TestPlansAreChecked(t *testing.T) {
	t.Parallel()
	w := Sized("x", 10, false)
	if _, err := Measure(context.Background(), &Target{Name: "x", URL: "http://127.0.0.1:1/"}, &w, Plan{}); err == nil {
		t.Error("a plan of nothing")
	}
}
