// Package ledger is what happened: one record a request, kept in compressed blocks in a JetStream stream, with rollups per
// minute, hour and day, an index to skip by, and a live view. It knows nothing of how decisions are made; whoever fills a
// Record does.
package ledger

import (
	"sync"
	"time"
)

// Record is one request: who asked, what was decided and why, what was sent where, and what became of it. It holds no
// credential ever, and of the prompt as much as Prompt.Keep says. A pooled one keeps the memory of its lists.
type Record struct {
	// ID is the decision's id, dec_<block>_<place>: it says where in the ledger the record stands. It is known as soon as the
	// block is written, and "" until then.
	ID      string    `json:"id,omitempty"`
	Request string    `json:"request_id"` // X-Request-Id
	Time    time.Time `json:"time"`       // of arrival, UTC
	Replica string    `json:"replica,omitempty"`

	Dialect string `json:"dialect"`         // chat, messages, responses, embeddings
	Asked   string `json:"asked,omitempty"` // "model" as sent
	Stream  bool   `json:"stream,omitempty"`
	Status  int    `json:"status"`          // HTTP, as the client got it
	Outcome string `json:"outcome"`         // ok, or the error's code
	Demo    bool   `json:"demo,omitempty"`  // simulated providers answered
	Rule    string `json:"rule,omitempty"`  // that refused the request
	Limit   string `json:"limit,omitempty"` // code of the own limit that refused it, which is no failure

	Who      Who       `json:"who,omitzero"`
	Facts    *Facts    `json:"facts,omitempty"` // nil = not kept
	Fields   Fields    `json:"fields,omitzero"`
	Class    *Class    `json:"class,omitempty"` // nil = not kept, or not classified
	World    World     `json:"world,omitzero"`
	Decision *Decision `json:"decision,omitempty"` // nil = refused before
	Attempts []Attempt `json:"attempts,omitempty"`

	Model    string `json:"model,omitempty"`    // that answered, else that would have been asked first
	Provider string `json:"provider,omitempty"` // its deployment's
	Fallback bool   `json:"fallback,omitempty"` // another than the first candidate answered

	Tokens   Tokens `json:"tokens,omitzero"`
	Cost     Money  `json:"cost"`     // of all attempts
	Priced   bool   `json:"priced"`   // Cost follows from the usage that the provider told
	Baseline Money  `json:"baseline"` // of the same tokens at the policy's baseline model; 0 = unknown

	Took        Micros `json:"took_us"` // the whole request
	Reading     Micros `json:"reading_us"`
	Classifying Micros `json:"classifying_us"`
	Deciding    Micros `json:"deciding_us"`
	FirstToken  Micros `json:"first_token_us,omitempty"` // to the first text, from arrival; streams only

	Versions Versions `json:"versions,omitzero"`
	Prompt   Prompt   `json:"prompt,omitzero"`
	Tied     *Tied    `json:"tied,omitempty"`  // nil = to nobody, or it is not kept
	Trial    *Trial   `json:"trial,omitempty"` // nil = nothing is being tried; never changed
	Seen     []string `json:"seen,omitempty"`  // what Routor saw wrong with the answer: refused, cut, …

	// Feedback is what people have said of the answer since. It is not kept in the block: whoever shows a record adds it.
	Feedback *Feedback `json:"feedback,omitempty"`

	pooled room
}

// room is memory that a pooled record uses again.
type room struct {
	facts    Facts
	class    Class
	decision Decision
	staged   staged
}

// Feedback is what people think of an answer.
type Feedback struct {
	Score    float64  `json:"score"` // mean of the votes, 0..1
	Votes    int      `json:"votes"`
	Comments []string `json:"comments,omitempty"`
}

// Money is an amount in nano-dollars (1e-9 USD).
type Money int64

// USD is the amount in dollars.
func (m Money) USD() float64 { return float64(m) / 1e9 }

// Micros is a duration in microseconds.
type Micros int64

// Since is a duration in whole microseconds.
func Since(d time.Duration) Micros { return Micros(d.Microseconds()) }

