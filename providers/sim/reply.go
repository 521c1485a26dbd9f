package sim

import (
	"fmt"
	"strings"
	"unicode"
)

// reply is what a model answers to a request, before it is put on the wire.
type reply struct {
	model     *model
	id        string
	text      string
	reasoning string
	calls     []toolCall
	finish    string
	count     tokens
}

type toolCall struct{ id, name, arguments string }

// tokens are estimates: four bytes a token.
type tokens struct{ prompt, cached, completion, reasoning int }

func tokensOf(bytes int) int { return (bytes + 3) / 4 }

// chance is a stream of random numbers (splitmix64), the same for the same seed.
type chance uint64

func (c *chance) next() uint64 {
	*c += 0x9e3779b97f4a7c15
	z := uint64(*c)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// share is a number in 0..1.
func (c *chance) share() float64 { return float64(c.next()>>11) / (1 << 53) }

var sentences = []string{
	"The short answer is that it depends on a few details, and the usual case is the simple one.",
	"Start from what is known, and check each step before you take the next.",
	"There are two sides to this, and both deserve a moment of attention.",
	"In practice most people choose the plain way, because it is easy to explain later.",
	"Keep the parts small and give each of them one name.",
	"A good test is whether you can say it in one sentence.",
	"If the numbers disagree with the story, believe the numbers.",
	"First measure, then change one thing, then measure again.",
	"Edge cases matter here: nothing at all, exactly one, and very many.",
	"That leaves one open question, which only real data can answer.",
}

// answer makes up a reply. It says which model speaks and repeats something of what was asked.
func (p *provider) answer(m *model, r *request, body []byte, c chance) *reply {
	user, others := r.last("user")
	out := &reply{model: m, id: fmt.Sprintf("chatcmpl-sim%016x", c.next()), finish: "stop"}
	out.count.prompt = tokensOf(len(body)) + 85*others
	out.count.cached = p.cache.seen(r, out.count.prompt)
	if !r.quiet && (m.thinks || r.aloud || r.Effort != "") {
		out.think(r, &c)
	}
	word := wordOf(user)
	if called := r.called(); called != nil {
		out.finish = "tool_calls"
		for _, i := range called {
			f := &r.Tools[i].Function
			call := toolCall{id: fmt.Sprintf("call%05x", c.next()>>44), name: f.Name, arguments: string(sample(f.Parameters, word))}
			out.calls = append(out.calls, call)
			out.count.completion += tokensOf(len(f.Name) + len(call.arguments))
		}
		return out
	}
	switch r.Format.Type {
	case "json_schema":
		out.text = string(sample(r.Format.Schema.Schema, word))
	case "json_object":
		out.text = string(append(append(append(append([]byte(`{"model":`), appendString(nil, m.name)...), `,"answer":`...), appendString(nil, excerpt(user))...), '}'))
	default:
		if out.text = p.speak(m, r, user, others, &c); p.fleet.o.Marked {
			out.text = p.marked(r, word, &c)
		}
	}
	for _, stop := range r.stops() {
		if stop == "" {
			continue
		}
		if at := strings.Index(out.text, stop); at >= 0 {
			out.text = out.text[:at]
		}
	}
	if most := r.MaxTokens - out.count.reasoning; r.MaxTokens > 0 && tokensOf(len(out.text)) > most {
		out.text = strings.ToValidUTF8(out.text[:4*max(0, most)], "")
		out.finish = "length"
	}
	out.count.completion = tokensOf(len(out.text))
	return out
}

func (p *provider) speak(m *model, r *request, user string, others int, c *chance) string {
	var b strings.Builder
	fmt.Fprintf(&b, "I am %s, simulated at %s. ", m.name, p.id)
	if result, _ := r.last("tool"); r.turn() == "tool" {
		fmt.Fprintf(&b, "The tool answered %q. ", excerpt(result))
	} else {
		fmt.Fprintf(&b, "You asked: %q. ", excerpt(user))
	}
	if others > 0 {
		fmt.Fprintf(&b, "I also got %d attachment(s). ", others)
	}
	for range 1 + int(c.next()%4) + min(tokensOf(len(user))/100, 12) {
		b.WriteString(sentences[c.next()%uint64(len(sentences))])
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

// think adds reasoning, more of it at a higher effort.
func (out *reply) think(r *request, c *chance) {
	factor, ok := map[string]float64{"none": 0, "minimal": 0.1, "low": 0.4, "": 1, "medium": 1, "high": 2.5, "xhigh": 4, "max": 4}[r.Effort]
	if !ok {
		factor = 1
	}
	n := int(factor * (60 + 120*c.share()))
	if r.MaxTokens > 0 {
		n = min(n, r.MaxTokens/2)
	}
	if out.count.reasoning = n; n > 0 {
		out.reasoning = "Let me think. " + strings.Repeat(sentences[c.next()%uint64(len(sentences))]+" ", 1+n/60)
	}
}

// excerpt is the beginning of a text, in one line.
func excerpt(s string) string {
	s = strings.Join(strings.Fields(s[:min(len(s), 400)]), " ")
	if runes := []rune(strings.ToValidUTF8(s, "")); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// wordOf is a name in a text, for arguments: "weather in Paris?" has Paris.
func wordOf(s string) string {
	words := strings.FieldsFunc(s[:min(len(s), 2000)], func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	for i := len(words) - 1; i > 0; i-- {
		if r := []rune(words[i]); len(r) > 2 && unicode.IsUpper(r[0]) {
			return words[i]
		}
	}
	return "example"
}
