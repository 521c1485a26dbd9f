package store

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Follow calls f, one after the other, for every version of a document called name that comes after message seq of the history,
// until ctx ends. It goes on by itself when servers go and come back; nothing is left out, nothing comes twice. Versions that
// this Routor cannot read are said and left out.
func (h *History) Follow(ctx context.Context, name string, seq uint64, f func(*Version)) {
	subjects := make([]string, len(Kinds))
	for i, k := range Kinds {
		subjects[i] = subject(k, name)
	}
	for ctx.Err() == nil {
		seq = h.followOnce(ctx, subjects, seq, f)
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// followOnce follows until something breaks; the result is the last message that it saw.
func (h *History) followOnce(ctx context.Context, subjects []string, seq uint64, f func(*Version)) uint64 {
	consumer, err := h.js.OrderedConsumer(ctx, historyStream, jetstream.OrderedConsumerConfig{
		FilterSubjects: subjects, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: seq + 1, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return seq
	}
	// A server that goes is noticed after two missed signs of life.
	messages, err := consumer.Messages(jetstream.PullMaxMessages(64), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return seq
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return seq
		}
		meta, err := m.Metadata()
		if err != nil || meta.Sequence.Stream <= seq {
			continue
		}
		seq = meta.Sequence.Stream
		v, err := parseVersion(m.Headers(), m.Data(), seq)
		if err == nil {
			err = h.Fetch(ctx, v)
		}
		if err != nil {
			h.store.options.Log("warning: %v", err)
			continue
		}
		f(v)
	}
}
