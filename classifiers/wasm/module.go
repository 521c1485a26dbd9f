// Package wasm rewrites core WebAssembly modules as bytes: it reads and writes custom sections, bakes trained weights into a
// runtime module, hoists initial memory into a shareable image, and meters a module's work with fuel so that it can't run
// away. It is pure Go, linear in the module's size, and never panics on foreign bytes.
//
// It follows the binary format of WebAssembly 2.0 (https://www.w3.org/TR/wasm-core-2/#binary-format) and refuses what a
// classifier has no use for.
package wasm

import (
	"errors"
	"fmt"
	"math"
)

// ErrModule marks bytes that are not a module which this package accepts.
var ErrModule = errors.New("wasm")

// Section is one section of a module. Its body is shared with the bytes that it was parsed from.
type Section struct {
	ID   byte
	Body []byte
}

const magic = "\x00asm\x01\x00\x00\x00"

// The section ids.
const (
	secCustom byte = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
	numSections
)

// place is a section's place in a module: the data count stands between element and code.
var place = [numSections]int{
	secType: 1, secImport: 2, secFunction: 3, secTable: 4, secMemory: 5, secGlobal: 6, secExport: 7, secStart: 8,
	secElement: 9, secDataCount: 10, secCode: 11, secData: 12,
}

// Parse splits a module into its sections. It refuses sections that are unknown, twice there or out of order.
func Parse(module []byte) ([]Section, error) {
	if len(module) < len(magic) || string(module[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: not a WebAssembly module of version 1 (is it a component? compile to a core module)", ErrModule)
	}
	if len(module) > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %d bytes are too many", ErrModule, len(module))
	}
	var sections []Section
	at := 0
	c := cursor{b: module, at: len(magic)}
	for c.more() {
		id := c.byte()
		body := c.take(c.u32())
		switch {
		case c.fault != "":
		case id >= numSections:
			c.fail("unknown section")
		case id != secCustom && place[id] <= at:
			c.fail("section out of order or twice there")
		case id != secCustom:
			at = place[id]
		}
		sections = append(sections, Section{id, body})
	}
	return sections, c.err("module")
}

// Encode joins sections to a module.
func Encode(sections []Section) []byte {
	n := len(magic)
	for _, s := range sections {
		n += 6 + len(s.Body)
	}
	out := append(make([]byte, 0, n), magic...)
	for _, s := range sections {
		out = appendU32(append(out, s.ID), uint32(len(s.Body)))
		out = append(out, s.Body...)
	}
	return out
}

// body is the body of a section that is no custom one; nil = there is none.
func body(sections []Section, id byte) []byte {
	for _, s := range sections {
		if s.ID == id {
			return s.Body
		}
	}
	return nil
}

// put replaces a section's body, or adds the section in its place. The sections given are not changed.
func put(sections []Section, id byte, body []byte) []Section {
	out := make([]Section, 0, len(sections)+1)
	done := false
	for _, s := range sections {
		if !done && s.ID != secCustom && place[s.ID] >= place[id] {
			out = append(out, Section{id, body})
			done = true
			if s.ID == id {
				continue
			}
		}
		out = append(out, s)
	}
	if !done {
		out = append(out, Section{id, body})
	}
	return out
}

// open is a cursor over a section's body and its count of entries, each at least least bytes long and at most most of them.
func open(sections []Section, id byte, least, most uint32) (cursor, uint32) {
	c := cursor{b: body(sections, id)}
	if c.b == nil {
		return c, 0
	}
	return c, c.count(least, most)
}
