package api

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/policies"
)

// TestSwapUnderLoad swaps policy and classifier while requests run: none fails, and each is answered by what one of the
// two policies allows.
func TestSwapUnderLoad(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	only := func(provider string) []byte {
		rule := "rules:\n  - name: all to one\n    only: provider == \"" + provider + "\"\n"
		before, _, _ := strings.Cut(string(policies.Default()), "\ntests:") // the shipped tests expect other models
		return []byte(strings.Replace(before, "rules:\n", rule, 1))
	}
	homes := [2]string{"mistral", "openai"}
	publish := func(i int) {
		if _, err := r.Publisher.Policy("one.yaml", only(homes[i%2]), Change{Author: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	publish(0)
	stop := make(chan struct{})
	var answered atomic.Int64
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a := r.do("POST", "/v1/chat/completions", ask("hi", fmt.Sprintf(`"stream":%v`, i%2 == 0)))
				provider, _, _ := strings.Cut(a.header.Get("X-Routor-Model"), "/")
				if a.status != 200 || provider != homes[0] && provider != homes[1] || a.header.Get("X-Routor-Fallback") != "false" {
					t.Errorf("%d %v %s", a.status, a.header, a.body)
					return
				}
				answered.Add(1)
			}
		})
	}
	for i := range 100 {
		publish(i)
		if i%25 == 0 {
			if _, err := r.Publisher.Classifier(context.Background(), builtin.Module, Change{Author: "test"}); err != nil {
				t.Error(err)
			}
		}
	}
	until(t, "requests were answered meanwhile", func() bool { return answered.Load() > 20 })
	close(stop)
	all.Wait()
}
