package chat

import (
	"strings"
	"unsafe"
)

// Agent harnesses put words of their own into the user's turn. An envelope is an element whose tag is one of these: it and
// what it holds is no human's word. The names are those that Claude Code, Codex, Cursor, Cline, Roo, Copilot, Windsurf and
// Continue were seen to send.
var envelopes = set(
	"system-reminder", "system_reminder", "environment_context", "environment_details", "environment_info",
	"user_instructions", "INSTRUCTIONS", "user_info", "user_rules", "project_layout", "git_status", "additional_data",
	"additional_context", "attached_files", "current_file", "open_files", "open_and_recently_viewed_files",
	"recently_viewed_files", "linter_errors", "edit_history", "terminal_state", "editorContext", "reminderInstructions",
	"workspace_info", "repoContext", "tools", "functions", "available_tools", "function_calls", "function_results",
	"tool_result", "tool_results", "skills_instructions", "collaboration_mode", "turn_aborted", "user_action",
	"command-name", "command-message", "local-command-stdout", "local-command-caveat", "bash-stdout", "bash-stderr",
	"ide_selection", "ide_opened_file", "ide_diagnostics", "new-diagnostics", "user-prompt-submit-hook",
	"session-start-hook", "ADDITIONAL_METADATA", "USER_SETTINGS_CHANGE", "EPHEMERAL_MESSAGE", "user_information",
)

// People who write prompts use these tags too, for the very thing that they ask about, so they are envelopes only where
// nothing but envelopes stands before them, as harnesses have it.
var leading = set("context", "instructions", "rules", "attachment", "attachments", "reminder", "notice", "memories", "timestamp")

// A wrapping holds the human's words: where one is, the text is what lies in it.
var wrappings = set("user_query", "userRequest", "USER_REQUEST", "command-args")

// These hold the human's words where nothing else is left once the envelopes are gone.
var loose = set("task", "feedback", "answer", "user_message")

// maxUnclosed is after how many tags without an end a text is taken as it is: looking for the ends of ever more of them
// would take the square of the length.
const maxUnclosed = 8

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// human is what a human said in a user turn: the text without envelopes and pasted tool schemas. Text without any comes
// back as it is.
func (r *Request) human(text string) string {
	if strings.IndexByte(text, '<') >= 0 {
		if inside := wrapped(text); inside != "" {
			text = inside
		}
		text = unwrap(strings.TrimSpace(r.without(text, envelope)))
	}
	if strings.IndexByte(text, '{') >= 0 && (strings.Contains(text, `"parameters"`) || strings.Contains(text, `"input_schema"`)) {
		text = r.without(text, schema)
	}
	return strings.TrimSpace(text)
}

// wrapped is what the last wrapping of a text holds, "" if there is none.
func wrapped(text string) string {
	inside := ""
	at, unclosed := 0, 0
	for unclosed < maxUnclosed {
		from, name, ok := tag(text, at)
		if !ok {
			break
		}
		at = from + 1
		if !wrappings[name] {
			continue
		}
		in, end, ok := element(text, from, name)
		if !ok {
			unclosed++
			continue
		}
		at = end
		if in = strings.TrimSpace(in); in != "" {
			inside = in
		}
	}
	return inside
}

// unwrap takes a loose wrapping off if it holds the whole text.
func unwrap(text string) string {
	from, name, ok := tag(text, 0)
	if !ok || from != 0 || !loose[name] {
		return text
	}
	if inside, end, ok := element(text, 0, name); ok && end == len(text) {
		return strings.TrimSpace(inside)
	}
	return text
}

// without takes the spans out of text that find finds, starting at a place: its result is where the next one lies. They
// leave a line break.
func (r *Request) without(text string, find func(text string, at int) (from, to int)) string {
	start, at := -1, 0
	for {
		from, to := find(text, at)
		if from < 0 {
			break
		}
		if start < 0 {
			start = len(r.buf)
		}
		if kept := strings.TrimSpace(text[at:from]); kept != "" {
			r.buf = append(append(r.buf, kept...), '\n')
		}
		at = to
	}
	if start < 0 {
		return text
	}
	r.buf = append(r.buf, strings.TrimSpace(text[at:])...)
	return view(r.buf[start:])
}

// envelope finds the next envelope.
func envelope(text string, start int) (from, to int) {
	at := start
	for unclosed := 0; unclosed < maxUnclosed; {
		from, name, ok := tag(text, at)
		if !ok {
			break
		}
		if envelopes[name] || leading[name] && strings.TrimSpace(text[start:from]) == "" {
			if _, end, ok := element(text, from, name); ok {
				return from, end
			}
			unclosed++
		}
		at = from + 1
	}
	return -1, -1
}

// tag finds the next opening tag.
func tag(text string, at int) (from int, name string, ok bool) {
	for {
		n := strings.IndexByte(text[at:], '<')
		if n < 0 {
			return 0, "", false
		}
		from = at + n
		end := from + 1
		for end < len(text) && isName(text[end]) {
			end++
		}
		if end > from+1 && end < len(text) && (text[end] == '>' || text[end] == ' ') {
			return from, text[from+1 : end], true
		}
		at = from + 1
	}
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// element is what lies between a tag and its closing one, and where that ends.
func element(text string, from int, name string) (inside string, end int, ok bool) {
	open := strings.IndexByte(text[from:], '>')
	if open < 0 {
		return "", 0, false
	}
	start := from + open + 1
	for at := start; ; {
		n := strings.Index(text[at:], "</")
		if n < 0 {
			return "", 0, false
		}
		at += n
		rest := text[at+2:]
		if strings.HasPrefix(rest, name) && len(rest) > len(name) && rest[len(name)] == '>' {
			return text[start:at], at + 3 + len(name), true
		}
		at += 2
	}
}

// schema finds the next pasted tool definition, or list of them: JSON at the beginning of a line that has a name and the
// schema of parameters.
func schema(text string, at int) (from, to int) {
	for line := at; line < len(text); {
		from = line
		for from < len(text) && (text[from] == ' ' || text[from] == '\t') {
			from++
		}
		if from < len(text) && (text[from] == '{' || text[from] == '[') {
			s := scan{b: unsafe.Slice(unsafe.StringData(text), len(text)), i: from}
			if !s.brackets() {
				return -1, -1 // no JSON, and to try again at every line would take the square of the length
			}
			json := text[from:s.i]
			isTool := strings.Contains(json, `"name"`) &&
				(strings.Contains(json, `"parameters"`) || strings.Contains(json, `"input_schema"`))
			if isTool {
				return from, s.i
			}
			line = s.i
		}
		n := strings.IndexByte(text[line:], '\n')
		if n < 0 {
			break
		}
		line += n + 1
	}
	return -1, -1
}
