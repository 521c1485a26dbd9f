package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/nearest"
	"github.com/routor/routor/engine/store"
)

func profileCommand() *cobra.Command {
	return noun("profile", "What callers may use and spend", `Profiles: bounds that are tied to keys. The commands ask the server that is named (--server or ROUTOR_URL), else the one that has the
data directory, else they open the directory themselves.`,
		append([]*cobra.Command{profileList(), profileShow(), profileSet(), profileUsage(), diffVerb(store.Profiles, "profile")}, versionVerbs(store.Profiles, "profile", "FILE")...)...)
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
		Use: "show [NAME]", Short: "Show one profile, or all as the file that was published", Args: arguments(0, 1),
		Example: "  routor profile show cheap -o json\n  routor profile show --version 3 >profiles.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if shown, err := showVersion(cmd, store.Profiles, len(args) == 0); shown {
				return err
			}
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
	addVersionFlag(cmd)
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
	return &table{columns: []string{"name", "floor", "ceiling", "max cost", "allow", "never", "modes", "limits"}}
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
	t.add(p, p.Name, floor, ceiling, cost, strings.Join(p.Allow, " "), strings.Join(p.Never, " "), strings.Join(p.Modes, " "), limitWords(p.Limits))
}

func readProfiles(cmd *cobra.Command) (map[string]*access.Profile, error) {
	if s, err := remote(cmd); err != nil {
		return nil, err
	} else if s == nil && !hasState(cmd) { // nothing was kept yet: what the files say
		return fileProfiles(cmd)
	}
	s, done, err := door(cmd)
	if err != nil {
		return nil, err
	}
	defer done()
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

func fileProfiles(cmd *cobra.Command) (map[string]*access.Profile, error) {
	c, err := settings(cmd)
	if err != nil {
		return nil, err
	}
	f, err := profilesFile(c, c.DataDir())
	if err != nil {
		return nil, err
	}
	return access.ParseProfiles(f.Path, f.Content)
}
