package catalog

import (
	"embed"
	"io/fs"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed data/*.yaml
var data embed.FS

// Builtin is the catalog that ships with Routor. It is the same value at every call.
func Builtin() *Catalog { return builtin() }

var builtin = sync.OnceValue(func() *Catalog {
	var doc document
	files, err := fs.Glob(data, "data/*.yaml")
	if err != nil {
		panic("BUG: catalog: " + err.Error())
	}
	for _, file := range files { // in order of their names
		src, err := data.ReadFile(file)
		if err != nil {
			panic("BUG: catalog: " + err.Error())
		}
		d := decoder{file: strings.TrimPrefix(file, "data/")}
		d.read(src, &doc)
		if len(d.errors) > 0 {
			panic("BUG: catalog: " + d.errors.Error())
		}
	}
	c, errs := build(doc, "built-in catalog", nil)
	if len(errs) > 0 {
		panic("BUG: catalog: " + errs.Error())
	}
	return c
})

// Overlay is the catalog with a user's file over it, which adds, overrides and disables entries by id; docs/catalog.md says
// how. c stays as it is. An error is Errors: everything that is wrong, with file, line and column.
func (c *Catalog) Overlay(file string, src []byte) (*Catalog, error) {
	doc := c.doc.clone()
	d := decoder{file: file, places: map[string]*yaml.Node{}}
	d.read(src, &doc)
	if len(d.errors) > 0 {
		return nil, d.errors
	}
	over, errs := build(doc, file, d.places)
	if len(errs) > 0 {
		return nil, errs
	}
	return over, nil
}
