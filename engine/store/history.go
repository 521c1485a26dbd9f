package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The stream of everything that people changed: every version of every document (history.<kind>.<name>), and what else was
// done (audit.<what>), in the one order in which it happened. It has no limits.
const (
	historyStream = "HISTORY"
	objectBucket  = "objects"
)

// inline is the largest content that is kept in the message itself. A server takes 1 MB a message unless told otherwise.
const inline = 512 << 10

// fetchTime bounds one try to get an object.
const fetchTime = 10 * time.Second

// History is the documents with all their versions. The last message of a document's subject is its current version, and
// publishing expects that one: compare-and-swap, record and log are one write, of which no half can be lost.
type History struct {
	store  *Store
	js     jetstream.JetStream
	stream jetstream.Stream
}

// tryTime bounds one try of what is asked again while a cluster elects a leader.
const tryTime = time.Second

// History opens the documents, making their stream if there is none.
func (s *Store) History(ctx context.Context) (*History, error) {
	stream, err := s.Stream(ctx, StreamConfig{
		Name: historyStream, Description: "versions of documents, and what else people changed", Subjects: []string{"history.>", "audit.>"}, LeaderReads: true,
	})
	if err != nil {
		return nil, err
	}
	return &History{store: s, js: s.js, stream: stream}, nil
}

