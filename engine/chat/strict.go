package chat

import (
	"encoding/binary"
	"math/bits"
)

// strict finds what RFC 8259, section 7, forbids in strings, what sonic's check lets pass and providers refuse: a control
// character, an escape that is none. b is valid JSON otherwise. Eight bytes are looked at at a time.
func strict(b []byte) *Error {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	controls := false
	for i := 0; i < len(b); {
		if i+8 > len(b) {
			if b[i] != '\\' {
				controls = controls || b[i] < ' '
				i++
				continue
			}
		} else {
			x := binary.LittleEndian.Uint64(b[i:])
			slash := x ^ '\\'*ones
			slash = (slash - ones) &^ slash & highs // the lowest bit that is set marks the first backslash
			if (x-' '*ones)&^x&highs != 0 {
				controls = true
			}
			if slash == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(slash) / 8
		}
		n := escapeLen(b[i:])
		if n == 0 {
			return &Error{Offset: i, Message: "invalid JSON: unknown escape in a string"}
		}
		i += n
	}
	if controls { // most clients send no line breaks at all
		if at := controlInString(b); at >= 0 {
			return &Error{Offset: at, Message: "invalid JSON: a control character in a string must be escaped"}
		}
	}
	return nil
}

// escapeLen is the length of the escape that b begins with, 0 if it is none. Outside strings there are no backslashes.
func escapeLen(b []byte) int {
	switch {
	case len(b) < 2:
		return 0
	case b[1] == 'u':
		if hex4(b[2:]) < 0 {
			return 0
		}
		return 6
	case escapes[b[1]]:
		return 2
	}
	return 0
}

var escapes = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true}

// controlInString finds a control character inside a string; -1 = none.
func controlInString(b []byte) int {
	s := scan{b: b}
	for s.i < len(b) {
		if b[s.i] != '"' {
			s.i++
			continue
		}
		in := s.string()
		for i := in.from; i < in.to; i++ {
			if b[i] < ' ' {
				return i
			}
		}
	}
	return -1
}
