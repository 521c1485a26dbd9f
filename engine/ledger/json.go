package ledger

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Encoder writes records as JSON: whole ones, that encoding/json reads back, and rows, which are what lists show. A record's
// state of health is the same for many of them, and is encoded once. It is for one goroutine.
type Encoder struct {
	of     *Health
	health []byte
}

// RowColumns are the members of a row that CSV has, in order.
var RowColumns = []string{"time", "id", "request_id", "status", "outcome", "ms", "first_token_ms", "key", "team", "profile", "asked", "model", "provider", "tier", "category",
	"stream", "fallback", "attempts", "prompt_tokens", "completion_tokens", "cost_usd", "savings_pct"}

// AppendRow appends a record as lists show it:
//
//	{"time":"2026-10-03T12:00:00.000Z","id":"dec_1_0","request_id":"req_…","status":200,"ms":412.1,"outcome":"ok","key":"key_…",
//	 "key_name":…,"team":…,"asked":"auto","model":"openai/gpt-5.4","provider":"openai","tier":"LIGHT","category":"coding",
//	 "profile":"default","dialect":"chat","replica":…,"stream":true,"fallback":true,"demo":true,"chain":"ous","attempts":1,"prompt_tokens":812,
//	 "completion_tokens":120,"cost_usd":0.0004,"savings_pct":91.4,"first_token_ms":310,"routing_us":38,"keep":"features",
//	 "prompt":"the first 120 letters, where its text is kept"}
//
// chain has a letter a candidate, in order: o = tried without success, u = used, s = spare. What is unknown or not so is left
// out.
func AppendRow(b []byte, r *Record) []byte {
	o := object{b: append(b, '{')}
	o.time("time", r.Time)
	o.text("id", r.ID)
	o.text("request_id", r.Request)
	o.int("status", int64(r.Status))
	o.float("ms", float64(r.Took)/1000, 64)
	o.text("outcome", r.Outcome)
	o.text("key", r.Who.Key)
	o.text("key_name", r.Who.Name)
	o.text("team", r.Who.Team)
	o.text("asked", r.Asked)
	o.text("model", r.Model)
	o.text("provider", r.Provider)
	if d := r.Decision; d != nil {
		o.text("tier", d.Tier)
		o.text("category", d.Category)
		o.text("profile", d.Profile)
	}
	o.text("dialect", r.Dialect)
	o.text("replica", r.Replica)
	o.flag("stream", r.Stream)
	o.flag("fallback", r.Fallback)
	o.flag("demo", r.Demo)
	var room [16]byte
	o.text("chain", string(chainOf(room[:0], r)))
	o.int("attempts", int64(len(r.Attempts)))
	o.int("prompt_tokens", r.Tokens.Prompt)
	o.int("completion_tokens", r.Tokens.Completion)
	if r.Priced {
		o.figure("cost_usd", r.Cost.USD())
	}
	if pct, known := r.SavingsPct(); known {
		o.figure("savings_pct", math.Round(pct*10)/10)
	}
	if r.FirstToken > 0 {
		o.float("first_token_ms", float64(r.FirstToken)/1000, 64)
	}
	o.int("routing_us", int64(r.Reading+r.Classifying+r.Deciding))
	o.text("keep", r.Prompt.Keep)
	o.text("prompt", head(r.Prompt.Text, 120))
	return append(o.b, '}')
}

// chainOf appends a letter a candidate of the chain.
func chainOf(b []byte, r *Record) []byte {
	if r.Decision == nil {
		return b
	}
	for i := range r.Decision.Chain {
		letter := byte('s')
		for k := range r.Attempts {
			if a := &r.Attempts[k]; a.Deployment == r.Decision.Chain[i].Deployment {
				if letter = 'o'; a.Class == "" {
					letter = 'u'
					break
				}
			}
		}
		b = append(b, letter)
	}
	return b
}

