package engine

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
)

const (
	auto           = "auto"
	defaultProfile = "default"
)

// The methods of a decision, which are also the modes that a request can ask for.
const (
	MethodAuto   = "auto"   // classified and weighed
	MethodTier   = "tier"   // weighed, for a tier that the client states
	MethodDirect = "direct" // the model that the client names
)

// ask is what a request asks for, once its names are resolved: under which profile, how, and which models.
type ask struct {
	bound  *bound
	method string
	named  []*catalog.Model    // direct: the model named, then its fallbacks in order
	pin    *catalog.Deployment // direct: the deployment named by its own id; its model's others come after it
}

// ask resolves profile, mode and model. It appends notes to d.
func (s *Snapshot) ask(r *chat.Request, w *World, d *Decision) (ask, error) {
	name, wanted := r.Model, r.Routor.Profile
	if name == "" {
		return ask{}, &DecideError{Status: 400, Code: CodeInvalidField, Param: "model",
			Message: `model is missing: say "auto", or a model's name from /v1/models`}
	}
	if p, ok := strings.CutPrefix(name, auto+"/"); ok && s.known(name) == nil {
		if wanted != "" && wanted != p {
			return ask{}, &DecideError{Status: 400, Code: CodeBoundsConflict, Param: "routor_profile",
				Message: fmt.Sprintf("model %q and routor_profile %q name different profiles: send one of them", name, wanted)}
		}
		name, wanted = auto, p
	}
	b, err := s.profile(w.Key, wanted)
	if err != nil {
		return ask{}, err
	}
	a := ask{bound: b}
	if b.Override != "" {
		d.note("model " + quote(r.Model) + " is overridden by the profile")
		name = b.Override
	} else if t := b.target(name); t != "" {
		name = t
	} else if s.insists(name, r.Client, b) {
		d.note("model " + quote(name) + " is not connected here, and its client insists on its own names: routed as auto")
		name = auto
	}
	if p, ok := strings.CutPrefix(name, auto+"/"); ok {
		if a.bound = s.bounds[p]; a.bound == nil {
			return ask{}, &DecideError{Status: 404, Code: CodeProfileUnknown, Param: "model", Message: fmt.Sprintf("profile %q is unknown", p)}
		}
		name = auto
	}
	mode := r.Routor.Mode
	switch {
	case mode == "" && r.Routor.Tier != nil:
		a.method = MethodTier
	case mode == "" && name == auto:
		a.method = MethodAuto
	case mode == "":
		a.method = MethodDirect
	case mode == MethodTier && r.Routor.Tier == nil:
		return ask{}, &DecideError{Status: 400, Code: CodeInvalidField, Param: "routor_tier",
			Message: `routor_mode "tier" needs routor_tier: NANO, SIMPLE, LIGHT, STANDARD or COMPLEX`}
	case mode == MethodDirect && name == auto:
		return ask{}, &DecideError{Status: 400, Code: CodeInvalidField, Param: "routor_mode",
			Message: `routor_mode "direct" needs a model's name in "model", not "auto"`}
	case mode == MethodAuto: // never mode itself, which lies in the request's body and is gone before metrics and records are
		a.method = MethodAuto
	case mode == MethodTier:
		a.method = MethodTier
	case mode == MethodDirect:
		a.method = MethodDirect
	default:
		return ask{}, &DecideError{Status: 400, Code: CodeInvalidField, Param: "routor_mode",
			Message: fmt.Sprintf("routor_mode %q is unknown: say auto, tier or direct", mode)}
	}
	if len(a.bound.Modes) > 0 && !slices.Contains(a.bound.Modes, a.method) {
		return ask{}, a.bound.beyond("model", "modes", fmt.Sprintf("mode %q is not among %s", a.method, strings.Join(a.bound.Modes, ", ")))
	}
	if a.method == MethodDirect {
		return a, s.name(&a, name, r, d)
	}
	if len(r.Models) > 0 {
		d.note("models is for a named model: a routed request has a chain of its own")
	}
	return a, nil
}

// agentNames are the names that agents insist on, by the dialect in which they ask: Claude Code knows Anthropic's models only,
// agents built on Responses OpenAI's. Where none of those can be called they are routed, so that the agent works unchanged; a
// profile's models say otherwise.
var agentNames = map[chat.Dialect][]string{
	chat.Messages:  {"claude-*", "anthropic/claude-*"},
	chat.Responses: {"gpt-*", "openai/gpt-*", "codex-*", "o[0-9]*"},
}

