package classifiers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/classifiers/wasm/wasmtest"
)

// Modules that break when they are asked, having passed their probes. Each ends as an error of its kind.
var hostile = []struct {
	name, body string
	kind       Kind
}{
	{"endless loop", "loop - br 0 end", OutOfFuel},
	{"endless recursion", "local.get 0 local.get 1 call routor_classify drop", OutOfFuel},
	{"2^40 calls", strings.Repeat("call spin ", 4), OutOfFuel},
	{"growing memory", "loop - i32.const 1 memory.grow drop br 0 end", OutOfFuel},
	{"filling memory", "loop - i32.const 0 i32.const 0 i32.const 131072 memory.fill br 0 end", OutOfFuel},
	{"trap", "unreachable", Trap},
	{"division by zero", "i32.const 1 i32.const 0 i32.div_s drop", Trap},
	{"load out of bounds", "i32.const -8 i32.load 0 drop", Trap},
	{"empty table", "i32.const 0 call_indirect - -", Trap},
	{"gives up", "i64.const 0 return", BadResult},
	{"result out of bounds", fmt.Sprintf("i64.const %d return", int64(131000)<<32|int64(len(testResult()))), BadResult},
	{"4 GB of result", "i64.const 0x4ffffffff return", BadResult},
	{"result too short", fmt.Sprintf("i64.const %d return", resultAt<<32|20), BadResult},
	{"wrong version", "i32.const 1024 i32.const 2 i32.store16 0", BadResult},
	{"wrong number of heads", "i32.const 1026 i32.const 2 i32.store16 0", BadResult},
	{"wrong number of labels", "i32.const 1040 i32.const 13 i32.store16 0", BadResult},
	{"difficulty is no number", "i32.const 1028 i32.const 0x7fc00000 i32.store 0", BadResult},
	{"confidence is infinite", "i32.const 1032 i32.const 0x7f800000 i32.store 0", BadResult},
	{"tokens below zero", "i32.const 1036 f32.const -1 f32.store 0", BadResult},
	{"probability is no number", "i32.const 1044 i32.const 0x7fc00000 i32.store 0", BadResult},
	{"probabilities sum to 2", "i32.const 1044 f32.const 1 f32.store 0 i32.const 1048 f32.const 1 f32.store 0", BadResult},
}

// hostileText is a module that answers result, but runs body when it is asked.
func hostileText(result []byte, body string) string {
	return answer(result, ifAsked(body)) + `
		table 1
		func leaf - - - end
		func twig - - - ` + strings.Repeat("call leaf ", 32) + ` end
		func spin - - i loop - ` + strings.Repeat("call twig ", 32) + ` br 0 end end`
}

func TestHostileModuleFallsBack(t *testing.T) {
	t.Parallel()
	builtin := load(t, setCard(t, wasmtest.Assemble(answer(testResult(), "")), namedCard("builtin")), Options{})
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var seen events
			m := load(t, withCard(t, hostileText(testResult(), c.body)), Options{Instances: 1, Breaks: 3, OnEvent: seen.add, Slow: time.Hour})
			classifier := New(m, builtin)
			var r Result
			for call := range 4 {
				classifier.Classify(on("x"), &r)
				want := c.kind.String()
				if call == 3 {
					want = "taken_over"
				}
				if r.Module != "builtin 1" || r.Fallback != want || r.Confidence != 0.75 {
					t.Fatalf("call %d: module %q, fallback %q, confidence %v; want the built-in's answer for %q", call, r.Module, r.Fallback, r.Confidence, want)
				}
			}
			if got := [...]int{seen.of(c.kind), seen.of(Fallback), seen.of(TakenOver), seen.of(Uniform)}; got != [...]int{3, 4, 1, 0} {
				t.Errorf("events %v, want 3 breaks, 4 fallbacks, 1 alert, none uniform", got)
			}
			if !classifier.TakenOver() {
				t.Error("the built-in module must have taken over")
			}
		})
	}
}

func namedCard(name string) Card {
	c := testCard()
	c.Name = name
	return c
}

// A good call between breaks starts the count anew, and a broken instance is replaced.
func TestModuleRecovers(t *testing.T) {
	t.Parallel()
	builtin := load(t, withCard(t, answer(testResult(), "")), Options{})
	classifier := New(load(t, withCard(t, hostileText(testResult(), "unreachable")), Options{Instances: 1, Breaks: 2, BreaksInWindow: 4}), builtin)
	var r Result
	for range 3 {
		classifier.Classify(on("x"), &r)
		if r.Fallback != "trap" {
			t.Fatalf("fallback %q", r.Fallback)
		}
		if classifier.Classify(&Input{Text: "fine"}, &r); r.Fallback != "" {
			t.Fatalf("a good call after a trap: fallback %q", r.Fallback)
		}
	}
	if classifier.TakenOver() {
		t.Error("taken over after breaks that were not in a row")
	}
	if classifier.Classify(on("x"), &r); !classifier.TakenOver() {
		t.Error("not taken over after 4 breaks within the window")
	}
}

func TestSlowModuleIsTakenOver(t *testing.T) {
	t.Parallel()
	builtin := load(t, withCard(t, answer(testResult(), "")), Options{})
	var seen events
	classifier := New(load(t, withCard(t, answer(testResult(), "")), Options{Slow: 1, OnEvent: seen.add}), builtin)
	var r Result
	for range 5 {
		if classifier.Classify(on("x"), &r); r.Fallback != "" {
			t.Fatalf("a late answer is an answer, fallback %q", r.Fallback)
		}
	}
	if seen.of(Slow) < 5 || !classifier.TakenOver() {
		t.Errorf("%d slow calls, taken over: %v", seen.of(Slow), classifier.TakenOver())
	}
}

