package ledger

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Explained is a decision with every candidate, as POST /v1/route tells it: what a record in brief leaves out.
type Explained struct {
	Candidates []ExplainedCandidate `json:"candidates"`
}

// ExplainedCandidate is one of them.
type ExplainedCandidate struct {
	Deployment string `json:"deployment"`
	Out        string `json:"out"` // "" = it stayed in
	By         string `json:"by"`
}

// Story tells a record to people: the sentence, the request, its class, what fell out, what was scored, what was sent, what it
// cost, and by which versions. e fills in the names of those that fell out; nil = they are only counted.
func Story(to io.Writer, r *Record, e *Explained) error {
	s := &story{r: r, e: e}
	s.line("%s", s.sentence())
	s.request()
	s.class()
	s.narrowed()
	s.scored()
	s.sent()
	s.cost()
	s.judged()
	s.versions()
	_, err := io.WriteString(to, s.b.String())
	return err
}

type story struct {
	r *Record
	e *Explained
	b strings.Builder
}

func (s *story) line(format string, args ...any) { fmt.Fprintf(&s.b, format+"\n", args...) }

func (s *story) title(t string) { s.line("\n%s", t) }

// table writes rows in columns.
func (s *story) table(rows [][]string) {
	w := tabwriter.NewWriter(&s.b, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	w.Flush()
}

// sentence is the whole story in one line.
func (s *story) sentence() string {
	r, d := s.r, s.r.Decision
	if d == nil || len(d.Chain) == 0 {
		why := ""
		if r.Rule != "" {
			why = fmt.Sprintf(" by rule %q", r.Rule)
		}
		return fmt.Sprintf("Refused%s: %s (HTTP %d).", why, r.Outcome, r.Status)
	}
	what := fmt.Sprintf("for %s / %s", d.Category, d.Tier)
	sick := ""
	if h := r.World.Health; h != nil {
		var out []string
		for _, x := range h.Deployments {
			if x.State != "" && x.Until.After(r.Time) && len(out) < 3 {
				why := x.Why
				if why == "" {
					why = strings.ReplaceAll(x.State, "_", " ")
				}
				out = append(out, fmt.Sprintf("%s was cooling down (%s, %s more)", x.Deployment, why, x.Until.Sub(r.Time).Round(time.Second)))
			}
		}
		sick = strings.Join(out, ", ")
	}
	head := ""
	first := d.Chain[0].Deployment
	switch {
	case r.Outcome != "ok":
		head = fmt.Sprintf("Failed (%s, HTTP %d) after %d attempts %s; asked first: %s", r.Outcome, r.Status, len(r.Attempts), what, first)
	case r.Fallback:
		head = fmt.Sprintf("Sent to %s after %s had failed, %s", r.Attempts[len(r.Attempts)-1].Deployment, first, what)
	case d.Method == "direct":
		head = fmt.Sprintf("Sent to %s, which was named", first)
	case d.ToolLoop:
		head = fmt.Sprintf("Sent to %s: it made the tool calls whose results came back", first)
	default:
		head = fmt.Sprintf("Sent to %s: best value of %d candidates %s", first, s.in(), what)
	}
	if sick != "" {
		head += "; " + sick
	}
	return head + "."
}

// in is how many candidates were left to score.
func (s *story) in() int {
	n := s.r.Decision.Looked
	for _, f := range s.r.Decision.Fell {
		if f.By != "adequacy" && f.By != "place" {
			n -= f.Count
		}
	}
	return n
}

// judged is what Routor saw wrong with the answer, and what people think of it.
func (s *story) judged() {
	r := s.r
	if len(r.Seen) == 0 && r.Feedback == nil {
		return
	}
	s.title("Answer")
	if len(r.Seen) > 0 {
		s.line("  seen: %s", strings.Join(r.Seen, ", "))
	}
	if f := r.Feedback; f != nil {
		s.line("  feedback: %.2f of 1, by %d", f.Score, f.Votes)
		for _, c := range f.Comments {
			s.line("    %q", c)
		}
	}
}

func (s *story) request() {
	r := s.r
	s.title("Request")
	rows := [][]string{{"arrived", r.Time.Local().Format("2006-01-02 15:04:05.000 MST")}, {"asked", strings.TrimSpace(r.Asked + " by " + r.Dialect + streams(r.Stream))}}
	if r.Who.Key != "" {
		rows = append(rows, []string{"key", strings.TrimSpace(r.Who.Name + " " + r.Who.Key + inTeam(r.Who.Team))})
	}
	if f := r.Facts; f != nil {
		facts := []string{count(f.Turns, "turn"), count(f.Messages, "message"), "≈" + count(f.PromptTokens, "prompt token")}
		for _, x := range []struct {
			n    int
			name string
		}{{f.Tools + f.HostedTools, "tool"}, {f.Images, "image"}, {f.Files, "file"}, {f.Audio, "audio part"}} {
			if x.n > 0 {
				facts = append(facts, count(x.n, x.name))
			}
		}
		if f.MaxTokens > 0 {
			facts = append(facts, fmt.Sprintf("at most %d tokens wanted", f.MaxTokens))
		}
		rows = append(rows, []string{"facts", strings.Join(facts, ", ")})
	}
	switch p := &r.Prompt; {
	case p.Text != "":
		rows = append(rows, []string{"prompt", strings.ReplaceAll(head(p.Text, 400), "\n", "\n  \t")})
	case p.Hash != "":
		rows = append(rows, []string{"prompt", "not kept; hash " + p.Hash})
	default:
		rows = append(rows, []string{"prompt", "not kept"})
	}
	s.table(rows)
}

func streams(is bool) string {
	if is {
		return ", streaming"
	}
	return ""
}

func inTeam(team string) string {
	if team == "" {
		return ""
	}
	return ", team " + team
}

func count(n int, name string) string {
	if n != 1 {
		name += "s"
	}
	return strconv.Itoa(n) + " " + name
}

func (s *story) class() {
	c, d := s.r.Class, s.r.Decision
	if c == nil || d == nil {
		return
	}
	s.title("Classified")
	top := slices.Clone(c.Category)
	slices.SortFunc(top, func(a, b Share) int { return cmp.Compare(b.P, a.P) })
	var names []string
	for _, x := range top[:min(3, len(top))] {
		names = append(names, fmt.Sprintf("%s %.2f", x.Label, x.P))
	}
	rows := [][]string{
		{"categories", strings.Join(names, ", ")},
		{"difficulty", fmt.Sprintf("%.2f → %s%s", c.Difficulty, d.Tier, s.lifts())},
		{"confidence", fmt.Sprintf("%.2f", c.Confidence)},
		{"by", fmt.Sprintf("%s in %s", c.Module, s.r.Classifying.Duration())},
	}
	if c.Fallback != "" {
		rows = append(rows, []string{"stood in", c.Fallback})
	}
	for _, h := range c.Heads {
		best := Share{}
		for _, x := range h.Labels {
			if x.P > best.P {
				best = x
			}
		}
		rows = append(rows, []string{h.Name, fmt.Sprintf("%s %.2f", best.Label, best.P)})
	}
	s.table(rows)
}

// lifts is what moved the difficulty after the classifier.
func (s *story) lifts() string {
	d := s.r.Decision
	var why []string
	if d.Unsure {
		why = append(why, "unsure")
	}
	if d.HistoryFloor {
		why = append(why, fmt.Sprintf("the conversation needs %.2f", d.History))
	}
	if len(why) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s: %.2f)", strings.Join(why, ", "), d.Difficulty)
}

