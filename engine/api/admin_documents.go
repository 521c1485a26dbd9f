package api

import (
	"bufio"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/routor/routor/engine/store"
)

// documentCalls are the calls about what people change: its versions, its drafts, its log, and who serves which.
var documentCalls = []adminCall{
	{"documents", "GET", (*call).adminDocuments, "What serves by kind (catalog, profiles, classifier, policy): version, author, owner, and how files differ from it."},
	{"documents/*", "GET POST", (*call).adminDocument, "One kind with its source, `?version=N` for an older one; POST `{\"source\", \"note\", \"author\", \"version\", \"dry_run\", \"force\"}` checks and publishes another, if `version` is still the one that serves. A classifier is sent as `application/wasm` with the rest in the query."},
	{"history/*", "GET", (*call).adminHistory, "All versions of a kind, newest first, each with its diff; `?limit=50&before=N`."},
	{"diff/*", "GET", (*call).adminDiff, "How two versions of a kind differ: `?from=N&to=M`; without `to`, what serves."},
	{"rollback/*", "POST", (*call).adminRollback, "Publishes the content of an older version of a kind as a new one: `{\"to\", \"note\", \"author\", \"version\", \"dry_run\", \"force\"}`."},
	{"adopt/*", "POST", (*call).adminAdopt, "Makes the store the owner of a kind that a file owned: `{\"note\", \"author\"}`."},
	{"drafts/*", "GET PUT DELETE", (*call).adminDrafts, "Drafts of a kind: GET lists them, `?author=`, with `&name=` one; PUT `{\"author\", \"name\", \"base\", \"note\", \"content\", \"revision\"}` saves one, if `revision` is still its own; DELETE `?author=&name=` removes one."},
	{"audit", "GET", (*call).adminAudit, "What was changed, newest first: who, when, what, note, diff; `?what=policy&limit=50&before=SEQ`."},
	{"backup", "GET", (*call).adminBackup, "The whole state as one file with a checksum, for `routor restore`."},
	{"fleet", "GET", (*call).adminFleet, "The replicas: which versions each serves, what it refused and why; and whether the state can be reached."},
}

func init() { adminCalls = append(adminCalls, documentCalls...) }

// askTime bounds what an admin call waits for the state.
const askTime = 15 * time.Second

// file is the file that a document belongs to; "" = none.
func (s *Server) file(kind store.Kind) string {
	if s.Documents == nil {
		return ""
	}
	return s.Documents.ownFiles()[kind].Path
}

// documents are the server's, unless it has none or the state is away.
func (c *call) documents() (*Documents, *fault) {
	d := c.s.Documents
	switch {
	case d == nil:
		return nil, failure(codeNotSupported, "this server keeps no versions")
	case d.History() == nil:
		return nil, failure(codeStateAway, "%v", ErrAway)
	}
	return d, nil
}

// ofKind is the documents and the kind that a call names.
func (c *call) ofKind(argument string) (*Documents, store.Kind, *fault) {
	if !isKind(argument) {
		return nil, "", failure(codeNotFound, "there is no kind %q: there are catalog, profiles, classifier, policy", argument)
	}
	d, f := c.documents()
	return d, store.Kind(argument), f
}

// author is who makes a change: whose session or key it is; with the key of the configuration, which many may know, who the
// caller says, else the admin.
func (c *call) author(given string) string {
	if c.who != nil && (c.who.session != nil || c.who.key != "") {
		return c.who.name
	}
	if given == "" {
		given = string(c.Request.Header.Peek("X-Routor-Author"))
	}
	if given = strings.TrimSpace(strings.ToValidUTF8(given, "?")); given == "" {
		return "admin"
	}
	return given[:min(len(given), 200)]
}

// number reads a query argument that is a whole number; 0 = it is not given.
func (c *call) number(name string) (uint64, *fault) {
	text := c.QueryArgs().Peek(name)
	if len(text) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		f := failure(codeInvalidType, "%s: must be a whole number, not %q", name, text)
		f.param = name
		return 0, f
	}
	return n, nil
}

// refused makes an answer of what went wrong with a change or a question.
func (c *call) refused(err error) *fault {
	var conflict *store.ErrConflict
	var owned *ErrOwnedByFile
	switch {
	case errors.As(err, &conflict):
		f := byCode[codeConflict]
		c.record.code = f.Code
		writeJSON(c.RequestCtx, f.Status, map[string]any{"error": map[string]any{
			"message": err.Error(), "type": f.Type, "code": f.Code, "param": "version", "conflict": conflict.Other,
		}})
		return nil
	case errors.As(err, &owned):
		return failure(codeOwnedByFile, "%v", err)
	case errors.Is(err, ErrAway), errors.Is(err, context.DeadlineExceeded):
		return failure(codeStateAway, "%v", err)
	case errors.Is(err, store.ErrNoVersion), errors.Is(err, store.ErrNoDraft):
		return failure(codeNotFound, "%v", err)
	case errors.Is(err, store.ErrDraftChanged):
		return failure(codeConflict, "%v", err)
	}
	return c.refuse(err)
}

