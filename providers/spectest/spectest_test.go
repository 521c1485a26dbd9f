package spectest

import "testing"

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec         Spec
		schema, body string
		valid        bool
	}{
		{OpenAI, "CreateChatCompletionRequest", `{"model":"gpt-5","messages":[{"role":"user","content":"hi"}],"stop":null}`, true},
		{OpenAI, "CreateChatCompletionRequest", `{"model":"gpt-5","messages":[{"role":"user","content":7}]}`, false},
		{OpenAI, "CreateResponse", `{"model":"gpt-5","input":"hi"}`, true},
		{OpenAI, "CreateResponse", `{"model":"gpt-5","input":7}`, false},
		{Anthropic, "CreateMessageParams", `{"model":"claude-x","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`, true},
		{Anthropic, "CreateMessageParams", `{"model":"claude-x","messages":[{"role":"user","content":"hi"}]}`, false},
		{Gemini, "GenerateContentRequest", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, true},
		{Gemini, "GenerateContentRequest", `{"contents":[{"role":"user","parts":[{"txt":"hi"}]}]}`, false},
		{Mistral, "ChatCompletionRequest", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, true},
		{Mistral, "ChatCompletionRequest", `{"model":"m","messages":[{"role":"king","content":"hi"}]}`, false},
	} {
		t.Run(string(c.spec)+c.schema, func(t *testing.T) {
			if err := Check(t, c.spec, c.schema, []byte(c.body)); (err == nil) != c.valid {
				t.Errorf("%s: valid %v, error %v", c.body, !c.valid, err)
			}
		})
	}
}
