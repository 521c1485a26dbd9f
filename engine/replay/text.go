package replay

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text writes a result for people, in lines of at most 80 columns but for long names.
func Text(to io.Writer, r *Result) error {
	t := &text{r: r}
	t.heading()
	if r.Replayed > 0 {
		t.figures()
		t.shares("Models", r.Models, 12)
		t.shares("Providers", r.Providers, 8)
		t.shares("Tiers", r.Tiers, 8)
		t.moves()
		t.movers()
		t.impossible()
		t.curve()
	}
	_, err := io.WriteString(to, t.b.String())
	return err
}

const columns = 80

type text struct {
	r *Result
	b strings.Builder
}

func (t *text) line(format string, args ...any) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// wrap writes words with an indent, in as many lines as they take.
func (t *text) wrap(first, indent, words string) {
	line := first
	for _, w := range strings.Fields(words) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > columns && strings.TrimSpace(line) != "" {
			t.line("%s", line)
			line = indent
		}
		if line != "" && !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += w
	}
	t.line("%s", line)
}

func (t *text) heading() {
	r := t.r
	when := ""
	if !r.From.IsZero() {
		const day, minute = "2 Jan", "2 Jan 15:04"
		format := minute
		if r.To.Sub(r.From).Hours() > 72 {
			format = day
		}
		to := r.To.Local().Format(format)
		if d := r.From.Local().Format(day); format == minute && strings.HasPrefix(to, d+" ") {
			to = strings.TrimPrefix(to, d+" ")
		}
		when = fmt.Sprintf(", %s to %s", r.From.Local().Format(format), to)
	}
	t.wrap("", "", fmt.Sprintf("%s of %s requests decided again%s", count(r.Replayed), count(r.Asked), when))
	for _, x := range sortedReasons(r.Reasons) {
		t.wrap("  ", "    ", count(x.N)+" not: "+x.Why)
	}
	if r.Wordless > 0 {
		t.wrap("  ", "    ", count(r.Wordless)+" without their words, which are not kept: rules that read text or system saw none")
	}
	if r.Asked == 0 {
		t.line("There are no requests in that time.")
		return
	}
	t.sides()
	if r.Replayed == 0 {
		return
	}
	if r.RefusedBoth > 0 {
		why := ""
		if len(r.RefusedWhy) > 0 {
			why = ", mostly: " + r.RefusedWhy[0].Why
		}
		t.wrap("  ", "    ", count(r.RefusedBoth)+" get no model on either side"+why)
	}
	t.line("")
	t.wrap("", "", t.verdict())
}

// sides says what before and after are, as far as they differ.
func (t *text) sides() {
	b, a := t.r.Before, t.r.After
	side := func(name string, v, other Version) {
		what := fmt.Sprintf("policy %s %s", v.Policy, short(v.Hash))
		if v.Catalog != other.Catalog {
			what += ", catalog " + short(v.Catalog)
		}
		if v.Classifier != other.Classifier {
			what += ", classifier " + v.Classifier
		}
		t.wrap(fmt.Sprintf("%-8s", name), "        ", what)
	}
	side("before", b, a)
	side("after", a, b)
	if t.r.Health == AllUp {
		t.line("health  everything up")
	}
}

func short(hash string) string { return hash[:min(len(hash), 8)] }

// verdict is all of it in one sentence.
func (t *text) verdict() string {
	r := t.r
	parts := []string{"nothing moves"}
	if r.Moved > 0 {
		parts[0] = percent(r.Moved, r.Replayed) + " move"
	}
	if change, known := r.Cost.Change(); known {
		parts = append(parts, "cost "+about(r.Cost)+signed(100*change, 1)+" %")
	}
	if q := r.Quality; q.Before != nil {
		parts = append(parts, "quality ≈ "+signed(100*(*q.After-*q.Before), 1)+" points")
	}
	if change, known := r.Latency.Change(); known {
		parts = append(parts, "latency "+about(r.Latency)+signed(100*change, 1)+" %")
	}
	parts = append(parts, "impossible "+count(r.Impossible))
	return strings.Join(parts, " · ")
}

// about marks what rests on an estimate.
func about(f Figure) string {
	if f.Estimated+f.BeforeEstimated > 0 {
		return "≈ "
	}
	return ""
}

