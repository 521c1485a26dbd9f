package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Draft is a document that somebody works on and that is not published. It serves nobody.
type Draft struct {
	Kind    Kind      `json:"kind"`
	Author  string    `json:"author"`
	Name    string    `json:"name"`
	Base    uint64    `json:"base"` // the version of the live document that it was begun from; 0 = none
	Note    string    `json:"note,omitempty"`
	Content string    `json:"content"`
	Time    time.Time `json:"time"`
	// Revision counts the draft's changes in the bucket: a save names the one that it was made to.
	Revision uint64 `json:"revision"`
}

// ErrNoDraft says that an author has no draft of that name.
var ErrNoDraft = errors.New("there is no such draft")

// ErrDraftChanged says that a draft was saved by somebody else meanwhile, in another window for instance.
var ErrDraftChanged = errors.New("the draft was saved meanwhile: read it again, and make the change to that")

// Drafts are the drafts of all authors.
type Drafts struct{ kv jetstream.KeyValue }

// Drafts opens the drafts.
func (s *Store) Drafts(ctx context.Context) (*Drafts, error) {
	kv, err := s.KV(ctx, KVConfig{Name: "drafts", Description: "documents that are worked on, by author", History: 10})
	if err != nil {
		return nil, err
	}
	return &Drafts{kv}, nil
}

func draftKey(kind Kind, author, name string) string {
	return string(kind) + "." + Escape(author) + "." + Escape(name)
}

// Save keeps a draft. Its Revision must be the one that it has in the bucket, 0 for a new one; the error is ErrDraftChanged
// else.
func (d *Drafts) Save(ctx context.Context, draft Draft) (Draft, error) {
	if draft.Author == "" || draft.Name == "" {
		return draft, errors.New("a draft needs an author and a name")
	}
	draft.Time = time.Now().UTC().Truncate(time.Millisecond)
	on := draft.Revision
	draft.Revision = 0
	src, err := json.Marshal(draft)
	if err != nil {
		return draft, fmt.Errorf("BUG: encode a draft: %w", err)
	}
	key := draftKey(draft.Kind, draft.Author, draft.Name)
	if on == 0 {
		draft.Revision, err = d.kv.Create(ctx, key, src)
	} else {
		draft.Revision, err = d.kv.Update(ctx, key, src, on)
	}
	switch {
	case errors.Is(err, jetstream.ErrKeyExists) || wrongSequence(err):
		return draft, ErrDraftChanged
	case err != nil:
		return draft, fmt.Errorf("state: save draft %q: %w", draft.Name, err)
	}
	return draft, nil
}

// Get is a draft; the error is ErrNoDraft if there is none.
func (d *Drafts) Get(ctx context.Context, kind Kind, author, name string) (Draft, error) {
	e, err := d.kv.Get(ctx, draftKey(kind, author, name))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Draft{}, fmt.Errorf("draft %q of %s: %w", name, author, ErrNoDraft)
	}
	if err != nil {
		return Draft{}, fmt.Errorf("state: read draft %q: %w", name, err)
	}
	return parseDraft(e)
}

func parseDraft(e jetstream.KeyValueEntry) (d Draft, err error) {
	if err := json.Unmarshal(e.Value(), &d); err != nil {
		return d, fmt.Errorf("state: draft %s is damaged: %w", e.Key(), err)
	}
	d.Revision = e.Revision()
	return d, nil
}

// List is the drafts of a kind, of one author or (author "") of all, the latest first.
func (d *Drafts) List(ctx context.Context, kind Kind, author string) ([]Draft, error) {
	pattern := string(kind) + "."
	if author != "" {
		pattern += Escape(author) + "."
	}
	watch, err := d.kv.Watch(ctx, pattern+">", jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("state: list the drafts: %w", err)
	}
	defer watch.Stop()
	list := []Draft{}
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("state: list the drafts: %w", ctx.Err())
		case e := <-watch.Updates():
			if e == nil { // all that there is has come
				slices.SortFunc(list, func(a, b Draft) int {
					if c := b.Time.Compare(a.Time); c != 0 {
						return c
					}
					return strings.Compare(a.Name, b.Name)
				})
				return list, nil
			}
			draft, err := parseDraft(e)
			if err != nil {
				return nil, err
			}
			list = append(list, draft)
		}
	}
}

// Delete removes a draft; the error is ErrNoDraft if there is none.
func (d *Drafts) Delete(ctx context.Context, kind Kind, author, name string) error {
	if _, err := d.Get(ctx, kind, author, name); err != nil {
		return err
	}
	if err := d.kv.Purge(ctx, draftKey(kind, author, name)); err != nil {
		return fmt.Errorf("state: delete draft %q: %w", name, err)
	}
	return nil
}
