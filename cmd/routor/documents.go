package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/store"
)

// ownFiles are the files that own documents, by kind, with their contents: those that the configuration names, and
// profiles.yaml of the data directory.
func ownFiles(c *config.Config, dir string) (map[store.Kind]api.File, error) {
	files := map[store.Kind]api.File{}
	var wrong []error
	for _, kind := range store.Kinds {
		f, err := ownFile(c, dir, kind)
		if err != nil {
			wrong = append(wrong, err)
		} else if f.Path != "" {
			files[kind] = f
		}
	}
	return files, errors.Join(wrong...)
}

// ownFile is the file that owns a kind; one without a path if none does.
func ownFile(c *config.Config, dir string, kind store.Kind) (f api.File, err error) {
	switch kind {
	case store.Policy:
		f.Path = string(c.Policy)
	case store.Classifier:
		f.Path = string(c.Classifier)
	case store.Catalog:
		return catalogFile(c.Catalog)
	case store.Profiles:
		return profilesFile(c, dir)
	}
	if f.Path != "" {
		if f.Content, err = os.ReadFile(f.Path); err != nil {
			return f, fmt.Errorf("read the %s: %w", kind, err)
		}
	}
	return f, nil
}

// catalogFile is the catalog's files as one document: a single file as it is, several with a line "--- # FILE" before each.
func catalogFile(paths []config.Path) (f api.File, err error) {
	names := make([]string, len(paths))
	var b bytes.Buffer
	for i, path := range paths {
		src, err := os.ReadFile(string(path))
		if err != nil {
			return f, fmt.Errorf("read the catalog: %w", err)
		}
		if names[i] = string(path); len(paths) > 1 {
			fmt.Fprintf(&b, "--- # %s\n", path)
			src = append(bytes.TrimRight(src, "\n"), '\n')
		}
		b.Write(src)
	}
	return api.File{Path: strings.Join(names, ", "), Content: b.Bytes()}, nil
}

// profilesFile is the file that holds the profiles; where the configuration holds them itself, that part of it.
func profilesFile(c *config.Config, dir string) (f api.File, err error) {
	switch {
	case c.Profiles.Node != nil:
		if _, err := access.ReadProfiles(c.Profiles); err != nil {
			return f, err // with its lines in the configuration
		}
		f.Path = c.File()
		f.Content, err = yaml.Marshal(c.Profiles.Node)
	case c.Profiles.File != "":
		f.Path = string(c.Profiles.File)
		f.Content, err = os.ReadFile(f.Path)
	default:
		path := filepath.Join(dir, access.ProfilesFile)
		if f.Content, err = os.ReadFile(path); errors.Is(err, fs.ErrNotExist) {
			return f, nil
		}
		f.Path = path
	}
	if err != nil {
		return f, fmt.Errorf("read the profiles: %w", err)
	}
	return f, nil
}

// catalogWith is the built-in catalog with the configuration's endpoints and a document laid over it.
func catalogWith(c *config.Config, file string, src []byte) (*catalog.Catalog, error) {
	own := *c
	own.Catalog = nil
	cat, err := catalogOf(&own)
	if err != nil {
		return nil, err
	}
	for _, part := range parts(file, src) {
		if cat, err = cat.Overlay(part.Path, part.Content); err != nil {
			return nil, err
		}
	}
	return cat, nil
}

// parts are the files that a catalog's document was made of.
func parts(file string, src []byte) (list []api.File) {
	rest := string(src)
	for {
		marker, ok := strings.CutPrefix(rest, "--- # ")
		if !ok {
			break
		}
		name, content, _ := strings.Cut(marker, "\n")
		next := strings.Index(content, "\n--- # ")
		if next < 0 {
			return append(list, api.File{Path: name, Content: []byte(content)})
		}
		list = append(list, api.File{Path: name, Content: []byte(content[:next+1])})
		rest = content[next+1:]
	}
	if len(list) == 0 && len(bytes.TrimSpace(src)) > 0 {
		list = append(list, api.File{Path: file, Content: src})
	}
	return list
}

// newAssembly is an assembly with nothing but the built-in classifier.
func newAssembly(ctx context.Context, c *config.Config, onEvent func(classifiers.Event)) (*assembly, error) {
	a := &assembly{options: hostOptions(c, onEvent)}
	var err error
	a.builtin, err = loadBuiltin(ctx, a.options)
	return a, err
}

// fill reads the parts of a snapshot from documents. The error joins all that is wrong.
func (a *assembly) fill(ctx context.Context, c *config.Config, documents map[store.Kind]*store.Version) error {
	if a.parts.Classifier != nil { // of another attempt
		a.parts.Classifier.Close()
	}
	a.parts = engine.Parts{Author: "start", Time: time.Now()}
	content := func(kind store.Kind) (file string, src []byte) {
		v := documents[kind]
		switch {
		case v == nil:
			return "", nil
		case v.File != "":
			return v.File, v.Content
		}
		return fmt.Sprintf("%s version %d", kind, v.Number), v.Content
	}
	var wrong []error
	var err error
	file, src := content(store.Profiles)
	if a.parts.Profiles, err = access.ParseProfiles(file, src); err != nil {
		wrong = append(wrong, err)
	}
	if file, src = content(store.Classifier); len(src) == 0 {
		a.parts.Classifier = classifiers.New(nil, a.builtin)
	} else if m, err := classifiers.Load(ctx, src, a.options); err != nil {
		wrong = append(wrong, fmt.Errorf("%s: %w", file, err))
	} else {
		a.parts.Classifier = classifiers.New(m, a.builtin)
	}
	if a.parts.Classifier != nil {
		a.parts.Heads = engine.Heads(a.parts.Classifier)
	}
	file, src = content(store.Catalog)
	if a.parts.Catalog, err = catalogWith(c, file, src); err != nil {
		return errors.Join(append(wrong, err)...)
	}
	file, src = content(store.Policy)
	if len(src) == 0 {
		file, src, _ = policySource("")
	}
	if a.parts.Policy, err = parsePolicy(c, file, src, scopeOf(a.parts.Catalog, a.parts.Profiles, a.parts.Heads)); err != nil {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}