// persist calls f until it succeeds, fails for good, or ctx ends: while a cluster elects a leader nobody answers.
func persist(ctx context.Context, f func(context.Context) error) error {
	for {
		try, cancel := context.WithTimeout(ctx, tryTime)
		err := f(try)
		cancel()
		if err == nil || !retriable(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Current is a document's latest version, with its content unless that is an object; nil = there is none.
func (h *History) Current(ctx context.Context, kind Kind, name string) (*Version, error) {
	var m *jetstream.RawStreamMsg
	err := persist(ctx, func(ctx context.Context) (err error) {
		m, err = lastMessage(ctx, h.stream, subject(kind, name))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("state: read the %s: %w", kind, err)
	}
	if m == nil {
		return nil, nil
	}
	return parseVersion(m.Header, m.Data, m.Sequence)
}

// lastMessage is the latest of a subject; nil = there is none.
func lastMessage(ctx context.Context, stream jetstream.Stream, subject string) (*jetstream.RawStreamMsg, error) {
	m, err := stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return m, err
}

// Publish appends a version to a document if the current one is number on (0 = none yet); the error is an *ErrConflict else.
// v says kind, name, author, note, owner, file, content, and of a past that is made up the time; the rest is set here. When Publish returns nil the version is on as
// many disks as Replicas says.
func (h *History) Publish(ctx context.Context, v Version, on uint64) (*Version, error) {
	old, err := h.Current(ctx, v.Kind, v.Name)
	if err != nil {
		return nil, err
	}
	number, seq := uint64(0), uint64(0)
	if old != nil {
		number, seq = old.Number, old.Seq
	}
	if number != on {
		return nil, &ErrConflict{On: on, Other: old}
	}
	v.Number, v.ID, v.Hash, v.Size = on+1, newID(), Hash(v.Content), len(v.Content)
	if v.Time.IsZero() {
		v.Time = time.Now().UTC().Truncate(time.Millisecond)
	}
	v.Object = ""
	if len(v.Content) > inline || old != nil && old.Size > inline {
		// A module, or what holds one: nobody reads how it differs.
	} else if old != nil && v.Kind != Classifier {
		if err := h.Fetch(ctx, old); err != nil {
			return nil, err
		}
		v.Diff = Diff(old.Content, v.Content)
	} else if v.Kind != Classifier {
		v.Diff = Diff(nil, v.Content)
	}
	if len(v.Content) > inline || v.Kind == Classifier && len(v.Content) > 0 {
		if err := h.keep(ctx, v.Hash, v.Content); err != nil {
			return nil, err
		}
		v.Object = v.Hash
	}
	return h.append(ctx, &v, seq)
}

// append writes a version after the message seq of its subject. A lost acknowledgement is looked up rather than guessed.
func (h *History) append(ctx context.Context, v *Version, seq uint64) (*Version, error) {
	m, err := v.message()
	if err != nil {
		return nil, err
	}
	if len(m.Header.Get(metaHeader))+len(m.Data) > int(h.store.conn.MaxPayload())-1024 {
		return nil, fmt.Errorf("the %s has %d bytes, more than the server takes in one message (max_payload %d)", v.Kind, v.Size, h.store.conn.MaxPayload())
	}
	for {
		try, cancel := context.WithTimeout(ctx, tryTime)
		ack, err := h.js.PublishMsg(try, m, jetstream.WithExpectLastSequencePerSubject(seq), jetstream.WithMsgID(v.ID))
		cancel()
		if err == nil {
			v.Seq = ack.Sequence
			return v, nil
		}
		refused := wrongSequence(err)
		now, lookup := h.Current(ctx, v.Kind, v.Name)
		switch {
		case lookup == nil && now != nil && now.ID == v.ID: // it arrived; only the answer was lost
			v.Seq = now.Seq
			return v, nil
		case lookup == nil && now != nil && now.Seq != seq, lookup == nil && refused:
			return nil, &ErrConflict{On: v.Number - 1, Other: now}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("state: publish the %s: %w: whether it was published is not known; look at its history", v.Kind, errors.Join(err, ctx.Err()))
		case <-time.After(50 * time.Millisecond): // a cluster elects a new leader
		}
		if !retriable(err) && !refused {
			return nil, fmt.Errorf("state: publish the %s: %w", v.Kind, err)
		}
	}
}

func wrongSequence(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// retriable says whether an error comes from a server that is changing its leader, or not there for a moment.
func retriable(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.Code == 503
	}
	return errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrReconnectBufExceeded)
}

// Get is a version by number, with its content.
func (h *History) Get(ctx context.Context, kind Kind, name string, number uint64) (found *Version, err error) {
	current, err := h.Current(ctx, kind, name)
	if err != nil {
		return nil, err
	}
	if current == nil || number == 0 || number > current.Number {
		return nil, fmt.Errorf("%s version %d: %w", kind, number, ErrNoVersion)
	}
	if current.Number == number {
		return current, h.Fetch(ctx, current)
	}
	err = h.each(ctx, subject(kind, name), false, current.Seq, func(v *Version) bool {
		if v.Number == number {
			found = v
		}
		return found == nil
	})
	if err == nil && found == nil {
		err = fmt.Errorf("%s version %d: %w", kind, number, ErrNoVersion)
	}
	if err != nil {
		return nil, err
	}
	return found, h.Fetch(ctx, found)
}

// List is a document's versions without their content, newest first, at most limit (0 = all) of those before number before
// (0 = from the latest).
func (h *History) List(ctx context.Context, kind Kind, name string, before uint64, limit int) ([]*Version, error) {
	current, err := h.Current(ctx, kind, name)
	if err != nil || current == nil {
		return nil, err
	}
	if before == 0 {
		before = current.Number + 1
	}
	var list []*Version
	err = h.each(ctx, subject(kind, name), true, current.Seq, func(v *Version) bool {
		if v.Number < before && (limit == 0 || v.Number+uint64(limit) >= before) {
			list = append(list, v)
		}
		return v.Number < before
	})
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, err
}

// FromFile is the newest version that was published from a file with this hash, and the newest that was published from any
// file; nil = there is none.
func (h *History) FromFile(ctx context.Context, kind Kind, name, hash string) (same, last *Version, err error) {
	current, err := h.Current(ctx, kind, name)
	if err != nil || current == nil {
		return nil, nil, err
	}
	err = h.each(ctx, subject(kind, name), true, current.Seq, func(v *Version) bool {
		if v.File != "" {
			last = v
			if v.Hash == hash {
				same = v
			}
		}
		return true
	})
	return same, last, err
}

// each calls f for the versions of a document up to message last, oldest first, until f returns false.
func (h *History) each(ctx context.Context, subject string, headersOnly bool, last uint64, f func(*Version) bool) error {
	return h.read(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}, DeliverPolicy: jetstream.DeliverAllPolicy, HeadersOnly: headersOnly}, last,
		func(m jetstream.Msg, seq uint64) (bool, error) {
			v, err := parseVersion(m.Headers(), m.Data(), seq)
			return err == nil && f(v), err
		})
}

// read calls f for the messages of a consumer up to message last, until f returns false.
func (h *History) read(ctx context.Context, c jetstream.OrderedConsumerConfig, last uint64, f func(m jetstream.Msg, seq uint64) (bool, error)) error {
	c.InactiveThreshold = 10 * time.Second
	var consumer jetstream.Consumer
	err := persist(ctx, func(ctx context.Context) (err error) {
		consumer, err = h.js.OrderedConsumer(ctx, historyStream, c)
		return err
	})
	if err != nil {
		return fmt.Errorf("state: read the history: %w", err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(256))
	if err != nil {
		return fmt.Errorf("state: read the history: %w", err)
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("state: read the history: %w", err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("state: read the history: %w", err)
		}
		more, err := f(m, meta.Sequence.Stream)
		if err != nil || !more || meta.Sequence.Stream >= last {
			return err
		}
	}
}

// Fetch gets the content of a version that is an object.
func (h *History) Fetch(ctx context.Context, v *Version) error {
	if v.Object == "" || v.Content != nil {
		return nil
	}
	objects, err := h.store.Objects(ctx, objectBucket, "modules, and documents over 512 KB, by SHA-256")
	if err != nil {
		return err
	}
	content, err := objects.GetBytes(ctx, v.Object)
	if err != nil {
		return fmt.Errorf("state: the content of %s: %w", v.Line(), err)
	}
	if Hash(content) != v.Hash {
		return fmt.Errorf("state: the content of %s is damaged: its SHA-256 is not %s; restore a backup, or publish it again", v.Line(), v.Hash)
	}
	v.Content = content
	return nil
}

// keep puts a content where modules are. What is there already stays: the name is the hash.
func (h *History) keep(ctx context.Context, hash string, content []byte) error {
	objects, err := h.store.Objects(ctx, objectBucket, "modules, and documents over 512 KB, by SHA-256")
	if err != nil {
		return err
	}
	if info, err := objects.GetInfo(ctx, hash); err == nil && info.Size == uint64(len(content)) {
		return nil
	}
	if _, err := objects.Put(ctx, jetstream.ObjectMeta{Name: hash}, bytes.NewReader(content)); err != nil {
		return fmt.Errorf("state: keep %d bytes: %w", len(content), err)
	}
	return nil
}
