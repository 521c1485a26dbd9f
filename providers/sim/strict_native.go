package sim

import (
	"fmt"
	"strings"

	"github.com/bytedance/sonic"

	"github.com/routor/routor/engine/chat"
)

// checkMessages looks at a request as Anthropic does: what it refuses of the parameters, which depends on the model, and
// whether thinking comes back as it was given.
func (p *provider) checkMessages(q *question, m *model) *refusal {
	var body struct {
		MaxTokens   *float64 `json:"max_tokens"`
		Temperature *float64
		TopP        *float64 `json:"top_p"`
		TopK        *float64 `json:"top_k"`
		Thinking    struct {
			Type   string
			Budget *float64 `json:"budget_tokens"`
		}
	}
	_ = sonic.Unmarshal(q.body, &body)
	newest := strings.HasPrefix(m.id, "claude-opus-4-7") || strings.HasPrefix(m.id, "claude-opus-4-8")
	on := body.Thinking.Type == "enabled" || body.Thinking.Type == "adaptive"
	bad := func(format string, args ...any) *refusal { return q.s.fault(400, fmt.Sprintf(format, args...)) }
	switch {
	case q.s.kind == countTokens:
		return nil
	case body.MaxTokens == nil:
		return bad("max_tokens: Field required")
	case body.Temperature != nil && (*body.Temperature < 0 || *body.Temperature > 1):
		return bad("temperature: range: 0..1")
	case newest && (body.Temperature != nil && *body.Temperature != 1 || body.TopP != nil && *body.TopP != 1 || body.TopK != nil):
		return bad("`temperature`, `top_p` and `top_k` are not supported with this model.")
	case newest && body.Thinking.Type == "enabled":
		return bad("\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.")
	case on && body.Temperature != nil && *body.Temperature != 1:
		return bad("`temperature` may only be set to 1 when thinking is enabled.")
	case body.Thinking.Type == "enabled" && (body.Thinking.Budget == nil || *body.Thinking.Budget < 1024):
		return bad("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
	case body.Thinking.Type == "enabled" && *body.Thinking.Budget >= *body.MaxTokens:
		return bad("`max_tokens` must be greater than `thinking.budget_tokens`.")
	case on && (q.said.Choice.Mode == "required" || q.said.Choice.Mode == "tool"):
		return bad("Thinking may not be enabled when tool_choice forces tool use.")
	}
	return p.checkThinking(q, body.Thinking.Type == "enabled", bad)
}

// checkThinking wants signatures to be its own, over the text that they came with, and, where thinking is on, the thinking
// before the tool calls that the request's results answer. Results need a call in the turn before.
func (p *provider) checkThinking(q *question, enabled bool, bad func(string, ...any) *refusal) *refusal {
	calls := map[string]bool{}
	for i := range q.said.Messages {
		m := &q.said.Messages[i]
		asked := false
		for j := range m.Parts {
			part := &m.Parts[j]
			switch {
			case part.Kind == chat.Text && part.Text == "":
				return bad("messages.%d.content.%d: text content blocks must be non-empty", i, j)
			case part.Kind == chat.Reasoning && !part.Redacted && p.id == "anthropic" && (part.State == nil || part.State.Data != p.sign(part.Text)):
				return bad("messages.%d.content.%d: Invalid `signature` in `thinking` block", i, j)
			case part.Call != nil:
				asked, calls[part.Call.ID] = true, true
			case part.Result != nil && !calls[part.Result.CallID]:
				return bad("messages.%d.content.%d: unexpected `tool_use_id` found in `tool_result` blocks: %s. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.", i, j, part.Result.CallID)
			}
		}
		answered := i+1 < len(q.said.Messages) && i+2 >= len(q.said.Messages)
		if p.id == "anthropic" && enabled && asked && answered && m.Parts[0].Kind != chat.Reasoning {
			return bad("messages.%d.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.", i)
		}
	}
	return nil
}

// checkGenerate looks at a request as Google does: the calls of this turn need the signature that they came with (Gemini 3),
// and as many results as there were calls.
func (p *provider) checkGenerate(q *question) *refusal {
	bad := func(format string, args ...any) *refusal { return q.s.fault(400, fmt.Sprintf(format, args...)) }
	s := &q.said.Settings
	switch {
	case len(s.Stop) > 5:
		return bad("The number of stop sequences must be at most 5.")
	case s.Temperature != nil && (*s.Temperature < 0 || *s.Temperature > 2):
		return bad("temperature must be in the range [0.0, 2.0].")
	}
	for _, e := range q.said.Extra {
		switch e.Name {
		case "safetySettings", "cachedContent", "labels", "toolConfig", "generationConfig", "serviceTier", "store":
		default:
			return bad("Invalid JSON payload received. Unknown name %q: Cannot find field.", e.Name)
		}
	}
	turn := 0 // where this turn begins: behind the last words of the user
	for i := range q.said.Messages {
		m := &q.said.Messages[i]
		for j := range m.Parts {
			if m.Role == chat.User && m.Parts[j].Result == nil {
				turn = i
			}
		}
	}
	open := 0
	for i := range q.said.Messages {
		m := &q.said.Messages[i]
		calls, results := 0, 0
		for j := range m.Parts {
			part := &m.Parts[j]
			if part.State != nil && !p.signed(part.State.Data) && part.State.Data != sentinel {
				return bad("Thought signature is not valid.")
			}
			if part.Result != nil {
				results++
			}
			if part.Call == nil {
				continue
			}
			if calls++; calls == 1 && i > turn && part.State == nil && strings.HasPrefix(q.r.Model, "gemini-3") {
				return bad("Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly. Additional data, function call `default_api:%s`, position %d.", part.Call.Name, i+1)
			}
		}
		if m.Role == chat.User && (results > 0 || open > 0) && results != open {
			return bad("Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.")
		}
		open = calls
	}
	return nil
}

// sentinel is what Google takes for the signature of a call that another model made.
const sentinel = "skip_thought_signature_validator"

// checkResponses looks at a request as those do who keep no responses of ours: earlier ones are not there, and reasoning comes
// back as it was given.
func (p *provider) checkResponses(q *question) *refusal {
	for _, e := range q.said.Extra {
		if e.Name == "previous_response_id" && string(e.Value) != "null" {
			return badRequest(p.id, "Previous response with id "+string(e.Value)+" not found.", "previous_response_id", "previous_response_not_found")
		}
	}
	for i := range q.said.Messages {
		for j := range q.said.Messages[i].Parts {
			if s := q.said.Messages[i].Parts[j].State; s != nil && s.Form == "encrypted" && !p.signed(s.Data) {
				return badRequest(p.id, "The encrypted content for item "+q.said.Messages[i].Parts[j].ID+" could not be verified. Reason: Encrypted content could not be decrypted or parsed.", "", "invalid_encrypted_content")
			}
		}
	}
	return nil
}
