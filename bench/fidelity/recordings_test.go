// Package fidelity holds Routor against every recorded exchange: what a provider said has to reach clients of every dialect,
// and what a client asked has to reach providers of every dialect. It has tests only; `make fidelity` prints their report.
package fidelity

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
)

// recordings lie beside the repository.
const recordings = "../../../shared/data/fixtures"

// counting is a surface that only counts tokens.
const counting chat.Dialect = "count_tokens"

// recording is one recorded exchange.
type recording struct {
	index    int
	name     string // provider/id
	provider string // of the recording
	model    string
	dialect  chat.Dialect // of the surface it was recorded on
	stream   bool
	status   int
	header   map[string]string
	request  []byte // nil = not recorded
	answer   []byte // as it goes over the wire
	left     string // why it can't be replayed at all; "" = it can
}

// load reads all recordings; the test is skipped where they are not beside the repository.
func load(t *testing.T) []*recording {
	t.Helper()
	index, err := os.Open(filepath.Join(recordings, "INDEX.jsonl"))
	if err != nil {
		t.Skip("no recorded exchanges beside the repository (../shared/data/fixtures)")
	}
	defer index.Close()
	var all []*recording
	for lines := bufio.NewScanner(index); lines.Scan(); {
		var row struct{ Path string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		r := read(t, row.Path)
		r.index = len(all)
		all = append(all, r)
	}
	return all
}

func read(t *testing.T, path string) *recording {
	t.Helper()
	file := func(name string) []byte {
		if name == "" {
			return nil
		}
		b, err := os.ReadFile(filepath.Join(recordings, path, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var meta struct {
		Provider, Model, URL string
		Status               int
		Headers              map[string]any
		RequestFile          string `json:"request_file"`
		ResponseFile         string `json:"response_file"`
	}
	if err := json.Unmarshal(file("meta.json"), &meta); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	r := &recording{
		name: path, provider: meta.Provider, model: meta.Model, status: meta.Status, header: map[string]string{},
		request: file(meta.RequestFile), answer: file(meta.ResponseFile),
	}
	if r.status == 0 {
		r.status = 200
	}
	for name, value := range meta.Headers {
		if text, ok := value.(string); ok {
			r.header[strings.ToLower(name)] = text
		}
	}
	r.dialect, r.left = surfaceOf(meta.URL, r)
	r.frame(filepath.Ext(meta.ResponseFile))
	return r
}

var stored = regexp.MustCompile(`/responses/resp_`)

// surfaceOf is on which surface an exchange was recorded; left says why it is none that Routor calls.
func surfaceOf(url string, r *recording) (d chat.Dialect, left string) {
	url, _, _ = strings.Cut(url, "?")
	url, _, _ = strings.Cut(url, "#")
	switch {
	case url == "":
		return byShape(r), ""
	case strings.HasSuffix(url, "/chat/completions"):
		return chat.Completions, ""
	case strings.HasSuffix(url, "/responses"), stored.MatchString(url):
		return chat.Responses, ""
	case strings.HasSuffix(url, "/messages"):
		return chat.Messages, ""
	case strings.HasSuffix(url, "/messages/count_tokens"):
		return counting, ""
	case strings.HasSuffix(url, "enerateContent"):
		return chat.Generate, ""
	case strings.HasSuffix(url, ":countTokens"):
		return "", "Google's call to count tokens: no client's call leads to it"
	case strings.Contains(url, "EmbedContent"):
		return "", "embeddings in Google's own dialect: clients ask for them as OpenAI has it"
	case strings.HasSuffix(url, "/completions"):
		return "", "text completions, OpenAI's surface of before chat"
	case strings.Contains(url, "/models"):
		return "", "a list of models: /v1/models is answered from the catalog"
	case strings.Contains(url, "/services/aigc/"):
		return "", "DashScope's own surface: Alibaba is called on its OpenAI-compatible one"
	}
	return "", "another surface: " + url
}

// byShape tells a surface by what was answered, where no address was recorded.
func byShape(r *recording) chat.Dialect {
	for _, m := range []struct {
		mark string
		is   chat.Dialect
	}{
		{`"response.created"`, chat.Responses}, {`"object":"response"`, chat.Responses}, {`"message_start"`, chat.Messages}, {`"type":"message","role":"assistant","model"`, chat.Messages},
		{`"model":"claude-`, chat.Messages}, {`"candidates"`, chat.Generate}, {`"promptFeedback"`, chat.Generate}, {`"choices"`, chat.Completions},
	} {
		if bytes.Contains(bytes.ReplaceAll(r.answer[:min(len(r.answer), 4000)], []byte(`": "`), []byte(`":"`)), []byte(m.mark)) {
			return m.is
		}
	}
	if strings.HasPrefix(r.provider, "google") {
		return chat.Generate
	}
	if r.provider == "openai" || strings.Contains(r.name, "responses") {
		return chat.Responses
	}
	return chat.Completions
}

// frame makes of what was kept what went over the wire: some streams are kept as a chunk a line, or as the list that Google
// sends who does not ask for events.
func (r *recording) frame(kind string) {
	switch {
	case kind == ".sse":
		r.stream = true
	case kind == ".txt":
		r.stream = true
		var out []byte
		for _, line := range bytes.Split(r.answer, []byte("\n")) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				out = r.event(out, line)
			}
			if r.dialect == chat.Responses && bytes.Contains(line, []byte(`{"type":"response.completed"`)) {
				break // one file holds four answers, one after the other
			}
		}
		if r.dialect == chat.Completions {
			out = append(out, "data: [DONE]\n\n"...)
		}
		r.answer = out
	case r.dialect == chat.Generate && bytes.HasPrefix(bytes.TrimSpace(r.answer), []byte("[")):
		var list []json.RawMessage
		if json.Unmarshal(r.answer, &list) != nil {
			return
		}
		if r.status != 200 && len(list) == 1 {
			r.answer = list[0]
			return
		}
		r.stream = true
		r.answer = nil
		for _, chunk := range list {
			var one bytes.Buffer
			_ = json.Compact(&one, chunk)
			r.answer = r.event(r.answer, one.Bytes())
		}
	}
}

func (r *recording) event(out, data []byte) []byte {
	if r.dialect == chat.Messages || r.dialect == chat.Responses {
		var named struct{ Type string }
		_ = json.Unmarshal(data, &named)
		out = append(append(append(out, "event: "...), named.Type...), '\n')
	}
	return append(append(append(out, "data: "...), data...), "\n\n"...)
}

// choices is how many alternative answers were asked for.
func (r *recording) choices() int {
	var asked struct{ N int }
	_ = json.Unmarshal(r.request, &asked)
	return max(asked.N, 1)
}
