package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/routor/routor/classifiers/templates"
)

func templateLanguages() []string { return templates.Languages() }

// newClassifier writes a template and says what to do next.
func newClassifier(cmd *cobra.Command, language, dir string) error {
	written, err := templates.Write(language, dir)
	if err != nil {
		return err
	}
	t := &table{columns: []string{"file"}}
	for _, name := range written {
		file := filepath.Join(dir, name)
		t.add(map[string]string{"file": file}, file)
	}
	note(cmd, "next: cd %s && sh build.sh && routor classifier check classifier.wasm", dir)
	return show(cmd, t)
}
