package main

import (
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/store"
)

func auditCommand() *cobra.Command {
	return noun("audit", "What was changed, by whom and why", "The audit log: every change of documents, keys and drafts, in the order in which they happened.", auditList())
}

func auditList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List what was changed, newest first", Args: arguments(0, 0),
		Example: "  routor audit list\n  routor audit list --what key --limit 200 -o csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			limit, _ := cmd.Flags().GetInt("limit")
			what, _ := cmd.Flags().GetString("what")
			var answer struct {
				Events []store.Event `json:"events"`
			}
			if err := s.call(cmd, "GET", fmt.Sprintf("/admin/audit?limit=%d&what=%s", limit, url.QueryEscape(what)), nil, &answer); err != nil {
				return err
			}
			t := &table{columns: []string{"time", "author", "action", "what", "name", "version", "note"}}
			for _, e := range answer.Events {
				number := ""
				if e.Version > 0 {
					number = fmt.Sprint(e.Version)
				}
				t.add(e, e.Time.Format(time.DateTime), e.Author, e.Action, e.What, e.Name, number, e.Note)
			}
			return show(cmd, t)
		},
	}
	cmd.Flags().Int("limit", 50, "how many")
	cmd.Flags().String("what", "", "only of one kind: policy, catalog, profiles, classifier, key")
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}
