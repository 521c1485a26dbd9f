package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/policies"
)

func policyCommand() *cobra.Command {
	return noun("policy", "How Routor chooses: thresholds, value, rules and their tests", `Policies: how Routor chooses.

check and test work on files. The others ask the server that is named (--server or ROUTOR_URL), else the one that has the data
directory, else they open the directory themselves; list and show show the policy of the configuration where nothing was kept yet.`,
		append([]*cobra.Command{policyList(), policyShow(), policyCheck(), policyTest(), diffVerb(store.Policy, "policy")}, versionVerbs(store.Policy, "policy", "FILE")...)...)
}

// policyFlags are what a policy is checked against.
func policyFlags(cmd *cobra.Command) {
	addConfigFlags(cmd, "policy", "classifier", "catalog", "profiles")
}

// policyInput is the policy that a command is about: its argument, else the configuration's.
func policyInput(cmd *cobra.Command, args []string) (*config.Config, error) {
	c, err := settings(cmd)
	if err == nil && len(args) > 0 {
		c.Policy = config.Path(args[0])
	}
	return c, err
}

func policyCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check [FILE]", Short: "Check a policy: what is wrong, where, and what to write instead", Args: arguments(0, 1),
		Example: "  routor policy check policy.yaml\n  routor policy check policy.yaml -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := policyInput(cmd, args)
			if err != nil {
				return err
			}
			f := newFindings()
			a, err := assemble(cmd.Context(), c, nil, nil)
			defer a.close()
			if err == nil {
				_, err = a.snapshot(nil)
			}
			if err != nil {
				f.wrong("policy", "error", err)
			} else {
				f.ok("policy", "%s: %d rules, %d tests pass", a.parts.Policy.Name, len(a.parts.Policy.Rules), len(a.parts.Policy.Tests))
			}
			return f.show(cmd)
		},
	}
	policyFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func newFindings() *findings {
	return &findings{table: table{columns: []string{"level", "what", "file", "line", "column", "path", "message", "hint"}}}
}

func policyTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test [FILE]", Short: "Run a policy's own tests", Args: arguments(0, 1),
		Example: "  routor policy test policy.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := policyInput(cmd, args)
			if err != nil {
				return err
			}
			a, err := assemble(cmd.Context(), c, nil, nil)
			defer a.close()
			if err != nil {
				return err
			}
			// A policy whose tests fail makes no snapshot, so the snapshot is made without them; and without the source, from
			// which they would come back.
			policy := a.parts.Policy
			tests := policy.Tests
			policy.Tests, policy.Source = nil, nil
			s, err := a.snapshot(nil)
			if err != nil {
				return err
			}
			policy.Tests = tests
			return showTests(cmd, engine.RunTests(s))
		},
	}
	policyFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func policyList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the policies and which one is live", Args: arguments(0, 0),
		Example: "  routor policy list",
		RunE: func(cmd *cobra.Command, args []string) error {
			t := &table{columns: []string{"name", "from", "rules", "tests", "live", "hash"}}
			s, err := remote(cmd)
			if err != nil {
				return err
			}
			c, err := policyInput(cmd, nil)
			if err != nil {
				return err
			}
			cat, err := catalogOf(c)
			if err != nil {
				return err
			}
			if s != nil {
				var p struct{ Name, Source, File string }
				if err := s.call(cmd, "GET", "/admin/policy", nil, &p); err != nil {
					return err
				}
				if err := addPolicy(t, hintOr(p.File, "server"), []byte(p.Source), cat, true); err != nil {
					return err
				}
				return show(cmd, t)
			}
			files := []config.Path{""}
			if c.Policy != "" {
				files = []config.Path{c.Policy, ""}
			}
			for i, file := range files {
				_, src, err := policySource(file)
				if err == nil {
					err = addPolicy(t, hintOr(string(file), "built in"), src, cat, i == 0)
				}
				if err != nil {
					return err
				}
			}
			return show(cmd, t)
		},
	}
	addServerFlags(cmd)
	policyFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func addPolicy(t *table, from string, src []byte, cat *catalog.Catalog, live bool) error {
	p, err := policies.Parse(from, src, policies.Scope{Catalog: cat})
	if err != nil {
		return err
	}
	t.add(map[string]any{"name": p.Name, "from": from, "rules": len(p.Rules), "tests": len(p.Tests), "live": live, "hash": p.Hash},
		p.Name, from, fmt.Sprint(len(p.Rules)), fmt.Sprint(len(p.Tests)), yes(live), p.Hash[:min(12, len(p.Hash))])
	return nil
}

func policyShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show", Short: "Show the live policy as its file", Args: arguments(0, 0),
		Example: "  routor policy show >policy.yaml\n  routor policy show --server http://127.0.0.1:8484",
		RunE: func(cmd *cobra.Command, args []string) error {
			if shown, err := showVersion(cmd, store.Policy, false); shown {
				return err
			}
			src, err := livePolicy(cmd)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(src)
			return err
		},
	}
	addVersionFlag(cmd)
	addServerFlags(cmd)
	addConfigFlags(cmd, "policy")
	return cmd
}

// livePolicy is the source of the server's policy, else of the configuration's.
func livePolicy(cmd *cobra.Command) ([]byte, error) {
	s, err := remote(cmd)
	if err != nil {
		return nil, err
	}
	if s == nil && hasState(cmd) {
		var done func()
		if s, done, err = door(cmd); err != nil {
			return nil, err
		}
		defer done()
	}
	if s != nil {
		var p struct {
			Source string `json:"source"`
		}
		err := s.call(cmd, "GET", "/admin/policy", nil, &p)
		return []byte(p.Source), err
	}
	c, err := settings(cmd)
	if err != nil {
		return nil, err
	}
	_, src, err := policySource(c.Policy)
	return src, err
}

// showTests shows what came of each expectation.
func showTests(cmd *cobra.Command, results []engine.TestResult) error {
	t := &table{columns: []string{"result", "line", "test", "expect", "got"}}
	failed := 0
	for _, r := range results {
		if !r.Pass && !r.Warn {
			failed++
		}
		if r.Error != "" {
			t.rows = append(t.rows, []string{"FAIL", fmt.Sprint(r.Line), r.Name, "", r.Error})
		}
		for _, o := range r.Outcomes {
			word := "FAIL"
			if o.Pass {
				word = "pass"
			} else if r.Warn {
				word = "warn"
			}
			got := o.Got
			if o.Error != "" {
				got = o.Error + "; " + got
			}
			t.rows = append(t.rows, []string{word, fmt.Sprint(o.Line), r.Name, o.Expect, got})
		}
		t.items = append(t.items, r)
	}
	if err := show(cmd, t); err != nil {
		return err
	}
	note(cmd, "%d tests, %d failed", len(results), failed)
	if failed > 0 {
		return saidFailed
	}
	return nil
}
