package engine

import (
	"fmt"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
)

const notConnected = "its provider is not connected"

// gather looks at every deployment that the request could mean, and keeps those that can do what it needs, that the profile
// allows and that are healthy. What falls out keeps its reason.
func (d *Decision) gather(s *Snapshot, r *chat.Request, w *World, a *ask) error {
	need, tied := needs(r), s.pins(r, w, a)
	by := &s.Catalog.Difficulty
	labels, usual := s.mixture.of(&d.Class)
	if labels == nil {
		usual = by.Reference
	}
	factor := oddsFactor(by.Slope, d.Difficulty-usual)
	var learned [][]skill
	if a.bound.Learn && w.Learned != nil {
		learned, d.Learned = w.Learned.in(s), w.Learned.Version
	}
	look := func(o *option, rank int) {
		d.Candidates = append(d.Candidates, Candidate{})
		c := &d.Candidates[len(d.Candidates)-1]
		c.Deployment, c.rank = o.dep, rank
		direct := a.method == MethodDirect
		switch {
		case o.status != "" && !direct, o.dep.Model.Status == catalog.Retired:
			c.Out, c.OutBy = o.status, byStatus
		case !o.connected:
			c.Out, c.OutBy = notConnected, byHealth
		default:
			if c.Out = o.missing(need, direct); c.Out == "" {
				c.Out = tied.out(o)
			}
			if c.Out == "" && !direct {
				c.Out = o.fits(r.Facts.PromptTokens, d.Completion, r.MaxTokens)
			}
			if c.Out != "" {
				c.OutBy = byCapability
			} else if !a.bound.allowed.has(o.dep.Index) {
				c.Out, c.OutBy = "not allowed by the profile", byProfile
			} else if a.bound.Strict && drops(r, o.dep.Model, direct) {
				c.Out, c.OutBy = "takes no reasoning_effort, and the profile is strict", byProfile
			}
		}
		if c.Out != "" {
			return
		}
		switch c.effort = noEffort; {
		case r.Effort != "":
			c.effort = effortFor(o.dep.Model.Efforts, r.Effort)
		case !direct:
			c.effort = o.effort[d.Tier]
		}
		if c.effort != noEffort {
			c.Effort = o.dep.Model.Efforts[c.effort].Name
		}
		skill := &o.skills[c.effort+1]
		if learned != nil && learned[o.dep.Index] != nil {
			skill = &learned[o.dep.Index][c.effort+1]
		}
		tokens := d.Completion
		if c.Guessed = skill.guessed; labels == nil {
			c.Quality = skill.quality(&d.Class, factor)
		} else if c.Quality = skill.qualityOf(labels, factor); skill.tokens != nil {
			tokens = int(dot(labels, skill.tokens))
		}
		d.price(o, c, r, w, tokens, labels != nil && skill.tokens != nil)
		c.FirstToken = o.dep.FirstToken
		if w.Health != nil {
			h := &w.Health[o.dep.Index]
			if h.FirstToken > 0 {
				c.FirstToken = h.FirstToken
			}
			if c.Out = h.sick(w.Now); c.Out != "" {
				c.OutBy, c.Left = byHealth, h.left(w.Now)
			}
		}
	}
	if a.method != MethodDirect {
		for _, i := range s.able {
			look(&s.options[i], 0)
		}
		d.Idle = s.idle
	} else {
		for rank, m := range a.named {
			if rank == 0 && a.pin != nil {
				look(&s.options[a.pin.Index], 0)
			}
			for _, dep := range s.Catalog.DeploymentsOf(m) {
				if dep != a.pin {
					look(&s.options[dep.Index], rank+1)
				}
			}
		}
	}
	return d.nobodyGathered(s, need, &tied, a)
}

// nobodyGathered is the error where no candidate passed capability, profile and connection; nil where one did.
func (d *Decision) nobodyGathered(s *Snapshot, need capability, tied *pins, a *ask) error {
	var connected, capable, allowed int
	var first *Candidate
	for i := range d.Candidates {
		c := &d.Candidates[i]
		switch c.OutBy {
		case byStatus:
			continue
		case byCapability:
			if first == nil {
				first = c
			}
			connected++
			continue
		case byProfile:
			connected++
			capable++
			continue
		}
		if s.options[c.Deployment.Index].connected {
			connected++
			capable++
			allowed++
		}
	}
	direct := a.method == MethodDirect
	switch {
	case allowed > 0:
		return nil
	case capable > 0 && direct:
		return a.bound.beyond("model", "allow, never", fmt.Sprintf("model %q is not allowed", a.named[0].ID))
	case capable > 0:
		return &DecideError{Status: 403, Code: CodeBeyondProfile,
			Message: fmt.Sprintf("profile %q allows none of the models that can do this request", a.bound.Name)}
	case connected > 0 && direct:
		return &DecideError{Status: 422, Code: CodeNotCapable, Param: "model",
			Message: fmt.Sprintf("model %q can't do this request: it %s", first.Deployment.Model.ID, first.Out)}
	case connected > 0:
		return &DecideError{Status: 422, Code: CodeNoEligible,
			Message: "no connected model can do this request: " + d.wanting(need, tied)}
	case direct:
		return &DecideError{Status: 503, Code: CodeNotConnected, Param: "model", Message: fmt.Sprintf(
			"model %q is known, but its provider is not connected here: %s", a.named[0].ID, s.mend(a.named[0]))}
	default:
		return &DecideError{Status: 503, Code: CodeNotConnected,
			Message: "no provider is connected: set a provider's API key in the environment or in routor.yaml, or start with --demo"}
	}
}

// wanting says what was needed, and where nothing special was, that the length was too much.
func (d *Decision) wanting(need capability, tied *pins) string {
	out := ""
	for i, name := range capabilityNames {
		if need&(1<<i) != 0 && name != "" {
			if out != "" {
				out += ", "
			}
			out += name
		}
	}
	if out != "" {
		out = "it needs " + out + "; "
	}
	for _, why := range [...]string{tied.hosted, tied.stored, tied.owned, tied.kept} {
		if why != "" {
			out += "a model falls out that " + why + "; "
			break
		}
	}
	long := false
	for i := range d.Candidates {
		long = long || d.Candidates[i].Out == tooLong || d.Candidates[i].Out == tooShort
	}
	if long {
		return out + "its length, with the expected answer, is more than those left can take: shorten it, or lower max_tokens"
	}
	return out + "connect a provider that has such a model"
}

// mend says how to connect a model's provider.
func (s *Snapshot) mend(m *catalog.Model) string {
	dep := home(s.Catalog, m)
	if dep == nil {
		return "it has no deployment in the catalog"
	}
	if p := s.Catalog.Provider(dep.Provider); p != nil && len(p.KeyEnv) > 0 {
		return "set " + p.KeyEnv[0]
	}
	return "configure provider " + quote(dep.Provider)
}
