package wasm

import "fmt"

// The opcodes that the rewriter names (https://www.w3.org/TR/wasm-core-2/#a7-index-of-instructions).
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opLoad         = 0x28 // first of the loads and stores
	opStoreLast    = 0x3e
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opNumeric      = 0x45 // first of the instructions without immediates
	opI64LtS       = 0x53
	opI64Add       = 0x7c
	opI64Sub       = 0x7d
	opI64Shl       = 0x86
	opI64ShrU      = 0x88
	opI64ExtendU   = 0xad
	opNumericLast  = 0xc4
	opRefNull      = 0xd0
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	opMisc         = 0xfc
	opVector       = 0xfd

	blockEmpty = 0x40

	// After opMisc.
	miscSatLast    = 7
	miscMemoryInit = 8
	miscDataDrop   = 9
	miscMemoryCopy = 10
	miscMemoryFill = 11
	miscTableInit  = 12
	miscElemDrop   = 13
	miscTableCopy  = 14
	miscTableGrow  = 15
	miscTableSize  = 16
	miscTableFill  = 17
)

// instruction is one decoded instruction: its opcode, the sub-opcode after opMisc, and the index that it names, if it names one.
// Of br_table, index is how many labels it lists.
type instruction struct {
	op    byte
	misc  uint32
	index uint32
}

// instruction reads one instruction. It must agree to the byte with the decoder that compiles the module: could an instruction
// be read in two ways, a loop could hide in what looks like an immediate. So whatever is not plainly encoded is refused.
func (c *cursor) instruction() instruction {
	in := instruction{op: c.byte()}
	switch op := in.op; {
	case op == opBlock || op == opLoop || op == opIf:
		c.blockType()
	case op == opBr || op == opBrIf || op == opCall || op == opRefFunc || op >= opLocalGet && op <= opTableSet:
		in.index = c.u32()
	case op == opBrTable:
		in.index = c.count(1, maxLabels)
		for range in.index {
			c.u32()
		}
		c.u32()
	case op == opCallIndirect:
		in.index = c.u32()
		c.u32()
	case op == opSelectTyped:
		if c.byte() != 1 {
			c.fail("select of other than one type")
		}
		c.valueType()
	case op >= opLoad && op <= opStoreLast:
		c.memoryArgument()
	case op == opMemorySize || op == opMemoryGrow:
		c.zero()
	case op == opI32Const:
		c.signed(5)
	case op == opI64Const:
		c.signed(10)
	case op == opF32Const:
		c.take(4)
	case op == opF64Const:
		c.take(8)
	case op == opRefNull:
		c.refType()
	case op <= 0x01 || op == opElse || op == opEnd || op == opReturn || op == opDrop || op == opSelect,
		op >= opNumeric && op <= opNumericLast, op == opRefIsNull:
	case op == opMisc:
		in.misc = c.u32()
		c.miscArguments(in.misc)
	case op == opVector:
		c.vector()
	default:
		c.fail(fmt.Sprintf("instruction %#x is not allowed; compile for WebAssembly 2.0 without threads, tail calls and exceptions", op))
	}
	return in
}

// blockType reads a signed 33-bit integer: a type index if it is ≥ 0, else one of the value types or none.
func (c *cursor) blockType() {
	first := c.byte()
	switch {
	case first >= 0x80:
		b := first
		for i := 1; b >= 0x80 && i < 5 && c.fault == ""; i++ {
			b = c.byte()
		}
		if b >= 0x40 {
			c.fail("malformed block type")
		}
	case first >= 0x40 && first != blockEmpty:
		c.at--
		c.valueType()
	}
}

func (c *cursor) memoryArgument() {
	if c.u32() >= 32 {
		c.fail("malformed alignment")
	}
	c.u32()
}

func (c *cursor) miscArguments(op uint32) {
	switch {
	case op <= miscSatLast:
	case op == miscMemoryInit:
		c.u32()
		c.zero()
	case op == miscMemoryCopy:
		c.zero()
		c.zero()
	case op == miscMemoryFill:
		c.zero()
	case op == miscTableInit || op == miscTableCopy:
		c.u32()
		c.u32()
	case op == miscDataDrop || op == miscElemDrop || op == miscTableSize || op == miscTableFill:
		c.u32()
	case op == miscTableGrow:
		c.fail("table.grow is not allowed")
	default:
		c.fail(fmt.Sprintf("instruction %#x %d is not allowed", opMisc, op))
	}
}

// vector reads what follows opVector. The opcode must be in its shortest form: wazero takes the first byte alone and a second
// byte 1 for a nop.
func (c *cursor) vector() {
	op := c.byte()
	if op >= 0x80 && c.byte() != 1 {
		c.fail("vector opcode not in its shortest form")
	}
	switch {
	case op <= 11 || op == 92 || op == 93:
		c.memoryArgument()
	case op == 12 || op == 13:
		c.take(16)
	case op >= 21 && op <= 34:
		c.byte()
	case op >= 84 && op <= 91:
		c.memoryArgument()
		c.byte()
	}
}
