package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/nearest"
)

func profileCommand() *cobra.Command {
	return noun("profile", "What callers may use and spend", `Profiles: bounds that are tied to keys. With --server (or ROUTOR_URL) the commands ask that server; without, they read the
configuration's profiles, else profiles.yaml in the data directory.`, profileList(), profileShow())
}

func profileList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the profiles", Args: arguments(0, 0), Example: "  routor profile list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			profiles, err := readProfiles(cmd)
			if err != nil {
				return err
			}
			t := profileTable()
			for _, name := range sortedKeys(profiles) {
				addProfile(t, profiles[name])
			}
			return show(cmd, t)
		},
	}
	addServerFlags(cmd)
	addConfigFlags(cmd, "profiles")
	addOutputFlag(cmd)
	return cmd
}

func profileShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show one profile", Args: arguments(1, 1), Example: "  routor profile show cheap -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			profiles, err := readProfiles(cmd)
			if err != nil {
				return err
			}
			p := profiles[args[0]]
			if p == nil {
				return fmt.Errorf("there is no profile %q: %s", args[0], hintOr(nearest.Hint(args[0], sortedKeys(profiles)), "`routor profile list` shows them"))
			}
			t := profileTable()
			t.one = true
			addProfile(t, p)
			return show(cmd, t)
		},
	}
	addServerFlags(cmd)
	addConfigFlags(cmd, "profiles")
	addOutputFlag(cmd)
	return cmd
}

func hintOr(hint, other string) string {
	if hint == "" {
		return other
	}
	return hint
}

func profileTable() *table {
	return &table{columns: []string{"name", "floor", "ceiling", "max cost", "allow", "never", "modes"}}
}

func addProfile(t *table, p *access.Profile) {
	var floor, ceiling, cost string
	if p.Floor != nil {
		floor = p.Floor.String()
	}
	if p.Ceiling != nil {
		ceiling = p.Ceiling.String()
	}
	if p.MaxCostUSD != nil {
		cost = fmt.Sprintf("$%g", *p.MaxCostUSD)
	}
	t.add(p, p.Name, floor, ceiling, cost, strings.Join(p.Allow, " "), strings.Join(p.Never, " "), strings.Join(p.Modes, " "))
}

func readProfiles(cmd *cobra.Command) (map[string]*access.Profile, error) {
	s, err := remote(cmd)
	if err != nil {
		return nil, err
	}
	if s != nil {
		var list struct {
			Profiles []*access.Profile `json:"profiles"`
		}
		if err := s.call(cmd, "GET", "/admin/profiles", nil, &list); err != nil {
			return nil, err
		}
		profiles := map[string]*access.Profile{}
		for _, p := range list.Profiles {
			profiles[p.Name] = p
		}
		return profiles, nil
	}
	c, err := settings(cmd)
	if err != nil {
		return nil, err
	}
	var store *access.Store
	if _, err := os.Stat(c.DataDir()); err == nil {
		state, keys, err := openState(cmd.Context(), c, c.DataDir(), func(string, ...any) {})
		if err != nil {
			return nil, err
		}
		defer state.Close()
		defer keys.Close()
		store = keys
	}
	return profilesOf(c, store)
}
