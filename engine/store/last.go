package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Last is the documents that a replica last served without fault, on its own disk, so that it can start while the cluster is
// away. An index names them, and their contents lie beside it by hash; the index is replaced as a whole.
type Last struct{ dir string }

// kept is a version in the index.
type kept struct {
	*Version
	Seq uint64 `json:"seq"`
}

// OpenLast is the last good documents of a data directory.
func OpenLast(dir string) *Last { return &Last{filepath.Join(dir, "last")} }

func (l *Last) index() string { return filepath.Join(l.dir, "index.json") }

// Read is the documents with their contents, and when they were last known to be those of the fleet; nil = none were ever
// kept.
func (l *Last) Read() (map[Kind]*Version, time.Time, error) {
	src, err := os.ReadFile(l.index())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the last good documents: %w", err)
	}
	var index []kept
	if err := json.Unmarshal(src, &index); err != nil {
		return nil, time.Time{}, fmt.Errorf("%s is damaged: %w: remove it, and start while the state can be reached", l.index(), err)
	}
	documents := map[Kind]*Version{}
	for _, k := range index {
		if k.Version == nil {
			continue
		}
		k.Version.Seq = k.Seq
		if k.Size > 0 {
			if k.Content, err = os.ReadFile(filepath.Join(l.dir, filepath.Base(k.Hash))); err != nil {
				return nil, time.Time{}, fmt.Errorf("read the last good %s: %w", k.Kind, err)
			}
		}
		if Hash(k.Content) != k.Hash {
			return nil, time.Time{}, fmt.Errorf("the last good %s in %s is damaged: remove it, and start while the state can be reached", k.Kind, l.dir)
		}
		documents[k.Kind] = k.Version
	}
	info, err := os.Stat(l.index())
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the last good documents: %w", err)
	}
	return documents, info.ModTime(), nil
}

// Keep replaces the documents. Contents that are kept already need not be in memory.
func (l *Last) Keep(documents map[Kind]*Version) error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return fmt.Errorf("keep the last good documents: %w", err)
	}
	index, used := []kept{}, map[string]bool{"index.json": true}
	for _, kind := range Kinds {
		v := documents[kind]
		if v == nil {
			continue
		}
		index, used[v.Hash] = append(index, kept{v, v.Seq}), true
		file := filepath.Join(l.dir, v.Hash)
		if _, err := os.Stat(file); err == nil || v.Size == 0 {
			continue
		}
		if err := replace(file, v.Content); err != nil {
			return fmt.Errorf("keep the last good %s: %w", kind, err)
		}
	}
	src, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		return fmt.Errorf("BUG: encode documents: %w", err)
	}
	if old, err := os.ReadFile(l.index()); err == nil && bytes.Equal(old, src) {
		return nil
	}
	if err := replace(l.index(), src); err != nil {
		return fmt.Errorf("keep the last good documents: %w", err)
	}
	entries, _ := os.ReadDir(l.dir)
	for _, e := range entries {
		if !used[e.Name()] {
			os.Remove(filepath.Join(l.dir, e.Name()))
		}
	}
	return nil
}

// Fresh notes that the documents are those of the fleet now.
func (l *Last) Fresh(now time.Time) { _ = os.Chtimes(l.index(), now, now) }

// replace writes a file so that a crash leaves the old or the new content, never a part.
func replace(file string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
