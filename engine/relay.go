package engine

import (
	"bytes"
	"strconv"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/openai"
	"github.com/routor/routor/providers/sse"
)

// relay turns the events of one upstream's stream into what the client gets: as they came where both speak one dialect, else
// through the hub types. It is used by one goroutine at a time.
type relay struct {
	client chat.Dialect
	same   bool
	usage  bool // the client of a chat completion asked for usage
	dec    chat.Decoder
	enc    chat.Encoder // nil where the bytes are spliced
	tell   func(*chat.Event)
	out    []byte
	keeper *chat.Gather // of the state that the model needs back; nil = it needs none
	seq    int64        // of the last event of Responses that was spliced; -1 = none
	ended  bool         // the translated stream has come to its end
	seams  *seams       // nil = the stream is not gone on with if it breaks
	seam   []byte
	hears  chat.Decoder        // of what goes through, for the seams
	stored func(id string)     // is told the id of an answer that its provider keeps, once; nil = it keeps none
	items  func(events []byte) // is told what the client gets, where it may refer to items of it; nil = it does not
}

// begin makes it the relay of an attempt's stream. s gives the members that go into the last event of a translated chat
// completion.
func (r *relay) begin(x *exchange, s *AnswerStream) {
	rt := x.rt
	*r = relay{client: rt.dialect(), same: x.sent.spliced(), usage: rt.Request.IncludeUsage, seq: -1}
	if x.storing() {
		r.stored = x.stored
	}
	if rt.refersToItems() {
		r.items = func(events []byte) { x.e.Items.keepDone(rt.keyID(), events) }
	}
	if x.keeps() {
		r.keeper = new(chat.Gather)
	}
	if x.mayGoOn() {
		r.seams = new(seams)
		r.hears = providers.CodecOf(x.sent.speaks).Decoder()
	}
	if r.same && r.keeper == nil {
		return
	}
	r.dec = providers.CodecOf(x.sent.speaks).Decoder()
	if r.same {
		r.tell = r.keeper.Tell
		return
	}
	conv, _ := rt.conversation()
	r.enc = providers.CodecOf(r.client).Encoder(chat.Encoding{IncludeUsage: r.usage, Request: conv, Last: s.last})
	var custom []string
	if conv != nil {
		custom = conv.CustomTools()
	}
	write := chat.RestoreCustom(custom, func(e *chat.Event) {
		r.ended = r.ended || e.Kind == chat.EventEnd
		r.out = r.enc.Append(r.out, e)
	})
	provider := x.current.Deployment.Provider
	r.tell = func(e *chat.Event) {
		if s := e.Part.State; s != nil && s.Maker == "" {
			state := *s
			state.Maker = provider
			e.Part.State = &state
		}
		if r.keeper != nil {
			r.keeper.Tell(e)
		}
		write(e)
	}
}

// keeps is whether an answer may bring state that its model needs back: one that can call tools, unless both the client and
// the provider have fields for it that no client drops.
func (x *exchange) keeps() bool {
	if x.rt.Request.Facts.Tools == 0 || providers.CodecOf(x.sent.speaks) == nil {
		return false
	}
	o := &x.rt.Snapshot.options[x.current.Deployment.Index]
	return !x.sent.spliced() || x.sent.speaks == chat.Completions && o.provider != nil && o.provider.State != ""
}

// append appends what an event comes to for the client.
func (r *relay) append(dst []byte, e *sse.Event, c *chat.Chunk) []byte {
	from := len(dst)
	if dst = r.translated(dst, e, c); r.items != nil {
		r.items(dst[from:])
	}
	return dst
}

