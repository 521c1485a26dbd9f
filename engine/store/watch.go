package store

import (
	"context"
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
	Subjects []string
	// After is the last message that is known already. With 0 the latest of each subject come first.
	After uint64
	// Each is called with one message after the other. Nothing is left out, nothing comes twice.
	Each func(Message)
	// Current, if not nil, is called once: when all messages that there were at the beginning have been given.
	Current func()
	// Nudge, if not nil, has the server asked again at once: somebody has said that there is more than has come.
	Nudge <-chan struct{}
}

// Watch follows a stream until ctx ends. It goes on by itself when servers go and come back.
func (s *Store) Watch(ctx context.Context, w Watch) {
	for ctx.Err() == nil {
		s.watch(ctx, &w)
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// watch follows until something breaks.
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
	c := jetstream.OrderedConsumerConfig{FilterSubjects: w.Subjects, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, InactiveThreshold: time.Minute}
	if w.After > 0 {
		c.DeliverPolicy, c.OptStartSeq = jetstream.DeliverByStartSequencePolicy, w.After+1
	}
	consumer, err := s.js.OrderedConsumer(ctx, w.Stream, c)
	if err != nil {
		return
	}
	info, err := consumer.Info(ctx)
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
