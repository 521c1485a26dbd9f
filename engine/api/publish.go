package api

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/policies"
)

// Publisher brings a changed policy, classifier, catalog or set of profiles live: it checks the change together with
// everything else that serves, and publishes all or nothing. The admin API and the followers of files share one. Its
// methods may be called from many goroutines; they run one after the other.
type Publisher struct {
	Live      *engine.Live
	Connected func(provider string) bool // Parts.Connected; nil = all
	Builtin   *classifiers.Module        // stands behind every other module
	Host      classifiers.Options        // the limits within which a module runs
	Balance   *float64                   // in place of the policy's own; nil = the policy's

	// Try has the engine try something beside what serves; nil stops it. nil = this process tries nothing.
	Try func(*engine.Trial)

	mu        sync.Mutex
	rollout   *Rollout // that is to be tried; nil = none
	rolloutID string
	tried     error
}

// Change is who changes what serves, and why.
type Change struct {
	Author, Note string
	// On is the version of the snapshot that the change was made to; if another serves by now the change is refused with
	// an *engine.ErrVersion. nil = whatever serves.
	On     *uint64
	DryRun bool // check only
}

// Policy checks a policy file and publishes it. The version is the one that serves afterwards. The error holds
// policies.Errors where the file itself is wrong.
func (p *Publisher) Policy(file string, src []byte, c Change) (version uint64, err error) {
	return p.publish(c, func(parts *engine.Parts) error { return p.compile(parts, file, src) })
}

// Classifier checks a module and publishes it; without bytes it is the built-in one.
func (p *Publisher) Classifier(ctx context.Context, wasm []byte, c Change) (version uint64, err error) {
	next := classifiers.New(nil, p.Builtin)
	if len(wasm) > 0 {
		m, err := classifiers.Load(ctx, wasm, p.Host)
		if err != nil {
			return 0, err
		}
		next = classifiers.New(m, p.Builtin)
	}
	version, err = p.publish(c, func(parts *engine.Parts) error {
		parts.Classifier, parts.Heads = next, Heads(next.Card())
		return p.again(parts)
	})
	if err != nil || c.DryRun {
		next.Close()
	}
	return version, err
}

// Catalog publishes a catalog.
func (p *Publisher) Catalog(cat *catalog.Catalog, c Change) (version uint64, err error) {
	return p.publish(c, func(parts *engine.Parts) error {
		parts.Catalog = cat
		return p.again(parts)
	})
}

// Profiles publishes profiles.
func (p *Publisher) Profiles(profiles map[string]*access.Profile, c Change) (version uint64, err error) {
	return p.publish(c, func(parts *engine.Parts) error {
		parts.Profiles = profiles
		return p.again(parts)
	})
}

func (p *Publisher) publish(c Change, change func(*engine.Parts) error) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.Live.Acquire()
	defer old.Release()
	if c.On != nil && *c.On != old.Version {
		return 0, &engine.ErrVersion{Current: old.Version, Expected: *c.On}
	}
	parts := old.Parts
	parts.Author, parts.Note, parts.Time = c.Author, c.Note, time.Now().UTC()
	if p.Connected != nil {
		parts.Connected = p.Connected
	}
	if err := change(&parts); err != nil {
		return 0, err
	}
	next, err := engine.NewSnapshot(parts)
	if err != nil {
		return 0, err
	}
	if c.DryRun {
		return old.Version, nil
	}
	if err := p.Live.Publish(next, old.Version); err != nil {
		return 0, err
	}
	p.retry()
	return next.Version, nil
}

// again compiles the policy that serves against the other parts: its rules were resolved against the old ones.
func (p *Publisher) again(parts *engine.Parts) error {
	return p.compile(parts, parts.Policy.Name+".yaml", parts.Policy.Source)
}

func (p *Publisher) compile(parts *engine.Parts, file string, src []byte) error {
	scope := policies.Scope{Catalog: parts.Catalog, Heads: parts.Heads}
	for name := range parts.Profiles {
		scope.Profiles = append(scope.Profiles, name)
	}
	policy, err := policies.Parse(file, src, scope)
	if err != nil {
		return err
	}
	if p.Balance != nil {
		policy.Balance = *p.Balance
	}
	parts.Policy = policy
	return nil
}

// Heads are the heads of a classifier's own, with their labels, as rules read them.
func Heads(card classifiers.Card) map[string][]string {
	heads := map[string][]string{}
	for _, h := range card.Heads {
		if h.Name != "category" && h.Name != "domain" {
			heads[h.Name] = h.Labels
		}
	}
	return heads
}

// problems are what a refused change is to be mended for, one a line; nil = err is of another kind.
func problems(err error) []any {
	var list policies.Errors
	if errors.As(err, &list) {
		out := make([]any, len(list))
		for i := range list {
			out[i] = list[i]
		}
		return out
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []any
		for _, e := range joined.Unwrap() {
			out = append(out, map[string]string{"message": e.Error()})
		}
		return out
	}
	return []any{map[string]string{"message": err.Error()}}
}
