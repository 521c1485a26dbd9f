package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
)

// Items remembers the items of answers in Responses by their ids. Nothing is stored at providers, but Responses say that it is
// unless the request says otherwise, so clients may refer to an earlier item (item_reference) rather than send it again, as
// the Vercel AI SDK does with reasoning. What they refer to is put back into the request, as if they had sent it.
type Items struct{ *shelf[json.RawMessage] }

const (
	itemsMost  = 100_000
	itemsBytes = 64 << 20
	itemsKeep  = 6 * time.Hour
)

// NewItems makes an empty table.
func NewItems() *Items { return &Items{newShelf[json.RawMessage](itemsMost, itemsBytes, itemsKeep)} }

// Keep remembers an item as its client got it. key is the caller's.
func (t *Items) Keep(key string, item json.RawMessage) {
	id := stringOf(item, "id")
	if id == "" || len(id) > 256 {
		return
	}
	t.put(ownedKey{key, strings.Clone(id)}, bytes.Clone(item), len(item)+len(id)+200)
}

// keepOutput remembers the items of a whole answer.
func (t *Items) keepOutput(key string, body []byte) {
	for name, v := range chat.Object(body) {
		if name != "output" {
			continue
		}
		for _, item := range chat.Array(v) {
			t.Keep(key, item)
		}
	}
}

var itemDone = []byte(`"response.output_item.done"`)

// keepDone remembers the items that events of a stream bring to their end.
func (t *Items) keepDone(key string, events []byte) {
	if !bytes.Contains(events, itemDone) {
		return
	}
	for line := range bytes.Lines(events) {
		data, ok := bytes.CutPrefix(line, []byte("data:"))
		if !ok || !bytes.Contains(data, itemDone) {
			continue
		}
		for name, v := range chat.Object(data) {
			if name == "item" {
				t.Keep(key, v)
			}
		}
	}
}

// refersToItems is whether the client of an answer may refer to its items later: unless it has said store: false, it takes them
// for stored.
func (rt *Routed) refersToItems() bool {
	c := rt.source.Conversation
	return rt.dialect() == chat.Responses && c != nil && (c.Settings.Store == nil || *c.Settings.Store)
}

const itemReference = "item_reference"

// Resolve puts the items that a request in Responses refers to into it. Reasoning that is not remembered is left out, and lost
// says so: for a model it is as if another had thought it. Any other item is an error, a *chat.Error, if no profile lets
// providers keep answers: then none has it.
func (e *Engine) Resolve(key *access.Key, body []byte) (resolved []byte, lost bool, err error) {
	if !bytes.Contains(body, []byte(itemReference)) || chat.Check(body) != nil {
		return body, false, nil
	}
	keyID := ""
	if key != nil {
		keyID = key.ID
	}
	var input []byte
	changed, stored := false, e.Live.current.Load().anyStores()
	for i, item := range chat.Array(memberOf(body, "input")) {
		if stringOf(item, "type") == itemReference {
			id := stringOf(item, "id")
			switch known := e.Items.get(ownedKey{keyID, id}); {
			case known != nil:
				item, changed = known, true
			case stored:
			case strings.HasPrefix(id, "rs_"):
				changed, lost = true, true
				continue
			default:
				return nil, false, &chat.Error{Path: fmt.Sprintf("input[%d]", i), Offset: max(bytes.Index(body, item), 0), Message: fmt.Sprintf(
					"nobody here keeps the item %.60q: send the items themselves, as clients do when they are told store: false", id)}
			}
		}
		if input = append(input, ','); len(input) == 1 {
			input[0] = '['
		}
		input = append(input, item...)
	}
	if !changed {
		return body, false, nil
	}
	if len(input) == 0 {
		input = append(input, '[')
	}
	return chat.EditMembers(nil, body, chat.Edit{Kind: chat.Replace, Name: "input", Value: append(input, ']')}), lost, nil
}

// memberOf is a member of an object as it stands there; nil = it has none.
func memberOf(object []byte, name string) json.RawMessage {
	for n, v := range chat.Object(object) {
		if n == name {
			return v
		}
	}
	return nil
}

// anyStores is whether a profile lets providers keep answers.
func (s *Snapshot) anyStores() bool {
	for _, b := range s.bounds {
		if b.stores() {
			return true
		}
	}
	return false
}