// change is the body of a call that changes a document.
type documentChange struct {
	Source  *string `json:"source"`
	Name    string  `json:"name"` // of the file, for messages
	Note    string  `json:"note"`
	Author  string  `json:"author"`
	Version *uint64 `json:"version"` // the version that was edited; nil = whatever is there
	To      uint64  `json:"to"`      // of a rollback
	DryRun  bool    `json:"dry_run"`
	Force   bool    `json:"force"` // although the document belongs to a file
}

func (c *call) publication(kind store.Kind, change *documentChange) Publication {
	p := Publication{Kind: kind, File: change.Name, Author: c.author(change.Author), Note: change.Note, On: change.Version, DryRun: change.DryRun, Force: change.Force}
	if change.Source != nil {
		p.Content = []byte(*change.Source)
	}
	return p
}

// published answers with what became of a change.
func (c *call) published(done *Published, err error) *fault {
	if err != nil {
		return c.refused(err)
	}
	answer := map[string]any{"dry_run": done.Version == nil, "snapshot": c.s.Engine.Live.Version(), "replicas": done.Replicas}
	if done.Version != nil {
		answer["version"], answer["document"] = done.Version.Number, done.Version
	}
	writeJSON(c.RequestCtx, 200, answer)
	return nil
}

func (c *call) adminDocuments(string) *fault {
	if c.s.Documents == nil {
		return failure(codeNotSupported, "this server keeps no versions")
	}
	live := map[string]any{}
	for _, kind := range store.Kinds {
		live[string(kind)] = c.s.Documents.Live(kind) // null = the built-in one
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"documents": live, "drift": c.s.Documents.Drifts()})
	return nil
}

func (c *call) adminDocument(argument string) *fault {
	d, kind, f := c.ofKind(argument)
	if f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	if string(c.Method()) == "GET" {
		return c.oneDocument(ctx, d, kind)
	}
	if kind == store.Classifier {
		p, f := c.module()
		if f != nil {
			return f
		}
		return c.published(d.Publish(ctx, p))
	}
	var change documentChange
	if f := readJSON(c.RequestCtx, &change); f != nil {
		return f
	}
	if change.Source == nil {
		f := failure(codeInvalidType, "source: missing: send the document as a string")
		f.param = "source"
		return f
	}
	return c.published(d.Publish(ctx, c.publication(kind, &change)))
}

func (c *call) oneDocument(ctx context.Context, d *Documents, kind store.Kind) *fault {
	number, f := c.number("version")
	if f != nil {
		return f
	}
	v := d.Live(kind)
	if number == 0 && v != nil {
		number = v.Number
	}
	if number == 0 {
		writeJSON(c.RequestCtx, 200, map[string]any{"document": nil, "file": c.s.file(kind)})
		return nil
	}
	v, err := d.History().Get(ctx, kind, store.Live, number)
	if err != nil {
		return c.refused(err)
	}
	if kind == store.Classifier && string(c.Request.Header.Peek("Accept")) == "application/wasm" {
		c.SetContentType("application/wasm")
		c.Response.SetBodyRaw(v.Content)
		return nil
	}
	answer := map[string]any{"document": v, "file": c.s.file(kind)}
	if kind != store.Classifier {
		answer["source"] = string(v.Content)
	}
	writeJSON(c.RequestCtx, 200, answer)
	return nil
}

// module reads the change of a classifier: the module is the body, the rest is in the query.
func (c *call) module() (p Publication, f *fault) {
	args := c.QueryArgs()
	p = Publication{Kind: store.Classifier, Author: c.author(string(args.Peek("author"))), Note: string(args.Peek("note")), DryRun: args.GetBool("dry_run"), Force: args.GetBool("force")}
	if len(args.Peek("version")) > 0 {
		on, f := c.number("version")
		if f != nil {
			return p, f
		}
		p.On = &on
	}
	switch {
	case args.GetBool("builtin"):
	case !hasType(c.RequestCtx, "application/wasm"):
		return p, failure(codeMedia, "the content type is %q: send the module as application/wasm", c.Request.Header.ContentType())
	case len(c.PostBody()) == 0:
		return p, failure(codeInvalidType, "the body is empty: send the module's bytes")
	default:
		p.Content = append(p.Content, c.PostBody()...) // the module may outlive the request
	}
	return p, nil
}

func (c *call) adminHistory(argument string) *fault {
	d, kind, f := c.ofKind(argument)
	if f != nil {
		return f
	}
	limit, before, f := c.window()
	if f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	list, err := d.History().List(ctx, kind, store.Live, before, limit)
	if err != nil {
		return c.refused(err)
	}
	if list == nil {
		list = []*store.Version{}
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"versions": list})
	return nil
}

// window is how much of a list is wanted: at most 1000, by default 50.
func (c *call) window() (limit int, before uint64, f *fault) {
	n, f := c.number("limit")
	if f != nil {
		return 0, 0, f
	}
	if n == 0 {
		n = 50
	}
	before, f = c.number("before")
	return int(min(n, 1000)), before, f
}

