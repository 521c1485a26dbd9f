package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/store"
)

// asks sends a request and gives the X-Request-Id of its answer.
func asks(base, secret string) (string, error) {
	req, err := http.NewRequest("POST", base+"/v1/chat/completions", strings.NewReader(hi))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+secret)
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
		return "", fmt.Errorf("HTTP %d: %w", res.StatusCode, err)
	}
	return res.Header.Get("X-Request-Id"), nil
}

// tell tells whoever listens now.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// TestKilledUnderLoad kills a server again and again while policies are published and keys are made: whatever was acknowledged
// must be there afterwards. ROUTOR_KILLS says how often, by default 5 times.
func TestKilledUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills many processes")
	}
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("ROUTOR_KILLS")); err == nil {
		kills = n
	}
	dir := clean(t)
	var mu sync.Mutex
	versions, keys, answers := map[uint64]string{}, map[string]bool{}, map[string]time.Time{}
	var killed []time.Time
	clientKey := ""
	for round := range kills {
		p := playRoutor(t, "127.0.0.1:0", "--data", dir+"/state")
		stop := make(chan struct{})
		acked, answered := make(chan struct{}, 1000), make(chan struct{})
		var wg sync.WaitGroup
		for range 24 { // the traffic of a client, whose key is the first that was made
			wg.Go(func() {
				for secret := ""; ; {
					select {
					case <-stop:
						return
					default:
					}
					mu.Lock()
					secret = clientKey
					mu.Unlock()
					if id, err := asks(p.base, secret); err == nil {
						mu.Lock()
						answers[id] = time.Now()
						mu.Unlock()
						tell(answered)
					} else {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
		for worker := range 3 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					name := fmt.Sprintf("%d-%d-%d", round, worker, i)
					if worker == 0 {
						var made struct {
							access.Key
							Secret string `json:"secret"`
						}
						if admin("POST", p.base+"/admin/keys", map[string]any{"name": name}, &made) == nil {
							mu.Lock()
							if keys[made.ID] = true; clientKey == "" {
								clientKey = made.Secret
							}
							mu.Unlock()
							tell(acked)
						}
						continue
					}
					var done struct {
						Document store.Version `json:"document"`
					}
					source := "name: killed\n# " + name + "\n"
					if admin("POST", p.base+"/admin/documents/policy", map[string]any{"source": source}, &done) == nil {
						mu.Lock()
						if other := versions[done.Document.Number]; other != "" {
							t.Errorf("version %d was acknowledged twice", done.Document.Number)
						}
						versions[done.Document.Number] = store.Hash([]byte(source))
						mu.Unlock()
						tell(acked)
					}
				}
			})
		}
		for range 5 + round%17 { // at another moment every time
			select {
			case <-acked:
			case <-time.After(20 * time.Second):
				t.Fatalf("nothing is acknowledged: %s", p.notes)
			}
		}
		if round%5 == 4 { // long enough for records that must be there
			for range 50 {
				select {
				case <-answered:
				case <-time.After(20 * time.Second):
					t.Fatalf("nothing is answered: %s", p.notes)
				}
			}
		}
		mu.Lock()
		killed = append(killed, time.Now())
		mu.Unlock()
		p.kill()
		close(stop)
		wg.Wait()
	}
	p := playRoutor(t, "127.0.0.1:0", "--data", dir+"/state")
	var history struct {
		Versions []store.Version `json:"versions"`
	}
	if err := admin("GET", p.base+"/admin/history/policy?limit=1000", nil, &history); err != nil {
		t.Fatal(err)
	}
	var last uint64
	for _, v := range history.Versions {
		last = max(last, v.Number)
		if want := versions[v.Number]; want != "" && v.Hash != want {
			t.Errorf("version %d is another than was acknowledged", v.Number)
		}
		delete(versions, v.Number)
	}
	for number := range versions {
		if number+1000 > last {
			t.Errorf("version %d was acknowledged, and is gone", number)
		}
	}
	var list struct {
		Keys []access.Key `json:"keys"`
	}
	if err := admin("GET", p.base+"/admin/keys", nil, &list); err != nil {
		t.Fatal(err)
	}
	made := len(keys)
	for _, k := range list.Keys {
		delete(keys, k.ID)
	}
	if len(keys) > 0 {
		t.Errorf("%d keys were acknowledged, and are gone", len(keys))
	}
	there, err := requestIDs(p.base)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for id, at := range answers {
		if there[id] {
			continue
		}
		if lost++; !slices.ContainsFunc(killed, func(kill time.Time) bool { return at.After(kill.Add(-mayLose)) }) {
			t.Errorf("the record of an answer is gone that came at %v", at)
		}
	}
	page, err := client.Get(p.base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if text, err := io.ReadAll(page.Body); err != nil || !bytes.Contains(text, []byte("routor_ledger_damaged_blocks_total 0\n")) {
		t.Errorf("the ledger does not open clean: %v", err)
	}
	t.Logf("%d answers, %d of them without a record, all within %v of a kill", len(answers), lost, mayLose)
	t.Logf("%d kills: %d versions and %d keys were acknowledged, all are there", kills, last, made)
}
