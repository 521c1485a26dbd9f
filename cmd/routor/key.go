package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/access"
)

func keyCommand() *cobra.Command {
	return noun("key", "API keys of your clients", `API keys: who may call, under which profile.

The commands ask the server that is named (--server or ROUTOR_URL), else the one that has the data directory, else they open the
directory themselves. A keys.json of former versions is taken over at the first start, and left as a copy.`, keyList(), keyAdd(), keyShow(), keySet(), keyUsage(), keyRotate(), keyRevoke())
}

func keyList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the keys; the keys themselves are never shown", Args: arguments(0, 0),
		Example: "  routor key list\n  routor key list -o csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := listKeys(cmd)
			if err != nil {
				return err
			}
			t := keyTable()
			for _, k := range keys {
				addKey(t, k)
			}
			return show(cmd, t)
		},
	}
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func keyAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "add --name NAME", Short: "Make a key; it is shown this once", Args: arguments(0, 1),
		Example: "  routor key add --name app --team search --profile cheap --expires 90d --usd-per-day 5\n  KEY=$(routor key add --name ci)",
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := keyOf(cmd, args)
			if err != nil {
				return err
			}
			if dryRun(cmd) {
				note(cmd, "would make key %q with profile %q", k.Name, k.ProfileName())
				return nil
			}
			secret, made, err := createKey(cmd, k)
			if err != nil {
				return err
			}
			return showSecret(cmd, secret, made)
		},
	}
	f := cmd.Flags()
	f.String("name", "", "what the key is for")
	f.String("team", "", "team, as rules read it: key.team")
	f.String("owner", "", "who answers for it")
	f.StringSlice("tag", nil, "tags, as rules read them: key.tags")
	f.String("profile", "", "profile that bounds its requests (default: default)")
	f.StringSlice("also", nil, "other profiles that its requests may ask for with routor_profile")
	addLimitFlags(cmd)
	f.String("expires", "", "when it ends: a date (2027-01-31), a time (RFC 3339), or a while (90d, 12h)")
	addChangeFlags(cmd)
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func keyOf(cmd *cobra.Command, args []string) (access.Key, error) {
	f := cmd.Flags()
	var k access.Key
	k.Name, _ = f.GetString("name")
	if len(args) == 1 && k.Name == "" {
		k.Name = args[0]
	}
	if k.Name == "" {
		return k, usage("%s: a key needs a name: write for instance --name app", cmd.CommandPath())
	}
	k.Team, _ = f.GetString("team")
	k.Owner, _ = f.GetString("owner")
	k.Tags, _ = f.GetStringSlice("tag")
	k.Profile, _ = f.GetString("profile")
	k.Also, _ = f.GetStringSlice("also")
	text, _ := f.GetString("expires")
	var err error
	if k.Limits, _, err = limitsOf(cmd, nil); err != nil {
		return k, err
	}
	k.Expires, err = expiry(text, time.Now())
	return k, err
}

// expiry reads a date (its end, UTC), a time or a while from now.
func expiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 36500 {
			return now.UTC().AddDate(0, 0, n).Truncate(time.Second), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.UTC().Add(d).Truncate(time.Second), nil
	}
	return time.Time{}, usage("--expires %s: expected a date, a time or a while: write for instance 2027-01-31 or 90d", text)
}

func keyShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show KEY", Short: "Show one key, by name or id", Args: arguments(1, 1),
		Example: "  routor key show app",
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := oneKey(cmd, args[0])
			if err != nil {
				return err
			}
			t := keyTable()
			t.columns, t.one = append(t.columns, "used today", "used this month"), true
			addKey(t, k.Key)
			today, month := "", ""
			if k.Use != nil {
				today, month = tallyWords(k.Use.Day), tallyWords(k.Use.Month)
			}
			t.rows[0], t.items[0] = append(t.rows[0], today, month), k
			return show(cmd, t)
		},
	}
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

