package gemini

import "github.com/routor/routor/engine/chat"

// ReadReply reads a whole answer. A prompt that Google blocked is an answer with nothing in it that a filter ended. The
// error is for what is no answer: an error, or a candidate that ended in a malformed call.
func (codec) ReadReply(body []byte, r *chat.Reply) error {
	if err := chat.Check(body); err != nil {
		return err
	}
	var g chat.Gather
	var d decoder
	if err := d.chunk(body, g.Tell); err != nil {
		return &chat.Error{Message: err.Error()}
	}
	d.End(g.Tell)
	if g.Fault != nil {
		return &chat.Error{Message: "no answer: " + g.Fault.Message}
	}
	*r = g.Reply
	c := chunk{keep: true}
	c.read(body)
	r.Extra = c.extra
	list, ok := open(c.candidates, '[')
	for i := 0; ok && list.more(); i++ {
		cand := candidate{keep: true}
		cand.read(list.value())
		if cand.index < 0 {
			cand.index = i
		}
		for j := range r.Choices {
			if r.Choices[j].Index == cand.index {
				r.Choices[j].Extra = cand.extra
			}
		}
	}
	return nil
}
