package wasm

import (
	"fmt"
	"slices"
	"strings"
)

// The limits keep a small module from asking for a lot of memory or time before it has run at all. Compilers stay far below.
const (
	maxTypes     = 1 << 15
	maxArity     = 1000 // parameters, and results, of one function
	maxImports   = 64
	maxFunctions = 1 << 17
	maxTables    = 16
	maxTable     = 1 << 20 // elements of all tables at the start
	maxGlobals   = 1 << 16
	maxExports   = 1 << 16
	maxSegments  = 1 << 16
	maxElements  = 1 << 20 // of all element segments
	maxLocals    = 20_000  // of one function, parameters included
	maxLabels    = 1 << 16 // of one br_table
	maxBody      = 2 << 20 // bytes of one function
	maxDepth     = 1 << 12 // nested blocks

	// maxTangle bounds what compiling takes, for no deadline stops the compiler within a function. Its time grows with the square
	// of a function's branches times its locals, at some 2 to 8 ns; so the worst module takes a few minutes. A Go program of
	// 2.7 MB has a sixtieth of it, the runtime of the default module next to nothing.
	maxTangle   = 20_000_000_000
	tangleBase  = 16 // locals that count at least
	tangleLabel = 8  // labels of a br_table that count as one branch
)

// WASIModule is the one module that a classifier may import from, and WASIFunctions are what it may import: the functions
// that a Go reactor needs; those from fd_close on only because package fmt links package os. The host answers them without a
// file, a clock or chance.
const WASIModule = "wasi_snapshot_preview1"

// WASIFunctions are the functions of WASIModule that may be imported.
var WASIFunctions = []string{
	"args_get", "args_sizes_get", "clock_time_get", "environ_get", "environ_sizes_get", "fd_write", "poll_oneoff", "proc_exit",
	"random_get", "sched_yield",
	"fd_close", "fd_fdstat_get", "fd_fdstat_set_flags", "fd_prestat_dir_name", "fd_prestat_get",
}

// shape is what the rewriter must know of a module to change its code: sections, counted and bounded.
type shape struct {
	sections  []Section
	params    []uint32 // of each type
	imports   uint32   // all of them functions
	functions []uint32 // the type of each function that the module defines
	globals   uint32
	exports   []export
}

type export struct {
	name  string
	kind  byte // 0 function, 1 table, 2 memory, 3 global
	index uint32
}

const kindGlobal = 3

