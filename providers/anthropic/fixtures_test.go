package anthropic

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/routor/routor/providers/sse"
)

// fixture is a recorded exchange on a Messages surface.
type fixture struct {
	id, url  string
	status   int
	request  []byte // nil = not recorded
	response []byte
	stream   bool
}

// fixtures are all recorded exchanges; the test is skipped where the shared data is not beside the repository.
func fixtures(tb testing.TB) []fixture {
	tb.Helper()
	dir, _ := os.Getwd()
	for dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	metas, _ := filepath.Glob(filepath.Join(dir, "../shared/data/fixtures/*/*/meta.json"))
	if len(metas) == 0 {
		tb.Skip("no recorded exchanges beside the repository (../shared/data/fixtures)")
	}
	var out []fixture
	for _, path := range metas {
		var meta struct {
			URL, Provider string
			Status        int
			RequestFile   string `json:"request_file"`
			ResponseFile  string `json:"response_file"`
		}
		if err := json.Unmarshal(read(tb, path), &meta); err != nil {
			tb.Fatal(path, err)
		}
		if meta.Provider != "anthropic" && !strings.Contains(meta.URL, "/messages") {
			continue
		}
		f := fixture{id: filepath.Base(filepath.Dir(path)), url: meta.URL, status: meta.Status}
		if meta.RequestFile != "" {
			f.request = read(tb, filepath.Join(filepath.Dir(path), meta.RequestFile))
		}
		if meta.ResponseFile != "" {
			f.response = read(tb, filepath.Join(filepath.Dir(path), meta.ResponseFile))
			f.stream = !strings.HasSuffix(meta.ResponseFile, ".json")
		}
		out = append(out, f)
	}
	return out
}

func read(tb testing.TB, path string) []byte {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// event is a server-sent event of a recorded stream.
type sent struct {
	name string
	data []byte
}

// events are the events of a stream: server-sent ones, or one JSON payload a line.
func events(tb testing.TB, body []byte) (list []sent) {
	tb.Helper()
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		for _, line := range bytes.Split(body, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				list = append(list, sent{"", line})
			}
		}
		return list
	}
	r := sse.NewReader(bytes.NewReader(body))
	for {
		e, err := r.Next()
		if err != nil {
			return list
		}
		if e.Data != nil {
			list = append(list, sent{string(e.Name), bytes.Clone(e.Data)})
		}
	}
}
