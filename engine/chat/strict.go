package chat

import (
	"bytes"
	"encoding/binary"
)

// strict finds what RFC 8259, section 7, forbids in strings, what sonic's check lets pass and providers refuse: a control
// character, an escape that is none. b is valid JSON otherwise.
func strict(b []byte) *Error {
	if at := controlInString(b); at >= 0 {
		return &Error{Offset: at, Message: "invalid JSON: a control character in a string must be escaped"}
	}
	if at := badEscape(b); at >= 0 {
		return &Error{Offset: at, Message: "invalid JSON: unknown escape in a string"}
	}
	return nil
}

// badEscape finds a backslash that begins no escape; -1 = none. Outside strings there are no backslashes.
func badEscape(b []byte) int {
	for at := 0; ; {
		n := bytes.IndexByte(b[at:], '\\')
		if n < 0 {
			return -1
		}
		at += n
		if at+1 >= len(b) || !escapes[b[at+1]] || b[at+1] == 'u' && hex4(b[at+2:]) < 0 {
			return at
		}
		at += 2
	}
}

var escapes = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true, 'u': true}

// controlInString finds a control character inside a string; -1 = none.
func controlInString(b []byte) int {
	if control(b) < 0 { // most clients send no line breaks at all
		return -1
	}
	s := scan{b: b}
	for s.i < len(b) {
		if b[s.i] != '"' {
			s.i++
			continue
		}
		in := s.string()
		if n := control(b[in.from:in.to]); n >= 0 {
			return in.from + n
		}
	}
	return -1
}

// control finds a byte below a space, eight bytes at a time.
func control(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		if (x-' '*ones)&^x&highs != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] < ' ' {
			return i
		}
	}
	return -1
}
