package chat

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// What Context holds: at most contextTurns of the newest turns before the human turn, each turn's beginning of at most
// turnBytes, together at most contextBytes.
const (
	contextBytes = 2048
	contextTurns = 12
	turnBytes    = 512
	// turnSource is how much of a turn's JSON is looked at for its beginning.
	turnSource = 2048
)

// readTurns picks out of the conversation what a classifier reads.
func (r *Request) readTurns() {
	r.System = r.systemText()
	human := r.humanTurn()
	for i := range r.messages {
		if m := &r.messages[i]; m.role == roleUser {
			r.FirstUser = r.rawText(m)
			break
		}
	}
	if human > 0 {
		r.Context = r.contextBefore(human)
	}
	r.Facts.Continuation, r.Facts.Thanks = followUp(r.Text)
}

// humanTurn sets Text to the newest user turn that says something besides envelopes, and tells its place; -1 = none. A
// harness that puts tool results or reminders into turns of their own is looked through. If there is nothing but
// envelopes, the newest counts as it is.
func (r *Request) humanTurn() int {
	fallback := -1
	for i := len(r.messages) - 1; i >= 0; i-- {
		m := &r.messages[i]
		if m.role != roleUser {
			continue
		}
		text := r.contentText(m, 0)
		if stripped := r.human(text); stripped != "" {
			r.Text = stripped
			return i
		}
		if fallback < 0 && text != "" {
			fallback, r.Text = i, text
		}
	}
	return fallback
}

func (r *Request) systemText() string {
	first, several := "", false
	for i := range r.messages {
		m := &r.messages[i]
		if m.role != roleSystem {
			continue
		}
		text := r.contentText(m, 0)
		switch {
		case first == "":
			first = text
		case text != "":
			if !several { // start a joined copy, and only now
				several = true
				first = r.join(first, text)
				continue
			}
			first = r.join(first, text)
		}
	}
	return first
}

// join puts two texts into the buffer with a line break between them.
func (r *Request) join(a, b string) string {
	from := len(r.buf)
	r.buf = append(r.buf, a...)
	r.buf = append(r.buf, '\n')
	r.buf = append(r.buf, b...)
	return view(r.buf[from:])
}

// contextBefore is the turns before a message in brief.
func (r *Request) contextBefore(human int) string {
	var turns [contextTurns]string
	n, size := 0, 0
	for i := human - 1; i >= 0 && n < contextTurns; i-- {
		m := &r.messages[i]
		if m.role != roleUser && m.role != roleAssistant {
			continue
		}
		text := r.contentText(m, turnSource)
		if m.role == roleUser {
			text = r.human(text)
		}
		text = clip(strings.TrimSpace(text), turnBytes)
		if text == "" {
			continue
		}
		if size += len(text) + 1; size > contextBytes {
			break
		}
		turns[n] = text
		n++
	}
	if n == 0 {
		return ""
	}
	from := len(r.buf)
	for i := n - 1; i >= 0; i-- {
		r.buf = append(r.buf, turns[i]...)
		r.buf = append(r.buf, '\n')
	}
	return view(r.buf[from : len(r.buf)-1])
}

// contentText is the text of a message, several parts with a line break between them. limit bounds how much of each part's
// JSON is read; 0 = all.
func (r *Request) contentText(m *message, limit int) string {
	text := ""
	r.eachText(m, func(in span) {
		if limit > 0 && in.to-in.from > limit {
			in.to = in.from + cut(r.Body[in.from:in.to], limit)
		}
		escaped := bytes.IndexByte(r.Body[in.from:in.to], '\\') >= 0
		switch t := r.text(in, escaped); {
		case text == "":
			text = t
		case t != "":
			text = r.join(text, t)
		}
	})
	return text
}

// rawText is contentText without unescaping.
func (r *Request) rawText(m *message) string {
	text := ""
	r.eachText(m, func(in span) {
		if t := view(r.Body[in.from:in.to]); text == "" {
			text = t
		} else {
			text = r.join(text, t)
		}
	})
	return text
}

// eachText calls f for every text of a message.
func (r *Request) eachText(m *message, f func(inside span)) {
	if m.content.from == m.content.to {
		return
	}
	if r.Body[m.content.from] == '"' {
		f(m.content.inside())
		return
	}
	s := scan{b: r.Body[:m.content.to], i: m.content.from + 1}
	for s.more(']') {
		value, kind, err := r.part(&s)
		if err != nil || kind != "text" && kind != "input_text" && kind != "output_text" {
			continue
		}
		f(value.inside())
	}
}

// cut is the greatest length up to limit at which the inside of a JSON string can end: not within an escape or a
// character.
func cut(b []byte, limit int) int {
	n := limit
	for k := limit - 1; k >= max(0, limit-12); k-- {
		if b[k] == '\\' {
			n = k // whatever this escape is part of, end before it
		}
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return n
}

// clip shortens text to at most n bytes without cutting a character.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
