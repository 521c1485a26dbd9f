package main

import (
	"context"
	"os"
	"reflect"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/config"
)

// follower brings changed files live. What does not check is refused, said, and leaves the old in place.
type follower struct {
	c         *config.Config
	store     *access.Store
	publisher *api.Publisher
	made      map[string]connected
	profiles  map[string]*access.Profile // as last published
	validate  func()                     // asks the providers whether their keys work now
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
		files = append(files, file{name, func() error { return f.policy(name) }})
	}
	if name := string(f.c.Classifier); name != "" {
		files = append(files, file{name, func() error { return f.classifier(ctx, name) }})
	}
	for _, name := range f.c.Catalog {
		files = append(files, file{string(name), f.catalog})
	}
	if name := string(f.c.Profiles.File); name != "" {
		files = append(files, file{name, f.readProfiles})
	}
	for _, name := range f.store.Files() {
		files = append(files, file{name, f.access})
	}
	for _, p := range f.made {
		if p.key != nil && p.key.file != "" {
			files = append(files, file{p.key.file, func() error { return f.key(p.key) }})
		}
	}
	if name := f.c.File(); name != "" {
		files = append(files, file{name, func() error { return f.configuration(name) }})
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

func change(file string) api.Change { return api.Change{Author: "file", Note: file} }

func (f *follower) policy(name string) error {
	src, err := os.ReadFile(name)
	if err == nil {
		_, err = f.publisher.Policy(name, src, change(name))
	}
	return err
}

func (f *follower) classifier(ctx context.Context, name string) error {
	src, err := os.ReadFile(name)
	if err == nil {
		_, err = f.publisher.Classifier(ctx, src, change(name))
	}
	return err
}

func (f *follower) catalog() error {
	cat, err := catalogOf(f.c)
	if err == nil {
		_, err = f.publisher.Catalog(cat, change("catalog"))
	}
	return err
}

// access reads keys and profiles of the data directory again.
func (f *follower) access() error {
	if err := f.store.Reload(); err != nil {
		return err
	}
	return f.readProfiles()
}

// key reads a provider's key again and has it validated, so that it is used at once.
func (f *follower) key(k *keySource) error {
	if err := k.reload(); err != nil {
		return err
	}
	go f.validate()
	return nil
}

func (f *follower) readProfiles() error {
	next, err := profilesOf(f.c, f.store)
	if err != nil || reflect.DeepEqual(next, f.profiles) {
		return err
	}
	if _, err := f.publisher.Profiles(next, change("profiles")); err != nil {
		return err
	}
	f.profiles = next
	return nil
}

// configuration takes over the profiles of routor.yaml; everything else in it holds from the next start.
func (f *follower) configuration(name string) error {
	next, err := config.Load(name)
	if err != nil {
		return err
	}
	f.c.Profiles = next.Profiles
	f.say("%s: profiles are looked at again; anything else that changed in it needs a restart", name)
	return f.readProfiles()
}
