// Package sse reads server-sent events (WHATWG HTML, section 9.2) without losing a byte of them, so that a stream can be
// understood and still be forwarded exactly as it came.
package sse

import (
	"bytes"
	"errors"
	"io"
)

// Event is one block of a stream: its fields and comments up to and including the blank line that ends it. Its slices
// are views into the Reader's buffers and hold until the next call of Next.
type Event struct {
	// Raw is every byte of the block. The Raws of all events, one after the other, are the stream.
	Raw []byte
	// Data is the values of the data fields joined by "\n"; nil = the block has none and carries no message.
	Data []byte
	// Name is the value of the last event field.
	Name []byte
	// Comment is the text of the last comment line: what keep-alives are made of.
	Comment []byte
	// Ended is whether the blank line was there. Only the last event of a stream can lack it: the specification would
	// drop such an event, but several servers end with a "data: [DONE]" that has no line end.
	Ended bool

	at int // where Data stands in Raw; -1 = it was joined from several lines
}

// AppendWith appends the event's bytes with other data in the place of its own. The data is JSON: a line end in it can
// only be white space, and becomes a space.
func (e *Event) AppendWith(dst, data []byte) []byte {
	if e.at < 0 {
		return append(appendLine(append(dst, "data: "...), data), "\n\n"...)
	}
	dst = appendLine(append(dst, e.Raw[:e.at]...), data)
	return append(dst, e.Raw[e.at+len(e.Data):]...)
}

func appendLine(dst, data []byte) []byte {
	from := len(dst)
	dst = append(dst, data...)
	for i, c := range dst[from:] {
		if c == '\n' || c == '\r' {
			dst[from+i] = ' '
		}
	}
	return dst
}

// DefaultLimit is the largest event that a Reader takes unless told otherwise. Images in base64 come in one event.
const DefaultLimit = 32 << 20

// ErrTooLong says that an event is larger than the Reader's limit.
var ErrTooLong = errors.New("sse: event is larger than the limit")

const (
	firstBuffer = 4 << 10
	keptBuffer  = 256 << 10 // one huge event must not hold its memory for ever
)

// Reader reads events from a byte stream. The zero value is ready for Reset; a Reader that is reset keeps its
// buffers unless they have become very large.
// An event is given out as soon as its blank line is there; only where lines end in a lone CR must the next byte arrive
// first, because it could be the LF of a CRLF.
type Reader struct {
	src   io.Reader
	limit int
	err   error // of src, kept until the buffer is used up

	buf     []byte
	start   int  // of the current event
	end     int  // of what was read
	begun   bool // the first bytes were looked at for a byte order mark
	scratch []byte
}

// NewReader is a Reader of src with the default limit.
func NewReader(src io.Reader) *Reader {
	r := new(Reader)
	r.Reset(src, 0)
	return r
}

// Reset makes the Reader read a new stream. limit is the largest event in bytes; 0 = DefaultLimit.
func (r *Reader) Reset(src io.Reader, limit int) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	if len(r.buf) > keptBuffer {
		r.buf, r.scratch = nil, nil
	}
	r.src, r.limit, r.err = src, limit, nil
	r.start, r.end, r.begun = 0, 0, false
}

// span is a part of the current event, as offsets from its start: the buffer may move while an event is being read.
type span struct{ from, to int }

func (s span) of(event []byte) []byte {
	if s.to < 0 {
		return nil
	}
	return event[s.from:s.to:s.to]
}

var none = span{0, -1}

