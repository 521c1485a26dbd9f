package engine

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/routor/routor/engine/store"
)

// factsStream holds the latest fact of each account, key and deployment, for a day at most; each says itself when it ends.
const factsStream = "FACTS"

// Facts share account facts through the state. A replica that starts learns those that still hold.
type Facts struct {
	state *store.Store
	self  string
	out   chan Fact
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// sharedFact is a fact as it is sent.
type sharedFact struct {
	From string `json:"from"`
	Fact
}

// ShareFacts joins an engine to the facts of a fleet until Close; self is this replica's name.
func ShareFacts(state *store.Store, self string, e *Engine) *Facts {
	ctx, stop := context.WithCancel(context.Background())
	f := &Facts{state: state, self: self, out: make(chan Fact, 256), stop: stop}
	e.Monitor.Share(f)
	f.ended.Go(func() {
		if f.open(ctx) {
			f.ended.Go(func() { f.send(ctx) })
			state.Watch(ctx, store.Watch{Stream: factsStream, Subjects: []string{"facts.>"}, Each: func(m store.Message) { f.learn(e, m.Data) }})
		}
	})
	return f
}

// Publish sends a fact as soon as it can be; one that finds the queue full is dropped.
func (f *Facts) Publish(fact Fact) {
	select {
	case f.out <- fact:
	default:
	}
}

// open makes the stream; false = it was closed first.
func (f *Facts) open(ctx context.Context) bool {
	for {
		try, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := f.state.Stream(try, store.StreamConfig{
			Name: factsStream, Description: "what is wrong with accounts at providers", Subjects: []string{"facts.>"}, MaxPerSubject: 1, MaxAge: 24 * time.Hour,
		})
		cancel()
		if err == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
		}
	}
}

func (f *Facts) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case fact := <-f.out:
			src, err := json.Marshal(sharedFact{f.self, fact})
			if err != nil {
				continue
			}
			m := nats.NewMsg("facts." + store.Escape(fact.Provider) + "." + store.Escape(fact.Key) + "." + store.Escape(fact.Deployment))
			m.Data = src
			_ = f.state.Conn().PublishMsg(m) // every replica finds out by itself as well
		}
	}
}

func (f *Facts) learn(e *Engine, src []byte) {
	var fact sharedFact
	if json.Unmarshal(src, &fact) == nil && fact.From != f.self {
		e.Learn(fact.Fact, time.Now())
	}
}

// Close leaves.
func (f *Facts) Close() {
	f.stop()
	f.ended.Wait()
}
