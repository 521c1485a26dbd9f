// Package anthropic translates the Anthropic Messages dialect (POST /v1/messages, version 2023-06-01) to and from the hub
// types of engine/chat: requests, plain answers, streams, errors and token counts, each both ways.
//
// What the hub types have no place for is kept: members of a request, a message, a block or an answer that are not known here
// stand in Extra, blocks and tools that only this dialect has (server_tool_use, web_search_tool_result, …) in Raw. Tool inputs
// and schemas stay the bytes that they were.
package anthropic

import (
	"strconv"

	"github.com/routor/routor/engine/chat"
)

// Messages is the codec of the dialect.
var Messages chat.Codec = codec{}

type codec struct{}

// Dialect is chat.Messages.
func (codec) Dialect() chat.Dialect { return chat.Messages }

// The forms of State that are the dialect's own.
const (
	Signature = "signature" // of a thinking block
	Redacted  = "redacted"  // the data of a redacted_thinking block
)

// AppendCount appends the answer to POST /v1/messages/count_tokens. Its request is read by ReadRequest like any other: it
// lacks max_tokens, which is not asked for there.
func AppendCount(dst []byte, tokens int64) []byte {
	return append(strconv.AppendInt(append(dst, `{"input_tokens":`...), tokens, 10), '}')
}

// own is whether a state is of this dialect, and its maker the one that it is to be sent to.
func own(s *chat.State, provider string) bool {
	return s != nil && (s.Form == Signature || s.Form == Redacted) && (s.Maker == "" || s.Maker == provider)
}

// stateOf is the state in a field that clients send back as it was.
func stateOf(form, field string) *chat.State {
	if field == "" {
		return nil
	}
	if s, ok := chat.Unseal(field); ok {
		return &s
	}
	return &chat.State{Form: form, Data: field}
}

// field is stateOf back again, for a client: another dialect's state, or one whose maker is known, is sealed, so that its next
// reader knows whose it is.
func field(s *chat.State) string {
	switch {
	case s == nil:
		return ""
	case s.Maker == "" && (s.Form == Signature || s.Form == Redacted):
		return s.Data
	}
	return s.Seal()
}

// member appends a member of an object that is being written; the caller has written the brace.
func member(dst []byte, name string) []byte {
	if c := dst[len(dst)-1]; c != '{' {
		dst = append(dst, ',')
	}
	return append(chat.AppendQuoted(dst, name), ':')
}

// text appends a member that is a string.
func text(dst []byte, name, value string) []byte {
	return chat.AppendQuoted(member(dst, name), value)
}

// raw appends a member whose value is JSON.
func raw(dst []byte, name string, value []byte) []byte {
	return append(member(dst, name), value...)
}

// number appends a member that is a whole number.
func number(dst []byte, name string, value int64) []byte {
	return strconv.AppendInt(member(dst, name), value, 10)
}

// element goes to the next element of an array that is being written.
func element(dst []byte) []byte {
	if dst[len(dst)-1] != '[' {
		dst = append(dst, ',')
	}
	return dst
}

// rest appends members that are not known here.
func rest(dst []byte, extra []chat.Member) []byte {
	for _, m := range extra {
		dst = raw(dst, m.Name, m.Value)
	}
	return dst
}

// null is whether a value says nothing.
func null(value []byte) bool { return len(value) == 0 || value[0] == 'n' }
