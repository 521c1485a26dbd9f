package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"
)

// A backup is one file: the line backupHead, then frames of a type (1 byte), a length (4 bytes, big endian) and that many
// bytes, then a frame that holds the SHA-256 of everything before it. A stream is a frame with its name, configuration and
// state, and then its data in frames: the server's own snapshot of it, so that sequences, times and headers come back as they
// were.
const backupHead = "routor backup 1\n"

const (
	frameStream byte = 'S'
	frameData   byte = 'D'
	frameEnd    byte = 'E'
)

// largestFrame bounds what a damaged file can make us allocate.
const largestFrame = 4 << 20

// snapshotChunk is how much of a stream comes at once, and stall how long the server may take for it.
const (
	snapshotChunk = 256 << 10
	stall         = 30 * time.Second
)

// backedUp is the head of a stream in a backup. Config and State are the server's own JSON.
type backedUp struct {
	Name   string          `json:"name"`
	Config json.RawMessage `json:"config"`
	State  json.RawMessage `json:"state"`
}

// BackupInfo is what a backup holds.
type BackupInfo struct {
	Streams []string
	Bytes   int64 // of their data
}

// Backup writes the whole state to w: every stream, bucket and object store, each as it was at one moment. What refers to
// others is taken before what it refers to, so that nothing that is referred to is missing.
func (s *Store) Backup(ctx context.Context, w io.Writer) (info BackupInfo, err error) {
	names, err := s.streams(ctx)
	if err != nil {
		return info, err
	}
	b := &backupWriter{w: bufio.NewWriterSize(w, 64<<10), sum: sha256.New()}
	b.write([]byte(backupHead))
	for _, name := range names {
		n, err := s.snapshot(ctx, name, b)
		if err != nil {
			return info, fmt.Errorf("back up %s: %w", name, err)
		}
		info.Streams, info.Bytes = append(info.Streams, name), info.Bytes+n
	}
	sum := b.sum.Sum(nil)
	b.frame(frameEnd, sum)
	if b.err == nil {
		b.err = b.w.Flush()
	}
	if b.err != nil {
		return info, fmt.Errorf("write the backup: %w", b.err)
	}
	return info, nil
}

// streams are the names of all streams: the history first, objects last.
func (s *Store) streams(ctx context.Context) (names []string, err error) {
	list := s.js.StreamNames(ctx)
	for name := range list.Name() {
		names = append(names, name)
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("state: list what there is: %w", err)
	}
	rank := func(name string) int {
		switch {
		case name == historyStream:
			return 0
		case strings.HasPrefix(name, "OBJ_"):
			return 2
		}
		return 1
	}
	slices.SortFunc(names, func(a, b string) int {
		if c := rank(a) - rank(b); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return names, nil
}

type backupWriter struct {
	w   *bufio.Writer
	sum hash.Hash
	err error
}

func (b *backupWriter) write(p []byte) {
	if b.err == nil {
		b.sum.Write(p)
		_, b.err = b.w.Write(p)
	}
}

func (b *backupWriter) frame(kind byte, payload []byte) {
	b.write(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload))))
	b.write(payload)
}

// snapshot asks the server for a stream's snapshot (JetStream API, STREAM.SNAPSHOT), which comes in chunks that are
// acknowledged one by one.
func (s *Store) snapshot(ctx context.Context, name string, b *backupWriter) (n int64, err error) {
	inbox := s.conn.NewInbox()
	sub, err := s.conn.SubscribeSync(inbox)
	if err != nil {
		return 0, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return 0, err
	}
	var head struct {
		apiError
		Config json.RawMessage `json:"config"`
		State  json.RawMessage `json:"state"`
	}
	request := map[string]any{"deliver_subject": inbox, "no_consumers": true, "chunk_size": snapshotChunk, "jsck": true}
	if err := s.api(ctx, "STREAM.SNAPSHOT."+name, request, &head); err != nil {
		return 0, err
	}
	if err := head.failed(); err != nil {
		return 0, err
	}
	meta, err := json.Marshal(backedUp{name, head.Config, head.State})
	if err != nil {
		return 0, err
	}
	b.frame(frameStream, meta)
	for b.err == nil {
		wait, cancel := context.WithTimeout(ctx, stall)
		m, err := sub.NextMsgWithContext(wait)
		cancel()
		if err != nil {
			return n, err
		}
		if len(m.Data) == 0 {
			if status := m.Header.Get("Status"); status != "" && status != "204" {
				return n, fmt.Errorf("the server broke off: %s %s", status, m.Header.Get("Description"))
			}
			return n, nil
		}
		b.frame(frameData, m.Data)
		n += int64(len(m.Data))
		if m.Reply != "" {
			if err := m.Respond(nil); err != nil {
				return n, err
			}
		}
	}
	return n, b.err
}

// apiError is the error member of JetStream's answers.
type apiError struct {
	Error *struct {
		Description string `json:"description"`
	} `json:"error"`
}

func (e apiError) failed() error {
	if e.Error == nil {
		return nil
	}
	return errors.New(e.Error.Description)
}

// api asks the JetStream API for what the client library has no call for.
func (s *Store) api(ctx context.Context, subject string, request, answer any) error {
	src, err := json.Marshal(request)
	if err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	m, err := s.conn.RequestWithContext(wait, "$JS.API."+subject, src)
	if err != nil {
		return err
	}
	return json.Unmarshal(m.Data, answer)
}

