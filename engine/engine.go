package engine

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/providers"
)

// Engine routes requests by the snapshot that serves and sends them to the providers.
type Engine struct {
	Live          *Live
	Conversations *Conversations
	Monitor       *Monitor
	Metrics       *Metrics
	Limits        Limits

	States  *States  // what models need back of earlier turns
	Items   *Items   // of answers in Responses, for clients that refer to them
	Kept    *Keepers // who keeps the answers that clients may go on from
	Fetcher *Fetcher // reads media that clients give by URL; nil = nobody does
	Learner *Learner // learns from feedback, for profiles that say so; nil = nobody does

	connections map[string]*providers.Connection
	upstreams   map[string]Upstream
	seed        uint64
	trial       atomic.Pointer[Trial]
}

// Limits bound how a request is dispatched. Zero fields take the default.
type Limits struct {
	Deadline  time.Duration // of a request with all its attempts; 10 min
	Attempts  int           // upstream calls a request; 6
	Silence   time.Duration // from the start until a stream's client gets headers and a comment; 5 s
	Heartbeat time.Duration // between comments after that; 10 s
	Hold      time.Duration // how long reasoning is held back while failover could still replace it; 2 s
	HoldBytes int           // and how much of it; 64 KB

	Wait         time.Duration          // how long a request waits in all for a candidate that cools down or is full; 10 s, below 0 = not
	RetryInPlace time.Duration          // the longest wait that a provider can ask for before it is asked again, rather than a worse model; 1 s
	RetryShare   float64                // of a provider's calls that may be retries; 0.2
	Concurrency  map[string]Concurrency // most calls at the same time, by provider

	Timeouts providers.Timeouts // of a call; connect 5 s, first token 30 s (of models that reason 120 s), idle 30 s, total of a plain answer half of Deadline
	// Providers are timeouts of single providers' calls; what is zero there is as in Timeouts.
	Providers map[string]providers.Timeouts
}

func (l Limits) withDefaults() Limits {
	for _, d := range [...]struct {
		field *time.Duration
		def   time.Duration
	}{
		{&l.Deadline, 10 * time.Minute}, {&l.Silence, 5 * time.Second}, {&l.Heartbeat, 10 * time.Second}, {&l.Hold, 2 * time.Second},
		{&l.Timeouts.Connect, 5 * time.Second}, {&l.Timeouts.FirstToken, 30 * time.Second}, {&l.Timeouts.Idle, 30 * time.Second},
		{&l.Timeouts.Thinking, 2 * time.Minute}, {&l.RetryInPlace, time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.def
		}
	}
	if l.Wait == 0 {
		l.Wait = 10 * time.Second
	}
	if l.RetryShare <= 0 {
		l.RetryShare = 0.2
	}
	if l.Attempts <= 0 {
		l.Attempts = 6
	}
	if l.HoldBytes <= 0 {
		l.HoldBytes = 64 << 10
	}
	return l
}

// Options are what an Engine is made of.
type Options struct {
	Snapshot    *Snapshot
	Connections map[string]*providers.Connection // by provider
	// Upstreams stand in for connections, or beside them.
	Upstreams     map[string]Upstream
	Limits        Limits
	Conversations int    // most that are remembered; 0 = 100,000
	Secret        []byte // keys the identities of conversations; nil = random
	Seed          uint64 // of `split`
	Fetcher       *Fetcher
	Metrics       *Metrics
	Shared        Shared   // nil = there is no fleet
	Learner       *Learner // nil = nothing is learned
}

// New makes an Engine that serves a snapshot.
func New(o Options) *Engine {
	e := &Engine{
		Live: NewLive(o.Snapshot), Conversations: NewConversations(o.Conversations, o.Secret), Monitor: NewMonitor(),
		Metrics: o.Metrics, Limits: o.Limits.withDefaults(), States: NewStates(), Items: NewItems(), Kept: NewKeepers(), Fetcher: o.Fetcher, connections: o.Connections, upstreams: map[string]Upstream{}, seed: o.Seed,
	}
	for id, c := range o.Connections {
		e.upstreams[id] = Through(c)
	}
	for id, u := range o.Upstreams {
		e.upstreams[id] = u
	}
	if e.Metrics == nil {
		e.Metrics = NewMetrics()
	}
	e.Metrics.gauges(e.Live, e.Conversations)
	e.Monitor.most = e.Limits.Concurrency
	if o.Shared != nil {
		e.Monitor.Share(o.Shared)
	}
	e.Metrics.health(e)
	if o.Learner != nil {
		e.Teach(o.Learner)
	}
	e.Live.published = func(_, _ *Snapshot) { e.Metrics.swaps.Inc() }
	return e
}

// Teach has requests of profiles that learn be decided by what a learner learns. It must be called before the first request.
func (e *Engine) Teach(l *Learner) {
	e.Learner = l
	l.Follow(e.Live)
}

// Connected is whether a provider can be called, for Parts.Connected of further snapshots.
func (e *Engine) Connected(provider string) bool { return e.upstreams[provider] != nil }

