package engine

import (
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// Source is a request as its client sent it, where that was not chat completions: the chat.Request is then of what its
// conversation comes to in chat completions, so that there is one way to classify, to count and to write rules.
type Source struct {
	Dialect      chat.Dialect // "" = chat completions
	Body         []byte
	Conversation *chat.Conversation // read from Body
}

// dialect is the dialect in which the client asks and is answered.
func (rt *Routed) dialect() chat.Dialect {
	if rt.source.Dialect == "" {
		return chat.Completions
	}
	return rt.source.Dialect
}

// conversation is what the client said, in no dialect. It is read when the first candidate of another dialect needs it, and
// once a request. What an earlier answer left with us is put back into it.
func (rt *Routed) conversation() (*chat.Conversation, error) {
	if rt.conv != nil {
		return rt.conv, nil
	}
	conv := rt.source.Conversation
	if conv == nil {
		conv = new(chat.Conversation)
		if err := providers.CodecOf(chat.Completions).ReadRequest(rt.Request.Body, conv); err != nil {
			return nil, err
		}
	}
	conv.From = rt.dialect()
	rt.conv = conv
	return conv, nil
}

// surfaceOf is where a candidate is called: on the surface of the client's own dialect where its provider has one, so that
// nothing need be translated, else where the catalog says. Tools go where the catalog says that tools go.
func (o *option) surfaceOf(client chat.Dialect, tools bool) catalog.Surface {
	if tools && o.tools != "" {
		return o.tools
	}
	if providers.DialectOn(o.call.Surface) == client {
		return o.call.Surface
	}
	for _, s := range o.also {
		if providers.DialectOn(s) == client {
			return s
		}
	}
	return o.call.Surface
}
