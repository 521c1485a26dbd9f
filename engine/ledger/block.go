package ledger

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"
)

// A block is one message of the ledger's stream:
//
//	"RLB" version            4 bytes
//	length header            header: what a search can skip the block by
//	raw, packed              lengths of the records, plain and compressed (S2)
//	records                  table of strings and states of health, then the records, each with its length before it
//	checksum                 CRC-32C of all before, 4 bytes, little-endian
//
// Lengths and counts are varints. Later versions may put more behind a header or a record; a reader leaves it alone.
const (
	magic   = "RLB"
	version = 1

	// maxRecords and maxAge bound a block: so much a killed process loses.
	maxRecords = 256
	maxAge     = 100 * time.Millisecond
	// softBytes is when a block is full by what is in it: with its last record it stays below the 1 MB that NATS takes.
	softBytes = 512 << 10
	// maxRaw bounds what a foreign block may unpack to.
	maxRaw = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// BlockID names a block for good: a message that is published twice has one.
type BlockID [16]byte

func (id BlockID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// newBlockIDs gives ids that no other process has: 8 random bytes, then a count.
func newBlockIDs() func() BlockID {
	var id BlockID
	rand.Read(id[:8])
	n := uint64(0)
	return func() BlockID {
		n++
		binary.BigEndian.PutUint64(id[8:], n)
		return id
	}
}

// Header is what a block says of its records.
type Header struct {
	ID       BlockID
	Replica  string
	Records  int
	From, To int64    // arrival of the first and last, Unix ns
	MaxCost  Money    // of the dearest
	MaxTook  Micros   // of the slowest
	Tokens   []uint32 // hashes of what they can be found by, sorted
}

// The kinds of what a search can ask for; see Header.Tokens.
const (
	byRequest      = 'r'
	byKey          = 'k'
	byTeam         = 't'
	byModel        = 'm'
	byProvider     = 'p'
	byAttempted    = 'a'
	byTier         = 'l'
	byCategory     = 'c'
	byOutcome      = 'o'
	byProfile      = 'f'
	byConversation = 'v'
	byFlag         = '!'
)

// token is a hash of something that a record has, 32 bits: two that meet cost a needless look, no more.
func token(kind byte, s string) uint32 {
	return uint32(xxhash.Sum64String(s)*31 + uint64(kind)*0x9e3779b97f4a7c15>>7)
}

// tokensOf appends what a record can be found by.
func tokensOf(t []uint32, r *Record) []uint32 {
	add := func(kind byte, s string) {
		if s != "" {
			t = append(t, token(kind, s))
		}
	}
	add(byRequest, r.Request)
	add(byConversation, r.World.Conversation.ID)
	add(byKey, r.Who.Key)
	add(byKey, r.Who.Name)
	add(byTeam, r.Who.Team)
	add(byModel, r.Model)
	add(byProvider, r.Provider)
	add(byOutcome, r.Outcome)
	if d := r.Decision; d != nil {
		add(byTier, d.Tier)
		add(byCategory, d.Category)
		add(byProfile, d.Profile)
	}
	for i := range r.Attempts {
		add(byAttempted, r.Attempts[i].Provider)
	}
	if r.Fallback {
		add(byFlag, "fallback")
	}
	if r.Failed() {
		add(byFlag, "failed")
	}
	if r.Prompt.Keep == KeepText {
		add(byFlag, "text")
	}
	return t
}

// packer makes blocks. It is used by one goroutine, and what it gives is valid until it is used again, but for the block.
type packer struct {
	w       *writer
	next    func() BlockID
	keyed   *keyed // of prompts; nil = not known yet
	replica string
	tokens  []uint32
	raw     []byte
	packed  []byte
	header  Header
}

func newPacker(replica string) *packer {
	return &packer{w: newWriter(), next: newBlockIDs(), replica: replica}
}

// begin starts a block.
func (p *packer) begin() {
	p.w.reset()
	p.tokens = p.tokens[:0]
	p.header = Header{ID: p.next(), Replica: p.replica, From: math.MaxInt64, To: math.MinInt64}
}

// add puts a record into the block; full says that no other should follow.
func (p *packer) add(r *Record) (full bool) {
	h := &p.header
	p.w.record(r)
	p.tokens = tokensOf(p.tokens, r)
	at := r.Time.UnixNano()
	h.Records++
	h.From, h.To = min(h.From, at), max(h.To, at)
	h.MaxCost, h.MaxTook = max(h.MaxCost, r.Cost), max(h.MaxTook, r.Took)
	return h.Records >= maxRecords || len(p.w.b)+p.w.size >= softBytes
}

// end gives the block, in memory of its own.
func (p *packer) end() []byte {
	slices.Sort(p.tokens)
	p.header.Tokens = slices.Compact(p.tokens)
	p.raw = append(p.w.table(p.raw[:0]), p.w.b...)
	p.packed = s2.Encode(p.packed[:cap(p.packed)], p.raw)
	b := make([]byte, 0, 256+5*len(p.header.Tokens)+len(p.packed))
	b = append(b, magic...)
	b = append(b, version)
	b = p.header.append(b)
	b = binary.AppendUvarint(b, uint64(len(p.raw)))
	b = binary.AppendUvarint(b, uint64(len(p.packed)))
	return sealed(append(b, p.packed...))
}

// sealed appends the checksum.
func sealed(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// append appends the header with its length before it.
func (h *Header) append(b []byte) []byte {
	w := writer{}
	w.one = append(w.one, h.ID[:]...)
	w.own(h.Replica)
	w.count(h.Records)
	w.int(h.From)
	w.int(h.To - h.From)
	w.int(int64(h.MaxCost))
	w.int(int64(h.MaxTook))
	w.count(len(h.Tokens))
	last := uint32(0)
	for _, t := range h.Tokens {
		w.uint(uint64(t - last))
		last = t
	}
	b = binary.AppendUvarint(b, uint64(len(w.one)))
	return append(b, w.one...)
}

// ErrBlock is a block that can't be read. The ledger goes on without it.
var ErrBlock = errors.New("ledger: a block can't be read")

// opened is a block whose header has been read.
type opened struct {
	Header
	raw    int
	packed []byte
}

// openBlock checks a block and reads its header.
func openBlock(b []byte) (opened, error) {
	refuse := func(format string, args ...any) (opened, error) {
		return opened{}, fmt.Errorf("%w: "+format, append([]any{ErrBlock}, args...)...)
	}
	if len(b) < len(magic)+1+4 || string(b[:len(magic)]) != magic {
		return refuse("it is none")
	}
	if v := b[len(magic)]; v != version {
		return refuse("it has version %d, which this Routor does not know: use a newer one", v)
	}
	body := b[:len(b)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return refuse("its checksum does not fit")
	}
	r := reader{b: body[len(magic)+1:]}
	head := reader{b: r.take(r.count())}
	o := opened{raw: r.count()}
	o.packed = r.take(r.count())
	copy(o.ID[:], head.take(len(o.ID)))
	o.Replica, o.Records = string(head.take(head.count())), head.count()
	o.From = head.int()
	o.To = o.From + head.int()
	o.MaxCost, o.MaxTook = Money(head.int()), Micros(head.int())
	o.Tokens = make([]uint32, head.length(1))
	last := uint64(0)
	for i := range o.Tokens {
		last += head.uint()
		o.Tokens[i] = uint32(last)
	}
	if r.bad || head.bad || o.raw > maxRaw || o.Records > o.raw || last > math.MaxUint32 {
		return refuse("its header is damaged")
	}
	return o, nil
}

// raws are where blocks are unpacked to.
var raws = sync.Pool{New: func() any { return new([]byte) }}

// unpack gives the records, not compressed, in memory that is large enough or in new one.
func (o *opened) unpack(into []byte) ([]byte, error) {
	if n, err := s2.DecodedLen(o.packed); err != nil || n != o.raw {
		return nil, fmt.Errorf("%w: its records do not unpack to %d bytes", ErrBlock, o.raw)
	}
	raw, err := s2.Decode(into[:cap(into)], o.packed)
	if err != nil {
		return nil, fmt.Errorf("%w: its records do not unpack: %w", ErrBlock, err)
	}
	return raw, nil
}

// each calls f with the records of a block, in the order in which they ended, and their places, until it says no. A record
// is valid until f returns.
func (o *opened) each(rec *Record, f func(place int, r *Record) bool) error {
	room := raws.Get().(*[]byte)
	defer raws.Put(room) // strings are of a copy
	raw, err := o.unpack(*room)
	if err != nil {
		return err
	}
	*room = raw
	var r reader
	if err := r.open(raw); err != nil {
		return fmt.Errorf("%w: %w", ErrBlock, err)
	}
	for place := 0; ; place++ {
		more, err := r.next(rec)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrBlock, err)
		case !more && place != o.Records:
			return fmt.Errorf("%w: it has %d records, not %d", ErrBlock, place, o.Records)
		case !more:
			return nil
		}
		rec.Replica = o.Replica
		if !f(place, rec) {
			return nil
		}
	}
}
