package chat

import (
	"net/url"
	"strings"
)

// stateMark begins a sealed state.
const stateMark = "routor:"

// Seal writes a state with its maker and form as one string, for a field of another dialect (a thinking block's signature,
// encrypted_content): it comes back from the client, and Unseal knows whose it is.
func (s *State) Seal() string {
	return stateMark + url.QueryEscape(s.Maker) + ":" + url.QueryEscape(s.Form) + ":" + s.Data
}

// Unseal reads what Seal has written; false = it is something else, for example a provider's own signature.
func Unseal(text string) (State, bool) {
	rest, ok := strings.CutPrefix(text, stateMark)
	if !ok {
		return State{}, false
	}
	maker, rest, ok := strings.Cut(rest, ":")
	form, data, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 {
		return State{}, false
	}
	maker, err := url.QueryUnescape(maker)
	form, err2 := url.QueryUnescape(form)
	if err != nil || err2 != nil {
		return State{}, false
	}
	return State{Maker: maker, Form: form, Data: data}, true
}
