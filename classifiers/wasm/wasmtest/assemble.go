// Package wasmtest assembles small modules from text, so that tests can spell out modules that no compiler would make.
package wasmtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Assemble makes a module of text. Words are separated by blanks and lines; a line's rest after ;; is a comment. A type list
// is written as letters, i = i32, I = i64, f = f32, F = f64, or - for none. Everything that has a name is exported under it.
//
//	import MODULE NAME PARAMS RESULTS      functions imported come first in the order of indices
//	memory MIN | memory MIN MAX
//	table SIZE
//	elem OFFSET FUNCTION                   puts one function in the table
//	global NAME TYPE const|var VALUE
//	data OFFSET HEX
//	start FUNCTION
//	func NAME PARAMS RESULTS LOCALS instruction… end
//
// Functions are named by name or index; loads and stores take an offset; block, loop and if take a type list; call_indirect
// takes PARAMS and RESULTS; "byte HEX" puts raw bytes in the code. It panics on a mistake, for it only ever reads test code.
func Assemble(text string) []byte {
	a := assembler{names: map[string]uint32{}}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, ";;")
		a.words = append(a.words, strings.Fields(line)...)
	}
	a.nameFunctions()
	for len(a.words) > 0 {
		a.definition(a.next())
	}
	return a.module()
}

type assembler struct {
	words []string
	names map[string]uint32 // functions
	types [][2]string

	imports, functions, tables, memories, globals, exports, elements, code, data vector
	start                                                                        []byte
}

// vector is a section of entries.
type vector struct {
	n uint32
	b []byte
}

func (v *vector) add(entry []byte) { v.n, v.b = v.n+1, append(v.b, entry...) }

func (a *assembler) next() string {
	if len(a.words) == 0 {
		panic("wasmtest: text ends too early")
	}
	w := a.words[0]
	a.words = a.words[1:]
	return w
}

func (a *assembler) number() int64 {
	w := a.next()
	v, err := strconv.ParseInt(w, 0, 64)
	if err != nil {
		u, uerr := strconv.ParseUint(w, 0, 64)
		if uerr != nil {
			panic("wasmtest: " + err.Error())
		}
		v = int64(u)
	}
	return v
}

// nameFunctions gives functions their indices before they are used: imports first, then definitions.
func (a *assembler) nameFunctions() {
	var imported, defined []string
	for i, w := range a.words {
		switch w {
		case "import":
			imported = append(imported, a.words[i+2])
		case "func":
			defined = append(defined, a.words[i+1])
		}
	}
	for i, name := range append(imported, defined...) {
		a.names[name] = uint32(i)
	}
}

func (a *assembler) function() uint32 {
	w := a.next()
	if i, ok := a.names[w]; ok {
		return i
	}
	a.words = append([]string{w}, a.words...)
	return uint32(a.number())
}

func (a *assembler) functionType() uint32 {
	t := [2]string{a.next(), a.next()}
	if i := slices.Index(a.types, t); i >= 0 {
		return uint32(i)
	}
	a.types = append(a.types, t)
	return uint32(len(a.types) - 1)
}

func (a *assembler) definition(word string) {
	switch word {
	case "import":
		entry := name(name(nil, a.next()), a.next())
		a.imports.add(u32(append(entry, 0), a.functionType()))
	case "memory":
		least := uint32(a.number())
		if len(a.words) > 0 && a.words[0][0] >= '0' && a.words[0][0] <= '9' {
			a.memories.add(u32(u32([]byte{1}, least), uint32(a.number())))
		} else {
			a.memories.add(u32([]byte{0}, least))
		}
		a.export("memory", 2, 0)
	case "table":
		a.tables.add(u32([]byte{0x70, 0}, uint32(a.number())))
	case "elem":
		offset := a.number()
		a.elements.add(u32(append(append(signed([]byte{0, 0x41}, offset), 0x0b), 1), a.function()))
	case "global":
		n, t, mutable := a.next(), a.next(), a.next() == "var"
		a.export(n, 3, a.globals.n)
		entry := []byte{valueType(t), 0, 0x41}
		if mutable {
			entry[1] = 1
		}
		if t == "I" {
			entry[2] = 0x42
		}
		a.globals.add(append(signed(entry, a.number()), 0x0b))
	case "data":
		entry := append(signed([]byte{0, 0x41}, a.number()), 0x0b)
		b := unhex(a.next())
		a.data.add(append(u32(entry, uint32(len(b))), b...))
	case "start":
		a.start = u32(nil, a.function())
	case "func":
		a.body()
	default:
		panic("wasmtest: unknown definition " + word)
	}
}

