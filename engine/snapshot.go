package engine

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// Parts are what a Snapshot is made of. None of them may change afterwards.
type Parts struct {
	Catalog    *catalog.Catalog
	Policy     *policies.Policy
	Classifier *classifiers.Classifier // nil = every request counts as unsure
	// Heads are the classifier's own heads and their labels, which rules may read.
	Heads    map[string][]string
	Profiles map[string]*access.Profile
	// Connected says which providers can be called at all; nil = all of the catalog's.
	Connected func(provider string) bool
	// Dialect says in which dialect a provider is connected; nil = the catalog's.
	Dialect func(provider string) string
	// Learned is the table of what was learned that has a version, for requests of the past; nil = none is known.
	Learned func(version string) *Learned
	// FetchMedia says that media given by URL are read for providers that take bytes alone.
	FetchMedia bool

	Version      uint64 // from 1; 0 counts as 1
	Author, Note string
	Time         time.Time
	Chain        int // most candidates in a chain; 0 = 6
}

// Snapshot is everything that people change while serving, checked and precomputed. It is immutable.
type Snapshot struct {
	Parts

	options  []option    // by Deployment.Index
	able     []int       // of options, those that auto may choose and whose provider is connected
	idle     []Candidate // the others, and why
	idleBy   []fall      // those by reason
	mixture  mixture
	bounds   map[string]*bound
	baseline *catalog.Deployment // nil = the catalog lacks the policy's baseline
	ruledOut []string            // by rule: the reason of a candidate that it removed

	profilesHash string

	refs       atomic.Int64 // 1 for whoever published it, 1 a request
	generation *generation
}

// part tells the options that auto may choose from those that are out whatever is asked.
func (s *Snapshot) part() {
	s.able, s.idle, s.idleBy = nil, nil, nil
	for i := range s.options {
		switch o := &s.options[i]; {
		case o.status != "":
			s.idle = append(s.idle, Candidate{Deployment: o.dep, Out: o.status, OutBy: byStatus})
		case !o.connected:
			s.idle = append(s.idle, Candidate{Deployment: o.dep, Out: notConnected, OutBy: byHealth})
		default:
			s.able = append(s.able, i)
		}
	}
	for i := range s.idle {
		c := &s.idle[i]
		k := slices.IndexFunc(s.idleBy, func(f fall) bool { return f.why == c.Out && f.by == c.OutBy })
		if k < 0 {
			k, s.idleBy = len(s.idleBy), append(s.idleBy, fall{by: c.OutBy, why: c.Out})
		}
		s.idleBy[k].n++
	}
}

// fall counts candidates that fell out at a stage for a reason.
type fall struct {
	by, why string
	n       int
}

// option is a deployment as Decide reads it.
type option struct {
	dep          *catalog.Deployment
	call         *catalog.Deployment // dep as it is called: on a surface of the dialect in which its provider is connected
	provider     *catalog.Provider
	tools        catalog.Surface   // where requests with tools go; "" = to call's
	also         []catalog.Surface // that the provider serves besides
	has, unknown capability
	status       string // why auto may not choose it; "" = it may
	connected    bool
	priced       bool
	prices       *catalog.Prices // the baseline's where its own are unknown
	skills       []skill         // [0] at the default effort, [i+1] at Efforts[i]
	effort       [label.NumTiers]int
}

// bytesOnly is whether media must be given as bytes, not by URL.
func (o *option) bytesOnly() bool { return o.provider != nil && o.provider.MediaURLs == catalog.No }

const defaultChain = 6

