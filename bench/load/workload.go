package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/engine/chat"
)

// Workload is what is asked.
type Workload struct {
	Name   string
	Texts  []string // asked in turn
	Stream bool
}

// text is what prompts of a fixed size are cut from.
const text = "Write a function in Go that merges overlapping intervals, and explain why it is correct. Our checkout service returns 502 about once an hour. "

// Sized is a workload of requests of about that many bytes.
func Sized(name string, bytes int, stream bool) Workload {
	n := max(bytes-90, 1)
	return Workload{Name: name, Texts: []string{strings.Repeat(text, n/len(text)+1)[:n]}, Stream: stream}
}

// Mixed is a workload of the prompts of a file, JSON lines as `routor classify` takes them.
func Mixed(name string, r io.Reader, stream bool) (Workload, error) {
	w := Workload{Name: name, Stream: stream}
	err := prompts.Read(r, func(row *prompts.Row) error {
		if row.Text != "" {
			w.Texts = append(w.Texts, row.Text)
		}
		return nil
	})
	if err == nil && len(w.Texts) == 0 {
		err = errors.New("no line has a text")
	}
	if err != nil {
		return w, fmt.Errorf("prompts: %w", err)
	}
	return w, nil
}

// bodies are the requests for a model. They are chat completions, for all that is compared speaks those.
func (w *Workload) bodies(model string) [][]byte {
	out := make([][]byte, len(w.Texts))
	for i, t := range w.Texts {
		b := chat.Prompt{Text: t}.AppendBody(nil)
		name, _ := json.Marshal(model)
		head := `{"model":` + string(name)
		if w.Stream {
			head += `,"stream":true`
		}
		out[i] = append([]byte(head), b[len(`{"model":"auto"`):]...)
	}
	return out
}

// Body is the i-th request for a model.
func (w *Workload) Body(i int, model string) []byte { return w.bodies(model)[i%len(w.Texts)] }