func (a *assembler) export(n string, kind byte, index uint32) {
	a.exports.add(u32(append(name(nil, n), kind), index))
}

func (a *assembler) body() {
	a.export(a.next(), 0, a.imports.n+a.functions.n)
	a.functions.add(u32(nil, a.functionType()))
	locals := strings.Trim(a.next(), "-")
	b := u32(nil, uint32(len(locals)))
	for _, l := range locals {
		b = append(b, 1, valueType(string(l)))
	}
	for depth := 1; depth > 0; {
		word := a.next()
		switch word {
		case "block", "loop", "if":
			depth++
		case "end":
			depth--
		}
		b = a.instruction(b, word)
	}
	a.code.add(append(u32(nil, uint32(len(b))), b...))
}

func (a *assembler) instruction(b []byte, word string) []byte {
	if word == "byte" {
		return append(b, unhex(a.next())...)
	}
	op, ok := opcodes[word]
	if !ok {
		panic("wasmtest: unknown instruction " + word)
	}
	b = append(b, unhex(op.code)...)
	switch op.takes {
	case 'b': // block type
		if t := a.next(); t == "-" {
			b = append(b, 0x40)
		} else {
			b = append(b, valueType(t))
		}
	case 'f':
		b = u32(b, a.function())
	case 'u':
		b = u32(b, uint32(a.number()))
	case 's':
		b = signed(b, a.number())
	case 'd':
		v, err := strconv.ParseFloat(a.next(), 32)
		if err != nil {
			panic("wasmtest: " + err.Error())
		}
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	case 'm':
		b = u32(append(b, 0), uint32(a.number()))
	case 'i':
		b = append(u32(b, a.functionType()), 0)
	}
	return b
}

func (a *assembler) module() []byte {
	var types vector
	for _, t := range a.types {
		entry := []byte{0x60}
		for _, list := range t {
			list = strings.Trim(list, "-")
			entry = u32(entry, uint32(len(list)))
			for _, l := range list {
				entry = append(entry, valueType(string(l)))
			}
		}
		types.add(entry)
	}
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, v vector) {
		if v.n > 0 {
			b := append(u32(nil, v.n), v.b...)
			out = append(u32(append(out, id), uint32(len(b))), b...)
		}
	}
	section(1, types)
	section(2, a.imports)
	section(3, a.functions)
	section(4, a.tables)
	section(5, a.memories)
	section(6, a.globals)
	section(7, a.exports)
	if a.start != nil {
		out = append(append(out, 8, byte(len(a.start))), a.start...)
	}
	section(9, a.elements)
	section(10, a.code)
	section(11, a.data)
	return out
}

func valueType(t string) byte {
	switch t {
	case "i":
		return 0x7f
	case "I":
		return 0x7e
	case "f":
		return 0x7d
	case "F":
		return 0x7c
	}
	panic("wasmtest: unknown type " + t)
}

func unhex(s string) []byte {
	b := make([]byte, len(s)/2)
	for i := range b {
		if _, err := fmt.Sscanf(s[2*i:2*i+2], "%02x", &b[i]); err != nil {
			panic("wasmtest: " + err.Error())
		}
	}
	return b
}

func u32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

func signed(b []byte, v int64) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

func name(b []byte, s string) []byte { return append(u32(b, uint32(len(s))), s...) }
