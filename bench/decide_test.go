package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/policies"
)

// shipped is a snapshot of everything as it is shipped, with all providers of the catalog connected.
func shipped(t testing.TB) *engine.Snapshot {
	t.Helper()
	m, err := classifiers.Load(t.Context(), builtin.Module, classifiers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	c := catalog.Builtin()
	p, err := policies.Parse("default.yaml", policies.Default(), policies.Scope{Catalog: c, Profiles: []string{"default"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.NewSnapshot(engine.Parts{Catalog: c, Policy: p, Classifier: classifiers.New(nil, m)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHardPromptsGetStrongModelsAndEasyOnesCheapModels(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "shared", "data", "prompts")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the routing data is not beside the repository: ", err)
	}
	set, err := prompts.Folder(dir, engine.ClassifierInput, nil)
	if err != nil {
		t.Fatal(err)
	}
	var dev []train.Example
	for i := range set.Examples {
		if s := set.Examples[i].Split; s == prompts.Dev || s == prompts.SourceDev {
			dev = append(dev, set.Examples[i])
		}
	}
	r := Decide(shipped(t), dev)
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	if len(dev) < 4000 || r.Hard < 40 {
		t.Errorf("%d prompts, %d of them hard: the data is not what it was", len(dev), r.Hard)
	}
	for _, w := range r.Weak {
		t.Errorf("%s goes to %s with expected quality %.3f, the best has %.3f", w.ID, w.Model, w.Quality, w.Best)
	}
	for i := 1; i < len(r.Tiers); i++ {
		if easy, hard := r.Tiers[i-1], r.Tiers[i]; easy.CostUSD >= hard.CostUSD {
			t.Errorf("%s costs $%.6f a prompt, %s $%.6f: the harder tier must cost more", easy.Tier, easy.CostUSD, hard.Tier, hard.CostUSD)
		}
	}
}