// head is the begin of a text, whole letters only.
func head(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

// Row is the cells of a row, for CSV and tables, as RowColumns names them.
func Row(r *Record) []string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	d := r.Decision
	if d == nil {
		d = &Decision{}
	}
	var first, cost, savings string
	if r.FirstToken > 0 {
		first = number(float64(r.FirstToken) / 1000)
	}
	if r.Priced {
		cost = number(r.Cost.USD())
	}
	if pct, known := r.SavingsPct(); known {
		savings = number(math.Round(pct*10) / 10)
	}
	key := r.Who.Name
	if key == "" {
		key = r.Who.Key
	}
	return []string{r.Time.Format("2006-01-02T15:04:05.000Z07:00"), r.ID, r.Request, strconv.Itoa(r.Status), r.Outcome, number(float64(r.Took) / 1000), first, key,
		r.Who.Team, d.Profile, r.Asked, r.Model, r.Provider, d.Tier, d.Category, strconv.FormatBool(r.Stream), strconv.FormatBool(r.Fallback),
		strconv.Itoa(len(r.Attempts)), strconv.FormatInt(r.Tokens.Prompt, 10), strconv.FormatInt(r.Tokens.Completion, 10), cost, savings}
}

// AppendJSON appends the whole record as encoding/json would.
func (e *Encoder) AppendJSON(b []byte, r *Record) []byte {
	o := object{b: append(b, '{')}
	o.text("id", r.ID)
	o.always("request_id", r.Request)
	o.nano("time", r.Time)
	o.text("replica", r.Replica)
	o.always("dialect", r.Dialect)
	o.text("asked", r.Asked)
	o.flag("stream", r.Stream)
	o.number("status", int64(r.Status))
	o.always("outcome", r.Outcome)
	o.flag("demo", r.Demo)
	o.text("rule", r.Rule)
	o.text("limit", r.Limit)
	if !r.Who.IsZero() {
		o.open("who")
		w := &r.Who
		o.text("key", w.Key)
		o.text("name", w.Name)
		o.text("team", w.Team)
		o.text("owner", w.Owner)
		o.list("tags", w.Tags)
		o.text("profile", w.Profile)
		o.list("profiles", w.Also)
		o.close()
	}
	if r.Facts != nil {
		o.facts(r.Facts)
	}
	if r.Fields != (Fields{}) {
		o.fields(&r.Fields)
	}
	if r.Class != nil {
		o.class(r.Class)
	}
	if !r.World.IsZero() {
		e.world(&o, &r.World)
	}
	if r.Decision != nil {
		o.decision(r.Decision)
	}
	if len(r.Attempts) > 0 {
		o.attempts(r.Attempts)
	}
	o.text("model", r.Model)
	o.text("provider", r.Provider)
	o.flag("fallback", r.Fallback)
	o.tokens(&r.Tokens)
	o.number("cost", int64(r.Cost))
	o.bool("priced", r.Priced)
	o.number("baseline", int64(r.Baseline))
	o.number("took_us", int64(r.Took))
	o.number("reading_us", int64(r.Reading))
	o.number("classifying_us", int64(r.Classifying))
	o.number("deciding_us", int64(r.Deciding))
	o.int("first_token_us", int64(r.FirstToken))
	if v := &r.Versions; *v != (Versions{}) {
		o.open("versions")
		o.name("snapshot")
		o.b = strconv.AppendUint(o.b, v.Snapshot, 10)
		o.always("policy", v.Policy)
		o.always("catalog", v.Catalog)
		o.text("classifier", v.Classifier)
		o.text("profiles", v.Profiles)
		o.close()
	}
	if p := &r.Prompt; *p != (Prompt{}) {
		o.open("prompt")
		o.text("keep", p.Keep)
		o.text("hash", p.Hash)
		o.text("text", p.Text)
		o.text("system", p.System)
		o.text("context", p.Context)
		o.int("redacted", int64(p.Redacted))
		o.flag("cut", p.Cut)
		o.close()
	}
	if t := r.Tied; t != nil {
		o.open("tied")
		o.always("client", t.Client)
		o.list("hosted", t.Hosted)
		o.text("kept", t.Kept)
		o.text("in", t.In)
		o.text("stateful", t.Stateful)
		o.flag("goes_on", t.GoesOn)
		o.flag("store", t.Store)
		o.text("keeper", t.Keeper)
		o.close()
	}
	if t := r.Trial; t != nil {
		o.open("trial")
		o.always("id", t.ID)
		o.always("arm", t.Arm)
		o.flag("moved", t.Moved)
		o.text("impossible", t.Impossible)
		o.text("model", t.Model)
		o.text("provider", t.Provider)
		o.text("tier", t.Tier)
		o.int("cost", int64(t.Cost))
		o.float("quality", float64(t.Quality), 32)
		o.close()
	}
	if len(r.Seen) > 0 {
		o.list("seen", r.Seen)
	}
	if f := r.Feedback; f != nil {
		o.open("feedback")
		o.name("score")
		o.b = strconv.AppendFloat(o.b, f.Score, 'f', -1, 64)
		o.int("votes", int64(f.Votes))
		if len(f.Comments) > 0 {
			o.list("comments", f.Comments)
		}
		o.close()
	}
	return append(o.b, '}')
}

