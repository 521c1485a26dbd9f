package wasm

import "fmt"

// What work costs, in units of fuel. A function's entry and each turn of a loop cost 1 + a quarter of the instructions in that
// stretch of code, nested loops apart.
const (
	costShift      = 2   // instructions a unit, as a power of two
	hostCallWeight = 64  // a call into the host counts as so many instructions
	indirectWeight = 16  // an indirect call does, where the host may be behind it
	growCost       = 256 // memory.grow …
	growPageShift  = 10  // … and 2^10 units a page of 64 KB
	copyShift      = 6   // memory.init, copy and fill: 64 bytes a unit
	tableShift     = 3   // table.init, copy and fill: 8 elements a unit
)

// InjectFuel meters a module: it adds a mutable global i64 that starts at initial and is exported under this name, and takes
// from it at every function's entry, every turn of a loop, memory.grow and bulk operation. Below zero the module traps
// (unreachable), and the global stays negative. Set it before each call.
//
// Code that names the new global or the new locals by index would be invalid in the original, and is refused; so are modules
// that export the name already, import more than WASIFunctions, or exceed the limits of this package.
func InjectFuel(module []byte, name string, initial int64) ([]byte, error) {
	s, err := read(module)
	if err != nil {
		return nil, err
	}
	for _, e := range s.exports {
		if e.name == name {
			return nil, fmt.Errorf("%w: export %q is the host's own; rename it", ErrModule, name)
		}
	}
	code, err := s.meter()
	if err != nil {
		return nil, err
	}
	sections := put(s.sections, secGlobal, append(grown(s.sections, secGlobal, s.globals),
		append(appendSigned([]byte{typeI64, 1, opI64Const}, initial), opEnd)...))
	exports := appendName(grown(sections, secExport, uint32(len(s.exports))), name)
	sections = put(sections, secExport, appendU32(append(exports, kindGlobal), s.globals))
	if code != nil {
		sections = put(sections, secCode, code)
	}
	return Encode(sections), nil
}

// grown is a copy of a section's body of count entries that says it has one more.
func grown(sections []Section, id byte, count uint32) []byte {
	out := appendU32(nil, count+1)
	if b := body(sections, id); b != nil {
		c := cursor{b: b}
		c.u32()
		out = append(out, b[c.at:]...)
	}
	return out
}

// meter is the code section with the charges in it; nil = the module has no code.
func (s *shape) meter() ([]byte, error) {
	c, n := open(s.sections, secCode, 3, maxFunctions)
	if c.fault == "" && int(n) != len(s.functions) {
		c.fail(fmt.Sprintf("%d bodies for %d functions", n, len(s.functions)))
	}
	if c.b == nil {
		return nil, c.err("code section")
	}
	m := meter{shape: s, out: appendU32(make([]byte, 0, len(c.b)*3/2), n)}
	for i := uint32(0); i < n && c.fault == ""; i++ {
		size := c.u32()
		if size > maxBody {
			c.fail(fmt.Sprintf("function of %d bytes, at most %d are allowed", size, maxBody))
		}
		code := c.take(size)
		if c.fault != "" {
			break
		}
		if err := m.function(code, s.params[s.functions[i]]); err != nil {
			return nil, fmt.Errorf("function %d: %w", i+s.imports, err)
		}
	}
	return m.out, c.end("code section")
}

// meter writes metered functions. Its buffers are used again from function to function.
type meter struct {
	*shape
	out, body []byte
	costs     []uint64 // of each stretch: the function itself, then its loops in order
	tangle    uint64   // of all functions so far
	blocks    []int    // the open blocks: the stretch that the instructions of each belong to
	fuel      uint32   // local i64: fuel left
	size      uint32   // local i32: operand of a bulk operation
}

