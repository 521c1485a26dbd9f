package classifiers

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/routor/routor/classifiers/wasm"
)

// What a WASI function answers (https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#errno).
const (
	errnoSuccess = 0
	errnoBadFile = 8
	errnoFault   = 21
	errnoInvalid = 28

	maxVectors = 1024     // of one fd_write
	maxRandom  = 64 << 10 // bytes of one random_get
	maxPolled  = 64       // of one poll_oneoff

	// frozen is what every clock shows, in nanoseconds since 1970: 2026-01-01.
	frozen = 1767225600_000000000
)

// wasiFunction answers one function. It gives an errno.
type wasiFunction struct {
	params string // i = i32, I = i64
	call   func(mem api.Memory, p []uint64) uint64
}

// wasi is the world as a classifier sees it: no arguments, no environment, no files; time stands still, chance is always the
// same, what is printed is lost, and who sleeps wakes at once. So an answer depends on the input alone.
var wasi = map[string]wasiFunction{
	"args_sizes_get":    {"ii", noStrings},
	"args_get":          {"ii", func(api.Memory, []uint64) uint64 { return errnoSuccess }},
	"environ_sizes_get": {"ii", noStrings},
	"environ_get":       {"ii", func(api.Memory, []uint64) uint64 { return errnoSuccess }},
	"sched_yield":       {"", func(api.Memory, []uint64) uint64 { return errnoSuccess }},
	"clock_time_get": {"iIi", func(mem api.Memory, p []uint64) uint64 {
		return fault(mem.WriteUint64Le(uint32(p[2]), frozen))
	}},
	"random_get": {"ii", func(mem api.Memory, p []uint64) uint64 {
		if uint32(p[1]) > maxRandom {
			return errnoInvalid
		}
		b, ok := mem.Read(uint32(p[0]), uint32(p[1]))
		for i := range b {
			b[i] = byte(uint32(i+1) * 0x9e3779b1 >> 24)
		}
		return fault(ok)
	}},
	"fd_write": {"iiii", func(mem api.Memory, p []uint64) uint64 {
		if fd := uint32(p[0]); fd != 1 && fd != 2 {
			return errnoBadFile
		}
		if uint32(p[2]) > maxVectors {
			return errnoInvalid
		}
		vectors, ok := mem.Read(uint32(p[1]), 8*uint32(p[2]))
		var written uint32
		for at := 4; at < len(vectors); at += 8 {
			written += uint32(vectors[at]) | uint32(vectors[at+1])<<8 | uint32(vectors[at+2])<<16 | uint32(vectors[at+3])<<24
		}
		return fault(ok && mem.WriteUint32Le(uint32(p[3]), written))
	}},
	"fd_close":            {"i", noFile},
	"fd_fdstat_get":       {"ii", noFile},
	"fd_fdstat_set_flags": {"ii", noFile},
	"fd_prestat_get":      {"ii", noFile},
	"fd_prestat_dir_name": {"iii", noFile},
	"poll_oneoff": {"iiii", func(mem api.Memory, p []uint64) uint64 {
		const subscription, event, tag = 48, 32, 8
		n := uint32(p[2])
		if n == 0 || n > maxPolled {
			return errnoInvalid
		}
		in, ok := mem.Read(uint32(p[0]), n*subscription)
		out, ok2 := mem.Read(uint32(p[1]), n*event)
		if !ok || !ok2 {
			return errnoFault
		}
		for i := range n { // everything has happened: user data, no error, kind
			var e [event]byte
			copy(e[:8], in[i*subscription:])
			e[10] = in[i*subscription+tag]
			copy(out[i*event:], e[:])
		}
		return fault(mem.WriteUint32Le(uint32(p[3]), n))
	}},
}

func noFile(api.Memory, []uint64) uint64 { return errnoBadFile }

func noStrings(mem api.Memory, p []uint64) uint64 {
	return fault(mem.WriteUint32Le(uint32(p[0]), 0) && mem.WriteUint32Le(uint32(p[1]), 0))
}

func fault(ok bool) uint64 {
	if ok {
		return errnoSuccess
	}
	return errnoFault
}

// provideWASI gives a runtime's modules what they may import.
func provideWASI(ctx context.Context, rt wazero.Runtime) error {
	host := rt.NewHostModuleBuilder(wasm.WASIModule)
	for name, f := range wasi {
		params := make([]api.ValueType, len(f.params))
		for i, t := range f.params {
			params[i] = api.ValueTypeI32
			if t == 'I' {
				params[i] = api.ValueTypeI64
			}
		}
		host.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, mod api.Module, stack []uint64) {
			stack[0] = f.call(mod.Memory(), stack)
		}), params, []api.ValueType{api.ValueTypeI32}).Export(name)
	}
	host.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(_ context.Context, stack []uint64) {
		// No sys.ExitError: wazero hands out an instance whose _initialize exits with 0, its memory freed.
		panic(fmt.Errorf("the guest called proc_exit(%d)", uint32(stack[0])))
	}), []api.ValueType{api.ValueTypeI32}, nil).Export("proc_exit")
	_, err := host.Instantiate(ctx)
	return err
}
