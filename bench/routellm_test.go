package bench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/routor/routor/bench/outcomes"
	builtin "github.com/routor/routor/classifiers/default"
)

// TestRouteLLM has a head learn which questions need the strong model, where a word gives it away.
func TestRouteLLM(t *testing.T) {
	t.Parallel()
	d := &outcomes.Data{Scores: map[string][]outcomes.Outcome{}}
	add := func(i int, hard, contaminated bool) {
		text, weak := fmt.Sprintf("Add up %d and %d.", i, i+7), float32(1)
		if hard {
			text, weak = fmt.Sprintf("Prove the lemma about manifold %d.", i), 0
		}
		d.Prompts = append(d.Prompts, outcomes.Prompt{ID: fmt.Sprint("q", i), Benchmark: "routellm-gsm8k", Text: text, Group: fmt.Sprint(i), Contaminated: contaminated})
		d.Scores[outcomes.Strong] = append(d.Scores[outcomes.Strong], outcomes.Outcome{Score: 1, Known: true})
		d.Scores[outcomes.Weak] = append(d.Scores[outcomes.Weak], outcomes.Outcome{Score: weak, Known: true})
	}
	for i := range 120 {
		add(i, i%3 == 0, i%10 == 9)
	}
	duels, err := RouteLLM(t.Context(), d, builtin.Module, func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(duels) != 1 || duels[0].Prompts != 108 || duels[0].APGR < .75 || duels[0].CPT80 > .5 {
		t.Fatalf("%+v", duels)
	}
	r := &QualityReport{Classifier: "c", Duels: duels}
	if md := r.Markdown(); !strings.Contains(md, "routellm-gsm8k") || !strings.Contains(r.HTML(), "routellm-gsm8k") || strings.Contains(md, "| pool |") {
		t.Error(md)
	}
	if src, err := r.JSON(); err != nil || !strings.Contains(string(src), `"apgr"`) {
		t.Errorf("%v %s", err, src)
	}
}
