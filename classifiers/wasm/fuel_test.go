package wasm_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/routor/routor/classifiers/wasm"
	"github.com/routor/routor/classifiers/wasm/wasmtest"
)

const plenty = 1 << 40

func inject(t testing.TB, module []byte, initial int64) []byte {
	t.Helper()
	out, err := wasm.InjectFuel(module, "fuel", initial)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMeteredModuleGivesTheSameResults(t *testing.T) {
	t.Parallel()
	for name, text := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module := wasmtest.Assemble(text)
			plain, metered := instantiate(t, module), instantiate(t, inject(t, module, plenty))
			for _, arg := range []uint64{0, 1, 2, 3, 7, 12} {
				want, wantErr := plain.ExportedFunction("run").Call(context.Background(), arg)
				got, gotErr := metered.ExportedFunction("run").Call(context.Background(), arg)
				if (wantErr == nil) != (gotErr == nil) || wantErr == nil && got[0] != want[0] {
					t.Errorf("run(%d): %v %v, without fuel %v %v", arg, got, gotErr, want, wantErr)
				}
			}
			if left := int64(metered.ExportedGlobal("fuel").Get()); left >= plenty || left <= 0 {
				t.Errorf("fuel left %d of %d", left, int64(plenty))
			}
		})
	}
}

func TestMeteredRuntimeGivesTheSameFeatures(t *testing.T) {
	t.Parallel()
	module := runtimeModule(t)
	var want string
	for i, m := range []api.Module{instantiate(t, module), instantiate(t, inject(t, module, plenty))} {
		const text = "Write a function that reverses a list, please. Écris-la en français."
		at, err := m.ExportedFunction("routor_alloc").Call(context.Background(), uint64(64+len(text)))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range []uint32{1, 64, 0, 1, 9, uint32(len(text)), 64, uint32(len(text)), 64, 0, 64, 0, 1} {
			m.Memory().WriteUint32Le(uint32(at[0])+4*uint32(k), v)
		}
		m.Memory().WriteString(uint32(at[0])+64, text)
		out, err := m.ExportedFunction("routor_features").Call(context.Background(), at[0], uint64(64+len(text)))
		if err != nil {
			t.Fatal(err)
		}
		features, ok := m.Memory().Read(uint32(out[0]>>32), uint32(out[0]))
		if !ok || len(features) == 0 {
			t.Fatalf("no features: %v", out)
		}
		if i == 0 {
			want = string(features)
		} else if string(features) != want {
			t.Error("the metered runtime gives other features")
		}
	}
}

func TestFuelCuts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"endless loop":    `func run - - - loop - br 0 end end`,
		"endless call":    `func run - - - call run end`,
		"calls, no loops": `func a - - - end func b - - - call a call a call a call a end func run - - I loop - call b call b br 0 end end`,
		"fill":            `memory 16 func run - - - loop - i32.const 0 i32.const 1 i32.const 1048576 memory.fill br 0 end end`,
		"grow":            `memory 1 func run - - - loop - i32.const 1 memory.grow drop br 0 end end`,
		"grow a lot":      `memory 1 func run - - - i32.const 1000000 memory.grow drop end`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := instantiate(t, inject(t, wasmtest.Assemble(text), 100_000))
			if _, err := m.ExportedFunction("run").Call(context.Background()); err == nil {
				t.Fatal("ran to its end")
			}
			if left := int64(m.ExportedGlobal("fuel").Get()); left >= 0 {
				t.Errorf("fuel left %d, must be below zero", left)
			}
		})
	}
}

