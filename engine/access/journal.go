package access

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
)

// journal is what a replica of a fleet last knew of the keys, on its own disk, so that it can serve while the cluster is away:
// a line that names the bucket, then a line a change, "REVISION RECORD". A line that a crash cut is left out. It is rewritten
// at start when most of it is history.
type journal struct {
	mu   sync.Mutex
	file *os.File
	name string
	id   string // of the bucket; "" = nothing was ever written
	last uint64 // revision
}

const journalHead = "routor keys 1 "

func openJournal(name string, put func(*Key, uint64)) (*journal, error) {
	j := &journal{name: name}
	src, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	latest, lines, whole := j.read(src, put)
	if lines > 1000 && lines > 2*len(latest) {
		var b bytes.Buffer
		b.WriteString(journalHead + j.id + "\n")
		for _, line := range slices.SortedFunc(maps.Values(latest), byRevision) {
			b.Write(line)
			b.WriteByte('\n')
		}
		if err := writeAtomically(name, b.Bytes()); err != nil {
			return nil, fmt.Errorf("write the keys: %w", err)
		}
		whole = b.Len()
	}
	if j.file, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("open the keys: %w", err)
	}
	if err = j.file.Truncate(int64(whole)); err == nil {
		_, err = j.file.Seek(int64(whole), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the keys: %w", err), j.file.Close())
	}
	return j, nil
}

func byRevision(a, b []byte) int {
	number := func(line []byte) uint64 {
		digits, _, _ := bytes.Cut(line, []byte{' '})
		n, _ := strconv.ParseUint(string(digits), 10, 64)
		return n
	}
	return cmp.Compare(number(a), number(b))
}

// read takes over what a journal says: the latest line of each key, how many lines there are, and up to where they are whole.
func (j *journal) read(src []byte, put func(*Key, uint64)) (latest map[string][]byte, lines, whole int) {
	latest = map[string][]byte{}
	lineEnd := bytes.IndexByte(src, '\n')
	if lineEnd < 0 || !bytes.HasPrefix(src, []byte(journalHead)) {
		return latest, 0, 0
	}
	j.id, whole = string(src[len(journalHead):lineEnd]), lineEnd+1
	r := bufio.NewReader(bytes.NewReader(src[whole:]))
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return latest, lines, whole
		}
		whole += len(line)
		lines++
		number, rest, _ := bytes.Cut(bytes.TrimRight(line, "\n"), []byte{' '})
		revision, err := strconv.ParseUint(string(number), 10, 64)
		if err != nil || revision <= j.last {
			continue
		}
		if k, err := parseRecord(rest); err == nil {
			put(k, revision)
			latest[k.ID], j.last = bytes.TrimRight(line, "\n"), revision
		}
	}
}

// begin starts the journal of a bucket.
func (j *journal) begin(id string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.id, j.last = id, 0
	err := j.file.Truncate(0)
	if err == nil {
		_, err = j.file.Seek(0, 0)
	}
	if err == nil {
		_, err = j.file.WriteString(journalHead + id + "\n")
	}
	if err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	return nil
}

// append adds a change. One that could not be written is asked for again at the next start, because it comes after the last
// that was.
func (j *journal) append(src []byte, revision uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.id == "" || bytes.IndexByte(src, '\n') >= 0 {
		return
	}
	line := append(strconv.AppendUint(make([]byte, 0, len(src)+24), revision, 10), ' ')
	if _, err := j.file.Write(append(append(line, src...), '\n')); err == nil {
		j.last = revision
	} else {
		j.id = "" // what follows a gap would hide it
	}
}

func (j *journal) close() { j.file.Close() }
