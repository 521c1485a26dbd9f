package engine

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// AppendJSON appends the decision as the body of POST /v1/route and the output of `routor route` show it. Members come in
// this order and keep their names; figures that are unknown are null, what does not apply is left out. Money is USD.
//
//	{"asked":"auto","method":"auto","model":"openai/gpt-5.5","tier":"LIGHT","category":"coding","domain":"computer_science",
//	 "difficulty":0.31,"confidence":0.82,"profile":"default","policy":"default","snapshot":7,"classifier":"routor-default 1",
//	 "learned":"3f9a1c0b77de",                                   (where feedback has moved abilities: which table)
//	 "unsure":true,"history_floor":true,"tool_loop":true,"affinity":true,                     (only where true)
//	 "completion_tokens":240,"worth":0.01,"expected_cost":0.0004,"baseline_cost":0.006,"savingsPct":93.3,
//	 "probs":{"coding":0.82,…},
//	 "chain":[{"model":…,"deployment":…,"provider":…,"effort":…,"quality":…,"cost":…,"value":…,"safety_net":true}, …],
//	 "candidates":[ as in chain, with "output_tokens","cache_loss","bonus","first_token","because":[{"rule":…,"points":…}]
//	               and "estimated":["quality","cost"]; those that fell out have "out" and "by" instead of a value ],
//	 "rules":[{"rule":"night","line":12,"did":"fired","matched":true,"skipped":…,"error":…}, …],
//	 "notes":[…],
//	 "micros":{"reading":…,"classifying":…,"deciding":…}}
func (d *Decision) AppendJSON(b []byte) []byte {
	b = append(b, `{"asked":`...)
	b = appendString(b, d.Asked)
	b = appendMember(b, "method", d.Method)
	best := d.Best()
	if best != nil {
		b = appendMember(b, "model", best.Deployment.Model.ID)
	}
	b = appendMember(b, "tier", d.Tier.String())
	b = appendMember(b, "category", d.Category.String())
	b = appendMember(b, "domain", d.Domain.String())
	b = appendFigure(b, "difficulty", d.Difficulty, 4)
	b = appendFigure(b, "confidence", float64(d.Class.Confidence), 4)
	b = appendMember(b, "profile", d.Profile)
	b = appendMember(b, "policy", d.Policy)
	b = append(b, `,"snapshot":`...)
	b = strconv.AppendUint(b, d.Snapshot, 10)
	b = appendMember(b, "classifier", d.Class.Module)
	if d.Class.Fallback != "" {
		b = appendMember(b, "classifier_fallback", d.Class.Fallback)
	}
	if d.Learned != "" {
		b = appendMember(b, "learned", d.Learned)
	}
	b = appendFlag(b, "unsure", d.Unsure)
	b = appendFlag(b, "history_floor", d.HistoryFloor)
	b = appendFlag(b, "tool_loop", d.ToolLoop)
	b = appendFlag(b, "affinity", d.Affinity)
	b = append(b, `,"completion_tokens":`...)
	b = strconv.AppendInt(b, int64(d.Completion), 10)
	if best != nil {
		b = appendFigure(b, "worth", d.Worth, 6)
		b = appendMoney(b, "expected_cost", best.Spend())
		if d.Baseline > 0 {
			b = appendMoney(b, "baseline_cost", d.Baseline)
		}
		b = appendFigure(b, "savingsPct", d.ExpectedSavings()*100, 1)
	}
	b = append(b, `,"probs":{`...)
	for c, name := range label.Categories {
		if p := d.Class.Category[c]; p >= .005 {
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), name...), `":`...)
			b = strconv.AppendFloat(b, float64(p), 'f', 3, 64)
		}
	}
	b = append(b, `},"chain":[`...)
	for k, i := range d.Chain {
		if k > 0 {
			b = append(b, ',')
		}
		b = d.Candidates[i].appendJSON(b, d, true)
	}
	b = append(b, `],"candidates":[`...)
	for i := range len(d.Candidates) + len(d.Idle) {
		if i > 0 {
			b = append(b, ',')
		}
		if i < len(d.Candidates) {
			b = d.Candidates[i].appendJSON(b, d, false)
		} else {
			b = d.Idle[i-len(d.Candidates)].appendJSON(b, d, false)
		}
	}
	b = append(b, `],"rules":[`...)
	for i := range d.Rules {
		if i > 0 {
			b = append(b, ',')
		}
		t := &d.Rules[i]
		b = append(b, `{"rule":`...)
		b = appendString(b, d.ruleName(t.Rule))
		if d.policy != nil && t.Rule < len(d.policy.Rules) {
			b = append(b, `,"line":`...)
			b = strconv.AppendInt(b, int64(d.policy.Rules[t.Rule].Line), 10)
		}
		b = appendMember(b, "did", t.Did())
		b = append(b, `,"matched":`...)
		b = strconv.AppendBool(b, t.Matched)
		if t.Skipped != "" {
			b = appendMember(b, "skipped", t.Skipped)
		}
		if t.Error != "" {
			b = appendMember(b, "error", t.Error)
		}
		b = append(b, '}')
	}
	b = append(b, `],"notes":[`...)
	for i, n := range d.Notes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, n)
	}
	b = append(b, ']')
	if d.Deciding > 0 {
		b = append(b, `,"micros":{"reading":`...)
		b = appendMicros(b, d.Reading)
		b = append(b, `,"classifying":`...)
		b = appendMicros(b, d.Classifying)
		b = append(b, `,"deciding":`...)
		b = append(appendMicros(b, d.Deciding), '}')
	}
	return append(b, '}')
}

