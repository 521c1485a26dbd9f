package main

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
)

func decisionCommand() *cobra.Command {
	return noun("decision", "Which model a request gets, and why", `Decisions, explained. list and show ask a running server (--server or ROUTOR_URL, and ROUTOR_ADMIN_KEY) for the latest. test decides
a request without sending it: on that server, or without one by the configuration's files.`, decisionList(), decisionShow(), decisionTest())
}

func decisionList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the latest decisions of a server", Args: arguments(0, 0),
		Example: "  routor decision list --server http://127.0.0.1:8484 --limit 20",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := needRemote(cmd)
			if err != nil {
				return err
			}
			limit, _ := cmd.Flags().GetInt("limit")
			var list struct {
				Decisions []json.RawMessage `json:"decisions"`
			}
			if err := s.call(cmd, "GET", fmt.Sprintf("/admin/decisions?limit=%d", limit), nil, &list); err != nil {
				return err
			}
			t := decisionTable()
			for _, d := range list.Decisions {
				if err := addDecision(t, d); err != nil {
					return err
				}
			}
			return show(cmd, t)
		},
	}
	cmd.Flags().Int("limit", 50, "how many")
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func decisionShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show REQUEST-ID", Short: "Show one of a server's latest decisions, with every candidate that was kept", Args: arguments(1, 1),
		Example: "  routor decision show req_… --server http://127.0.0.1:8484 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := needRemote(cmd)
			if err != nil {
				return err
			}
			var d json.RawMessage
			if err := s.call(cmd, "GET", "/admin/decisions/"+url.PathEscape(args[0]), nil, &d); err != nil {
				return err
			}
			t := decisionTable()
			t.one = true
			if err := addDecision(t, d); err != nil {
				return err
			}
			return show(cmd, t)
		},
	}
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func decisionTable() *table {
	return &table{columns: []string{"time", "id", "tier", "category", "model", "profile", "outcome"}}
}

func addDecision(t *table, src json.RawMessage) error {
	var d struct {
		Time     string `json:"time"`
		ID       string `json:"id"`
		Tier     string `json:"tier"`
		Category string `json:"category"`
		Model    string `json:"model"`
		Profile  string `json:"profile"`
		Outcome  string `json:"outcome"`
	}
	if err := json.Unmarshal(src, &d); err != nil {
		return unreachable("the server does not answer as Routor does: %w", err)
	}
	t.add(src, d.Time, d.ID, d.Tier, d.Category, d.Model, d.Profile, d.Outcome)
	return nil
}
