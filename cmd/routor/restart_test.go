package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/providers/sim"
)

// house is a server in a process of its own, the simulated providers behind it, and clients who never stop asking.
type house struct {
	t       *testing.T
	process *process
	config  string
	listen  string
	data    string
	client  *http.Client

	mu     sync.Mutex
	asking sync.WaitGroup
	stop   chan struct{}
	lost   []string     // requests that were taken and not answered whole
	ready  atomic.Bool  // clients ask
	whole  atomic.Int64 // answers
	shut   atomic.Int64 // requests that nobody took
	last   atomic.Int64 // when the last answer came, Unix nanoseconds
}

func newHouse(t *testing.T, more string) *house {
	t.Helper()
	dir := clean(t)
	fleet := sim.New(sim.Options{Seed: 1, Latency: 0.1, Marked: true})
	t.Cleanup(fleet.Close)
	at, err := fleet.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := "admin_key: " + demoAdminKey + "\nclients: {silence: 1s}\n" + more + "providers:\n"
	for _, p := range catalog.Builtin().Providers {
		if fleet.Models(p.ID) != nil {
			config += fmt.Sprintf("  %s: {base_url: %q, api_key: simulated}\n", p.ID, fleet.URL(p, at.String()))
		}
	}
	h := &house{t: t, config: filepath.Join(dir, "routor.yaml"), listen: freeAddress(t), data: filepath.Join(dir, "state"), stop: make(chan struct{})}
	if err := os.WriteFile(h.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	h.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	t.Cleanup(h.client.CloseIdleConnections)
	return h
}

// start starts the server, and says how long it took until it was ready.
func (h *house) start() time.Duration {
	h.t.Helper()
	start := time.Now()
	h.process = play(h.t, "routor", "serve", "--config", h.config, "--listen", h.listen, "--data", h.data)
	h.process.base = "http://" + h.listen
	for end := start.Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if conn, err := net.Dial("tcp", h.listen); err == nil {
			conn.Close()
			if res, err := client.Get(h.process.base + "/readyz"); err == nil {
				res.Body.Close()
				return time.Since(start)
			}
		}
		if time.Now().After(end) {
			h.t.Fatalf("it does not serve: %s", h.process.notes)
		}
	}
}

// clients ask from n goroutines until the end, plain answers and streams by turns.
func (h *house) clients(n int) {
	for worker := range n {
		h.asking.Go(func() {
			for i := worker; ; i++ {
				select {
				case <-h.stop:
					return
				default:
				}
				if !h.ready.Load() {
					time.Sleep(time.Millisecond)
					continue
				}
				h.ask(i%2 == 0)
			}
		})
	}
}

// ask asks once. A request counts as lost if somebody took it, and its answer is not whole.
func (h *house) ask(stream bool) {
	body := fmt.Sprintf(`{"model":"auto","stream":%v,"messages":[{"role":"user","content":"hi, my name is Quebec"}]}`, stream)
	req, _ := http.NewRequest("POST", "http://"+h.listen+"/v1/chat/completions", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	res, err := h.client.Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			h.shut.Add(1)
			time.Sleep(2 * time.Millisecond)
			return
		}
		h.lose("%v", err)
		return
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		h.lose("HTTP %d: %v after %d bytes", res.StatusCode, err, len(text))
	case res.StatusCode != 200:
		h.lose("HTTP %d: %s", res.StatusCode, text)
	case stream && !bytes.Contains(text, []byte("data: [DONE]")), !stream && !json.Valid(text):
		h.lose("it is cut: %s", text)
	default:
		h.whole.Add(1)
		h.last.Store(time.Now().UnixNano())
	}
}

func (h *house) lose(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost = append(h.lost, fmt.Sprintf(format, args...))
}

// until waits for so many answers more.
func (h *house) until(answers int64) {
	h.t.Helper()
	want := h.whole.Load() + answers
	for end := time.Now().Add(30 * time.Second); h.whole.Load() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("%d answers of %d; lost: %q; %s", h.whole.Load(), want, h.lost, h.process.notes)
		}
	}
}

