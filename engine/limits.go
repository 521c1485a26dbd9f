package engine

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

// limits are what profile and request together leave to a candidate, and how quality is weighed against cost.
type limits struct {
	maxCost catalog.Money // < 0 = none
	costBy  string        // what set it, for people
	bfcl    float64       // least tool-calling accuracy; < 0 = none
	bfclBy  string
	tiers   access.Bounds
	quality *Quality // stated by request or profile; nil = the policy's
	balance *float64 // of the profile
}

// Quality is what routor_code_quality and routor_chat_quality state: a balance between cost and quality, and how good a
// candidate must be, as a share of the best candidate's expected quality (0 = as the policy says).
type Quality struct {
	Name             string
	Balance          float64
	Adequate, AtMost float64 // least share, and a cap on the policy's own
}

// Qualities are the three stated qualities.
var Qualities = [3]Quality{
	{Name: "fast", Balance: 0.25, AtMost: 0.7},
	{Name: "balanced", Balance: 0.5, AtMost: 1},
	{Name: "best", Balance: 0.8, Adequate: 0.97, AtMost: 1},
}

// limitsOf puts the request's own limits under its profile's: it may narrow them, and is refused beyond them.
func limitsOf(b *bound, r *chat.Request, category label.Category) (limits, error) {
	l, q, f := limits{maxCost: -1, bfcl: -1, balance: b.Balance}, &r.Routor, &r.Facts
	switch {
	case b.NoTools && f.Tools+f.HostedTools > 0:
		return l, b.beyond("tools", "no_tools", "tools are not allowed")
	case b.NoImages && f.Images > 0:
		return l, b.beyond("messages", "no_images", "images are not allowed")
	case b.MaxPrompt > 0 && f.PromptTokens > b.MaxPrompt:
		return l, b.beyond("messages", "max_prompt_tokens", fmt.Sprintf("the prompt has about %d tokens and may have %d", f.PromptTokens, b.MaxPrompt))
	}
	var err error
	l.tiers, err = b.Narrow(access.Asked{Tier: q.Tier, Floor: q.TierFloor, Ceiling: q.Ceiling, MaxCostUSD: q.MaxCostUSD, BFCLMin: q.BFCLMin})
	if err != nil {
		return l, narrowed(err)
	}
	whose := func(field string, asked *float64) string {
		if asked != nil {
			return "routor_" + field
		}
		return field + " of profile " + quote(b.Name)
	}
	if c := l.tiers.MaxCostUSD; c != nil {
		l.maxCost, l.costBy = dollars(*c), whose("max_cost", q.MaxCostUSD)
	}
	if c := l.tiers.BFCLMin; c != nil {
		l.bfcl, l.bfclBy = *c, whose("bfcl_min", q.BFCLMin)
	}
	for _, x := range [...]struct {
		field, limit string
		asked, bound *int
		counts       bool
	}{
		{"routor_code_quality", "code_quality", q.CodeQuality, b.CodeQuality, category == label.Coding},
		{"routor_chat_quality", "chat_quality", q.ChatQuality, b.ChatQuality, category != label.Coding},
	} {
		stated := x.bound
		if x.asked != nil {
			stated = x.asked
			if *stated < 0 || *stated >= len(Qualities) {
				return l, &DecideError{Status: 400, Code: CodeInvalidField, Param: x.field, Message: fmt.Sprintf("%s is %d: say 0 (fast), 1 (balanced) or 2 (best)", x.field, *stated)}
			}
			if x.bound != nil && *stated > *x.bound {
				return l, b.beyond(x.field, x.limit, fmt.Sprintf("%s %d is above %d", x.field, *stated, *x.bound))
			}
			if x.bound == nil && b.Balance != nil && Qualities[*stated].Balance > *b.Balance {
				return l, b.beyond(x.field, "balance", fmt.Sprintf("%s %d means balance %g, above %g", x.field, *stated, Qualities[*stated].Balance, *b.Balance))
			}
		}
		if x.counts && stated != nil && *stated >= 0 && *stated < len(Qualities) {
			l.quality = &Qualities[*stated]
		}
	}
	return l, nil
}

// narrowed is the error of a request that asks for more than its profile grants, or that contradicts itself.
func narrowed(err error) error {
	var limit *access.LimitError
	var conflict *access.ConflictError
	switch {
	case errors.As(err, &limit):
		return &DecideError{Status: 403, Code: CodeBeyondProfile, Param: limit.Field, Message: err.Error()}
	case errors.As(err, &conflict):
		field, _, _ := strings.Cut(conflict.One, " ")
		return &DecideError{Status: 400, Code: CodeBoundsConflict, Param: field, Message: err.Error() + ": send one of them, or bounds that meet"}
	}
	return &DecideError{Status: 400, Code: CodeInvalidField, Message: err.Error()}
}

func dollars(usd float64) catalog.Money {
	return catalog.Money(min(max(usd*1e9, 0), math.MaxInt64/2))
}

// limit drops the candidates beyond the limits. A figure that is unknown never passes one.
func (d *Decision) limit(l *limits) error {
	left, last := 0, ""
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Out != "" {
			continue
		}
		switch accuracy := c.Deployment.Model.Caps.ToolAccuracy; {
		case l.bfcl >= 0 && math.IsNaN(accuracy):
			c.Out, last = "tool-calling accuracy unknown", l.bfclBy
		case l.bfcl >= 0 && accuracy < l.bfcl:
			c.Out, last = "tool-calling accuracy too low", l.bfclBy
		case l.maxCost >= 0 && c.Estimated:
			c.Out, last = cantPay, l.costBy
		case l.maxCost >= 0 && c.Spend() > l.maxCost:
			c.Out, last = costsMore, l.costBy
		default:
			left++
			continue
		}
		c.OutBy = byRequest
	}
	if left > 0 {
		return nil
	}
	return &DecideError{Status: 422, Code: CodeNoEligible, Param: param(last), Message: "no model is left under " + last}
}

// param is the request field that a limit came from, "" = it was the profile's.
func param(from string) string {
	if strings.HasPrefix(from, "routor_") {
		return from
	}
	return ""
}