// Connection is the connection to a provider; nil = there is none.
func (e *Engine) Connection(provider string) *providers.Connection { return e.connections[provider] }

// Caller is who asks.
type Caller struct {
	Key          *access.Key // nil = no key
	Conversation string      // X-Routor-Conversation
	Reading      time.Duration
	Timeout      time.Duration // how long the client waits for an answer; 0 = it did not say
	Source       Source        // what the client sent, where that was not chat completions
	// Record is written what is decided and what becomes of it: when Route refuses, else when the Answer is closed. nil = nobody
	// keeps it.
	Record *ledger.Record
}

// Routed is a request with its decision and what it was decided by. It refers to the chat.Request, which must live as long.
type Routed struct {
	Snapshot     *Snapshot
	Request      *chat.Request
	World        World
	Decision     *Decision
	Conversation ConversationID
	class        classifiers.Result
	input        classifiers.Input
	timeout      time.Duration
	record       *ledger.Record
	arm          *ledger.Trial // of the trial that the request takes part in; nil = of none
	shadow       *Trial        // is asked what it would have decided; nil = none is
	body, spare  []byte        // as the provider gets it; one that is being edited
	source       Source
	conv         *chat.Conversation // read when a candidate of another dialect is asked
	members      chat.Members       // of source's body
	fetched      map[string]*chat.Media
	edits        []chat.Edit // memory for those of a body
	answer, note []byte      // of the answer: a plain one as the client gets it; the routor object in it
}

// keptBody is the largest body whose memory is kept for the next request.
const keptBody = 1 << 20

var routeds = sync.Pool{New: func() any { return new(Routed) }}

// Route gathers the world and decides. The error is a *DecideError; a Routed must be released, or given to Dispatch.
func (e *Engine) Route(r *chat.Request, c Caller) (*Routed, error) {
	rt := e.gather(r, c)
	start := time.Now()
	rt.Snapshot.Classify(r, &rt.input, &rt.class)
	rt.World.Classification = &rt.class
	classified := time.Now()
	d := rt.Decision
	err := Decide(rt.Snapshot, r, &rt.World, d)
	d.Reading, d.Classifying, d.Deciding = c.Reading, classified.Sub(start), max(time.Since(classified), 1)
	if err != nil {
		if refusal, ok := err.(*DecideError); ok {
			e.Metrics.refusedFor(refusal)
			if c.Record != nil {
				rt.remember(c.Record)
				c.Record.Rule = refusal.Rule
			}
		}
		rt.Release()
		return nil, err
	}
	e.Metrics.decided(d)
	return rt, nil
}

// gather takes a snapshot and what is known of the world for a request.
func (e *Engine) gather(r *chat.Request, c Caller) *Routed {
	rt := routeds.Get().(*Routed)
	rt.Snapshot, rt.Request, rt.Decision = e.Live.Acquire(), r, NewDecision()
	rt.timeout, rt.record = c.Timeout, c.Record
	rt.World = World{Now: time.Now(), Key: c.Key, Seed: e.seed, Patience: max(e.Limits.Wait, 0), Health: e.Monitor.View(rt.Snapshot.Catalog)}
	if e.Learner != nil {
		rt.World.Learned = e.Learner.Now()
	}
	rt.source = c.Source
	keyID := ""
	if c.Key != nil {
		keyID = c.Key.ID
	}
	if id := r.Facts.Previous; id != "" {
		rt.World.Keeper = e.Kept.Of(keyID, id)
	}
	rt.Conversation = e.Conversations.Identify(keyID, c.Conversation, r)
	rt.World.Conversation = e.Conversations.Get(rt.Conversation, rt.World.Now)
	if rt.Conversation != (ConversationID{}) {
		rt.World.Seed ^= binary.LittleEndian.Uint64(rt.Conversation[:])
	}
	if t := e.trial.Load(); t != nil {
		rt.try(e, t, keyID)
	}
	return rt
}

// Release gives back everything that belongs to a routed request but the chat.Request.
func (rt *Routed) Release() {
	rt.Decision.Release()
	rt.Snapshot.Release()
	if rt.shadow != nil {
		rt.shadow.Snapshot.Release()
	}
	rt.arm, rt.shadow = nil, nil
	rt.Snapshot, rt.Request, rt.Decision, rt.World, rt.record = nil, nil, nil, World{}, nil
	rt.input = classifiers.Input{}
	rt.source, rt.conv, rt.fetched = Source{}, nil, nil
	clear(rt.edits)
	if cap(rt.body)+cap(rt.spare) > keptBody {
		rt.body, rt.spare = nil, nil
	}
	if cap(rt.answer) > keptBody {
		rt.answer = nil
	}
	routeds.Put(rt)
}

// Accounts are the provider accounts as they are known now, for /readyz and the admin API.
func (e *Engine) Accounts() map[string]providers.Account {
	out := make(map[string]providers.Account, len(e.connections))
	for id, c := range e.connections {
		out[id] = c.Account()
	}
	return out
}
