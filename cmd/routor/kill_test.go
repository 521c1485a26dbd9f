package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/store"
)

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
	versions, keys := map[uint64]string{}, map[string]bool{}
	for round := range kills {
		p := playRoutor(t, "127.0.0.1:0", "--data", dir+"/state")
		stop := make(chan struct{})
		acked := make(chan struct{}, 1000)
		var wg sync.WaitGroup
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
						var made struct{ access.Key }
						if admin("POST", p.base+"/admin/keys", map[string]any{"name": name}, &made) == nil {
							mu.Lock()
							keys[made.ID] = true
							mu.Unlock()
							acked <- struct{}{}
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
						acked <- struct{}{}
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
	t.Logf("%d kills: %d versions and %d keys were acknowledged, all are there", kills, last, made)
}
