package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/store"
)

// The stages of a rollout.
const (
	StageNone   = "none"
	StageShadow = "shadow" // it says what it would decide
	StageCanary = "canary" // it decides for a share
)

// Rollout is a policy or a classifier on its way to all traffic, as it is kept in the state: the fleet tries the same on the same share.
type Rollout struct {
	Kind   store.Kind `yaml:"kind,omitempty" json:"kind,omitempty"` // policy or classifier
	Stage  string     `yaml:"stage" json:"stage"`
	Share  float64    `yaml:"share,omitempty" json:"share,omitempty"` // 0..1
	By     string     `yaml:"by,omitempty" json:"by,omitempty"`       // key or conversation
	Bounds Bounds     `yaml:"bounds,omitempty" json:"bounds,omitzero"`
	// Base is the version that the change was made to, on which it goes live.
	Base   uint64 `yaml:"base,omitempty" json:"base_version"`
	Change string `yaml:"change,omitempty" json:"change,omitempty"` // names the change through all its stages
	Why    string `yaml:"why,omitempty" json:"why,omitempty"`       // it ended
	Source string `yaml:"source,omitempty" json:"source,omitempty"` // of a policy
	Module string `yaml:"module,omitempty" json:"-"`                // of a classifier, base64
}

// Bounds end a canary when it leaves them; "" = unbounded.
type Bounds struct {
	Cost   string `yaml:"cost,omitempty" json:"cost,omitempty"`     // of a request, against the others': "+5%"
	Errors string `yaml:"errors,omitempty" json:"errors,omitempty"` // share of requests that fail, percentage points above the others': "+1%"
}

// percent reads a bound as a fraction.
func percent(name, bound string) (float64, error) {
	text, ok := strings.CutSuffix(strings.TrimPrefix(strings.TrimSpace(bound), "+"), "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if !ok || err != nil || !(x >= 0 && x <= 1000) {
		return 0, fmt.Errorf("bounds.%s: %q is no bound: write how many percent it may be more, such as \"+5%%\"", name, bound)
	}
	return x / 100, nil
}

// parseRollout reads what the state keeps. Errors name the field and the mend.
func parseRollout(src []byte) (*Rollout, error) {
	r := &Rollout{}
	d := yaml.NewDecoder(strings.NewReader(string(src)))
	d.KnownFields(true)
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("rollout: %w", err)
	}
	return r, r.check()
}

// mostBounded is the largest share of a bounded canary: it is measured against the others.
const mostBounded = .9

