package prompts

import (
	"bytes"
	"compress/gzip"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/chat"
)

func textOnly(r *chat.Request, in *classifiers.Input) {
	in.Text, in.System, in.Context = r.Text, r.System, r.Context
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), zipped(t, text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Which rows are learned from, with whose label, is the rule that makes figures honest.
func TestFolderSplits(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{
		fileTrain: `{"id":"hand","text":"a","category":"math","group":"g1","source":"s"}
{"id":"held","text":"b","category":"math","group":"g2","source":"s"}
{"id":"same question as held","text":"b2","category":"math","group":"g2","source":"s"}
{"id":"source","text":"c","category":"math","group":"g3","source":"s"}
{"id":"mixed","text":"d","category":"math","group":"g4","source":"s"}
{"id":"unlike","text":"e","category":"math","group":"g5","source":"flask"}
{"id":"unlike, nobody knows","text":"f","category":"math","group":"g6","source":"flask"}
{"id":"nc","text":"g","category":"math","group":"g7","source":"s","nc":true}
{"id":"nc by licence","text":"g","category":"math","group":"g7","source":"s","licence":"CC-BY-NC-4.0"}
`,
		fileAnnotations: `{"id":"hand","category":"coding","tier":"LIGHT","domain":"other","split":"train"}
{"id":"held","category":"coding","tier":"NANO","domain":"law","split":"test"}
`,
		fileTeacher: `{"id":"mixed","p":[1,0,0,0,0,0,0,0,0,0,0,0,0,0]}
{"id":"unlike","p":[0,0,1,0,0,0,0,0,0,0,0,0,0,1]}
`,
		fileWritten: `{"id":"w","text":"h","category":"writing","tier":"SIMPLE","split":"dev","source":"written-chat"}
`,
		fileOutcomes: `{"id":"o1","text":"i","benchmark":"mmlu-pro","domain":"computer science","split":"train","group":"o"}
{"id":"o2","text":"j","benchmark":"mmlu-pro","split":"test","group":"p"}
{"id":"o3","text":"k","benchmark":"mmlu-pro","split":"train","group":"g2"}
`,
		fileScores: "prompt_id,model,score,tok_out\no1,m,1,100\no1,n,0,400\no1,o,0,4\no1,p,0,1\no2,m,1,7\no3,m,1,7\n",
		fileDev:    `{"id":"d","text":"l","category":"math","source":"s"}` + "\n",
		fileTest:   `{"id":"t","text":"m","category":"math","source":"s"}` + "\n",
	})
	set, err := Folder(dir, textOnly, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range set.Examples {
		said := e.Split
		if e.Category != nil {
			said += " " + e.Category.String()
		}
		if e.Domain != nil {
			said += " " + e.Domain.String()
		}
		if e.Tier != nil {
			said += " " + e.Tier.String()
		}
		if e.Soft != nil {
			said += " soft"
		}
		got[e.ID] = said
	}
	want := map[string]string{
		"hand": "train coding other LIGHT", "held": "test coding law NANO", "source": "train math", "mixed": "train soft",
		"unlike": "train soft", "w": "dev writing SIMPLE", "o1": "train computer_science", "d": "source-dev math", "t": "source-test math",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, e := range set.Examples {
		switch e.ID {
		case "o1":
			if e.Tokens != 250 {
				t.Errorf("completion tokens are %v, the mean of 100 and 400 is 250", e.Tokens)
			}
		case "mixed":
			if e.Soft[1] < 0.59 || e.Soft[12]+e.Soft[11] > 0.41 {
				t.Errorf("soft label %v, want most on math", e.Soft)
			}
		case "w":
			if e.Weight != writtenWeight {
				t.Errorf("weight %v", e.Weight)
			}
		}
	}
	if len(set.Data) != 8 || set.Skipped["non-commercial licence"] != 2 || set.Skipped["group is held out"] != 2 || set.Skipped["no label"] != 1 {
		t.Errorf("hashes of %v, skipped %v", slices.Sorted(maps.Keys(set.Data)), set.Skipped)
	}
}

func TestExamplesOfOnesOwn(t *testing.T) {
	t.Parallel()
	const good = `{"text":"hi","category":"chat_roleplay","tier":"nano","completion_tokens":9,"weight":3}

{"messages":[{"role":"user","content":"and now in French"}],"category":"translation","split":"dev","tools":2}
`
	for _, src := range [][]byte{[]byte(good), zipped(t, good)} {
		got, err := Examples(bytes.NewReader(src), textOnly, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0].Split != "train" || got[0].Weight != 3 || got[0].Tokens != 9 || got[1].Input.Text != "and now in French" {
			t.Errorf("%+v", got)
		}
	}
	for src, want := range map[string]string{
		`{"text":"hi","category":"codng"}`: `unknown category "codng"`,
		`{"text":"hi","tier":"HUGE"}`:      `unknown tier "HUGE"`,
		`{"text":"hi","weight":-1}`:        "weight is -1",
		`{"category":"math"}`:              "line 1",
		"{\"text\":\"a\"}\n{":              "line 2",
	} {
		if _, err := Examples(strings.NewReader(src), textOnly, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", src, err, want)
		}
	}
}

func FuzzExamples(f *testing.F) {
	f.Add([]byte(`{"text":"hi","category":"math","tools":[{"type":"function"}],"messages":[{"role":"user","content":"x"}]}`))
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte("{}\n[]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		examples, err := Examples(bytes.NewReader(src), textOnly, nil)
		if err == nil {
			for _, e := range examples {
				if e.Weight <= 0 {
					t.Errorf("weight %v", e.Weight)
				}
			}
		}
	})
}

func FuzzScore(f *testing.F) {
	f.Add("p,m,0.5,12")
	f.Add("p,m,0.5,")
	f.Fuzz(func(t *testing.T, line string) {
		if id, _, err := score(line); err == nil && id == "" {
			t.Errorf("%q has no id", line)
		}
	})
}