func (e *Encoder) world(o *object, w *World) {
	o.open("world")
	if w.Seed != 0 {
		o.name("seed")
		o.b = append(strconv.AppendUint(append(o.b, '"'), w.Seed, 10), '"')
	}
	if c := &w.Conversation; *c != (Conversation{}) {
		o.open("conversation")
		o.text("id", c.ID)
		o.text("model", c.Model)
		o.float("floor", c.Floor, 64)
		o.int("cached", int64(c.Cached))
		o.int("turns", int64(c.Turns))
		o.close()
	}
	if w.Health != nil {
		if e.of != w.Health {
			e.of = w.Health
			h := object{b: append(e.health[:0], '{')}
			h.health(w.Health)
			e.health = append(h.b, '}')
		}
		o.name("health")
		o.b = append(o.b, e.health...)
	}
	o.int("patience_us", int64(w.Patience))
	if len(w.Left) > 0 {
		o.array("left")
		for _, x := range w.Left {
			o.item()
			o.always("name", x.Name)
			o.number("left", int64(x.Left))
			o.close()
		}
		o.end()
	}
	o.text("learned", w.Learned)
	o.close()
}

func (o *object) health(h *Health) {
	o.array("deployments")
	for i := range h.Deployments {
		d := &h.Deployments[i]
		o.item()
		o.always("deployment", d.Deployment)
		o.text("state", d.State)
		if !d.Since.IsZero() {
			o.nano("since", d.Since)
		}
		if !d.Until.IsZero() {
			o.nano("until", d.Until)
		}
		o.text("why", d.Why)
		o.float("first_token", d.FirstToken, 64)
		o.close()
	}
	o.end()
}

func (o *object) facts(f *Facts) {
	o.open("facts")
	o.list("models", f.Models)
	o.int("max_tokens", int64(f.MaxTokens))
	o.int("n", int64(f.N))
	o.text("effort", f.Effort)
	o.text("service_tier", f.ServiceTier)
	o.int("format", int64(f.Format))
	o.number("turns", int64(f.Turns))
	o.number("messages", int64(f.Messages))
	for _, x := range [...]struct {
		name string
		n    int
	}{{"tools", f.Tools}, {"hosted_tools", f.HostedTools}, {"images", f.Images}, {"files", f.Files}, {"audio", f.Audio}, {"video", f.Video},
		{"image_urls", f.ImageURLs}, {"unknown", f.Unknown}} {
		o.int(x.name, int64(x.n))
	}
	o.number("prompt_tokens", int64(f.PromptTokens))
	o.number("text_bytes", int64(f.TextBytes))
	for _, x := range [...]struct {
		name string
		is   bool
	}{{"forced_tool", f.ForcedTool}, {"audio_out", f.AudioOut}, {"logprobs", f.Logprobs}, {"ends_in_tool", f.EndsInTool}, {"last_is_assistant", f.LastIsAssist},
		{"continuation", f.Continuation}, {"thanks", f.Thanks}, {"has_system", f.HasSystem}} {
		o.flag(x.name, x.is)
	}
	o.close()
}

