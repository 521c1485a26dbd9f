package demo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
)

// Era is a time in which one policy served.
type Era struct {
	Snapshot *engine.Snapshot
	Since    time.Time
}

// Past is a day that is made up.
type Past struct {
	Eras []Era // oldest first; their policies decide
	Keys map[string]*access.Key
	To   time.Time // it ends then
	Over time.Duration
	N    int // decisions
	Seed uint64
	Put  func(*ledger.Record) // takes a record over
}

// Outage is when a provider failed, and which.
type Outage struct {
	Provider string
	From, To time.Time
}

// rehearsed is a prompt that was read and classified once.
type rehearsed struct {
	*Prompt
	request *chat.Request
	class   classifiers.Result
	key     *access.Key
	h       engine.Rehearsal
}

// Make makes the day up, oldest request first: every request is decided by the policy of its time, and becomes what the
// simulated providers' latencies, prices and errors would have made of it.
func (p *Past) Make(ctx context.Context) (Outage, error) {
	if p.N <= 0 || len(p.Eras) == 0 {
		return Outage{}, nil
	}
	now := p.Eras[len(p.Eras)-1].Snapshot
	all, wheel, err := p.read(now)
	if err != nil {
		return Outage{}, err
	}
	defer func() {
		for i := range all {
			all[i].request.Release()
		}
	}()
	rng := rand.New(rand.NewPCG(p.Seed, 0x7274))
	outage := Outage{Provider: busiest(all, now), From: p.To.Add(-26 * time.Minute), To: p.To.Add(-8 * time.Minute)}
	sick := health(now, outage)
	times := arrivals(p.To.Add(-p.Over), p.To, p.N, rng)
	era := 0
	for i, at := range times {
		if i%512 == 0 && ctx.Err() != nil {
			return outage, ctx.Err()
		}
		for era+1 < len(p.Eras) && !at.Before(p.Eras[era+1].Since) {
			era++
		}
		x := &all[wheel[rng.IntN(len(wheel))]]
		w := engine.World{Now: at, Key: x.key, Seed: rng.Uint64(), Patience: 10 * time.Second, Classification: &x.class}
		failing := at.After(outage.From) && at.Before(outage.To)
		if failing && rng.Float64() < .8 { // known, but for those who find out
			w.Health = sick
		}
		rec := ledger.NewRecord()
		rec.Request, rec.Time, rec.Dialect, rec.Demo = fmt.Sprintf("req_demo%020d", i), at.UTC(), "chat", true
		d, err := x.h.Decide(p.Eras[era].Snapshot, x.request, &w, rec)
		if err != nil {
			refused(rec, err)
		} else {
			down := ""
			if failing {
				down = outage.Provider
			}
			answer(rec, p.Eras[era].Snapshot, d, x, down, rng)
		}
		p.Put(rec)
	}
	return outage, nil
}

// read reads and classifies the prompts; wheel has each as often as its weight says.
func (p *Past) read(s *engine.Snapshot) (all []rehearsed, wheel []int, err error) {
	list := Prompts()
	all = make([]rehearsed, len(list))
	for i := range list {
		x := &all[i]
		x.Prompt, x.key = &list[i], p.Keys[list[i].Key]
		began := time.Now()
		if x.request, err = chat.Read(list[i].Body); err != nil {
			return nil, nil, fmt.Errorf("the demo's prompt %d: %w", i, err)
		}
		x.h.Classify(s, x.request, time.Since(began), &x.class)
		for range list[i].Weight {
			wheel = append(wheel, i)
		}
	}
	return all, wheel, nil
}

// busiest is the provider that the most requests go to: one whose outage is worth looking at.
func busiest(all []rehearsed, s *engine.Snapshot) (most string) {
	n := map[string]int{}
	d := engine.NewDecision()
	defer d.Release()
	for i := range all {
		x := &all[i]
		w := engine.World{Now: time.Now(), Key: x.key, Classification: &x.class}
		if engine.Decide(s, x.request, &w, d) == nil {
			if id := d.Best().Deployment.Provider; true {
				if n[id] += x.Weight; n[id] > n[most] || n[id] == n[most] && id < most {
					most = id
				}
			}
		}
	}
	return most
}

// health is what was known while a provider was out.
func health(s *engine.Snapshot, o Outage) []engine.Health {
	list := make([]engine.Health, len(s.Catalog.Deployments))
	for i, d := range s.Catalog.Deployments {
		if d.Provider == o.Provider {
			list[i] = engine.Health{State: providers.Down, Since: o.From, Until: o.To, Why: "overloaded (503)"}
		}
	}
	return list
}

