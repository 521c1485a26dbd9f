package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/routor/routor/engine/store"
)

// Topics are what the event stream tells of.
var Topics = []string{"decisions", "counters", "providers", "documents", "audit", "fleet", "rollout"}

const (
	// mostStreams bounds the event streams of a server.
	mostStreams = 100
	// mostWaiting is how many events may wait for a reader before it is cut: nobody waits for one.
	mostWaiting = 256
	// mostTold is how many events are remembered for readers who come back.
	mostTold = 512
	// stateEvery is how often states are told although only their figures have changed.
	stateEvery = 5 * time.Second
)

// events tells those who watch what changes: states (providers, fleet, rollout), of which only the latest counts, and news
// (documents, audit), of which none is to be missed.
type events struct {
	s    *Server
	boot string // of this process: sequences of another mean nothing here
	ctx  context.Context
	stop context.CancelFunc
	run  sync.WaitGroup

	mu      sync.Mutex
	begun   bool
	streams map[*stream]struct{}
	seq     uint64
	ring    []told            // the last news, oldest first
	states  map[string]*state // by topic
}

// told is one event.
type told struct {
	seq   uint64
	topic string
	data  []byte
}

// state is what was last told of a topic.
type state struct {
	data, key []byte // key is what a change of makes it news at once
	at        time.Time
}

// stream is one reader.
type stream struct {
	topics map[string]bool
	in     chan told // closed when the reader is cut
	ended  bool      // under the lock of events
}

func newEvents(s *Server) *events {
	var b [6]byte
	rand.Read(b[:])
	e := &events{s: s, boot: base64.RawURLEncoding.EncodeToString(b[:]), streams: map[*stream]struct{}{}, states: map[string]*state{}}
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e
}

// close ends all streams.
func (e *events) close() {
	e.stop()
	e.run.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	for x := range e.streams {
		e.cut(x)
	}
}

// cut ends a stream; the caller holds the lock.
func (e *events) cut(x *stream) {
	delete(e.streams, x)
	if !x.ended {
		x.ended = true
		close(x.in)
	}
}

// open adds a reader; nil = there are too many. missed is what was told since the sequence that the reader knows, and whether
// that is all; now are the states.
func (e *events) open(topics map[string]bool, since uint64) (x *stream, missed []told, whole bool) {
	e.begin()
	e.refresh(topics)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.streams) >= mostStreams || e.ctx.Err() != nil {
		return nil, nil, false
	}
	x = &stream{topics: topics, in: make(chan told, mostWaiting)}
	e.streams[x] = struct{}{}
	whole = since <= e.seq && (len(e.ring) == 0 || e.ring[0].seq <= since+1)
	for _, t := range e.ring {
		if t.seq > since && topics[t.topic] {
			missed = append(missed, t)
		}
	}
	for _, topic := range Topics {
		if st := e.states[topic]; st != nil && topics[topic] {
			x.in <- told{e.seq, topic, st.data}
		}
	}
	return x, missed, whole
}

func (e *events) leave(x *stream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cut(x)
}

// latest is the sequence of the last news.
func (e *events) latest() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seq
}

// news tells of something that nobody is to miss.
func (e *events) news(topic string, v any) {
	data := eventBody(v)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seq++
	t := told{e.seq, topic, data}
	if len(e.ring) >= mostTold {
		e.ring = append(e.ring[:0], e.ring[mostTold/4:]...)
	}
	e.ring = append(e.ring, t)
	e.send(t)
}

// state tells how a topic stands, if key differs from what was told last, or the figures do and were told a while ago.
func (e *events) state(topic string, v, key any) {
	data, k, now := eventBody(v), eventBody(key), time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.states[topic]
	if old != nil && bytes.Equal(old.key, k) && (bytes.Equal(old.data, data) || now.Sub(old.at) < stateEvery) {
		return
	}
	e.states[topic] = &state{data, k, now}
	e.send(told{e.seq, topic, data})
}

// send gives an event to those who want it; the caller holds the lock.
func (e *events) send(t told) {
	for x := range e.streams {
		if !x.topics[t.topic] {
			continue
		}
		select {
		case x.in <- t:
		default:
			e.cut(x)
		}
	}
}

func eventBody(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("BUG: encode an event: " + err.Error())
	}
	return data
}

// wanted says whether a topic has readers.
func (e *events) wanted(topic string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for x := range e.streams {
		if x.topics[topic] {
			return true
		}
	}
	return false
}