func (c *call) adminDiff(argument string) *fault {
	d, kind, f := c.ofKind(argument)
	if f != nil {
		return f
	}
	from, f := c.number("from")
	if f != nil {
		return f
	}
	to, f := c.number("to")
	if f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	if to == 0 {
		current, err := d.History().Current(ctx, kind, store.Live)
		if err != nil {
			return c.refused(err)
		}
		if current != nil {
			to = current.Number
		}
	}
	if from == 0 && to > 1 {
		from = to - 1
	}
	var content [2][]byte
	for i, number := range []uint64{from, to} {
		if number == 0 {
			continue // before the first: nothing
		}
		v, err := d.History().Get(ctx, kind, store.Live, number)
		if err != nil {
			return c.refused(err)
		}
		content[i] = v.Content
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"from": from, "to": to, "diff": store.Diff(content[0], content[1])})
	return nil
}

func (c *call) adminRollback(argument string) *fault {
	return c.changeOf(argument, func(ctx context.Context, d *Documents, change *documentChange, p Publication) (*Published, error) {
		return d.Rollback(ctx, change.To, p)
	})
}

func (c *call) adminAdopt(argument string) *fault {
	return c.changeOf(argument, func(ctx context.Context, d *Documents, _ *documentChange, p Publication) (*Published, error) {
		return d.Adopt(ctx, p)
	})
}

func (c *call) changeOf(argument string, do func(context.Context, *Documents, *documentChange, Publication) (*Published, error)) *fault {
	d, kind, f := c.ofKind(argument)
	if f != nil {
		return f
	}
	var change documentChange
	if f := readJSON(c.RequestCtx, &change); f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	return c.published(do(ctx, d, &change, c.publication(kind, &change)))
}

func (c *call) adminDrafts(argument string) *fault {
	d, kind, f := c.ofKind(argument)
	if f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	author, name := string(c.QueryArgs().Peek("author")), string(c.QueryArgs().Peek("name"))
	var answer any
	var err error
	switch string(c.Method()) {
	case "PUT":
		var draft store.Draft
		if f := readJSON(c.RequestCtx, &draft); f != nil {
			return f
		}
		draft.Kind, draft.Author = kind, c.author(draft.Author)
		answer, err = d.Drafts().Save(ctx, draft)
	case "DELETE":
		answer, err = map[string]any{"deleted": name}, d.Drafts().Delete(ctx, kind, author, name)
	default:
		if name != "" {
			answer, err = d.Drafts().Get(ctx, kind, author, name)
			break
		}
		var list []store.Draft
		list, err = d.Drafts().List(ctx, kind, author)
		answer = map[string]any{"drafts": list}
	}
	if err != nil {
		return c.refused(err)
	}
	writeJSON(c.RequestCtx, 200, answer)
	return nil
}

func (c *call) adminAudit(string) *fault {
	d, f := c.documents()
	if f != nil {
		return f
	}
	limit, before, f := c.window()
	if f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	events, err := d.History().Events(ctx, string(c.QueryArgs().Peek("what")), before, limit)
	if err != nil {
		return c.refused(err)
	}
	if events == nil {
		events = []store.Event{}
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"events": events})
	return nil
}

// stateCard is how things stand with the state.
type stateCard struct {
	Where     string     `json:"where"`               // embedded, or cluster
	Reachable bool       `json:"reachable"`           //
	Copies    int        `json:"copies"`              // servers that hold each message; 0 = not known yet
	AwaySince *time.Time `json:"away_since,omitzero"` // and what serves is that of AsOf
	AsOf      *time.Time `json:"as_of,omitzero"`
}

func (d *Documents) card() stateCard {
	card := stateCard{Where: "cluster", Reachable: true, Copies: d.State.Replicas()}
	if d.State.Embedded() {
		card.Where = "embedded"
	}
	if away, asOf := d.Age(); !away.IsZero() {
		card.Reachable, card.AwaySince, card.AsOf = false, &away, &asOf
	}
	return card
}

func (c *call) adminFleet(string) *fault {
	if c.s.Documents == nil {
		return failure(codeNotSupported, "this server keeps no versions")
	}
	writeJSON(c.RequestCtx, 200, c.s.Documents.fleetCard())
	return nil
}

// fleetCard is the replicas and how things stand with what they share.
type fleetCard struct {
	Self     string          `json:"self"`
	Replicas []store.Replica `json:"replicas"`
	State    stateCard       `json:"state"`
}

func (d *Documents) fleetCard() fleetCard { return fleetCard{d.Name, d.Fleet(), d.card()} }

func (c *call) adminBackup(string) *fault {
	d, f := c.documents()
	if f != nil {
		return f
	}
	c.SetContentType("application/octet-stream")
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		if _, err := d.State.Backup(context.Background(), w); err != nil {
			d.Log("warning: %v", err) // the file lacks its end, and does not pass as whole
		}
	})
	return nil
}
