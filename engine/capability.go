package engine

import (
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
)

// capability is a set of things that a request needs or a deployment can do, a bit each.
type capability uint32

const (
	needText capability = 1 << iota
	needImage
	needFile
	needAudio
	needVideo
	needTools
	needJSON
	needSchema
	needLogprobs
	needPrefix
	needURL         // media given by URL
	numCapabilities = iota
)

// lacks is why a deployment without the capability falls out, in the order of the bits.
var lacks = [numCapabilities]string{
	"takes no text", "takes no images", "takes no files", "takes no audio", "takes no video", "calls no tools",
	"gives no JSON objects", "follows no JSON schema", "gives no logprobs", "continues no prefix",
	"takes no media by URL",
}

// unsaid is the reason where the catalog does not know.
var unsaid = [numCapabilities]string{
	"not known to take text", "not known to take images", "not known to take files", "not known to take audio",
	"not known to take video", "not known to call tools", "not known to give JSON objects",
	"not known to follow a JSON schema", "not known to give logprobs", "not known to continue a prefix",
	"",
}

// names of the capabilities, for errors.
var capabilityNames = [numCapabilities]string{
	"text", "images", "files", "audio", "video", "tools", "JSON objects", "JSON schemas", "logprobs", "prefix continuation",
	"media by URL",
}

// needs is what a request asks of a model.
func needs(r *chat.Request) capability {
	f, n := &r.Facts, capability(0)
	for _, c := range [...]struct {
		wanted bool
		is     capability
	}{
		{f.Images > 0, needImage}, {f.Files > 0, needFile}, {f.Audio > 0, needAudio}, {f.Video > 0, needVideo},
		{f.Tools > 0, needTools}, {f.ImageURLs > 0, needURL}, {r.Format == chat.FormatJSONObject, needJSON}, {r.Format == chat.FormatJSONSchema, needSchema},
		{f.Logprobs, needLogprobs}, {f.LastIsAssist, needPrefix},
	} {
		if c.wanted {
			n |= c.is
		}
	}
	return n
}

// abilities is what a deployment can do, and what nobody knows about it.
func abilities(dep *catalog.Deployment) (has, unknown capability) {
	c := &dep.Model.Caps
	has = needText
	object := c.JSONObject
	if c.Schema == catalog.Yes {
		object = catalog.Yes
	}
	for _, k := range [...]struct {
		known catalog.Known
		is    capability
	}{
		{c.Image, needImage}, {c.PDF, needFile}, {c.Audio, needAudio}, {c.Video, needVideo}, {c.Tools, needTools},
		{object, needJSON}, {c.Schema, needSchema}, {c.Logprobs, needLogprobs}, {c.Prefill, needPrefix},
	} {
		switch k.known {
		case catalog.Yes:
			has |= k.is
		case catalog.Unknown:
			unknown |= k.is
		}
	}
	return has, unknown
}

// missing is the reason for the first capability that is wanted and not there; "" = all are. A named model is refused only
// for what is known to be missing: who names a model may know it better than the catalog does.
func (o *option) missing(need capability, named bool) string {
	lack := need &^ o.has
	if named {
		lack &^= o.unknown | needLogprobs // a parameter that it lacks is left out, and said
	}
	for i := 0; lack != 0; i, lack = i+1, lack>>1 {
		if lack&1 == 0 {
			continue
		}
		if o.unknown&(1<<i) != 0 {
			return unsaid[i]
		}
		return lacks[i]
	}
	return ""
}

// The reasons of length. The numbers stand beside them in the decision.
const (
	tooLong   = "prompt and expected answer do not fit its context window"
	tooShort  = "gives fewer tokens than the request asks for"
	cantPay   = "price unknown, and the request has a cost cap"
	costsMore = "costs more than the request may"
)

// fits says why a prompt and its answer do not fit a model; "" = they do. Unknown limits are no reason. The client's own
// limit of tokens is room that must be there only as far as the answer is expected to use it.
func (o *option) fits(prompt, completion, maxTokens int) string {
	m := o.dep.Model
	switch {
	case m.MaxInput > 0 && prompt > m.MaxInput, m.Context > 0 && prompt+completion > m.Context:
		return tooLong
	case m.MaxOutput > 0 && maxTokens > m.MaxOutput:
		return tooShort
	}
	return ""
}
