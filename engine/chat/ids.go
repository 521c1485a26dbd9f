package chat

import (
	"crypto/sha256"
	"math/big"
	"strings"
)

// IDForm is how a dialect or a provider wants the ids of tool calls: made of ASCII letters and digits and of a few marks.
type IDForm struct {
	Marks    string // allowed besides letters and digits
	Min, Max int    // bytes; Max 0 = no limit
}

// The forms of tool-call ids.
var (
	AnthropicIDs = IDForm{Marks: "_-", Min: 1, Max: 128}
	OpenAIIDs    = IDForm{Marks: "_-", Min: 1, Max: 40} // chat completions; Responses take 64
	MistralIDs   = IDForm{Min: 9, Max: 9}
)

const (
	escapedID = "ridx" // begins an id in which every byte that is not allowed, and Z, stands as Z and two hex digits
	escapeID  = 'Z'
)

// EncodeID writes an id so that it has the form. What has it already stays as it is. Else DecodeID gives the id back, unless
// the escaped one would be too long, or the form too short for any escape: then it is a digest, the same for the same id
// always, so that calls and results still find each other.
func EncodeID(id string, f IDForm) string {
	if f.takes(id) && !strings.HasPrefix(id, escapedID) {
		return id
	}
	const hex = "0123456789abcdef"
	var b strings.Builder
	b.WriteString(escapedID)
	for i := 0; i < len(id); i++ {
		if c := id[i]; c != escapeID && f.allows(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{escapeID, hex[c>>4], hex[c&15]})
		}
	}
	if out := b.String(); len(out) >= f.Min && (f.Max == 0 || len(out) <= f.Max) {
		return out
	}
	return f.digest(id)
}

// DecodeID is the id that EncodeID was given, and whether it is known: false for digests of at least 16 bytes (shorter ones
// have no room to say what they are), true for ids that were left alone.
func DecodeID(id string) (string, bool) {
	rest, ok := strings.CutPrefix(id, escapedID)
	if !ok {
		return id, !strings.HasPrefix(id, digestID)
	}
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		if rest[i] != escapeID {
			b.WriteByte(rest[i])
			continue
		}
		if i+2 >= len(rest) {
			return id, true // not of ours
		}
		r := hex4([]byte("00" + rest[i+1:i+3]))
		if r < 0 {
			return id, true
		}
		b.WriteByte(byte(r))
		i += 2
	}
	return b.String(), true
}

// digestID begins digests, where there is room for it.
const digestID = "ridh"

func (f IDForm) digest(id string) string {
	sum := sha256.Sum256([]byte(id))
	text := strings.Repeat("0", 43) + new(big.Int).SetBytes(sum[:]).Text(62)
	text = text[len(text)-43:] // 43 digits hold 256 bits
	size := 24
	if f.Max > 0 && f.Max < size {
		size = f.Max
	}
	size = min(max(size, f.Min), len(text))
	if size >= 16 { // what is left still makes two ids meet once in 10²¹ pairs
		return digestID + text[len(text)-size+len(digestID):]
	}
	return text[len(text)-size:]
}

func (f IDForm) takes(id string) bool {
	if len(id) < f.Min || f.Max > 0 && len(id) > f.Max {
		return false
	}
	for i := 0; i < len(id); i++ {
		if !f.allows(id[i]) {
			return false
		}
	}
	return true
}

func (f IDForm) allows(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(f.Marks, c) >= 0
}
