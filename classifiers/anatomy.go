package classifiers

import (
	"slices"
	"time"
)

// Anatomy is what a module is made of, as its author would want to see it.
type Anatomy struct {
	ABI         int      `json:"abi"`
	Bytes       int      `json:"bytes"`        // of the .wasm
	Memory      int      `json:"memory"`       // bytes of linear memory of an instance that has started
	MemoryMost  int      `json:"memory_most"`  // what it may grow to
	Shared      bool     `json:"shared"`       // instances share its data; each has a copy of what it writes to
	Imports     []string `json:"imports"`      // functions, as module.name
	Exports     []string `json:"exports"`      // functions, with the host's own meter left out
	Features    bool     `json:"features"`     // it can be trained
	Interpreted bool     `json:"interpreted"`  // this machine refuses to run compiled code
	Heads       []string `json:"heads"`        // names
	FuelOfStart uint64   `json:"fuel_allowed"` // for the start of an instance
}

// Anatomy takes a module apart. The error is that no instance was free.
func (m *Module) Anatomy() (Anatomy, error) {
	a := Anatomy{
		ABI: abiVersion, Bytes: m.bytes, MemoryMost: int(m.options.maxPages()) << 16, Shared: m.image != nil, Features: m.hasFeatures,
		Interpreted: m.interpreted, FuelOfStart: m.options.FuelStart, Imports: []string{},
	}
	for _, f := range m.compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		a.Imports = append(a.Imports, module+"."+name)
	}
	for name := range m.compiled.ExportedFunctions() {
		a.Exports = append(a.Exports, name)
	}
	slices.Sort(a.Imports)
	slices.Sort(a.Exports)
	for i := range m.card.Heads {
		a.Heads = append(a.Heads, m.card.Heads[i].Name)
	}
	_, err := m.use(func(i *instance) error {
		a.Memory = int(i.memory.Size())
		return nil
	})
	return a, err
}

// Cost is what one call took.
type Cost struct {
	Fuel uint64        // used; about 1 to 2 ns of plain code each
	Most uint64        // allowed for an input of this length
	Took time.Duration // through the host, without the wait for an instance
}

// Measure is Classify, and what it took.
func (m *Module) Measure(in *Input, out *Result) (Cost, error) {
	var c Cost
	took, err := m.use(func(i *instance) error {
		s := m.options.Cut.of(in)
		c.Most = m.options.FuelBase + m.options.FuelPerByte*uint64(s.recordLen())
		b, err := i.call(m, i.classify, in)
		c.Fuel = c.Most - min(i.fuel.Get(), c.Most)
		if err != nil {
			return err
		}
		return m.card.read(b, out)
	})
	out.Module, out.Fallback = m.name, ""
	c.Took = took
	return c, err
}
