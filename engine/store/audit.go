package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Event is something that somebody changed: who, when, what, why, and how it differs from before.
type Event struct {
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time"`
	Author  string    `json:"author"`
	Action  string    `json:"action"` // publish, rollback, adopt; key.create, key.revoke; draft.save, …
	What    string    `json:"what"`   // policy, catalog, profiles, classifier, key, draft
	Name    string    `json:"name"`
	Version uint64    `json:"version,omitempty"` // of a document
	Note    string    `json:"note,omitempty"`
	Diff    string    `json:"diff,omitempty"`
}

// Record adds an event that is no version of a document: those are events by themselves.
func (h *History) Record(ctx context.Context, e Event) error {
	e.Time = time.Now().UTC().Truncate(time.Millisecond)
	meta, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("BUG: encode an event: %w", err)
	}
	m := nats.NewMsg("audit." + Escape(e.What))
	m.Header.Set(metaHeader, string(meta))
	id := newID()
	err = persist(ctx, func(ctx context.Context) error {
		_, err := h.js.PublishMsg(ctx, m, jetstream.WithMsgID(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("state: record that %s %s changed: %w", e.What, e.Name, err)
	}
	return nil
}

// Watch calls each with what is changed from now on, by whatever replica, until ctx ends.
func (h *History) Watch(ctx context.Context, each func(Event)) error {
	info, err := h.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("state: follow the audit log: %w", err)
	}
	h.store.Watch(ctx, Watch{Stream: historyStream, Subjects: []string{"history.>", "audit.>"}, After: info.State.LastSeq, Each: func(m Message) {
		if e, err := eventOf(m.Subject, m.Header, m.Seq); err == nil {
			each(e)
		}
	}})
	return nil
}

// Events are what was changed, newest first: at most limit of those before event before (0 = from the latest), only of one
// kind of thing if what is not "".
func (h *History) Events(ctx context.Context, what string, before uint64, limit int) ([]Event, error) {
	info, err := h.stream.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("state: read the audit log: %w", err)
	}
	if before == 0 || before > info.State.LastSeq {
		before = info.State.LastSeq + 1
	}
	var all []Event
	// The stream is read in pieces from its end.
	for step := uint64(max(limit, 64)); len(all) < limit && before > max(info.State.FirstSeq, 1); step *= 4 {
		first := max(info.State.FirstSeq, 1)
		if before-first > step {
			first = before - step
		}
		piece, err := h.events(ctx, what, first, before-1)
		if err != nil {
			return nil, err
		}
		for i := len(piece) - 1; i >= 0 && len(all) < limit; i-- {
			all = append(all, piece[i])
		}
		before = first
	}
	return all, nil
}

func (h *History) events(ctx context.Context, what string, first, last uint64) (piece []Event, err error) {
	c := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: first, HeadersOnly: true}
	err = h.read(ctx, c, last, func(m jetstream.Msg, seq uint64) (bool, error) {
		e, err := eventOf(m.Subject(), m.Headers(), seq)
		if err == nil && (what == "" || e.What == what) && seq <= last {
			piece = append(piece, e)
		}
		return seq <= last, nil // what another version of Routor wrote is no reason to show nothing
	})
	return piece, err
}

// eventOf reads an event, or makes one of a version.
func eventOf(subject string, header nats.Header, seq uint64) (e Event, err error) {
	if !strings.HasPrefix(subject, "history.") {
		if err = json.Unmarshal([]byte(header.Get(metaHeader)), &e); err != nil {
			return e, errors.New("is no event")
		}
		e.Seq = seq
		return e, nil
	}
	v, err := parseVersion(header, nil, seq)
	if err != nil {
		return e, err
	}
	return v.Event(), nil
}

// Event is the publishing of a version.
func (v *Version) Event() Event {
	e := Event{Seq: v.Seq, Time: v.Time, Author: v.Author, Action: "publish", What: string(v.Kind), Name: v.Name, Version: v.Number, Note: v.Note, Diff: v.Diff}
	switch {
	case v.Back > 0:
		e.Action = "rollback"
	case v.Adopts:
		e.Action = "adopt"
	}
	return e
}
