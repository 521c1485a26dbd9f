package openai

import (
	"math"
	"strconv"

	"github.com/routor/routor/engine/chat"
)

// counted is a usage object as it stands, before it is known what contains what.
type counted struct {
	prompt, completion, total    int64
	cached, written, audioIn     int64
	reasoning, audioOut          int64
	promptKnown, completionKnown bool
}

// usage takes a usage object, counting each token once. Providers disagree about what prompt_tokens and
// completion_tokens contain, but total_tokens gives it away, so that no provider needs a rule of its own and a model keeps
// its way of counting wherever it is served:
//
//   - cached tokens are part of the prompt everywhere, under one of four names;
//   - xAI and Google leave reasoning out of completion_tokens, and only total_tokens has it;
//   - Mistral leaves audio out of prompt_tokens, and only total_tokens has it.
func usage(s *scan) chat.Usage {
	u, _ := usageAndCost(s)
	return u
}

// usageAndCost is usage with what the provider says that the call cost, in billionths of a US dollar: OpenRouter in dollars
// ("cost"), xAI in ticks of 1e-10 dollars ("cost_in_usd_ticks").
func usageAndCost(s *scan) (_ chat.Usage, cost int64) {
	var n counted
	if !s.into('{') {
		return chat.Usage{}, 0
	}
	for s.more('}') {
		switch string(s.key()) {
		case "prompt_tokens", "input_tokens":
			n.prompt, n.promptKnown = s.number(), true
		case "completion_tokens", "output_tokens":
			n.completion, n.completionKnown = s.number(), true
		case "total_tokens":
			n.total = s.number()
		case "prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens": // DeepSeek; Moonshot; Mistral
			n.cached = max(n.cached, s.number())
		case "prompt_tokens_details", "input_tokens_details":
			n.details(s, true)
		case "completion_tokens_details", "output_tokens_details":
			n.details(s, false)
		case "cost":
			cost = dollars(s)
		case "cost_in_usd_ticks":
			cost = s.number() / 10
		default:
			s.skip()
		}
	}
	return n.usage(), cost
}

// dollars takes an amount of US dollars and gives it in billionths; 0 = it is none.
func dollars(s *scan) int64 {
	from := s.i
	s.skip()
	v, err := strconv.ParseFloat(string(s.b[from:s.i]), 64)
	if err != nil || !(v > 0 && v < 1e6) {
		return 0
	}
	return int64(math.Round(v * 1e9))
}

func (n *counted) details(s *scan, prompt bool) {
	if !s.into('{') {
		return
	}
	for s.more('}') {
		switch key := string(s.key()); {
		case key == "cached_tokens":
			n.cached = max(n.cached, s.number())
		case key == "cache_write_tokens" || key == "cache_creation_tokens":
			n.written = max(n.written, s.number())
		case key == "reasoning_tokens":
			n.reasoning = s.number()
		case key == "audio_tokens" && prompt:
			n.audioIn = s.number()
		case key == "audio_tokens":
			n.audioOut = s.number()
		default:
			s.skip()
		}
	}
}

func (n *counted) usage() chat.Usage {
	if !n.promptKnown && !n.completionKnown {
		return chat.Usage{}
	}
	if n.total > 0 {
		apart := n.total - n.prompt - n.completion
		if n.audioIn > 0 && apart >= n.audioIn {
			n.prompt += n.audioIn
			apart -= n.audioIn
		}
		if apart > 0 {
			n.completion += apart
			n.reasoning = max(n.reasoning, apart)
		}
	} else if n.reasoning > n.completion {
		n.completion += n.reasoning
	}
	u := chat.Usage{Known: true}
	take := func(from *int64, n int64) int64 {
		n = min(n, *from)
		*from -= n
		return n
	}
	u.CachedRead = take(&n.prompt, n.cached)
	u.CacheWrite5m = take(&n.prompt, n.written)
	u.AudioInput = take(&n.prompt, n.audioIn)
	u.Input = n.prompt
	u.AudioOutput = take(&n.completion, n.audioOut)
	u.Output = n.completion
	u.Reasoning = min(n.reasoning, n.completion)
	return u
}
