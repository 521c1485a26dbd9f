package chat

// Spell is a request's parameter as a dialect spells it. name is its name in chat completions, and stays where the dialect
// has no name of its own for it. It is how what is dropped is named to the client.
func Spell(d Dialect, name string) string {
	if own := spellings[name][d]; own != "" {
		return own
	}
	return name
}

var spellings = map[string]map[Dialect]string{
	"max_completion_tokens": {Responses: "max_output_tokens", Messages: "max_tokens", Generate: "generationConfig.maxOutputTokens"},
	"temperature":           {Generate: "generationConfig.temperature"},
	"top_p":                 {Generate: "generationConfig.topP"},
	"top_k":                 {Generate: "generationConfig.topK"},
	"seed":                  {Generate: "generationConfig.seed"},
	"n":                     {Generate: "generationConfig.candidateCount"},
	"stop":                  {Messages: "stop_sequences", Generate: "generationConfig.stopSequences"},
	"frequency_penalty":     {Generate: "generationConfig.frequencyPenalty"},
	"presence_penalty":      {Generate: "generationConfig.presencePenalty"},
	"logprobs":              {Responses: "include.message.output_text.logprobs", Generate: "generationConfig.responseLogprobs"},
	"top_logprobs":          {Generate: "generationConfig.logprobs"},
	"reasoning_effort":      {Responses: "reasoning.effort", Messages: "thinking", Generate: "generationConfig.thinkingConfig"},
	"response_format":       {Responses: "text.format", Messages: "output_config.format", Generate: "generationConfig.responseSchema"},
	"verbosity":             {Responses: "text.verbosity"},
	"modalities":            {Generate: "generationConfig.responseModalities"},
	"service_tier":          {Generate: "serviceTier"},
	"tool_choice":           {Generate: "toolConfig"},
	"parallel_tool_calls":   {Messages: "tool_choice.disable_parallel_tool_use"},
	"user":                  {Messages: "metadata.user_id"},
}
