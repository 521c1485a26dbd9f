package api

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// memory turns requests away before memory is at risk. Bodies that have arrived, and large ones that are announced, may
// take half of the limit together, because a body is held about twice: as it came and as it goes on. And when the whole
// process has come to the limit, nothing that costs memory is taken until there is room again.
type memory struct {
	limit    int64        // bytes
	used     atomic.Int64 // by the process, as of the last look
	held     atomic.Int64 // bodies of requests that are being answered
	arriving atomic.Int64 // large bodies that are announced
	claimed  atomic.Int32 // how many claims there are

	mu     sync.Mutex
	claims map[*fasthttp.RequestHeader]claim
}

// claim is a large body that is announced. It ends when the body has arrived, or cannot arrive any more.
type claim struct {
	bytes int64
	until time.Time
	shed  bool // it was turned away
}

const (
	// large is the size from which on a body is looked at before it is read.
	large  = 64 << 10
	lookAt = 100 * time.Millisecond
	// share of what the process may use from which on requests are turned away.
	share = 0.8
)

func newMemory(limit int64) *memory {
	if limit <= 0 {
		limit = int64(share * float64(allowed()))
	}
	return &memory{limit: limit, claims: map[*fasthttp.RequestHeader]claim{}}
}

// allowed is how much memory the process may use: GOMEMLIMIT, else the container's limit, else the machine's memory.
func allowed() int64 {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return limit
	}
	for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, _ := os.ReadFile(name)
		if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n > 0 && n < 1<<50 {
			return n
		}
	}
	b, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "MemTotal:" {
			if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				return kb << 10
			}
		}
	}
	return 4 << 30
}

// over is whether there is no room for n more bytes.
func (m *memory) over(n int64) bool {
	return m.used.Load() > m.limit || 2*(m.held.Load()+m.arriving.Load()+n) > m.limit
}

// received looks at a request whose headers have arrived, before its body is read. most is the largest body.
func (m *memory) received(h *fasthttp.RequestHeader, most int, patience time.Duration) (c fasthttp.RequestConfig) {
	n := int64(h.ContentLength())
	switch {
	case n == -1: // chunked: of unknown length
		n = large
	case n < large, n > int64(most): // small, or refused for its size anyway
		return c
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(h)
	if m.over(n) {
		c.MaxRequestBodySize = 1
		n = 0
	}
	m.claims[h] = claim{bytes: n, until: time.Now().Add(patience), shed: c.MaxRequestBodySize > 0}
	m.claimed.Add(1)
	m.arriving.Add(n)
	return c
}

// drop ends a claim and says whether it was turned away. The caller holds the lock.
func (m *memory) drop(h *fasthttp.RequestHeader) (shed bool) {
	c, ok := m.claims[h]
	if ok {
		delete(m.claims, h)
		m.claimed.Add(-1)
		m.arriving.Add(-c.bytes)
	}
	return c.shed
}

// settle ends the claim of a request whose body has arrived, or failed to; shed says that it was turned away.
func (m *memory) settle(h *fasthttp.RequestHeader) (shed bool) {
	if m.claimed.Load() == 0 {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.drop(h)
}

// hold counts a body until free.
func (m *memory) hold(n int) { m.held.Add(int64(n)) }
func (m *memory) free(n int) { m.held.Add(int64(-n)) }

// keptBody is the largest buffer for bodies that a connection keeps for its next request.
const keptBody = 256 << 10

// letGo drops the buffers of large bodies. fasthttp keeps those of a connection for as long as it lives: without this a few
// hundred clients that have each sent one large image would hold them all.
func letGo(ctx *fasthttp.RequestCtx) {
	if cap(ctx.Request.Body()) > keptBody {
		ctx.Request.SwapBody(nil)
	}
}

// run looks at the process's memory until ctx ends.
func (m *memory) run(ctx context.Context) {
	tick := time.NewTicker(lookAt)
	defer tick.Stop()
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for {
		metrics.Read(samples)
		m.used.Store(int64(samples[0].Value.Uint64() - samples[1].Value.Uint64()))
		m.sweep(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweep ends the claims of bodies that cannot arrive any more: their connections were cut off without a word.
func (m *memory) sweep(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for h, c := range m.claims {
		if now.After(c.until) {
			m.drop(h)
		}
	}
}
