package api

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/wasm"
	"github.com/routor/routor/classifiers/wasm/wasmtest"
	"github.com/routor/routor/engine/label"
)

// opinion is a module of that name that finds every prompt to be of one category and difficulty.
func opinion(t *testing.T, name string, category label.Category, difficulty float32) []byte {
	t.Helper()
	number := func(b []byte, v ...float32) []byte {
		for _, f := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		}
		return b
	}
	result := number([]byte{1, 0, 1, 0}, difficulty, 0.9, 100) // ABI 1, one head; difficulty, confidence, completion tokens
	result = append(result, byte(label.NumCategories), 0, 0, 0)
	p := slices.Repeat([]float32{0}, label.NumCategories)
	p[category] = 1
	result = number(result, p...)
	const at = 1024
	module := wasmtest.Assemble(fmt.Sprintf(`
		memory 2
		global routor_abi_version i const 1
		data %d %x
		func routor_alloc i i - i32.const 4096 end
		func routor_classify ii I - i64.const %d end`, at, result, at<<32|len(result)))
	card, err := json.Marshal(classifiers.Card{Name: name, Version: "1", Heads: []classifiers.HeadCard{{Name: "category", Labels: label.Categories[:]}}})
	if err != nil {
		t.Fatal(err)
	}
	if module, err = wasm.SetCustom(module, classifiers.MetaSection, card); err != nil {
		t.Fatal(err)
	}
	return module
}

// TestSwapUnderLoad swaps the policy 100 times and the classifier 100 times while requests run: none fails, and each is
// answered by one policy and one classifier that served together.
func TestSwapUnderLoad(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	modules := [2][]byte{opinion(t, "writer", label.Writing, 0.1), opinion(t, "coder", label.Coding, 0.3)}
	category := map[string]string{"writer 1": "writing", "coder 1": "coding"}
	// home is where a policy sends a category.
	home := map[string]map[string]string{
		"east": {"writing": "alibaba", "coding": "zai"},
		"west": {"writing": "mistral", "coding": "openai"},
	}
	policy := func(name string) []byte {
		return []byte(fmt.Sprintf("name: %s\nrules:\n  - {name: w, when: category == \"writing\", only: 'provider == \"%s\"'}\n  - {name: c, when: category == \"coding\", only: 'provider == \"%s\"'}\n",
			name, home[name]["writing"], home[name]["coding"]))
	}
	type pair struct{ policy, classifier string }
	var mu sync.Mutex
	versions := map[uint64]pair{} // what served under which version
	now := pair{}
	publish := func(to pair) {
		t.Helper()
		var version uint64
		var err error
		if to.policy != now.policy {
			version, err = r.Documents.Publisher.Policy(to.policy+".yaml", policy(to.policy), Change{Author: "test"})
		} else {
			version, err = r.Documents.Publisher.Classifier(context.Background(), modules[map[string]int{"writer 1": 0, "coder 1": 1}[to.classifier]], Change{Author: "test"})
		}
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		now, versions[version] = to, to
	}
	publish(pair{"east", ""})
	publish(pair{"east", "writer 1"})

	type seen struct {
		version uint64
		pair
	}
	var decisions []seen
	stop := make(chan struct{})
	var answered, decided atomic.Int64
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if i < 4 { // asks
					stream := i%2 == 0
					a := r.do("POST", "/v1/chat/completions", ask("hi", fmt.Sprintf(`"stream":%v`, stream)))
					provider, _, _ := strings.Cut(a.header.Get("X-Routor-Model"), "/")
					c := a.header.Get("X-Routor-Category")
					if provider == "" || provider != home["east"][c] && provider != home["west"][c] || a.header.Get("X-Routor-Fallback") != "false" {
						t.Errorf("%s answers %s: %d %v %s", provider, c, a.status, a.header, a.body)
						return
					}
					if wrong := wrong(t, a, stream, false); wrong != "" {
						t.Errorf("%s: %d %v %s", wrong, a.status, a.header, a.body)
						return
					}
					answered.Add(1)
					continue
				}
				a := r.do("POST", "/v1/route", ask("hi"))
				var d struct {
					Policy, Classifier, Category string
					Fallback                     string `json:"classifier_fallback"`
					Snapshot                     uint64
					Chain                        []struct{ Provider string }
				}
				if err := json.Unmarshal(a.body, &d); err != nil || a.status != 200 || d.Fallback != "" || d.Category != category[d.Classifier] || len(d.Chain) == 0 {
					t.Errorf("%v: %d %s", err, a.status, a.body)
					return
				}
				for _, c := range d.Chain {
					if c.Provider != home[d.Policy][d.Category] {
						t.Errorf("policy %s sends %s to %s", d.Policy, d.Category, c.Provider)
					}
				}
				mu.Lock()
				decisions = append(decisions, seen{d.Snapshot, pair{d.Policy, d.Classifier}})
				mu.Unlock()
				decided.Add(1)
			}
		})
	}
	for i := range 200 {
		to := now
		if i%2 == 0 {
			to.policy = map[string]string{"east": "west", "west": "east"}[now.policy]
		} else {
			to.classifier = map[string]string{"writer 1": "coder 1", "coder 1": "writer 1"}[now.classifier]
		}
		publish(to)
		if i%4 == 0 { // the load goes on meanwhile: the other swaps come as fast as they can
			before, asked := decided.Load(), answered.Load()
			until(t, "requests are decided and answered", func() bool { return t.Failed() || decided.Load() > before && answered.Load() > asked })
		}
	}
	close(stop)
	all.Wait()
	for _, d := range decisions {
		if served, ok := versions[d.version]; !ok || served != d.pair {
			t.Errorf("snapshot %d was %v, and a decision under it says %v", d.version, served, d.pair)
		}
	}
	t.Logf("%d snapshots, %d answers, %d decisions", len(versions), answered.Load(), decided.Load())
}
