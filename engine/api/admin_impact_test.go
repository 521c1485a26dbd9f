package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/routor/routor/engine/replay"
	"github.com/routor/routor/policies"
)

// prompts are of several kinds.
var prompts = []string{"hi", "thanks!", "What is the capital of Peru?", "Write a function in Go that merges two sorted lists.",
	"Prove that there are infinitely many primes of the form 4k+3.", "Summarize the plot of Faust in five sentences.", "Translate 'good morning' into French."}

func TestImpact(t *testing.T) {
	t.Parallel()
	r, _, flush := recorded(t, setup{})
	for i := range 42 {
		r.do("POST", "/v1/chat/completions", ask(fmt.Sprintf("%s (%d)", prompts[i%len(prompts)], i)))
	}
	flush()
	live := string(policies.Default())
	var same replay.Result
	if a := r.post("/admin/impact", map[string]any{"source": live}, &same); a.status != 200 || same.Asked != 42 || same.Replayed != 42 || same.Moved != 0 || same.Impossible != 0 {
		t.Fatalf("the live policy: %d %s", a.status, a.body)
	}
	if same.Cost.Before == nil || *same.Cost.Before != *same.Cost.After || same.Cost.Measured == 0 {
		t.Errorf("cost: %+v", same.Cost)
	}
	var pinned replay.Result
	r.post("/admin/impact", map[string]any{"source": "rules:\n  - name: all\n    use: openai/gpt-5.5\n"}, &pinned)
	if pinned.Moved < 30 || len(pinned.Moves) == 0 || pinned.Moves[0].To != "openai/gpt-5.5" || *pinned.Cost.After <= *pinned.Cost.Before || len(pinned.Movers) == 0 {
		t.Errorf("%+v", pinned)
	}
	if why := pinned.Movers[0].After.Why; !strings.Contains(why, `rule 1 "all" uses it`) {
		t.Errorf("why: %s", why)
	}
	var denied replay.Result
	r.post("/admin/impact", map[string]any{"source": "rules:\n  - {name: no, when: category == coding, deny: not here}\n", "sample": 20}, &denied)
	if denied.Asked != 20 || denied.Impossible == 0 || denied.ImpossibleWhy[0].N != denied.Impossible || denied.ImpossibleRequests[0].Rule != "no" {
		t.Errorf("%+v", denied)
	}
	if a := r.post("/admin/impact", map[string]any{"source": "rules:\n  - flor: x"}, nil); a.status != 422 {
		t.Errorf("a policy that does not check: %d", a.status)
	}
}
