package main

import (
	"context"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/store"
)

// follower brings changed files live. What does not check is refused, said, and leaves the old in place.
type follower struct {
	c         *config.Config
	store     *access.Store
	dir       string // the data directory
	documents *api.Documents
	made      map[string]connected
	validate  func() // asks the providers whether their keys work now
	say       func(format string, args ...any)
}

// follow registers every file that the configuration names with the watcher.
func (f *follower) follow(ctx context.Context, w *watcher) error {
	type file struct {
		name    string
		changed func() error
	}
	var files []file
	if name := string(f.c.Policy); name != "" {
		files = append(files, file{name, func() error { return f.take(ctx, store.Policy) }})
	}
	if name := string(f.c.Classifier); name != "" {
		files = append(files, file{name, func() error { return f.take(ctx, store.Classifier) }})
	}
	for _, name := range f.c.Catalog {
		files = append(files, file{string(name), func() error { return f.take(ctx, store.Catalog) }})
	}
	if name := string(f.c.Profiles.File); name != "" {
		files = append(files, file{name, func() error { return f.take(ctx, store.Profiles) }})
	}
	for _, name := range f.store.Files() {
		files = append(files, file{name, func() error { return f.access(ctx) }})
	}
	for _, p := range f.made {
		if p.key != nil && p.key.file != "" {
			files = append(files, file{p.key.file, func() error { return f.key(p.key) }})
		}
	}
	if name := f.c.File(); name != "" {
		files = append(files, file{name, func() error { return f.configuration(ctx, name) }})
	}
	for _, x := range files {
		changed := func() {
			if err := x.changed(); err != nil {
				f.say("%s: not taken over, the old goes on serving:\n%v", x.name, err)
			} else {
				f.say("%s: taken over", x.name)
			}
		}
		if err := w.add(x.name, changed); err != nil {
			return err
		}
	}
	return nil
}

// take has the state take over a file that owns a document.
func (f *follower) take(ctx context.Context, kind store.Kind) error {
	file, err := ownFile(f.c, f.dir, kind)
	if err != nil || file.Path == "" {
		return err
	}
	return f.documents.TakeFile(ctx, kind, file)
}

// access reads the profiles of the data directory again.
func (f *follower) access(ctx context.Context) error {
	if err := f.store.Reload(); err != nil {
		return err
	}
	return f.take(ctx, store.Profiles)
}

// key reads a provider's key again and has it validated, so that it is used at once.
func (f *follower) key(k *keySource) error {
	if err := k.reload(); err != nil {
		return err
	}
	go f.validate()
	return nil
}

// configuration takes over the profiles of routor.yaml; everything else in it holds from the next start.
func (f *follower) configuration(ctx context.Context, name string) error {
	next, err := config.Load(name)
	if err != nil {
		return err
	}
	f.c.Profiles = next.Profiles
	f.say("%s: profiles are looked at again; anything else that changed in it needs a restart", name)
	return f.take(ctx, store.Profiles)
}
