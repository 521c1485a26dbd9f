package openai

import (
	"bytes"

	"github.com/routor/routor/providers/sse"
)

// removable is the member from..end with the comma that has to go with it, so that what is left is the JSON that it would
// have been without the member.
func removable(b []byte, from, comma, value, end int) member {
	m := member{from: from, to: end, value: value, end: end}
	if comma >= 0 {
		m.from = comma
		return m
	}
	s := scan{b: b, i: end}
	s.space()
	if s.peek() == ',' {
		s.i++
		s.space()
		m.to = s.i
	}
	return m
}

// AppendRoutor appends a body or a chunk's data with the member "routor" put last. The rest of it keeps its bytes, and
// Remove takes exactly the member away again. What is no JSON object is appended as it is.
func AppendRoutor(dst, body, routor []byte) []byte {
	end := bytes.LastIndexByte(body, '}')
	if end < 0 {
		return append(dst, body...)
	}
	last := len(bytes.TrimRight(body[:end], " \t\r\n"))
	if last == 0 {
		return append(dst, body...)
	}
	dst = append(dst, body[:last]...)
	if body[last-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(append(dst, `"routor":`...), routor...)
	return append(dst, body[last:]...)
}

// Remove appends a JSON object without the members of that name.
func Remove(dst, body []byte, name string) []byte {
	s := scan{b: body}
	s.space()
	if !s.into('{') {
		return append(dst, body...)
	}
	from, kept := len(dst), 0
	for s.more('}') {
		at, comma := s.i, s.comma
		key := s.key()
		value := s.i
		if s.skip(); string(key) == name && !s.bad {
			m := removable(body, at, comma, value, s.i)
			dst = append(dst, body[kept:max(m.from, kept)]...)
			kept = m.to
		}
	}
	if s.bad {
		return append(dst[:from], body...)
	}
	return append(dst, body[kept:]...)
}

// Edit is what is changed in an event on its way to the client.
type Edit struct {
	// Routor is a JSON object to add as the member "routor"; nil = none.
	Routor []byte
	// DropUsage takes away what include_usage brings and the client did not ask for: the chunk that has only the usage, every
	// "usage": null, and the usage that some providers put beside the last choice. So a stream looks the same whoever answers.
	DropUsage bool
}

// AppendEvent appends an event's bytes as the client is to get them: as they came, but for the edit. c is what Inspect
// found in the event's data.
func AppendEvent(dst []byte, e *sse.Event, c *Chunk, edit Edit) []byte {
	plain := c.Done || c.Invalid || e.Data == nil
	switch drop := edit.DropUsage && c.UsageTo > 0 && !plain; {
	case drop && c.UsageOnly() && edit.Routor == nil:
		return dst
	case plain || edit.Routor == nil && !drop:
		return append(dst, e.Raw...)
	}
	// The edited data is put together behind dst, then moved to its place in the event.
	from := len(dst)
	dst = AppendData(dst, e.Data, c, edit)
	to := len(dst)
	dst = e.AppendWith(dst, dst[from:to])
	n := copy(dst[from:], dst[to:])
	return dst[:from+n]
}

// AppendData appends a chunk's data with the edit made, whatever the chunk is.
func AppendData(dst, data []byte, c *Chunk, edit Edit) []byte {
	cut := edit.DropUsage && c.UsageTo > 0
	if !cut && edit.Routor == nil {
		return append(dst, data...)
	}
	from := len(dst)
	if cut {
		dst = append(append(dst, data[:c.UsageFrom]...), data[c.UsageTo:]...)
	} else {
		dst = append(dst, data...)
	}
	if edit.Routor == nil {
		return dst
	}
	to := len(dst)
	dst = AppendRoutor(dst, dst[from:to], edit.Routor)
	n := copy(dst[from:], dst[to:])
	return dst[:from+n]
}
