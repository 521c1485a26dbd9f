package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/routor/routor/bench/load"
)

// Held is what a gateway takes to hold streams that are open at the same time, each slow.
type Held struct {
	Target    string           `json:"target"`
	Streams   int              `json:"streams"`
	Open      int              `json:"open"`       // had begun when memory was read
	PerStream float64          `json:"per_stream"` // bytes resident, beyond what the process had before
	RSS       int64            `json:"rss_bytes"`  // then, all of the process
	CPU       float64          `json:"cpu_us"`     // processor time of the gateway for one chunk, microseconds
	Whole     int              `json:"whole"`      // streams that came with all of their chunks, in order, and their end
	Lost      int              `json:"lost"`       // chunks that did not come
	Errors    map[string]int64 `json:"errors,omitempty"`
}

// Hold opens n slow streams at once through the upstream's proxies, one proxy after the other, and reads their memory while
// all are open.
func Hold(ctx context.Context, program string, n int) ([]Held, error) {
	// Streams must last until the last of them has begun.
	stand, err := NewStand(ctx, program, Pace{Chunk: min(max(time.Duration(n)*200*time.Microsecond, 50*time.Millisecond), 2*time.Second)})
	if err != nil {
		return nil, err
	}
	defer stand.Close()
	var out []Held
	for _, t := range stand.Targets {
		if t.Name == load.Direct {
			continue
		}
		h, err := hold(ctx, &t, n)
		if err != nil {
			return out, err
		}
		out = append(out, *h)
	}
	return out, nil
}

func hold(ctx context.Context, t *load.Target, n int) (*Held, error) {
	h := &Held{Target: t.Name, Streams: n, Errors: map[string]int64{}}
	u, err := url.Parse(t.URL)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	addr := u.Host
	// A process that has answered nothing yet lacks what it makes once, whatever the number of streams.
	if _, err := follow(ctx, addr, nil); err != nil {
		return nil, fmt.Errorf("bench: %s: %w", t.Name, err)
	}
	before, known := load.UsageOf(t.PID)
	if !known {
		return nil, fmt.Errorf("bench: this system does not tell the memory of %s's process", t.Name)
	}
	var (
		mu    sync.Mutex
		all   sync.WaitGroup
		begun atomic.Int64
		full  = make(chan struct{})
	)
	dialling := make(chan struct{}, 256) // more at once overflow the queue of what is not accepted yet
	for range n {
		all.Go(func() {
			dialling <- struct{}{}
			var once sync.Once
			first := func() {
				once.Do(func() {
					<-dialling
					if begun.Add(1) == int64(n) {
						close(full)
					}
				})
			}
			chunks, err := follow(ctx, addr, first)
			once.Do(func() { <-dialling })
			mu.Lock()
			defer mu.Unlock()
			h.Lost += Chunks - chunks
			if err != nil {
				h.Errors[err.Error()]++
			} else if chunks == Chunks {
				h.Whole++
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	select {
	case <-full:
	case <-ended:
	}
	now, _ := load.UsageOf(t.PID)
	h.Open, h.RSS, h.PerStream = int(begun.Load()), now.RSS, float64(now.RSS-before.RSS)/float64(n)
	<-ended
	after, _ := load.UsageOf(t.PID)
	h.CPU = float64((after.CPU - before.CPU).Microseconds()) / float64(n*Chunks)
	return h, ctx.Err()
}

var slowBody = load.Sized("slow", 150, true)

// follow asks for one stream, and counts its chunks of text to its end; first is called at the first.
func follow(ctx context.Context, addr string, first func()) (chunks int, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Minute))
	body := slowBody.Body(0, "auto")
	if _, err := fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", addr, len(body), body); err != nil {
		return 0, err
	}
	lines := bufio.NewReaderSize(conn, 1<<10)
	resp, err := http.ReadResponse(lines, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return 0, fmt.Errorf("HTTP %d: %s", resp.StatusCode, said)
	}
	done := false
	for events := bufio.NewScanner(resp.Body); ; {
		if !events.Scan() {
			switch err := events.Err(); {
			case err != nil:
				return chunks, err
			case !done:
				return chunks, errors.New("the stream ended without [DONE]")
			}
			return chunks, nil
		}
		switch line := events.Bytes(); {
		case bytes.Contains(line, []byte(`"content":"`+word)):
			if chunks++; chunks == 1 && first != nil {
				first()
			}
		case bytes.Equal(line, []byte("data: [DONE]")):
			done = true
		}
	}
}
