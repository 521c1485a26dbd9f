package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/nearest"
	"github.com/routor/routor/providers"
)

func providerCommand() *cobra.Command {
	return noun("provider", "Who serves the models, and whether we may call them", `Providers. With --server (or ROUTOR_URL) the commands ask that server how things stand; without, they read configuration and
environment, and check asks the providers themselves, which costs no tokens.`, providerList(), providerShow(), providerCheck())
}

// providerItem is how things stand with a provider.
type providerItem struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	State    string `json:"state"`
	Detail   string `json:"detail,omitempty"`
	Key      string `json:"key,omitempty"` // where it is from, and its last 4 characters
	BaseURL  string `json:"base_url,omitempty"`
	Models   int    `json:"models,omitempty"`
	Dialect  string `json:"dialect,omitempty"`
	Builtin  bool   `json:"builtin,omitempty"`
	Checked  string `json:"checked_at,omitempty"`
	KeyLast4 string `json:"key_last4,omitempty"`
}

func providerVerb(use, short, example string, args cobra.PositionalArgs, ask bool) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: args, Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			items, err := providerItems(cmd, ask)
			if err != nil {
				return err
			}
			t := &table{columns: []string{"provider", "state", "key", "models", "base url", "detail"}}
			if len(args) == 1 {
				i := slices.IndexFunc(items, func(p providerItem) bool { return p.ID == args[0] })
				if i < 0 {
					var ids []string
					for _, p := range items {
						ids = append(ids, p.ID)
					}
					return fmt.Errorf("there is no provider %q: %s", args[0], hintOr(nearest.Hint(args[0], ids), "`routor provider list` shows them"))
				}
				items, t.one = items[i:i+1], true
			}
			failed := false
			for _, p := range items {
				if ask && p.State == string(providers.NotConfigured) && len(args) == 0 {
					continue
				}
				failed = failed || !providers.State(p.State).Usable()
				t.add(p, p.ID, p.State, p.Key, fmt.Sprint(p.Models), p.BaseURL, p.Detail)
			}
			if err := show(cmd, t); err != nil {
				return err
			}
			if ask && len(t.items) == 0 {
				note(cmd, "no provider has a key: set for instance OPENAI_API_KEY, or see `routor provider list`")
			}
			if ask && failed {
				return saidFailed
			}
			return nil
		},
	}
	addServerFlags(cmd)
	addConfigFlags(cmd, "catalog", "proxy", "ca-file")
	addOutputFlag(cmd)
	return cmd
}

func providerList() *cobra.Command {
	return providerVerb("list", "List the providers and whether they have a key", "  routor provider list", arguments(0, 0), false)
}

func providerShow() *cobra.Command {
	return providerVerb("show PROVIDER", "Show one provider", "  routor provider show openai", arguments(1, 1), false)
}

func providerCheck() *cobra.Command {
	return providerVerb("check [PROVIDER]", "Ask the providers whether their keys work; costs no tokens", "  routor provider check\n  routor provider check mistral", arguments(0, 1), true)
}

func providerItems(cmd *cobra.Command, ask bool) ([]providerItem, error) {
	s, err := remote(cmd)
	if err != nil {
		return nil, err
	}
	if s != nil {
		return remoteProviders(cmd, s, ask)
	}
	c, err := settings(cmd)
	if err != nil {
		return nil, err
	}
	cat, err := catalogOf(c)
	if err != nil {
		return nil, err
	}
	made, missing, err := connectAll(c, cat)
	if err != nil {
		return nil, err
	}
	accounts := map[string]providers.Account{}
	if ask {
		accounts = askAll(cmd.Context(), made)
	}
	var items []providerItem
	for _, p := range cat.Providers {
		items = append(items, standingOf(cat, p, made, missing[p.ID], accounts))
	}
	return items, nil
}

// remoteProviders is how things stand with the server's providers.
func remoteProviders(cmd *cobra.Command, s *server, ask bool) ([]providerItem, error) {
	method, path := "GET", "/admin/providers"
	if ask {
		method, path = "POST", "/admin/providers/validate"
	}
	var list struct {
		Providers []providerItem `json:"providers"`
	}
	err := s.call(cmd, method, path, nil, &list)
	for i := range list.Providers {
		if p := &list.Providers[i]; p.KeyLast4 != "" && p.Key == "" {
			p.Key = "…" + p.KeyLast4
		}
	}
	return list.Providers, err
}

// askAll validates all connections at once.
func askAll(ctx context.Context, made map[string]connected) map[string]providers.Account {
	ctx, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	var mu sync.Mutex
	var all sync.WaitGroup
	accounts := map[string]providers.Account{}
	for id, c := range made {
		all.Go(func() {
			a := c.Validate(ctx)
			mu.Lock()
			accounts[id] = a
			mu.Unlock()
		})
	}
	all.Wait()
	return accounts
}

func standingOf(cat *catalog.Catalog, p *catalog.Provider, made map[string]connected, lack string, accounts map[string]providers.Account) providerItem {
	item := providerItem{ID: p.ID, Name: p.Name, State: string(providers.NotConfigured), Detail: lack, BaseURL: p.BaseURL, Dialect: p.Dialect, Builtin: p.Builtin}
	for _, d := range cat.Deployments {
		if d.Provider == p.ID && d.Model.Status == catalog.Active {
			item.Models++
		}
	}
	c, ok := made[p.ID]
	if !ok {
		if item.Detail == "" && len(p.KeyEnv) > 0 {
			item.Detail = "set " + p.KeyEnv[0]
		}
		return item
	}
	item.BaseURL, item.Dialect = c.BaseURL(), c.Provider().Dialect
	account, asked := accounts[p.ID]
	if !asked {
		account = c.Account()
	}
	item.State, item.Detail, item.KeyLast4 = string(account.State), account.Detail, account.KeyLast4
	if c.key != nil {
		item.Key = c.key.name
		if account.KeyLast4 != "" {
			item.Key += " …" + account.KeyLast4
		}
	}
	if !account.CheckedAt.IsZero() {
		item.Checked = account.CheckedAt.UTC().Format(time.RFC3339)
	}
	return item
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
