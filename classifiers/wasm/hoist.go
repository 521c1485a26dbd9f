package wasm

import "fmt"

// Hoist takes the data out of a module's active segments and gives the memory image that they describe: the module's memory
// before it starts, up to the last byte that is written. The segments stay, empty, so that their indices do. With the image
// put under each instance copy-on-write, instances share what they do not change. No image = the module has no such data. A
// memory that starts with more than maxPages of 64 KB is refused.
func Hoist(module []byte, maxPages uint32) (stripped, image []byte, err error) {
	s, err := read(module)
	if err != nil {
		return nil, nil, err
	}
	c, n := open(s.sections, secMemory, 2, 1)
	if n == 0 {
		return module, nil, nil
	}
	c.byte()
	pages := c.u32()
	if pages > maxPages {
		return nil, nil, fmt.Errorf("%w: memory starts with %d pages of 64 KB, at most %d are allowed", ErrModule, pages, maxPages)
	}
	size := uint64(pages) << pageShift

	data, count := open(s.sections, secData, 2, maxSegments)
	if data.b == nil {
		return module, nil, nil
	}
	var fault error
	var end uint64
	out := appendU32(make([]byte, 0, len(data.b)/8+64), count)
	_ = eachData(s.sections, func(seg segment) {
		out = append(out, seg.head...)
		switch to := uint64(seg.offset) + uint64(len(seg.data)); {
		case !seg.active:
			out = append(appendU32(out, uint32(len(seg.data))), seg.data...)
		case !seg.constOf:
			fault = fmt.Errorf("%w: a data segment's offset must be a constant i32", ErrModule)
		case to > size:
			fault = fmt.Errorf("%w: data segment at %d, %d bytes, lies outside of the memory's %d bytes", ErrModule, seg.offset, len(seg.data), size)
		default:
			out = append(out, 0)
			if len(seg.data) > 0 {
				end = max(end, to)
			}
		}
	})
	if fault != nil {
		return nil, nil, fault
	}
	image = make([]byte, end)
	_ = eachData(s.sections, func(seg segment) {
		if seg.active && len(seg.data) > 0 {
			copy(image[seg.offset:], seg.data)
		}
	})
	return Encode(put(s.sections, secData, out)), image, nil
}
