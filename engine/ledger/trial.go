package ledger

import (
	"maps"
	"slices"
	"time"
)

// The arms of a trial of something new on live traffic.
const (
	ArmShadow  = "shadow"  // decided by what serves, and once more by what is new, for comparison alone
	ArmCanary  = "canary"  // decided by what is new
	ArmControl = "control" // decided by what serves, beside a canary
)

// Trial is a request's part in a trial.
type Trial struct {
	ID  string `json:"id"`
	Arm string `json:"arm"`
	// Of a shadow: what would have been.
	Moved      bool    `json:"moved,omitempty"` // another deployment or effort would have been asked first
	Impossible string  `json:"impossible,omitempty"`
	Model      string  `json:"model,omitempty"`
	Provider   string  `json:"provider,omitempty"`
	Tier       string  `json:"tier,omitempty"`
	Cost       Money   `json:"cost,omitempty"`    // expected
	Quality    float32 `json:"quality,omitempty"` // expected
}

// Arm adds up the requests of one arm of a trial. The figures of a shadow are expectations of both sides, over requests that both could decide.
type Arm struct {
	Requests int64 `json:"requests"`
	Failed   int64 `json:"failed"`
	Cost     Money `json:"cost"` // as billed
	// Squares is the sum of the squares of the costs in USD, from which the spread of the mean follows.
	Squares    float64 `json:"squares"`
	Moved      int64   `json:"moved"`
	Impossible int64   `json:"impossible"`
	Compared   int64   `json:"compared"` // requests behind the four sums that follow
	Before     Money   `json:"before_cost"`
	After      Money   `json:"after_cost"`
	BeforeIs   float64 `json:"before_quality"`
	AfterIs    float64 `json:"after_quality"`
}

func (a *Arm) add(r *Record) {
	t := r.Trial
	a.Requests++
	a.Failed += int64(bits(r.Failed(), 1))
	a.Cost += r.Cost
	a.Squares += r.Cost.USD() * r.Cost.USD()
	if t.Arm != ArmShadow {
		return
	}
	a.Moved += int64(bits(t.Moved, 1))
	if t.Impossible != "" {
		a.Impossible++
		return
	}
	if r.Decision == nil || len(r.Decision.Chain) == 0 {
		return
	}
	was := &r.Decision.Chain[0]
	a.Compared++
	a.Before += was.Cost
	a.After += t.Cost
	a.BeforeIs += float64(was.Quality)
	a.AfterIs += float64(t.Quality)
}

// Merge adds another arm's sums.
func (a *Arm) Merge(o *Arm) {
	a.Requests += o.Requests
	a.Failed += o.Failed
	a.Cost += o.Cost
	a.Squares += o.Squares
	a.Moved += o.Moved
	a.Impossible += o.Impossible
	a.Compared += o.Compared
	a.Before += o.Before
	a.After += o.After
	a.BeforeIs += o.BeforeIs
	a.AfterIs += o.AfterIs
}

func (a *Arm) write(w *writer) {
	for _, n := range [...]int64{a.Requests, a.Failed, int64(a.Cost), a.Moved, a.Impossible, a.Compared, int64(a.Before), int64(a.After)} {
		w.int(n)
	}
	for _, x := range [...]float64{a.Squares, a.BeforeIs, a.AfterIs} {
		w.double(x)
	}
}

func (a *Arm) read(r *reader) {
	for _, n := range [...]*int64{&a.Requests, &a.Failed, (*int64)(&a.Cost), &a.Moved, &a.Impossible, &a.Compared, (*int64)(&a.Before), (*int64)(&a.After)} {
		*n = r.int()
	}
	for _, x := range [...]*float64{&a.Squares, &a.BeforeIs, &a.AfterIs} {
		*x = r.double()
	}
}

// Arms are the sums of a trial by arm.
type Arms map[string]*Arm

// trials are the sums of trials by id.
type trials map[string]Arms

func (t *trials) add(r *Record) {
	if r.Trial != nil {
		t.arm(r.Trial.ID, r.Trial.Arm).add(r)
	}
}

func (t *trials) arm(id, arm string) *Arm {
	if *t == nil {
		*t = trials{}
	}
	arms := (*t)[id]
	if arms == nil {
		arms = Arms{}
		(*t)[id] = arms
	}
	if arms[arm] == nil {
		arms[arm] = new(Arm)
	}
	return arms[arm]
}

func (t *trials) merge(o trials) {
	for id, arms := range o {
		for name, a := range arms {
			t.arm(id, name).Merge(a)
		}
	}
}

func (t trials) write(w *writer) {
	w.count(len(t))
	for _, id := range slices.Sorted(maps.Keys(t)) {
		w.own(id)
		w.count(len(t[id]))
		for _, name := range slices.Sorted(maps.Keys(t[id])) {
			w.own(name)
			t[id][name].write(w)
		}
	}
}

func (t *trials) read(r *reader) {
	for range r.length(2) {
		id := r.own()
		for range r.length(12) {
			t.arm(id, r.own()).read(r)
		}
	}
}

// Trial adds up the requests of a trial that began at since, by arm, those of all replicas.
func (l *Ledger) Trial(id string, since time.Time) Arms {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum trials
	of := spans[hourly].of
	from := since.Add(-of).Unix() / int64(of/time.Second)
	for at, b := range l.rollups.by[hourly] {
		if at < from {
			continue
		}
		for name, a := range b.trials[id] {
			sum.arm(id, name).Merge(a)
		}
	}
	return sum[id]
}