func (r *relay) translated(dst []byte, e *sse.Event, c *chat.Chunk) []byte {
	if r.stored != nil && e.Data != nil {
		for name, v := range chat.Object(e.Data) {
			if name == "response" {
				r.stored(stringOf(v, "id"))
				r.stored = nil
			}
		}
	}
	if r.hears != nil && r.seams.number == 0 && r.seams.enc == nil {
		r.seams.heard(r.hears, e)
	}
	if r.same {
		if r.keeper != nil && e.Data != nil {
			_ = r.dec.Decode(string(e.Name), e.Data, r.tell) // what can't be read is passed on all the same
		}
		switch r.client {
		case chat.Completions:
			dst = openai.AppendEvent(dst, e, c, openai.Edit{DropUsage: !r.usage})
		case chat.Responses:
			r.count(e.Data)
			dst = append(dst, e.Raw...)
		default:
			dst = append(dst, e.Raw...)
		}
		if !e.Ended { // the last one of a stream that was cut right behind it: nothing else may stick to it
			dst = append(dst, "\n\n"...)
		}
		return dst
	}
	if e.Data == nil {
		return dst
	}
	r.out = dst
	if err := r.dec.Decode(string(e.Name), e.Data, r.tell); err != nil {
		return dst
	}
	dst, r.out = r.out, nil
	return dst
}

// finish appends the proper end of a stream whose upstream sent no mark of its own, or none that has been translated yet.
func (r *relay) finish(dst []byte) []byte {
	if r.same {
		switch r.client {
		case chat.Completions:
			return append(dst, "data: [DONE]\n\n"...)
		case chat.Messages:
			return append(dst, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...)
		}
		return dst
	}
	if r.ended {
		return dst
	}
	from := len(dst)
	r.out = dst
	r.dec.End(r.tell)
	if !r.ended {
		r.tell(&chat.Event{Kind: chat.EventEnd})
	}
	if dst, r.out = r.out, nil; r.items != nil {
		r.items(dst[from:])
	}
	return dst
}

var sequence = []byte(`"sequence_number":`)

// count notes the number of an event, which the next one goes on from.
func (r *relay) count(data []byte) {
	i := bytes.LastIndex(data, sequence)
	if i < 0 {
		return
	}
	digits := bytes.TrimLeft(data[i+len(sequence):], " ")
	if end := bytes.IndexFunc(digits, func(c rune) bool { return c < '0' || c > '9' }); end >= 0 {
		digits = digits[:end]
	}
	if n, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
		r.seq = n
	}
}

// brokenOff appends the honest end of a stream that broke off, in a client's dialect; r is the zero relay where nothing had
// begun.
func brokenOff(dst []byte, client chat.Dialect, r *relay, f *Failure) []byte {
	fault := f.Fault()
	switch {
	case client == chat.Completions && r.enc == nil:
		return append(f.AppendJSON(append(dst, "data: "...)), "\n\n"...)
	case r.enc != nil:
		return r.enc.Break(dst, fault)
	case client == chat.Messages:
		dst = append(dst, "event: error\ndata: "...)
		return append(providers.CodecOf(client).AppendFault(dst, fault), "\n\n"...)
	case r.client == "" || r.seq < 0:
		return providers.CodecOf(client).Encoder(chat.Encoding{}).Break(dst, fault)
	}
	dst = append(dst, "event: error\ndata: {\"type\":\"error\",\"code\":"...)
	dst = appendString(dst, f.Code)
	dst = append(dst, `,"message":`...)
	dst = appendString(dst, f.Message)
	dst = append(dst, `,"param":null,"sequence_number":`...)
	return append(strconv.AppendInt(dst, r.seq+1, 10), "}\n\n"...)
}

// signOfLife appends what keeps a connection open that has nothing to say yet.
func signOfLife(dst []byte, client chat.Dialect) []byte {
	if client == chat.Messages {
		return append(dst, "event: ping\ndata: {\"type\": \"ping\"}\n\n"...)
	}
	return append(dst, comment...)
}

// keep remembers what the answering model needs back.
func (x *exchange) keep(parts []chat.Part) {
	x.e.States.Keep(x.rt.keyID(), x.current.Deployment.Provider, parts)
}

// Fault is the failure as codecs tell it.
func (f *Failure) Fault() *chat.Fault {
	return &chat.Fault{Status: f.Status, Type: f.Type, Code: f.Code, Message: f.Message, Param: f.Param}
}
