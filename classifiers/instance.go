package classifiers

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// instance is one running module. It serves one call at a time, and none after an error.
type instance struct {
	module                    api.Module
	memory                    api.Memory
	alloc, classify, features api.Function
	fuel                      api.MutableGlobal
	stack                     [2]uint64 // arguments and results of calls
}

var errFuel = errors.New("out of fuel")

// start makes an instance: data, start function and _initialize, within Options.FuelStart.
func (m *Module) start(ctx context.Context) (_ *instance, err error) {
	var memory experimental.LinearMemory
	defer func() {
		if r := recover(); r != nil { // the memory allocator has no other way out
			err = fmt.Errorf("instance: %v", r)
		}
		if err != nil && memory != nil {
			memory.Free() // wazero forgets the memory of an instance whose start function fails
		}
	}()
	if m.image != nil {
		ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(least, limit uint64) experimental.LinearMemory {
			memory = m.image.Allocate(least, limit)
			return memory
		}))
	}
	mod, err := m.runtime.InstantiateModule(ctx, m.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions(exportInitialize))
	if err != nil {
		return nil, err
	}
	i := &instance{
		module: mod, memory: mod.Memory(),
		alloc: mod.ExportedFunction(exportAlloc), classify: mod.ExportedFunction(exportClassify), features: mod.ExportedFunction(exportFeatures),
	}
	i.fuel, _ = mod.ExportedGlobal(exportFuel).(api.MutableGlobal)
	return i, nil
}

// call puts a record of in to the guest and gives what fn answers, as bytes of the guest's memory, which change with the next
// call.
func (i *instance) call(m *Module, fn api.Function, in *Input) ([]byte, error) {
	s := m.options.Cut.of(in)
	size := s.recordLen()
	i.refuel(m, size)
	i.stack[0] = uint64(size)
	if err := i.alloc.CallWithStack(background, i.stack[:]); err != nil {
		return nil, i.cause(err)
	}
	at := uint32(i.stack[0])
	if at == 0 {
		return nil, fmt.Errorf("%w: %s(%d) refused", errResult, exportAlloc, size)
	}
	record, ok := i.memory.Read(at, uint32(size))
	if !ok {
		return nil, fmt.Errorf("%w: %s(%d) gave %d, outside of its memory of %d bytes", errResult, exportAlloc, size, at, i.memory.Size())
	}
	s.put(record, in)
	i.stack[0], i.stack[1] = uint64(at), uint64(size)
	if err := fn.CallWithStack(background, i.stack[:]); err != nil {
		return nil, i.cause(err)
	}
	return i.packed(i.stack[0])
}

// packed is the memory that a guest's ptr<<32 | len names.
func (i *instance) packed(v uint64) ([]byte, error) {
	at, size := uint32(v>>32), uint32(v)
	if at == 0 {
		return nil, fmt.Errorf("%w: the guest gave up", errResult)
	}
	b, ok := i.memory.Read(at, size)
	if !ok {
		return nil, fmt.Errorf("%w: %d bytes at %d lie outside of its memory of %d bytes", errResult, size, at, i.memory.Size())
	}
	return b, nil
}

func (i *instance) refuel(m *Module, bytes int) {
	i.fuel.Set(m.options.FuelBase + m.options.FuelPerByte*uint64(bytes))
}

// cause tells a guest that ran out of fuel from one that trapped by itself.
func (i *instance) cause(err error) error {
	if int64(i.fuel.Get()) < 0 {
		return errFuel
	}
	return err
}

// background is the context of calls. They are bounded by fuel: a context that ends would cost a watcher for each call.
var background = context.Background()
