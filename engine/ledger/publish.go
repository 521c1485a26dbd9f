package ledger

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// sealedBlock is a block on its way into the stream, with what it adds to index and rollups.
type sealedBlock struct {
	Header
	body  []byte
	delta delta
}

// write makes blocks of what waits: as soon as there is enough for one, or when the oldest record has waited for maxAge.
func (l *Ledger) write(ctx context.Context) {
	p := newPacker(l.options.Replica)
	var waiting []queued
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	armed := false
	for {
		var flushed chan int64
		due := false
		select {
		case <-ctx.Done():
			return
		case <-l.intake.wake:
		case <-timer.C:
			due, armed = true, false
		case flushed = <-l.flushes:
			due = true
		}
		if flushed == nil && len(l.outbox) > backlog {
			due = false // nothing is gained by small blocks that have to wait
		}
		// What is not enough for a block stays in the shards: a writer that took each record as it came would be woken for each.
		if due || len(waiting)+int(l.intake.count.Load()) >= maxRecords {
			waiting = l.intake.take(waiting)
			slices.SortFunc(waiting, func(a, b queued) int { return cmp.Compare(a.ended, b.ended) }) // shards know no order
		}
		at := 0
		for len(waiting)-at >= maxRecords || due && at < len(waiting) {
			n := l.seal(ctx, p, waiting[at:])
			if at += n; n == 0 {
				return
			}
		}
		waiting = slices.Delete(waiting, 0, at)
		if flushed != nil {
			l.mu.Lock()
			flushed <- l.sent
			l.mu.Unlock()
		}
		if !armed && len(waiting)+int(l.intake.count.Load()) > 0 {
			timer.Reset(maxAge)
			armed = true
		}
	}
}

// backlog is how many blocks may wait before only full ones are made.
const backlog = 16

// seal makes a block of the first of some records and gives it to the outbox; taken is how many they were, 0 = ctx has ended.
func (l *Ledger) seal(ctx context.Context, p *packer, records []queued) (taken int) {
	records = records[:min(len(records), maxRecords)]
	b := &sealedBlock{delta: delta{}}
	p.begin()
	freed := int64(0)
	if p.keyed == nil {
		l.mu.Lock()
		p.keyed = newKeyed(l.secret)
		l.mu.Unlock()
	}
	for _, r := range records {
		r.settle(l.options.Redactor, p.keyed)
		full := p.add(r.Record)
		b.delta.add(r.Record)
		freed += r.size()
		taken++
		if full {
			break
		}
	}
	b.body = p.end()
	b.Header = p.header
	b.Tokens = slices.Clone(b.Tokens)
	for _, r := range records[:taken] {
		r.Release()
	}
	l.intake.used.Add(int64(len(b.body)) - freed)
	l.counts.written(taken, len(b.body))
	l.mu.Lock()
	l.sent++
	l.mu.Unlock()
	select {
	case l.outbox <- b:
		return taken
	case <-ctx.Done():
		return 0
	}
}

// publish puts the blocks into the stream, one after the other, each until it is acknowledged: while the state is away they
// wait. A block has its id as message id, so that one of which the acknowledgement was lost counts once.
func (l *Ledger) publish(ctx context.Context) {
	for {
		var b *sealedBlock
		select {
		case <-ctx.Done():
			return
		case b = <-l.outbox:
		}
		l.expect(b)
		for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
			err := l.send(ctx, b)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return
			}
			if errors.Is(err, nats.ErrMaxPayload) {
				l.options.Log("ledger: a block of %d records (%d bytes) is larger than the state takes: raise max_payload of the NATS servers", b.Records, len(b.body))
				l.counts.dropMany(dropLarge, b.Records)
				break
			}
			l.counts.retried()
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
		l.intake.used.Add(-int64(len(b.body)))
		l.intake.held.Add(-int64(b.Records))
		l.mu.Lock()
		l.done++
		l.changed.Broadcast()
		l.mu.Unlock()
	}
}

// mostPending bounds the blocks of which it is remembered what they add; of others it is read from the stream.
const mostPending = 4096

// expect remembers a block until it comes back from the stream.
func (l *Ledger) expect(b *sealedBlock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) < mostPending {
		l.pending[b.ID] = b
	}
}

func (l *Ledger) send(ctx context.Context, b *sealedBlock) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := l.attach(ctx); err != nil {
		return err
	}
	ack, err := l.options.Store.JetStream().Publish(ctx, StreamName+"."+subjectOf(l.options.Replica), b.body, jetstream.WithMsgID(b.ID.String()))
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(err, jetstream.ErrNoStreamResponse) && ctx.Err() == nil {
		l.stream = nil // somebody has removed it: the next try makes it anew
	}
	if err != nil {
		return err
	}
	if ack.Sequence > l.acked {
		l.acked = ack.Sequence
	}
	return nil
}

// subjectOf is a name as a token of a subject, which has no dots, spaces and wildcards.
func subjectOf(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c <= ' ' || c == '.' || c == '*' || c == '>' || c >= 0x7f {
			b[i] = '_'
		}
	}
	return string(b)
}
