package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/config"
)

// assembly is what a configuration is made into.
type assembly struct {
	parts   engine.Parts
	builtin *classifiers.Module
	options classifiers.Options
}

// assemble reads everything that a snapshot is made of. The error joins all that is wrong; what could be read is in the assembly.
func assemble(ctx context.Context, c *config.Config, store *access.Store, onEvent func(classifiers.Event)) (*assembly, error) {
	a := &assembly{options: hostOptions(c, onEvent)}
	var wrong []error
	fail := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	var err error
	a.parts.Author, a.parts.Time = "start", time.Now()
	a.parts.Profiles, err = profilesOf(c, store)
	fail(err)
	a.builtin, err = loadBuiltin(ctx, a.options)
	fail(err)
	a.parts.Classifier, err = classifierOf(ctx, c, a.builtin, a.options)
	fail(err)
	if a.parts.Classifier != nil {
		a.parts.Heads = engine.Heads(a.parts.Classifier)
	}
	a.parts.Catalog, err = catalogOf(c)
	fail(err)
	if a.parts.Catalog != nil {
		a.parts.Policy, err = policyOf(c, scopeOf(a.parts.Catalog, a.parts.Profiles, a.parts.Heads))
		fail(err)
	}
	return a, errors.Join(wrong...)
}

// snapshot is the assembly checked as a whole, the policy's own tests run.
func (a *assembly) snapshot(connected func(provider string) bool) (*engine.Snapshot, error) {
	a.parts.Connected = connected
	return engine.NewSnapshot(a.parts)
}

// offline is a snapshot of what the configuration names, for commands that decide without a server: every provider of the
// catalog counts as connected. done lets go of it.
func offline(cmd *cobra.Command) (s *engine.Snapshot, done func(), err error) {
	c, err := settings(cmd)
	if err != nil {
		return nil, nil, err
	}
	a, err := assemble(cmd.Context(), c, nil, nil)
	if err == nil {
		s, err = a.snapshot(nil)
	}
	if err != nil {
		a.close()
		return nil, nil, err
	}
	return s, a.close, nil
}

// close lets go of the classifiers.
func (a *assembly) close() {
	if a.parts.Classifier != nil {
		a.parts.Classifier.Close()
	}
	if a.builtin != nil {
		a.builtin.Close()
	}
}
