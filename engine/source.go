package engine

import (
	"slices"
	"strings"

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
	Dropped      []string           // what of the request is lost, whoever gets it
}

// statefulFields are the fields of Responses that ask for what a provider keeps, and this server does not.
var statefulFields = []string{"previous_response_id", "conversation", "background"}

// Read reads a request's body in a client's dialect, "" = chat completions. In other dialects the facts are those of what the
// conversation comes to in chat completions. The error is a *chat.Error.
func Read(dialect chat.Dialect, body []byte) (*chat.Request, Source, error) {
	if dialect == "" || dialect == chat.Completions {
		r, err := chat.Read(body)
		return r, Source{}, err
	}
	source := Source{Dialect: dialect, Body: body, Conversation: new(chat.Conversation)}
	conv := source.Conversation
	if providers.CodecOf(dialect) == nil {
		return nil, source, &chat.Error{Message: "the dialect " + string(dialect) + " is not spoken here"}
	}
	if err := providers.CodecOf(dialect).ReadRequest(body, conv); err != nil {
		return nil, source, err
	}
	var members chat.Members
	members.Index(body)
	conv.Extra = slices.DeleteFunc(conv.Extra, func(m chat.Member) bool { return isOwn(m.Name) || asksNothing(m) })
	facts, _, err := providers.CodecOf(chat.Completions).AppendRequest(nil, conv, &chat.Target{Model: conv.Model})
	if err != nil {
		return nil, source, err
	}
	if fields := ownFields(&members, body); len(fields) > 0 {
		facts = chat.EditMembers(nil, facts, fields...)
	}
	r, err := chat.Read(facts)
	if err != nil {
		return nil, source, err
	}
	r.Client = dialect
	complete(r, conv, &members, body)
	return r, source, nil
}

// asksNothing is whether a member says that nothing kept is asked for: nobody misses it.
func asksNothing(m chat.Member) bool {
	return slices.Contains(statefulFields, m.Name) && (string(m.Value) == "false" || string(m.Value) == "null")
}

func isOwn(name string) bool { return name == "models" || strings.HasPrefix(name, "routor_") }

// ownFields are Routor's fields of a body of another dialect, to be put into the one that is read for the facts.
func ownFields(members *chat.Members, body []byte) (edits []chat.Edit) {
	members.Each(body, func(name string, value []byte) {
		if isOwn(name) {
			edits = append(edits, chat.Edit{Kind: chat.Set, Name: strings.Clone(name), Value: value})
		}
	})
	return edits
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
