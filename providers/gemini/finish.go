package gemini

import "github.com/routor/routor/engine/chat"

// finishReasons are the reasons by their numbers, which some clients' transcripts have (google.ai.generativelanguage.v1beta
// Candidate.FinishReason).
var finishReasons = []string{"FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE",
	"BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"}

// outcome is what a finishReason comes to.
type outcome uint8

const (
	going    outcome = iota // not ended
	stopped                 // properly
	limited                 // by the limit of tokens
	filtered                // by Google's filters
	failed                  // the model did something that is no answer: a malformed call, a call of a tool that is not there
	vague                   // an answer if there is any content, else a failure
)

func outcomeOf(reason string) outcome {
	switch reason {
	case "":
		return going
	case "STOP":
		return stopped
	case "MAX_TOKENS":
		return limited
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		return filtered
	case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE":
		return failed
	}
	return vague
}

// finish is an outcome in the hub's terms; calls is whether there are function calls, of which the reason says nothing.
func (o outcome) finish(calls bool) chat.Finish {
	switch {
	case o == going:
		return ""
	case o == limited:
		return chat.Length
	case o == filtered:
		return chat.ContentFilter
	case calls:
		return chat.ToolCalls
	}
	return chat.Stop
}

// reasonOf is a finish as Gemini says it.
func reasonOf(f chat.Finish) string {
	switch f {
	case "":
		return ""
	case chat.Length, chat.ContextFull:
		return "MAX_TOKENS"
	case chat.ContentFilter, chat.Refused:
		return "SAFETY"
	}
	return "STOP"
}
