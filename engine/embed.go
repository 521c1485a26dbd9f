package engine

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/providers"
)

// Embedding is a request for embeddings.
type Embedding struct {
	Key    *access.Key
	Model  string
	Body   []byte
	Header []providers.Header
	// Admit is asked, before anything is sent, whether what the request is expected to take may be spent; nil = it may.
	Admit func(profile *access.Profile, need access.Need) error
	// Record is written who asked, what was tried and what it took; nil = nobody keeps it.
	Record *ledger.Record
}

// remember writes what became of a call, as one of the attempts.
func (r *Embedding) remember(d *catalog.Deployment, took time.Duration, failed *providers.Error, u chat.Usage) {
	rec := r.Record
	if rec == nil {
		return
	}
	a := ledger.Attempt{Deployment: d.ID, Model: d.Model.ID, Provider: d.Provider, Took: ledger.Since(took)}
	rec.Model, rec.Provider = a.Model, a.Provider
	if failed != nil {
		a.Class, a.Status, a.Sent, a.RetryAfter = string(failed.Class), failed.Status, failed.Sent, ledger.Since(failed.RetryAfter)
	} else if a.Sent = true; u.Known {
		a.Tokens, a.Source = ledger.Tokens{Prompt: u.Prompt()}, "usage"
		cost := d.Prices.Cost(tokens(u), "")
		a.Cost = ledger.Money(max(cost, 0))
		rec.Tokens, rec.Cost, rec.Priced = a.Tokens, a.Cost, cost.Known()
	} else {
		a.Source = "unknown"
	}
	rec.Fallback = failed == nil && len(rec.Attempts) > 0
	rec.Attempts = append(rec.Attempts, a)
}

// Embedded is its answer.
type Embedded struct {
	Status     int
	Body       []byte
	Deployment string // that answered
	Usage      chat.Usage
	Spent      access.Need // as it was told, else as it was expected
}

