package catalog

// Cost is what a call costs that used these tokens in the given service tier ("" = standard; a tier that the deployment
// does not list costs as standard). The step is chosen by the length of the whole prompt. It is UnknownMoney when a price
// that the call needs is unknown and no dearer known one can stand in for it: cached tokens fall back to the price of
// input, an unknown 1h write to the 5m one, audio to text. Images cost extra only where an image has a price of its own;
// elsewhere providers count them as input tokens.
func (p *Prices) Cost(t Tokens, serviceTier string) Money {
	r := p.rates(t.Prompt())
	if unknown(r.input, t.Input) || unknown(r.output, t.Output) || unknown(r.cachedRead, t.CachedRead) ||
		unknown(r.write5m, t.CacheWrite5m) || unknown(r.write1h, t.CacheWrite1h) ||
		unknown(r.audioIn, t.AudioInput) || unknown(r.audioOut, t.AudioOutput) {
		return UnknownMoney
	}
	var s sum
	s.add(r.input, t.Input)
	s.add(r.cachedRead, t.CachedRead)
	s.add(r.write5m, t.CacheWrite5m)
	s.add(r.write1h, t.CacheWrite1h)
	s.add(r.audioIn, t.AudioInput)
	s.add(p.ImageInput, t.Images)
	s.add(r.output, t.Output)
	s.add(r.audioOut, t.AudioOutput)
	f := Even
	if serviceTier != "" {
		if listed, ok := p.Tiers[serviceTier]; ok {
			f = listed
		}
	}
	return s.total(f)
}

// Estimate is the cost of a prompt of that many tokens, cached of which the provider has cached, and that many completion
// tokens (reasoning included), in the standard tier. Negative counts count as none; more cached than prompt as all of it.
func (p *Prices) Estimate(prompt, cached, completion int64) Money {
	prompt = max(prompt, 0)
	cached = min(max(cached, 0), prompt)
	return p.Cost(Tokens{Input: prompt - cached, CachedRead: cached, Output: max(completion, 0)}, "")
}

// ToolCost is what that many calls of a tool cost that the provider hosts, such as "web_search"; UnknownMoney if it has no
// price here. Calls of the client's own functions cost nothing but tokens.
func (p *Prices) ToolCost(tool string, calls int64) Money {
	r, ok := p.ToolCall[tool]
	if !ok {
		return UnknownMoney
	}
	return r.For(calls)
}

// Prompt is the length of the whole prompt in tokens, however they were billed.
func (t *Tokens) Prompt() int64 {
	return t.Input + t.CachedRead + t.CacheWrite5m + t.CacheWrite1h + t.AudioInput
}

// rates are the prices that hold for a prompt length, with what stands in for an unknown one filled in.
type rates struct {
	input, output, cachedRead, write5m, write1h, audioIn, audioOut Rate
}

func (p *Prices) rates(prompt int64) rates {
	r := rates{p.Input, p.Output, p.CachedRead, p.CacheWrite5m, p.CacheWrite1h, p.AudioInput, p.AudioOutput}
	for i := len(p.Steps) - 1; i >= 0; i-- { // longest last
		if s := &p.Steps[i]; prompt > int64(s.Above) {
			r.input, r.output = s.Input.or(r.input), s.Output.or(r.output)
			r.cachedRead = s.CachedRead.or(r.cachedRead)
			r.write5m, r.write1h = s.CacheWrite5m.or(r.write5m), s.CacheWrite1h.or(r.write1h)
			break
		}
	}
	r.cachedRead = r.cachedRead.or(r.input)
	r.write5m = r.write5m.or(r.input)
	r.write1h = r.write1h.or(r.write5m)
	r.audioIn, r.audioOut = r.audioIn.or(r.input), r.audioOut.or(r.output)
	return r
}

func (r Rate) or(other Rate) Rate {
	if r < 0 {
		return other
	}
	return r
}

func unknown(r Rate, n int64) bool { return r < 0 && n > 0 }
