package main

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/policies"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check configuration, policy, classifier, catalog and profiles",
		Long: `Checks everything that routor serve would read, runs the policy's own tests, and says what is wrong, where, and what to write
instead. It works on files, asks no provider, and ends with 1 if something is wrong.`,
		Example: "  routor check\n  routor check --config prod.yaml --policy next.yaml -o json",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := newFindings()
			if err := f.configuration(cmd); err != nil {
				return err
			}
			return f.show(cmd)
		},
	}
	addConfigFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

// finding is one thing that a check says.
type finding struct {
	Level   string `json:"level"` // ok, warning, error
	What    string `json:"what"`  // configuration, catalog, …
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	text    string // as people read it
}

type findings struct {
	table
	list   []finding
	failed bool
}

func (f *findings) put(x finding) {
	f.failed = f.failed || x.Level == "error"
	if x.text == "" {
		x.text = x.Message
	}
	f.list = append(f.list, x)
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	f.add(x, x.Level, x.What, x.File, number(x.Line), number(x.Column), x.Path, x.Message, x.Hint)
}

func (f *findings) ok(what, format string, args ...any) {
	f.put(finding{Level: "ok", What: what, Message: fmt.Sprintf(format, args...)})
}

// wrong takes an error apart into the single things that are wrong.
func (f *findings) wrong(what, level string, err error) {
	var c config.Errors
	var p policies.Errors
	var k catalog.Errors
	switch {
	case err == nil:
	case len(joined(err)) > 0:
		for _, e := range joined(err) {
			f.wrong(what, level, e)
		}
	case errors.As(err, &c):
		for _, e := range c {
			f.put(finding{level, what, e.File, e.Line, e.Column, e.Path, e.Message, e.Hint, e.Error()})
		}
	case errors.As(err, &p):
		for _, e := range p {
			f.put(finding{level, what, e.File, e.Line, e.Column, e.Path, e.Message, e.Hint, e.Error()})
		}
	case errors.As(err, &k):
		for _, e := range k {
			f.put(finding{level, what, e.File, e.Line, e.Column, e.Path, e.Message, e.Hint, e.Error()})
		}
	default:
		f.put(finding{Level: level, What: what, Message: err.Error()})
	}
}

// joined are the errors that errors.Join put together; nil = err is one error, though it may wrap several.
func joined(err error) []error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(many.Unwrap()...).Error() != err.Error() {
		return nil
	}
	return many.Unwrap()
}

// configuration checks all that a configuration leads to. The error is of the command line.
func (f *findings) configuration(cmd *cobra.Command) error {
	c, err := settings(cmd)
	if code, _ := exitOf(err); code == exitUsage {
		return err
	}
	if err != nil {
		f.wrong("configuration", "error", err)
		return nil
	}
	for _, w := range c.Warnings() {
		f.wrong("configuration", "warning", config.Errors{w})
	}
	if c.File() == "" {
		f.ok("configuration", "no file: defaults, flags and environment")
	} else {
		f.ok("configuration", "%s", c.File())
	}
	if c.TLS.Cert != "" {
		if _, err := tls.LoadX509KeyPair(string(c.TLS.Cert), string(c.TLS.Key)); err != nil {
			f.put(finding{Level: "error", What: "tls", Path: "tls", Message: err.Error()})
		}
	}
	if _, err := givenAdminKey(c); err != nil {
		f.put(finding{Level: "error", What: "configuration", Path: "admin_key_file", Message: err.Error()})
	}
	f.state(cmd, c)
	a := &assembly{options: hostOptions(c, nil)}
	defer a.close()
	complete := true
	step := func(what string, err error, format string, args ...func() any) {
		if err != nil {
			complete = false
			f.wrong(what, "error", err)
			return
		}
		values := make([]any, len(args))
		for i, arg := range args {
			values[i] = arg()
		}
		f.ok(what, format, values...)
	}
	a.parts.Profiles, err = fileProfiles(cmd)
	step("profiles", err, "%d", func() any { return len(a.parts.Profiles) })
	a.parts.Catalog, err = catalogOf(c)
	step("catalog", err, "%d models, %d deployments, %d providers", func() any { return len(a.parts.Catalog.Models) },
		func() any { return len(a.parts.Catalog.Deployments) }, func() any { return len(a.parts.Catalog.Providers) })
	if a.builtin, err = loadBuiltin(cmd.Context(), a.options); err == nil {
		a.parts.Classifier, err = classifierOf(cmd.Context(), c, a.builtin, a.options)
	}
	step("classifier", err, "%s", func() any { card := a.parts.Classifier.Card(); return card.String() })
	if a.parts.Classifier != nil {
		a.parts.Heads = engine.Heads(a.parts.Classifier)
	}
	if a.parts.Catalog != nil {
		a.parts.Policy, err = policyOf(c, scopeOf(a.parts.Catalog, a.parts.Profiles, a.parts.Heads))
		step("policy", err, "%s: %d rules", func() any { return a.parts.Policy.Name }, func() any { return len(a.parts.Policy.Rules) })
		f.providers(c, a)
	}
	if complete {
		_, err = a.snapshot(nil)
		step("policy tests", err, "%d pass", func() any { return len(a.parts.Policy.Tests) })
	}
	return nil
}

// state says what is kept, and where files differ from what serves. A check makes no folder.
func (f *findings) state(cmd *cobra.Command, c *config.Config) {
	if !hasState(cmd) {
		return
	}
	s, done, err := door(cmd)
	if err != nil {
		f.wrong("state", "error", err)
		return
	}
	defer done()
	var keys struct {
		Keys []access.Key `json:"keys"`
	}
	var documents struct {
		Drift []api.Drift `json:"drift"`
	}
	if err = s.call(cmd, "GET", "/admin/keys", nil, &keys); err == nil {
		err = s.call(cmd, "GET", "/admin/documents", nil, &documents)
	}
	if err != nil {
		f.wrong("state", "error", err)
		return
	}
	f.ok("state", "%d keys in %s", len(keys.Keys), c.DataDir())
	for _, d := range documents.Drift {
		if d.Why != "" {
			f.put(finding{Level: "warning", What: "state", File: d.File, Path: string(d.Kind), Message: d.File + ": " + d.Why})
		}
	}
}

// providers says who could be called; it asks nobody.
func (f *findings) providers(c *config.Config, a *assembly) {
	made, missing, err := connectAll(c, a.parts.Catalog)
	if err != nil {
		f.wrong("providers", "error", err)
		return
	}
	for _, id := range sortedKeys(missing) {
		f.put(finding{Level: "warning", What: "providers", Path: "providers." + id, Message: id + ": " + missing[id]})
	}
	if len(made) == 0 {
		f.put(finding{Level: "warning", What: "providers", Message: "none has a key: set for instance OPENAI_API_KEY, or try `routor serve --demo`"})
		return
	}
	f.ok("providers", "%d have what they need; `routor provider check` asks them", len(made))
}

func (f *findings) show(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	if format, _ := cmd.Flags().GetString("output"); format != "" && format != "table" {
		if err := show(cmd, &f.table); err != nil {
			return err
		}
	} else {
		for _, x := range f.list {
			code := map[string]string{"ok": green, "error": red, "warning": bold}[x.Level]
			fmt.Fprintf(out, "%s  %s: %s\n", colour(out, code, fmt.Sprintf("%-7s", x.Level)), x.What, x.text)
		}
	}
	if f.failed {
		return saidFailed
	}
	return nil
}