func (c *Candidate) appendJSON(b []byte, d *Decision, brief bool) []byte {
	b = append(b, `{"model":`...)
	b = appendString(b, c.Deployment.Model.ID)
	b = appendMember(b, "deployment", c.Deployment.ID)
	b = appendMember(b, "provider", c.Deployment.Provider)
	if c.Effort != "" {
		b = appendMember(b, "effort", c.Effort)
	}
	if c.Out != "" {
		b = appendMember(b, "out", c.Out)
		b = appendMember(b, "by", c.OutBy)
		if c.Left > 0 {
			b = appendFigure(b, "cooldown_left", c.Left.Seconds(), 1)
		}
		if c.Tokens == 0 {
			return append(b, '}')
		}
	}
	b = appendFigure(b, "quality", c.Quality, 4)
	b = appendMoney(b, "cost", c.Cost)
	if c.Out == "" || c.OutBy == byAdequacy {
		b = appendFigure(b, "value", c.Value, 4)
	}
	b = appendFlag(b, "safety_net", c.SafetyNet)
	if brief {
		return append(b, '}')
	}
	b = append(b, `,"output_tokens":`...)
	b = strconv.AppendInt(b, int64(c.Tokens), 10)
	if c.CacheLoss > 0 {
		b = appendMoney(b, "cache_loss", c.CacheLoss)
	}
	if c.Bonus != 0 {
		b = appendFigure(b, "bonus", c.Bonus, 4)
	}
	if c.FirstToken > 0 {
		b = appendFigure(b, "first_token", c.FirstToken, 3)
	}
	if len(c.Reasons) > 0 {
		b = append(b, `,"because":[`...)
		for i, r := range c.Reasons {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"rule":`...)
			b = appendString(b, d.ruleName(r.Rule))
			b = append(appendFigure(b, "points", r.Points, 4), '}')
		}
		b = append(b, ']')
	}
	switch {
	case c.Guessed && c.Estimated:
		b = append(b, `,"estimated":["quality","cost"]`...)
	case c.Guessed:
		b = append(b, `,"estimated":["quality"]`...)
	case c.Estimated:
		b = append(b, `,"estimated":["cost"]`...)
	}
	return append(b, '}')
}

func (d *Decision) ruleName(i int) string {
	if d.policy == nil || i < 0 || i >= len(d.policy.Rules) {
		return strconv.Itoa(i)
	}
	return d.policy.Rules[i].Name
}

func appendMember(b []byte, name, value string) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendString(b, value)
}

func appendFlag(b []byte, name string, set bool) []byte {
	if !set {
		return b
	}
	return append(append(append(b, `,"`...), name...), `":true`...)
}

// appendFigure appends a member with that many decimals at most; null for what is no number.
func appendFigure(b []byte, name string, v float64, decimals int) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	scale := math.Pow10(decimals)
	return strconv.AppendFloat(b, math.Round(v*scale)/scale, 'g', -1, 64)
}

func appendMoney(b []byte, name string, m catalog.Money) []byte {
	return appendFigure(b, name, m.USD(), 9)
}

func appendMicros(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d.Nanoseconds())/1000, 'f', 1, 64)
}

// appendString appends a JSON string (RFC 8259, section 7). What is no UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
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
