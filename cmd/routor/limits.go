package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/store"
)

// limitFlags are a flag a limit.
var limitFlags = []struct{ flag, limit, help string }{
	{"requests-per-minute", access.LimitRequests, "most requests a minute; none = no limit"},
	{"tokens-per-minute", access.LimitTokens, "most tokens a minute, prompt and completion; none = no limit"},
	{"usd-per-day", access.LimitDay, "most that may be spent in a day (UTC), USD; none = no limit"},
	{"usd-per-month", access.LimitMonth, "most that may be spent in a month (UTC), USD; none = no limit"},
}

func addLimitFlags(cmd *cobra.Command) {
	for _, f := range limitFlags {
		cmd.Flags().String(f.flag, "", f.help)
	}
}

// limitsOf is what the flags make of limits as they are; the other is whether any flag was given.
func limitsOf(cmd *cobra.Command, now *access.Limits) (*access.Limits, bool, error) {
	next, given := access.Limits{}, false
	if now != nil {
		next = *now
	}
	for _, f := range limitFlags {
		text, _ := cmd.Flags().GetString(f.flag)
		if !cmd.Flags().Changed(f.flag) {
			continue
		}
		given = true
		wrong := usage("--%s %s: expected a number, or none: write for instance --%[1]s 60", f.flag, text)
		if f.limit == access.LimitRequests || f.limit == access.LimitTokens {
			n := int64(0)
			if text != "none" {
				var err error
				if n, err = strconv.ParseInt(text, 10, 64); err != nil || n < 1 {
					return nil, given, wrong
				}
			}
			if f.limit == access.LimitRequests {
				next.Requests = n
			} else {
				next.Tokens = n
			}
			continue
		}
		var amount *float64
		if text != "none" {
			usd, err := strconv.ParseFloat(strings.TrimPrefix(text, "$"), 64)
			if err != nil {
				return nil, given, wrong
			}
			amount = &usd
		}
		if f.limit == access.LimitDay {
			next.DayUSD = amount
		} else {
			next.MonthUSD = amount
		}
	}
	if err := next.Check(); err != nil {
		return nil, given, usage("%v", err)
	}
	if !next.Any() {
		return nil, given, nil
	}
	return &next, given, nil
}

// limitWords are limits in short: "60 requests/min, $5/day".
func limitWords(l *access.Limits) string {
	var words []string
	if l == nil {
		return ""
	}
	if l.Requests > 0 {
		words = append(words, fmt.Sprintf("%d requests/min", l.Requests))
	}
	if l.Tokens > 0 {
		words = append(words, fmt.Sprintf("%d tokens/min", l.Tokens))
	}
	if l.DayUSD != nil {
		words = append(words, fmt.Sprintf("$%g/day", *l.DayUSD))
	}
	if l.MonthUSD != nil {
		words = append(words, fmt.Sprintf("$%g/month", *l.MonthUSD))
	}
	return strings.Join(words, ", ")
}

// keyCard is a key by itself, as the admin API shows it.
type keyCard struct {
	access.Key
	Use      *access.Use       `json:"use,omitempty"`
	Standing []access.Standing `json:"standing,omitempty"`
}

// oneKey asks for a key by name or id.
func oneKey(cmd *cobra.Command, id string) (k keyCard, err error) {
	s, done, err := door(cmd)
	if err != nil {
		return k, err
	}
	defer done()
	var list struct {
		Keys []access.Key `json:"keys"`
	}
	if err := s.call(cmd, "GET", "/admin/keys", nil, &list); err != nil {
		return k, err
	}
	found, err := pick(list.Keys, id)
	if err != nil {
		return k, err
	}
	return k, s.call(cmd, "GET", "/admin/keys/"+url.PathEscape(found.ID), nil, &k)
}

