package store

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Message is one that a stream keeps.
type Message struct {
	Subject string
	Header  nats.Header
	Data    []byte
	Seq     uint64
}

// Watch is how a stream is followed.
type Watch struct {
	Stream   string
	Subjects []string // at least one
	After    uint64   // the last message that is known already

	// Each is called with one message after the other. Nothing is left out, nothing comes twice.
	Each func(Message)
	// Current, if not nil, is called once: when all messages that there were at the beginning have been given.
	Current func()
	// Nudge, if not nil, has the server asked again at once: somebody has said that there is more than has come.
	Nudge <-chan struct{}
}

// createTime bounds the making of a consumer: while a cluster elects a leader nobody answers.
const createTime = 2 * time.Second

// Watch follows a stream until ctx ends. It goes on by itself when servers go and come back: what a consumer that was lost did
// not bring is asked for one by one, for which a cluster needs no consumer.
func (s *Store) Watch(ctx context.Context, w Watch) {
	for first := true; ctx.Err() == nil; first = false {
		// A consumer brings many messages faster. But whoever is nudged again and again may never get one made in time, so each
		// further round asks first.
		if !first {
			s.fetch(ctx, &w)
		}
		s.watch(ctx, &w)
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// fetch asks for the messages after the last one, each by its subject.
func (s *Store) fetch(ctx context.Context, w *Watch) {
	ctx, cancel := context.WithTimeout(ctx, createTime)
	defer cancel()
	stream, err := s.js.Stream(ctx, w.Stream)
	if err != nil {
		return
	}
	for {
		var next *jetstream.RawStreamMsg
		for _, subject := range w.Subjects {
			m, err := stream.GetMsg(ctx, w.After+1, jetstream.WithGetMsgSubject(subject))
			if err == nil && (next == nil || m.Sequence < next.Sequence) {
				next = m
			} else if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
				return // one of an order of which a part is not known would leave something out
			}
		}
		if next == nil {
			return
		}
		w.After = next.Sequence
		w.Each(Message{Subject: next.Subject, Header: next.Header, Data: next.Data, Seq: next.Sequence})
	}
}

// watch follows until something breaks, or somebody nudges.
func (s *Store) watch(ctx context.Context, w *Watch) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if w.Nudge != nil {
		go func() {
			select {
			case <-w.Nudge:
				stop()
			case <-ctx.Done():
			}
		}()
	}
	create, cancel := context.WithTimeout(ctx, createTime)
	defer cancel()
	c := jetstream.OrderedConsumerConfig{
		FilterSubjects: w.Subjects, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: w.After + 1, InactiveThreshold: time.Minute,
	}
	consumer, err := s.js.OrderedConsumer(create, w.Stream, c)
	if err != nil {
		return
	}
	info, err := consumer.Info(create)
	if err != nil {
		return
	}
	current := func() {
		if w.Current != nil {
			w.Current()
			w.Current = nil
		}
	}
	if info.NumPending == 0 {
		current()
	}
	// A server that goes is noticed after two missed signs of life.
	messages, err := consumer.Messages(jetstream.PullMaxMessages(512), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return
		}
		meta, err := m.Metadata()
		if err != nil {
			return
		}
		if seq := meta.Sequence.Stream; seq > w.After {
			w.After = seq
			w.Each(Message{Subject: m.Subject(), Header: m.Headers(), Data: m.Data(), Seq: seq})
		}
		if meta.NumPending == 0 {
			current()
		}
	}
}