func (t *text) figures() {
	t.line("")
	t.line("%-20s %11s %11s %10s  %s", "", "before", "after", "change", "rests on")
	row := func(name string, f Figure, show func(float64) string, change string) {
		if f.Before == nil {
			t.line("%-20s %11s %11s %10s  %s", name, "unknown", "unknown", "", "")
			return
		}
		mark := func(estimated int) string {
			if estimated > 0 {
				return "≈"
			}
			return ""
		}
		basis := []string{}
		if f.Measured > 0 {
			basis = append(basis, short1(f.Measured)+" measured")
		}
		if f.Estimated > 0 {
			basis = append(basis, short1(f.Estimated)+" est.")
		}
		t.line("%-20s %11s %11s %10s  %s", name, mark(f.BeforeEstimated)+show(*f.Before), mark(f.Estimated)+show(*f.After), change, strings.Join(basis, ", "))
	}
	relative := func(f Figure) string {
		if change, known := f.Change(); known {
			return signed(100*change, 1) + " %"
		}
		return ""
	}
	row("cost", t.r.Cost, dollars, relative(t.r.Cost))
	if n := t.r.Cost.Sample(); n > 0 {
		row("  a thousand requests", perThousand(t.r.Cost), dollars, "")
	}
	points := ""
	if q := t.r.Quality; q.Before != nil {
		points = signed(100*(*q.After-*q.Before), 1) + " pts"
	}
	row("quality, expected", t.r.Quality, func(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }, points)
	row("to the first token", t.r.Latency, func(x float64) string { return strconv.FormatFloat(x, 'f', 0, 64) + " ms" }, relative(t.r.Latency))
}

func perThousand(f Figure) Figure {
	n := float64(f.Sample()) / 1000
	before, after := *f.Before/n, *f.After/n
	return Figure{Before: &before, After: &after, BeforeEstimated: f.BeforeEstimated, Estimated: f.Estimated}
}

// bar is a share of the whole as a bar of up to that many columns.
func bar(share float64, width int) string {
	const eighths = " ▏▎▍▌▋▊▉"
	n := int(math.Round(share * float64(width) * 8))
	b := strings.Repeat("█", n/8)
	if n%8 > 0 {
		b += string([]rune(eighths)[n%8])
	}
	return b
}

func (t *text) shares(title string, list []Share, most int) {
	if len(list) == 0 {
		return
	}
	t.line("")
	t.line("%-34s %8s %8s %8s", title, "before", "after", "change")
	of := float64(t.r.Replayed)
	shown, others := list, Share{}
	if len(list) > most {
		shown = list[:most-1]
		for _, s := range list[most-1:] {
			others.Before += s.Before
			others.After += s.After
		}
		others.Name = fmt.Sprintf("%d others", len(list)-most+1)
		shown = append(slices.Clone(shown), others)
	}
	for _, s := range shown {
		b, a := float64(s.Before)/of, float64(s.After)/of
		change := ""
		if s.Before != s.After {
			change = signed(100*(a-b), 1)
		}
		t.line("  %-32s %8s %8s %8s  %s", clip(s.Name, 32), percent(s.Before, t.r.Replayed), percent(s.After, t.r.Replayed), change, bar(a, 16))
	}
}

func (t *text) moves() {
	r := t.r
	if len(r.Moves) == 0 {
		return
	}
	t.line("")
	t.line("%-63s %7s", "Moves", "requests")
	const most = 8
	for _, m := range r.Moves[:min(len(r.Moves), most)] {
		t.line("  %-30s → %-30s %6s", clip(m.From, 30), clip(m.To, 30), count(m.N))
		cost := ""
		if m.CostBefore > 0 {
			cost = "  " + signed(100*(m.CostAfter/m.CostBefore-1), 0) + " %"
		}
		t.line("      cost %s → ≈%s%s", dollars(m.CostBefore), dollars(m.CostAfter), cost)
	}
	if more := len(r.Moves) - most; more > 0 {
		n := 0
		for _, m := range r.Moves[most:] {
			n += m.N
		}
		t.line("  %-63s %6s", "other ways", count(n))
	}
}

