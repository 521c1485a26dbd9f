package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/ledger"
)

// votesBy is the voter that everybody is who votes with a key of the admin API.
const votesBy = "admin"

// verdict is the body of POST /v1/feedback.
type verdict struct {
	Decision string   `json:"decision"`
	Request  string   `json:"request_id"`
	Score    *float64 `json:"score"`
	Thumbs   string   `json:"thumbs"`
	Comment  string   `json:"comment"`
	User     string   `json:"user"`
}

// readVerdict reads a body. The score is then there. The fault names the member that is wrong.
func readVerdict(body []byte) (o verdict, f *fault) {
	wrong := func(param, format string, args ...any) (verdict, *fault) {
		f := failure(codeInvalidType, format, args...)
		f.param = param
		return verdict{}, f
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		var kind *json.UnmarshalTypeError
		switch name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); {
		case unknown:
			return wrong(strings.Trim(name, `"`), "%s is unknown: there are decision or request_id, score or thumbs, comment, user", name)
		case errors.As(err, &kind) && kind.Field != "":
			return wrong(kind.Field, "%s: must be a %s, not a %s", kind.Field, kind.Type, kind.Value)
		}
		return o, failure(codeInvalidJSON, "the body is no JSON object: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return o, failure(codeInvalidJSON, "the body has something behind the JSON object")
	}
	switch {
	case o.Decision == "" && o.Request == "":
		return wrong("decision", "decision: missing: give the decision's id, or as request_id the X-Request-Id of the answer")
	case o.Decision != "" && o.Request != "":
		return wrong("request_id", "request_id: give decision or request_id, not both")
	case o.Score == nil && o.Thumbs == "":
		return wrong("score", `score: missing: give score (0 to 1), or thumbs ("up" or "down")`)
	case o.Score != nil && o.Thumbs != "":
		return wrong("thumbs", "thumbs: give score or thumbs, not both")
	case len(o.Comment) > engine.MostComment:
		return wrong("comment", "comment: is %d bytes long, at most %d are kept", len(o.Comment), engine.MostComment)
	case len(o.User) > 256:
		return wrong("user", "user: is %d bytes long, at most 256 are taken", len(o.User))
	}
	switch o.Thumbs {
	case "":
	case "up":
		o.Score = new(1.)
	case "down":
		o.Score = new(0.)
	default:
		return wrong("thumbs", `thumbs: is %q, must be "up" or "down"`, shortened(o.Thumbs))
	}
	if s := *o.Score; !(s >= 0 && s <= 1) {
		return wrong("score", "score: is %v, must be 0 to 1", s)
	}
	o.Comment = strings.ToValidUTF8(o.Comment, "\uFFFD")
	return o, nil
}

func shortened(s string) string {
	for i := range s {
		if i > 40 {
			return s[:i] + "…"
		}
	}
	return s
}

