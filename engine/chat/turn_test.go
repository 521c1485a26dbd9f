package chat

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestHuman(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"plain", " what is <b>bold</b>? ", "what is <b>bold</b>?"},
		{"reminder before", "<system-reminder>\nbe kind\n</system-reminder>\nfix the bug", "fix the bug"},
		{"reminders around", "<system-reminder>a</system-reminder>fix\nit<environment_context><cwd>/x</cwd></environment_context>", "fix\nit"},
		{"attributes", `<system-reminder id="1">a</system-reminder>go`, "go"},
		{"not closed", "<system-reminder>why does this tag show?", "<system-reminder>why does this tag show?"},
		{"Cursor", "<attached_files>x</attached_files>\n<user_query>which line?</user_query>", "which line?"},
		{"Cline", "<task>create a file</task>\n<environment_details>\n# x\n</environment_details>", "create a file"},
		{"a prompt in XML", "<task>Summarise.</task>\n<document>Long.</document>", "<task>Summarise.</task>\n<document>Long.</document>"},
		{"context of a harness", "<context>Open: a.go</context>\nrename x", "rename x"},
		{"context to answer from", "Answer from this: <context>The sky is red.</context> Colour?", "Answer from this: <context>The sky is red.</context> Colour?"},
		{"tool schemas", "Use these:\n[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}]\nWeather in Rome?", "Use these:\nWeather in Rome?"},
		{"other JSON", "Sort:\n[{\"name\":\"b\"},{\"name\":\"a\"}]\nby \"parameters\"", "Sort:\n[{\"name\":\"b\"},{\"name\":\"a\"}]\nby \"parameters\""},
		{"nothing but envelopes", "<system-reminder>a</system-reminder>", ""},
	} {
		if got := new(Request).human(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestHumanIsLinear: tags that never end take no more than a few looks for their ends.
func TestHumanIsLinear(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"<task>", "<user_query>", "<system-reminder ", "</", "{\"parameters\"\n", "<context>\n"} {
		new(Request).human(strings.Repeat(part, 200_000)) // minutes, if it were not
	}
}

func TestFollowUp(t *testing.T) {
	t.Parallel()
	const next, thank, none = "continuation", "thanks", ""
	for text, want := range map[string]string{
		"ok, do it": next, "Go on!": next, "now in Go": next, "Now in C++, please": next, "and in French?": next, "yes please 🙏": next,
		"weiter": next, "Vas-y": next, "继续": next, "改成英文": next, "続けて": next, "계속해줘": next, "продолжай": next, "devam et": next, "tak": next,
		"Thanks!": thank, "thank you so much :)": thank, "That's all, thanks": thank, "Danke schön!": thank, "谢谢！": thank,
		"ありがとうございます": thank, "감사합니다": thank, "Спасибо большое": thank, "شكراً": thank, "obrigado": thank,
		"": none, "why?": none, "in which year did he die": none, "Thanks to whom do we owe the theory of relativity?": none,
		"now in spring the tide is high, because sun and moon pull together": none, "ok\nnew topic: write a parser": none,
		"thank you letter": none, "Go": next,
	} {
		continuation, thanking := followUp(text)
		got := none
		if continuation {
			got = next
		} else if thanking {
			got = thank
		}
		if got != want {
			t.Errorf("followUp(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestTurns(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 3000)
	for _, c := range []struct{ name, messages, text, context string }{
		{"tool results are no turn", `{"role":"user","content":"find it"},{"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","content":"found"}`, "find it", ""},
		{"a turn of reminders is looked through", `{"role":"user","content":"find it"},{"role":"assistant","content":"ok"},{"role":"user","content":"<system-reminder>x</system-reminder>"}`, "find it", ""},
		{"nothing but reminders", `{"role":"user","content":"<system-reminder>x</system-reminder>"}`, "<system-reminder>x</system-reminder>", ""},
		{"no user", `{"role":"system","content":"x"}`, "", ""},
		{"context is oldest first and clipped", `{"role":"user","content":"a"},{"role":"assistant","content":"` + long + `"},{"role":"user","content":"c"}`, "c", "a\n" + strings.Repeat("é", turnBytes/2)},
	} {
		r := read(t, `{"model":"auto","messages":[`+c.messages+`]}`)
		if r.Text != c.text || r.Context != c.context {
			t.Errorf("%s: text %q, context %q; want %q, %q", c.name, r.Text, r.Context, c.text, c.context)
		}
		r.Release()
	}
}

func TestContextIsBounded(t *testing.T) {
	t.Parallel()
	turn := `{"role":"user","content":"` + strings.Repeat(`a\n\"é\u4e2d`, 2000) + `"},`
	r := read(t, `{"model":"auto","messages":[`+strings.Repeat(turn, 40)+`{"role":"user","content":"x"}]}`)
	defer r.Release()
	if n := len(r.Context); n > contextBytes || n < contextBytes/2 || strings.ContainsRune(r.Context, '\uFFFD') {
		t.Errorf("context has %d bytes: %q", n, r.Context)
	}
}

func TestPrompt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line, text, system string
		turns, tools       int
	}{
		{`{"id":"1","text":"hi \"you\"\n"}`, "hi \"you\"", "", 1, 0},
		{`{"id":"1","text":"hi","system":"s","tools":3}`, "hi", "s", 1, 3},
		{`{"id":"1","text":"c","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`, "c", "", 2, 0},
		{`{"id":"1","text":"c","system":"s","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"tools":[{"type":"function","function":{"name":"f"}}]}`, "c", "s", 2, 1},
		{`{"id":"1","text":"c","messages":[],"tools":null}`, "c", "", 1, 0},
	} {
		var p Prompt
		if err := json.Unmarshal([]byte(c.line), &p); err != nil {
			t.Fatal(err)
		}
		r := read(t, string(p.AppendBody(nil)))
		if r.Text != c.text || r.System != c.system || r.Facts.Turns != c.turns || r.Facts.Tools != c.tools {
			t.Errorf("%s: text %q, system %q, %d turns, %d tools", c.line, r.Text, r.System, r.Facts.Turns, r.Facts.Tools)
		}
		r.Release()
	}
	if err := json.Unmarshal([]byte(`{"tools":"three"}`), new(Prompt)); err == nil {
		t.Error("tools that are neither list nor number were accepted")
	}
}

func TestFieldsSet(t *testing.T) {
	t.Parallel()
	var f Fields
	for _, name := range FieldNames {
		value := map[string]string{"profile": "p", "mode": "Tier", "max_cost": "0.1", "bfcl_min": "0.5", "code_quality": "best", "chat_quality": "1"}[name]
		if value == "" {
			value = "standard"
		}
		if err := f.Set(strings.ReplaceAll(strings.ToUpper(name), "_", "-"), value); err != nil {
			t.Error(err)
		}
	}
	if f.Tier == nil || f.TierFloor == nil || f.Ceiling == nil || *f.CodeQuality != 2 || f.Mode != "tier" || f.Check() != nil {
		t.Errorf("%+v, %v", f, f.Check())
	}
	f.Ceiling = &tiers[0]
	if err := f.Check(); err == nil || !strings.Contains(err.Error(), "routor_tier_ceiling") {
		t.Errorf("a floor above the ceiling: %v", err)
	}
}
