package classifiers

import (
	"encoding/binary"
	"unicode/utf8"
)

// Cut is how much of a long text reaches a module, in bytes. What is cut is cut between UTF-8 characters.
type Cut struct {
	TextHead int // of the last human turn: its first bytes …
	TextTail int // … and its last, joined by a newline; a text of at most TextHead+TextTail bytes is whole
	System   int // of the system prompt: its first bytes
	Context  int // of the earlier turns: the last bytes
}

// span is the part of an input that is put in a record.
type span struct{ head, tail, system, context string }

func (c Cut) of(in *Input) span {
	s := span{head: in.Text, system: first(in.System, c.System), context: last(in.Context, c.Context)}
	if len(in.Text) > c.TextHead+c.TextTail {
		s.head, s.tail = first(in.Text, c.TextHead), last(in.Text, c.TextTail)
	}
	return s
}

// first is at most the first n bytes of s, without half a character at the end.
func first(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := 0; i < utf8.UTFMax-1 && n > 0 && !utf8.RuneStart(s[n]); i++ {
		n--
	}
	return s[:n]
}

// last is at most the last n bytes of s, without half a character at the start.
func last(s string, n int) string {
	if len(s) <= n {
		return s
	}
	from := len(s) - n
	for i := 0; i < utf8.UTFMax-1 && from < len(s) && !utf8.RuneStart(s[from]); i++ {
		from++
	}
	return s[from:]
}

func (s *span) textLen() int {
	if s.tail == "" {
		return len(s.head)
	}
	return len(s.head) + 1 + len(s.tail)
}

// recordLen is the length of the record that put writes.
func (s *span) recordLen() int { return recordHeader + s.textLen() + len(s.system) + len(s.context) }

// put writes the record of in into b, which has recordLen bytes.
func (s *span) put(b []byte, in *Input) {
	text := recordHeader
	system := text + s.textLen()
	context := system + len(s.system)
	for i, v := range [recordHeader / 4]uint32{
		abiVersion, recordHeader, uint32(in.Flags), in.Turns,
		in.Tokens, in.Bytes, uint32(text), uint32(s.textLen()),
		uint32(system), uint32(len(s.system)), uint32(context), uint32(len(s.context)),
		1,
	} {
		binary.LittleEndian.PutUint32(b[4*i:], v)
	}
	n := copy(b[text:], s.head)
	if s.tail != "" {
		b[text+n] = '\n'
		copy(b[text+n+1:], s.tail)
	}
	copy(b[system:], s.system)
	copy(b[context:], s.context)
}
