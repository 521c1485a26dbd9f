package classifiers

import (
	"strings"
	"testing"

	"github.com/routor/routor/classifiers/wasm"
)

func TestEveryFunctionThatMayBeImportedIsAnswered(t *testing.T) {
	t.Parallel()
	for _, name := range wasm.WASIFunctions {
		if _, ok := wasi[name]; !ok && name != "proc_exit" {
			t.Errorf("%s may be imported but is not there", name)
		}
	}
	if len(wasi)+1 != len(wasm.WASIFunctions) {
		t.Errorf("%d functions are there, %d may be imported", len(wasi)+1, len(wasm.WASIFunctions))
	}
}

// A guest sees a world where time stands still and chance repeats; wrong pointers are its own fault and nobody else's.
func TestWASI(t *testing.T) {
	t.Parallel()
	const imports = `
		import wasi_snapshot_preview1 clock_time_get iIi i
		import wasi_snapshot_preview1 random_get ii i
		import wasi_snapshot_preview1 fd_write iiii i
		import wasi_snapshot_preview1 poll_oneoff iiii i
		import wasi_snapshot_preview1 args_sizes_get ii i
		import wasi_snapshot_preview1 fd_prestat_get ii i
		import wasi_snapshot_preview1 proc_exit i -`
	for _, c := range []struct{ name, check string }{
		{"the clock shows 2026", "i32.const 0 i64.const 0 i32.const 8 call clock_time_get i32.eqz i32.const 8 i64.load 0 i64.const 1767225600000000000 i64.sub i64.eqz i32.and"},
		{"a clock out of bounds", "i32.const 0 i64.const 0 i32.const -4 call clock_time_get i32.const 21 i32.eq"},
		{"chance repeats", "i32.const 8 i32.const 4 call random_get i32.eqz i32.const 16 i32.const 4 call random_get drop i32.const 8 i32.load 0 i32.const 16 i32.load 0 i32.eq i32.and i32.const 8 i32.load 0 i32.const 0 i32.ne i32.and"},
		{"too much chance", "i32.const 0 i32.const 100000 call random_get i32.const 28 i32.eq"},
		{"print", "i32.const 12 i32.const 7 i32.store 0 i32.const 1 i32.const 8 i32.const 1 i32.const 32 call fd_write i32.eqz i32.const 32 i32.load 0 i32.const 7 i32.eq i32.and"},
		{"print too much", "i32.const 1 i32.const 8 i32.const -1 i32.const 32 call fd_write i32.const 28 i32.eq"},
		{"write to a file", "i32.const 3 i32.const 8 i32.const 1 i32.const 32 call fd_write i32.const 8 i32.eq"},
		{"no files", "i32.const 3 i32.const 8 call fd_prestat_get i32.const 8 i32.eq"},
		{"no arguments", "i32.const 8 i32.const 9 i32.store 0 i32.const 8 i32.const 12 call args_sizes_get i32.eqz i32.const 8 i32.load 0 i32.eqz i32.and"},
		{"sleep ends at once", "i32.const 100 i32.const 77 i32.store 0 i32.const 100 i32.const 300 i32.const 1 i32.const 32 call poll_oneoff i32.eqz i32.const 300 i32.load 0 i32.const 77 i32.eq i32.and i32.const 32 i32.load 0 i32.const 1 i32.eq i32.and"},
		{"poll out of bounds", "i32.const -40 i32.const 300 i32.const 1 i32.const 32 call poll_oneoff i32.const 21 i32.eq"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := load(t, withCard(t, imports+answer(testResult(), c.check+" i32.eqz if - unreachable end")), Options{Instances: 1})
			var r Result
			if err := m.Classify(on("x"), &r); err != nil {
				t.Error(err)
			}
		})
	}
	m := load(t, withCard(t, imports+answer(testResult(), ifAsked("i32.const 3 call proc_exit"))), Options{Instances: 1})
	var r Result
	err := m.Classify(on("x"), &r)
	if err == nil || !strings.Contains(err.Error(), "proc_exit(3)") {
		t.Errorf("exit: %v", err)
	}
	if err := m.Classify(&Input{}, &r); err != nil {
		t.Errorf("after an exit: %v", err)
	}
}
