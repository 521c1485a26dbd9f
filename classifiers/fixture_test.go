package classifiers

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers/wasm"
	"github.com/routor/routor/classifiers/wasm/wasmtest"
	"github.com/routor/routor/engine/label"
)

// testCard has its categories in reverse and a head of its own between the known ones.
func testCard() Card {
	categories := slices.Clone(label.Categories[:])
	slices.Reverse(categories)
	return Card{Name: "test", Version: "1", Heads: []HeadCard{
		{Name: "category", Labels: categories},
		{Name: "intent", Labels: []string{"billing", "technical", "sales"}},
		{Name: "domain", Labels: label.Domains[:]},
	}}
}

// testResult is a valid result for testCard: writing .3 and the rest alike, billing .5, law .35.
func testResult() []byte {
	b := binary.LittleEndian.AppendUint16(nil, 1)
	b = binary.LittleEndian.AppendUint16(b, 3)
	b = floats(b, 0.25, 0.75, 120)
	head := func(p ...float32) {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(p)))
		b = floats(append(b, 0, 0), p...)
	}
	category := slices.Repeat([]float32{0.7 / 13}, label.NumCategories)
	category[label.NumCategories-1-int(label.Writing)] = 0.3
	head(category...)
	head(0.5, 0.3, 0.2)
	domain := slices.Repeat([]float32{0.65 / 13}, label.NumDomains)
	domain[5] = 0.35
	head(domain...)
	return b
}

func floats(b []byte, p ...float32) []byte {
	for _, v := range p {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

const (
	resultAt = 1024
	recordAt = 4096
)

// answer is the text of a module that gives result whatever it is asked, but runs body first, which has locals 0 and 1 =
// ptr and len, and 2 (i32) and 3 (i64) of its own.
func answer(result []byte, body string) string {
	return fmt.Sprintf(`
		memory 2
		global routor_abi_version i const 1
		data %d %x
		func routor_alloc i i - i32.const %d end
		func routor_classify ii I iI
			%s
			i64.const %d
		end`, resultAt, result, recordAt, body, resultAt<<32|len(result))
}

// withCard assembles text and adds testCard.
func withCard(t testing.TB, text string) []byte {
	t.Helper()
	return setCard(t, wasmtest.Assemble(text), testCard())
}

func setCard(t testing.TB, module []byte, card Card) []byte {
	t.Helper()
	src, err := json.Marshal(card)
	if err != nil {
		t.Fatal(err)
	}
	module, err = wasm.SetCustom(module, MetaSection, src)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// load loads a module that must load, and closes it at the test's end.
func load(t testing.TB, module []byte, o Options) *Module {
	t.Helper()
	m, err := Load(context.Background(), module, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// on is an Input that module texts can tell from the probes: its turns are 7.
func on(text string) *Input { return &Input{Text: text, Turns: 7, Bytes: uint32(len(text))} }

// ifAsked runs body only for inputs made by on, so that the module passes its probes.
func ifAsked(body string) string {
	return "local.get 0 i32.load 12 i32.const 7 i32.eq if - " + body + " end"
}

func contains(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one that says %q", err, want)
	}
}

func cardJSON(t testing.TB) string {
	t.Helper()
	src, err := json.Marshal(testCard())
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}
