package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine"
)

// learnedAbility is a line of GET /admin/abilities.
type learnedAbility struct {
	engine.LearnedStanding
	Catalog float64  `json:"catalog"`
	Learned *float64 `json:"learned"`
}

func catalogLearned() *cobra.Command {
	cmd := &cobra.Command{
		Use: "learned [MODEL]", Short: "Show what feedback has taught of models, or forget it", Args: arguments(0, 1),
		Long: `Shows by model and category what the catalog expects, what votes and Routor's own observations have made of it for profiles with learn: true, and
how much counts. --forget begins anew, with one model or category or with all; the votes stay with their decisions.`,
		Example: "  routor catalog learned\n  routor catalog learned openai/gpt-5.5 --category coding --forget",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			q, method := url.Values{}, "GET"
			if len(args) == 1 {
				q.Set("model", args[0])
			}
			if c, _ := cmd.Flags().GetString("category"); c != "" {
				q.Set("category", c)
			}
			if forget, _ := cmd.Flags().GetBool("forget"); forget {
				method = "DELETE"
			}
			var answer struct {
				Version   string           `json:"version"`
				Profiles  []string         `json:"profiles"`
				Abilities []learnedAbility `json:"abilities"`
			}
			if err := s.call(cmd, method, "/admin/abilities?"+q.Encode(), nil, &answer); err != nil {
				return err
			}
			if len(answer.Profiles) == 0 {
				note(cmd, "no profile learns: write learn: true into one")
			}
			t := &table{columns: []string{"model", "category", "catalog", "learned", "shift", "votes", "voters", "counted", "prior", "answers", "wrong", "why"}}
			for _, a := range answer.Abilities {
				now := ""
				if a.Learned != nil {
					now = share(*a.Learned)
				}
				t.add(a, a.Model, a.Category, share(a.Catalog), now, fmt.Sprintf("%+.2f", a.Shift), fmt.Sprint(a.Votes), fmt.Sprint(a.Voters),
					fmt.Sprint(a.Counted), fmt.Sprint(a.Prior), fmt.Sprint(a.Answers), fmt.Sprint(a.Wrong), a.Why)
			}
			return show(cmd, t)
		},
	}
	cmd.Flags().String("category", "", "of this category alone")
	cmd.Flags().Bool("forget", false, "forget what came so far")
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}
