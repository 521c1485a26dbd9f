package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/s2"
)

// The checkpoint is what is known of the stream up to a block: index and rollups, so that a start need not read all blocks. It
// is a cache: when it is lost, damaged, or of another stream, it is made anew from the blocks that are there.
const (
	checkpointFile    = "ledger.index"
	checkpointMagic   = "RLI"
	checkpointVersion = 2
	saveEvery         = 2 * time.Minute
	maxCheckpoint     = 1 << 30
)

var errCheckpoint = errors.New("the checkpoint is damaged, or of another version")

// keep saves the checkpoint now and then, and forgets what the stream no longer has.
func (l *Ledger) keep(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		s := l.stream
		l.mu.Unlock()
		if s != nil {
			if info, err := s.Info(ctx); err == nil {
				l.mu.Lock()
				l.index.trim(info.State.FirstSeq)
				l.mu.Unlock()
			}
		}
		if err := l.save(); err != nil {
			l.options.Log("ledger: %v", err)
		}
	}
}

// save writes the checkpoint, if there is anything new in it.
func (l *Ledger) save() error {
	if l.options.Dir == "" {
		return nil
	}
	l.mu.Lock()
	applied := l.applied
	if applied == l.saved.Load() {
		l.mu.Unlock()
		return nil
	}
	var w writer
	w.time(l.origin)
	w.uint(applied)
	l.index.write(&w)
	l.rollups.write(&w)
	l.mu.Unlock()
	b := append(append([]byte(nil), checkpointMagic...), checkpointVersion)
	b = binary.AppendUvarint(b, uint64(len(w.one)))
	b = sealed(append(b, s2.Encode(nil, w.one)...))
	if err := writeFile(filepath.Join(l.options.Dir, checkpointFile), b); err != nil {
		return fmt.Errorf("write the checkpoint: %w", err)
	}
	l.saved.Store(applied)
	return nil
}

// restore reads the checkpoint. Without one there is nothing, which is no error.
func (l *Ledger) restore() error {
	if l.options.Dir == "" {
		return nil
	}
	b, err := os.ReadFile(filepath.Join(l.options.Dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := parseCheckpoint(b)
	if err != nil {
		return err
	}
	l.origin, l.applied, l.index, l.rollups = c.origin, c.applied, c.index, c.rollups
	l.saved.Store(c.applied)
	return nil
}

type checkpoint struct {
	origin  time.Time
	applied uint64
	index   index
	rollups *Rollups
}

func parseCheckpoint(b []byte) (*checkpoint, error) {
	head := len(checkpointMagic) + 1
	if len(b) < head+4 || string(b[:head]) != checkpointMagic+string(rune(checkpointVersion)) ||
		crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return nil, errCheckpoint
	}
	r := reader{b: b[head : len(b)-4]}
	size := r.uint()
	if n, err := s2.DecodedLen(r.b); r.bad || err != nil || uint64(n) != size || n > maxCheckpoint || n > 255*len(b) {
		return nil, errCheckpoint
	}
	raw, err := s2.Decode(nil, r.b)
	if err != nil {
		return nil, errCheckpoint
	}
	return readCheckpoint(raw)
}

func readCheckpoint(raw []byte) (*checkpoint, error) {
	r := reader{b: raw, text: string(raw), whole: cap(raw)}
	c := &checkpoint{rollups: newRollups()}
	c.origin, c.applied = r.time(), r.uint()
	c.index.read(&r)
	c.rollups.read(&r)
	if r.bad || len(r.b) > 0 {
		return nil, errCheckpoint
	}
	return c, nil
}

// writeFile replaces a file so that a crash leaves the old or the new one. It is a cache: no need to wait for the disk.
func writeFile(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
