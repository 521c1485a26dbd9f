package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/ledger"
)

func init() {
	adminCalls = append(adminCalls, adminCall{"explain", "POST", (*call).adminExplain,
		"What would become of a request, without sending or remembering it: `{\"request\": {a chat-completions body}}`, and as one likes `source` (a policy that nobody has published, else the live one), `balance`, `key` (name or id), `profile`, `now`, `down` (providers that are supposed to be down). The answer is that of `POST /v1/route` with `categories` (the three most probable), `classify_us`, `decide_us`, `story` (as `GET /admin/decisions/{…}` gives it) and, where the request gets no model, `refused`."})
}

// explainBody is the body of POST /admin/explain.
type explainBody struct {
	Source  *string         `json:"source"` // null = the live policy
	Request json.RawMessage `json:"request"`
	Key     string          `json:"key"`     // name or id
	Profile string          `json:"profile"` // that it runs under; "" = the key's own
	Now     time.Time       `json:"now"`
	Down    []string        `json:"down"`
	Balance *float64        `json:"balance"` // 0..1, in place of the policy's
}

// invalid is the fault of a member of the body.
func invalid(param, format string, args ...any) *fault {
	f := failure(codeInvalidType, "%s: %s", param, fmt.Sprintf(format, args...))
	f.param = param
	return f
}

func (c *call) adminExplain(string) *fault {
	var body explainBody
	if f := readJSON(c.RequestCtx, &body); f != nil {
		return f
	}
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	x := engine.Supposed{Now: body.Now, Down: body.Down}
	for _, p := range body.Down {
		if s.Catalog.Provider(p) == nil {
			return invalid("down", "there is no provider %q", p)
		}
	}
	if b := body.Balance; b != nil && !(*b >= 0 && *b <= 1) {
		return invalid("balance", "must be from 0 to 1")
	}
	var f *fault
	if x.Key, f = c.supposedKey(s, body.Key, body.Profile); f != nil {
		return f
	}
	if len(body.Request) == 0 {
		return invalid("request", "missing: send the body of a chat completion")
	}
	r, err := chat.Read(body.Request)
	if err != nil {
		return faultOf(err)
	}
	defer r.Release()
	on := s
	if body.Source != nil || body.Balance != nil {
		d := engine.Draft{Balance: body.Balance}
		if body.Source != nil {
			d.Policy = []byte(*body.Source)
		}
		if on, err = c.s.draft(s, d); err != nil {
			return c.unchecked(err)
		}
	}
	if body.Profile != "" {
		r.Routor.Profile = body.Profile
	}
	var rec ledger.Record
	d, err := c.s.Engine.Explain(on, r, x, &rec)
	defer d.Release()
	c.rawJSON(append(appendExplained(nil, d, &rec, err), '\n'))
	return nil
}

// supposedKey is the key that a request is supposed to come with, which may use the profile that it is supposed to run under.
func (c *call) supposedKey(s *engine.Snapshot, name, profile string) (*access.Key, *fault) {
	if profile != "" && s.Profile(profile) == nil {
		return nil, invalid("profile", "there is no profile %q: there are %s", profile, strings.Join(s.ProfileNames(), ", "))
	}
	if name == "" {
		return nil, nil // without a key any profile may be asked for
	}
	if c.s.keys == nil {
		return nil, failure(codeNotSupported, "this server has no keys")
	}
	k, ok := c.s.keys.Get(name)
	if !ok {
		return nil, invalid("key", "there is no key %q", name)
	}
	if profile != "" {
		k.Also = append(slices.Clone(k.Also), profile)
	}
	return &k, nil
}

// appendExplained appends a decision with its story.
func appendExplained(b []byte, d *engine.Decision, rec *ledger.Record, err error) []byte {
	whole := d.AppendJSON(nil)
	b = append(b, whole[:len(whole)-1]...)
	b = append(b, `,"categories":`...)
	b = append(b, encoded(topCategories(d))...)
	b = strconv.AppendFloat(append(b, `,"classify_us":`...), float64(d.Classifying.Nanoseconds())/1000, 'f', 1, 64)
	b = strconv.AppendFloat(append(b, `,"decide_us":`...), float64(d.Deciding.Nanoseconds())/1000, 'f', 1, 64)
	if err != nil {
		refused := map[string]any{"message": err.Error()}
		if e, ok := err.(*engine.DecideError); ok {
			refused["code"], refused["status"], refused["rule"], refused["param"] = e.Code, e.Status, e.Rule, e.Param
		}
		b = append(append(b, `,"refused":`...), encoded(refused)...)
	}
	b = append(b, `,"story":`...)
	b = ledger.AppendRow(b, rec)
	b = append(b[:len(b)-1], `,"record":`...)
	var e ledger.Encoder
	b = e.AppendJSON(b, rec)
	b = append(append(b, `,"decision":`...), whole...)
	return append(b, `}}`...)
}

// encoded is a value as JSON.
func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("BUG: encode an answer: " + err.Error())
	}
	return b
}

type categoryShare struct {
	Label string  `json:"label"`
	P     float64 `json:"p"`
}

// topCategories are the three most probable.
func topCategories(d *engine.Decision) []categoryShare {
	list := make([]categoryShare, 0, len(label.Categories))
	for i, name := range label.Categories {
		list = append(list, categoryShare{name, float64(d.Class.Category[i])})
	}
	slices.SortStableFunc(list, func(a, b categoryShare) int {
		switch {
		case a.P > b.P:
			return -1
		case a.P < b.P:
			return 1
		}
		return 0
	})
	return list[:3]
}