// insists is whether a name is one that an agent insists on and that nobody serves here.
func (s *Snapshot) insists(name string, client chat.Dialect, b *bound) bool {
	if !slices.ContainsFunc(agentNames[client], func(glob string) bool { ok, _ := path.Match(glob, name); return ok }) {
		return false
	}
	if len(b.Modes) > 0 && !slices.Contains(b.Modes, MethodAuto) {
		return false
	}
	m, _ := s.Catalog.Find(name)
	return m == nil || !slices.ContainsFunc(s.Catalog.DeploymentsOf(m), s.Usable)
}

// name resolves a named model and its fallbacks.
func (s *Snapshot) name(a *ask, name string, r *chat.Request, d *Decision) error {
	m, dep := s.Catalog.Find(name)
	if err := s.refuse(name, m, "model"); err != nil {
		return err
	}
	a.pin = dep
	a.named = append(d.named[:0], m)
	for _, f := range r.Models {
		fm, _ := s.Catalog.Find(f)
		if err := s.refuse(f, fm, "models"); err != nil {
			return err
		}
		a.named = addModel(a.named, fm)
	}
	for _, key := range [...]string{name, r.Model, m.ID} {
		for _, f := range a.bound.Fallbacks[key] {
			if fm, _ := s.Catalog.Find(f); fm != nil && fm.Status != catalog.Retired {
				a.named = addModel(a.named, fm)
			}
		}
	}
	d.named = a.named
	return nil
}

// refuse is the error for a model that nobody knows or that is retired, nil otherwise.
func (s *Snapshot) refuse(name string, m *catalog.Model, param string) error {
	switch {
	case m == nil:
		return &DecideError{Status: 404, Code: CodeModelNotFound, Param: param,
			Message: fmt.Sprintf("model %q does not exist%s", name, hint(s.Catalog, name))}
	case m.Status == catalog.Retired && m.Replaced != "":
		return &DecideError{Status: 404, Code: CodeModelNotFound, Param: param,
			Message: fmt.Sprintf("model %q is retired: use %q", m.ID, m.Replaced)}
	case m.Status == catalog.Retired:
		return &DecideError{Status: 404, Code: CodeModelNotFound, Param: param, Message: fmt.Sprintf("model %q is retired", m.ID)}
	}
	return nil
}

func addModel(list []*catalog.Model, m *catalog.Model) []*catalog.Model {
	if slices.Contains(list, m) {
		return list
	}
	return append(list, m)
}

// known is the model that a name stands for, nil = none.
func (s *Snapshot) known(name string) *catalog.Model {
	m, _ := s.Catalog.Find(name)
	return m
}

// profile finds the bound that a request runs under: its key's, or another that the key lists. Without a key (loopback)
// any profile may be asked for. A key whose profile is gone is refused rather than left unbound.
func (s *Snapshot) profile(key *access.Key, wanted string) (*bound, error) {
	own := defaultProfile
	if key != nil && key.Profile != "" {
		own = key.Profile
	}
	name := own
	if wanted != "" && wanted != own {
		if key != nil && !slices.Contains(key.Also, wanted) {
			return nil, &DecideError{Status: 403, Code: CodeBeyondProfile, Param: "routor_profile",
				Message: fmt.Sprintf("this key may not use profile %q: it has %s", wanted, strings.Join(append([]string{own}, key.Also...), ", "))}
		}
		name = wanted
	}
	if b := s.bounds[name]; b != nil {
		return b, nil
	}
	if name == own && key != nil {
		return nil, &DecideError{Status: 403, Code: CodeProfileUnknown,
			Message: fmt.Sprintf("profile %q of this key does not exist: create it, or give the key another", name)}
	}
	return nil, &DecideError{Status: 404, Code: CodeProfileUnknown, Param: "routor_profile",
		Message: fmt.Sprintf("profile %q does not exist: there are %s", name, strings.Join(s.ProfileNames(), ", "))}
}

// beyond is the error of a request that asks for more than its profile grants.
func (b *bound) beyond(param, limit, why string) error {
	return &DecideError{Status: 403, Code: CodeBeyondProfile, Param: param,
		Message: fmt.Sprintf("%s (%s of profile %q)", why, limit, b.Name)}
}

func quote(s string) string { return `"` + s + `"` }
