// Package gemini is Google's generateContent dialect, both ways: requests and answers, whole and streamed, read into the hub
// types of engine/chat and written from them. The protocol is that of the Gemini API, v1beta (ai.google.dev/api/generate-content);
// Vertex AI's is the same but for a few members, which are taken as they come.
package gemini

import "github.com/routor/routor/engine/chat"

// Generate is the codec of generateContent and streamGenerateContent. The model and whether the answer is streamed stand
// in the URL there, not in the body: Path writes them, ParsePath reads them.
var Generate chat.Codec = codec{}

type codec struct{}

func (codec) Dialect() chat.Dialect { return chat.Generate }

// ThoughtSignature is the form of Gemini's reasoning state: base64, on any part of an answer.
const ThoughtSignature = "thought_signature"

// sentinel is what Google documents for a function call that has no thought signature because another model made it: without
// either, Gemini 3 refuses the request (ai.google.dev/gemini-api/docs/thought-signatures).
const sentinel = "skip_thought_signature_validator"
