package chat

import "unicode/utf8"

// milli is thousandths of a token.
type milli int64

// estimate is what the parts of a prompt are worth, kept apart so that a member that comes twice counts once.
type estimate struct{ messages, tools, functions, format milli }

func (e estimate) tokens() int {
	sum := e.messages + e.tools + e.functions + e.format
	if e.tools+e.functions > 0 {
		sum += toolsTokens
	}
	return int((sum + 500) / 1000)
}

// What is no text has fixed figures, because its size is not known without decoding it: an image is a 1024×1024 one at
// high detail (OpenAI 765, Google 1,032, Anthropic 1,398 tokens), a file some two pages, a video ten seconds.
const (
	messageTokens  milli = 4_000
	toolsTokens    milli = 80_000 // what providers say to a model about tools at all: between 20 and 250
	imageTokens    milli = 1_000_000
	lowImageTokens milli = 85_000
	fileTokens     milli = 3_000_000
	videoTokens    milli = 2_600_000
)

// audioTokens is ten tokens a second at 16 KB of base64 a second.
func audioTokens(bytes int) milli { return milli(bytes) * 1000 / 1600 }

// schemaTokens is the estimate for a JSON schema: providers render it more tersely than it came.
func schemaTokens(json []byte) milli { return textTokens(json) * 3 / 4 }

// Long texts are sampled: sampleBytes in every stride, evenly over the text. The estimate of one text then moves by some
// percent, that of a prompt of many texts by less.
const (
	sampleAbove = 1 << 10
	sampleBytes = 128
	shortStride = 4 * sampleBytes
	longStride  = 16 * sampleBytes // above longText
	longText    = 32 << 10
)

// textTokens estimates the tokens of the inside of a JSON string, escapes and all, from what its bytes are.
func textTokens(b []byte) milli {
	if len(b) <= sampleAbove {
		return countTokens(b)
	}
	stride := shortStride
	if len(b) > longText {
		stride = longStride
	}
	var sum, seen milli
	for at := 0; at < len(b); at += stride {
		part := b[at:min(at+sampleBytes, len(b))]
		sum += countTokens(part)
		seen += milli(len(part))
	}
	return sum * milli(len(b)) / seen
}

func countTokens(b []byte) (sum milli) {
	before := other
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c != '\\' {
			sum += milli(weight[before][c])
			before = kinds[c]
			continue
		}
		if i++; i >= len(b) {
			break
		}
		switch c = b[i]; c {
		case 'n', 'r', 't', 'b', 'f':
			c = '\n'
		case 'u':
			r := hex4(b[min(i+1, len(b)):])
			i += 4
			if r >= 0x80 {
				sum += escaped(r)
				before = other
				continue
			}
			c = byte(max(r, 0))
		}
		sum += milli(weight[before][c])
		before = kinds[c]
	}
	return sum
}

// escaped is what a character beyond ASCII is worth that came as \u1234.
func escaped(r rune) milli {
	if r >= 0xd800 && r < 0xe000 {
		return 1250 // half of an emoji
	}
	var b [3]byte
	utf8.EncodeRune(b[:], r)
	return milli(weight[other][b[0]])
}

// kind is a class of bytes that merge with one another into tokens.
type kind uint8

const (
	other kind = iota
	space
	newline
	punctuation
)

var kinds = func() (k [256]kind) {
	for c := range 0x80 {
		switch {
		case c == ' ':
			k[c] = space
		case c < ' ':
			k[c] = newline
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		default:
			k[c] = punctuation
		}
	}
	return k
}()

// weight is the mean number of millitokens that a byte adds after a byte of some kind. A character of several bytes has
// all its worth on its first. Fitted by least squares of the relative error to the o200k_base tokenizer on 8,000 prompts
// of 30 languages and 800 pieces of JSON, Go and Python. The estimate is within 15 % of o200k_base for half the texts of
// every language but Indonesian, Italian, Thai (20 % low) and those with a script of their own that few write in, and
// within 10 % for nine of ten texts in English and pieces of code.
var weight = func() (w [4][256]uint16) {
	for before := range w {
		for c := range 256 {
			w[before][c] = single(byte(c))
		}
	}
	for c := range 256 {
		switch kinds[c] {
		case space:
			w[space][c], w[newline][c] = 80, 80
		case newline:
			w[newline][c], w[punctuation][c] = 0, 0
		case punctuation:
			w[punctuation][c] = 250
		}
	}
	return w
}()

func single(c byte) uint16 {
	switch {
	case c >= 'a' && c <= 'z':
		return 101
	case c >= 'A' && c <= 'Z':
		return 287
	case c >= '0' && c <= '9':
		return 719
	case c == ' ':
		return 585
	case c < ' ':
		return 1137
	case c < 0x80:
		return 1044
	case c < 0xc0: // follows another
		return 0
	case c < 0xce: // Latin with accents
		return 1150
	case c < 0xd0: // Greek
		return 336
	case c < 0xd4: // Cyrillic
		return 225
	case c < 0xe0: // Armenian, Hebrew, Arabic
		return 285
	case c < 0xe2: // the scripts of India, Thai; Georgian, accents of Vietnamese
		return 330
	case c == 0xe2: // punctuation, arrows, mathematics
		return 1285
	case c == 0xe3: // kana
		return 795
	case c < 0xea: // Chinese characters
		return 740
	case c < 0xee: // Hangul
		return 660
	case c < 0xf0: // full-width punctuation
		return 985
	}
	return 2490 // emoji
}
