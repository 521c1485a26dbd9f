package store

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	h := history(t, s)
	module := string(bytes.Repeat([]byte("\x00asm"), 200_000))
	for i := range 100 {
		publish(t, h, Policy, fmt.Sprintf("n: %d\n", i), uint64(i))
	}
	publish(t, h, Classifier, module, 0)
	kv, err := s.KV(t.Context(), KVConfig{Name: "keys"})
	if err != nil {
		t.Fatal(err)
	}
	revision, err := kv.Put(t.Context(), "a", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stream(t.Context(), StreamConfig{Name: "LEDGER", Subjects: []string{"ledger.>"}, Async: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.JetStream().Publish(t.Context(), "ledger.x", bytes.Repeat([]byte("x"), 3<<20)); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	info, err := s.Backup(t.Context(), &file)
	if err != nil || len(info.Streams) != 4 || info.Streams[0] != historyStream || info.Streams[3] != "OBJ_objects" {
		t.Fatalf("%+v, %v", info, err)
	}
	if _, err := s.Restore(t.Context(), bytes.NewReader(file.Bytes())); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a backup was restored over a state: %v", err)
	}
	damaged := bytes.Clone(file.Bytes())
	damaged[len(damaged)/2] ^= 1
	for name, src := range map[string][]byte{"damaged": damaged, "cut": file.Bytes()[:file.Len()/2], "longer": append(bytes.Clone(file.Bytes()), 0), "other": []byte("PK\x03\x04")} {
		other := open(t, t.TempDir())
		if _, err := other.Restore(t.Context(), bytes.NewReader(src)); err == nil {
			t.Errorf("a %s backup was restored", name)
		}
		if names, err := other.streams(t.Context()); err != nil || len(names) > 0 {
			t.Errorf("a %s backup left %v, %v", name, names, err)
		}
	}
	to := open(t, t.TempDir())
	if _, err := to.Restore(t.Context(), bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	h = history(t, to)
	v, err := h.Get(t.Context(), Policy, Live, 42)
	if err != nil || string(v.Content) != "n: 41\n" || v.Author != "ann" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err = h.Current(t.Context(), Classifier, Live); err == nil {
		err = h.Fetch(t.Context(), v)
	}
	if err != nil || string(v.Content) != module {
		t.Errorf("the module: %v", err)
	}
	publish(t, h, Policy, "after\n", 100)
	if kv, err = to.KV(t.Context(), KVConfig{Name: "keys"}); err != nil {
		t.Fatal(err)
	}
	if e, err := kv.Get(t.Context(), "a"); err != nil || string(e.Value()) != "1" || e.Revision() != revision {
		t.Errorf("%v, %v", e, err)
	}
	ledger, err := to.Stream(t.Context(), StreamConfig{Name: "LEDGER", Subjects: []string{"ledger.>"}, Async: true})
	if err != nil || ledger.CachedInfo().State.Msgs != 1 || ledger.CachedInfo().Config.PersistMode != jetstream.AsyncPersistMode {
		t.Errorf("the ledger: %v", err)
	}
}

func FuzzReadBackup(f *testing.F) {
	f.Add([]byte(backupHead))
	f.Add([]byte(backupHead + "S\x00\x00\x00\x0c{\"name\":\"A\"}D\x00\x00\x00\x01x"))
	f.Fuzz(func(t *testing.T, src []byte) {
		begun := false
		_ = readBackup(bytes.NewReader(src), func(b backedUp) error {
			if begun = true; b.Name == "" {
				t.Fatal("a stream without a name")
			}
			return nil
		}, func(data []byte) error {
			if !begun || len(data) == 0 {
				t.Fatal("data of no stream")
			}
			return nil
		})
	})
}
