package engine

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
)

// shipped is a snapshot of what Routor comes with: catalog, policy and classifier.
func shipped(t testing.TB) *Snapshot {
	t.Helper()
	m, err := classifiers.Load(context.Background(), builtin.Module, classifiers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	p, err := policies.Parse("default.yaml", policies.Default(), policies.Scope{Catalog: catalog.Builtin()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSnapshot(Parts{Catalog: catalog.Builtin(), Policy: p, Classifier: classifiers.New(m, m)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestShipped says what the shipped classifier, policy and catalog make of requests.
func TestShipped(t *testing.T) {
	t.Parallel()
	s := shipped(t)
	const proof = "Prove that every finite group of order p^2 is abelian, and then classify all groups of order p^3 up to isomorphism with full proofs."
	image := `{"model":"auto","messages":[{"role":"user","content":[{"type":"text","text":"what is in it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}`
	one := func(body string) *Decision {
		d, err := decide(t, s, body, World{})
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return d
	}
	hi, hard := one(says("auto", "hi", "")), one(says("auto", proof, ""))
	if hi.Tier != label.Nano || hard.Tier < label.Standard {
		t.Errorf("tiers %s and %s", hi.Tier, hard.Tier)
	}
	if a, b := hi.Best().Deployment.Model, hard.Best().Deployment.Model; a == b {
		t.Errorf("both go to %s", a.ID)
	}
	if hi.Best().Spend() > hi.Baseline/10 || hard.Best().Quality < .9*hard.Candidates[hard.strongest(-1)].Quality {
		t.Errorf("hi costs %v of %v, the proof gets %.2f", hi.Best().Spend(), hi.Baseline, hard.Best().Quality)
	}
	for _, i := range one(image).Chain {
		if m := one(image).Candidates[i].Deployment.Model; m.Caps.Image != catalog.Yes {
			t.Errorf("an image may go to %s", m.ID)
		}
	}
	for _, c := range hard.Candidates {
		if st := c.Deployment.Model.Status; c.Out == "" && st != catalog.Active {
			t.Errorf("auto may choose %s, which is %s", c.Deployment.ID, st)
		}
	}
	for _, m := range catalog.Builtin().Models {
		if m.Status != catalog.Retired {
			continue
		}
		if _, err := decide(t, s, says(m.ID, "hi", ""), World{}); err == nil || m.Replaced != "" && !strings.Contains(err.Error(), m.Replaced) {
			t.Errorf("%s is retired for %q: %v", m.ID, m.Replaced, err)
		}
	}

	follow := func(last string) *Decision {
		return one(`{"model":"auto","messages":[{"role":"user","content":"` + proof + `"},{"role":"assistant","content":"Shall I begin?"},{"role":"user","content":"` + last + `"}]}`)
	}
	if d := follow("ok, do it"); d.Tier < hard.Tier || !d.HistoryFloor {
		t.Errorf("the go-ahead for a proof is %s", d.Tier)
	}
	if d := follow("thanks!"); d.Tier != label.Nano {
		t.Errorf("thanks for a proof are %s", d.Tier)
	}

	// The decision explains itself, in JSON, from the first candidate to the last.
	var explained struct {
		Candidates []struct {
			Deployment, Out, By string
			Quality, Cost       *float64
		}
		Chain []struct{ Model string }
	}
	if err := json.Unmarshal(hard.AppendJSON(nil), &explained); err != nil {
		t.Fatal(err)
	}
	if len(explained.Candidates) != len(catalog.Builtin().Deployments) || len(explained.Chain) != len(hard.Chain) {
		t.Errorf("%d candidates, %d in the chain", len(explained.Candidates), len(explained.Chain))
	}
	for _, c := range explained.Candidates {
		if (c.Out == "") != (c.By == "") || c.Out == "" && (c.Quality == nil || c.Cost == nil) {
			t.Errorf("%s: %+v", c.Deployment, c)
		}
	}
}

// TestStringsAreJSON quotes what clients and providers may say.
func TestStringsAreJSON(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "plain", "a \"quote\" and a \\", "line\nbreak\ttab\x00\x1f", "ünïcödé 中文 \U0001f600", "bro\xffken", "\xc3"} {
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") {
			t.Errorf("%q came back as %q: %v", s, back, err)
		}
	}
}
