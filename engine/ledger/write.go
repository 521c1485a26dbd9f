package ledger

import (
	"encoding/binary"
	"math"
	"time"
	"unsafe"
)

// writer writes the records of one block: strings and states of health are written once and numbered from there on.
type writer struct {
	b       []byte // records
	one     []byte // the record that is being written
	strings map[string]int
	names   []string
	seen    [512]seen
	places  map[string]int // by deployment
	homes   []home
	found   [256]seen
	healths map[*Health]int
	health  []*Health
	size    int   // of strings
	last    int64 // time of the record before
}

// home is a deployment with its model and provider, which always go together.
type home struct{ deployment, model, provider string }

// seen is a string that was numbered, by where it lies: most strings of records are the catalog's and the policy's own, and
// finding them so is ten times as fast as by what they say. names keeps them, so that nothing else comes to lie there.
type seen struct {
	at     *byte
	length int
	number int
}

func newWriter() *writer {
	return &writer{strings: map[string]int{}, healths: map[*Health]int{}, places: map[string]int{}}
}

func (w *writer) reset() {
	clear(w.strings)
	clear(w.healths)
	clear(w.names)
	clear(w.health)
	clear(w.places)
	clear(w.homes)
	w.seen, w.found, w.homes = [512]seen{}, [256]seen{}, w.homes[:0]
	w.b, w.one, w.names, w.health, w.size, w.last = w.b[:0], w.one[:0], w.names[:0], w.health[:0], 0, 0
}

// What a record has, one bit each.
const (
	hasFacts = 1 << iota
	hasClass
	hasDecision
	hasWho
	hasFields
	hasPrompt
	isStream
	isFallback
	isPriced
	isDemo
	hasTied
	hasTrial
	hasLearned
)

func (w *writer) record(r *Record) {
	w.one = w.one[:0]
	has := bits(r.Facts != nil, hasFacts) | bits(r.Class != nil, hasClass) | bits(r.Decision != nil, hasDecision) |
		bits(!r.Who.IsZero(), hasWho) | bits(r.Fields != Fields{}, hasFields) |
		bits(r.Prompt != Prompt{}, hasPrompt) | bits(r.Stream, isStream) | bits(r.Fallback, isFallback) | bits(r.Priced, isPriced) | bits(r.Demo, isDemo) | bits(r.Tied != nil, hasTied) | bits(r.Trial != nil, hasTrial) | bits(len(r.Seen) > 0 || r.World.Learned != "", hasLearned)
	w.uint(has)
	at := r.Time.UnixNano()
	w.int(at - w.last)
	w.last = at
	w.own(r.Request)
	w.string(r.Dialect)
	w.string(r.Asked)
	w.count(r.Status)
	w.string(r.Outcome)
	w.string(r.Rule)
	w.string(r.Limit)
	w.string(r.Model)
	w.string(r.Provider)
	w.tokens(&r.Tokens)
	w.int(int64(r.Cost))
	w.int(int64(r.Baseline))
	for _, m := range [...]Micros{r.Took, r.Reading, r.Classifying, r.Deciding, r.FirstToken} {
		w.int(int64(m))
	}
	v := &r.Versions
	w.uint(v.Snapshot)
	w.string(v.Policy)
	w.string(v.Catalog)
	w.string(v.Classifier)
	w.string(v.Profiles)
	if has&hasWho != 0 {
		w.who(&r.Who)
	}
	if has&hasFields != 0 {
		w.fields(&r.Fields)
	}
	if has&hasFacts != 0 {
		w.facts(r.Facts)
	}
	if has&hasClass != 0 {
		w.class(r.Class)
	}
	w.world(&r.World)
	if has&hasDecision != 0 {
		w.decision(r.Decision)
	}
	w.count(len(r.Attempts))
	for i := range r.Attempts {
		w.attempt(&r.Attempts[i])
	}
	if has&hasPrompt != 0 {
		w.prompt(&r.Prompt)
	}
	if t := r.Tied; t != nil {
		w.uint(bits(t.GoesOn, 1) | bits(t.Store, 2))
		w.list(t.Hosted)
		for _, s := range [...]string{t.Client, t.Kept, t.In, t.Stateful, t.Keeper} {
			w.string(s)
		}
	}
	if t := r.Trial; t != nil {
		w.uint(bits(t.Moved, 1))
		for _, s := range [...]string{t.ID, t.Arm, t.Impossible, t.Model, t.Provider, t.Tier} {
			w.string(s)
		}
		w.int(int64(t.Cost))
		w.float(t.Quality)
	}
	if has&hasLearned != 0 {
		w.string(r.World.Learned)
		w.list(r.Seen)
	}
	w.b = binary.AppendUvarint(w.b, uint64(len(w.one)))
	w.b = append(w.b, w.one...)
}

