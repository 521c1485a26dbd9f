package chat

import "strings"

// EditKind is what an Edit does.
type EditKind uint8

// The kinds of edits.
const (
	Set     EditKind = iota + 1 // give the member the value; put it in where there is none of the name
	Add                         // put the member in where there is none of the name
	Replace                     // give the member the value where there is one
	Remove                      // take the member away
	Rename                      // give the member the name As; it goes where there is one of that name already
	Within                      // edit the members of its value, which is taken for {} where it is no object; put it in where there is none
	Strip                       // take away all members whose names begin with Name
)

// Edit is a change to a top-level member of a JSON object. Edits are made in their order, each on what those before it left;
// where a name comes twice each of the two is changed, so that it does not matter which one a reader takes.
type Edit struct {
	Kind  EditKind
	Name  string
	As    string // of Rename
	Value []byte // of Set, Add and Replace: JSON
	Text  string // the same as a string, where Value is nil
	Edits []Edit // of Within
}

// maxEdits is how many edits are made in one pass.
const maxEdits = 64

// Members is where the members of a JSON object lie. It is a view of the object's bytes, and costs no memory of its own
// once it has been used.
type Members struct {
	list []place
	open int // behind the opening brace
	ok   bool
}

// place is where one member lies.
type place struct {
	name                    string // without escapes
	comma, from, value, end int    // comma is the one before it, -1 of the first
}

// Index finds the members of a JSON object. false = the bytes are none; it looks no deeper than where values end.
func (m *Members) Index(object []byte) bool {
	clear(m.list)
	*m = membersOf(m.list[:0], object)
	return m.ok
}

// membersOf is Index into memory that may be on the stack.
func membersOf(list []place, object []byte) (m Members) {
	m.list = list
	s := scan{b: object}
	s.space()
	if s.peek() != '{' {
		return m
	}
	s.i++
	m.open = s.i
	for {
		s.space()
		comma := -1
		switch {
		case s.peek() == '}':
			s.i++
			s.space()
			m.ok = s.i == len(object)
			return m
		case len(m.list) > 0 && s.peek() != ',':
			return m
		case len(m.list) > 0:
			comma = s.i
			s.i++
			s.space()
		}
		from := s.i
		if s.peek() != '"' {
			return m
		}
		name := s.key()
		value := s.i
		if !s.colonBefore(value) || !s.take() {
			return m
		}
		m.list = append(m.list, place{name: name, comma: comma, from: from, value: value, end: s.i})
	}
}

// colonBefore is whether a colon stands before a value, with nothing but space between.
func (s *scan) colonBefore(value int) bool {
	for i := min(value, len(s.b)) - 1; i >= 0; i-- {
		if s.b[i] > ' ' {
			return s.b[i] == ':'
		}
	}
	return false
}

// take steps over a value, and says whether it is whole as far as brackets and quotes tell.
func (s *scan) take() bool {
	switch s.peek() {
	case 0, ',', ':', '}', ']':
		return false
	case '{', '[':
		return s.brackets()
	case '"':
		in := s.string()
		return in.to < s.i
	}
	s.value()
	return true
}

// Has is whether there is a member of that name.
func (m *Members) Has(name string) bool {
	for i := range m.list {
		if m.list[i].name == name {
			return true
		}
	}
	return false
}

// Get is the value of a member, as it stands in the object that was indexed; nil = there is none. Of several the last.
func (m *Members) Get(object []byte, name string) []byte {
	for i := len(m.list) - 1; i >= 0; i-- {
		if p := &m.list[i]; p.name == name {
			return object[p.value:p.end:p.end]
		}
	}
	return nil
}

// Each calls f with every member, in order.
func (m *Members) Each(object []byte, f func(name string, value []byte)) {
	for i := range m.list {
		p := &m.list[i]
		f(p.name, object[p.value:p.end:p.end])
	}
}

// EditMembers appends a JSON object with edits made to its top-level members; all else keeps its bytes. What is put in
// stands last. What is no object is appended as it is.
func EditMembers(dst, object []byte, edits ...Edit) []byte {
	var room [48]place
	m := membersOf(room[:0], object)
	return m.Append(dst, object, edits)
}

// Append is EditMembers for an object that was indexed.
func (m *Members) Append(dst, object []byte, edits []Edit) []byte {
	if !m.ok {
		return append(dst, object...)
	}
	if len(edits) > maxEdits {
		return EditMembers(dst, m.Append(nil, object, edits[:maxEdits]), edits[maxEdits:]...)
	}
	var met uint64 // the edits that found their member
	at, kept := 0, false
	for i := range m.list {
		p := &m.list[i]
		v := edited{name: p.name}
		met |= m.edit(&v, edits, 0)
		switch {
		case v.gone && kept: // with the comma before it
			dst, at = append(dst, object[at:p.comma]...), p.end
		case v.gone: // nothing stays before it: with what comes up to the next member
			dst = append(dst, object[at:p.from]...)
			if at = p.end; i+1 < len(m.list) {
				at = m.list[i+1].from
			}
		default:
			kept = true
			if v.name != p.name {
				dst, at = appendQuoted(append(dst, object[at:p.from]...), v.name), p.from+2+quotedLen(object[p.from:])
			}
			if v.by > 0 {
				dst = append(dst, object[at:p.value]...)
				dst, at = edits[v.by-1].append(dst, object[p.value:p.end]), p.end
			}
		}
	}
	end := m.open // where members are put in
	if n := len(m.list); n > 0 {
		end = m.list[n-1].end
	}
	if at < end {
		dst, at = append(dst, object[at:end]...), end
	}
	for i := range edits {
		e := &edits[i]
		if met&(1<<i) != 0 || e.Kind != Set && e.Kind != Add && e.Kind != Within {
			continue
		}
		v := edited{name: e.Name, by: i + 1}
		met |= m.edit(&v, edits, i+1)
		if v.gone {
			continue
		}
		if kept {
			dst = append(dst, ',')
		}
		kept = true
		dst = append(appendQuoted(dst, v.name), ':')
		dst = edits[v.by-1].append(dst, nil)
	}
	return append(dst, object[at:]...)
}

// quotedLen is the length of what is between the quotes of the string that b begins with.
func quotedLen(b []byte) int {
	s := scan{b: b}
	in := s.string()
	return in.to - in.from
}

// edited is what becomes of one member.
type edited struct {
	name string
	by   int // the last edit of its value, counted from 1; 0 = it stays
	gone bool
}

// edit makes the edits from one on, and tells which of them found the member.
func (m *Members) edit(v *edited, edits []Edit, from int) (met uint64) {
	for i := from; i < len(edits); i++ {
		e := &edits[i]
		if e.Kind == Strip {
			v.gone = v.gone || strings.HasPrefix(v.name, e.Name)
			continue
		}
		if e.Name != v.name || v.gone && e.Kind != Set {
			continue
		}
		met |= 1 << i
		switch e.Kind {
		case Set:
			v.gone, v.by = false, i+1
		case Replace, Within:
			v.by = i + 1
		case Remove:
			v.gone = true
		case Rename:
			v.gone = m.Has(e.As)
			v.name = e.As
		}
	}
	return met
}

// append appends the value that the edit gives a member, or makes of its old one.
func (e *Edit) append(dst, old []byte) []byte {
	switch {
	case e.Kind == Within:
		if len(old) == 0 || old[0] != '{' {
			old = emptyObject
		}
		return EditMembers(dst, old, e.Edits...)
	case e.Value != nil:
		return append(dst, e.Value...)
	default:
		return appendQuoted(dst, e.Text)
	}
}

var emptyObject = []byte("{}")
