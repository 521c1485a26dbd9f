package train

import (
	"fmt"
	"slices"
	"testing"

	"github.com/routor/routor/engine/label"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	tier := label.Light
	var examples []*Example
	for source, n := range map[string]int{"big-one": 40, "big-two": 30, "exam-a": 5, "exam-b": 5, "mail": 10, "chat": 10} {
		for i := range n {
			examples = append(examples, &Example{ID: fmt.Sprint(source, i), Source: source, Tier: &tier})
		}
	}
	group := map[string]int{}
	for i, g := range groupsOf(examples) {
		if before, ok := group[examples[i].Source]; ok && before != g {
			t.Fatalf("%s is in groups %d and %d", examples[i].Source, before, g)
		}
		group[examples[i].Source] = g
	}
	if group["exam-a"] != group["exam-b"] {
		t.Error("a family is parted")
	}
	if group["big-one"] == group["big-two"] {
		t.Error("a family of most labels is not parted")
	}
	slices.Reverse(examples)
	for i, g := range groupsOf(examples) {
		if group[examples[i].Source] != g {
			t.Errorf("%s: the order of the examples counts", examples[i].Source)
		}
	}
}

func TestGroupsOfOneSource(t *testing.T) {
	t.Parallel()
	var examples []*Example
	for i := range 300 {
		e := &Example{ID: fmt.Sprint(i)}
		e.Input.Text = fmt.Sprint("text ", i/2)
		examples = append(examples, e)
	}
	groups, counts := groupsOf(examples), map[int]int{}
	for i, g := range groups {
		counts[g]++
		if g != groups[i^1] {
			t.Errorf("the same text is in groups %d and %d", g, groups[i^1])
		}
	}
	if len(counts) != Groups {
		t.Errorf("groups %v", counts)
	}
}

// What is left out teaches nothing, nor does the same question in another source.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	tier := label.Light
	requests := []*request{
		{example: &Example{ID: "out", Tier: &tier, Group: "q"}}, {example: &Example{ID: "same question", Tier: &tier, Group: "q"}},
		{example: &Example{ID: "other", Tier: &tier, Group: "r"}}, {example: &Example{ID: "unlabelled", Group: "s"}},
	}
	learned, held := leaveOut(requests, []int{0, 1, 1, 0}, func(g int) bool { return g == 0 })
	if len(held) != 1 || held[0].example.ID != "out" || len(learned) != 1 || learned[0].example.ID != "other" {
		t.Errorf("learned %v, held %v", len(learned), len(held))
	}
}
