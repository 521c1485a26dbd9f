package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// reader reads what a writer wrote. It trusts nothing: the first thing that does not fit sets bad, and everything read after
// that is zero.
type reader struct {
	b       []byte
	text    string // the whole block: strings that only one record has are parts of it
	whole   int    // room of the whole block, from which b's tells where b stands
	bad     bool
	names   []string
	homes   []home
	health  []*Health
	records []byte
	last    int64
}

var errRecords = errors.New("its records are damaged")

// open reads the table and stands before the first record.
func (r *reader) open(raw []byte) error {
	*r = reader{b: raw, text: string(raw), whole: cap(raw)}
	r.names = make([]string, r.length(1))
	for i := range r.names {
		r.names[i] = r.own()
	}
	r.homes = make([]home, r.length(3))
	for i := range r.homes {
		r.homes[i] = home{r.string(), r.string(), r.string()}
	}
	r.health = make([]*Health, r.length(1))
	for i := range r.health {
		h := &Health{Deployments: make([]DeploymentHealth, r.length(6))}
		for k := range h.Deployments {
			h.Deployments[k] = DeploymentHealth{r.string(), r.string(), r.time(), r.time(), r.string(), float64(r.int()) / 1e6}
		}
		r.health[i] = h
	}
	if r.bad {
		return fmt.Errorf("%w: its table does not end", errRecords)
	}
	r.records = r.b
	return nil
}

// next reads a record into rec, whose lists are used again; false = there is none left. The strings are parts of the block.
func (r *reader) next(rec *Record) (bool, error) {
	if len(r.records) == 0 {
		return false, nil
	}
	n, width := binary.Uvarint(r.records)
	if width <= 0 || n > uint64(len(r.records)-width) {
		return false, fmt.Errorf("%w: one does not end", errRecords)
	}
	r.b = r.records[width : width+int(n)]
	r.records = r.records[width+int(n):]
	rec.reset()
	r.record(rec)
	if r.bad {
		return false, fmt.Errorf("%w: one is not what it should be", errRecords)
	}
	return true, nil
}

// record reads one record. What a later version has put behind it is left alone.
func (r *reader) record(rec *Record) {
	has := r.uint()
	r.last += r.int()
	rec.Time = time.Unix(0, r.last).UTC()
	rec.Request = r.own()
	rec.Dialect, rec.Asked, rec.Status, rec.Outcome = r.string(), r.string(), r.count(), r.string()
	rec.Rule, rec.Limit, rec.Model, rec.Provider = r.string(), r.string(), r.string(), r.string()
	r.tokens(&rec.Tokens)
	rec.Cost, rec.Baseline = Money(r.int()), Money(r.int())
	for _, m := range [...]*Micros{&rec.Took, &rec.Reading, &rec.Classifying, &rec.Deciding, &rec.FirstToken} {
		*m = Micros(r.int())
	}
	rec.Versions = Versions{r.uint(), r.string(), r.string(), r.string(), r.string()}
	rec.Stream, rec.Fallback, rec.Priced, rec.Demo = has&isStream != 0, has&isFallback != 0, has&isPriced != 0, has&isDemo != 0
	if has&hasWho != 0 {
		w := &rec.Who
		w.Key, w.Name, w.Team, w.Owner = r.string(), r.string(), r.string(), r.string()
		w.Tags = r.list(w.Tags)
		w.Profile = r.string()
		w.Also = r.list(w.Also)
	}
	if has&hasFields != 0 {
		r.fields(&rec.Fields)
	}
	if has&hasFacts != 0 {
		r.facts(rec.NeedFacts())
	}
	if has&hasClass != 0 {
		r.class(rec.NeedClass())
	}
	r.world(&rec.World)
	if has&hasDecision != 0 {
		r.decision(rec.NeedDecision())
	}
	for range r.length(10) {
		sent := r.uint()&1 != 0
		h := r.home()
		a := Attempt{Sent: sent, Deployment: h.deployment, Model: h.model, Provider: h.provider, Class: r.string(), Status: r.count(), Took: Micros(r.int())}
		r.tokens(&a.Tokens)
		a.Cost, a.Source, a.RetryAfter = Money(r.int()), r.string(), Micros(r.int())
		rec.Attempts = append(rec.Attempts, a)
	}
	if has&hasPrompt != 0 {
		rec.Prompt = Prompt{Keep: r.string(), Hash: r.own(), Text: r.own(), System: r.string(), Context: r.own(), Redacted: r.count(), Cut: r.uint()&1 != 0}
	}
	if has&hasTied != 0 {
		is := r.uint()
		rec.Tied = &Tied{GoesOn: is&1 != 0, Store: is&2 != 0, Hosted: r.list(nil)}
		for _, to := range [...]*string{&rec.Tied.Client, &rec.Tied.Kept, &rec.Tied.In, &rec.Tied.Stateful, &rec.Tied.Keeper} {
			*to = r.string()
		}
	}
	if has&hasTrial != 0 {
		t := &Trial{Moved: r.uint()&1 != 0}
		for _, to := range [...]*string{&t.ID, &t.Arm, &t.Impossible, &t.Model, &t.Provider, &t.Tier} {
			*to = r.string()
		}
		t.Cost, t.Quality = Money(r.int()), r.float()
		rec.Trial = t
	}
	if has&hasLearned != 0 {
		rec.World.Learned, rec.Seen = r.string(), r.list(rec.Seen)
	}
}

