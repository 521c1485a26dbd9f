//go:build !linux

package classifiers

import "github.com/tetratelabs/wazero/experimental"

// image is not to be had on this system: each instance copies the module's data segments.
type image struct{}

func newImage([]byte) (*image, error) { return nil, nil }

func (*image) close() {}

func (*image) Allocate(_, _ uint64) experimental.LinearMemory {
	panic("BUG: no memory images on this system")
}