func (m *meter) function(code []byte, params uint32) error {
	c := cursor{b: code}
	groups := c.count(2, maxLocals)
	from := c.at
	locals := uint64(params)
	for i := uint32(0); i < groups && c.fault == ""; i++ {
		locals += uint64(c.u32())
		c.valueType()
	}
	if locals > maxLocals {
		c.fail(fmt.Sprintf("%d locals, at most %d are allowed", locals, maxLocals))
	}
	if err := c.err("locals"); err != nil {
		return err
	}
	start := c.at
	if err := m.weigh(c, locals); err != nil {
		return err
	}

	m.fuel, m.size = uint32(locals), uint32(locals)+1
	m.body = append(appendU32(m.body[:0], groups+2), code[from:start]...)
	m.body = append(m.body, 1, typeI64, 1, typeI32)
	m.charge(m.costs[0])
	loop := 0
	c = cursor{b: code, at: start}
	for c.more() {
		at := c.at
		in := c.instruction()
		switch {
		case in.op == opMemoryGrow:
			m.chargeSize(opI64Shl, growPageShift, growCost)
		case in.op == opMisc && (in.misc == miscMemoryInit || in.misc == miscMemoryCopy || in.misc == miscMemoryFill):
			m.chargeSize(opI64ShrU, copyShift, 1)
		case in.op == opMisc && (in.misc == miscTableInit || in.misc == miscTableCopy || in.misc == miscTableFill):
			m.chargeSize(opI64ShrU, tableShift, 1)
		}
		m.body = append(m.body, code[at:c.at]...)
		if in.op == opLoop {
			loop++
			m.charge(m.costs[loop])
		}
	}
	m.out = append(appendU32(m.out, uint32(len(m.body))), m.body...)
	return c.err("code")
}

// weigh reads a body once to sum up what each stretch costs, and refuses what would touch the meter.
func (m *meter) weigh(c cursor, locals uint64) error {
	m.costs = append(m.costs[:0], locals)
	m.blocks = append(m.blocks[:0], 0)
	branches := uint64(0)
	for c.more() {
		if len(m.blocks) == 0 {
			c.fail("code after the function's end")
			break
		}
		in := c.instruction()
		weight := uint64(1)
		switch in.op {
		case opLocalGet, opLocalSet, opLocalTee:
			if uint64(in.index) >= locals {
				c.fail("unknown local")
			}
		case opGlobalGet, opGlobalSet:
			if in.index >= m.globals {
				c.fail("unknown global")
			}
		case opCall:
			if in.index < m.imports {
				weight = hostCallWeight
			}
		case opCallIndirect:
			if m.imports > 0 {
				weight = indirectWeight
			}
		case opBr, opBrIf:
			branches++
		case opBrTable:
			branches += 1 + uint64(in.index)/tangleLabel
		case opLoop:
			branches++
			m.costs = append(m.costs, 0)
			m.blocks = append(m.blocks, len(m.costs)-1)
		case opBlock, opIf:
			branches++
			m.blocks = append(m.blocks, m.blocks[len(m.blocks)-1])
		}
		if len(m.blocks) > maxDepth {
			c.fail(fmt.Sprintf("blocks nested deeper than %d", maxDepth))
		}
		m.costs[m.blocks[len(m.blocks)-1]] += weight
		if in.op == opEnd {
			m.blocks = m.blocks[:len(m.blocks)-1]
		}
	}
	if len(m.blocks) > 0 {
		c.fail("function does not end")
	}
	if m.tangle += branches * branches * (locals + tangleBase); m.tangle > maxTangle {
		c.fail(fmt.Sprintf("%d branches with %d locals would take too long to compile; split the function", branches, locals))
	}
	return c.err("code")
}

// charge takes a fixed cost of n instructions.
func (m *meter) charge(n uint64) {
	m.emit(opGlobalGet, m.globals)
	m.body = appendSigned(append(m.body, opI64Const), int64(1+n>>costShift))
	m.settle()
}

// chargeSize takes base + the operand on top of the stack, an i32, shifted. The operand stays.
func (m *meter) chargeSize(shift byte, by, base int64) {
	m.emit(opLocalTee, m.size)
	m.emit(opGlobalGet, m.globals)
	m.emit(opLocalGet, m.size)
	m.body = appendSigned(append(m.body, opI64ExtendU, opI64Const), by)
	m.body = appendSigned(append(m.body, shift, opI64Const), base)
	m.body = append(m.body, opI64Add)
	m.settle()
}

// settle subtracts, stores what is left, and traps below zero.
func (m *meter) settle() {
	m.body = append(m.body, opI64Sub)
	m.emit(opLocalTee, m.fuel)
	m.emit(opGlobalSet, m.globals)
	m.emit(opLocalGet, m.fuel)
	m.body = append(m.body, opI64Const, 0, opI64LtS, opIf, blockEmpty, opUnreachable, opEnd)
}

func (m *meter) emit(op byte, index uint32) { m.body = appendU32(append(m.body, op), index) }