// stages are what narrows candidates down, in order.
var stages = []string{"status", "capability", "profile", "health", "rule", "request", "adequacy", "place"}

func (s *story) narrowed() {
	d := s.r.Decision
	if d == nil {
		return
	}
	left := d.Looked
	way := []string{strconv.Itoa(left)}
	var rows [][]string
	for _, stage := range stages {
		fell := 0
		for _, f := range d.Fell {
			if f.By == stage {
				fell += f.Count
				rows = append(rows, []string{stage, fmt.Sprintf("−%d", f.Count), f.Why + s.names(f)})
			}
		}
		if fell > 0 {
			left -= fell
			way = append(way, fmt.Sprintf("%d %s", left, stage))
		}
	}
	s.title("Narrowed: " + strings.Join(way, " → "))
	s.table(rows)
	for _, x := range d.Rules {
		state := "false"
		switch {
		case x.Error != "":
			state = "failed: " + x.Error
		case x.Skipped != "":
			state = x.Skipped
		case x.Matched:
			state = "fired"
		}
		s.line("  rule %q: %s", x.Name, state)
	}
	for _, n := range d.Notes {
		s.line("  %s", n)
	}
}

// names are the deployments that fell out for a reason, where they are known.
func (s *story) names(f Fell) string {
	if s.e == nil {
		return ""
	}
	var names []string
	for _, c := range s.e.Candidates {
		if c.Out == f.Why && c.By == f.By {
			names = append(names, c.Deployment)
		}
	}
	if len(names) == 0 {
		return ""
	}
	if len(names) > 6 {
		names = append(names[:6], fmt.Sprintf("and %d more", len(names)-6))
	}
	return ": " + strings.Join(names, ", ")
}

