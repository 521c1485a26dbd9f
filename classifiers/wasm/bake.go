package wasm

import (
	"encoding/binary"
	"fmt"
)

const (
	exportModel = "routor_model"
	exportHeap  = "__heap_base"

	pageSize  = 1 << 16
	pageShift = 16
	blobAlign = 4096
	// roomPages is what a baked module has beyond its weights: room for an input record before it must grow.
	roomPages = 2
)

// Bake makes a module of a runtime and trained weights. The runtime exports two globals: routor_model, the address of a
// descriptor {u32 address, u32 length} that Bake fills in, and __heap_base, the end of its static data, behind which the
// weights come to lie, aligned to 4,096 bytes. The runtime must take its heap from behind the weights.
func Bake(runtime, weights []byte) ([]byte, error) {
	s, err := read(runtime)
	if err != nil {
		return nil, err
	}
	descriptor, err := s.address(exportModel)
	if err != nil {
		return nil, err
	}
	heap, err := s.address(exportHeap)
	if err != nil {
		return nil, err
	}
	at := (uint64(heap) + blobAlign - 1) &^ (blobAlign - 1)
	end := at + uint64(len(weights))
	if end > 1<<32-(roomPages+1)*pageSize {
		return nil, fmt.Errorf("%w: %d bytes of weights at %d do not fit a memory of 4 GB", ErrModule, len(weights), at)
	}
	pages := uint32((end+pageSize-1)>>pageShift) + roomPages
	sections, err := withMemory(s.sections, pages)
	if err != nil {
		return nil, err
	}
	model := binary.LittleEndian.AppendUint32(nil, uint32(at))
	model = binary.LittleEndian.AppendUint32(model, uint32(len(weights)))
	return Encode(withData(sections, segment{offset: uint32(at), data: weights}, segment{offset: descriptor, data: model})), nil
}

// address is the value of an exported constant global i32.
func (s *shape) address(name string) (uint32, error) {
	for _, e := range s.exports {
		if e.name != name || e.kind != kindGlobal {
			continue
		}
		c, _ := open(s.sections, secGlobal, 4, maxGlobals)
		for i := uint32(0); c.fault == ""; i++ {
			c.take(2)
			value, isI32 := c.constant()
			if i == e.index {
				if !isI32 {
					return 0, fmt.Errorf("%w: exported global %q must be a constant i32", ErrModule, name)
				}
				return value, nil
			}
		}
	}
	return 0, fmt.Errorf("%w: no exported global %q; link the runtime with --export=%s", ErrModule, name, name)
}

// withMemory raises the least size of the module's memory to pages, and the greatest if it is less.
func withMemory(sections []Section, pages uint32) ([]Section, error) {
	c, n := open(sections, secMemory, 2, 1)
	if n == 0 {
		return nil, fmt.Errorf("%w: the runtime defines no memory", ErrModule)
	}
	bounded := c.byte()
	out := appendU32([]byte{1, bounded}, max(c.u32(), pages))
	if bounded == 1 {
		out = appendU32(out, max(c.u32(), pages))
	}
	return put(sections, secMemory, out), nil
}

// withData appends active data segments.
func withData(sections []Section, segments ...segment) []Section {
	c, n := open(sections, secData, 2, maxSegments)
	n += uint32(len(segments))
	out := append(appendU32(nil, n), c.b[c.at:]...)
	for _, seg := range segments {
		out = append(appendSigned(append(out, 0, opI32Const), int64(int32(seg.offset))), opEnd)
		out = append(appendU32(out, uint32(len(seg.data))), seg.data...)
	}
	if body(sections, secDataCount) != nil {
		sections = put(sections, secDataCount, appendU32(nil, n))
	}
	return put(sections, secData, out)
}