func (r *reader) fields(f *Fields) {
	*f = Fields{Profile: r.string(), Mode: r.string(), Tier: r.string(), Floor: r.string(), Ceiling: r.string()}
	has := r.uint()
	if has&1 != 0 {
		f.MaxCostUSD = new(r.double())
	}
	if has&2 != 0 {
		f.BFCLMin = new(r.double())
	}
	if has&4 != 0 {
		f.CodeQuality = new(int(r.int()))
	}
	if has&8 != 0 {
		f.ChatQuality = new(int(r.int()))
	}
}

func (r *reader) facts(f *Facts) {
	is := r.uint()
	f.ForcedTool, f.AudioOut, f.Logprobs, f.EndsInTool = is&1 != 0, is&2 != 0, is&4 != 0, is&8 != 0
	f.LastIsAssist, f.Continuation, f.Thanks, f.HasSystem = is&16 != 0, is&32 != 0, is&64 != 0, is&128 != 0
	f.Models = r.list(f.Models)
	f.Effort, f.ServiceTier = r.string(), r.string()
	for _, n := range [...]*int{&f.MaxTokens, &f.N, &f.Format, &f.Turns, &f.Messages, &f.Tools, &f.HostedTools, &f.Images, &f.Files, &f.Audio, &f.Video,
		&f.ImageURLs, &f.Unknown, &f.PromptTokens, &f.TextBytes} {
		*n = r.count()
	}
}

func (r *reader) class(c *Class) {
	c.Module, c.Fallback, c.Domain = r.string(), r.string(), r.string()
	c.Difficulty, c.Confidence, c.Completion = r.float(), r.float(), r.float()
	c.Category = r.shares(c.Category)
	for range r.length(2) {
		c.Heads = append(c.Heads, Head{r.string(), r.shares(nil)})
	}
}

func (r *reader) shares(into []Share) []Share {
	for range r.length(2) {
		into = append(into, Share{r.string(), r.share()})
	}
	return into
}

func (r *reader) share() float32 { return float32(min(r.uint(), wholeShare)) / wholeShare }

