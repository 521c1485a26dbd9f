package store

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// fleetSubject is where replicas tell each other how they are. Nobody keeps these messages.
const (
	fleetSubject = "routor.fleet"
	rollSubject  = "routor.fleet.roll" // who is there?
)

// How often a replica says how it is, how long what it knows may take to come here, after which silence it counts as silent, and after which it is forgotten.
const (
	heartbeat = time.Second
	patience  = 150 * time.Millisecond // before what another replica knows, and has not come here, is asked for
	silent    = 4 * time.Second
	forgotten = 10 * time.Minute
)

// Replica is a process of the fleet, as it says itself.
type Replica struct {
	Name      string            `json:"name"`
	PID       int               `json:"pid"`
	Version   string            `json:"version"` // of the program
	Started   time.Time         `json:"started"`
	Documents map[Kind]*Serving `json:"documents"`
	Keys      uint64            `json:"keys"` // the last change of the keys that it knows
	Leaving   bool              `json:"leaving,omitempty"`
	Heard     time.Time         `json:"heard"` // the last time
	Silent    bool              `json:"silent,omitempty"`
}

// Serving is a document as a replica serves it.
type Serving struct {
	Version uint64    `json:"version"` // 0 = the built-in one
	Seq     uint64    `json:"seq"`     // of the change in the history
	Since   time.Time `json:"since,omitzero"`
	// Refused is the version that came last and was not taken over, if there is one, and Why.
	Refused    uint64 `json:"refused,omitempty"`
	RefusedSeq uint64 `json:"refused_seq,omitempty"`
	Why        string `json:"why,omitempty"`
}

// Fleet is the replicas that share a state. With an embedded server there is one, and nothing is sent.
type Fleet struct {
	store  *Store
	self   func() Replica
	behind func() // others know more than this replica

	mu      sync.Mutex
	others  map[string]Replica
	heard   chan struct{} // closed and replaced whenever one is heard of
	late    bool          // this replica was behind when it last looked
	stop    chan struct{}
	ended   sync.WaitGroup
	subs    []*nats.Subscription
	now     chan struct{}
	passive bool // only listens
}

// Fleet joins the fleet. self says how this replica is; behind is called when others have seen changes that have not come
// here in time. One that is passive only listens.
func (s *Store) Fleet(self func() Replica, behind func(), passive bool) (*Fleet, error) {
	f := &Fleet{
		store: s, self: self, behind: behind, others: map[string]Replica{}, heard: make(chan struct{}), stop: make(chan struct{}),
		now: make(chan struct{}, 1), passive: passive,
	}
	if s.embedded != nil {
		return f, nil
	}
	sub, err := s.conn.Subscribe(fleetSubject, f.hear)
	if err != nil {
		return nil, err
	}
	f.subs = append(f.subs, sub)
	if passive {
		f.roll()
		return f, nil
	}
	if sub, err = s.conn.Subscribe(rollSubject, func(*nats.Msg) { f.Announce() }); err != nil {
		return nil, err
	}
	f.subs = append(f.subs, sub)
	f.ended.Go(f.run)
	return f, nil
}

// roll asks who is there, and gives them a moment to say so.
func (f *Fleet) roll() {
	_ = f.store.conn.Flush()
	_ = f.store.conn.Publish(rollSubject, nil)
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		f.mu.Lock()
		heard := f.heard
		f.mu.Unlock()
		select {
		case <-heard:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (f *Fleet) run() {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		f.say(false)
		select {
		case <-f.stop:
			f.say(true)
			return
		case <-tick.C:
			f.forget()
		case <-f.now:
		}
	}
}

func (f *Fleet) say(leaving bool) {
	r := f.self()
	r.Leaving = leaving
	if src, err := json.Marshal(r); err == nil {
		_ = f.store.conn.Publish(fleetSubject, src) // the next one says the same
	}
}

// Announce says at once how this replica is, because it has just changed.
func (f *Fleet) Announce() {
	select {
	case f.now <- struct{}{}:
	default:
	}
}

func (f *Fleet) hear(m *nats.Msg) {
	var r Replica
	if json.Unmarshal(m.Data, &r) != nil || r.Name == "" {
		return
	}
	r.Heard = time.Now()
	newer := f.newer(&r)
	f.mu.Lock()
	defer f.mu.Unlock()
	if newer && !f.late {
		f.late = true
		time.AfterFunc(patience, f.look)
	}
	if r.Leaving {
		delete(f.others, r.Name)
	} else {
		f.others[r.Name] = r
	}
	close(f.heard)
	f.heard = make(chan struct{})
}

// newer says whether another replica knows of changes that this one does not.
func (f *Fleet) newer(r *Replica) bool {
	self := f.self()
	return r.Name != self.Name && !f.passive && (r.seq() > self.seq() || r.Keys > self.Keys)
}

// look finds out whether what another replica knew a moment ago has come here meanwhile.
func (f *Fleet) look() {
	self := f.self()
	own := self.seq()
	f.mu.Lock()
	f.late = false
	behind := false
	for _, r := range f.others {
		behind = behind || r.Name != self.Name && time.Since(r.Heard) < silent && (r.seq() > own || r.Keys > self.Keys)
	}
	f.mu.Unlock()
	select {
	case <-f.stop:
	default:
		if behind {
			f.behind()
		}
	}
}

// forget drops who has long been silent.
func (f *Fleet) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, r := range f.others {
		if time.Since(r.Heard) > forgotten {
			delete(f.others, name)
		}
	}
}

// seq is the last change of the documents that a replica has seen.
func (r *Replica) seq() (seq uint64) {
	for _, d := range r.Documents {
		seq = max(seq, d.Seq, d.RefusedSeq)
	}
	return seq
}

// Replicas are all that are known, this one included, by name.
func (f *Fleet) Replicas() []Replica {
	f.mu.Lock()
	all := maps.Clone(f.others)
	f.mu.Unlock()
	if !f.passive || f.store.embedded != nil {
		self := f.self()
		self.Heard = time.Now()
		all[self.Name] = self
	}
	list := make([]Replica, 0, len(all))
	for _, r := range all {
		r.Silent = time.Since(r.Heard) >= silent
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Replica) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// Taken is what became of a change at one replica.
type Taken struct {
	Replica string `json:"replica"`
	State   string `json:"state"` // live, refused, silent
	Why     string `json:"why,omitempty"`
}

// Await waits until every replica that is heard of has taken a version over or refused it, at most as long as given, and says
// what became of it at each.
func (f *Fleet) Await(v *Version, most time.Duration) []Taken {
	end := time.NewTimer(most)
	defer end.Stop()
	for {
		f.mu.Lock()
		heard := f.heard
		f.mu.Unlock()
		list, whole := []Taken{}, true
		for _, r := range f.Replicas() {
			t := Taken{Replica: r.Name, State: "silent"}
			if d := r.Documents[v.Kind]; d != nil && d.Seq >= v.Seq {
				t.State = "live"
			} else if d != nil && d.RefusedSeq >= v.Seq {
				t.State, t.Why = "refused", d.Why
			} else {
				whole = whole && r.Silent
			}
			list = append(list, t)
		}
		if whole {
			return list
		}
		select {
		case <-heard:
		case <-end.C:
			return list
		}
	}
}

// Close leaves the fleet.
func (f *Fleet) Close() {
	close(f.stop)
	f.ended.Wait()
	for _, sub := range f.subs {
		_ = sub.Unsubscribe()
	}
	if ok, _ := f.store.Connected(); ok && len(f.subs) > 0 {
		_ = f.store.conn.FlushTimeout(time.Second)
	}
}
