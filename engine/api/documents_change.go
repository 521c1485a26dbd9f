package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/routor/routor/engine/store"
)

// Publication is a change of a document that somebody wants.
type Publication struct {
	Kind         store.Kind
	Content      []byte // of a classifier: the module; none = the built-in one
	File         string // that it was read from, for messages
	Title        string
	Author, Note string
	On           *uint64 // the version that was edited; nil = whatever is there
	DryRun       bool    // check only
	Force        bool    // although the document belongs to a file
}

// Published is what became of a change.
type Published struct {
	Version  *store.Version // nil = a dry run
	Replicas []store.Taken
}

// How long a publisher waits to hear that a change is live here, and then at the other replicas.
const (
	liveHere  = 5 * time.Second
	liveThere = 2 * time.Second
)

// Publish checks a change and publishes it. Errors: *store.ErrConflict, *ErrOwnedByFile, ErrAway, or what does not check.
func (d *Documents) Publish(ctx context.Context, p Publication) (*Published, error) {
	return d.publish(ctx, store.Version{Kind: p.Kind, Content: p.Content, File: p.File, Title: p.Title, Author: p.Author, Note: p.Note}, p)
}

func (d *Documents) publish(ctx context.Context, v store.Version, p Publication) (*Published, error) {
	h, now, err := d.changeable(ctx, p)
	if err != nil {
		return nil, err
	}
	on := uint64(0)
	if now != nil {
		on = now.Number
	}
	if p.On != nil && *p.On != on {
		return nil, &store.ErrConflict{On: *p.On, Other: now}
	}
	v.Name = store.Live
	if err := d.put(ctx, &v, Change{Author: p.Author, Note: p.Note, DryRun: true}); err != nil {
		return nil, err
	}
	if p.DryRun {
		return &Published{}, nil
	}
	v.Owner, v.File = store.OwnerStore, ""
	if _, owned := d.ownFiles()[v.Kind]; owned && !v.Adopts && (now == nil || now.Owner == store.OwnerFile) {
		v.Owner = store.OwnerFile // forced: the file's next change overrides it
	}
	published, err := h.Publish(ctx, v, on)
	if err != nil {
		return nil, err
	}
	return d.await(ctx, published)
}

// changeable is the history and the current version, unless the state is away or a file owns the document.
func (d *Documents) changeable(ctx context.Context, p Publication) (*store.History, *store.Version, error) {
	h := d.History()
	if ok, _ := d.State.Connected(); !ok || h == nil {
		return nil, nil, ErrAway
	}
	now, err := h.Current(ctx, p.Kind, store.Live)
	if err != nil {
		return nil, nil, err
	}
	if f, ok := d.ownFiles()[p.Kind]; ok && !p.Force && !p.DryRun && (now == nil || now.Owner == store.OwnerFile) {
		return nil, nil, &ErrOwnedByFile{p.Kind, f.Path}
	}
	return h, now, nil
}

// await waits until a version is live here, or refused, and then hears what became of it elsewhere.
func (d *Documents) await(ctx context.Context, v *store.Version) (*Published, error) {
	d.apply(ctx, v)
	end := time.NewTimer(liveHere)
	defer end.Stop()
	for {
		d.mu.Lock()
		moved, live, refused := d.moved, d.live[v.Kind], d.refused[v.Kind]
		d.mu.Unlock()
		switch {
		case live != nil && live.Seq >= v.Seq:
			return &Published{v, d.fleet.Await(v, liveThere)}, nil
		case refused != nil && refused.Seq >= v.Seq:
			return nil, fmt.Errorf("%s is published, but refused here: %w", v.Line(), refused.err)
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-end.C: // it is in the state, and comes
			return &Published{v, d.fleet.Await(v, 0)}, nil
		}
	}
}

