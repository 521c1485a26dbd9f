package providers

import (
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/anthropic"
	"github.com/routor/routor/providers/gemini"
	"github.com/routor/routor/providers/openai"
)

// codecs are the translations that there are, by dialect.
var codecs = map[chat.Dialect]chat.Codec{
	chat.Completions: openai.Chat, chat.Responses: openai.Responses, chat.Messages: anthropic.Messages, chat.Generate: gemini.Generate,
}

// CodecOf is the translation of a dialect; nil = none.
func CodecOf(d chat.Dialect) chat.Codec { return codecs[d] }
