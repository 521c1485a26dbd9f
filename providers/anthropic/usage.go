package anthropic

import (
	"encoding/json"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// usagePrefix begins the names of those extra members of a reply that stand in its usage.
const usagePrefix = "usage."

// usage reads a usage object. input_tokens has no cached tokens in it. What is null or left out is 0: in a stream the
// counters are told in parts, and Usage.Update puts them together.
func usage(value json.RawMessage) (u chat.Usage) {
	var written, short int64
	split := false
	for name, v := range chat.Object(value) {
		switch name {
		case "input_tokens":
			u.Input = count(v)
			u.Known = !null(v) || u.Known
		case "output_tokens":
			u.Output = count(v)
			u.Known = !null(v) || u.Known
		case "cache_read_input_tokens":
			u.CachedRead = count(v)
		case "cache_creation_input_tokens":
			written = count(v)
		case "cache_creation":
			for name, v := range chat.Object(v) {
				switch name {
				case "ephemeral_5m_input_tokens":
					short, split = count(v), true
				case "ephemeral_1h_input_tokens":
					u.CacheWrite1h, split = count(v), true
				}
			}
		case "output_tokens_details":
			for name, v := range chat.Object(v) {
				if name == "thinking_tokens" {
					u.Reasoning = count(v)
				}
			}
		case "server_tool_use":
			for name, v := range chat.Object(v) {
				if name == "web_search_requests" {
					u.WebSearches = count(v)
				}
			}
		}
	}
	if u.CacheWrite5m = short; !split || written > short+u.CacheWrite1h {
		u.CacheWrite5m = max(written-u.CacheWrite1h, 0)
	}
	return u
}

// usageExtra is the members of a usage object that chat.Usage can't hold.
func usageExtra(value json.RawMessage, extra []chat.Member) []chat.Member {
	for name, v := range chat.Object(value) {
		switch name {
		case "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation", "service_tier":
			continue
		case "output_tokens_details": // Reasoning, and nothing else so far
			if only(v, "thinking_tokens") {
				continue
			}
		}
		if !null(v) {
			extra = append(extra, chat.Member{Name: usagePrefix + strings.Clone(name), Value: kept(v)})
		}
	}
	return extra
}

// only is whether an object has no member but the one named.
func only(object json.RawMessage, name string) bool {
	for n := range chat.Object(object) {
		if n != name {
			return false
		}
	}
	return true
}

// count is a whole number that is not negative; what is none is 0.
func count(v json.RawMessage) (n int64) {
	const most = 1 << 50 // so that sums of a few don't overflow
	for _, c := range v {
		if c < '0' || c > '9' {
			break
		}
		n = min(n*10+int64(c-'0'), most)
	}
	return n
}

// appendUsage appends a usage object; tier and the extra members come from an answer in this dialect. whole is whether it is
// the one of an answer or of message_start: message_delta has counters only.
func appendUsage(dst []byte, u *chat.Usage, tier string, extra []chat.Member, whole bool) []byte {
	dst = number(append(dst, '{'), "input_tokens", u.Input+u.AudioInput)
	dst = number(dst, "cache_creation_input_tokens", u.CacheWrite5m+u.CacheWrite1h)
	dst = number(dst, "cache_read_input_tokens", u.CachedRead)
	if whole {
		dst = append(member(dst, "cache_creation"), '{')
		dst = number(dst, "ephemeral_5m_input_tokens", u.CacheWrite5m)
		dst = append(number(dst, "ephemeral_1h_input_tokens", u.CacheWrite1h), '}')
	}
	dst = number(dst, "output_tokens", u.Completion())
	details, hosted := u.Reasoning > 0, u.WebSearches > 0
	for i, m := range extra {
		name, ok := strings.CutPrefix(m.Name, usagePrefix)
		if !ok || told(extra[i+1:], m.Name) {
			continue
		}
		details = details && name != "output_tokens_details"
		hosted = hosted && name != "server_tool_use"
		dst = raw(dst, name, m.Value)
	}
	if details {
		dst = append(number(append(member(dst, "output_tokens_details"), '{'), "thinking_tokens", u.Reasoning), '}')
	}
	if hosted {
		dst = append(member(dst, "server_tool_use"), '{')
		dst = append(number(number(dst, "web_search_requests", u.WebSearches), "web_fetch_requests", 0), '}')
	} else if !told(extra, usagePrefix+"server_tool_use") {
		dst = raw(dst, "server_tool_use", []byte("null"))
	}
	if whole {
		dst = appendTier(dst, tier)
	}
	return append(dst, '}')
}

// appendTier appends the tier that an answer was served in: standard, priority or batch.
func appendTier(dst []byte, tier string) []byte {
	switch tier {
	case "standard", "priority", "batch":
		return text(dst, "service_tier", tier)
	case "default": // as OpenAI calls it
		return text(dst, "service_tier", "standard")
	}
	return raw(dst, "service_tier", []byte("null"))
}

// told is whether there is a member of that name.
func told(members []chat.Member, name string) bool {
	for i := range members {
		if members[i].Name == name {
			return true
		}
	}
	return false
}
