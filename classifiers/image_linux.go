package classifiers

import (
	"fmt"
	"unsafe"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

// image is the memory that every instance of a module starts with: a file in memory that each maps copy-on-write, so that
// weights are there once however many instances there are, and an instance starts without copying them.
type image struct {
	fd   int
	size uintptr // whole host pages
}

// hostPage is a multiple of every page size that Linux runs with.
const hostPage = 1 << 16

// newImage keeps content in memory. Nil without an error = images are not to be had here, or not worth it.
func newImage(content []byte) (*image, error) {
	if len(content) == 0 {
		return nil, nil
	}
	fd, err := unix.MemfdCreate("routor-classifier", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil // seccomp may forbid it: data segments do as well, only slower
	}
	im := &image{fd, (uintptr(len(content)) + hostPage - 1) &^ (hostPage - 1)}
	if err := unix.Ftruncate(fd, int64(im.size)); err != nil {
		im.close()
		return nil, fmt.Errorf("memory image of %d bytes: %w", im.size, err)
	}
	for at := 0; at < len(content); {
		n, err := unix.Pwrite(fd, content[at:], int64(at))
		if err != nil {
			im.close()
			return nil, fmt.Errorf("memory image of %d bytes: %w", im.size, err)
		}
		at += n
	}
	return im, nil
}

func (im *image) close() {
	if im != nil {
		_ = unix.Close(im.fd) // what is mapped stays
	}
}

// Allocate reserves limit bytes of address space and maps the image at its start. It is an experimental.MemoryAllocator, which
// has no way to report an error but to panic: whoever instantiates recovers.
func (im *image) Allocate(_, limit uint64) experimental.LinearMemory {
	size := max(uintptr(limit), im.size)
	p, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		panic(fmt.Errorf("reserve %d bytes of memory: %w", size, err))
	}
	m := &mapped{p: p, size: size, limit: limit}
	if _, err := unix.MmapPtr(im.fd, 0, p, im.size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE); err != nil {
		m.Free()
		panic(fmt.Errorf("map memory image of %d bytes: %w", im.size, err))
	}
	return m
}

// mapped is one instance's memory.
type mapped struct {
	p     unsafe.Pointer
	size  uintptr
	limit uint64
}

func (m *mapped) Reallocate(size uint64) []byte {
	if size > m.limit {
		return nil
	}
	return unsafe.Slice((*byte)(m.p), m.limit)[:size:m.limit]
}

func (m *mapped) Free() {
	if m.p != nil {
		_ = unix.MunmapPtr(m.p, m.size)
		m.p = nil
	}
}