func (t *text) movers() {
	if len(t.r.Movers) == 0 {
		return
	}
	t.line("")
	t.line("Requests that move most")
	for i := range t.r.Movers[:min(len(t.r.Movers), 5)] {
		m := &t.r.Movers[i]
		what := m.ID + ", " + m.Category
		if m.Prompt != "" {
			what += ": " + m.Prompt
		}
		t.line("  %s", clip(what, columns-2))
		for _, side := range [...]struct {
			name string
			c    *Chosen
		}{{"before", &m.Before}, {"after", &m.After}} {
			name := side.c.Model
			if side.c.Effort != "" {
				name += " (" + side.c.Effort + ")"
			}
			t.line("    %-7s %-42s q %.2f %13s", side.name, clip(name, 42), side.c.Quality, dollars(side.c.Cost))
			t.wrap("            ", "            ", side.c.Why)
		}
	}
}

func (t *text) impossible() {
	r := t.r
	if r.Impossible == 0 && r.BecamePossible == 0 {
		return
	}
	t.line("")
	if r.BecamePossible > 0 {
		t.line("%s requests that get no model now get one", count(r.BecamePossible))
	}
	if r.Impossible == 0 {
		return
	}
	t.line("Impossible afterwards: %s", count(r.Impossible))
	for i, x := range r.ImpossibleWhy {
		if i == 5 {
			t.line("  and %d more reasons", len(r.ImpossibleWhy)-5)
			break
		}
		example := ""
		for _, q := range r.ImpossibleRequests {
			if q.Why == x.Why {
				example = " (" + q.ID + ")"
				break
			}
		}
		t.wrap("  ", "    ", count(x.N)+": "+x.Why+example)
	}
}

func (t *text) curve() {
	c := t.r.Curve
	if c == nil || c.Sample == 0 {
		return
	}
	t.line("")
	t.line("The draft's balance turned, on %s requests (all expected)", count(c.Sample))
	t.line("  %-10s %18s %10s", "balance", "a thousand cost", "quality")
	row := func(name string, p Point) { t.line("  %-10s %18s %10.3f", name, "≈"+dollars(1000*p.Cost), p.Quality) }
	for _, p := range c.Points {
		row(fixed(p.Balance, 1), p)
	}
	row("draft "+strconv.FormatFloat(p2(c.Draft.Balance), 'f', -1, 64), c.Draft)
	row("live "+strconv.FormatFloat(p2(c.Live.Balance), 'f', -1, 64), c.Live)
}

func p2(x float64) float64 { return math.Round(100*x) / 100 }

func sortedReasons(reasons map[string]int) []Reason {
	list := make([]Reason, 0, len(reasons))
	for why, n := range reasons {
		list = append(list, Reason{why, n})
	}
	slices.SortFunc(list, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Why, b.Why)) })
	return list
}

// clip shortens a text to that many columns.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// count writes a number with its thousands apart.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short1 writes a number in few letters: 91.4k.
func short1(n int) string {
	if n < 10_000 {
		return count(n)
	}
	return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + "k"
}

func fixed(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }

// signed writes a change with its sign, a true minus.
func signed(x float64, decimals int) string {
	s := strconv.FormatFloat(math.Abs(x), 'f', decimals, 64)
	switch {
	case strings.Trim(s, "0.") == "":
		return s
	case x < 0:
		return "−" + s
	}
	return "+" + s
}

func percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	share := 100 * float64(n) / float64(of)
	if n > 0 && share < .05 {
		return "<0.1 %"
	}
	if n == 0 {
		return "–"
	}
	return fixed(share, 1) + " %"
}

// dollars writes money with as many digits as it needs to be told apart.
func dollars(x float64) string {
	switch {
	case x == 0:
		return "$0"
	case x < 0.001:
		return "$" + strconv.FormatFloat(x, 'f', 6, 64)
	case x < 1:
		return "$" + strconv.FormatFloat(x, 'f', 4, 64)
	}
	s := strconv.FormatFloat(x, 'f', 2, 64)
	whole, cents, _ := strings.Cut(s, ".")
	n, err := strconv.Atoi(whole)
	if err != nil {
		return "$" + s
	}
	return "$" + count(n) + "." + cents
}