// Restore brings a backup back into a state that is empty. The backup is read to its end and its checksum compared before
// anything is written, so r must be able to go back.
func (s *Store) Restore(ctx context.Context, r io.ReadSeeker) (info BackupInfo, err error) {
	names, err := s.streams(ctx)
	if err != nil {
		return info, err
	}
	if len(names) > 0 {
		return info, fmt.Errorf("the state is not empty (it has %s): restore into another data directory, or another NATS account", strings.Join(names, ", "))
	}
	if err := CheckBackup(r); err != nil {
		return info, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return info, fmt.Errorf("read the backup again: %w", err)
	}
	var to string // where the stream that is being restored takes its data
	finish := func() error {
		if to == "" {
			return nil
		}
		wait, cancel := context.WithTimeout(ctx, 10*stall)
		defer cancel()
		m, err := s.conn.RequestWithContext(wait, to, nil)
		to = ""
		if err != nil {
			return err
		}
		var done apiError
		if err := json.Unmarshal(m.Data, &done); err != nil {
			return err
		}
		return done.failed()
	}
	err = readBackup(r, func(b backedUp) error {
		if err := finish(); err != nil {
			return err
		}
		config, err := s.placed(b.Config)
		if err != nil {
			return fmt.Errorf("restore %s: %w", b.Name, err)
		}
		var answer struct {
			apiError
			DeliverSubject string `json:"deliver_subject"`
		}
		request := map[string]any{"config": config, "state": b.State}
		if err := s.api(ctx, "STREAM.RESTORE."+b.Name, request, &answer); err != nil {
			return fmt.Errorf("restore %s: %w", b.Name, err)
		}
		if err := answer.failed(); err != nil {
			return fmt.Errorf("restore %s: %w", b.Name, err)
		}
		to, info.Streams = answer.DeliverSubject, append(info.Streams, b.Name)
		return nil
	}, func(data []byte) error {
		info.Bytes += int64(len(data))
		wait, cancel := context.WithTimeout(ctx, stall)
		defer cancel()
		m, err := s.conn.RequestWithContext(wait, to, data)
		if err != nil {
			return err
		}
		if len(m.Data) > 0 {
			var refused apiError
			if json.Unmarshal(m.Data, &refused) == nil && refused.Error != nil {
				return refused.failed()
			}
		}
		return nil
	})
	if err == nil {
		err = finish()
	}
	if err != nil {
		return info, fmt.Errorf("restore: %w: what was restored so far is not whole; empty the target before the next try", err)
	}
	return info, nil
}

// placed is a stream's configuration with as many copies as there can be here.
func (s *Store) placed(config json.RawMessage) (map[string]any, error) {
	var c map[string]any
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, err
	}
	copies := s.options.Replicas
	switch {
	case s.Embedded():
		copies = 1
	case copies == 0: // three where there are three
		copies = 1
		if len(s.conn.Servers()) >= wanted || len(s.conn.DiscoveredServers())+1 >= wanted {
			copies = wanted
		}
	}
	c["num_replicas"] = copies
	if copies > 1 {
		delete(c, "persist_mode")
	}
	return c, nil
}

// CheckBackup says whether a backup is whole.
func CheckBackup(r io.Reader) error {
	return readBackup(r, func(backedUp) error { return nil }, func([]byte) error { return nil })
}

// readBackup reads a backup: stream is called for each stream, data for each piece of it. The error says where the file is
// damaged or cut; the checksum is compared at the end.
func readBackup(r io.Reader, stream func(backedUp) error, data func([]byte) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	sum := sha256.New()
	head := make([]byte, len(backupHead))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != backupHead {
		return errors.New("this is no backup of Routor, or of a later version")
	}
	sum.Write(head)
	begun := false
	for at := int64(len(head)); ; {
		var frame [5]byte
		if _, err := io.ReadFull(in, frame[:]); err != nil {
			return fmt.Errorf("the backup is cut off at byte %d", at)
		}
		size := binary.BigEndian.Uint32(frame[1:])
		if size > largestFrame {
			return fmt.Errorf("the backup is damaged at byte %d", at)
		}
		payload := make([]byte, size)
		if _, err := io.ReadFull(in, payload); err != nil {
			return fmt.Errorf("the backup is cut off at byte %d", at)
		}
		whole := sum.Sum(nil)
		sum.Write(frame[:])
		sum.Write(payload)
		at += int64(len(frame) + len(payload))
		var err error
		switch frame[0] {
		case frameStream:
			var b backedUp
			if json.Unmarshal(payload, &b) != nil || b.Name == "" || strings.ContainsAny(b.Name, " .*>\t\r\n") {
				return fmt.Errorf("the backup is damaged before byte %d", at)
			}
			begun, err = true, stream(b)
		case frameData:
			if !begun || size == 0 {
				return fmt.Errorf("the backup is damaged before byte %d", at)
			}
			err = data(payload)
		case frameEnd:
			if string(payload) != string(whole) {
				return errors.New("the backup is damaged: its checksum is another")
			}
			if _, err := in.ReadByte(); err != io.EOF {
				return fmt.Errorf("the backup goes on after its end at byte %d", at)
			}
			return nil
		default:
			return fmt.Errorf("the backup is damaged before byte %d", at)
		}
		if err != nil {
			return err
		}
	}
}
