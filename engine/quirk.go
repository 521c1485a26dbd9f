package engine

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
)

// mending are the edits that a provider's quirks come to, for one request.
type mending struct {
	edits    []chat.Edit
	dropped  []string // as the surface spells them
	thinking bool     // whether the model reasons in this request
	think    thinkWish
	anew     bool // the answer is written anew
}

// thinkWish is what is done with a provider's own switch of thinking.
type thinkWish uint8

const (
	thinkAsIs thinkWish = iota
	thinkOn
	thinkOff
)

// harmless are values that a parameter has anyway: taking it away changes nothing that the client asked for.
var harmless = map[string][]string{
	"temperature": {"1"}, "top_p": {"1"}, "n": {"1"}, "presence_penalty": {"0"}, "frequency_penalty": {"0"}, "logprobs": {"false"},
	"parallel_tool_calls": {"true"}, "store": {"false"}, "service_tier": {`"auto"`, `"default"`}, "stream_options": nil, "logit_bias": {"{}"},
	"verbosity": {`"medium"`},
}

// silent are members that say nothing to a client who misses them: Routor's own, or settled by the answer's form.
var silent = []string{"stream_options"}

// mend turns the quirks that hold on a surface into edits of a body whose members are known.
func (m *mending) mend(quirks []catalog.Quirk, d *catalog.Deployment, on catalog.Surface, in *chat.Members, body []byte) {
	for i := range quirks {
		q := &quirks[i]
		if !q.Covers(d, on) || q.Thinking == catalog.Yes && !m.thinking || q.Thinking == catalog.No && m.thinking {
			continue
		}
		m.anew = m.anew || q.Anew
		for from, to := range q.Rename {
			m.edits = append(m.edits, chat.Edit{Kind: chat.Rename, Name: from, As: to})
		}
		for _, name := range q.Omit {
			m.edits = append(m.edits, chat.Edit{Kind: chat.Remove, Name: name})
		}
		for _, name := range q.Refuse {
			m.refuse(name, in.Get(body, name))
		}
		if len(q.Takes) > 0 {
			in.Each(body, func(name string, value []byte) {
				if !slices.Contains(q.Takes, name) && q.Rename[name] == "" && !slices.Contains(q.Omit, name) && !strings.HasPrefix(name, "routor_") && name != "models" {
					m.refuse(strings.Clone(name), value)
				}
			})
		}
		for name, r := range q.Bounds {
			m.bound(name, r, in.Get(body, name))
		}
		for name, words := range q.Only {
			if v := in.Get(body, name); v != nil && !among(words, v) {
				m.refuse(name, v)
			}
		}
		for name, value := range q.Set {
			m.edits = append(m.edits, chat.Edit{Kind: chat.Add, Name: name, Value: []byte(value)})
		}
		m.turn(q, in)
	}
}

// turn switches thinking on or off, unless the client has used the provider's own switch.
func (m *mending) turn(q *catalog.Quirk, in *chat.Members) {
	by := q.On
	if m.think == thinkOff {
		by = q.Off
	}
	if m.think == thinkAsIs {
		return
	}
	for name, value := range by {
		if !in.Has(name) {
			m.edits = append(m.edits, chat.Edit{Kind: chat.Add, Name: name, Value: []byte(value)})
		}
	}
}

// refuse takes a member away, and names it unless nothing is lost with it.
func (m *mending) refuse(name string, value []byte) {
	if value == nil {
		return
	}
	m.edits = append(m.edits, chat.Edit{Kind: chat.Remove, Name: name})
	if string(value) == "null" || slices.Contains(silent, name) || slices.Contains(harmless[name], plainNumber(value)) || slices.Contains(m.dropped, name) {
		return
	}
	m.dropped = append(m.dropped, name)
}

// plainNumber is a number without zeros that mean nothing, so that 1.0 is 1; anything else stays.
func plainNumber(value []byte) string {
	if v, err := strconv.ParseFloat(string(value), 64); err == nil {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return string(value)
}

// bound brings a number within its range.
func (m *mending) bound(name string, r catalog.Range, value []byte) {
	v, err := strconv.ParseFloat(string(value), 64)
	if value == nil || err != nil {
		return
	}
	if c := r.Clamp(v); c != v {
		m.edits = append(m.edits, chat.Edit{Kind: chat.Replace, Name: name, Value: strconv.AppendFloat(nil, c, 'g', -1, 64)})
	}
}

// among is whether a value is one of the words; "object" stands for every object.
func among(words []string, value []byte) bool {
	if len(value) > 0 && value[0] == '{' {
		return slices.Contains(words, "object")
	}
	return bytes.Equal(value, []byte("null")) || slices.Contains(words, strings.Trim(string(value), `"`))
}

// switches is whether a deployment's thinking can be switched off by a parameter of its provider's own.
func switches(quirks []catalog.Quirk, d *catalog.Deployment, on catalog.Surface) bool {
	for i := range quirks {
		if q := &quirks[i]; q.Off != nil && q.Covers(d, on) {
			return true
		}
	}
	return false
}
