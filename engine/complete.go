package engine

import (
	"github.com/routor/routor/engine/chat"
)

// complete adds to the facts what chat completions have no words for: hosted tools, media inside tool results, and what lies
// at one provider alone.
func complete(r *chat.Request, conv *chat.Conversation, members *chat.Members, body []byte) {
	f := &r.Facts
	f.Hosted, f.Kept = f.Hosted[:0], chat.Kept{}
	for i := range conv.Tools {
		if t := &conv.Tools[i]; t.Hosted != "" {
			f.Hosted = append(f.Hosted, t.Hosted)
			keptByTool(f, t)
		}
	}
	var n tally
	for i := range conv.Messages {
		n.count(f, conv.Messages[i].Parts, r.Client)
	}
	for _, m := range conv.Extra {
		keptByMember(f, m, r.Client)
	}
	f.HostedTools = max(f.HostedTools, len(f.Hosted))
	f.Images, f.Files, f.Audio, f.Video, f.ImageURLs = max(f.Images, n.images), max(f.Files, n.files), max(f.Audio, n.audio), max(f.Video, n.video), max(f.ImageURLs, n.urls)
	if r.MetadataUserID == "" {
		r.MetadataUserID = conv.Settings.User
	}
	if r.Client == chat.Responses {
		f.Store = conv.Settings.Store != nil && *conv.Settings.Store
		stateful(f, members, body)
	}
}

// tally counts media.
type tally struct{ images, files, audio, video, urls int }

// count counts the media of parts, those inside tool results too.
func (n *tally) count(f *chat.Facts, parts []chat.Part, client chat.Dialect) {
	for i := range parts {
		p := &parts[i]
		switch p.Kind {
		case chat.Image:
			n.images++
		case chat.File:
			n.files++
		case chat.Audio:
			n.audio++
		case chat.Video:
			n.video++
		case chat.ToolResult:
			if p.Result != nil {
				n.count(f, p.Result.Parts, client)
			}
		case chat.Other:
			switch kind := stringOf(p.Raw, "type"); kind {
			case "container_upload":
				f.Keep("file", stringOf(p.Raw, "file_id"), client)
			case "item_reference":
				f.Keep("item", stringOf(p.Raw, "id"), client)
			case "computer_call_output", "image_generation_call": // a screenshot, a picture that was painted
				n.hosted(f, p.Raw, client)
			case "web_fetch_tool_result", "code_execution_tool_result", "bash_code_execution_tool_result", "mcp_tool_result", "mcp_call":
				n.within(p.Raw)
			}
		}
		switch m := p.Media; {
		case m == nil:
		case m.FileID != "":
			f.Keep("file", m.FileID, client)
		case chat.InGoogleStore(m.URL):
			f.Keep("file", m.URL, chat.Generate)
		case m.URL != "":
			n.urls++
		}
	}
}

// hosted counts the picture of an item of a tool that the provider runs.
func (n *tally) hosted(f *chat.Facts, item []byte, client chat.Dialect) {
	output := memberOf(item, "output")
	if file := stringOf(output, "file_id"); file != "" {
		f.Keep("file", file, client)
	} else if output == nil && stringOf(item, "result") == "" {
		return
	}
	n.images++
}

// within counts the media in what a tool of the provider's gave back: blocks, one in another.
func (n *tally) within(raw []byte) {
	content := memberOf(raw, "content")
	switch stringOf(raw, "type") {
	case "image":
		n.images++
	case "document":
		n.files++
	}
	if len(content) > 0 && content[0] == '{' {
		n.within(content)
	}
	for _, block := range chat.Array(content) {
		n.within(block)
	}
}

// keptByTool notes a container or a store that a hosted tool is to work in.
func keptByTool(f *chat.Facts, t *chat.Tool) {
	for name, v := range chat.Object(t.Raw) {
		switch name {
		case "container":
			id, _ := chat.View(v) // an object asks for a new one
			f.Keep("container", id, t.Dialect)
		case "vector_store_ids":
			for _, v := range chat.Array(v) {
				id, _ := chat.View(v)
				f.Keep("vector store", id, t.Dialect)
			}
		}
	}
}

// keptByMember notes what a member at the top of a request refers to, or has its provider run.
func keptByMember(f *chat.Facts, m chat.Member, client chat.Dialect) {
	f.KeepCached(m.Name, m.Value)
	id, _ := chat.View(m.Value)
	if id == "" {
		id = stringOf(m.Value, "id")
	}
	switch {
	case client == chat.Messages && m.Name == "container":
		f.Keep("container", id, client)
		if len(m.Value) > 0 && m.Value[0] == '{' && id == "" {
			f.Hosted = append(f.Hosted, m.Name)
		}
	case client == chat.Messages && m.Name == "mcp_servers":
		for range chat.Array(m.Value) {
			f.Hosted = append(f.Hosted, m.Name)
			break
		}
	case client == chat.Responses && m.Name == "prompt":
		f.Keep("prompt", id, client)
	}
}

// stateful notes what asks for a conversation or an answer that is kept at the provider.
func stateful(f *chat.Facts, members *chat.Members, body []byte) {
	for _, name := range statefulFields {
		v := members.Get(body, name)
		if v == nil || string(v) == "null" || string(v) == "false" {
			continue
		}
		if f.Stateful == "" {
			f.Stateful = name
		}
		if id, _ := chat.View(v); f.Previous == "" && id != "" {
			f.Previous = id
		} else if f.Previous == "" {
			f.Previous = stringOf(v, "id")
		}
	}
}

// stringOf is a member of an object that is a string; "" = it is none.
func stringOf(raw []byte, name string) string {
	for n, v := range chat.Object(raw) {
		if n == name {
			s, _ := chat.View(v)
			return s
		}
	}
	return ""
}