// showSecret prints a key that was just made: alone on stdout, unless a format is asked for.
func showSecret(cmd *cobra.Command, secret string, made access.Key) error {
	note(cmd, "key %s (%s) is made. It is shown this once:", made.Name, made.ID)
	if format, _ := cmd.Flags().GetString("output"); format == "" || format == "table" {
		fmt.Fprintln(cmd.OutOrStdout(), secret)
		return nil
	}
	t := &table{columns: []string{"key", "id", "name"}, one: true}
	t.add(struct {
		Secret string `json:"key"`
		access.Key
	}{secret, made}, secret, made.ID, made.Name)
	return show(cmd, t)
}

func keyRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rotate KEY", Short: "Make a key's successor, which is shown this once; both work for a while", Args: arguments(1, 1),
		Long:    "The new key has the name, profile and limits of the old one, which ends after --keep.",
		Example: "  KEY=$(routor key rotate app --keep 2h)",
		RunE: func(cmd *cobra.Command, args []string) error {
			keep, _ := cmd.Flags().GetString("keep")
			if dryRun(cmd) {
				note(cmd, "would make the successor of key %s, which would end after %s", args[0], keep)
				return nil
			}
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var made struct {
				Secret string `json:"secret"`
				access.Key
			}
			if err := s.call(cmd, "POST", "/admin/keys/"+url.PathEscape(args[0]), map[string]any{"keep": keep}, &made); err != nil {
				return err
			}
			return showSecret(cmd, made.Secret, made.Key)
		},
	}
	cmd.Flags().String("keep", "24h", "how long the old key goes on working: 2h, 7d; 0 ends it at once")
	addChangeFlags(cmd)
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func keyRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use: "revoke KEY", Short: "End a key for good, by name or id", Args: arguments(1, 1),
		Example: "  routor key revoke app --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := listKeys(cmd)
			if err != nil {
				return err
			}
			k, err := pick(keys, args[0])
			if err != nil {
				return err
			}
			if dryRun(cmd) {
				note(cmd, "would revoke key %s (%s)", k.Name, k.ID)
				return nil
			}
			if err := confirm(cmd, fmt.Sprintf("Revoke key %s (%s)? Its clients are refused from then on.", k.Name, k.ID)); err != nil {
				return err
			}
			if err := revokeKey(cmd, k.ID); err != nil {
				return err
			}
			note(cmd, "key %s (%s) is revoked", k.Name, k.ID)
			return nil
		},
	}
	addChangeFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

// pick is a key by id or name; of several with one name the one that still works, else the newest.
func pick(keys []access.Key, id string) (found access.Key, err error) {
	for _, k := range keys {
		if k.ID == id {
			return k, nil
		}
		if k.Name == id && (found.ID == "" || k.Revoked.IsZero()) {
			found = k
		}
	}
	if found.ID == "" {
		return found, fmt.Errorf("there is no key %q: `routor key list` shows them", id)
	}
	return found, nil
}

func keyTable() *table {
	return &table{columns: []string{"id", "name", "team", "owner", "profile", "key", "state", "created", "expires", "limits"}}
}

func addKey(t *table, k access.Key) {
	t.add(k, k.ID, k.Name, k.Team, k.Owner, k.ProfileName(), access.Prefix+"…"+k.Last4, k.State(time.Now()), day(k.Created), day(k.Expires), limitWords(k.Limits))
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func listKeys(cmd *cobra.Command) ([]access.Key, error) {
	s, done, err := door(cmd)
	if err != nil {
		return nil, err
	}
	defer done()
	var list struct {
		Keys []access.Key `json:"keys"`
	}
	err = s.call(cmd, "GET", "/admin/keys", nil, &list)
	return list.Keys, err
}

func createKey(cmd *cobra.Command, k access.Key) (string, access.Key, error) {
	s, done, err := door(cmd)
	if err != nil {
		return "", k, err
	}
	defer done()
	var made struct {
		Secret string `json:"secret"`
		access.Key
	}
	err = s.call(cmd, "POST", "/admin/keys", k, &made)
	return made.Secret, made.Key, err
}

func revokeKey(cmd *cobra.Command, id string) error {
	s, done, err := door(cmd)
	if err != nil {
		return err
	}
	defer done()
	return s.call(cmd, "DELETE", "/admin/keys/"+url.PathEscape(id), nil, nil)
}
