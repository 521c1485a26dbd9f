package sim

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/routor/routor/engine/chat"
)

// sign makes the state that a provider's reasoning carries: whose it is, and of what.
func (p *provider) sign(what string) string {
	var sum [8]byte
	h := xxhash.Sum64String(what)
	for i := range sum {
		sum[i] = byte(h >> (8 * i))
	}
	return base64.StdEncoding.EncodeToString([]byte("routor-sim " + p.id + " " + hex.EncodeToString(sum[:])))
}

// signed is whether a state is one of this provider's.
func (p *provider) signed(state string) bool {
	b, err := base64.StdEncoding.DecodeString(state)
	return err == nil && strings.HasPrefix(string(b), "routor-sim "+p.id+" ")
}

// stateOf is the state of a piece of an answer, in the form that a dialect has it; nil where it has none.
func (p *provider) stateOf(d chat.Dialect, of string) *chat.State {
	switch d {
	case chat.Messages:
		return &chat.State{Form: "signature", Data: p.sign(of)}
	case chat.Generate:
		return &chat.State{Form: "thought_signature", Data: p.sign(of)}
	case chat.Responses:
		return &chat.State{Form: "encrypted", Data: p.sign(of)}
	}
	return nil
}