// Embed passes a request for embeddings to the model that it names, from one of its deployments to the next while they fail.
// A name provider/model that the catalog lacks goes to that provider as it is: vectors of different models can't be mixed, so
// that no other could stand in.
func (e *Engine) Embed(ctx context.Context, r Embedding) (*Embedded, *Failure) {
	s := e.Live.Acquire()
	defer s.Release()
	if rec := r.Record; rec != nil {
		rememberKey(&rec.Who, r.Key)
		rec.Asked = word(r.Model)
		rec.Versions = ledger.Versions{Snapshot: s.Version, Policy: s.Policy.Hash, Catalog: s.Catalog.Version, Profiles: s.profilesHash}
	}
	bound, err := s.profile(r.Key, "")
	if err != nil {
		return nil, failureOf(err)
	}
	if t := bound.target(r.Model); t != "" && t != auto {
		r.Model = t
	}
	deployments := s.embedders(r.Model)
	if len(deployments) == 0 {
		return nil, &Failure{Status: 404, Code: CodeModelNotFound, Type: "invalid_request_error", Param: "model", Message: fmt.Sprintf(
			"model %q is not known to give embeddings%s: name it as provider/model", r.Model, hint(s.Catalog, r.Model))}
	}
	deployments = slices.DeleteFunc(deployments, func(d *catalog.Deployment) bool { return !bound.lets(d) })
	if len(deployments) == 0 {
		return nil, failureOf(bound.beyond("model", "allow, never", fmt.Sprintf("model %q is not allowed", r.Model)))
	}
	if r.Admit != nil {
		if err := r.Admit(bound.Profile, r.expected(deployments[0])); err != nil {
			return nil, &Failure{Status: 429, Code: "rate_limit_exceeded", Type: "rate_limit_error", Message: err.Error()}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, e.Limits.Deadline)
	defer cancel()
	var last *providers.Error
	for _, d := range deployments {
		up := e.upstreams[d.Provider]
		if up == nil {
			continue
		}
		if last != nil && !elsewhere(last) {
			break
		}
		body := chat.EditMembers(nil, r.Body, chat.Edit{Kind: chat.Strip, Name: "routor_"}, chat.Edit{Kind: chat.Remove, Name: "models"},
			chat.Edit{Kind: chat.Replace, Name: "model", Text: d.Upstream})
		var header []providers.Header
		for _, h := range r.Header {
			if goes(h.Name, chat.Completions) {
				header = append(header, h)
			}
		}
		timeouts := e.Limits.Providers[d.Provider].Or(e.Limits.Timeouts)
		began := time.Now()
		reply, failed := up.Do(ctx, &providers.Call{Deployment: d, Surface: catalog.Embeddings, Body: body, Timeouts: timeouts, Header: header})
		if failed != nil {
			last = failed
			r.remember(d, time.Since(began), failed, chat.Usage{})
			e.Metrics.attempted(d.Provider, failed.Class)
			continue
		}
		e.Metrics.attempted(d.Provider, "")
		out := &Embedded{Status: reply.Status, Body: slices.Clone(reply.Body), Deployment: d.ID, Usage: reply.Chunk.Usage}
		reply.Closer.Close()
		r.remember(d, time.Since(began), nil, out.Usage)
		t := tokens(out.Usage)
		if out.Spent = r.expected(d); out.Usage.Known {
			out.Spent = access.Need{Tokens: out.Usage.Prompt(), Cost: max(d.Prices.Cost(t, ""), 0)}
		}
		e.Metrics.answered(d.Provider, t, max(d.Prices.Cost(t, ""), 0), time.Since(began))
		return out, nil
	}
	switch {
	case last == nil:
		return nil, &Failure{Status: 503, Code: CodeNotConnected, Type: "server_error", Message: fmt.Sprintf("no provider of %q is connected", r.Model)}
	case last.Class == providers.BadRequest || last.Class == providers.ModelNotFound:
		return nil, refusedBy(last)
	case last.Class == providers.RateLimited || last.Class == providers.Overloaded:
		return nil, &Failure{Status: 429, Code: "rate_limit_exceeded", Type: "rate_limit_error", Message: said(last), RetryAfter: max(last.RetryAfter, time.Second)}
	}
	return nil, &Failure{Status: 502, Code: CodeUpstreamFailed, Type: "server_error", Message: said(last), RetryAfter: last.RetryAfter}
}

// elsewhere is whether another place may do what one failed to.
func elsewhere(err *providers.Error) bool {
	return err.Class != providers.BadRequest && err.Class != providers.Canceled
}

// embedders are the places that a name of a model for embeddings stands for, in order.
func (s *Snapshot) embedders(name string) []*catalog.Deployment {
	if m, dep := s.Catalog.Find(name); m != nil {
		var out []*catalog.Deployment
		if dep != nil && dep.Surface == catalog.Embeddings {
			out = append(out, dep)
		}
		for _, d := range s.Catalog.DeploymentsOf(m) {
			if d != dep && d.Surface == catalog.Embeddings {
				out = append(out, d)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	provider, upstream, ok := strings.Cut(name, "/")
	if !ok || upstream == "" || s.Catalog.Provider(provider) == nil {
		return nil
	}
	model := &catalog.Model{ID: name, Maker: provider, Name: upstream}
	return []*catalog.Deployment{{ID: name, Model: model, Provider: provider, Upstream: upstream, Surface: catalog.Embeddings, Index: -1,
		Prices: catalog.Prices{Input: catalog.UnknownRate, Output: catalog.UnknownRate}}}
}

// lets is whether a profile lets a deployment be used, one that the catalog lacks too.
func (b *bound) lets(d *catalog.Deployment) bool {
	if d.Index >= 0 {
		return b.allowed.has(d.Index)
	}
	covered := func(glob string) bool { ok, _ := path.Match(glob, d.ID); return ok || glob == "*" }
	return (len(b.Allow) == 0 || slices.ContainsFunc(b.Allow, covered)) && !slices.ContainsFunc(b.Never, covered)
}

// failureOf is a refusal as a failure.
func failureOf(err error) *Failure {
	d, ok := err.(*DecideError)
	if !ok {
		return &Failure{Status: 500, Code: "internal_error", Type: "server_error", Message: err.Error()}
	}
	kind := "invalid_request_error"
	if d.Status == 403 {
		kind = "permission_error"
	}
	return &Failure{Status: d.Status, Code: d.Code, Type: kind, Message: d.Message, Param: d.Param, RetryAfter: d.RetryAfter}
}

// CountTokens asks the first candidate's provider how many tokens a request in Messages has, if it counts them; nil = it does
// not, or it failed.
func (e *Engine) CountTokens(ctx context.Context, rt *Routed, header []providers.Header) ([]byte, []providers.Header) {
	best := rt.Decision.Best()
	if best == nil || rt.source.Dialect != chat.Messages {
		return nil, nil
	}
	d := best.Deployment
	up := e.upstreams[d.Provider]
	if up == nil || providers.DialectOn(rt.Snapshot.options[d.Index].call.Surface) != chat.Messages {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	body := chat.EditMembers(nil, rt.source.Body, chat.Edit{Kind: chat.Strip, Name: "routor_"}, chat.Edit{Kind: chat.Remove, Name: "models"},
		chat.Edit{Kind: chat.Replace, Name: "model", Text: d.Upstream})
	reply, failed := up.Do(ctx, &providers.Call{Deployment: d, Surface: catalog.CountTokens, Body: body, Timeouts: e.Limits.Timeouts, Header: header})
	if failed != nil {
		return nil, nil
	}
	defer reply.Closer.Close()
	return slices.Clone(reply.Body), []providers.Header{{Name: "X-Routor-Model", Value: d.Model.ID}}
}
