package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine/label"
)

// ClassifyReport is what a classifier is worth on labelled prompts, and how fast it is.
type ClassifyReport struct {
	Module string          `json:"module"`
	Sets   []ClassifySet   `json:"sets"`
	Speed  []ClassifySpeed `json:"speed"`
}

// ClassifySet is the figures of one set of labelled prompts, and of those of its languages that are known.
type ClassifySet struct {
	Name string `json:"name"`
	train.Figures
	Langs        []ClassifyLang `json:"langs,omitempty"`
	Translations Translations   `json:"translations,omitzero"`
}

// Translations is how alike the answers are to the same question (by its group) in two languages, over all pairs of them.
type Translations struct {
	Pairs        int     `json:"pairs"`
	SameCategory float64 `json:"same_category"`
	SameTier     float64 `json:"same_tier"`
	WithinOne    float64 `json:"within_one_tier"`
}

// translated is the answer to a question in one language.
type translated struct {
	lang     string
	category label.Category
	tier     label.Tier
}

func translationsOf(groups map[string][]translated) (t Translations) {
	for _, same := range groups {
		for i, a := range same {
			for _, b := range same[:i] {
				if a.lang == b.lang {
					continue
				}
				t.Pairs++
				t.SameCategory += one(a.category == b.category)
				t.SameTier += one(a.tier == b.tier)
				t.WithinOne += one(a.tier <= b.tier+1 && b.tier <= a.tier+1)
			}
		}
	}
	if n := float64(t.Pairs); n > 0 {
		t.SameCategory, t.SameTier, t.WithinOne = t.SameCategory/n, t.SameTier/n, t.WithinOne/n
	}
	return t
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// ClassifyLang is the figures of one language.
type ClassifyLang struct {
	Lang string `json:"lang"` // ISO 639
	train.Figures
}

// ClassifySpeed is the time of one call through the host, fuel on.
type ClassifySpeed struct {
	Bytes  int           `json:"bytes"`
	Median time.Duration `json:"median_ns"`
	Least  time.Duration `json:"least_ns"`
	Allocs float64       `json:"allocs"`
}

// Classify puts every example of each set to the module. The sets are by heading, in the order of names.
func Classify(m *classifiers.Module, names []string, sets map[string][]train.Example) (*ClassifyReport, error) {
	card := m.Card()
	r := &ClassifyReport{Module: card.String()}
	for _, name := range names {
		set, err := classifySet(m, name, sets[name])
		if err != nil {
			return nil, fmt.Errorf("bench classify: %s: %w", name, err)
		}
		r.Sets = append(r.Sets, *set)
	}
	for _, bytes := range []int{200, 2000} {
		speed, err := classifySpeed(m, bytes)
		if err != nil {
			return nil, fmt.Errorf("bench classify: %w", err)
		}
		r.Speed = append(r.Speed, speed)
	}
	return r, nil
}

func classifySet(m *classifiers.Module, name string, examples []train.Example) (*ClassifySet, error) {
	var own []train.Head
	for _, h := range m.Card().Heads {
		if h.Name != "category" && h.Name != "domain" {
			own = append(own, train.Head{Name: h.Name, Labels: h.Labels})
		}
	}
	all, langs := train.NewTally(own), map[string]*train.Tally{}
	groups := map[string][]translated{}
	var out classifiers.Result
	for i := range examples {
		e := &examples[i]
		if err := m.Classify(&e.Input, &out); err != nil {
			return nil, fmt.Errorf("prompt %q: %w", e.ID, err)
		}
		if e.Lang != "" && e.Group != "" {
			groups[e.Group] = append(groups[e.Group], translated{e.Lang, out.Best(), train.TierOf(float64(out.Difficulty))})
		}
		all.Add(e, &out)
		if e.Lang != "" {
			if langs[e.Lang] == nil {
				langs[e.Lang] = train.NewTally(nil)
			}
			langs[e.Lang].Add(e, &out)
		}
	}
	s := &ClassifySet{Name: name, Figures: all.Figures(), Translations: translationsOf(groups)}
	for _, lang := range slices.Sorted(maps.Keys(langs)) {
		s.Langs = append(s.Langs, ClassifyLang{lang, langs[lang].Figures()})
	}
	return s, nil
}

// classifySpeed times calls on a text of so many bytes.
func classifySpeed(m *classifiers.Module, bytes int) (ClassifySpeed, error) {
	const sentence = "Our checkout service returns 502 about once an hour; read the log below, find the cause and propose a fix. "
	in := classifiers.Input{Text: strings.Repeat(sentence, bytes/len(sentence)+1)[:bytes], Turns: 1}
	var out classifiers.Result
	if err := m.Classify(&in, &out); err != nil {
		return ClassifySpeed{}, err
	}
	times := make([]time.Duration, 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range times {
		start := time.Now()
		_ = m.Classify(&in, &out)
		times[i] = time.Since(start)
	}
	runtime.ReadMemStats(&after)
	allocs := float64(after.Mallocs-before.Mallocs) / float64(len(times))
	slices.Sort(times)
	return ClassifySpeed{Bytes: bytes, Median: times[len(times)/2], Least: times[0], Allocs: allocs}, nil
}

// WriteText prints the report for people.
func (r *ClassifyReport) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "module %s\n", r.Module)
	for i := range r.Sets {
		r.Sets[i].write(&b)
	}
	b.WriteString("\nspeed, through the host\n")
	for _, s := range r.Speed {
		fmt.Fprintf(&b, "  %5d bytes  median %v  least %v  %.0f allocations\n", s.Bytes, s.Median, s.Least, s.Allocs)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// headings say whose labels a split of the data folder has.
var headings = map[string]string{
	prompts.Dev:        "dev: labels read by hand; the module was calibrated on these",
	prompts.Test:       "test: labels read by hand, of prompts that nothing was learned from",
	prompts.SourceDev:  "source-dev: labels of the sources, whose definitions differ from ours",
	prompts.SourceTest: "source-test: labels of the sources, whose definitions differ from ours",
}

func (s *ClassifySet) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n", cmp.Or(headings[s.Name], s.Name))
	WriteFigures(b, &s.Figures)
	if t := s.Translations; t.Pairs > 0 {
		fmt.Fprintf(b, "\n  the same question in two languages, %d pairs: same category %.3f, same tier %.3f, within one tier %.3f\n", t.Pairs, t.SameCategory, t.SameTier, t.WithinOne)
	}
	if len(s.Langs) < 2 {
		return
	}
	b.WriteString("\n  by language\n")
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  language\tprompts\tcategory\tconstant\ttier exact\twithin one\tmost answered")
	for i := range s.Langs {
		writeLang(table, s.Langs[i].Lang, &s.Langs[i].Figures)
	}
	table.Flush()
}

// writeLang writes a language's figures, and how often its most frequent answer came: one that takes all has swallowed the others.
func writeLang(w io.Writer, lang string, f *train.Figures) {
	const least = 8 // prompts that say something of a language
	c, t := &f.Category, &f.Tier
	if max(c.N, t.N) < least {
		return
	}
	most, best := 0, 0
	for j := range c.Labels {
		n := 0
		for i := range c.Confusion {
			n += c.Confusion[i][j]
		}
		if n > most {
			most, best = n, j
		}
	}
	answered := ""
	if most > 0 {
		answered = fmt.Sprintf("%s %.2f", c.Labels[best], float64(most)/float64(c.N))
	}
	fmt.Fprintf(w, "  %s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%s\n", lang, max(c.N, t.N), c.Accuracy, c.ConstantAccuracy, t.Exact, t.WithinOne, answered)
}

// WriteFigures prints figures beside those of a constant answer, how far confidence can be believed, and what is taken for what.
func WriteFigures(b *strings.Builder, f *train.Figures) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	line := func(format string, v ...any) { fmt.Fprintf(table, "  "+format+"\n", v...) }
	c, t := &f.Category, &f.Tier
	line("figure\tclassifier\tconstant\tof")
	head := func(name string, c *train.ClassFigure) {
		if c.N > 0 {
			line("%s accuracy\t%.3f\t%.3f (%s)\t%d", name, c.Accuracy, c.ConstantAccuracy, c.Constant, c.N)
			line("%s macro-F1\t%.3f\t%.3f", name, c.MacroF1, c.ConstantMacroF1)
			line("%s ECE\t%.3f", name, c.ECE)
		}
	}
	head("category", c)
	head("domain", &f.Domain)
	for _, name := range slices.Sorted(maps.Keys(f.Own)) {
		own := f.Own[name]
		head(name, &own)
	}
	if t.N > 0 {
		line("tier exact\t%.3f\t%.3f (%s)\t%d", t.Exact, t.ConstantExact, t.Constant, t.N)
		line("tier within one\t%.3f\t%.3f", t.WithinOne, t.ConstantWithinOne)
		line("tier rank correlation\t%.3f\t0", t.Spearman)
		line("tier kappa, quadratic\t%.3f\t0", t.Kappa)
		line("COMPLEX at STANDARD or above\t%.3f\t%.3f", t.ComplexHigh, t.ConstantComplexHigh)
		line("NANO at SIMPLE or below\t%.3f\t%.3f", t.NanoLow, t.ConstantNanoLow)
	}
	if n := f.Tokens.N; n > 0 {
		line("completion tokens, rank correlation\t%.3f\t0\t%d", f.Tokens.Spearman, n)
		line("completion tokens, median factor off\t%.2f\t%.2f", f.Tokens.Factor, f.Tokens.ConstantFactor)
	}
	table.Flush()
	if len(c.Reliability) > 0 {
		b.WriteString("\n  category: sure")
		table = tabwriter.NewWriter(b, 0, 0, 1, ' ', tabwriter.AlignRight)
		row := func(value func(r *train.Reliability) string) {
			for i := range c.Reliability {
				fmt.Fprint(table, "\t"+value(&c.Reliability[i]))
			}
			fmt.Fprint(table, "\t\n")
		}
		row(func(r *train.Reliability) string { return fmt.Sprintf("%.2f", r.Sure) })
		fmt.Fprint(table, "  right")
		row(func(r *train.Reliability) string { return fmt.Sprintf("%.2f", r.Right) })
		fmt.Fprint(table, "  prompts")
		row(func(r *train.Reliability) string { return strconv.Itoa(r.N) })
		table.Flush()
	}
	if c.N > 0 {
		writeConfusion(b, label.Categories[:], func(i, j int) int { return c.Confusion[i][j] })
	}
	if t.N > 0 {
		writeConfusion(b, label.Tiers[:], func(i, j int) int { return t.Confusion[i][j] })
	}
}