// Duration is m as a time.Duration.
func (m Micros) Duration() time.Duration { return time.Duration(m) * time.Microsecond }

// Who is the key that asked, as rules see it. The zero Who is a caller without a key.
type Who struct {
	Key     string   `json:"key,omitempty"` // its id
	Name    string   `json:"name,omitempty"`
	Team    string   `json:"team,omitempty"`
	Owner   string   `json:"owner,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Profile string   `json:"profile,omitempty"`  // the key's own
	Also    []string `json:"profiles,omitempty"` // others that it may ask for
}

// IsZero is whether nobody is known; lists that are empty but not nil count as nothing.
func (w Who) IsZero() bool {
	return w.Key == "" && w.Name == "" && w.Team == "" && w.Owner == "" && w.Profile == "" && len(w.Tags) == 0 && len(w.Also) == 0
}

// Facts are what the request is like, without any of its words.
type Facts struct {
	Models       []string `json:"models,omitempty"` // the request's own fallbacks
	MaxTokens    int      `json:"max_tokens,omitempty"`
	N            int      `json:"n,omitempty"`
	Effort       string   `json:"effort,omitempty"`
	ServiceTier  string   `json:"service_tier,omitempty"`
	Format       int      `json:"format,omitempty"` // 0 text, 1 JSON object, 2 JSON by schema
	Turns        int      `json:"turns"`
	Messages     int      `json:"messages"`
	Tools        int      `json:"tools,omitempty"`
	HostedTools  int      `json:"hosted_tools,omitempty"`
	Images       int      `json:"images,omitempty"`
	Files        int      `json:"files,omitempty"`
	Audio        int      `json:"audio,omitempty"`
	Video        int      `json:"video,omitempty"`
	ImageURLs    int      `json:"image_urls,omitempty"`
	Unknown      int      `json:"unknown,omitempty"`
	PromptTokens int      `json:"prompt_tokens"` // estimate
	TextBytes    int      `json:"text_bytes"`
	ForcedTool   bool     `json:"forced_tool,omitempty"`
	AudioOut     bool     `json:"audio_out,omitempty"`
	Logprobs     bool     `json:"logprobs,omitempty"`
	EndsInTool   bool     `json:"ends_in_tool,omitempty"`
	LastIsAssist bool     `json:"last_is_assistant,omitempty"`
	Continuation bool     `json:"continuation,omitempty"`
	Thanks       bool     `json:"thanks,omitempty"`
	HasSystem    bool     `json:"has_system,omitempty"`
}

// Tied is what ties a request to those who can have it: hosted tools, and what lies at one provider alone. It is never changed.
type Tied struct {
	Client   string   `json:"client"` // the dialect in which it was asked
	Hosted   []string `json:"hosted,omitempty"`
	Kept     string   `json:"kept,omitempty"`     // a file, a container, …
	In       string   `json:"in,omitempty"`       // the dialect of whoever has it
	Stateful string   `json:"stateful,omitempty"` // the field that asks for what a provider keeps
	GoesOn   bool     `json:"goes_on,omitempty"`  // from an answer that is kept
	Store    bool     `json:"store,omitempty"`
	Keeper   string   `json:"keeper,omitempty"` // the provider that keeps what it goes on from; "" = unknown
}

// Fields are the routor_* fields that were sent.
type Fields struct {
	Profile     string   `json:"profile,omitempty"`
	Mode        string   `json:"mode,omitempty"`
	Tier        string   `json:"tier,omitempty"`
	Floor       string   `json:"tier_floor,omitempty"`
	Ceiling     string   `json:"tier_ceiling,omitempty"`
	MaxCostUSD  *float64 `json:"max_cost,omitempty"`
	BFCLMin     *float64 `json:"bfcl_min,omitempty"`
	CodeQuality *int     `json:"code_quality,omitempty"`
	ChatQuality *int     `json:"chat_quality,omitempty"`
}

// Class is the classifier's answer.
type Class struct {
	Module     string  `json:"module"`             // name and version
	Fallback   string  `json:"fallback,omitempty"` // why the built-in module answered in its place
	Category   []Share `json:"category"`           // those of at least 1 in 4,096
	Domain     string  `json:"domain"`             // the most probable
	Difficulty float32 `json:"difficulty"`
	Confidence float32 `json:"confidence"`
	Completion float32 `json:"completion_tokens,omitempty"` // expected; 0 = the module does not say
	Heads      []Head  `json:"heads,omitempty"`
}

// Share is the probability of a label, in steps of 1/65,535.
type Share struct {
	Label string  `json:"label"`
	P     float32 `json:"p"`
}

// Head is the answer of one of a module's own heads.
type Head struct {
	Name   string  `json:"name"`
	Labels []Share `json:"labels"`
}

// World is what else the decision looked at.
type World struct {
	Seed         uint64       `json:"seed,string,omitempty"` // of split
	Conversation Conversation `json:"conversation,omitzero"`
	Health       *Health      `json:"health,omitempty"`      // nil = nothing was known to be wrong
	Patience     Micros       `json:"patience_us,omitempty"` // how long it could wait for what cools down
	// Left are the budgets that bounded the request, as they stood.
	Left []Budget `json:"left,omitempty"`
	// Learned is the version of what was learned and moved expected quality; "" = nothing did.
	Learned string `json:"learned,omitempty"`
}

// IsZero is whether there was nothing to look at.
func (w World) IsZero() bool {
	return w.Seed == 0 && w.Conversation == Conversation{} && w.Health == nil && w.Patience == 0 && len(w.Left) == 0 && w.Learned == ""
}

// Budget is what was left of one.
type Budget struct {
	Name string `json:"name"` // of the limit
	Left Money  `json:"left"`
}

// Conversation is what came before.
type Conversation struct {
	ID     string  `json:"id,omitempty"`
	Model  string  `json:"model,omitempty"` // deployment that answered last
	Floor  float64 `json:"floor,omitempty"` // difficulty that it needed so far
	Cached int     `json:"cached,omitempty"`
	Turns  int     `json:"turns,omitempty"`
}

// Health is what was known of the deployments. One is shared by all records that were decided by it, and never changed.
type Health struct {
	Deployments []DeploymentHealth `json:"deployments"`
}

// DeploymentHealth is one that was in trouble, or whose latency was known.
type DeploymentHealth struct {
	Deployment string    `json:"deployment"`
	State      string    `json:"state,omitempty"`
	Since      time.Time `json:"since,omitzero"`
	Until      time.Time `json:"until,omitzero"`
	Why        string    `json:"why,omitempty"`
	FirstToken float64   `json:"first_token,omitempty"` // seconds, smoothed
}

// Decision is what was decided, in brief.
type Decision struct {
	Method       string  `json:"method"`
	Profile      string  `json:"profile"`
	Policy       string  `json:"policy"` // its name
	Category     string  `json:"category"`
	Domain       string  `json:"domain"`
	Tier         string  `json:"tier"`
	Difficulty   float64 `json:"difficulty"`        // after floors, ceilings and history
	History      float64 `json:"history,omitempty"` // floor that the conversation set; 0 = none
	Unsure       bool    `json:"unsure,omitempty"`
	HistoryFloor bool    `json:"history_floor,omitempty"`
	ToolLoop     bool    `json:"tool_loop,omitempty"`
	Affinity     bool    `json:"affinity,omitempty"`
	Completion   int     `json:"completion_tokens"` // expected of an average model
	Worth        float64 `json:"worth"`             // USD of a fully right answer
	Baseline     Money   `json:"expected_baseline"` // expected cost at the baseline model; 0 = unknown

	Looked int         `json:"looked_at"` // candidates
	Chain  []Candidate `json:"chain"`     // best first
	Fell   []Fell      `json:"fell"`      // the others, by reason
	Rules  []Rule      `json:"rules,omitempty"`
	Notes  []string    `json:"notes,omitempty"`
}

// Candidate is one of the chain with the terms of its value.
type Candidate struct {
	Deployment string  `json:"deployment"`
	Model      string  `json:"model"`
	Provider   string  `json:"provider"`
	Effort     string  `json:"effort,omitempty"`
	Quality    float32 `json:"quality"`
	Value      float32 `json:"value"`
	Bonus      float32 `json:"bonus,omitempty"` // of prefer and avoid
	Cost       Money   `json:"cost"`            // expected, CacheLoss included
	CacheLoss  Money   `json:"cache_loss,omitempty"`
	Tokens     int     `json:"output_tokens"`
	FirstToken Micros  `json:"first_token_us,omitempty"`
	SafetyNet  bool    `json:"safety_net,omitempty"`
	Guessed    bool    `json:"guessed,omitempty"`   // nothing public is known of the model's quality
	Estimated  bool    `json:"estimated,omitempty"` // the price is unknown
}

// Fell is how many candidates fell out for a reason, and at which stage.
type Fell struct {
	By    string `json:"by"` // status, capability, profile, health, rule, request, adequacy
	Why   string `json:"why"`
	Count int    `json:"count"`
}

// Rule is one that was put to the request.
type Rule struct {
	Name    string `json:"rule"`
	Matched bool   `json:"matched"`
	Skipped string `json:"skipped,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Attempt is one upstream call.
type Attempt struct {
	Deployment string `json:"deployment"`
	Model      string `json:"model"`
	Provider   string `json:"provider"`
	Class      string `json:"class,omitempty"` // of the error; "" = it answered
	Status     int    `json:"status,omitempty"`
	Took       Micros `json:"took_us"`        // until it failed, or until the answer's first text
	Sent       bool   `json:"sent,omitempty"` // may have been billed
	Tokens     Tokens `json:"tokens,omitzero"`
	Cost       Money  `json:"cost"`
	Source     string `json:"cost_source,omitempty"` // provider: its own figure; usage: what it told, at the catalog's prices; estimate: what was expected; unknown: it may have been billed; "" = nothing
	RetryAfter Micros `json:"retry_after_us,omitempty"`
}

// Tokens are counts of tokens; Prompt includes Cached, Completion includes Reasoning.
type Tokens struct {
	Prompt     int64 `json:"prompt"`
	Cached     int64 `json:"cached,omitempty"`
	Completion int64 `json:"completion"`
	Reasoning  int64 `json:"reasoning,omitempty"`
}

// Versions are what the request was decided by.
type Versions struct {
	Snapshot   uint64 `json:"snapshot"`
	Policy     string `json:"policy"` // hash
	Catalog    string `json:"catalog"`
	Classifier string `json:"classifier,omitempty"` // name and version of the module that was asked
	Profiles   string `json:"profiles,omitempty"`   // hash
}

// Prompt is what is kept of the prompt.
type Prompt struct {
	Keep     string `json:"keep,omitempty"` // none, hash, features, text
	Hash     string `json:"hash,omitempty"` // keyed: equal for equal prompts, and tells nothing of them
	Text     string `json:"text,omitempty"` // the last human turn
	System   string `json:"system,omitempty"`
	Context  string `json:"context,omitempty"`
	Redacted int    `json:"redacted,omitempty"` // places that were blackened
	Cut      bool   `json:"cut,omitempty"`      // longer than what is kept
}

// The levels of what is kept of prompts, each with all that those before it have.
const (
	KeepNone     = "none"     // nothing that comes from the prompt
	KeepHash     = "hash"     // a keyed hash of it
	KeepFeatures = "features" // classification and facts: enough to decide again under other rules
	KeepText     = "text"     // the words, redacted: enough for another classifier
)

var records = sync.Pool{New: func() any { return new(Record) }}

// NewRecord takes an empty record from the pool. Ledger.Put takes it over; a record that is not put is to be released.
func NewRecord() *Record {
	r := records.Get().(*Record)
	r.reset() // here rather than in Release: whoever takes it writes to this memory next
	return r
}

// Release gives a record back to the pool. Nothing of it may be used after that.
func (r *Record) Release() { records.Put(r) }

// reset empties a record and keeps its memory.
func (r *Record) reset() {
	attempts, left, tags, also, seen := r.Attempts[:0], r.World.Left[:0], r.Who.Tags[:0], r.Who.Also[:0], r.Seen[:0]
	clear(attempts[:cap(attempts)])
	keep := r.pooled
	keep.staged.reset()
	*r = Record{Attempts: attempts, Who: Who{Tags: tags, Also: also}, World: World{Left: left}, Seen: seen, pooled: keep}
}

// NeedFacts gives the record facts, empty.
func (r *Record) NeedFacts() *Facts {
	r.pooled.facts = Facts{Models: r.pooled.facts.Models[:0]}
	r.Facts = &r.pooled.facts
	return r.Facts
}

// NeedClass gives the record a classification, empty.
func (r *Record) NeedClass() *Class {
	r.pooled.class = Class{Category: r.pooled.class.Category[:0], Heads: r.pooled.class.Heads[:0]}
	r.Class = &r.pooled.class
	return r.Class
}

// NeedDecision gives the record a decision, empty.
func (r *Record) NeedDecision() *Decision {
	d := &r.pooled.decision
	*d = Decision{Chain: d.Chain[:0], Fell: d.Fell[:0], Rules: d.Rules[:0], Notes: d.Notes[:0]}
	r.Decision = d
	return d
}

// Fall counts candidates that fell out.
func (d *Decision) Fall(by, why string, n int) {
	for i := len(d.Fell) - 1; i >= 0; i-- {
		if f := &d.Fell[i]; len(f.Why) == len(why) && f.Why == why && f.By == by {
			f.Count += n
			return
		}
	}
	d.Fell = append(d.Fell, Fell{by, why, n})
}

// size is about how many bytes a record takes while it waits.
func (r *Record) size() int64 {
	s := &r.pooled.staged
	return 1500 + int64(len(s.text)+len(s.system)+len(s.context))
}

// SavingsPct is 100·(1 − cost / cost at the baseline); known is false where either is unknown.
func (r *Record) SavingsPct() (pct float64, known bool) {
	if !r.Priced || r.Baseline <= 0 {
		return 0, false
	}
	return 100 * (1 - float64(r.Cost)/float64(r.Baseline)), true
}

// Failed is whether the client got no answer for a reason that is not its own doing.
func (r *Record) Failed() bool {
	return r.Status >= 500 && r.Status != 501 || r.Status == 429 && r.Limit == "" || r.Outcome == "upstream_cut"
}

// Cloned is a copy that shares no memory with a pooled record but strings and health.
func (r *Record) Cloned() *Record {
	c := *r
	c.pooled = room{}
	c.Attempts = append([]Attempt(nil), r.Attempts...)
	c.World.Left, c.Seen = append([]Budget(nil), r.World.Left...), append([]string(nil), r.Seen...)
	c.Who.Tags, c.Who.Also = append([]string(nil), r.Who.Tags...), append([]string(nil), r.Who.Also...)
	if r.Facts != nil {
		f := *r.Facts
		f.Models = append([]string(nil), f.Models...)
		c.Facts = &f
	}
	if r.Class != nil {
		f := *r.Class
		f.Category, f.Heads = append([]Share(nil), f.Category...), append([]Head(nil), f.Heads...)
		for i := range f.Heads {
			f.Heads[i].Labels = append([]Share(nil), f.Heads[i].Labels...)
		}
		c.Class = &f
	}
	if r.Decision != nil {
		d := *r.Decision
		d.Chain, d.Fell = append([]Candidate(nil), d.Chain...), append([]Fell(nil), d.Fell...)
		d.Rules, d.Notes = append([]Rule(nil), d.Rules...), append([]string(nil), d.Notes...)
		c.Decision = &d
	}
	return &c
}
