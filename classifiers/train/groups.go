package train

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
)

// Groups is how many groups the sources are in that --loso leaves out, one after the other.
const Groups = 10

// groupsOf puts every example into one of Groups groups of whole sources, which depend on names and counts alone. Sources
// of one family (what stands before the first "-" of their names) stay together, unless the family has more than 15 % of the labels.
// From the largest family to the smallest, each goes to the group with the fewest labels so far. Where there are fewer than
// two sources, the questions themselves are what is left out, by their group, else their text.
func groupsOf(examples []*Example) []int {
	labels, total := map[string]int{}, 0
	sources := map[string]bool{}
	for _, e := range examples {
		sources[e.Source] = true
		if e.byHand() || e.Own != nil {
			labels[prefix(e.Source)]++
			total++
		}
	}
	if len(sources) < 2 {
		return byQuestion(examples)
	}
	family := func(source string) string {
		if f := prefix(source); labels[f]*100 <= total*15 {
			return f
		}
		return "source " + source
	}
	counts := map[string]int{} // 100 a label, and 1 a prompt, so that those without labels are spread as well
	for _, e := range examples {
		counts[family(e.Source)]++
		if e.byHand() || e.Own != nil {
			counts[family(e.Source)] += 100
		}
	}
	families := make([]string, 0, len(counts))
	for f := range counts {
		families = append(families, f)
	}
	slices.SortFunc(families, func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	var load [Groups]int
	group := map[string]int{}
	for _, f := range families {
		least := 0
		for g := range load {
			if load[g] < load[least] {
				least = g
			}
		}
		group[f] = least
		load[least] += counts[f]
	}
	out := make([]int, len(examples))
	for i, e := range examples {
		out[i] = group[family(e.Source)]
	}
	return out
}

func prefix(source string) string {
	before, _, _ := strings.Cut(source, "-")
	return before
}

func byQuestion(examples []*Example) []int {
	out := make([]int, len(examples))
	for i, e := range examples {
		h := fnv.New32a()
		_, _ = h.Write([]byte(cmp.Or(e.Group, e.Input.Text, e.ID)))
		out[i] = int(h.Sum32() % Groups)
	}
	return out
}

// leaveOut parts the requests: learned has nothing of the groups that are out, nor a question that one of them has; held are the
// labelled ones of those groups.
func leaveOut(requests []*request, groups []int, out func(group int) bool) (learned, held []*request) {
	same := map[string]bool{}
	for i, r := range requests {
		if out(groups[i]) && (r.example.byHand() || r.example.Own != nil || r.example.Tokens > 0) {
			held = append(held, r)
			if r.example.Group != "" {
				same[r.example.Group] = true
			}
		}
	}
	for i, r := range requests {
		if !out(groups[i]) && !same[r.example.Group] {
			learned = append(learned, r)
		}
	}
	return learned, held
}