// judge answers POST /v1/feedback.
func (c *call) judge() *fault {
	who, key, f := c.votes()
	if f != nil {
		return f
	}
	if f := c.notFromPage(key == nil && who == ""); f != nil {
		return f
	}
	if !hasType(c.RequestCtx, jsonType) {
		return failure(codeMedia, "the content type is %q: send %s", c.Request.Header.ContentType(), jsonType)
	}
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	if who != votesBy {
		if f := c.admitted(key, s.Profile(profileOf(key)), access.Need{}); f != nil {
			return f
		}
		defer func() { c.hold.Settle(time.Now(), access.Need{}) }()
	}
	o, f := readVerdict(c.PostBody())
	if f != nil {
		return f
	}
	l := c.s.Engine.Learner
	if l == nil || c.s.Ledger == nil {
		return failure(codeNotSupported, "this server keeps no ledger (ledger.enabled is false): it does not know what the feedback is about")
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	r, f := c.judged(ctx, &o, who, key)
	if f != nil {
		return f
	}
	v := engine.Vote{
		Request: r.Request, Decision: r.ID, Key: who, User: engine.HashUser(who, o.User), Model: r.Model, Category: r.Decision.Category, Profile: r.Decision.Profile,
		Score: *o.Score, Expected: math.Round(engine.CatalogQuality(s, r)*1e4) / 1e4,
	}
	v.Comment, _ = c.s.Ledger.Redact(o.Comment)
	p := s.Profile(v.Profile)
	v.Learns = p != nil && p.Learn
	replaced, err := l.Vote(ctx, v)
	if err != nil {
		return failure(codeStateAway, "%v", err)
	}
	c.s.metrics.judged(*o.Score)
	why := ""
	switch {
	case !v.Learns:
		why = fmt.Sprintf("the profile %q does not learn (learn: true)", v.Profile)
	case v.Expected == 0:
		why = "the ledger does not hold what was expected of the answer: the profile keeps no features of prompts, or the model is in the catalog no more"
	}
	writeJSON(c.RequestCtx, 200, judgement{v.Decision, v.Request, v.Model, v.Category, v.Score, replaced, why == "", why})
	return nil
}

// judgement is the answer to feedback that was taken.
type judgement struct {
	Decision string  `json:"decision"`
	Request  string  `json:"request_id"`
	Model    string  `json:"model"`
	Category string  `json:"category"`
	Score    float64 `json:"score"`
	Replaced bool    `json:"replaced"`      // the voter had judged this decision before
	Learns   bool    `json:"learns"`        // it counts for what is expected of the model
	Why      string  `json:"why,omitempty"` // why it does not
}

// votes is who votes: a client's key, "" without one, or the admin.
func (c *call) votes() (who string, key *access.Key, f *fault) {
	key, f = c.s.caller(c.RequestCtx)
	if secret := credential(&c.Request.Header); (f != nil || key == nil) && len(secret) > 0 {
		if admin, no := c.s.byKey(secret); no == nil {
			if admin.viewer {
				return "", nil, failure(codeReadOnly, "a viewer's key may look, and judge nothing")
			}
			return votesBy, nil, nil
		}
	}
	if f != nil {
		return "", nil, f
	}
	c.record.key = key
	if key != nil {
		who = key.ID
	}
	return who, key, nil
}

// judged is the decision that feedback is about. One of another key is not there.
func (c *call) judged(ctx context.Context, o *verdict, who string, key *access.Key) (*ledger.Record, *fault) {
	id, param := o.Decision, "decision"
	if id == "" {
		id, param = o.Request, "request_id"
	}
	r, err := c.s.Ledger.Get(ctx, id)
	if errors.Is(err, ledger.ErrUnknown) { // it may be on its way
		c.s.settleLedger(ctx)
		r, err = c.s.Ledger.Get(ctx, id)
	}
	if err == nil && who != votesBy && r.Who.Key != who {
		err = ledger.ErrUnknown
	}
	if err != nil {
		f := ledgerFault(err)
		f.param = param
		return nil, f
	}
	n := len(r.Attempts)
	if r.Decision == nil || n == 0 || r.Attempts[n-1].Class != "" {
		f := failure(codeNothingToJudge, "request %s got no answer (%s): there is nothing to judge", r.Request, r.Outcome)
		f.param = param
		return nil, f
	}
	return r, nil
}

// commented adds what people have said of an answer to its record.
func (s *Server) commented(r *ledger.Record, prompts bool) {
	l := s.Engine.Learner
	if l == nil {
		return
	}
	votes := l.Of(r.Request)
	if len(votes) == 0 {
		return
	}
	f := &ledger.Feedback{Votes: len(votes)}
	for i := range votes {
		f.Score += votes[i].Score / float64(len(votes))
		if c := votes[i].Comment; c != "" && prompts {
			f.Comments = append(f.Comments, c)
		}
	}
	f.Score = math.Round(f.Score*1000) / 1000
	r.Feedback = f
}

// abilityCard is a model's ability in a category, and what was learned of it.
type abilityCard struct {
	engine.LearnedStanding
	Catalog float64  `json:"catalog"` // at the reference difficulty, 0..1
	Learned *float64 `json:"learned"` // with the shift
}

// adminAbilities shows what feedback has taught, or begins anew.
func (c *call) adminAbilities(string) *fault {
	l := c.s.Engine.Learner
	if l == nil {
		return failure(codeNotSupported, "this server learns nothing from feedback")
	}
	q, f := c.query()
	if f != nil {
		return f
	}
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	model, category := q.Get("model"), q.Get("category")
	if model != "" {
		if m, _ := s.Catalog.Find(model); m != nil {
			model = m.ID
		}
	}
	if _, ok := label.ParseCategory(category); category != "" && !ok {
		f := failure(codeInvalidType, "category: there is no %q: there are %s", shortened(category), strings.Join(label.Categories[:], ", "))
		f.param = "category"
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	if err := l.CaughtUp(ctx); err != nil {
		return failure(codeStateAway, "%v", err)
	}
	if string(c.Method()) == "DELETE" {
		if err := l.Reset(ctx, model, category, c.author("")); err != nil {
			return failure(codeStateAway, "%v", err)
		}
	}
	l.Settle(ctx)
	answer := struct {
		Version   string        `json:"version,omitempty"` // of the table that counts; "" = nothing has been learned
		Profiles  []string      `json:"profiles"`          // that learn
		Abilities []abilityCard `json:"abilities"`
	}{Profiles: []string{}, Abilities: []abilityCard{}}
	if t := l.Now(); t != nil {
		answer.Version = t.Version
	}
	for _, name := range s.ProfileNames() {
		if p := s.Profile(name); p.Learn {
			answer.Profiles = append(answer.Profiles, name)
		}
	}
	for _, x := range l.Standings() {
		if model != "" && x.Model != model || category != "" && x.Category != category {
			continue
		}
		card := abilityCard{LearnedStanding: x}
		if a := abilityOf(s.Catalog, x.Model, x.Category); a > 0 {
			card.Catalog = math.Round(a*1e4) / 1e4
			card.Learned = new(math.Round(1e4/(1+math.Exp(-x.Shift)*(1-a)/a)) / 1e4)
		}
		answer.Abilities = append(answer.Abilities, card)
	}
	writeJSON(c.RequestCtx, 200, answer)
	return nil
}

// abilityOf is what the catalog says of a model in a category; 0 = nothing.
func abilityOf(all *catalog.Catalog, model, category string) float64 {
	m := all.Model(model)
	c, ok := label.ParseCategory(category)
	if m == nil || !ok {
		return 0
	}
	if a := m.Ability.By[c]; a > 0 {
		return a
	}
	return max(m.Ability.Overall, 0)
}