// TestKilledAndRestarted kills a server under load and starts it again: it serves within a second (three on a machine that has
// other things to do), what was acknowledged is there, and no file of the state is damaged.
func TestKilledAndRestarted(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	h := newHouse(t, "")
	h.start()
	h.clients(8)
	h.ready.Store(true)
	var published []string
	for round := range 3 {
		h.until(100)
		source := fmt.Sprintf("name: killed\n# round %d\n", round)
		if err := admin("POST", h.process.base+"/admin/documents/policy", map[string]any{"source": source}, new(json.RawMessage)); err != nil {
			t.Fatal(err)
		}
		published = append(published, store.Hash([]byte(source)))
		h.until(20)
		h.process.kill()
		killed := time.Now()
		took := h.start()
		h.until(1)
		t.Logf("ready %v after the start, the first answer %v after the kill; %d answers so far", took.Round(time.Millisecond), time.Since(killed).Round(time.Millisecond), h.whole.Load())
		if took > 3*time.Second {
			t.Errorf("round %d: ready only after %v", round, took)
		}
	}
	h.until(50)
	close(h.stop)
	h.asking.Wait()
	// Those that were under way when it was killed, and for each worker one that waited to be accepted: the system takes
	// connections for a process that is just ending.
	if most := 3 * 2 * 8; len(h.lost) > most {
		t.Errorf("%d requests were lost, at most %d can have been under way: %q", len(h.lost), most, h.lost)
	}
	var history struct {
		Versions []store.Version `json:"versions"`
	}
	if err := admin("GET", h.process.base+"/admin/history/policy?limit=100", nil, &history); err != nil {
		t.Fatal(err)
	}
	for i, hash := range published {
		found := false
		for _, v := range history.Versions {
			found = found || v.Hash == hash
		}
		if !found {
			t.Errorf("what was published in round %d is gone", i)
		}
	}
	var decisions json.RawMessage
	if err := admin("GET", h.process.base+"/admin/decisions?limit=1000", nil, &decisions); err != nil { // reads all blocks of the ledger
		t.Errorf("the ledger: %v", err)
	}
	res, err := client.Do(adminGet(h.process.base + "/metrics"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); !bytes.Contains(text, []byte("\nroutor_ledger_damaged_blocks_total 0\n")) {
		t.Error("blocks of the ledger are damaged, or are not counted")
	}
	if said := h.process.notes.String(); strings.Contains(said, "damaged") || strings.Contains(said, "corrupt") {
		t.Errorf("it says: %s", said)
	}
}

func adminGet(url string) *http.Request {
	req, _ := http.NewRequest("GET", url, nil)
	req.Header.Set("Authorization", "Bearer "+demoAdminKey)
	return req
}

// TestTerminatedUnderLoad ends a server with SIGTERM while clients ask. Those who go by /readyz, as a load balancer does, lose
// nothing; and all that is under way is answered whole.
func TestTerminatedUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	h := newHouse(t, "drain_delay: 1s\n")
	for range 3 {
		h.start()
		ctx, balance := context.WithCancel(t.Context())
		balanced := make(chan struct{})
		go func() { // the load balancer
			defer close(balanced)
			for ctx.Err() == nil {
				res, err := client.Get(h.process.base + "/readyz")
				if err == nil {
					res.Body.Close()
				}
				h.ready.Store(err == nil && res.StatusCode == 200)
				time.Sleep(20 * time.Millisecond)
			}
		}()
		if h.whole.Load() == 0 {
			h.clients(8)
		}
		h.until(100)
		if err := h.process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		told := time.Now()
		if err := h.process.Wait(); err != nil {
			t.Errorf("it ended with %v: %s", err, h.process.notes)
		}
		balance()
		<-balanced
		ended := time.Now()
		t.Logf("SIGTERM: ended after %v; %d answers so far, the last one %v before", ended.Sub(told).Round(time.Millisecond), h.whole.Load(), ended.Sub(time.Unix(0, h.last.Load())).Round(time.Millisecond))
	}
	close(h.stop)
	h.asking.Wait()
	if len(h.lost) > 0 || h.shut.Load() > 0 {
		t.Errorf("%d requests were lost, %d were not taken: %q", len(h.lost), h.shut.Load(), h.lost)
	}
}