func (w *writer) who(k *Who) {
	w.string(k.Key)
	w.string(k.Name)
	w.string(k.Team)
	w.string(k.Owner)
	w.list(k.Tags)
	w.string(k.Profile)
	w.list(k.Also)
}

func (w *writer) fields(f *Fields) {
	w.string(f.Profile)
	w.string(f.Mode)
	w.string(f.Tier)
	w.string(f.Floor)
	w.string(f.Ceiling)
	w.uint(bits(f.MaxCostUSD != nil, 1) | bits(f.BFCLMin != nil, 2) | bits(f.CodeQuality != nil, 4) | bits(f.ChatQuality != nil, 8))
	for _, p := range [...]*float64{f.MaxCostUSD, f.BFCLMin} {
		if p != nil {
			w.double(*p)
		}
	}
	for _, p := range [...]*int{f.CodeQuality, f.ChatQuality} {
		if p != nil {
			w.int(int64(*p))
		}
	}
}

func (w *writer) facts(f *Facts) {
	w.uint(bits(f.ForcedTool, 1) | bits(f.AudioOut, 2) | bits(f.Logprobs, 4) | bits(f.EndsInTool, 8) | bits(f.LastIsAssist, 16) |
		bits(f.Continuation, 32) | bits(f.Thanks, 64) | bits(f.HasSystem, 128))
	w.list(f.Models)
	w.string(f.Effort)
	w.string(f.ServiceTier)
	for _, n := range [...]int{f.MaxTokens, f.N, f.Format, f.Turns, f.Messages, f.Tools, f.HostedTools, f.Images, f.Files, f.Audio, f.Video,
		f.ImageURLs, f.Unknown, f.PromptTokens, f.TextBytes} {
		w.count(n)
	}
}

func (w *writer) class(c *Class) {
	w.string(c.Module)
	w.string(c.Fallback)
	w.string(c.Domain)
	w.float(c.Difficulty)
	w.float(c.Confidence)
	w.float(c.Completion)
	w.shares(c.Category)
	w.count(len(c.Heads))
	for i := range c.Heads {
		w.string(c.Heads[i].Name)
		w.shares(c.Heads[i].Labels)
	}
}

func (w *writer) shares(list []Share) {
	w.count(len(list))
	for _, s := range list {
		w.string(s.Label)
		w.uint(share(s.P))
	}
}

const wholeShare = math.MaxUint16

func share(p float32) uint64 {
	if !(p > 0) {
		return 0
	}
	return uint64(min(p, 1)*wholeShare + .5)
}

func (w *writer) world(x *World) {
	w.uint(x.Seed)
	w.uint(w.healthOf(x.Health))
	c := &x.Conversation
	w.own(c.ID)
	w.string(c.Model)
	if c.Model != "" {
		w.double(c.Floor)
		w.count(c.Cached)
		w.count(c.Turns)
	}
	w.int(int64(x.Patience))
	w.count(len(x.Left))
	for _, b := range x.Left {
		w.string(b.Name)
		w.int(int64(b.Left))
	}
}

// healthOf numbers a state of health from 1; 0 = none.
func (w *writer) healthOf(h *Health) uint64 {
	if h == nil {
		return 0
	}
	n, ok := w.healths[h]
	if !ok {
		w.health = append(w.health, h)
		n = len(w.health)
		w.healths[h] = n
		w.size += 40 * len(h.Deployments)
	}
	return uint64(n)
}

func (w *writer) decision(d *Decision) {
	w.uint(bits(d.Unsure, 1) | bits(d.HistoryFloor, 2) | bits(d.ToolLoop, 4) | bits(d.Affinity, 8))
	for _, s := range [...]string{d.Method, d.Profile, d.Policy, d.Category, d.Domain, d.Tier} {
		w.string(s)
	}
	w.double(d.Difficulty)
	w.double(d.History)
	w.count(d.Completion)
	w.double(d.Worth)
	w.int(int64(d.Baseline))
	w.count(d.Looked)
	w.count(len(d.Chain))
	for i := range d.Chain {
		c := &d.Chain[i]
		w.uint(bits(c.SafetyNet, 1) | bits(c.Guessed, 2) | bits(c.Estimated, 4))
		w.home(c.Deployment, c.Model, c.Provider)
		w.string(c.Effort)
		w.float(c.Quality)
		w.float(c.Value)
		w.float(c.Bonus)
		w.int(int64(c.Cost))
		w.int(int64(c.CacheLoss))
		w.count(c.Tokens)
		w.int(int64(c.FirstToken))
	}
	w.count(len(d.Fell))
	for _, f := range d.Fell {
		w.string(f.By)
		w.string(f.Why)
		w.count(f.Count)
	}
	w.count(len(d.Rules))
	for _, x := range d.Rules {
		w.string(x.Name)
		w.uint(bits(x.Matched, 1))
		w.string(x.Skipped)
		w.string(x.Error)
	}
	w.list(d.Notes)
}

