// Package web is the pages of Routor, built and embedded.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files are the built pages; index.html is the first.
var Files = func() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("BUG: the pages are not embedded: " + err.Error())
	}
	return sub
}()