// WriteLeftOut prints what left-out sources came to, group by group, their means, and the languages.
func WriteLeftOut(w io.Writer, l *train.LeftOut) error {
	var b strings.Builder
	b.WriteString("\nleft-out sources: each group by a fit that has seen none of it, calibrated by the nine others\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  group\tprompts\taccuracy\tconst\tF1\tconst\tECE\texact\tconst\twithin one\trank\tkappa\tCOMPLEX ok\tNANO ok\tsources")
	for i := range l.Groups {
		g := &l.Groups[i]
		c, t := &g.Category, &g.Tier
		sources := strings.Join(g.Sources, " ")
		if len(sources) > 60 {
			sources = sources[:57] + "…"
		}
		fmt.Fprintf(table, "  %d\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%s\n", i+1, max(c.N, t.N), c.Accuracy, c.ConstantAccuracy,
			c.MacroF1, c.ConstantMacroF1, c.ECE, t.Exact, t.ConstantExact, t.WithinOne, t.Spearman, t.Kappa, t.ComplexHigh, t.NanoLow, sources)
	}
	table.Flush()
	b.WriteString("\n  mean over the groups\n")
	table = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(l.Mean)) {
		fmt.Fprintf(table, "  %s\t%.3f\tconstant %.3f\n", name, l.Mean[name], l.Constant[name])
	}
	table.Flush()
	b.WriteString("\n  all left-out prompts in one heap\n")
	WriteFigures(&b, &l.All)
	if len(l.Langs) > 1 {
		b.WriteString("\n  by language\n")
		table = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  language\tprompts\tcategory\tconstant\ttier exact\twithin one")
		for i := range l.Langs {
			writeLang(table, l.Langs[i].Name, &l.Langs[i].Figures)
		}
		table.Flush()
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeConfusion prints labels down, answers across, and each label's recall.
func writeConfusion(b *strings.Builder, names []string, count func(i, j int) int) {
	b.WriteString("\n  label \\ answer")
	table := tabwriter.NewWriter(b, 0, 0, 1, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\t")
	for _, name := range names {
		fmt.Fprintf(table, "%.5s\t", name)
	}
	fmt.Fprint(table, "right\t\n")
	for i, name := range names {
		fmt.Fprintf(table, "  %s\t", name)
		sum := 0
		for j := range names {
			fmt.Fprintf(table, "%d\t", count(i, j))
			sum += count(i, j)
		}
		fmt.Fprintf(table, "%.2f\t\n", float64(count(i, i))/float64(max(sum, 1)))
	}
	table.Flush()
}
