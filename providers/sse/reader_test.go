package sse

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// read is all the events of a stream in a comparable form, and the concatenation of their Raws.
func read(r io.Reader, limit int) (events []string, raw []byte, err error) {
	var rd Reader
	rd.Reset(r, limit)
	for {
		e, err := rd.Next()
		if err != nil {
			return events, raw, err
		}
		raw = append(raw, e.Raw...)
		s := string(e.Name) + "|" + string(e.Data) + "|" + string(e.Comment)
		if e.Data == nil {
			s += "|nodata"
		}
		if !e.Ended {
			s += "|open"
		}
		events = append(events, s)
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"line ends of every kind": {"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\r\n", []string{"|a|", "|b|", "|c|", "|d|"}},
		"byte order mark":         {"\xef\xbb\xbfdata: a\n\n", []string{"|a|"}},
		"half a mark is text":     {"\xef\xbbdata: a\n\n", []string{"|||nodata"}},
		"no space":                {"data:a\n\n", []string{"|a|"}},
		"one space is taken off":  {"data:  a \n\n", []string{"| a |"}},
		"several data lines":      {"data: a\ndata: b\ndata\ndata: c\n\n", []string{"|a\nb\n\nc|"}},
		"empty data":              {"data\n\n", []string{"||"}},
		"event and data":          {"event: message_stop\ndata: {}  \n\n", []string{"message_stop|{}  |"}},
		"comment alone":           {": keep-alive\n\n", []string{"||keep-alive|nodata"}},
		"comment with an event":   {":HTTP_STATUS/200\ndata: a\n\n", []string{"|a|HTTP_STATUS/200"}},
		"blank lines":             {"\n\ndata: a\n\n\n", []string{"|||nodata", "|||nodata", "|a|", "|||nodata"}},
		"unknown fields":          {"id: 1\nretry: 3\ndatax: 3\nfoo\n\n", []string{"|||nodata"}},
		"no final newline":        {"data: a\n\ndata: [DONE]", []string{"|a|", "|[DONE]||open"}},
		"one final newline":       {"data: [DONE]\n", []string{"|[DONE]||open"}},
		"final lone CR":           {"data: a\r", []string{"|a||open"}},
		"final lone CRs":          {"data: a\r\r", []string{"|a|"}},
		"nothing":                 {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for pieces, r := range map[string]io.Reader{
				"at once": strings.NewReader(c.in), "by byte": iotest.OneByteReader(strings.NewReader(c.in)),
				"error with data": iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				got, raw, err := read(r, 0)
				if err != io.EOF {
					t.Errorf("%s: error %v, want EOF", pieces, err)
				}
				if strings.Join(got, "\x00") != strings.Join(c.want, "\x00") {
					t.Errorf("%s: got %q, want %q", pieces, got, c.want)
				}
				if string(raw) != c.in {
					t.Errorf("%s: raw bytes %q are not the stream %q", pieces, raw, c.in)
				}
			}
		})
	}
}

func TestAppendWith(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		":c\nevent: x\ndata: {}  \r\n\r\n": ":c\nevent: x\ndata: {1 }\r\n\r\n",
		"data:{}\n":                        "data:{1 }\n",
		"data: {\ndata: }\n\n":             "data: {1 }\n\n",
	} {
		e, err := NewReader(strings.NewReader(in)).Next()
		if err != nil {
			t.Fatal(err)
		}
		if got := string(e.AppendWith(nil, []byte("{1\n}"))); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	in := "data: " + strings.Repeat("x", 10_000) + "\n\n"
	if _, _, err := read(strings.NewReader(in), 9_000); !errors.Is(err, ErrTooLong) {
		t.Errorf("error %v, want ErrTooLong", err)
	}
	if got, _, err := read(strings.NewReader(in+in), len(in)); err != io.EOF || len(got) != 2 {
		t.Errorf("an event as large as the limit: %d events, error %v", len(got), err)
	}
}

func TestSourceError(t *testing.T) {
	t.Parallel()
	broken := errors.New("reset by peer")
	r := io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(broken))
	got, _, err := read(r, 0)
	if !errors.Is(err, broken) || len(got) != 2 || got[1] != "|b||open" {
		t.Errorf("got %q, error %v", got, err)
	}
}

// recordings are the bodies of real streams; none where the shared data is not there.
func recordings(tb testing.TB) [][]byte {
	dir, err := os.Getwd()
	for err == nil {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil || dir == "/" {
			break
		}
		dir = filepath.Dir(dir)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "../shared/data/fixtures/*/*/response.sse"))
	var out [][]byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func TestRecordings(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	if len(all) == 0 {
		t.Skip("no recorded streams beside the repository (../shared/data/fixtures)")
	}
	events := 0
	for _, b := range all {
		want, raw, err := read(bytes.NewReader(b), 0)
		if err != io.EOF || !bytes.Equal(raw, b) {
			t.Fatalf("error %v, bytes kept: %t", err, bytes.Equal(raw, b))
		}
		events += len(want)
		if len(b) > 200_000 {
			continue
		}
		for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(b)), iotest.HalfReader(bytes.NewReader(b))} {
			got, raw, err := read(r, 0)
			if err != io.EOF || !bytes.Equal(raw, b) || strings.Join(got, "\x00") != strings.Join(want, "\x00") {
				t.Fatalf("read in pieces: %d events, whole: %d, error %v", len(got), len(want), err)
			}
		}
	}
	t.Logf("%d streams, %d events", len(all), events)
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{"data: a\n\n", ": c\r\n\r\ndata: b\r\rdata", "\xef\xbb\xbfevent: x\ndata: 1\ndata: 2\n\n"} {
		f.Add([]byte(s), uint16(0))
	}
	for i, b := range recordings(f) {
		if i%20 == 0 && len(b) < 8000 {
			f.Add(b, uint16(i))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint16) {
		want, raw, err := read(bytes.NewReader(b), 0)
		if err != io.EOF || !bytes.Equal(raw, b) {
			t.Fatalf("error %v, bytes kept: %t", err, bytes.Equal(raw, b))
		}
		got, raw, err := read(&pieces{b: b, size: uint32(seed)}, 0)
		if err != io.EOF || !bytes.Equal(raw, b) {
			t.Fatalf("in pieces: error %v, bytes kept: %t", err, bytes.Equal(raw, b))
		}
		if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Fatalf("in pieces %q, whole %q", got, want)
		}
	})
}

// pieces gives bytes in pieces of changing size.
type pieces struct {
	b    []byte
	size uint32
}

func (p *pieces) Read(dst []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	p.size = p.size*1103515245 + 12345
	n := copy(dst, p.b[:min(len(p.b), 1+int(p.size>>16)%17)])
	p.b = p.b[n:]
	return n, nil
}

func BenchmarkNext(b *testing.B) {
	chunk := `data: {"id":"chatcmpl-DIgQXTrfHNvrR7nDubnJ5oLUWTcEg","object":"chat.completion.chunk","created":1773345365,"model":"gpt-5","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}],"usage":null}` + "\n\n"
	in := []byte(strings.Repeat(chunk, 1000))
	src := bytes.NewReader(in)
	var r Reader
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		if i%1000 == 0 {
			src.Reset(in)
			r.Reset(src, 0)
		}
		if _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
