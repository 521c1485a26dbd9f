package providers

import "github.com/routor/routor/engine/chat"

// codecs are the translations that there are, by dialect.
var codecs = map[chat.Dialect]chat.Codec{}

// CodecOf is the translation of a dialect; nil = none.
func CodecOf(d chat.Dialect) chat.Codec { return codecs[d] }
