package wasm

import (
	"fmt"
	"unicode/utf8"
)

// cursor reads a piece of a module. After its first fault every read gives zero, so that a reader checks once, at its end.
type cursor struct {
	b     []byte
	at    int
	fault string
}

func (c *cursor) fail(why string) {
	if c.fault == "" {
		c.fault = why
	}
}

// err is the fault, if there was one, said of what.
func (c *cursor) err(what string) error {
	if c.fault == "" {
		return nil
	}
	return fmt.Errorf("%w: %s, byte %d: %s", ErrModule, what, c.at, c.fault)
}

// end is err, with bytes left over as a fault too.
func (c *cursor) end(what string) error {
	if c.more() {
		c.fail("bytes left over")
	}
	return c.err(what)
}

func (c *cursor) more() bool { return c.fault == "" && c.at < len(c.b) }

func (c *cursor) byte() byte {
	if !c.more() {
		c.fail("ends too early")
		return 0
	}
	c.at++
	return c.b[c.at-1]
}

// zero reads a reserved byte.
func (c *cursor) zero() {
	if c.byte() != 0 {
		c.fail("reserved byte must be 0")
	}
}

func (c *cursor) take(n uint32) []byte {
	if c.fault != "" || uint64(n) > uint64(len(c.b)-c.at) {
		c.fail("ends too early")
		return nil
	}
	c.at += int(n)
	return c.b[c.at-int(n) : c.at : c.at]
}

// u32 reads an unsigned LEB128 of at most 5 bytes.
func (c *cursor) u32() uint32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := c.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	c.fail("integer too long")
	return 0
}

// signed reads a signed LEB128 of at most most bytes (5 for 32 bits, 10 for 64).
func (c *cursor) signed(most int) int64 {
	var v int64
	for i := range most {
		b := c.byte()
		v |= int64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if b&0x40 != 0 && i < 9 {
				v |= -1 << (7 * (i + 1))
			}
			return v
		}
	}
	c.fail("integer too long")
	return 0
}

// count reads the length of a vector whose entries are at least least bytes long, so that nobody makes room for entries which
// can't be there.
func (c *cursor) count(least, most uint32) uint32 {
	n := c.u32()
	if n > most {
		c.fail(fmt.Sprintf("%d entries, at most %d are allowed", n, most))
	} else if uint64(n)*uint64(least) > uint64(len(c.b)-c.at) {
		c.fail("more entries than bytes")
	}
	if c.fault != "" {
		return 0
	}
	return n
}

func (c *cursor) name() string {
	b := c.take(c.u32())
	if !utf8.Valid(b) {
		c.fail("name is not UTF-8")
	}
	return string(b)
}

// valueType reads a number, vector or reference type.
func (c *cursor) valueType() byte {
	t := c.byte()
	if t < 0x7b && t != funcRef && t != externRef || t > typeI32 {
		c.fail(fmt.Sprintf("unknown value type %#x", t))
	}
	return t
}

func (c *cursor) refType() {
	if t := c.byte(); t != funcRef && t != externRef {
		c.fail(fmt.Sprintf("unknown reference type %#x", t))
	}
}

const (
	typeI32   = 0x7f
	typeI64   = 0x7e
	funcRef   = 0x70
	externRef = 0x6f
)

// constant reads a constant expression of one instruction. Its value is given for i32.const only.
func (c *cursor) constant() (value uint32, isI32 bool) {
	switch op := c.byte(); op {
	case opI32Const:
		value, isI32 = uint32(c.signed(5)), true
	case opI64Const:
		c.signed(10)
	case opF32Const:
		c.take(4)
	case opF64Const:
		c.take(8)
	case opRefNull:
		c.refType()
	case opRefFunc:
		c.u32()
	case opVector:
		if c.byte() != 12 { // v128.const
			c.fail("instruction not allowed in a constant")
		}
		c.take(16)
	default:
		c.fail(fmt.Sprintf("instruction %#x not allowed in a constant", op))
	}
	if c.byte() != opEnd {
		c.fail("constant must be one instruction")
	}
	return value, isI32
}

func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendSigned(b []byte, v int64) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

func appendName(b []byte, name string) []byte {
	return append(appendU32(b, uint32(len(name))), name...)
}