// begin starts to look for changes, with the first reader.
func (e *events) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.begun || e.ctx.Err() != nil {
		return
	}
	e.begun = true
	e.run.Go(e.look)
	if d := e.s.Documents; d != nil {
		moved, live := d.state()
		e.run.Go(func() { e.documents(d, moved, live) })
		e.run.Go(func() { e.audit(d) })
	}
}

// look tells of states, once a second.
func (e *events) look() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
		}
		topics := map[string]bool{}
		for _, topic := range [...]string{"providers", "fleet"} {
			topics[topic] = e.wanted(topic)
		}
		e.refresh(topics)
	}
}

// refresh looks at the states of topics.
func (e *events) refresh(topics map[string]bool) {
	if topics["providers"] {
		cards := e.s.providerPages(true)
		e.state("providers", map[string]any{"providers": cards}, standingsOf(cards))
	}
	if d := e.s.Documents; d != nil && topics["fleet"] {
		card := d.fleetCard()
		e.state("fleet", card, fleetKey(card))
	}
}

// standingsOf is what of providers a reader has to know at once.
func standingsOf(cards []providerCard) []any {
	var out []any
	for i := range cards {
		c := &cards[i]
		out = append(out, c.ID, c.State, c.Detail, c.Until, c.KeyLast4)
		if c.providerFacts == nil {
			continue
		}
		for _, k := range c.Keys {
			out = append(out, k.ID, k.State, k.Until)
		}
		for _, d := range c.Deployments {
			out = append(out, d.Deployment, d.State, d.Breaker)
		}
	}
	return out
}

// fleetKey is the fleet without when each was heard of.
func fleetKey(card fleetCard) fleetCard {
	card.Replicas = append([]store.Replica(nil), card.Replicas...)
	for i := range card.Replicas {
		card.Replicas[i].Heard = time.Time{}
	}
	if card.State.AsOf != nil {
		card.State.AsOf = nil
	}
	return card
}

// documentEvent is a document that has just begun to serve here.
type documentEvent struct {
	Kind    store.Kind `json:"kind"`
	Version uint64     `json:"version"`
	Author  string     `json:"author"`
	Note    string     `json:"note,omitempty"`
	Refused string     `json:"refused,omitempty"` // why it does not serve after all
}

// documents tells of what serves anew.
func (e *events) documents(d *Documents, moved <-chan struct{}, known map[store.Kind]documentEvent) {
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-moved:
		}
		next, live := d.state()
		moved = next
		for _, kind := range store.Kinds {
			if now, ok := live[kind]; ok && now != known[kind] {
				e.news("documents", now)
			}
		}
		known = live
	}
}

// audit tells of what people change.
func (e *events) audit(d *Documents) {
	for e.ctx.Err() == nil {
		if h := d.History(); h != nil {
			_ = h.Watch(e.ctx, func(event store.Event) { e.news("audit", event) })
		}
		select {
		case <-e.ctx.Done():
		case <-time.After(time.Second): // the state does not answer yet
		}
	}
}

// state is what serves by kind, or was refused last, and a channel that is closed when that changes.
func (d *Documents) state() (moved <-chan struct{}, live map[store.Kind]documentEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	live = map[store.Kind]documentEvent{}
	for _, kind := range store.Kinds {
		if v := d.live[kind]; v != nil {
			live[kind] = documentEvent{Kind: kind, Version: v.Number, Author: v.Author, Note: v.Note}
		}
		if r := d.refused[kind]; r != nil {
			live[kind] = documentEvent{Kind: kind, Version: r.Number, Author: r.Author, Note: r.Note, Refused: r.err.Error()}
		}
	}
	return d.moved, live
}

// eventID is where a reader stands: process, news, and the time up to which it has seen decisions.
func (e *events) eventID(seq uint64, at time.Time) string {
	return fmt.Sprintf("%s.%d.%d", e.boot, seq, at.UnixMilli())
}

// parseEventID reads one; ok is false for what is none.
func parseEventID(id string) (boot string, seq uint64, at time.Time, ok bool) {
	parts := bytes.Split([]byte(id), []byte{'.'})
	if len(parts) != 3 || len(parts[0]) == 0 || len(parts[0]) > 16 {
		return "", 0, time.Time{}, false
	}
	var numbers [2]uint64
	for i, p := range parts[1:] {
		if len(p) == 0 || len(p) > 15 {
			return "", 0, time.Time{}, false
		}
		for _, c := range p {
			if c < '0' || c > '9' {
				return "", 0, time.Time{}, false
			}
			numbers[i] = numbers[i]*10 + uint64(c-'0')
		}
	}
	return string(parts[0]), numbers[0], time.UnixMilli(int64(numbers[1])), true
}
