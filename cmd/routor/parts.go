package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/policies"
)

// catalogOf is the built-in catalog with the endpoints of the configuration and the user's own files laid over it.
func catalogOf(c *config.Config) (*catalog.Catalog, error) {
	cat := catalog.Builtin()
	endpoints, err := endpointsOverlay(c, cat)
	if err != nil {
		return nil, err
	}
	if endpoints != nil {
		if cat, err = cat.Overlay(c.File(), endpoints); err != nil {
			return nil, fmt.Errorf("providers of the configuration: %w", err)
		}
	}
	for _, file := range c.Catalog {
		src, err := os.ReadFile(string(file))
		if err != nil {
			return nil, fmt.Errorf("read the catalog: %w", err)
		}
		if cat, err = cat.Overlay(string(file), src); err != nil {
			return nil, err
		}
	}
	return cat, nil
}

// policySource is the policy's file and its content; the built-in one is called default.yaml.
func policySource(file config.Path) (name string, src []byte, err error) {
	if file == "" {
		return "default.yaml", policies.Default(), nil
	}
	src, err = os.ReadFile(string(file))
	if err != nil {
		return "", nil, fmt.Errorf("read the policy: %w", err)
	}
	return string(file), src, nil
}

// scopeOf is what a policy is checked against.
func scopeOf(cat *catalog.Catalog, profiles map[string]*access.Profile, heads map[string][]string) policies.Scope {
	scope := policies.Scope{Catalog: cat, Heads: heads}
	for name := range profiles {
		scope.Profiles = append(scope.Profiles, name)
	}
	return scope
}

// policyOf reads, checks and compiles the policy of the configuration.
func policyOf(c *config.Config, scope policies.Scope) (*policies.Policy, error) {
	name, src, err := policySource(c.Policy)
	if err != nil {
		return nil, err
	}
	return parsePolicy(c, name, src, scope)
}

func parsePolicy(c *config.Config, name string, src []byte, scope policies.Scope) (*policies.Policy, error) {
	p, err := policies.Parse(name, src, scope)
	if err == nil && c.Balance != nil {
		p.Balance = *c.Balance
	}
	return p, err
}

// profilesOf are the profiles of the configuration, else those of the data directory.
func profilesOf(c *config.Config, store *access.Store) (map[string]*access.Profile, error) {
	if c.Profiles.File == "" && c.Profiles.Node == nil && store != nil {
		return store.Profiles(), nil
	}
	return access.ReadProfiles(c.Profiles)
}

// hostOptions are the limits within which a classifier runs.
func hostOptions(c *config.Config, onEvent func(classifiers.Event)) classifiers.Options {
	o := classifiers.Options{
		Instances: c.Limits.ClassifierInstances, MaxMemory: int(c.Limits.ClassifierMemory),
		FuelBase: uint64(c.Limits.ClassifierFuel), FuelPerByte: uint64(c.Limits.ClassifierFuelByte), OnEvent: onEvent,
	}
	if dir, err := os.UserCacheDir(); err == nil {
		o.CacheDir = filepath.Join(dir, "routor", "classifiers")
	}
	return o
}

// loadBuiltin is the classifier that Routor comes with.
func loadBuiltin(ctx context.Context, o classifiers.Options) (*classifiers.Module, error) {
	m, err := classifiers.Load(ctx, builtin.Module, o)
	if err != nil {
		return nil, fmt.Errorf("the built-in classifier: %w", err)
	}
	return m, nil
}

// loadModule is a classifier from a file.
func loadModule(ctx context.Context, file string, o classifiers.Options) (*classifiers.Module, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the classifier: %w", err)
	}
	m, err := classifiers.Load(ctx, src, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// classifierOf is the classifier of the configuration with the built-in one behind it.
func classifierOf(ctx context.Context, c *config.Config, behind *classifiers.Module, o classifiers.Options) (*classifiers.Classifier, error) {
	if c.Classifier == "" {
		return classifiers.New(nil, behind), nil
	}
	m, err := loadModule(ctx, string(c.Classifier), o)
	if err != nil {
		return nil, err
	}
	return classifiers.New(m, behind), nil
}
