package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/ledger"
)

func decisionCommand() *cobra.Command {
	return noun("decision", "Which model a request gets, and why", `Decisions, explained. list, show, tail and export ask the ledger: of a running server (--server or ROUTOR_URL, and ROUTOR_ADMIN_KEY), or
of the data directory where none runs. test decides a request without sending it: on a server, or without one by the configuration's
files.`, decisionList(), decisionShow(), decisionTail(), decisionExport(), decisionTest())
}

// addFilterFlags adds what the ledger can be asked for.
func addFilterFlags(cmd *cobra.Command) {
	for _, p := range ledger.Parameters {
		name := flagOf(p[0])
		switch {
		case p[0] == "failed" || p[0] == "fallback":
			cmd.Flags().Bool(name, false, "only those: "+strings.TrimPrefix(p[1], "true = "))
		case p[0] == "since":
			cmd.Flags().String(name, "", p[1])
		default:
			cmd.Flags().String(name, "", "only those: "+p[1])
		}
	}
}

func flagOf(parameter string) string { return strings.ReplaceAll(parameter, "_", "-") }

// filterQuery is what the flags ask for.
func filterQuery(cmd *cobra.Command) url.Values {
	q := url.Values{}
	for _, p := range ledger.Parameters {
		if f := cmd.Flags().Lookup(flagOf(p[0])); f != nil && f.Changed {
			q.Set(p[0], f.Value.String())
		}
	}
	return q
}

func decisionList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List decisions, newest first", Args: arguments(0, 0),
		Example: `  routor decision list --since 24h --tier COMPLEX --limit 20
  routor decision list --failed --since 1h -o json --server http://127.0.0.1:8484
  routor decision list --provider openai --min-cost 0.05`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			t := decisionTable()
			left, _ := cmd.Flags().GetInt("limit")
			q := filterQuery(cmd)
			for left > 0 {
				q.Set("limit", strconv.Itoa(min(left, 1000)))
				var page struct {
					Decisions []json.RawMessage `json:"decisions"`
					Next      string            `json:"next"`
				}
				if err := s.call(cmd, "GET", "/admin/decisions?"+q.Encode(), nil, &page); err != nil {
					return err
				}
				for _, d := range page.Decisions {
					if err := addDecision(t, d); err != nil {
						return err
					}
				}
				if left -= len(page.Decisions); page.Next == "" {
					break
				}
				q.Set("cursor", page.Next)
			}
			return show(cmd, t)
		},
	}
	cmd.Flags().Int("limit", 50, "how many at most")
	addFilterFlags(cmd)
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func decisionShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show ID", Short: "Tell the story of one decision", Args: arguments(1, 1),
		Long: `Tells what became of a request and why: the request, its class, what fell out, what was scored, what was sent, what it cost. ID is the
decision's, or the X-Request-Id that came with the answer. -o json gives the whole record, with every candidate as long as what it was
decided by still serves.`,
		Example: "  routor decision show req_… --server http://127.0.0.1:8484\n  routor decision show dec_1c_2f -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var d json.RawMessage
			if err := s.call(cmd, "GET", "/admin/decisions/"+url.PathEscape(args[0]), nil, &d); err != nil {
				return err
			}
			if told, err := tellStory(cmd, d); told || err != nil {
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

// tellStory prints a decision for people, where that is the output; false = it is not, or there is no record of it.
func tellStory(cmd *cobra.Command, src []byte) (told bool, err error) {
	format, _ := cmd.Flags().GetString("output")
	if format != "table" && !(format == "" && terminal(cmd.OutOrStdout())) {
		return false, nil
	}
	var d struct {
		Record     *ledger.Record    `json:"record"`
		Decision   *ledger.Explained `json:"decision"`
		NoDecision string            `json:"no_decision"`
	}
	if err := json.Unmarshal(src, &d); err != nil {
		return false, unreachable("the server does not answer as Routor does: %w", err)
	}
	if d.Record == nil {
		return false, nil
	}
	if err := ledger.Story(cmd.OutOrStdout(), d.Record, d.Decision); err != nil {
		return false, err
	}
	if d.NoDecision != "" {
		note(cmd, "not every candidate is named: %s", d.NoDecision)
	}
	return true, nil
}

func decisionTable() *table {
	return &table{columns: []string{"time", "id", "request", "outcome", "tier", "category", "model", "ms", "cost", "key"}}
}

func addDecision(t *table, src json.RawMessage) error {
	var d struct {
		Time     string   `json:"time"`
		ID       string   `json:"id"`
		Request  string   `json:"request_id"`
		Tier     string   `json:"tier"`
		Category string   `json:"category"`
		Model    string   `json:"model"`
		Key      string   `json:"key"`
		KeyName  string   `json:"key_name"`
		Outcome  string   `json:"outcome"`
		MS       float64  `json:"ms"`
		Cost     *float64 `json:"cost_usd"`
	}
	if err := json.Unmarshal(src, &d); err != nil {
		return unreachable("the server does not answer as Routor does: %w", err)
	}
	if d.KeyName != "" {
		d.Key = d.KeyName
	}
	cost := ""
	if d.Cost != nil {
		cost = "$" + strconv.FormatFloat(*d.Cost, 'f', -1, 64)
	}
	t.add(src, d.Time, d.ID, d.Request, d.Outcome, d.Tier, d.Category, d.Model, fmt.Sprintf("%.1f", d.MS), cost, d.Key)
	return nil
}