// NewSnapshot checks the parts together and builds a Snapshot of them. Its error names every problem, one a line: profiles
// that contradict themselves, rules that read heads which the classifier lacks, a classifier that does not answer, tests of
// the policy that fail.
func NewSnapshot(p Parts) (*Snapshot, error) {
	switch {
	case p.Catalog == nil:
		return nil, errors.New("snapshot: no catalog")
	case p.Policy == nil:
		return nil, errors.New("snapshot: no policy")
	}
	if p.Chain <= 0 {
		p.Chain = defaultChain
	}
	p.Version = max(p.Version, 1)
	if p.Heads == nil && p.Classifier != nil {
		p.Heads = Heads(p.Classifier)
	}
	// A policy has its rules folded against one catalog, and names checked against one set of profiles and heads.
	if len(p.Policy.Source) > 0 {
		policy, err := p.Policy.In(policies.Scope{Catalog: p.Catalog, Profiles: sorted(p.Profiles), Heads: p.Heads})
		if err != nil {
			return nil, err
		}
		p.Policy = policy
	}
	s := &Snapshot{Parts: p, bounds: map[string]*bound{}, profilesHash: hashOf(p.Profiles)}
	s.refs.Store(1)
	if p.Classifier != nil {
		s.mixture = mixtureOf(p.Catalog, p.Classifier.Card().Heads)
	}
	var errs []error
	for _, name := range sorted(p.Profiles) {
		b, problems := compileProfile(p.Profiles[name], p.Catalog, p.Profiles)
		s.bounds[name], errs = b, append(errs, problems...)
	}
	if s.bounds[defaultProfile] == nil {
		s.bounds[defaultProfile] = &bound{Profile: &access.Profile{Name: defaultProfile}}
	}
	if m, _ := p.Catalog.Find(p.Policy.Baseline); m != nil {
		s.baseline = home(p.Catalog, m)
	} else if p.Policy.Baseline != "" {
		errs = append(errs, fmt.Errorf("policy %q: baseline: unknown model %q%s", p.Policy.Name, p.Policy.Baseline, hint(p.Catalog, p.Policy.Baseline)))
	}
	s.options = make([]option, len(p.Catalog.Deployments))
	for i, dep := range p.Catalog.Deployments {
		s.options[i] = s.option(dep)
	}
	s.part()
	for i := range p.Policy.Rules {
		s.ruledOut = append(s.ruledOut, "removed by "+p.Policy.Rules[i].Label())
	}
	errs = append(errs, s.checkHeads()...)
	if err := s.probe(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		errs = failures(p.Policy.Name, RunTests(s))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return s, nil
}

// option precomputes what Decide needs of a deployment.
func (s *Snapshot) option(dep *catalog.Deployment) option {
	m := dep.Model
	called := *dep
	provider := s.Catalog.Provider(dep.Provider)
	dialect := ""
	if provider != nil {
		dialect = provider.Dialect
	}
	if s.Dialect != nil {
		dialect = s.Dialect(dep.Provider)
	}
	called.Surface = providers.SurfaceIn(dialect, dep.Surface)
	o := option{dep: dep, call: &called, provider: provider, connected: s.Connected == nil || s.Connected(dep.Provider), prices: &dep.Prices}
	if providers.HasSurface(dialect, dep.ToolSurface) {
		o.tools = dep.ToolSurface
	}
	if provider != nil {
		for _, surface := range provider.Surfaces {
			if providers.HasSurface(dialect, surface) {
				o.also = append(o.also, surface)
			}
		}
	}
	o.has, o.unknown = abilities(dep)
	if s.FetchMedia || !o.bytesOnly() {
		o.has |= needURL
	}
	o.priced = dep.Prices.Input >= 0 && dep.Prices.Output >= 0
	if !o.priced && s.baseline != nil {
		o.prices = &s.baseline.Prices
	}
	if m.Status != catalog.Active && m.Status != "" {
		o.status = string(m.Status)
	}
	o.skills = append(o.skills, skillOf(m, &m.Ability, &s.mixture))
	for _, e := range m.Efforts {
		own := &m.Ability
		if e.Ability != nil {
			own = e.Ability
		}
		o.skills = append(o.skills, skillOf(m, own, &s.mixture))
	}
	for t := range o.effort {
		o.effort[t] = effortFor(m.Efforts, tierEffort[t])
	}
	return o
}

// home is a model's own deployment, else its first.
func home(c *catalog.Catalog, m *catalog.Model) *catalog.Deployment {
	deps := c.DeploymentsOf(m)
	for _, d := range deps {
		if d.Home {
			return d
		}
	}
	if len(deps) == 0 {
		return nil
	}
	return deps[0]
}

// Heads are a classifier's own heads and their labels, which rules may read.
func Heads(c *classifiers.Classifier) map[string][]string {
	heads := map[string][]string{}
	for _, h := range c.Card().Heads {
		heads[h.Name] = h.Labels
	}
	delete(heads, "category")
	delete(heads, "domain")
	return heads
}

// checkHeads names the heads that rules read and the classifier lacks.
func (s *Snapshot) checkHeads() (errs []error) {
	for _, head := range s.Policy.HeadsNeeded {
		if s.Classifier != nil && s.Heads[head] == nil {
			errs = append(errs, fmt.Errorf("policy %q: its rules read label.%s, which the classifier does not give: it has %v", s.Policy.Name, head, sorted(s.Heads)))
		}
	}
	return errs
}

// probes are what a classifier must answer before it goes live: a greeting, nothing at all, and something long.
var probes = []classifiers.Input{
	{Text: "hi", Turns: 1, Tokens: 1, Bytes: 2},
	{},
	{Text: "Prove that every finite group of odd order is solvable. Ελληνικά, 中文, \U0001f600.", System: "You are terse.", Turns: 3, Flags: classifiers.HasSystem},
}

// probePatience is how long a probe waits for a classifier that is busy with requests.
const probePatience = 5 * time.Second

// probe puts the probes to the classifier. A fallback to the built-in module is a failure here.
func (s *Snapshot) probe() error {
	if s.Classifier == nil {
		return nil
	}
	var out classifiers.Result
	for i := range probes {
		in := probes[i]
		s.classify(&in, &out)
		for end := time.Now().Add(probePatience); out.Fallback == classifiers.Busy.String() && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond) // it serves, and all its instances are at work: that is no fault of it
			s.classify(&in, &out)
		}
		sum := float32(0)
		for _, p := range out.Category {
			sum += p
		}
		switch {
		case out.Fallback != "":
			return fmt.Errorf("classifier: does not answer probe %d (%.20q): %s", i+1, in.Text, out.Fallback)
		case math.Abs(float64(sum)-1) > .02:
			return fmt.Errorf("classifier %s: probe %d (%.20q): category probabilities add up to %.3f, not 1", out.Module, i+1, in.Text, sum)
		}
	}
	return nil
}

// ProfileNames are the names of all profiles, sorted.
func (s *Snapshot) ProfileNames() []string { return sorted(s.bounds) }

// Profile is a profile by name, nil = there is none.
func (s *Snapshot) Profile(name string) *access.Profile {
	if b := s.bounds[name]; b != nil {
		return b.Profile
	}
	return nil
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Allowed is whether a profile lets a deployment be used, for lists of models.
func (s *Snapshot) Allowed(profile string, dep *catalog.Deployment) bool {
	b := s.bounds[profile]
	return b != nil && b.allowed.has(dep.Index)
}

// Usable is whether a deployment can be called: its provider is connected and its model is not retired.
func (s *Snapshot) Usable(dep *catalog.Deployment) bool {
	return s.options[dep.Index].connected && dep.Model.Status != catalog.Retired
}

// UsableModels are the models that a profile may use, in the catalog's order.
func (s *Snapshot) UsableModels(profile string) []*catalog.Model {
	var out []*catalog.Model
	for _, m := range s.Catalog.Models {
		if slices.ContainsFunc(s.Catalog.DeploymentsOf(m), func(d *catalog.Deployment) bool { return s.Usable(d) && s.Allowed(profile, d) }) {
			out = append(out, m)
		}
	}
	return out
}