func (o *object) fields(f *Fields) {
	o.open("fields")
	o.text("profile", f.Profile)
	o.text("mode", f.Mode)
	o.text("tier", f.Tier)
	o.text("tier_floor", f.Floor)
	o.text("tier_ceiling", f.Ceiling)
	for _, x := range [...]struct {
		name string
		p    *float64
	}{{"max_cost", f.MaxCostUSD}, {"bfcl_min", f.BFCLMin}} {
		if x.p != nil {
			o.figure(x.name, *x.p)
		}
	}
	for _, x := range [...]struct {
		name string
		p    *int
	}{{"code_quality", f.CodeQuality}, {"chat_quality", f.ChatQuality}} {
		if x.p != nil {
			o.number(x.name, int64(*x.p))
		}
	}
	o.close()
}

func (o *object) class(c *Class) {
	o.open("class")
	o.always("module", c.Module)
	o.text("fallback", c.Fallback)
	o.shares("category", c.Category)
	o.always("domain", c.Domain)
	o.single("difficulty", c.Difficulty)
	o.single("confidence", c.Confidence)
	o.float("completion_tokens", float64(c.Completion), 32)
	if len(c.Heads) > 0 {
		o.array("heads")
		for i := range c.Heads {
			o.item()
			o.always("name", c.Heads[i].Name)
			o.shares("labels", c.Heads[i].Labels)
			o.close()
		}
		o.end()
	}
	o.close()
}

func (o *object) shares(name string, list []Share) {
	o.array(name)
	for _, s := range list {
		o.item()
		o.always("label", s.Label)
		o.single("p", s.P)
		o.close()
	}
	o.end()
}

func (o *object) decision(d *Decision) {
	o.open("decision")
	o.always("method", d.Method)
	o.always("profile", d.Profile)
	o.always("policy", d.Policy)
	o.always("category", d.Category)
	o.always("domain", d.Domain)
	o.always("tier", d.Tier)
	o.figure("difficulty", d.Difficulty)
	o.float("history", d.History, 64)
	o.flag("unsure", d.Unsure)
	o.flag("history_floor", d.HistoryFloor)
	o.flag("tool_loop", d.ToolLoop)
	o.flag("affinity", d.Affinity)
	o.number("completion_tokens", int64(d.Completion))
	o.figure("worth", d.Worth)
	o.number("expected_baseline", int64(d.Baseline))
	o.number("looked_at", int64(d.Looked))
	o.array("chain")
	for i := range d.Chain {
		c := &d.Chain[i]
		o.item()
		o.always("deployment", c.Deployment)
		o.always("model", c.Model)
		o.always("provider", c.Provider)
		o.text("effort", c.Effort)
		o.single("quality", c.Quality)
		o.single("value", c.Value)
		o.float("bonus", float64(c.Bonus), 32)
		o.number("cost", int64(c.Cost))
		o.int("cache_loss", int64(c.CacheLoss))
		o.number("output_tokens", int64(c.Tokens))
		o.int("first_token_us", int64(c.FirstToken))
		o.flag("safety_net", c.SafetyNet)
		o.flag("guessed", c.Guessed)
		o.flag("estimated", c.Estimated)
		o.close()
	}
	o.end()
	o.array("fell")
	for _, f := range d.Fell {
		o.item()
		o.always("by", f.By)
		o.always("why", f.Why)
		o.number("count", int64(f.Count))
		o.close()
	}
	o.end()
	if len(d.Rules) > 0 {
		o.array("rules")
		for _, x := range d.Rules {
			o.item()
			o.always("rule", x.Name)
			o.bool("matched", x.Matched)
			o.text("skipped", x.Skipped)
			o.text("error", x.Error)
			o.close()
		}
		o.end()
	}
	o.list("notes", d.Notes)
	o.close()
}

