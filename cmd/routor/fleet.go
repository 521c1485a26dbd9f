package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/store"
)

func fleetCommand() *cobra.Command {
	return noun("fleet", "The replicas that share a state", "A fleet: every replica points at the same NATS cluster (`routor serve --nats URL`), and none is special.", fleetStatus())
}

func fleetStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Say which replica serves which versions, and what it refused", Args: arguments(0, 0),
		Long:    "Ends with 1 if replicas differ or one has refused a version.",
		Example: "  routor fleet status --server http://127.0.0.1:8484\n  routor fleet status -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var answer struct {
				Replicas []store.Replica `json:"replicas"`
				State    struct {
					Where     string    `json:"where"`
					Reachable bool      `json:"reachable"`
					Copies    int       `json:"copies"`
					AwaySince time.Time `json:"away_since"`
				} `json:"state"`
			}
			if err := s.call(cmd, "GET", "/admin/fleet", nil, &answer); err != nil {
				return err
			}
			t := &table{columns: []string{"replica", "state", "program", "since"}}
			for _, kind := range store.Kinds {
				t.columns = append(t.columns, string(kind))
			}
			alike := true
			for _, r := range answer.Replicas {
				alike = addReplica(t, r, answer.Replicas[0]) && alike
			}
			if err := show(cmd, t); err != nil {
				return err
			}
			if !answer.State.Reachable {
				note(cmd, "the state is away since %s; what serves goes on serving", answer.State.AwaySince.Format(time.RFC3339))
			} else {
				note(cmd, "state: %s, kept on %d", answer.State.Where, answer.State.Copies)
			}
			if !alike {
				return saidFailed
			}
			return nil
		},
	}
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

// addReplica adds a line and says whether the replica serves what another does.
func addReplica(t *table, r, other store.Replica) (alike bool) {
	word, alike := "serving", true
	if r.Silent {
		word = "silent since " + r.Heard.Format(time.TimeOnly)
	}
	cells := []string{r.Name, word, r.Version, r.Started.Format(time.DateTime)}
	for _, kind := range store.Kinds {
		d, o := r.Documents[kind], other.Documents[kind]
		if d == nil {
			cells = append(cells, "")
			continue
		}
		cell := fmt.Sprint(d.Version)
		switch {
		case d.Version > 0:
		case kind == store.Rollout:
			cell = "none"
		default:
			cell = "built in"
		}
		if d.Refused > 0 {
			cell += fmt.Sprintf(", refused %d: %s", d.Refused, strings.SplitN(d.Why, "\n", 2)[0])
		}
		alike = alike && d.Refused == 0 && (r.Silent || o != nil && d.Version == o.Version)
		cells = append(cells, cell)
	}
	t.add(r, cells...)
	return alike
}
