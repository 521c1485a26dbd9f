package classifiers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/routor/routor/classifiers/wasm"
)

// ErrLoad marks a module that can't serve. The message says why and what to change.
var ErrLoad = errors.New("classifier")

// Load makes a module ready to serve: it meters the code, compiles it, starts all instances and puts probes to one of them. It
// is heavy (0.2 ms for a runtime of some KB, a second for a Go program), so load off the hot path. Errors wrap ErrLoad, and
// ErrCard where the card is at fault. The bytes may be reused afterwards.
func Load(ctx context.Context, module []byte, o Options) (_ *Module, err error) {
	o = o.withDefaults()
	m := &Module{options: o, bytes: len(module), idle: make(chan *instance, o.Instances), done: make(chan struct{})}
	defer func() {
		if r := recover(); r != nil { // the compiler's own faults must not end the server
			err = fmt.Errorf("compile: %v", r)
		}
		if err != nil {
			m.free()
			err = fmt.Errorf("%w: %w", ErrLoad, err)
		}
	}()
	if len(module) > o.MaxModule {
		return nil, fmt.Errorf("%d bytes, at most %d are allowed", len(module), o.MaxModule)
	}
	meta, err := wasm.Custom(module, MetaSection)
	if err != nil {
		return nil, err
	}
	if meta != nil { // before anything runs
		if m.card, err = ParseCard(meta); err != nil {
			return nil, err
		}
	}
	if err := m.compile(ctx, module); err != nil {
		return nil, err
	}
	first, err := m.start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	if err := first.checkVersion(m); err != nil {
		return nil, err
	}
	if meta == nil {
		if m.card, err = first.info(m); err != nil {
			return nil, err
		}
	}
	m.name = m.card.String()
	if m.interpreted {
		o.OnEvent(Event{Kind: Interpreted, Module: m.name})
	}
	if err := first.probe(m); err != nil {
		return nil, err
	}
	m.idle <- first
	for len(m.idle) < cap(m.idle) {
		i, err := m.start(ctx)
		if err != nil {
			return nil, fmt.Errorf("start: %w", err)
		}
		m.idle <- i
	}
	m.refs.Store(1)
	return m, nil
}

// compile meters the code and compiles it in a runtime of the module's own.
func (m *Module) compile(ctx context.Context, module []byte) error {
	o := &m.options
	code, err := wasm.Strip(module)
	if err != nil {
		return err
	}
	if code, err = wasm.InjectFuel(code, exportFuel, int64(o.FuelStart)); err != nil {
		return err
	}
	stripped, content, err := wasm.Hoist(code, o.maxPages())
	if err != nil {
		return err
	}
	if m.image, err = newImage(content); err != nil {
		return err
	}
	if m.image != nil {
		code = stripped
	}
	if err := m.newRuntime(ctx); err != nil {
		return err
	}
	if m.compiled, err = m.runtime.CompileModule(ctx, code); err != nil {
		return err
	}
	if err := checkExports(m.compiled); err != nil {
		return err
	}
	m.hasFeatures = m.compiled.ExportedFunctions()[exportFeatures] != nil
	if len(m.compiled.ImportedFunctions()) > 0 {
		return provideWASI(ctx, m.runtime)
	}
	return nil
}

// newRuntime makes a compiling runtime or, where this machine refuses that, an interpreting one.
func (m *Module) newRuntime(ctx context.Context) (err error) {
	config := wazero.NewRuntimeConfigCompiler()
	if m.options.CacheDir != "" {
		if m.cache, err = openCache(m.options.CacheDir); err != nil {
			return err
		}
		config = config.WithCompilationCache(m.cache)
	}
	if !m.options.interpret && m.tryRuntime(ctx, config) == nil {
		return nil
	}
	m.interpreted = true
	return m.tryRuntime(ctx, wazero.NewRuntimeConfigInterpreter())
}

