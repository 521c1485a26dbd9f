package engine

import (
	"testing"

	"github.com/routor/routor/engine/chat"
)

// TestPicturesOfHostedTools: who can't see gets no request with a picture in it, wherever it is.
func TestPicturesOfHostedTools(t *testing.T) {
	t.Parallel()
	const ask = `{"model":"auto","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[`
	for body, want := range map[string]struct {
		client        chat.Dialect
		images, files int
		kept          string
	}{
		`{"model":"auto","input":[{"type":"computer_call_output","call_id":"c","output":{"type":"computer_screenshot","image_url":"data:image/png;base64,AA"}}]}`:                                                                  {chat.Responses, 1, 0, ""},
		`{"model":"auto","input":[{"type":"computer_call_output","call_id":"c","output":{"type":"computer_screenshot","file_id":"file-1"}}]}`:                                                                                      {chat.Responses, 1, 0, "file-1"},
		`{"model":"auto","input":[{"role":"user","content":"hi"},{"type":"image_generation_call","id":"ig_1","result":"AA"}]}`:                                                                                                     {chat.Responses, 1, 0, ""},
		`{"model":"auto","input":[{"role":"user","content":"hi"},{"type":"image_generation_call","id":"ig_1","result":null}]}`:                                                                                                     {chat.Responses, 0, 0, ""},
		ask + `{"type":"web_fetch_tool_result","tool_use_id":"s","content":{"type":"web_fetch_result","url":"https://a","content":{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AA"}}}}]}]}`: {chat.Messages, 0, 1, ""},
		ask + `{"type":"mcp_tool_result","tool_use_id":"s","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]}]}]}`:                                           {chat.Messages, 1, 0, ""},
	} {
		r, _, err := Read(want.client, []byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if f := &r.Facts; f.Images != want.images || f.Files != want.files || f.Kept.ID != want.kept {
			t.Errorf("%s: %d images, %d files, kept %q", body, f.Images, f.Files, f.Kept.ID)
		}
	}
}