func TestBrokenBuiltinSaysNothing(t *testing.T) {
	t.Parallel()
	var seen events
	builtin := load(t, withCard(t, hostileText(testResult(), "unreachable")), Options{OnEvent: seen.add})
	for name, c := range map[string]*Classifier{"alone": New(nil, builtin), "behind": New(load(t, withCard(t, hostileText(testResult(), "unreachable")), Options{}), builtin)} {
		r := Result{Heads: make([]Head, 3), Confidence: 1}
		c.Classify(on("x"), &r)
		if r.Confidence != 0 || r.Category[0] != 1.0/14 || r.Difficulty != 0.5 || len(r.Heads) != 0 || !math.IsNaN(float64(r.CompletionTokens)) {
			t.Errorf("%s: result %+v, want a uniform one", name, r)
		}
	}
	if seen.of(Uniform) != 2 {
		t.Errorf("%d uniform results counted, want 2", seen.of(Uniform))
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	good := answer(testResult(), "")
	random := make([]byte, 4096)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(source.Uint32())
	}
	card := func(change func(*Card)) []byte {
		c := testCard()
		change(&c)
		return setCard(t, wasmtest.Assemble(good), c)
	}
	for _, c := range []struct {
		name   string
		module []byte
		want   string
	}{
		{"nothing", nil, "not a WebAssembly module"},
		{"random bytes", random, "not a WebAssembly module"},
		{"random bytes after a head", append([]byte("\x00asm\x01\x00\x00\x00"), random...), "wasm"},
		{"too large", make([]byte, 1<<20), "at most"},
		{"no card", wasmtest.Assemble(good), "card: missing"},
		{"no version", withCard(t, strings.Replace(good, "routor_abi_version", "x", 1)), "exports neither"},
		{"other version", withCard(t, strings.Replace(good, "routor_abi_version i const 1", "routor_abi_version i const 2", 1)), "version 2"},
		{"version that changes", withCard(t, strings.Replace(good, "routor_abi_version i const", "routor_abi_version i var", 1)), "immutable"},
		{"no alloc", withCard(t, strings.Replace(good, "routor_alloc", "x", 1)), "routor_alloc(i32) -> i32 is missing"},
		{"wrong signature", withCard(t, strings.Replace(good, "routor_alloc i i", "routor_alloc f i", 1)), "(f32) -> (i32), must be (i32) -> (i32)"},
		{"wrong types inside", withCard(t, good+" func bad - i - i64.const 1 end"), "cannot use i64"},
		{"no memory", withCard(t, "global routor_abi_version i const 1 func routor_alloc i i - i32.const 8 end func routor_classify ii I - i64.const 0 end"), "memory"},
		{"4 GB of memory", withCard(t, strings.Replace(good, "memory 2", "memory 65536", 1)), "at most"},
		{"imports", withCard(t, "import env log i -"+good), "import"},
		{"WASI with a wrong signature", withCard(t, "import wasi_snapshot_preview1 fd_write i i"+good), "fd_write"},
		{"own fuel", withCard(t, "global routor_fuel I var 1"+good), "host's own"},
		{"loop in start", withCard(t, good+" start spin func spin - - - loop - br 0 end end"), "start"},
		{"loop in _initialize", withCard(t, good+" func _initialize - - - loop - br 0 end end"), "start"},
		{"exit in _initialize", withCard(t, "import wasi_snapshot_preview1 proc_exit i -"+good+" func _initialize - - - i32.const 0 call proc_exit end"), "proc_exit(0)"},
		{"alloc refuses", withCard(t, strings.Replace(good, "i32.const 4096", "i32.const 0", 1)), "refused"},
		{"alloc out of bounds", withCard(t, strings.Replace(good, "i32.const 4096", "i32.const 131000", 1)), "outside of its memory"},
		{"fails its probes", withCard(t, answer(testResult(), "unreachable")), "probe"},
		{"name is missing", card(func(c *Card) { c.Name = "" }), "name"},
		{"no category", card(func(c *Card) { c.Heads = c.Heads[1:] }), `"category" is missing`},
		{"category lacks a label", card(func(c *Card) { c.Heads[0].Labels = c.Heads[0].Labels[1:] }), "must be all 14"},
		{"unknown category", card(func(c *Card) { c.Heads[0].Labels[3] = "codng" }), `unknown label "codng"`},
		{"label twice", card(func(c *Card) { c.Heads[1].Labels[1] = "billing" }), "twice"},
		{"head twice", card(func(c *Card) { c.Heads[1].Name = "domain" }), ""},
		{"other heads than the result", card(func(c *Card) { c.Heads = slices.Insert(c.Heads, 1, HeadCard{Name: "x", Labels: []string{"y"}}) }), "its card asks for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := Load(context.Background(), c.module, Options{MaxModule: 1<<20 - 1, Instances: 1})
			if err == nil {
				m.Close()
			}
			if !errors.Is(err, ErrLoad) {
				t.Errorf("error %v", err)
			}
			contains(t, err, c.want)
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(withCard(f, answer(testResult(), "")))
	for _, c := range hostile {
		f.Add(withCard(f, hostileText(testResult(), c.body)))
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		m, err := Load(context.Background(), module, Options{Instances: 1, FuelBase: 10_000, FuelPerByte: 10, FuelStart: 10_000})
		if err != nil {
			return
		}
		defer m.Close()
		var r Result
		if m.Classify(on("x"), &r) == nil && (r.Difficulty < 0 || r.Difficulty > 1 || math.IsNaN(float64(r.Category[0]))) {
			t.Errorf("result %+v", r)
		}
	})
}
