package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bytedance/sonic"

	"github.com/routor/routor/engine/chat"
)

// check is what a provider has against a request that is well formed; nil = nothing. Chat completions are looked at only by
// a strict fleet: many who ask one for a quick test don't know each provider's rules.
func (p *provider) check(q *question, m *model) *refusal {
	if q.said != nil {
		switch q.s.codec.Dialect() {
		case chat.Messages:
			return p.checkMessages(q, m)
		case chat.Generate:
			return p.checkGenerate(q)
		case chat.Responses:
			return p.checkResponses(q)
		}
		return nil
	}
	if !p.fleet.o.Strict || p.id == "anthropic" || p.id == "google" { // their compatible surfaces pass over what they don't know
		return nil
	}
	var members map[string]json.RawMessage
	_ = sonic.Unmarshal(q.body, &members)
	thinks := (m.thinks || q.r.Effort != "") && !thinkingOff(members)
	for i := range rules[p.id] {
		if r := &rules[p.id][i]; r.hits(members, m, thinks) {
			return r.refusal(p.id)
		}
	}
	return p.checkTurns(q, thinks)
}

// thinkingOff is whether a chat completion switches reasoning off, in any provider's way.
func thinkingOff(members map[string]json.RawMessage) bool {
	var thinking struct{ Type string }
	_ = sonic.Unmarshal(members["thinking"], &thinking)
	return thinking.Type == "disabled" || string(members["enable_thinking"]) == "false" || string(members["reasoning_effort"]) == `"none"`
}

// rule is a parameter that a provider refuses.
type rule struct {
	field   string
	models  []string            // prefixes of the models that refuse it; nil = all
	thinks  bool                // only where the model reasons
	with    string              // only beside this other parameter
	bad     func(v string) bool // which values; nil = all but null
	message string              // $FIELD, $VALUE
	code    string              // OpenAI's
	status  int                 // 0 = 400
	body    string              // in the place of the provider's usual one
}

// The rules, as recorded or documented (docs: the providers' own; x.ai, platform.openai.com, docs.mistral.ai, api-docs.deepseek.com,
// platform.moonshot.ai, platform.minimax.io).
var rules = map[string][]rule{
	"openai":    gptRules,
	"microsoft": gptRules,
	"xai": {
		{field: "presence_penalty", thinks: true, message: "Model does not support parameter presencePenalty."},
		{field: "frequency_penalty", thinks: true, message: "Model does not support parameter frequencyPenalty."},
		{field: "stop", thinks: true, message: "Model does not support parameter stop."},
	},
	"deepseek": {
		{field: "tool_choice", thinks: true, bad: func(v string) bool { return v != `"auto"` && v != `"none"` }, message: "Thinking mode does not support this tool_choice"},
		{field: "logprobs", thinks: true, bad: isTrue, message: "Thinking mode does not support logprobs"},
		{field: "response_format", bad: func(v string) bool { return strings.Contains(v, `"json_schema"`) }, message: "This response_format type is unavailable now"},
	},
	"moonshot": {
		{field: "temperature", models: []string{"kimi-k2", "kimi-k3"}, bad: outside(1, 1), message: "invalid temperature: only 1 is allowed for this model"},
		{field: "top_p", models: []string{"kimi-k2", "kimi-k3"}, bad: outside(0.95, 0.95), message: "invalid top_p: only 0.95 is allowed for this model"},
		{field: "n", models: []string{"kimi-k2", "kimi-k3"}, bad: outside(1, 1), message: "invalid n: only 1 is allowed for this model"},
		{field: "presence_penalty", models: []string{"kimi-k2", "kimi-k3"}, bad: outside(0, 0), message: "invalid presence_penalty: only 0 is allowed for this model"},
		{field: "frequency_penalty", models: []string{"kimi-k2", "kimi-k3"}, bad: outside(0, 0), message: "invalid frequency_penalty: only 0 is allowed for this model"},
	},
	"minimax": {
		{field: "temperature", bad: func(v string) bool { return outside(0, 1)(v) || outside(1e-9, 1)(v) }, message: "invalid params, temperature must be in (0, 1]"},
		{field: "n", bad: outside(1, 1), message: "invalid params, n must be 1"},
	},
	"mistral": {
		{field: "logprobs", bad: isTrue, message: "Logprobs are not enabled for this model"},
		{field: "seed", status: 422, body: extraForbidden},
		{field: "logit_bias", status: 422, body: extraForbidden},
		{field: "max_completion_tokens", status: 422, body: extraForbidden},
		{field: "user", status: 422, body: extraForbidden},
		{field: "store", status: 422, body: extraForbidden},
	},
}

const extraForbidden = `{"detail":[{"type":"extra_forbidden","loc":["body","$FIELD"],"msg":"Extra inputs are not permitted","input":$VALUE}]}`

var gptRules = []rule{
	{field: "max_tokens", models: gpts, with: "max_completion_tokens", code: "invalid_parameter_combination", message: "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."},
	{field: "max_tokens", models: gpts, code: "unsupported_parameter", message: "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."},
	{field: "temperature", models: gpts, thinks: true, bad: outside(1, 1), code: "unsupported_value", message: "Unsupported value: 'temperature' does not support $VALUE with this model. Only the default (1) value is supported."},
	{field: "top_p", models: gpts, thinks: true, bad: outside(1, 1), code: "unsupported_value", message: "Unsupported value: 'top_p' does not support $VALUE with this model. Only the default (1) value is supported."},
	{field: "logprobs", models: gpts, thinks: true, bad: isTrue, code: "unsupported_parameter", message: "Unsupported parameter: 'logprobs' is not supported with this model."},
	{field: "stop", models: []string{"gpt-5-", "o1", "o3", "o4"}, code: "unsupported_parameter", message: "Unsupported parameter: 'stop' is not supported with this model."},
	{field: "reasoning_effort", models: []string{"gpt-5.6"}, with: "tools", code: "unsupported_parameter", bad: func(v string) bool { return v != `"none"` },
		message: "Function tools with reasoning_effort are not supported for this model in /v1/chat/completions. Please use /v1/responses instead."},
}

