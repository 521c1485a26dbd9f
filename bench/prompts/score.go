package prompts

import (
	"fmt"
	"strconv"
	"strings"
)

// score reads a line "prompt_id,model,score,tok_out" of the outcomes.
func score(line string) (id string, tokens float64, err error) {
	id, rest, _ := strings.Cut(line, ",")
	last := strings.LastIndexByte(rest, ',')
	if id == "" || last < 0 {
		return "", 0, fmt.Errorf("%q is not prompt_id,model,score,tok_out", line)
	}
	if rest[last+1:] == "" {
		return id, 0, nil
	}
	if tokens, err = strconv.ParseFloat(rest[last+1:], 64); err != nil {
		return "", 0, fmt.Errorf("tok_out: %w", err)
	}
	return strings.Clone(id), tokens, nil
}