func (o *object) attempts(list []Attempt) {
	o.array("attempts")
	for i := range list {
		a := &list[i]
		o.item()
		o.always("deployment", a.Deployment)
		o.always("model", a.Model)
		o.always("provider", a.Provider)
		o.text("class", a.Class)
		o.int("status", int64(a.Status))
		o.number("took_us", int64(a.Took))
		o.flag("sent", a.Sent)
		o.tokens(&a.Tokens)
		o.number("cost", int64(a.Cost))
		o.text("cost_source", a.Source)
		o.int("retry_after_us", int64(a.RetryAfter))
		o.close()
	}
	o.end()
}

func (o *object) tokens(t *Tokens) {
	if *t == (Tokens{}) {
		return
	}
	o.open("tokens")
	o.number("prompt", t.Prompt)
	o.int("cached", t.Cached)
	o.number("completion", t.Completion)
	o.int("reasoning", t.Reasoning)
	o.close()
}

// object is JSON that is being written.
type object struct{ b []byte }

func (o *object) comma() {
	if c := o.b[len(o.b)-1]; c != '{' && c != '[' {
		o.b = append(o.b, ',')
	}
}

func (o *object) name(n string) {
	o.comma()
	o.b = append(append(append(o.b, '"'), n...), `":`...)
}

func (o *object) open(n string)  { o.name(n); o.b = append(o.b, '{') }
func (o *object) array(n string) { o.name(n); o.b = append(o.b, '[') }
func (o *object) item()          { o.comma(); o.b = append(o.b, '{') }
func (o *object) close()         { o.b = append(o.b, '}') }
func (o *object) end()           { o.b = append(o.b, ']') }

func (o *object) always(n, v string) { o.name(n); o.b = appendString(o.b, v) }

func (o *object) text(n, v string) {
	if v != "" {
		o.always(n, v)
	}
}

func (o *object) number(n string, v int64) { o.name(n); o.b = strconv.AppendInt(o.b, v, 10) }

func (o *object) int(n string, v int64) {
	if v != 0 {
		o.number(n, v)
	}
}

func (o *object) float(n string, v float64, size int) {
	if v = finite(v); v != 0 {
		o.name(n)
		o.b = strconv.AppendFloat(o.b, v, 'g', -1, size)
	}
}

func (o *object) figure(n string, v float64) {
	o.name(n)
	o.b = strconv.AppendFloat(o.b, finite(v), 'g', -1, 64)
}

func (o *object) single(n string, v float32) {
	o.name(n)
	o.b = strconv.AppendFloat(o.b, float64(finite(v)), 'g', -1, 32)
}

func (o *object) bool(n string, v bool) { o.name(n); o.b = strconv.AppendBool(o.b, v) }

func (o *object) flag(n string, v bool) {
	if v {
		o.bool(n, true)
	}
}

func (o *object) list(n string, l []string) {
	if len(l) == 0 {
		return
	}
	o.array(n)
	for _, s := range l {
		o.comma()
		o.b = appendString(o.b, s)
	}
	o.end()
}

func (o *object) nano(n string, t time.Time) {
	o.name(n)
	o.b = append(t.AppendFormat(append(o.b, '"'), time.RFC3339Nano), '"')
}

func (o *object) time(n string, t time.Time) {
	o.name(n)
	o.b = append(t.UTC().AppendFormat(append(o.b, '"'), "2006-01-02T15:04:05.000Z"), '"')
}

// appendString appends a JSON string (RFC 8259, section 7). What is no UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += size
			continue
		case c >= ' ' && c != '"' && c != '\\':
			i++
			continue
		}
		b = append(b, s[from:i]...)
		if c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