// Next is the next event. Its error is io.EOF after the last event, ErrTooLong, or what the underlying reader said. A
// reader that fails in the middle of an event first gives out what there is of it.
func (r *Reader) Next() (Event, error) {
	var (
		line, scanned       int // offsets from start: where the line begins, and how far it was searched
		data, name, comment = none, none, none
		joined              bool // data is in scratch
	)
	if !r.begun {
		if err := r.skipMark(&line); err != nil {
			return Event{}, err
		}
		scanned = line
	}
	for {
		end, next, ok := lineEnd(r.buf[r.start:r.end], line, &scanned, r.err != nil)
		if !ok {
			if r.err == nil {
				if err := r.fill(); err != nil {
					return Event{}, err
				}
				continue
			}
			if r.end == r.start {
				return Event{}, r.err
			}
			end, next = r.end-r.start, r.end-r.start
		}
		text := r.buf[r.start+line : r.start+end]
		if len(text) > 0 {
			field, from := fieldOf(text)
			value := span{line + from, end}
			switch field {
			case dataField:
				switch {
				case joined:
					r.scratch = append(append(r.scratch, '\n'), text[from:]...)
				case data != none:
					first := data.of(r.buf[r.start:r.end])
					r.scratch = append(append(append(r.scratch[:0], first...), '\n'), text[from:]...)
					joined = true
				default:
					data = value
				}
			case eventField:
				name = value
			case commentField:
				comment = value
			}
		}
		line, scanned = next, next
		if ended := ok && len(text) == 0; ended || (!ok && r.err != nil) {
			raw := r.buf[r.start : r.start+next : r.start+next]
			r.start += next
			e := Event{Raw: raw, Data: data.of(raw), Name: name.of(raw), Comment: comment.of(raw), Ended: ended, at: data.from}
			if joined {
				e.Data, e.at = r.scratch, -1
			}
			return e, nil
		}
	}
}

// lineEnd finds the end of the line that begins at line, and where the next one begins. It remembers in scanned what it
// has searched, so that a long line that arrives in small pieces is not searched again and again. last says that no more
// bytes follow.
func lineEnd(b []byte, line int, scanned *int, last bool) (end, next int, ok bool) {
	from := *scanned
	lf := bytes.IndexByte(b[from:], '\n')
	upto := b[from:]
	if lf >= 0 {
		upto = b[from : from+lf]
	}
	if cr := bytes.IndexByte(upto, '\r'); cr >= 0 {
		at := from + cr
		switch {
		case lf == cr+1:
			return at, at + 2, true
		case at+1 < len(b) || last:
			return at, at + 1, true
		}
		*scanned = at
		return 0, 0, false
	}
	if lf >= 0 {
		return from + lf, from + lf + 1, true
	}
	*scanned = len(b)
	return 0, 0, false
}

type field uint8

const (
	otherField field = iota // id, retry and what is not known: only in Raw
	dataField
	eventField
	commentField
)

// fieldOf is a line's field and where its value begins: after the colon and one space.
func fieldOf(line []byte) (f field, value int) {
	switch {
	case line[0] == ':':
		f, value = commentField, 1
	case bytes.HasPrefix(line, []byte("data")):
		f, value = dataField, len("data")
	case bytes.HasPrefix(line, []byte("event")):
		f, value = eventField, len("event")
	default:
		return otherField, 0
	}
	if f != commentField {
		if value == len(line) {
			return f, value
		}
		if line[value] != ':' {
			return otherField, 0
		}
		value++
	}
	if value < len(line) && line[value] == ' ' {
		value++
	}
	return f, value
}

// skipMark steps over a byte order mark; it stays in the first event's Raw.
func (r *Reader) skipMark(line *int) error {
	for r.end-r.start < 3 && r.err == nil && bytes.HasPrefix(mark, r.buf[r.start:r.end]) {
		if err := r.fill(); err != nil {
			return err
		}
	}
	r.begun = true
	if bytes.HasPrefix(r.buf[r.start:r.end], mark) {
		*line = len(mark)
	}
	return nil
}

var mark = []byte("\xef\xbb\xbf")

// fill reads once more from the source, making room first.
func (r *Reader) fill() error {
	if r.end == len(r.buf) {
		switch size := r.end - r.start; {
		case r.start > 0 && size <= len(r.buf)/2:
			copy(r.buf, r.buf[r.start:r.end])
			r.start, r.end = 0, size
		case size >= r.limit:
			return ErrTooLong
		default:
			grown := make([]byte, min(max(2*len(r.buf), firstBuffer), r.limit))
			copy(grown, r.buf[r.start:r.end])
			r.buf, r.start, r.end = grown, 0, size
		}
	}
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if err != nil {
			r.err = err
			return nil
		}
		if n > 0 {
			return nil
		}
	}
	r.err = io.ErrNoProgress
	return nil
}
