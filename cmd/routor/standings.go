package main

import (
	"fmt"
	"strings"

	"github.com/routor/routor/providers"
)

// providerLines say of each provider that was validated whether it is usable, and if not why; and which of the catalog's
// models its own list does not name. The demo's need no such words.
func (s *service) providerLines(accounts map[string]providers.Account) (lines []string) {
	if s.fleet != nil {
		return nil
	}
	for _, id := range sortedKeys(accounts) {
		lines = append(lines, "provider "+id+": "+verdict(accounts[id], s.engine.MissingModels(id)))
	}
	return lines
}

// verdict is how things stand with a provider in one line.
func verdict(a providers.Account, missing []string) string {
	word := map[providers.State]string{
		providers.Unchecked: "not checked", providers.Healthy: "usable", providers.Degraded: "usable, with trouble", providers.Limited: "rate-limited",
		providers.OutOfCredit: "out of credit", providers.KeyRejected: "key rejected", providers.Down: "unreachable", providers.NotConfigured: "no key",
	}[a.State]
	if a.KeyLast4 != "" {
		word += " (key …" + a.KeyLast4 + ")"
	}
	if a.Detail != "" {
		word += ": " + a.Detail
	}
	if n := len(missing); n > 0 {
		more := ""
		if n > 5 {
			missing, more = missing[:5], fmt.Sprintf(" and %d more", n-5)
		}
		word += "; not in its list of models: " + strings.Join(missing, ", ") + more
	}
	return word
}
