package builtin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/routor/routor/classifiers/wasm"
)

// Sizes that the default module keeps.
const (
	maxModule  = 9 << 20
	maxRuntime = 16 << 10
)

// runtime/SUMS is written by build.sh: which sources runtime.wasm was made of. It holds where there is no clang.
func TestRuntimeIsOfItsSources(t *testing.T) {
	t.Parallel()
	sums, err := os.ReadFile("runtime/SUMS")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		content, err := os.ReadFile(filepath.Join("runtime", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s is not what runtime.wasm was made of; run runtime/build.sh and train again", name)
		}
		listed[name] = true
	}
	sources, err := filepath.Glob("runtime/*.[ch]")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(sources, "runtime/build.sh", "runtime.wasm") {
		if name, _ = filepath.Rel("runtime", name); !listed[name] {
			t.Errorf("%s is not in runtime/SUMS; run runtime/build.sh", name)
		}
	}
	if len(Runtime) > maxRuntime {
		t.Errorf("runtime.wasm has %d bytes, at most %d are allowed", len(Runtime), maxRuntime)
	}
}

func TestRuntimeIsRebuiltToTheByte(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("clang-14"); err != nil && os.Getenv("CI") != "" {
		t.Fatal("clang-14 and lld-14 are missing, and the checks must not pass without this one")
	} else if err != nil {
		t.Skip("needs clang-14 and lld-14")
	}
	out := filepath.Join(t.TempDir(), "runtime.wasm")
	if said, err := exec.Command("sh", "runtime/build.sh", out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	built, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(built, Runtime) {
		t.Error("runtime.wasm is not what its sources make; run runtime/build.sh")
	}
}

// The module is nothing but the runtime, weights and a card.
func TestModuleIsTheRuntimeBaked(t *testing.T) {
	t.Parallel()
	if len(Module) > maxModule {
		t.Errorf("default.wasm has %d bytes, at most %d are allowed", len(Module), maxModule)
	}
	baked, err := wasm.Bake(Runtime, weights(t))
	if err != nil {
		t.Fatal(err)
	}
	card, err := wasm.Custom(Module, "routor.meta")
	if err != nil {
		t.Fatal(err)
	}
	if baked, err = wasm.SetCustom(baked, "routor.meta", card); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(baked, Module) {
		t.Error("default.wasm is not of this runtime.wasm; train it again")
	}
}

// weights are read where the running module says that they lie.
func weights(t *testing.T) []byte {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { _ = r.Close(ctx) })
	m, err := r.Instantiate(ctx, Module)
	if err != nil {
		t.Fatal(err)
	}
	at := uint32(m.ExportedGlobal("routor_model").Get())
	ptr, _ := m.Memory().ReadUint32Le(at)
	size, _ := m.Memory().ReadUint32Le(at + 4)
	b, ok := m.Memory().Read(ptr, size)
	if !ok {
		t.Fatalf("the weights, %d bytes at %d, are outside of the memory", size, ptr)
	}
	return b
}