func (m *Module) tryRuntime(ctx context.Context, config wazero.RuntimeConfig) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("runtime: %v", r)
		}
	}()
	m.runtime = wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(m.options.maxPages()).
		WithDebugInfoEnabled(false))
	return nil
}

// signatures are the functions of the ABI: parameters, results, and whether a module must have them.
var signatures = map[string]struct {
	params, results string
	required        bool
}{
	exportAlloc:      {"i32", "i32", true},
	exportClassify:   {"i32 i32", "i64", true},
	exportFeatures:   {"i32 i32", "i64", false},
	exportInfo:       {"", "i64", false},
	exportAbiFunc:    {"", "i32", false},
	exportInitialize: {"", "", false},
}

func checkExports(c wazero.CompiledModule) error {
	if c.ExportedMemories()[exportMemory] == nil {
		return fmt.Errorf("%w: it must export its memory as %q", errABI, exportMemory)
	}
	functions := c.ExportedFunctions()
	for name, want := range signatures {
		f := functions[name]
		if f == nil {
			if want.required {
				return fmt.Errorf("%w: export %s(%s) -> %s is missing", errABI, name, want.params, want.results)
			}
			continue
		}
		if params, results := types(f.ParamTypes()), types(f.ResultTypes()); params != want.params || results != want.results {
			return fmt.Errorf("%w: export %s is (%s) -> (%s), must be (%s) -> (%s)", errABI, name, params, results, want.params, want.results)
		}
	}
	return nil
}

var errABI = errors.New("does not follow ABI v1 (docs/classifier-abi.md)")

func types(list []api.ValueType) string {
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = api.ValueTypeName(t)
	}
	return strings.Join(names, " ")
}

// checkVersion asks the module which ABI it speaks.
func (i *instance) checkVersion(m *Module) error {
	var version uint32
	if g := i.module.ExportedGlobal(exportAbiGlobal); g != nil {
		if _, mutable := g.(api.MutableGlobal); mutable || g.Type() != api.ValueTypeI32 {
			return fmt.Errorf("%w: global %s must be an immutable i32", errABI, exportAbiGlobal)
		}
		version = uint32(g.Get())
	} else if f := i.module.ExportedFunction(exportAbiFunc); f != nil {
		i.refuel(m, 0)
		if err := f.CallWithStack(background, i.stack[:]); err != nil {
			return fmt.Errorf("%s: %w", exportAbiFunc, i.cause(err))
		}
		version = uint32(i.stack[0])
	} else {
		return fmt.Errorf("%w: it exports neither the global %s nor the function %s", errABI, exportAbiGlobal, exportAbiFunc)
	}
	if version != abiVersion {
		return fmt.Errorf("%w: it speaks version %d, this host speaks %d", errABI, version, abiVersion)
	}
	return nil
}

// info asks the module for its card.
func (i *instance) info(m *Module) (Card, error) {
	f := i.module.ExportedFunction(exportInfo)
	if f == nil {
		return Card{}, fmt.Errorf("%w: missing; add it as custom section %s or export %s", ErrCard, MetaSection, exportInfo)
	}
	i.refuel(m, maxCardBytes)
	if err := f.CallWithStack(background, i.stack[:]); err != nil {
		return Card{}, fmt.Errorf("%w: %s: %w", ErrCard, exportInfo, i.cause(err))
	}
	b, err := i.packed(i.stack[0])
	if err != nil {
		return Card{}, fmt.Errorf("%w: %s: %w", ErrCard, exportInfo, err)
	}
	return ParseCard(b)
}

// probe puts prompts of all sizes to a module, which must stand them all.
func (i *instance) probe(m *Module) error {
	for _, p := range Probes(m.options.Cut) {
		err := guard(i, func(i *instance) error {
			b, err := i.call(m, i.classify, &p.Input)
			if err != nil {
				return err
			}
			var out Result
			return m.card.read(b, &out)
		})
		if err != nil {
			return fmt.Errorf("probe %q: %w", p.Name, err)
		}
	}
	return nil
}
