package gemini

import (
	"encoding/json"
	"strconv"

	"github.com/routor/routor/engine/chat"
)

// fromLogprobs is a logprobsResult as OpenAI's logprobs object.
func fromLogprobs(raw []byte) json.RawMessage {
	list := membersOf(raw)
	var tops [][]byte
	each, ok := open(find(list, "topCandidates"), '[')
	for ok && each.more() {
		tops = append(tops, find(membersOf(each.value()), "candidates"))
	}
	out := []byte(`{"content":[`)
	chosen, ok := open(find(list, "chosenCandidates"), '[')
	for i := 0; ok && chosen.more(); i++ {
		out = append(token(comma(out), chosen.value()), `,"top_logprobs":[`...)
		if i < len(tops) {
			top, ok := open(tops[i], '[')
			for ok && top.more() {
				out = append(token(comma(out), top.value()), '}')
			}
		}
		out = append(out, ']', '}')
	}
	return append(out, `],"refusal":null}`...)
}

// token appends one of Google's tokens as OpenAI's, without its closing brace.
func token(out, raw []byte) []byte {
	m := membersOf(raw)
	said := text(find(m, "token"))
	out = putText(append(out, '{'), "token", said)
	p := find(m, "logProbability")
	if _, err := strconv.ParseFloat(string(p), 64); err != nil {
		p = json.RawMessage("0")
	}
	out = append(key(putRaw(out, "logprob", p), "bytes"), '[')
	for i := range len(said) {
		out = strconv.AppendInt(comma(out), int64(said[i]), 10)
	}
	return append(out, ']')
}

// appendLogprobs appends OpenAI's logprobs object as a logprobsResult.
func appendLogprobs(dst []byte, raw json.RawMessage) []byte {
	chosen, tops := []byte{'['}, []byte{'['}
	each, ok := open(find(membersOf(raw), "content"), '[')
	for ok && each.more() {
		m := membersOf(each.value())
		chosen = candidateToken(chosen, m)
		tops = append(comma(tops), `{"candidates":[`...)
		inner, ok := open(find(m, "top_logprobs"), '[')
		for ok && inner.more() {
			tops = candidateToken(tops, membersOf(inner.value()))
		}
		tops = append(tops, ']', '}')
	}
	dst = putRaw(append(dst, '{'), "topCandidates", append(tops, ']'))
	return append(putRaw(dst, "chosenCandidates", append(chosen, ']')), '}')
}

func candidateToken(dst []byte, m []chat.Member) []byte {
	dst = putText(append(comma(dst), '{'), "token", text(find(m, "token")))
	if p := find(m, "logprob"); p != nil {
		dst = putRaw(dst, "logProbability", p)
	}
	return append(dst, '}')
}