// arrivals are n times between two, more by day than by night, in order.
func arrivals(from, to time.Time, n int, rng *rand.Rand) []time.Time {
	const slots = 24 * 12
	width := to.Sub(from) / slots
	var weights [slots]float64
	total := 0.
	for i := range weights {
		at := from.Add(time.Duration(i) * width)
		hour := float64(at.Hour()) + float64(at.Minute())/60
		weights[i] = (.35 + .65*math.Pow(math.Sin((hour-5)/24*math.Pi), 2)) * (.85 + .3*rng.Float64())
		total += weights[i]
	}
	times := make([]time.Time, 0, n)
	due := 0.
	for i, w := range weights {
		due += w / total * float64(n)
		k := int(due+.5) - len(times)
		if i == slots-1 {
			k = n - len(times)
		}
		for j := range k {
			share := (float64(j) + rng.Float64()) / float64(k)
			times = append(times, from.Add(time.Duration(i)*width+time.Duration(share*float64(width))))
		}
	}
	return times
}

// refused is a request that never was sent.
func refused(r *ledger.Record, err error) {
	r.Status, r.Outcome = 503, engine.CodeNoHealthy
	if e, ok := err.(*engine.DecideError); ok {
		r.Status, r.Outcome, r.Rule = e.Status, e.Code, e.Rule
	}
	r.Took = r.Reading + r.Classifying + r.Deciding
}

// answer makes up what became of a decision: candidates fail now and then, one of a provider that is out nearly always, and the
// first that does not has answered.
func answer(r *ledger.Record, s *engine.Snapshot, d *engine.Decision, x *rehearsed, out string, rng *rand.Rand) {
	var took time.Duration
	overhead := (r.Reading + r.Classifying + r.Deciding).Duration()
	for place, i := range d.Chain {
		c := &d.Candidates[i]
		dep := c.Deployment
		first, each := sim.Pace(dep)
		first, each = spread(first, rng), spread(each, rng)
		a := ledger.Attempt{Deployment: dep.ID, Model: dep.Model.ID, Provider: dep.Provider}
		fails := .006
		if dep.Provider == out {
			fails = .95
		}
		if rng.Float64() < fails {
			f := failures[rng.IntN(len(failures))]
			if dep.Provider == out {
				f = failures[0]
			}
			a.Class, a.Status, a.Took = f.class, f.status, ledger.Since(first/4)
			took += first / 4
			r.Attempts = append(r.Attempts, a)
			continue
		}
		t := tokens(x, c, rng)
		whole := first + each*time.Duration(t.Completion)
		a.Sent, a.Tokens, a.Source = true, t, "usage"
		cost := catalog.Tokens{Input: t.Prompt - t.Cached, CachedRead: t.Cached, Output: t.Completion - t.Reasoning, Reasoning: t.Reasoning}
		a.Cost = ledger.Money(max(dep.Prices.Cost(cost, ""), 0))
		if a.Took = ledger.Since(whole); x.Stream {
			a.Took = ledger.Since(first)
			r.FirstToken = ledger.Since(overhead + took + first)
		}
		r.Attempts = append(r.Attempts, a)
		r.Model, r.Provider, r.Fallback = dep.Model.ID, dep.Provider, place > 0
		r.Tokens, r.Cost, r.Priced, r.Baseline = t, a.Cost, true, ledger.Money(s.AtBaseline(cost))
		r.Status, r.Outcome, r.Took = 200, "ok", ledger.Since(overhead+took+whole)
		return
	}
	best := d.Best()
	r.Model, r.Provider = best.Deployment.Model.ID, best.Deployment.Provider
	r.Status, r.Outcome, r.Took = 502, engine.CodeUpstreamFailed, ledger.Since(overhead+took)
}

var failures = [...]struct {
	class  string
	status int
}{{string(providers.Overloaded), 503}, {string(providers.RateLimited), 429}, {string(providers.Server), 500}, {string(providers.Timeout), 0}}

// tokens are what a request took, around what was expected.
func tokens(x *rehearsed, c *engine.Candidate, rng *rand.Rand) ledger.Tokens {
	f := &x.request.Facts
	t := ledger.Tokens{Prompt: int64(max(float64(f.PromptTokens)*(.92+.16*rng.Float64()), 1)), Completion: int64(max(float64(c.Tokens)*math.Exp(rng.NormFloat64()*.45-.1), 1))}
	if m := int64(x.request.MaxTokens); m > 0 {
		t.Completion = min(t.Completion, m)
	}
	if f.PromptTokens > 400 && rng.Float64() < .5 {
		t.Cached = t.Prompt / 2
	}
	if c.Deployment.Model.Thinks {
		t.Reasoning = t.Completion / 3
	}
	return t
}

// spread is a time as it varies from one request to the next: most a little, a few a lot.
func spread(d time.Duration, rng *rand.Rand) time.Duration {
	return time.Duration(float64(d) * math.Exp(rng.NormFloat64()*.35))
}
