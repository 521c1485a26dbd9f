package gemini

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/routor/routor/providers/sse"
)

// fixture is a recorded exchange of generateContent or streamGenerateContent.
type fixture struct {
	name     string
	status   int
	request  []byte   // nil = not recorded
	response []byte   // a whole body; nil = chunks
	chunks   [][]byte // of a stream
}

// left out are the recorded exchanges on other surfaces, by what their URL has.
var elsewhere = []string{"/openai/", ":countTokens", ":batchEmbedContents", "/v1beta/models?", "/v1beta/models$", "/cachedContents", "/files"}

// fixtures are all recorded exchanges; the test is skipped where the shared data is not beside the repository.
func fixtures(tb testing.TB) (out []fixture, left map[string]int) {
	tb.Helper()
	dir, _ := os.Getwd()
	for dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	metas, _ := filepath.Glob(filepath.Join(dir, "../shared/data/fixtures/google*/*/meta.json"))
	if len(metas) == 0 {
		tb.Skip("no recorded exchanges beside the repository (../shared/data/fixtures)")
	}
	left = map[string]int{}
	for _, m := range metas {
		var meta struct {
			URL          string
			Status       int
			ResponseFile string `json:"response_file"`
		}
		b, err := os.ReadFile(m)
		if err == nil {
			err = json.Unmarshal(b, &meta)
		}
		if err != nil {
			tb.Fatal(m, err)
		}
		if why := surface(meta.URL); why != "" {
			left[why]++
			continue
		}
		at := filepath.Dir(m)
		f := fixture{name: filepath.Base(filepath.Dir(at)) + "/" + filepath.Base(at), status: meta.Status}
		f.request, _ = os.ReadFile(filepath.Join(at, "request.json"))
		if meta.ResponseFile != "" {
			f.response, _ = os.ReadFile(filepath.Join(at, meta.ResponseFile))
		}
		switch filepath.Ext(meta.ResponseFile) {
		case ".sse":
			f.chunks, f.response = events(tb, f.response), nil
		case ".txt": // a chunk a line
			f.chunks, f.response = bytes.Split(bytes.TrimSpace(f.response), []byte("\n")), nil
		case ".json":
			if list, ok := open(f.response, '['); ok {
				for list.more() {
					f.chunks = append(f.chunks, list.value())
				}
				f.response = nil
			}
		}
		out = append(out, f)
	}
	return out, left
}

func surface(url string) string {
	for _, e := range elsewhere {
		if strings.Contains(url+"$", e) {
			return "another surface: " + strings.Trim(e, "/:?$")
		}
	}
	return ""
}

func events(tb testing.TB, stream []byte) (out [][]byte) {
	r := sse.NewReader(bytes.NewReader(stream))
	for {
		e, err := r.Next()
		if err != nil {
			return out
		}
		if e.Data != nil {
			out = append(out, bytes.Clone(e.Data))
		}
	}
}

// whole is everything that was sent.
func (f *fixture) bodies() [][]byte {
	if f.response != nil {
		return [][]byte{f.response}
	}
	return f.chunks
}
