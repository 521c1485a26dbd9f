package chat

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"testing"
)

// shared is the folder beside the repository with recorded provider exchanges.
func shared(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			dir = filepath.Join(filepath.Dir(dir), "shared")
			if _, e := os.Stat(dir); e == nil {
				return dir
			}
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Skip("no recorded exchanges here")
	return ""
}

var promptTokens = regexp.MustCompile(`"prompt_tokens": ?(\d+)`)

// TestPromptTokensAgainstRecordings compares the estimate with what providers counted for the same request, where it is
// text and tools alone.
func TestPromptTokensAgainstRecordings(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob(filepath.Join(shared(t), "data/fixtures/*/*/request.json"))
	var ratios []float64
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil || !json.Valid(body) {
			continue
		}
		answer, err := os.ReadFile(filepath.Join(filepath.Dir(file), "response.json"))
		if err != nil {
			answer, _ = os.ReadFile(filepath.Join(filepath.Dir(file), "response.sse"))
		}
		m := promptTokens.FindAllSubmatch(answer, -1)
		if m == nil {
			continue
		}
		r, err := Read(body)
		if err != nil {
			continue
		}
		f := r.Facts
		want, _ := strconv.Atoi(string(m[len(m)-1][1]))
		if want >= 40 && f.Images+f.Files+f.Audio+f.Video+f.Unknown+f.HostedTools == 0 {
			ratios = append(ratios, float64(f.PromptTokens)/float64(want))
		}
		r.Release()
	}
	if len(ratios) < 100 {
		t.Fatalf("only %d recorded requests could be compared: the reader refuses what it read before, or the recordings changed", len(ratios))
	}
	sort.Float64s(ratios)
	at := func(q float64) float64 { return ratios[int(q*float64(len(ratios)-1))] }
	if m := at(.5); m < .85 || m > 1.15 || at(.25) < .6 || at(.75) > 1.4 {
		t.Errorf("the estimate is off: quartiles of estimate/counted %.2f %.2f %.2f", at(.25), m, at(.75))
	}
	t.Logf("%d recordings: estimate/counted p5 %.2f p25 %.2f p50 %.2f p75 %.2f p95 %.2f", len(ratios), at(.05), at(.25), at(.5), at(.75), at(.95))
}

// TestTextTokens compares the estimate with what the o200k_base tokenizer counts.
func TestTextTokens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		count float64
	}{
		{"The quick brown fox jumps over the lazy dog.", 10},
		{"Please summarise the attached report in three sentences for a reader who has never heard of the subject, and keep the figures.", 25},
		{"Schreibe bitte eine kurze Zusammenfassung des Berichts für die Geschäftsführung.", 16},
		{"请用三句话总结这份报告，并保留所有数字。", 14},
		{"この報告書を三つの文で要約し、数字はすべて残してください。", 22},
		{"이 보고서를 세 문장으로 요약하고 숫자는 모두 유지해 주세요.", 17},
		{"Пожалуйста, кратко изложи содержание отчёта в трёх предложениях.", 19},
		{"لخص هذا التقرير في ثلاث جمل واحتفظ بجميع الأرقام.", 16},
		{"func add(a, b int) int {\n\treturn a + b // the sum\n}\n\nfunc main() {\n\tfmt.Println(add(2, 40))\n}\n", 32},
		{`{"type":"object","properties":{"city":{"type":"string","description":"The city"},"days":{"type":"integer"}},"required":["city"]}`, 31},
	} {
		ascii, _ := json.Marshal(c.text)
		plain := appendQuoted(nil, c.text)
		for _, in := range [][]byte{plain[1 : len(plain)-1], ascii[1 : len(ascii)-1], []byte(strconv.QuoteToASCII(c.text)[1:])} {
			got := float64(textTokens(in)) / 1000
			if got < .7*c.count || got > 1.4*c.count {
				t.Errorf("%q: %.1f tokens, counted %.0f", in, got, c.count)
			}
		}
	}
}

// TestSampledTokens: a long text is worth what its parts are worth.
func TestSampledTokens(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("followup.go")
	if err != nil {
		t.Fatal(err)
	}
	long := bytes.Repeat(file, 8)
	got, want := float64(textTokens(long)), float64(countTokens(long))
	if got < .9*want || got > 1.1*want {
		t.Errorf("sampled %.0f, counted %.0f", got, want)
	}
}
