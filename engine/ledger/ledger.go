package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/store"
)

// StreamName is the ledger's stream. Its subjects are ledger.<replica>.
const StreamName = "ledger"

// Options say where and how long records are kept.
type Options struct {
	Store *store.Store // not nil
	// Dir is where index and rollups are kept between starts; "" = they are made anew from the blocks at each start.
	Dir string
	// Replica is this process's name among others of a fleet; "" = local.
	Replica string
	// MaxAge and MaxBytes bound what is kept of records; zero = no bound. Rollups are kept longer: minutes for 2 days, hours
	// for 62, days for 800.
	MaxAge   time.Duration
	MaxBytes int64
	// Buffer bounds the memory of what is not yet in the stream, in bytes; zero = 64 MB. What comes beyond it is dropped, and
	// counted.
	Buffer int64
	// Sync has each block on the disk before it is acknowledged. It holds for a stream that is made anew.
	Sync bool
	// ReadOnly opens the ledger for questions alone.
	ReadOnly bool
	// Redactor blackens what is kept of prompts' words; nil = the built-in rules alone.
	Redactor *Redactor
	// Metrics is where the ledger's are registered; nil = nowhere.
	Metrics *metrics.Set
	// Log gets what an operator should know; nil = nobody.
	Log func(format string, args ...any)
}

// Ledger takes records and answers questions about them. Its methods are safe for concurrent use.
type Ledger struct {
	options Options
	intake  intake
	counts  counts

	outbox  chan *sealedBlock
	ended   sync.WaitGroup
	stop    context.CancelFunc
	halt    context.CancelFunc // ends the writer too, which goes on for a while after stop
	flushes chan chan int64

	mu      sync.Mutex
	changed *sync.Cond // of what follows
	stream  jetstream.Stream
	secret  []byte // of prompts' hashes; nil = the state has not told it yet
	index   index
	rollups *Rollups
	pending map[BlockID]*sealedBlock // published, but not come back from the stream
	met     map[BlockID]uint64       // of late: a block that was published twice counts once
	metRing []BlockID
	origin  time.Time // when the stream was made
	applied uint64    // sequence up to which index and rollups know it
	acked   uint64    // of the last block of our own
	sent    int64     // blocks given to the outbox …
	done    int64     // … and come through it
	latest  time.Time // when the last block was applied
	watches map[*Watch]struct{}
	caught  bool // everything that the stream had at the start is known

	saved atomic.Uint64 // applied at the last checkpoint
}

