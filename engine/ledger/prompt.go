package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf8"
)

// How much of a prompt is kept at most, in bytes: of longer ones the beginning and the end, half each.
const (
	mostText    = 32 << 10
	mostSystem  = 8 << 10
	mostContext = 8 << 10
	// mostHashed is how much of a prompt tells it from others.
	mostHashed = 8 << 10
)

// Levels are what can be kept of prompts, from nothing to everything.
var Levels = []string{KeepNone, KeepHash, KeepFeatures, KeepText}

// staged is a prompt on its way to the writer, who hashes and redacts it: a request does not wait for that.
type staged struct {
	text, system, context []byte
	length                int // of the whole text
	cut                   bool
}

// keepStaged is the largest room that goes back to the pool with its record.
const keepStaged = 16 << 10

func (s *staged) reset() {
	for _, b := range []*[]byte{&s.text, &s.system, &s.context} {
		if *b = (*b)[:0]; cap(*b) > keepStaged {
			*b = nil
		}
	}
	s.length, s.cut = 0, false
}

// KeepPrompt copies what a level keeps of a prompt.
func (r *Record) KeepPrompt(level, text, system, context string) {
	r.Prompt = Prompt{Keep: level}
	s := &r.pooled.staged
	s.length = len(text)
	switch level {
	case KeepText:
		var cut [3]bool
		s.text, cut[0] = ends(s.text[:0], text, mostText)
		s.system, cut[1] = ends(s.system[:0], system, mostSystem)
		s.context, cut[2] = ends(s.context[:0], context, mostContext)
		s.cut = cut[0] || cut[1] || cut[2]
	case KeepHash, KeepFeatures:
		s.text = outer(s.text[:0], text)
	}
}

// outer appends what of a text is hashed.
func outer[T string | []byte](b []byte, text T) []byte {
	if len(text) <= mostHashed {
		return append(b, text...)
	}
	return append(append(b, text[:mostHashed/2]...), text[len(text)-mostHashed/2:]...)
}

// gap stands for what was left out in the middle.
const gap = "\n[…]\n"

// ends appends a text, or where it is longer than most its beginning and its end.
func ends(b []byte, text string, most int) (out []byte, cut bool) {
	if len(text) <= most {
		return append(b, text...), false
	}
	head, tail := text[:most/2], text[len(text)-most/2:]
	for len(head) > 0 && !utf8.RuneStart(text[len(head)]) {
		head = head[:len(head)-1]
	}
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	return append(append(append(b, head...), gap...), tail...), true
}

// settle turns a staged prompt into what is written: hashed, and redacted where its words are kept.
func (r *Record) settle(redact *Redactor, keyed *keyed) {
	p, s := &r.Prompt, &r.pooled.staged
	if p.Keep == "" || p.Keep == KeepNone {
		return
	}
	if keyed != nil && s.length > 0 {
		text := s.text
		if len(text) > mostHashed {
			text = outer(nil, text)
		}
		p.Hash = keyed.of(s.length, text)
	}
	if p.Keep != KeepText {
		return
	}
	p.Cut = s.cut
	for _, x := range [...]struct {
		from []byte
		to   *string
	}{{s.text, &p.Text}, {s.system, &p.System}, {s.context, &p.Context}} {
		n := 0
		*x.to, n = redact.Redact(string(x.from))
		p.Redacted += n
	}
}

// keyed hashes prompts under a secret, which makes trying likely prompts no use to whoever does not know it. SHA-256 behind a
// secret prefix is enough for that: of the sum only a part is shown, so nothing can be appended to what was hashed.
type keyed struct{ prefix, b []byte }

// newKeyed is the hash of prompts under a secret; nil = there is none yet.
func newKeyed(secret []byte) *keyed {
	if len(secret) == 0 {
		return nil
	}
	prefix := sha256.Sum256(append([]byte("routor ledger prompt "), secret...))
	return &keyed{prefix: prefix[:]}
}

func (k *keyed) of(length int, text []byte) string {
	k.b = binary.LittleEndian.AppendUint64(append(k.b[:0], k.prefix...), uint64(length))
	k.b = append(k.b, text...)
	sum := sha256.Sum256(k.b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