// Rollback publishes the content of an older version as a new one.
func (d *Documents) Rollback(ctx context.Context, number uint64, p Publication) (*Published, error) {
	h := d.History()
	if h == nil {
		return nil, ErrAway
	}
	old, err := h.Get(ctx, p.Kind, store.Live, number)
	if err != nil {
		return nil, err
	}
	if p.Note == "" {
		p.Note = fmt.Sprintf("back to version %d", number)
	}
	return d.publish(ctx, store.Version{Kind: p.Kind, Content: old.Content, Title: old.Title, Author: p.Author, Note: p.Note, Back: number}, p)
}

// Adopt makes the store the owner of a document that a file owned: what serves is published as it is, and the file is no longer
// followed.
func (d *Documents) Adopt(ctx context.Context, p Publication) (*Published, error) {
	p.Force = true
	h, now, err := d.changeable(ctx, p)
	if err != nil {
		return nil, err
	}
	if now == nil || now.Owner == store.OwnerStore {
		return nil, fmt.Errorf("the %s belongs to no file: it can be published as it is", p.Kind)
	}
	if err := h.Fetch(ctx, now); err != nil {
		return nil, err
	}
	if p.Note == "" {
		p.Note = "taken over from the file"
	}
	return d.publish(ctx, store.Version{Kind: p.Kind, Content: now.Content, Title: now.Title, Author: p.Author, Note: p.Note, Adopts: true}, p)
}

// TakeFile publishes a file that has changed while serving, if it owns its document.
func (d *Documents) TakeFile(ctx context.Context, kind store.Kind, f File) error {
	d.mu.Lock()
	d.files[kind] = f
	d.mu.Unlock()
	return d.file(ctx, kind, f, false)
}

// file publishes a file's content unless it is published already. start says whether the process has just begun: see fromFile.
func (d *Documents) file(ctx context.Context, kind store.Kind, f File, start bool) error {
	h := d.History()
	if ok, _ := d.State.Connected(); !ok || h == nil {
		return ErrAway
	}
	for {
		now, err := h.Current(ctx, kind, store.Live)
		if err != nil {
			return err
		}
		v, err := d.fromFile(ctx, kind, f, now, start)
		if err != nil || v == nil {
			return err
		}
		if err := d.put(ctx, v, Change{Author: "file", Note: f.Path, DryRun: true}); err != nil {
			return err
		}
		on := uint64(0)
		if now != nil {
			on = now.Number
		}
		published, err := h.Publish(ctx, *v, on)
		var conflict *store.ErrConflict
		if errors.As(err, &conflict) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = d.await(ctx, published)
		return err
	}
}

// Drift is how a file differs from the document that it owns, or owned.
type Drift struct {
	Kind  store.Kind `json:"kind"`
	File  string     `json:"file"`
	Owner string     `json:"owner"`
	// Why says what is different; "" = nothing.
	Why string `json:"why,omitempty"`
}

// Drifts compare each file with what serves.
func (d *Documents) Drifts() []Drift {
	var list []Drift
	for _, kind := range store.Kinds {
		f, ok := d.ownFiles()[kind]
		if !ok {
			continue
		}
		list = append(list, DriftOf(kind, f, d.Live(kind)))
	}
	return list
}

// DriftOf compares a file with the version of its document that serves; nil = the built-in one.
func DriftOf(kind store.Kind, f File, live *store.Version) Drift {
	drift := Drift{Kind: kind, File: f.Path, Owner: store.OwnerFile}
	same := live != nil && live.Hash == store.Hash(f.Content)
	switch {
	case live == nil:
		drift.Why = "the file was not published yet"
	case live.Owner == store.OwnerStore:
		drift.Owner = store.OwnerStore
		drift.Why = fmt.Sprintf("the store owns the %s: the file is not followed", kind)
		if !same {
			drift.Why += fmt.Sprintf(", and differs from %s", live.Line())
		}
	case !same:
		drift.Why = fmt.Sprintf("the file differs from what serves: %s", live.Line())
	}
	return drift
}
