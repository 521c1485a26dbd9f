package demo

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Traffic sends the demo's prompts to a server as its clients would.
type Traffic struct {
	Base    string            // http://127.0.0.1:8484
	Secrets map[string]string // by name of the key
	Rate    float64           // requests a second
	Seed    uint64
}

// mostAtOnce bounds the requests that are under way: a server that has stopped answering is not flooded.
const mostAtOnce = 32

// Run sends until ctx ends.
func (t *Traffic) Run(ctx context.Context) {
	if t.Rate <= 0 {
		return
	}
	list := Prompts()
	var wheel []int
	for i := range list {
		for range list[i].Weight {
			wheel = append(wheel, i)
		}
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: mostAtOnce}, Timeout: 2 * time.Minute}
	defer client.CloseIdleConnections()
	rng := rand.New(rand.NewPCG(t.Seed, 0x7472))
	room := make(chan struct{}, mostAtOnce)
	var sent sync.WaitGroup
	defer sent.Wait()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		pause.Reset(time.Duration(min(rng.ExpFloat64(), 4) / t.Rate * float64(time.Second)))
		p := &list[wheel[rng.IntN(len(wheel))]]
		select {
		case room <- struct{}{}:
			sent.Go(func() {
				t.send(ctx, client, p)
				<-room
			})
		default:
		}
	}
}

// send asks, and takes the whole answer. What goes wrong is in the ledger.
func (t *Traffic) send(ctx context.Context, client *http.Client, p *Prompt) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Base+"/v1/chat/completions", bytes.NewReader(p.Body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	if secret := t.Secrets[p.Key]; secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	res, err := client.Do(req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
}
