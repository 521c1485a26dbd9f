package chat

// milli is thousandths of a token.
type milli int64

// estimate is what the parts of a prompt are worth, kept apart so that a member that comes twice counts once.
type estimate struct{ messages, tools, functions, format milli }

func (e estimate) tokens() int {
	return int((e.messages + e.tools + e.functions + e.format + 500) / 1000)
}

// What is no text has fixed figures, because its size is not known without decoding it: an image is a 1024×1024 one at
// high detail (OpenAI 765, Google 1,032, Anthropic 1,398 tokens), a file some two pages, a video ten seconds.
const (
	messageTokens  milli = 4_000
	imageTokens    milli = 1_000_000
	lowImageTokens milli = 85_000
	fileTokens     milli = 3_000_000
	videoTokens    milli = 2_600_000
)

// audioTokens is ten tokens a second at 16 KB of base64 a second.
func audioTokens(bytes int) milli { return milli(bytes) * 1000 / 1600 }

// schemaTokens is the estimate for a tool's JSON schema: providers render it more tersely than it came.
func schemaTokens(json []byte) milli { return textTokens(json) * 3 / 4 }

// Long texts are sampled: sampleBytes in every sampleStride, which is off by a percent or two on mixed text.
const (
	sampleAbove  = 8 << 10
	sampleBytes  = 256
	sampleStride = 1 << 10
)

// textTokens estimates the tokens of the inside of a JSON string, escapes and all, from what its bytes are.
func textTokens(b []byte) milli {
	if len(b) <= sampleAbove {
		return countTokens(b)
	}
	var sum, seen milli
	for at := 0; at < len(b); at += sampleStride {
		part := b[at:min(at+sampleBytes, len(b))]
		sum += countTokens(part)
		seen += milli(len(part))
	}
	return sum * milli(len(b)) / seen
}

func countTokens(b []byte) (sum milli) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c != '\\' {
			sum += milli(weight[c])
			continue
		}
		if i+1 >= len(b) {
			break
		}
		if i++; b[i] != 'u' {
			sum += milli(weight['\n'])
			continue
		}
		r := hex4(b[min(i+1, len(b)):])
		i += 4
		switch {
		case r < 0x80:
			sum += milli(weight['#'])
		case r < 0x2e80:
			sum += 450
		case r >= 0xd800 && r < 0xe000: // half of an emoji
			sum += 900
		default:
			sum += 800
		}
	}
	return sum
}

// weight is the mean number of millitokens that a byte is worth, by what it is. A character of several bytes has all its
// worth on its first.
var weight = func() (w [256]uint16) {
	for c := range w {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			w[c] = 190
		case c >= '0' && c <= '9':
			w[c] = 420
		case c == ' ':
			w[c] = 170
		case c < ' ':
			w[c] = 450
		case c < 0x80:
			w[c] = 620
		case c < 0xc0: // follows another
			w[c] = 0
		case c < 0xe0: // Latin with accents, Greek, Cyrillic, Hebrew, Arabic
			w[c] = 450
		case c < 0xe3: // the scripts of India, Thai, Georgian; punctuation
			w[c] = 600
		case c < 0xf0: // Chinese, Japanese, Korean
			w[c] = 800
		default: // emoji
			w[c] = 1800
		}
	}
	return w
}()