func TestFuelCost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		cost       int64
	}{
		{"a unit is 1 + a quarter of the instructions", `func run - - - nop nop nop nop nop nop nop end`, 1 + 8/4},
		{"locals count", `func run - - iiiiiiii nop nop nop end`, 1 + (8+4)/4},
		{"a loop pays each turn", `func run - - i loop - local.get 0 i32.const 1 i32.add local.tee 0 i32.const 10 i32.lt_u br_if 0 end end`, 1 + 10*(1+8/4)},
		{"a page costs 1024", `memory 1 func run - - - i32.const 2 memory.grow drop end`, 1 + 1 + 256 + 2048},
		{"64 bytes cost 1", `memory 1 func run - - - i32.const 0 i32.const 0 i32.const 640 memory.fill end`, 1 + 5/4 + 1 + 10},
	} {
		m := instantiate(t, inject(t, wasmtest.Assemble(c.text), 1_000_000))
		if _, err := m.ExportedFunction("run").Call(context.Background()); err != nil {
			t.Fatal(err)
		}
		if used := 1_000_000 - int64(m.ExportedGlobal("fuel").Get()); used != c.cost {
			t.Errorf("%s: used %d, want %d", c.name, used, c.cost)
		}
	}
}

func TestInjectFuelRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"own fuel", `global fuel I var 1`, "host's own"},
		{"write to the meter", `global a i var 1 func f - - - i64.const 1 global.set 1 end`, "unknown global"},
		{"read of the meter", `func f - I - global.get 0 end`, "unknown global"},
		{"meter's local", `func f i I - local.get 1 end`, "unknown local"},
		{"meter's operand", `func f - - i i32.const 1 local.set 2 end`, "unknown local"},
		{"file system", `import wasi_snapshot_preview1 path_open iiiiiIIii i`, "not allowed"},
		{"other module", `import env f - -`, "not allowed"},
		{"table.grow", `table 1 func f - - - byte d070 i32.const 1 table.grow 0 drop end`, "table.grow"},
		{"threads", `func f - - - byte fe0300 end`, "not allowed"},
		{"tail call", `func f - - - byte 1200 end`, "not allowed"},
		// wazero reads fd 8c as a shift and takes 00 for an instruction; others read v128.const and sixteen bytes.
		{"vector opcode in a long form", `func f - - - byte fd8c00 end`, "shortest form"},
		{"constant hides a loop", `func f - - - byte fd0c03400c000b0b end`, "ends too early"},
		{"block type in a long form", `func f - - - byte 03c07f0b end`, "block type"},
		{"memory index", `memory 1 func f - - - i32.const 0 byte 4001 end`, "reserved byte"},
		{"code after the end", `func f - - - byte 0b end`, "after the function's end"},
		{"too tangled to compile", `func f - - ` + strings.Repeat("i", 100) + strings.Repeat(" loop - i32.const 0 br_if 0 end", 8000) + ` end`, "too long to compile"},
		{"huge table", `table 2000000`, "at most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := wasm.InjectFuel(wasmtest.Assemble(c.text), "fuel", 1)
			if !errors.Is(err, wasm.ErrModule) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func FuzzInjectFuel(f *testing.F) {
	for _, text := range samples {
		f.Add(wasmtest.Assemble(text))
	}
	f.Add(runtimeModule(f))
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	ctx := context.Background()
	accepts := func(module []byte) bool {
		rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(1024))
		defer rt.Close(ctx)
		_, err := rt.CompileModule(ctx, module)
		return err == nil
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		if stripped, err := wasm.Strip(module); err == nil {
			module = stripped // what the compiler reads from names and debug information is not ours to judge
		}
		metered, err := wasm.InjectFuel(module, "fuel", plenty)
		if err != nil {
			if !errors.Is(err, wasm.ErrModule) {
				t.Errorf("error of another kind: %v", err)
			}
			return
		}
		if before, after := accepts(module), accepts(metered); before != after {
			t.Errorf("compiles: %v before, %v after", before, after)
		}
		if stripped, _, err := wasm.Hoist(metered, 1024); err == nil && accepts(stripped) != accepts(metered) {
			t.Error("hoisting changes whether the module compiles")
		}
	})
}

func BenchmarkInjectFuel(b *testing.B) {
	module := runtimeModule(b)
	b.SetBytes(int64(len(module)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wasm.InjectFuel(module, "fuel", plenty); err != nil {
			b.Fatal(err)
		}
	}
}