func keySet() *cobra.Command {
	cmd := &cobra.Command{
		Use: "set KEY", Short: "Change a key's limits, by name or id", Args: arguments(1, 1),
		Long: `Changes the limits that are named and leaves the others. They count at once, on every replica; those of the key's profile count
too, whichever is stricter.`,
		Example: "  routor key set app --requests-per-minute 60 --usd-per-day 5\n  routor key set app --usd-per-day none",
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := oneKey(cmd, args[0])
			if err != nil {
				return err
			}
			limits, given, err := limitsOf(cmd, k.Limits)
			if err != nil {
				return err
			}
			if !given {
				return usage("%s: name a limit: write for instance --usd-per-day 5", cmd.CommandPath())
			}
			words := limitWords(limits)
			if words == "" {
				words = "no limits of its own"
			}
			if dryRun(cmd) {
				note(cmd, "would give key %s (%s): %s", k.Name, k.ID, words)
				return nil
			}
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			if err := s.call(cmd, "PATCH", "/admin/keys/"+url.PathEscape(k.ID), map[string]any{"limits": limits}, nil); err != nil {
				return err
			}
			note(cmd, "key %s (%s) has: %s", k.Name, k.ID, words)
			return nil
		},
	}
	addLimitFlags(cmd)
	addChangeFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func keyUsage() *cobra.Command {
	cmd := &cobra.Command{
		Use: "usage [KEY]", Short: "Show what keys have used, or how one key's limits stand", Args: arguments(0, 1),
		Long: `Without KEY: what each key has used today and this month (UTC), those that spent most first. With KEY: how each limit that it is under
stands, those of its profile included.`,
		Example: "  routor key usage\n  routor key usage app",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return showUsage(cmd, "keys")
			}
			k, err := oneKey(cmd, args[0])
			if err != nil {
				return err
			}
			t := &table{columns: []string{"limit", "of", "value", "used", "reserved", "remaining", "resets"}}
			if u := k.Use; u != nil {
				note(cmd, "key %s: today %s; this month %s", k.Name, tallyWords(u.Day), tallyWords(u.Month))
			}
			for _, s := range k.Standing {
				t.add(s, s.Limit, s.Scope+" "+s.Name, number(s.Value), number(s.Used), number(s.Reserved), number(s.Remaining), s.Resets.Format(time.RFC3339))
			}
			return show(cmd, t)
		},
	}
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }

func tallyWords(t access.Tally) string {
	return fmt.Sprintf("%d requests, %d tokens, $%.6g", t.Requests, t.Tokens, t.Spent.USD())
}

// showUsage shows what keys or profiles have used.
func showUsage(cmd *cobra.Command, which string) error {
	s, done, err := door(cmd)
	if err != nil {
		return err
	}
	defer done()
	var typed struct {
		Keys, Profiles []struct {
			ID      string         `json:"id,omitempty"`
			Name    string         `json:"name"`
			Team    string         `json:"team,omitempty"`
			Profile string         `json:"profile,omitempty"`
			State   string         `json:"state,omitempty"`
			Limits  *access.Limits `json:"limits,omitempty"`
			Use     access.Use     `json:"use"`
		}
	}
	if err := s.call(cmd, "GET", "/admin/usage", nil, &typed); err != nil {
		return err
	}
	t := &table{columns: []string{"name", "requests today", "tokens today", "usd today", "requests this month", "tokens this month", "usd this month", "limits"}}
	list := typed.Profiles
	if which == "keys" {
		list = typed.Keys
	}
	for _, u := range list {
		d, m := u.Use.Day, u.Use.Month
		t.add(u, u.Name, fmt.Sprint(d.Requests), fmt.Sprint(d.Tokens), number(d.Spent.USD()), fmt.Sprint(m.Requests), fmt.Sprint(m.Tokens), number(m.Spent.USD()), limitWords(u.Limits))
	}
	return show(cmd, t)
}

func profileUsage() *cobra.Command {
	cmd := &cobra.Command{
		Use: "usage", Short: "Show what each profile's callers have used", Args: arguments(0, 0),
		Long:    "What the callers of each profile together have used today and this month (UTC), those that spent most first.",
		Example: "  routor profile usage\n  routor profile usage -o csv",
		RunE:    func(cmd *cobra.Command, _ []string) error { return showUsage(cmd, "profiles") },
	}
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func profileSet() *cobra.Command {
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Change a profile's limits", Args: arguments(1, 1),
		Long: `Publishes the profiles anew with the limits that are named changed, and all else as it is, comments included. All callers of the profile
share them.`,
		Example: "  routor profile set cheap --usd-per-day 20 --note 'trial'\n  routor profile set cheap --requests-per-minute none",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var live struct {
				Document *store.Version `json:"document"` // nil = none was ever published
				Source   string         `json:"source"`
			}
			if err := s.call(cmd, "GET", "/admin/documents/"+string(store.Profiles), nil, &live); err != nil {
				return err
			}
			profiles, err := access.ParseProfiles("profiles", []byte(live.Source))
			if err != nil {
				return err
			}
			var now *access.Limits
			if p := profiles[args[0]]; p != nil {
				now = p.Limits
			}
			limits, given, err := limitsOf(cmd, now)
			if err != nil {
				return err
			}
			if !given {
				return usage("%s: name a limit: write for instance --usd-per-day 5", cmd.CommandPath())
			}
			src, err := access.WithLimits([]byte(live.Source), args[0], limits)
			if err != nil {
				return err
			}
			change := publication(cmd)
			if _, on := change["version"]; !on && live.Document != nil {
				change["version"] = live.Document.Number
			}
			change["source"], change["name"] = string(src), "profiles"
			var answer published
			if err := s.call(cmd, "POST", "/admin/documents/"+string(store.Profiles), change, &answer); err != nil {
				return err
			}
			return answer.say(cmd, "profile "+args[0])
		},
	}
	addLimitFlags(cmd)
	addPublishFlags(cmd)
	return cmd
}