func (r *Rollout) check() error {
	if r.Stage == StageNone {
		return nil
	}
	var wrong []error
	wrongIf := func(is bool, format string, args ...any) {
		if is {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	wrongIf(r.Stage != StageShadow && r.Stage != StageCanary, "stage: %q is none of shadow, canary", r.Stage)
	wrongIf(r.Kind != store.Policy && r.Kind != store.Classifier, "kind: %q is none of policy, classifier", r.Kind)
	wrongIf(!(r.Share > 0 && r.Share <= 1), "share: %v is not above 0 and up to 1: 0.05 is one in twenty", r.Share)
	wrongIf(r.By != "key" && r.By != "conversation", "by: %q is none of key, conversation", r.By)
	wrongIf(r.Kind == store.Policy && r.Source == "", "source: missing: send the policy as a string")
	wrongIf(r.Kind == store.Classifier && r.Module == "", "the module's bytes are missing: send them as application/wasm")
	for name, bound := range map[string]string{"cost": r.Bounds.Cost, "errors": r.Bounds.Errors} {
		if bound == "" {
			continue
		}
		if _, err := percent(name, bound); err != nil {
			wrong = append(wrong, err)
		}
		wrongIf(r.Stage == StageCanary && r.Share > mostBounded, "share: a canary within bounds is measured against the others: at most %g, or leave the bounds out", mostBounded)
	}
	return errors.Join(wrong...)
}

// encode is the rollout as the state keeps it.
func (r *Rollout) encode() []byte {
	src, err := yaml.Marshal(r)
	if err != nil {
		panic("BUG: encode a rollout: " + err.Error())
	}
	return src
}

// trialID names the trial of one version of the rollout.
func trialID(v *store.Version) string { return fmt.Sprintf("rollout_%d", v.Number) }

// Rollout checks what is tried together with everything that serves, and tries it from now on. It is built anew whenever something else
// that serves changes; what then no longer checks is tried no longer, which Tried says.
func (p *Publisher) Rollout(ctx context.Context, id string, r *Rollout, c Change) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.DryRun || r.Stage == StageNone {
		trial, err := p.trialOf(ctx, id, r)
		if trial != nil {
			p.drop(trial)
		}
		if err == nil && !c.DryRun {
			p.rollout, p.tried = nil, nil
			p.try(nil)
		}
		return err
	}
	trial, err := p.trialOf(ctx, id, r)
	if err != nil {
		return err
	}
	p.rollout, p.rolloutID, p.tried = r, id, nil
	p.try(trial)
	return nil
}

func (p *Publisher) try(t *engine.Trial) {
	if p.Try != nil {
		p.Try(t)
	} else if t != nil {
		p.drop(t)
	}
}

// drop lets go of a trial that was built to be checked.
func (p *Publisher) drop(t *engine.Trial) {
	serving := p.Live.Acquire()
	defer serving.Release()
	if c := t.Snapshot.Classifier; c != nil && c != serving.Classifier {
		c.Close()
	}
}

// Tried is what is wrong with what the state says should be tried; nil = it is tried, or nothing is to be.
func (p *Publisher) Tried() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tried
}

// retry builds what is tried anew on what serves now. The caller holds the lock.
func (p *Publisher) retry() {
	if p.rollout == nil {
		return
	}
	trial, err := p.trialOf(context.Background(), p.rolloutID, p.rollout)
	if p.tried = err; err != nil {
		trial = nil
	}
	p.try(trial)
}

// trialOf is a rollout's trial on top of what serves; nil = it has ended.
func (p *Publisher) trialOf(ctx context.Context, id string, r *Rollout) (*engine.Trial, error) {
	if r.Stage == StageNone {
		return nil, nil
	}
	serving := p.Live.Acquire()
	defer serving.Release()
	parts := serving.Parts
	parts.Author, parts.Note, parts.Time = "rollout", r.Stage, time.Now().UTC()
	if p.Connected != nil {
		parts.Connected = p.Connected
	}
	switch r.Kind {
	case store.Policy:
		if err := p.compile(&parts, "rollout.yaml", []byte(r.Source)); err != nil {
			return nil, err
		}
	case store.Classifier:
		wasm, err := base64.StdEncoding.DecodeString(r.Module)
		if err != nil {
			return nil, fmt.Errorf("module: %w", err)
		}
		m, err := classifiers.Load(ctx, wasm, p.Host)
		if err != nil {
			return nil, err
		}
		parts.Classifier = classifiers.New(m, p.Builtin)
		parts.Heads = Heads(parts.Classifier.Card())
		if err := p.again(&parts); err != nil {
			parts.Classifier.Close()
			return nil, err
		}
	}
	next, err := engine.NewSnapshot(parts)
	if err != nil {
		if r.Kind == store.Classifier {
			parts.Classifier.Close()
		}
		return nil, err
	}
	return &engine.Trial{ID: id, Share: r.Share, Canary: r.Stage == StageCanary, ByKey: r.By == "key", Salt: r.Change, Snapshot: next}, nil
}

// Rollout is the rollout as it is live here, with its version; both nil = there never was one.
func (d *Documents) Rollout() (*Rollout, *store.Version) {
	v := d.Live(store.Rollout)
	if v == nil {
		return nil, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rollout, v
}

// Stages are the stages through which a rollout goes up.
var stages = []string{StageNone, StageShadow, StageCanary}

// above is whether a stage follows another.
func above(to, from string) bool { return slices.Index(stages, to) > slices.Index(stages, from) }
