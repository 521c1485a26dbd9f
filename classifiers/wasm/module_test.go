package wasm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/routor/routor/classifiers/wasm"
	"github.com/routor/routor/classifiers/wasm/wasmtest"
)

func TestParseEncodeIsTheIdentity(t *testing.T) {
	t.Parallel()
	for name, text := range samples {
		module := wasmtest.Assemble(text)
		sections, err := wasm.Parse(module)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(wasm.Encode(sections), module) {
			t.Errorf("%s: changed", name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const head = "\x00asm\x01\x00\x00\x00"
	for name, module := range map[string]string{
		"empty":             "",
		"text":              "(module)",
		"component":         "\x00asm\x0d\x00\x01\x00",
		"unknown section":   head + "\x0d\x00",
		"twice":             head + "\x01\x01\x00\x01\x01\x00",
		"out of order":      head + "\x03\x01\x00\x01\x01\x00",
		"section too long":  head + "\x01\x05\x00",
		"size too long":     head + "\x01\xff\xff\xff\xff\x7f\x00",
		"size without ends": head + "\x01\x80\x80\x80\x80\x80\x00",
	} {
		if _, err := wasm.Parse([]byte(module)); !errors.Is(err, wasm.ErrModule) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestCustom(t *testing.T) {
	t.Parallel()
	module := sample("straight line")
	if got, err := wasm.Custom(module, "meta"); err != nil || got != nil {
		t.Errorf("no section: %q %v", got, err)
	}
	for _, content := range []string{"one", "another"} {
		var err error
		if module, err = wasm.SetCustom(module, "meta", []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := wasm.Custom(module, "meta"); err != nil || string(got) != content {
			t.Errorf("got %q %v, want %q", got, err, content)
		}
	}
	if stripped, err := wasm.Strip(module); err != nil || !bytes.Equal(stripped, sample("straight line")) {
		t.Errorf("stripped %x %v", stripped, err)
	}
	if cleared, err := wasm.SetCustom(module, "meta", nil); err != nil || !bytes.Equal(cleared, sample("straight line")) {
		t.Errorf("cleared %x %v", cleared, err)
	}
}

// bakeable is a runtime that reads byte i of its weights.
const bakeable = `memory 1 2 data 16 0000000000000000 data 100 aabb
	global routor_model i const 16 global __heap_base i const 5000
	func run i i - i32.const 16 i32.load 0 local.get 0 i32.add i32.load8_u 0 end
	func size - i - i32.const 20 i32.load 0 end
	func old - i - i32.const 100 i32.load8_u 0 end`

func TestBakeThenHoist(t *testing.T) {
	t.Parallel()
	weights := bytes.Repeat([]byte("weights!"), 50_000)
	baked, err := wasm.Bake(wasmtest.Assemble(bakeable), weights)
	if err != nil {
		t.Fatal(err)
	}
	m := instantiate(t, baked)
	ask := func(f string, args ...uint64) uint64 {
		out, err := m.ExportedFunction(f).Call(context.Background(), args...)
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	if ask("size") != uint64(len(weights)) || ask("run", 399_999) != '!' || ask("run", 8) != 'w' || ask("old") != 0xaa {
		t.Error("the runtime does not find its weights")
	}

	stripped, image, err := wasm.Hoist(baked, 16)
	if err != nil {
		t.Fatal(err)
	}
	if len(stripped) > 500 || len(image) != 8192+len(weights) {
		t.Errorf("stripped to %d bytes, image of %d", len(stripped), len(image))
	}
	memory, _ := m.Memory().Read(0, uint32(len(image)))
	if !bytes.Equal(memory, image) {
		t.Error("the image differs from the memory of an instance")
	}
	if at := binary.LittleEndian.Uint32(image[16:]); at != 8192 {
		t.Errorf("weights at %d, want 8192", at)
	}
	if _, _, err := wasm.Hoist(baked, 4); !errors.Is(err, wasm.ErrModule) {
		t.Errorf("memory beyond the limit: %v", err)
	}
	if _, _, err := wasm.Hoist(wasmtest.Assemble("memory 1 data 65535 0102"), 4); !errors.Is(err, wasm.ErrModule) {
		t.Errorf("data outside of the memory: %v", err)
	}
}

func TestBakeRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no descriptor": `memory 1 global __heap_base i const 5000`,
		"no heap base":  `memory 1 global routor_model i const 16`,
		"no memory":     `global routor_model i const 16 global __heap_base i const 5000`,
		"not an i32":    `memory 1 global routor_model I const 16 global __heap_base i const 5000`,
		"no room":       `memory 1 global routor_model i const 16 global __heap_base i const -100`,
	} {
		if _, err := wasm.Bake(wasmtest.Assemble(text), make([]byte, 100)); !errors.Is(err, wasm.ErrModule) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzRewrite(f *testing.F) {
	f.Add(wasmtest.Assemble(bakeable))
	f.Add(runtimeModule(f))
	for _, text := range samples {
		f.Add(wasmtest.Assemble(text))
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		if sections, err := wasm.Parse(module); err == nil {
			if _, err := wasm.Parse(wasm.Encode(sections)); err != nil {
				t.Errorf("encoded to what does not parse: %v", err)
			}
		}
		if baked, err := wasm.Bake(module, []byte("weights")); err == nil {
			if _, err := wasm.InjectFuel(baked, "fuel", 1); err != nil && len(module) < 1<<16 {
				if _, before := wasm.InjectFuel(module, "fuel", 1); before == nil {
					t.Errorf("baking breaks the module: %v", err)
				}
			}
		}
		if annotated, err := wasm.SetCustom(module, "meta", []byte("x")); err == nil {
			if got, err := wasm.Custom(annotated, "meta"); err != nil || string(got) != "x" {
				t.Errorf("custom section %q %v", got, err)
			}
		}
	})
}
