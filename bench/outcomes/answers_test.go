package outcomes

import (
	"reflect"
	"strings"
	"testing"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	list, err := Answers(strings.NewReader(`{"id":"1","text":"a","model":"x/y","score":1,"completion_tokens":12,"task":"sums"}
{"id":"1","text":"a","model":"x/z","score":0}

{"text":"b","scores":{"x/y":0.5},"tokens":{"x/y":7}}
{"text":"b","scores":{"x/z":0.25}}
`), "task")
	if err != nil || len(list) != 2 || list[0].Label != "sums" || list[0].Scores["x/z"] != 0 || list[0].Tokens["x/y"] != 12 || len(list[1].Scores) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if got := ModelsOf(list); !reflect.DeepEqual(got, []string{"x/y", "x/z"}) {
		t.Errorf("models %v", got)
	}
	for in, want := range map[string]string{
		`{"text":"a","model":"x"}`:                   "no score",
		`{"model":"x","score":1}`:                    "no prompt",
		`{"text":"a","model":"x","score":2}`:         "must be 0 to 1",
		"\n" + `{`:                                   "line 2",
		`{"text":"a","scores":{"x":1},"task":["a"]}`: "task: must be a label",
	} {
		if _, err := Answers(strings.NewReader(in), "task"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(`{"id":"1","text":"a","model":"x/y","score":1,"completion_tokens":12,"task":"sums"}`)
	f.Add(`{"text":"b","scores":{"x/y":0.5},"tokens":{"x/y":7}}`)
	f.Fuzz(func(t *testing.T, in string) {
		list, err := Answers(strings.NewReader(in), "task")
		if err == nil {
			for i := range list {
				if len(list[i].Scores) == 0 {
					t.Fatal("a prompt without a score")
				}
			}
		}
	})
}
