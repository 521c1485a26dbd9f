package classifiers

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Feature is one feature of an input: a row of the module's tables and how often it occurs.
type Feature struct{ ID, Count uint32 }

// ErrNoFeatures says that a module does not export routor_features.
var ErrNoFeatures = errors.New("the module exports no " + exportFeatures + "; only a module that does can be trained")

// Features appends the features of an input, as the module itself computes them, to dst. An error other than ErrNoFeatures is
// an *Error.
func (m *Module) Features(in *Input, dst []Feature) ([]Feature, error) {
	if !m.hasFeatures {
		return dst, ErrNoFeatures
	}
	_, err := m.use(func(i *instance) error {
		b, err := i.call(m, i.features, in)
		if err != nil {
			return err
		}
		if len(b) > maxFeatureBytes || len(b)%8 != 0 {
			return fmt.Errorf("%w: features of %d bytes, must be a multiple of 8 and at most %d", errResult, len(b), maxFeatureBytes)
		}
		for ; len(b) > 0; b = b[8:] {
			dst = append(dst, Feature{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])})
		}
		return nil
	})
	return dst, err
}