// read checks the structure of a module: every entry of every section, but no function's body. What types allow is left to the
// compiler.
func read(module []byte) (*shape, error) {
	sections, err := Parse(module)
	if err != nil {
		return nil, err
	}
	s := &shape{sections: sections}
	for _, part := range []func() error{
		s.readCustom, s.readTypes, s.readImports, s.readFunctions, s.readTables, s.readMemory, s.readGlobals, s.readExports, s.readStart, s.readElements, s.readData,
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *shape) readCustom() error {
	for _, section := range s.sections {
		if section.ID == secCustom {
			c := cursor{b: section.Body}
			c.name()
			if err := c.err("custom section"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *shape) readTypes() error {
	c, n := open(s.sections, secType, 3, maxTypes)
	s.params = make([]uint32, 0, n)
	for ; n > 0 && c.fault == ""; n-- {
		if c.byte() != 0x60 {
			c.fail("only function types are allowed")
		}
		params := c.count(1, maxArity)
		for range params {
			c.valueType()
		}
		for range c.count(1, maxArity) {
			c.valueType()
		}
		s.params = append(s.params, params)
	}
	return c.end("type section")
}

func (s *shape) readImports() error {
	c, n := open(s.sections, secImport, 4, maxImports)
	for ; n > 0 && c.fault == ""; n-- {
		module, name := c.name(), c.name()
		kind := c.byte()
		c.u32()
		if c.fault == "" && (module != WASIModule || kind != 0 || !slices.Contains(WASIFunctions, name)) {
			return fmt.Errorf("%w: import %q %q is not allowed; a classifier may import nothing but these functions of %s: %s", ErrModule,
				module, name, WASIModule, strings.Join(WASIFunctions, ", "))
		}
		s.imports++
	}
	return c.end("import section")
}

func (s *shape) readFunctions() error {
	c, n := open(s.sections, secFunction, 1, maxFunctions)
	s.functions = make([]uint32, 0, n)
	for ; n > 0 && c.fault == ""; n-- {
		t := c.u32()
		if int(t) >= len(s.params) {
			c.fail("unknown type")
		}
		s.functions = append(s.functions, t)
	}
	return c.end("function section")
}

func (s *shape) readTables() error {
	c, n := open(s.sections, secTable, 3, maxTables)
	var elements uint64
	for ; n > 0 && c.fault == ""; n-- {
		c.refType()
		elements += uint64(c.limits())
		if elements > maxTable {
			c.fail(fmt.Sprintf("tables of %d elements, at most %d are allowed", elements, maxTable))
		}
	}
	return c.end("table section")
}

func (s *shape) readMemory() error {
	c, n := open(s.sections, secMemory, 2, 1)
	if n > 0 {
		c.limits()
	}
	return c.end("memory section")
}

// limits reads a least size, which is returned, and perhaps a greatest.
func (c *cursor) limits() uint32 {
	bounded := c.byte()
	least := c.u32()
	switch bounded {
	case 0:
	case 1:
		c.u32()
	default:
		c.fail("shared and 64-bit memories are not allowed")
	}
	return least
}

func (s *shape) readGlobals() error {
	c, n := open(s.sections, secGlobal, 4, maxGlobals)
	s.globals = n
	for ; n > 0 && c.fault == ""; n-- {
		c.valueType()
		if c.byte() > 1 {
			c.fail("malformed mutability")
		}
		c.constant()
	}
	return c.end("global section")
}

func (s *shape) readExports() error {
	c, n := open(s.sections, secExport, 3, maxExports)
	s.exports = make([]export, 0, n)
	for ; n > 0 && c.fault == ""; n-- {
		e := export{c.name(), c.byte(), c.u32()}
		if e.kind > kindGlobal {
			c.fail("unknown kind of export")
		}
		if e.kind == kindGlobal && e.index >= s.globals {
			c.fail("unknown global")
		}
		s.exports = append(s.exports, e)
	}
	return c.end("export section")
}

func (s *shape) readStart() error {
	c := cursor{b: body(s.sections, secStart)}
	if c.b != nil {
		c.u32()
	}
	return c.end("start section")
}

func (s *shape) readElements() error {
	c, n := open(s.sections, secElement, 3, maxSegments)
	total := uint32(maxElements)
	for ; n > 0 && c.fault == ""; n-- {
		// Bit 0: passive or declarative. Bit 1: names a table, or is declarative. Bit 2: expressions in place of indices.
		flags := c.u32()
		if flags > 7 {
			c.fail("unknown kind of element segment")
		}
		active, explicit, expressions := flags&1 == 0, flags&2 != 0, flags&4 != 0
		if active && explicit {
			c.u32()
		}
		if active {
			c.constant()
		}
		switch {
		case active && !explicit:
		case expressions:
			c.refType()
		default:
			c.zero()
		}
		items := c.count(1, total)
		total -= items
		for ; items > 0 && c.fault == ""; items-- {
			if expressions {
				c.constant()
			} else {
				c.u32()
			}
		}
	}
	return c.end("element section")
}

func (s *shape) readData() error {
	count := cursor{b: body(s.sections, secDataCount)}
	if count.b != nil {
		count.u32()
		if err := count.end("data count section"); err != nil {
			return err
		}
	}
	return eachData(s.sections, func(segment) {})
}

// segment is one data segment. An active one is written to memory at offset before the module starts.
type segment struct {
	active  bool
	constOf bool // offset is known: it is an i32.const
	offset  uint32
	head    []byte // the bytes before the length of data
	data    []byte
}

func eachData(sections []Section, visit func(segment)) error {
	c, n := open(sections, secData, 2, maxSegments)
	for ; n > 0 && c.fault == ""; n-- {
		from := c.at
		flags := c.u32()
		seg := segment{active: flags != 1}
		switch flags {
		case 0, 1:
		case 2:
			c.zero() // memory index
		default:
			c.fail("unknown kind of data segment")
		}
		if seg.active {
			seg.offset, seg.constOf = c.constant()
		}
		seg.head = c.b[from:c.at]
		seg.data = c.take(c.u32())
		if c.fault == "" {
			visit(seg)
		}
	}
	return c.end("data section")
}