func (r *reader) world(w *World) {
	w.Seed = r.uint()
	if n := r.uint(); n > uint64(len(r.health)) {
		r.bad = true
	} else if n > 0 {
		w.Health = r.health[n-1]
	}
	c := &w.Conversation
	c.ID, c.Model = r.own(), r.string()
	if c.Model != "" {
		c.Floor, c.Cached, c.Turns = r.double(), r.count(), r.count()
	}
	w.Patience = Micros(r.int())
	for range r.length(2) {
		w.Left = append(w.Left, Budget{r.string(), Money(r.int())})
	}
}

func (r *reader) decision(d *Decision) {
	is := r.uint()
	d.Unsure, d.HistoryFloor, d.ToolLoop, d.Affinity = is&1 != 0, is&2 != 0, is&4 != 0, is&8 != 0
	for _, s := range [...]*string{&d.Method, &d.Profile, &d.Policy, &d.Category, &d.Domain, &d.Tier} {
		*s = r.string()
	}
	d.Difficulty, d.History, d.Completion, d.Worth = r.double(), r.double(), r.count(), r.double()
	d.Baseline, d.Looked = Money(r.int()), r.count()
	for range r.length(16) {
		is := r.uint()
		c := Candidate{SafetyNet: is&1 != 0, Guessed: is&2 != 0, Estimated: is&4 != 0}
		h := r.home()
		c.Deployment, c.Model, c.Provider, c.Effort = h.deployment, h.model, h.provider, r.string()
		c.Quality, c.Value, c.Bonus = r.float(), r.float(), r.float()
		c.Cost, c.CacheLoss, c.Tokens, c.FirstToken = Money(r.int()), Money(r.int()), r.count(), Micros(r.int())
		d.Chain = append(d.Chain, c)
	}
	for range r.length(3) {
		d.Fell = append(d.Fell, Fell{r.string(), r.string(), r.count()})
	}
	for range r.length(4) {
		d.Rules = append(d.Rules, Rule{r.string(), r.uint()&1 != 0, r.string(), r.string()})
	}
	d.Notes = r.list(d.Notes)
}

func (r *reader) tokens(t *Tokens) {
	t.Prompt, t.Cached, t.Completion, t.Reasoning = r.int(), r.int(), r.int(), r.int()
}

func (r *reader) uint() uint64 {
	if r.bad {
		return 0
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	if r.bad {
		return 0
	}
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count is a number of things, which fits an int everywhere.
func (r *reader) count() int {
	v := r.uint()
	if v > math.MaxInt32 {
		r.bad = true
		return 0
	}
	return int(v)
}

// length is a number of things that follow, each of at least that many bytes.
func (r *reader) length(least int) int {
	n := r.count()
	if n*least > len(r.b) {
		r.bad = true
		return 0
	}
	return n
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) float() float32 {
	b := r.take(4)
	if b == nil {
		return 0
	}
	return finite(math.Float32frombits(binary.LittleEndian.Uint32(b)))
}

func (r *reader) double() float64 { return finite(math.Float64frombits(r.word())) }

func (r *reader) word() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// finite is f, or 0 for what no JSON can say.
func finite[F float32 | float64](f F) F {
	if f != f || float64(f) > math.MaxFloat64 || float64(f) < -math.MaxFloat64 {
		return 0
	}
	return f
}

func (r *reader) time() time.Time {
	if at := r.int(); at != 0 {
		return time.Unix(0, at).UTC()
	}
	return time.Time{}
}

func (r *reader) own() string {
	n := r.count()
	at := r.whole - cap(r.b)
	if r.take(n) == nil {
		return ""
	}
	return r.text[at : at+n]
}

func (r *reader) string() string {
	n := r.uint()
	if n == 0 {
		return ""
	}
	if n > uint64(len(r.names)) {
		r.bad = true
		return ""
	}
	return r.names[n-1]
}

func (r *reader) home() home {
	n := r.uint()
	if n == 0 || n > uint64(len(r.homes)) {
		r.bad = true
		return home{}
	}
	return r.homes[n-1]
}

func (r *reader) list(into []string) []string {
	for range r.length(1) {
		into = append(into, r.string())
	}
	return into
}
