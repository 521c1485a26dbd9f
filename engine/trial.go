package engine

import (
	"hash/fnv"
	"math/rand/v2"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/ledger"
)

// Trial is a snapshot that is tried on a share of the live traffic beside the one that serves. As a canary it decides; as a shadow it
// only says what it would have decided, when the answer is out. Who is in the share stays in it while it grows.
type Trial struct {
	ID       string
	Share    float64 // 0..1
	Canary   bool
	ByKey    bool   // the share is of API keys, else of conversations; who has neither is drawn
	Salt     string // what the share is drawn by: the same for all stages of one change
	Snapshot *Snapshot

	canary, control *ledger.Trial
}

// Try begins a trial in place of the one that runs; nil ends it. Requests under way end as they began.
func (e *Engine) Try(t *Trial) {
	if t != nil {
		t.canary, t.control = &ledger.Trial{ID: t.ID, Arm: ledger.ArmCanary}, &ledger.Trial{ID: t.ID, Arm: ledger.ArmControl}
		e.Live.lend(t.Snapshot)
	}
	if old := e.trial.Swap(t); old != nil {
		old.Snapshot.Release()
	}
}

// Trial is the trial that runs; nil = none.
func (e *Engine) Trial() *Trial { return e.trial.Load() }

// lend gives a snapshot that does not serve its share in its classifier, which is the serving one's or its own.
func (l *Live) lend(s *Snapshot) {
	l.publish.Lock()
	defer l.publish.Unlock()
	old := l.current.Load()
	s.Version = old.Version
	l.adopt(s, old)
}

// takes is whether somebody is in the share.
func (t *Trial) takes(key string, conversation ConversationID) bool {
	h := fnv.New64a()
	h.Write([]byte(t.Salt))
	switch {
	case t.ByKey && key != "":
		h.Write([]byte(key))
	case conversation != ConversationID{}:
		h.Write(conversation[:])
	default:
		return rand.Float64() < t.Share
	}
	return float64(mix(h.Sum64())>>11)/(1<<53) < t.Share
}

// mix spreads a hash over all its bits: those of FNV that are high change little with the last bytes. (The finalizer of SplitMix64: Steele,
// Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014.)
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// try gives a request its part in a trial.
func (rt *Routed) try(e *Engine, t *Trial, key string) {
	in := t.takes(key, rt.Conversation)
	switch {
	case t.Canary && !in:
		rt.arm = t.control
	case !in || !t.Snapshot.hold(): // it has just ended
	case t.Canary:
		rt.Snapshot.Release()
		rt.Snapshot, rt.arm = t.Snapshot, t.canary
		rt.World.Health = e.Monitor.View(t.Snapshot.Catalog)
	default:
		rt.shadow = t
	}
}

// part is the request's part in a trial, for its record. A shadow decides here, when nobody waits any more.
func (rt *Routed) part() *ledger.Trial {
	if rt.shadow == nil || rt.Decision.Best() == nil {
		return rt.arm
	}
	t, w := rt.shadow, rt.World
	if t.Snapshot.Classifier != rt.Snapshot.Classifier {
		var in classifiers.Input
		w.Classification = new(classifiers.Result)
		t.Snapshot.Classify(rt.Request, &in, w.Classification)
	}
	if t.Snapshot.Catalog != rt.Snapshot.Catalog {
		w.Health = nil // which is by the other's deployments
	}
	d := NewDecision()
	defer d.Release()
	p := &ledger.Trial{ID: t.ID, Arm: ledger.ArmShadow}
	if err := Decide(t.Snapshot, rt.Request, &w, d); err != nil {
		p.Moved, p.Impossible = true, codeOf(err)
		return p
	}
	was, is := rt.Decision.Best(), d.Best()
	p.Moved = was.Deployment.ID != is.Deployment.ID || was.Effort != is.Effort
	p.Model, p.Provider, p.Tier = is.Deployment.Model.ID, is.Deployment.Provider, d.Tier.String()
	p.Cost, p.Quality = ledger.Money(is.Cost), float32(finite(is.Quality))
	return p
}

func codeOf(err error) string {
	if refusal, ok := err.(*DecideError); ok {
		return refusal.Code
	}
	return "error"
}
