package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
)

func routeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "route [--policy FILE] <REQUESTS.jsonl",
		Short: "Decide requests without sending them: JSON lines in, JSON lines out",
		Long: `Reads one chat-completions request a line and writes one decision a line, the same JSON as POST /v1/route: the chain, every
candidate with the terms of its value or the reason it fell out, and what each rule did. A request that gets no model is answered
by a line {"error": …}, and the command ends with 1. It needs no server; every provider of the catalog counts as connected and healthy.`,
		Example: `  echo '{"model":"auto","messages":[{"role":"user","content":"hi"}]}' | routor route | jq .model
  routor route --policy next.yaml <requests.jsonl`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := offline(cmd)
			if err != nil {
				return err
			}
			defer done()
			return routeLines(cmd.InOrStdin(), cmd.OutOrStdout(), s)
		},
	}
	addConfigFlags(cmd, "policy", "classifier", "catalog", "profiles", "balance")
	return cmd
}

func routeLines(in io.Reader, out io.Writer, s *engine.Snapshot) error {
	w := bufio.NewWriter(out)
	defer w.Flush()
	d := engine.NewDecision()
	defer d.Release()
	var line []byte
	failed := 0
	err := eachLine(in, func(body []byte) error {
		r, err := chat.Read(body)
		if err == nil {
			err = engine.Decide(s, r, &engine.World{Now: time.Now()}, d)
			line = d.AppendJSON(line[:0])
			r.Release()
		}
		if err != nil {
			failed++
			return writeJSON(w, map[string]any{"error": refusalOf(err)}, "")
		}
		_, err = w.Write(append(line, '\n'))
		return err
	})
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d requests got no model", failed)
	}
	return err
}

// refusalOf is why a request got no model, as the API would say it.
func refusalOf(err error) any {
	type refusal struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Code    *string `json:"code"`
		Param   *string `json:"param"`
	}
	r := refusal{Message: err.Error(), Type: "invalid_request_error"}
	var e *engine.DecideError
	if errors.As(err, &e) {
		r.Code = &e.Code
		if e.Param != "" {
			r.Param = &e.Param
		}
	}
	var wrong *chat.Error
	if errors.As(err, &wrong) {
		r.Param = &wrong.Path
	}
	return r
}
