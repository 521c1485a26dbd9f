package sim

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// marked is a text that says whose it is and carries a checksum: "[9f86d081884c7d65 Quebec] … [end 1a2b3c4d]", the name being a
// word of the prompt's. All of it follows from the first sixteen digits, so that any model can go on with what another began;
// and as models do, it may begin by saying the last words again.
func (p *provider) marked(r *request, word string, c *chance) string {
	before := ""
	if last := &r.Messages[len(r.Messages)-1]; last.Role == "assistant" {
		before, _ = last.text()
	}
	id := fmt.Sprintf("%016x", c.next())
	said := strings.TrimSpace(before)
	if digits, ok := strings.CutPrefix(said, "["); ok {
		digits, _, _ = strings.Cut(digits, " ")
		id = (digits + id)[:max(len(digits), 16)]
	}
	whole := markedText(id, word)
	rest, ok := strings.CutPrefix(whole, said)
	if !ok || said == "" {
		return whole
	}
	if back := c.next() % 4; back > 0 { // says some words again
		from := len(said)
		for range back {
			from = max(strings.LastIndexByte(said[:from], ' '), 0)
		}
		return strings.TrimPrefix(said[from:], " ") + rest
	}
	return strings.TrimPrefix(rest, before[len(strings.TrimRight(before, " ")):])
}

func markedText(id, word string) string {
	seed, _ := strconv.ParseUint(id[:min(len(id), 16)], 16, 64)
	c := chance(seed)
	var b strings.Builder
	fmt.Fprintf(&b, "[%s %s]", id, word)
	for range 3 + int(c.next()%5) {
		b.WriteByte(' ')
		b.WriteString(sentences[c.next()%uint64(len(sentences))])
	}
	return fmt.Sprintf("%s [end %08x]", b.String(), crc32.ChecksumIEEE([]byte(b.String())))
}

// Mark is what a marked text says of itself.
type Mark struct{ ID, Word string }

var errMark = errors.New("not a whole marked text")

// CheckMark reads a marked text. The error says that it is cut, mixed, doubled, or none.
func CheckMark(text string) (Mark, error) {
	head, _, ok := strings.Cut(strings.TrimPrefix(text, "["), "]")
	id, word, ok2 := strings.Cut(head, " ")
	if !ok || !ok2 || len(id) != 16 {
		return Mark{}, fmt.Errorf("%w: it does not begin with a mark", errMark)
	}
	if want := markedText(id, word); text != want {
		at := 0
		for at < min(len(text), len(want)) && text[at] == want[at] {
			at++
		}
		return Mark{id, word}, fmt.Errorf("%w: after %d of %d bytes it goes on with %.60q, not %.60q", errMark, at, len(want), text[at:], want[at:])
	}
	return Mark{id, word}, nil
}

// CheckPart is CheckMark for a text that may be cut off at its end.
func CheckPart(text string) error {
	if len(text) < 18 || !strings.Contains(text, "]") {
		return nil
	}
	id, rest, _ := strings.Cut(strings.TrimPrefix(text, "["), " ")
	word, _, _ := strings.Cut(rest, "]")
	if want := markedText(id, word); !strings.HasPrefix(want, text) {
		return fmt.Errorf("%w: it is not the beginning of one", errMark)
	}
	return nil
}