func (s *story) scored() {
	d := s.r.Decision
	if d == nil || len(d.Chain) == 0 {
		return
	}
	s.title(fmt.Sprintf("Scored: value = quality − cost / $%.4g + bonus", d.Worth))
	rows := [][]string{{"", "deployment", "quality", "cost", "bonus", "value", ""}}
	for i := range d.Chain {
		c := &d.Chain[i]
		name := c.Deployment
		if c.Effort != "" {
			name += " (" + c.Effort + ")"
		}
		var notes []string
		if c.CacheLoss > 0 {
			notes = append(notes, "cache loss "+dollars(c.CacheLoss))
		}
		for text, is := range map[string]bool{"safety net": c.SafetyNet, "quality guessed": c.Guessed, "price unknown": c.Estimated} {
			if is {
				notes = append(notes, text)
			}
		}
		slices.Sort(notes)
		rows = append(rows, []string{strconv.Itoa(i + 1), name, fmt.Sprintf("%.3f", c.Quality), "≈" + dollars(c.Cost), fmt.Sprintf("%+.3f", c.Bonus), fmt.Sprintf("%.4f", c.Value), strings.Join(notes, ", ")})
	}
	s.table(rows)
	if len(d.Chain) > 1 {
		s.line("  lead over the next: %+.4f", d.Chain[0].Value-d.Chain[1].Value)
	}
	if d.Affinity {
		s.line("  a warm prompt cache of %s counts against leaving it", s.r.World.Conversation.Model)
	}
}

func (s *story) sent() {
	r := s.r
	if len(r.Attempts) == 0 {
		return
	}
	s.title("Sent")
	rows := [][]string{{"", "at", "deployment", "HTTP", "took", ""}}
	at := r.Reading + r.Classifying + r.Deciding
	for i := range r.Attempts {
		a := &r.Attempts[i]
		what := "answered"
		switch {
		case a.Class != "":
			what = strings.ReplaceAll(a.Class, "_", " ")
			if a.RetryAfter > 0 {
				what += ", to wait " + a.RetryAfter.Duration().Round(time.Millisecond).String()
			}
		case r.Stream:
			what = "first text"
		}
		status := ""
		if a.Status > 0 {
			status = strconv.Itoa(a.Status)
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), ms(at), a.Deployment, status, ms(a.Took), what})
		at += a.Took
	}
	s.table(rows)
	s.line("  end after %s: HTTP %d, %s; Routor itself took %s", ms(r.Took), r.Status, r.Outcome, (r.Reading + r.Classifying + r.Deciding).Duration())
}

func ms(m Micros) string { return strconv.FormatFloat(float64(m)/1000, 'f', 1, 64) + " ms" }

func dollars(m Money) string { return "$" + strconv.FormatFloat(m.USD(), 'f', -1, 64) }

func (s *story) cost() {
	r := s.r
	s.title("Cost and tokens")
	expected, completion := "unknown", "unknown"
	if d := r.Decision; d != nil && len(d.Chain) > 0 {
		expected, completion = "≈"+dollars(d.Chain[0].Cost-d.Chain[0].CacheLoss), fmt.Sprintf("≈%d", d.Chain[0].Tokens)
	}
	prompt := "unknown"
	if r.Facts != nil {
		prompt = fmt.Sprintf("≈%d", r.Facts.PromptTokens)
	}
	actual := "not told"
	rows := [][]string{{"", "expected", "actual"}}
	if r.Priced {
		actual = dollars(r.Cost)
		cached := ""
		if r.Tokens.Cached > 0 {
			cached = fmt.Sprintf(" (%d cached)", r.Tokens.Cached)
		}
		rows = append(rows, []string{"prompt tokens", prompt, strconv.FormatInt(r.Tokens.Prompt, 10) + cached},
			[]string{"answer tokens", completion, strconv.FormatInt(r.Tokens.Completion, 10)})
	}
	rows = append(rows, []string{"cost", expected, actual})
	if pct, known := r.SavingsPct(); known {
		rows = append(rows, []string{"at the baseline", "≈" + dollars(r.Decision.Baseline), dollars(r.Baseline)}, []string{"saved", "", fmt.Sprintf("%.1f %%", pct)})
	}
	s.table(rows)
}

func (s *story) versions() {
	r, v := s.r, &s.r.Versions
	s.title("By")
	policy := v.Policy
	if r.Decision != nil {
		policy = strings.TrimSpace(r.Decision.Policy + " " + short(v.Policy))
	}
	rows := [][]string{{"decision", r.ID}, {"request", r.Request}, {"snapshot", strconv.FormatUint(v.Snapshot, 10)}, {"policy", policy}, {"catalog", short(v.Catalog)}, {"classifier", v.Classifier}}
	if r.Replica != "" {
		rows = append(rows, []string{"replica", r.Replica})
	}
	s.table(slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" }))
}

// short is the begin of a hash, which is enough to tell versions apart.
func short(hash string) string { return hash[:min(len(hash), 12)] }
