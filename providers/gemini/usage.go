package gemini

import "github.com/routor/routor/engine/chat"

// counts are the members of a usageMetadata.
type counts struct {
	prompt, cached, tools, candidates, thoughts int64
	audioIn, audioCached, audioTools, audioOut  int64
	known                                       bool
	tier                                        string
}

// read reads a usageMetadata.
func (c *counts) read(raw []byte) {
	members, ok := open(raw, '{')
	for ok && members.more() {
		name, value := members.member()
		var to *int64
		switch string(name) {
		case "promptTokenCount":
			to = &c.prompt
		case "cachedContentTokenCount":
			to = &c.cached
		case "toolUsePromptTokenCount":
			to = &c.tools
		case "candidatesTokenCount":
			to = &c.candidates
		case "thoughtsTokenCount":
			to = &c.thoughts
		case "promptTokensDetails":
			c.audioIn = audio(value)
		case "cacheTokensDetails":
			c.audioCached = audio(value)
		case "toolUsePromptTokensDetails":
			c.audioTools = audio(value)
		case "candidatesTokensDetails":
			c.audioOut = audio(value)
		case "serviceTier":
			c.tier = text(value)
		}
		if to == nil {
			continue
		}
		if n, ok := integer(value); ok && n >= 0 {
			*to, c.known = n, true
		}
	}
}

// audio is how many of the tokens of a list by modality are audio.
func audio(raw []byte) (sum int64) {
	list, ok := open(raw, '[')
	for ok && list.more() {
		members, ok := open(list.value(), '{')
		is, n := false, int64(0)
		for ok && members.more() {
			switch name, value := members.member(); string(name) {
			case "modality":
				is = string(value) == `"AUDIO"` || string(value) == "4"
			case "tokenCount":
				n, _ = integer(value)
			}
		}
		if is && n > 0 {
			sum += n
		}
	}
	return sum
}

// usage is the counts in the hub's way. Google's prompt includes what was cached; its candidates exclude the thoughts; what
// its own tools read is billed as prompt, and counted apart from it.
func (c *counts) usage() chat.Usage {
	if !c.known {
		return chat.Usage{}
	}
	cached := min(c.cached, c.prompt)
	audioIn := min(max(c.audioIn-c.audioCached, 0)+c.audioTools, c.prompt-cached+c.tools)
	audioOut := min(c.audioOut, c.candidates)
	return chat.Usage{
		Input: c.prompt - cached + c.tools - audioIn, CachedRead: cached, AudioInput: audioIn,
		Output: c.candidates - audioOut + c.thoughts, Reasoning: c.thoughts, AudioOutput: audioOut, Known: true,
	}
}

// appendUsage appends a usageMetadata.
func appendUsage(dst []byte, u *chat.Usage, tier string) []byte {
	prompt, thoughts := u.Prompt(), min(u.Reasoning, u.Output)
	candidates := u.Completion() - thoughts
	dst = putInteger(append(dst, '{'), "promptTokenCount", prompt)
	dst = putInteger(dst, "candidatesTokenCount", candidates)
	dst = putInteger(dst, "totalTokenCount", prompt+u.Completion())
	if u.CachedRead > 0 {
		dst = putInteger(dst, "cachedContentTokenCount", u.CachedRead)
	}
	dst = modalities(dst, "promptTokensDetails", prompt-u.AudioInput, u.AudioInput)
	if u.AudioOutput > 0 {
		dst = modalities(dst, "candidatesTokensDetails", candidates-u.AudioOutput, u.AudioOutput)
	}
	if thoughts > 0 {
		dst = putInteger(dst, "thoughtsTokenCount", thoughts)
	}
	if tier != "" {
		dst = putText(dst, "serviceTier", tier)
	}
	return append(dst, '}')
}

func modalities(dst []byte, name string, text, audio int64) []byte {
	dst = append(key(dst, name), '[')
	for _, m := range [2]struct {
		name string
		n    int64
	}{{"TEXT", text}, {"AUDIO", audio}} {
		if m.n > 0 {
			dst = putText(append(comma(dst), '{'), "modality", m.name)
			dst = append(putInteger(dst, "tokenCount", m.n), '}')
		}
	}
	return append(dst, ']')
}
