package anthropic

import "github.com/routor/routor/engine/chat"

// Spliceable is whether the bytes that a client of this dialect sent can go to a provider of it as they are. They can't where
// an answer of another dialect left its marks in the conversation: sealed state in the place of a signature, thinking without
// one, ids of tool calls that the dialect refuses. c is as ReadRequest gave it, before makers are stamped on its states; that
// a signature is of another provider of this dialect is for the caller to know.
func Spliceable(c *chat.Conversation) bool {
	for i := range c.Messages {
		for j := range c.Messages[i].Parts {
			switch p := &c.Messages[i].Parts[j]; {
			case p.Kind == chat.Reasoning && (p.State == nil || p.State.Maker != "" || !own(p.State, "")),
				p.Call != nil && chat.EncodeID(p.Call.ID, chat.AnthropicIDs) != p.Call.ID,
				p.Result != nil && chat.EncodeID(p.Result.CallID, chat.AnthropicIDs) != p.Result.CallID:
				return false
			}
		}
	}
	return true
}
