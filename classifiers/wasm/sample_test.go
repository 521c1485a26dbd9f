package wasm_test

import (
	"context"
	"os"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/routor/routor/classifiers/wasm/wasmtest"
)

// samples are modules with a function run(i32) -> i32 that use all that the rewriter touches.
var samples = map[string]string{
	"straight line": `func run i i - local.get 0 i32.const 3 i32.mul end`,
	"recursion": `func run i i -
		local.get 0 i32.const 2 i32.lt_s if i local.get 0 else
		local.get 0 i32.const 1 i32.sub call run local.get 0 i32.const 2 i32.sub call run i32.add end end`,
	"nested loops": `func run i i iii
		loop - i32.const 0 local.set 2
			loop - local.get 1 local.get 2 i32.xor i32.const 31 i32.mul i32.const 7 i32.add local.set 1
				local.get 2 i32.const 1 i32.add local.tee 2 i32.const 9 i32.lt_u br_if 0 end
			local.get 3 i32.const 1 i32.add local.tee 3 local.get 0 i32.lt_u br_if 0 end
		local.get 1 end`,
	"loop with a result": `func run i i -
		loop i local.get 0 i32.const 5 i32.lt_u if - local.get 0 i32.const 1 i32.add local.set 0 br 1 end local.get 0 end end`,
	"early return, blocks": `func run i i -
		block - block - local.get 0 br_if 0 i32.const 11 return end local.get 0 i32.const 3 i32.ge_u br_if 0 i32.const 12 return end
		i32.const 13 end`,
	"table": `table 4 elem 1 double elem 2 square
		func double i i - local.get 0 i32.const 2 i32.mul end
		func square i i - local.get 0 local.get 0 i32.mul end
		func run i i - local.get 0 local.get 0 i32.const 3 i32.rem_u call_indirect i i end`,
	"bulk memory": `memory 1 data 16 0102030405060708
		func run i i -
		i32.const 100 i32.const 16 i32.const 8 memory.copy i32.const 104 local.get 0 i32.const 64 memory.fill
		i32.const 100 i32.load 0 i32.const 120 i32.load 0 i32.add end`,
	"growing": `memory 1 3
		func run i i - local.get 0 memory.grow memory.size i32.const 16 i32.shl i32.add end`,
	"globals": `global hidden i var 5 global run2 I const 9
		func run i i - global.get 0 local.get 0 i32.add global.set 0 global.get 0 end`,
	"start": `memory 1 start init
		func init - - - i32.const 8 i32.const 77 i32.store 0 end
		func run i i - i32.const 8 i32.load 0 local.get 0 i32.add end`,
	"vectors": `memory 1
		func run i i -
		i32.const 0 local.get 0 byte fd11 local.get 0 byte fd11 byte fdae01 byte fd0b0000 ;; splat, splat, i32x4.add, store
		i32.const 4 i32.load 0 end`,
	"dead code": `func run i i - local.get 0 return loop - br 0 end i32.const 1 end`,
	"traps":     `func run i i - i32.const 10 local.get 0 i32.div_s end`,
}

// runtimeModule is the C runtime of the default module: what a compiler makes.
func runtimeModule(t testing.TB) []byte {
	t.Helper()
	module, err := os.ReadFile("../default/runtime.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func sample(name string) []byte { return wasmtest.Assemble(samples[name]) }

// instantiate runs a module whose name is not registered.
func instantiate(t testing.TB, module []byte) api.Module {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(1024))
	t.Cleanup(func() { _ = rt.Close(ctx) })
	m, err := rt.Instantiate(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
