package sim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/bytedance/sonic"
)

// embedders are the models for embeddings of those who have them, with their usual dimensions.
var embedders = map[string]map[string]int{
	"openai":    {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072},
	"mistral":   {"mistral-embed": 1024},
	"alibaba":   {"text-embedding-v4": 1024},
	"microsoft": {"text-embedding-3-small": 1536},
}

// embed answers a call for embeddings: unit vectors that are the same for the same text, as floats or, as official SDKs ask for
// them, as base64 of little-endian float32.
func (p *provider) embed(body []byte) ([]byte, *refusal) {
	var asked struct {
		Model      string          `json:"model"`
		Input      json.RawMessage `json:"input"`
		Dimensions int             `json:"dimensions"`
		Format     string          `json:"encoding_format"`
	}
	if err := sonic.Unmarshal(body, &asked); err != nil {
		return nil, refused("invalid JSON")
	}
	size := embedders[p.id][asked.Model]
	switch {
	case size == 0:
		r := (&surface{}).refusal(p.id, "model_not_found", asked.Model)
		return nil, &r
	case asked.Dimensions < 0 || asked.Dimensions > size:
		return nil, refused("Invalid 'dimensions': the model has at most " + strconv.Itoa(size))
	case asked.Dimensions > 0:
		size = asked.Dimensions
	}
	texts := inputsOf(asked.Input)
	if len(texts) == 0 {
		return nil, refused("'$.input' is invalid")
	}
	tokens := 0
	b := []byte(`{"object":"list","data":[`)
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendInt(append(b, `{"object":"embedding","index":`...), int64(i), 10), `,"embedding":`...)
		b = append(appendVector(b, vectorOf(text, size), asked.Format == "base64"), '}')
		tokens += tokensOf(len(text))
	}
	b = appendString(append(b, `],"model":`...), asked.Model)
	b = strconv.AppendInt(append(b, `,"usage":{"prompt_tokens":`...), int64(tokens), 10)
	return append(strconv.AppendInt(append(b, `,"total_tokens":`...), int64(tokens), 10), "}}"...), nil
}

// inputsOf are the texts of an input: a string, strings, token numbers or lists of them.
func inputsOf(input json.RawMessage) (texts []string) {
	var one string
	if sonic.Unmarshal(input, &one) == nil && one != "" {
		return []string{one}
	}
	var list []json.RawMessage
	if sonic.Unmarshal(input, &list) != nil || len(list) == 0 {
		return nil
	}
	if !strings.ContainsAny(string(list[0]), `"[`) {
		return []string{string(input)} // the tokens of one text
	}
	for _, v := range list {
		texts = append(texts, string(v))
	}
	return texts
}

func vectorOf(text string, size int) []float32 {
	h := fnv.New64a()
	h.Write([]byte(text))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	v, sum := make([]float32, size), 0.
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func appendVector(b []byte, v []float32, packed bool) []byte {
	if packed {
		var raw []byte
		for _, f := range v {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
		}
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), raw), '"')
	}
	b = append(b, '[')
	for _, f := range v {
		b = append(strconv.AppendFloat(b, float64(f), 'g', -1, 32), ',')
	}
	return append(slices.Delete(b, len(b)-1, len(b)), ']')
}
