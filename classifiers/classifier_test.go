package classifiers

import (
	"testing"

	"github.com/routor/routor/classifiers/wasm/wasmtest"
)

func TestClassifierWithoutPrimary(t *testing.T) {
	t.Parallel()
	builtin := load(t, setCard(t, wasmtest.Assemble(answer(testResult(), "")), namedCard("builtin")), Options{})
	for _, c := range []*Classifier{New(nil, builtin), New(builtin, builtin)} {
		var r Result
		if !c.Acquire() {
			t.Fatal("can't acquire")
		}
		c.Close() // closes no module: the built-in one is not the classifier's own
		if c.Classify(on("x"), &r); r.Module != "builtin 1" || r.Fallback != "" {
			t.Errorf("module %q, fallback %q", r.Module, r.Fallback)
		}
		c.Release()
		if c.Card().Name != "builtin" || c.TakenOver() {
			t.Errorf("card %q, taken over %v", c.Card().Name, c.TakenOver())
		}
	}
}

func TestClosedClassifierFallsBack(t *testing.T) {
	t.Parallel()
	builtin := load(t, setCard(t, wasmtest.Assemble(answer(testResult(), "")), namedCard("builtin")), Options{})
	primary := load(t, withCard(t, answer(testResult(), "")), Options{})
	c := New(primary, builtin)
	var r Result
	if c.Classify(on("x"), &r); r.Module != "test 1" {
		t.Errorf("module %q", r.Module)
	}
	c.Close()
	for range 10 {
		if c.Classify(on("x"), &r); r.Module != "builtin 1" || r.Fallback != "closed" {
			t.Errorf("module %q, fallback %q", r.Module, r.Fallback)
		}
	}
	if c.TakenOver() {
		t.Error("a closed module has not broken")
	}
}

func TestBusyModuleFallsBack(t *testing.T) {
	t.Parallel()
	builtin := load(t, setCard(t, wasmtest.Assemble(answer(testResult(), "")), namedCard("builtin")), Options{})
	primary := load(t, withCard(t, answer(testResult(), "")), Options{Instances: 1, Wait: 1, Breaks: 1})
	c := New(primary, builtin)
	i, err := primary.take()
	if err != nil {
		t.Fatal(err)
	}
	var r Result
	if c.Classify(on("x"), &r); r.Module != "builtin 1" || r.Fallback != "busy" || c.TakenOver() {
		t.Errorf("module %q, fallback %q, taken over %v", r.Module, r.Fallback, c.TakenOver())
	}
	primary.idle <- i
	if c.Classify(on("x"), &r); r.Module != "test 1" || r.Fallback != "" {
		t.Errorf("module %q, fallback %q", r.Module, r.Fallback)
	}
}
