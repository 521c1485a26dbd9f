package engine

import (
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/openai"
)

// more is whether there is another candidate to ask.
func (x *exchange) more() bool {
	return x.pos < len(x.rt.Decision.Chain) && len(x.Attempts)+1 < x.e.Limits.Attempts
}

// cutEmpty is the failure of an answer that its limit of tokens ended before it said anything: the model thought for all of it.
func cutEmpty(c *Candidate) *providers.Error {
	return &providers.Error{Class: providers.InBand, Provider: c.Deployment.Provider, Status: 200, Sent: true,
		Message: "the limit of tokens was used up before the answer began"}
}

// nextFilled is next for plain answers: one that was cut before it said anything counts as a failure while somebody else is
// left to ask, and one that a filter emptied where the profile says so.
func (a *Answer) nextFilled() (Reply, *Failure) {
	for {
		reply, failure := a.next()
		if failure != nil {
			return reply, failure
		}
		c := &reply.Chunk
		err := a.emptied(c)
		switch {
		case err != nil:
		case c.Content || c.Finish != chat.Length || a.rt.Request.N > 1 || !a.more():
			return reply, nil
		default:
			err = cutEmpty(a.current)
		}
		usage, told := c.Usage, c.Cost
		reply.Closer.Close()
		if failure = a.failedAfter(err, usage, told); failure != nil {
			return Reply{}, failure
		}
	}
}

// body is a plain answer's body as the client gets it.
func (a *Answer) body(upstream []byte) []byte {
	rt := a.rt
	client := rt.dialect()
	body := upstream
	if !a.sent.spliced() || a.keeps() {
		var reply chat.Reply
		if err := providers.CodecOf(a.sent.speaks).ReadReply(upstream, &reply); err == nil {
			for i := range reply.Choices {
				own(reply.Choices[i].Parts, a.current.Deployment.Provider)
				a.keep(reply.Choices[i].Parts)
			}
			if !a.sent.spliced() {
				if conv, _ := rt.conversation(); conv != nil {
					reply.Request = conv
					reply.RestoreCustom(conv.CustomTools())
				}
				rt.spare = providers.CodecOf(client).AppendReply(rt.spare[:0], &reply)
				body = rt.spare
			}
		}
	}
	if rt.refersToItems() {
		a.e.Items.keepOutput(rt.keyID(), body)
	}
	if client != chat.Completions {
		return body
	}
	rt.note = a.AppendRoutor(rt.note[:0])
	rt.answer = openai.AppendRoutor(rt.answer[:0], body, rt.note)
	return rt.answer
}