// Open opens the ledger. It answers at once by what its checkpoint knows, and catches up with the stream behind it; a cluster
// that is away is no error.
func Open(ctx context.Context, o Options) (*Ledger, error) {
	if o.Store == nil {
		return nil, errors.New("ledger: it needs an open store")
	}
	if o.Replica == "" {
		o.Replica = "local"
	}
	if o.Buffer <= 0 {
		o.Buffer = 64 << 20
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.Redactor == nil {
		o.Redactor = &Redactor{rules: builtin}
	}
	l := &Ledger{
		options: o, outbox: make(chan *sealedBlock, 1<<14), flushes: make(chan chan int64),
		rollups: newRollups(), pending: map[BlockID]*sealedBlock{}, met: map[BlockID]uint64{}, watches: map[*Watch]struct{}{},
	}
	l.changed = sync.NewCond(&l.mu)
	l.intake.init(o.Buffer)
	l.counts.register(o.Metrics, l)
	if err := l.restore(); err != nil {
		o.Log("ledger: its index is made anew from the blocks: %v", err)
	}
	if err := l.attach(ctx); err != nil {
		if o.Store.Embedded() {
			return nil, err
		}
		o.Log("ledger: records are kept in memory until the state answers: %v", err)
	}
	running, stop := context.WithCancel(context.Background())
	writing, halt := context.WithCancel(context.Background())
	l.stop, l.halt = stop, halt
	l.ended.Go(func() { l.follow(running) })
	if o.ReadOnly {
		l.intake.close()
		return l, nil
	}
	l.ended.Go(func() { l.write(running) })
	l.ended.Go(func() { l.publish(writing) })
	l.ended.Go(func() { l.keep(running) })
	return l, nil
}

// attach finds or makes the stream.
func (l *Ledger) attach(ctx context.Context) error {
	l.mu.Lock()
	s := l.stream
	l.mu.Unlock()
	if s != nil {
		return nil
	}
	o := &l.options
	s, err := o.Store.Stream(ctx, store.StreamConfig{
		Name: StreamName, Description: "decision records, in blocks", Subjects: []string{StreamName + ".>"}, MaxAge: o.MaxAge, MaxBytes: o.MaxBytes,
		Duplicates: 10 * time.Minute, Async: !o.Sync,
	})
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	secret, err := l.agreeOnSecret(ctx)
	if err != nil {
		return fmt.Errorf("ledger: agree on the secret of prompts' hashes: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stream, l.secret = s, secret
	info := s.CachedInfo()
	if made := info.Created.UTC(); !made.Equal(l.origin) || info.State.LastSeq < l.applied {
		if l.applied > 0 {
			o.Log("ledger: the stream is another than the index is of: the index is made anew from the blocks")
		}
		l.origin, l.applied, l.index, l.rollups = made, 0, index{}, newRollups()
	}
	l.index.trim(info.State.FirstSeq)
	l.caught = l.applied >= info.State.LastSeq
	l.changed.Broadcast()
	return nil
}

// agreeOnSecret is the secret under which prompts are hashed: all replicas have one, and it is never shown.
func (l *Ledger) agreeOnSecret(ctx context.Context) ([]byte, error) {
	kv, err := l.options.Store.KV(ctx, store.KVConfig{Name: "secrets", Description: "what replicas must know alike"})
	if err != nil {
		return nil, err
	}
	const name = "ledger.hmac"
	fresh := make([]byte, 32)
	rand.Read(fresh)
	if _, err = kv.Create(ctx, name, fresh); err == nil {
		return fresh, nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return nil, err
	}
	kept, err := kv.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return kept.Value(), nil
}

// Put takes a record over, without ever waiting: what there is no room for is dropped, and counted.
func (l *Ledger) Put(r *Record) {
	if reason := l.intake.put(r); reason != "" {
		if reason == dropFull {
			if ok, _ := l.options.Store.Connected(); !ok {
				reason = dropAway
			}
		}
		l.counts.drop(reason)
		r.Release()
	}
}

// Close takes no more records, writes what is there until ctx ends, and remembers what it knows.
func (l *Ledger) Close(ctx context.Context) error {
	l.intake.close()
	err := l.Flush(ctx)
	l.stop()
	l.halt()
	l.ended.Wait()
	if lost := l.intake.waiting(); lost > 0 {
		l.counts.dropMany(dropClosed, int(lost))
	}
	if !l.options.ReadOnly {
		err = errors.Join(err, l.save())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.watches {
		w.end()
	}
	l.watches = nil
	return err
}

// Flush has everything that was put so far in the stream, and known here.
func (l *Ledger) Flush(ctx context.Context) error {
	if l.options.ReadOnly {
		return nil
	}
	written := make(chan int64, 1)
	sent := int64(0)
	select {
	case l.flushes <- written:
	case <-ctx.Done():
		return fmt.Errorf("ledger: flush: %w", ctx.Err())
	}
	select {
	case sent = <-written:
	case <-ctx.Done():
		return fmt.Errorf("ledger: flush: %w", ctx.Err())
	}
	err := l.wait(ctx, func() bool { return l.done >= sent })
	if err == nil {
		l.mu.Lock()
		acked := l.acked
		l.mu.Unlock()
		err = l.wait(ctx, func() bool { return l.applied >= acked })
	}
	if err != nil {
		return fmt.Errorf("ledger: %d records are not written: %w", l.intake.waiting(), err)
	}
	return nil
}

// CaughtUp waits until everything that the stream had when it was found is known.
func (l *Ledger) CaughtUp(ctx context.Context) error {
	return l.wait(ctx, func() bool { return l.caught })
}

func (l *Ledger) wait(ctx context.Context, is func() bool) error {
	defer context.AfterFunc(ctx, func() {
		l.mu.Lock()
		l.changed.Broadcast()
		l.mu.Unlock()
	})()
	l.mu.Lock()
	defer l.mu.Unlock()
	for !is() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.changed.Wait()
	}
	return nil
}

// Status is how the ledger is.
type Status struct {
	Records   int       `json:"records"` // that it can be asked for
	Blocks    uint64    `json:"blocks"`
	Bytes     uint64    `json:"bytes"`
	Oldest    time.Time `json:"oldest,omitzero"`
	Latest    time.Time `json:"latest,omitzero"` // when the last block came
	Waiting   int64     `json:"waiting"`         // records that are not in the stream yet
	Dropped   uint64    `json:"dropped"`         // since the start
	CaughtUp  bool      `json:"caught_up"`
	Connected bool      `json:"connected"`
}

// Status asks the stream how large it is; where nobody answers, what was known last counts.
func (l *Ledger) Status(ctx context.Context) Status {
	l.mu.Lock()
	s := Status{Records: l.index.records, Latest: l.latest, CaughtUp: l.caught, Waiting: l.intake.waiting(), Dropped: l.counts.dropped()}
	stream := l.stream
	l.mu.Unlock()
	s.Connected, _ = l.options.Store.Connected()
	if stream == nil {
		return s
	}
	info := stream.CachedInfo()
	if s.Connected {
		if fresh, err := stream.Info(ctx); err == nil {
			info = fresh
		}
	}
	s.Blocks, s.Bytes, s.Oldest = info.State.Msgs, info.State.Bytes, info.State.FirstTime
	return s
}
