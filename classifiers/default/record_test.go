package builtin

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/tetratelabs/wazero"
)

// FuzzRecord puts any bytes to the runtime as a record: it answers or refuses, and never traps.
func FuzzRecord(f *testing.F) {
	record := func(text string) []byte {
		b := make([]byte, 64, 64+len(text))
		for i, v := range []uint32{1, 64, 0, 1, 0, 0, 64, uint32(len(text)), 64, 0, 64, uint32(len(text)), 1} {
			binary.LittleEndian.PutUint32(b[4*i:], v)
		}
		return append(b, text...)
	}
	for _, text := range []string{
		"", "hi", "\n\n \t", "a\x00b", "\xff\xfe\xc3", "👍🏽👩‍👩‍👧", "שלום עולם", "把这句话翻译成英文", string(make([]byte, 20_000)), "\xf4\x8f\xbf", "ẞßŁ",
	} {
		f.Add(record(text))
	}
	f.Add([]byte{1, 0, 0, 0})
	outside := record("hi")
	binary.LittleEndian.PutUint32(outside[24:], 0xfffffff0)
	f.Add(outside)

	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	f.Cleanup(func() { _ = r.Close(ctx) })
	m, err := r.Instantiate(ctx, Module)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		ptr, err := m.ExportedFunction("routor_alloc").Call(ctx, uint64(len(record)))
		if err != nil || ptr[0] == 0 {
			t.Fatalf("alloc of %d: %v %v", len(record), ptr, err)
		}
		if !m.Memory().Write(uint32(ptr[0]), record) {
			t.Fatal("the buffer is outside of the memory")
		}
		for _, name := range []string{"routor_classify", "routor_features"} {
			if _, err := m.ExportedFunction(name).Call(ctx, ptr[0], uint64(len(record))); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	})
}
