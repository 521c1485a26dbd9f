package ledger

import (
	"context"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// follow takes in the blocks of the stream in its order, those of other replicas too, for as long as the ledger is open: it
// is what feeds index, rollups and live views.
func (l *Ledger) follow(ctx context.Context) {
	for wait := 50 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 2*time.Second) {
		if err := l.attach(ctx); err == nil {
			if l.consume(ctx) {
				wait = 50 * time.Millisecond
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// consume reads the stream until the reading breaks off; worked is whether anything came.
func (l *Ledger) consume(ctx context.Context) (worked bool) {
	l.mu.Lock()
	stream, from := l.stream, l.applied+1
	l.mu.Unlock()
	c, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return false
	}
	it, err := c.Messages(jetstream.PullMaxMessages(256))
	if err != nil {
		return false
	}
	defer context.AfterFunc(ctx, it.Stop)()
	defer it.Stop()
	for {
		m, err := it.Next()
		if err != nil {
			return worked
		}
		meta, err := m.Metadata()
		if err != nil {
			continue
		}
		worked = true
		l.take(meta.Sequence.Stream, m.Data(), meta.NumPending == 0)
	}
}

// take takes in one block of the stream.
func (l *Ledger) take(seq uint64, body []byte, last bool) {
	o, err := openBlock(body)
	if err != nil {
		l.damaged(seq, err)
		o.Records = 0
	}
	l.mu.Lock()
	own := l.pending[o.ID]
	delete(l.pending, o.ID)
	watched, now := false, time.Now()
	for w := range l.watches {
		watched = watched || w.wants(now)
	}
	l.mu.Unlock()
	d := delta{}
	if own != nil {
		d = own.delta
	}
	var rows []Record
	if err == nil && (own == nil || watched) {
		var rec Record
		err := o.each(&rec, func(place int, r *Record) bool {
			if own == nil {
				d.add(r)
			}
			if watched {
				c := r.Cloned()
				c.ID = decisionID(seq, place)
				rows = append(rows, *c)
			}
			return true
		})
		if err != nil {
			l.damaged(seq, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq <= l.applied {
		return
	}
	if l.applied = seq; last {
		l.caught = true
	}
	if _, twice := l.met[o.ID]; o.Records > 0 && !twice {
		l.remember(o.ID, seq)
		l.index.add(seq, &o.Header)
		l.rollups.apply(d)
		l.latest = time.Now()
		for w := range l.watches {
			w.offer(d, rows)
		}
	}
	l.changed.Broadcast()
}

// mostMet is how many of the latest blocks are remembered by id.
const mostMet = 1 << 14

func (l *Ledger) remember(id BlockID, seq uint64) {
	if len(l.metRing) < mostMet {
		l.metRing = append(l.metRing, id)
	} else {
		at := &l.metRing[seq%mostMet]
		delete(l.met, *at)
		*at = id
	}
	l.met[id] = seq
}

// damaged counts a block that can't be read. It is left out, and all others count.
func (l *Ledger) damaged(seq uint64, err error) {
	l.counts.damaged.Inc()
	l.options.Log("block %d of the ledger: %v", seq, err)
}

// decisionID is the id of the record at a place of a block: it says where to find it.
func decisionID(seq uint64, place int) string {
	return "dec_" + strconv.FormatUint(seq, 36) + "_" + strconv.FormatInt(int64(place), 36)
}

// parseDecisionID is where a decision stands; ok is false for what is no decision's id.
func parseDecisionID(id string) (seq uint64, place int, ok bool) {
	const prefix = "dec_"
	if len(id) < len(prefix) || id[:len(prefix)] != prefix {
		return 0, 0, false
	}
	for i := len(prefix); i < len(id); i++ {
		if id[i] != '_' {
			continue
		}
		seq, err := strconv.ParseUint(id[len(prefix):i], 36, 64)
		if err != nil {
			return 0, 0, false
		}
		n, err := strconv.ParseUint(id[i+1:], 36, 31)
		return seq, int(n), err == nil
	}
	return 0, 0, false
}
