package sim

// habits are what a provider does in its own way (recorded exchanges; where there are none, its documentation).
type habits struct {
	usage         usageHabit
	counting      counting
	reasoning     string      // the field of the reasoning text; "" = it is not shown
	wholeArgs     bool        // tool-call arguments come in one piece
	nullUsage     bool        // "usage":null in every chunk when usage was asked for
	comment       string      // a keep-alive at a stream's start
	padding       string      // a field of random length in every chunk
	filters       bool        // Azure's first chunk without choices
	baseResp      bool        // MiniMax's base_resp
	inline        bool        // the reasoning stands in the text unless it is to be split off
	emptyNames    bool        // the pieces of a tool call repeat its id, with an empty name
	thinkingParts bool        // the content is a list with the reasoning as a part
	requestID     string      // the header with the request's id
	headers       [][2]string // sent with every answer
}

// usageHabit is where a stream tells its usage.
type usageHabit uint8

const (
	usageLast     usageHabit = iota // in a chunk of its own at the end, if asked for
	usageInFinish                   // in the chunk with the finish_reason, asked or not
	usageInChoice                   // in that chunk's choice; at the end as well, if asked for
)

// counting is how the usage object is made.
type counting uint8

const (
	countOpenAI counting = iota
	countXAI             // completion_tokens without reasoning
	countGoogle          // the same, and no details
	countDeepSeek
	countMoonshot
	countMistral
)

func habitsOf(provider string) habits {
	h := chatHabits(provider)
	h.headers, h.requestID = headers[provider], "X-Request-Id"
	switch provider {
	case "anthropic":
		h.requestID = "Request-Id"
	case "microsoft":
		h.requestID = "Apim-Request-Id"
	}
	return h
}

var openAILimits = [][2]string{{"X-Ratelimit-Limit-Requests", "500"}, {"X-Ratelimit-Remaining-Requests", "499"}, {"X-Ratelimit-Reset-Requests", "120ms"}}

// headers are the limits that providers tell: some with a reset, Anthropic as a time, others without.
var headers = map[string][][2]string{
	"openai": openAILimits, "microsoft": openAILimits,
	"anthropic": {{"Anthropic-Ratelimit-Requests-Limit", "4000"}, {"Anthropic-Ratelimit-Requests-Remaining", "3999"}, {"Anthropic-Ratelimit-Requests-Reset", "2026-01-01T00:00:00Z"}},
	"xai":       {{"X-Ratelimit-Limit-Requests", "480"}, {"X-Ratelimit-Remaining-Requests", "479"}},
	"mistral":   {{"X-Ratelimit-Limit-Req-Minute", "360"}, {"X-Ratelimit-Remaining-Req-Minute", "359"}, {"X-Ratelimit-Tokens-Query-Cost", "10"}},
}

func chatHabits(provider string) habits {
	switch provider {
	case "openai":
		return habits{nullUsage: true, padding: "obfuscation"}
	case "microsoft":
		return habits{nullUsage: true, padding: "obfuscation", filters: true}
	case "google":
		return habits{counting: countGoogle, wholeArgs: true}
	case "deepseek":
		return habits{usage: usageInFinish, counting: countDeepSeek, reasoning: "reasoning_content", nullUsage: true, comment: "keep-alive"}
	case "xai":
		return habits{counting: countXAI, reasoning: "reasoning_content", wholeArgs: true, comment: "keepalive"}
	case "moonshot":
		return habits{usage: usageInChoice, counting: countMoonshot, reasoning: "reasoning_content"}
	case "minimax":
		return habits{reasoning: "reasoning_content", nullUsage: true, baseResp: true, inline: true}
	case "zai":
		return habits{usage: usageInFinish, reasoning: "reasoning_content", wholeArgs: true}
	case "alibaba":
		return habits{reasoning: "reasoning_content", nullUsage: true, emptyNames: true}
	case "mistral":
		return habits{usage: usageInFinish, counting: countMistral, wholeArgs: true, padding: "p", thinkingParts: true}
	case "nvidia", "xiaomi":
		return habits{reasoning: "reasoning_content"}
	}
	return habits{}
}