var gpts = []string{"gpt-5", "o1", "o3", "o4"}

func isTrue(v string) bool { return v == "true" }

// outside is whether a number is not within bounds.
func outside(least, most float64) func(string) bool {
	return func(v string) bool {
		f, err := strconv.ParseFloat(v, 64)
		return err != nil || f < least || f > most
	}
}

func (r *rule) hits(members map[string]json.RawMessage, m *model, thinks bool) bool {
	v, said := members[r.field]
	if !said || string(v) == "null" || r.thinks && !thinks {
		return false
	}
	if r.models != nil && !slices.ContainsFunc(r.models, func(prefix string) bool { return strings.HasPrefix(m.id, prefix) }) {
		return false
	}
	if _, beside := members[r.with]; r.with != "" && !beside {
		return false
	}
	return r.bad == nil || r.bad(string(v))
}

func (r *rule) refusal(provider string) *refusal {
	if r.body != "" {
		return &refusal{r.status, strings.NewReplacer("$FIELD", r.field, "$VALUE", "null").Replace(r.body)}
	}
	return badRequest(provider, strings.NewReplacer("$FIELD", r.field, "$VALUE", "this").Replace(r.message), r.field, r.code)
}

// badRequest is a 400 in a provider's own words.
func badRequest(provider, message, param, code string) *refusal {
	quote := func(s string) string {
		if s == "" {
			return "null"
		}
		return string(appendString(nil, s))
	}
	said := string(appendString(nil, message))
	switch provider {
	case "anthropic":
		return &refusal{400, `{"type":"error","error":{"type":"invalid_request_error","message":` + said + `},"request_id":"req_sim"}`}
	case "google":
		return &refusal{400, `{"error":{"code":400,"message":` + said + `,"status":"INVALID_ARGUMENT"}}`}
	case "xai":
		return &refusal{400, `{"code":"Client specified an invalid argument","error":` + said + `}`}
	case "mistral":
		return &refusal{400, `{"object":"error","message":` + said + `,"type":"invalid_request_invalid_args","param":` + quote(param) + `,"code":"3051","raw_status_code":400}`}
	case "zai":
		return &refusal{400, `{"error":{"code":"1210","message":` + said + `}}`}
	case "moonshot":
		return &refusal{400, `{"error":{"message":` + said + `,"type":"invalid_request_error"}}`}
	case "minimax":
		return &refusal{200, `{"id":"sim","choices":null,"created":0,"object":"chat.completion","base_resp":{"status_code":2013,"status_msg":` + said + `}}`}
	case "nvidia":
		return &refusal{400, `{"message":` + said + `,"type":"Bad Request","code":400}`}
	}
	return &refusal{400, `{"error":{"message":` + said + `,"type":"invalid_request_error","param":` + quote(param) + `,"code":` + quote(code) + `}}`}
}

var mistralID = regexp.MustCompile(`^[a-zA-Z0-9]{9}$`)

// checkTurns looks at what the turns of a chat completion hold.
func (p *provider) checkTurns(q *question, thinks bool) *refusal {
	var body struct {
		Messages []struct {
			Role       string
			Content    json.RawMessage
			Reasoning  *string               `json:"reasoning_content"`
			ToolCalls  []struct{ ID string } `json:"tool_calls"`
			ToolCallID string                `json:"tool_call_id"`
		}
	}
	_ = sonic.Unmarshal(q.body, &body)
	for i, m := range body.Messages {
		for _, kind := range kindsOf(m.Content) {
			if kind.Type != "text" && p.id == "deepseek" {
				return badRequest(p.id, fmt.Sprintf("Failed to deserialize the JSON body into the target type: messages[%d]: unknown variant `%s`, expected `text`", i, kind.Type), "", "invalid_request_error")
			}
			if p.id == "moonshot" && strings.HasPrefix(kind.Image.URL, "http") {
				return badRequest(p.id, "Invalid request: unsupported image url: "+kind.Image.URL, "", "")
			}
		}
		if p.id == "mistral" && bytes.Contains(m.Content, []byte(`"file_data"`)) {
			return badRequest(p.id, fmt.Sprintf("messages[%d].content: a document is a document_url", i), "", "")
		}
		if (p.id == "deepseek" || p.id == "xiaomi") && thinks && m.Role == "assistant" && len(m.ToolCalls) > 0 && m.Reasoning == nil {
			return badRequest(p.id, "The `reasoning_content` in the thinking mode must be passed back to the API.", "", "invalid_request_error")
		}
		if p.id == "mistral" {
			for _, call := range m.ToolCalls {
				if !mistralID.MatchString(call.ID) {
					return badRequest(p.id, "Tool call id was "+call.ID+" but must be a-z, A-Z, 0-9, with a length of 9.", "", "")
				}
			}
			if m.ToolCallID != "" && !mistralID.MatchString(m.ToolCallID) {
				return badRequest(p.id, "Tool call id was "+m.ToolCallID+" but must be a-z, A-Z, 0-9, with a length of 9.", "", "")
			}
		}
	}
	return nil
}

type contentKind struct {
	Type  string
	Image struct{ URL string } `json:"image_url"`
}

func kindsOf(content json.RawMessage) (kinds []contentKind) {
	if len(content) > 0 && content[0] == '[' {
		_ = sonic.Unmarshal(content, &kinds)
	}
	return kinds
}