func (w *writer) attempt(a *Attempt) {
	w.uint(bits(a.Sent, 1))
	w.home(a.Deployment, a.Model, a.Provider)
	w.string(a.Class)
	w.count(a.Status)
	w.int(int64(a.Took))
	w.tokens(&a.Tokens)
	w.int(int64(a.Cost))
	w.string(a.Source)
	w.int(int64(a.RetryAfter))
}

func (w *writer) tokens(t *Tokens) {
	for _, n := range [...]int64{t.Prompt, t.Cached, t.Completion, t.Reasoning} {
		w.int(n)
	}
}

func (w *writer) prompt(p *Prompt) {
	w.string(p.Keep)
	w.own(p.Hash)
	w.own(p.Text)
	w.string(p.System)
	w.own(p.Context)
	w.count(p.Redacted)
	w.uint(bits(p.Cut, 1))
}

// table appends what the records refer to, which stands before them.
func (w *writer) table(b []byte) []byte {
	hold := w.one
	w.one = b
	// States of health and deployments use strings too, so they number them first and are written behind them.
	for _, h := range w.health {
		for i := range h.Deployments {
			w.intern(h.Deployments[i].Deployment)
			w.intern(h.Deployments[i].State)
			w.intern(h.Deployments[i].Why)
		}
	}
	for _, h := range w.homes {
		w.intern(h.deployment)
		w.intern(h.model)
		w.intern(h.provider)
	}
	w.count(len(w.names))
	for _, s := range w.names {
		w.own(s)
	}
	w.count(len(w.homes))
	for _, h := range w.homes {
		w.string(h.deployment)
		w.string(h.model)
		w.string(h.provider)
	}
	w.count(len(w.health))
	for _, h := range w.health {
		w.count(len(h.Deployments))
		for i := range h.Deployments {
			d := &h.Deployments[i]
			w.string(d.Deployment)
			w.string(d.State)
			w.time(d.Since)
			w.time(d.Until)
			w.string(d.Why)
			w.int(int64(d.FirstToken * 1e6))
		}
	}
	b, w.one = w.one, hold
	return b
}

func bits[T uint64 | int](is bool, bit T) uint64 {
	if is {
		return uint64(bit)
	}
	return 0
}

func (w *writer) uint(v uint64) { w.one = binary.AppendUvarint(w.one, v) }
func (w *writer) int(v int64)   { w.one = binary.AppendVarint(w.one, v) }
func (w *writer) count(n int)   { w.uint(uint64(max(n, 0))) }
func (w *writer) float(f float32) {
	w.one = binary.LittleEndian.AppendUint32(w.one, math.Float32bits(f))
}
func (w *writer) double(f float64) { w.word(math.Float64bits(f)) }
func (w *writer) word(v uint64)    { w.one = binary.LittleEndian.AppendUint64(w.one, v) }

// time writes a moment; the zero one is 0.
func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.int(0)
		return
	}
	w.int(t.UnixNano())
}

// own writes a string that no other record is likely to have.
func (w *writer) own(s string) {
	w.count(len(s))
	w.one = append(w.one, s...)
}

// home writes the number of a deployment with its model and provider.
func (w *writer) home(deployment, model, provider string) {
	at := unsafe.StringData(deployment)
	slot := &w.found[(uintptr(unsafe.Pointer(at))>>3^uintptr(len(deployment)))%uintptr(len(w.found))]
	if slot.at == at && slot.length == len(deployment) && at != nil {
		if h := &w.homes[slot.number-1]; h.model == model && h.provider == provider {
			w.uint(uint64(slot.number))
			return
		}
	}
	n, ok := w.places[deployment]
	if !ok || w.homes[n-1] != (home{deployment, model, provider}) { // a model may have moved between two catalogs
		w.homes = append(w.homes, home{deployment, model, provider})
		n = len(w.homes)
		w.places[deployment] = n
		w.size += len(deployment) + len(model) + len(provider) + 6
		*slot = seen{at, len(deployment), n}
	}
	w.uint(uint64(n))
}

// string writes the number of a string that many records have; "" is 0.
func (w *writer) string(s string) { w.uint(uint64(w.intern(s))) }

func (w *writer) intern(s string) int {
	if s == "" {
		return 0
	}
	at := unsafe.StringData(s)
	slot := &w.seen[(uintptr(unsafe.Pointer(at))>>3^uintptr(len(s)))%uintptr(len(w.seen))]
	if slot.at == at && slot.length == len(s) {
		return slot.number
	}
	n, ok := w.strings[s]
	if !ok {
		w.names = append(w.names, s)
		n = len(w.names)
		w.strings[s] = n
		w.size += len(s) + 2
		*slot = seen{at, len(s), n}
	}
	return n
}

func (w *writer) list(l []string) {
	w.count(len(l))
	for _, s := range l {
		w.string(s)
	}
}
