package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
)

func decisionTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test [PROMPT]", Short: "Decide one request, send nothing, and show every candidate with its terms", Args: arguments(0, 1),
		Long: `Decides one request and shows every candidate with quality, cost and value, or why it fell out. The request is the prompt given, else
a chat-completions body on stdin. Without a server every provider of the catalog counts as connected and healthy.`,
		Example: `  routor decision test "Prove that there are infinitely many primes"
  routor decision test <request.json -o json
  routor decision test "hi" --server http://127.0.0.1:8484`,
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := requestBody(cmd, args)
			if err != nil {
				return err
			}
			src, err := decide(cmd, body)
			if err != nil {
				return err
			}
			return showDecision(cmd, src)
		},
	}
	cmd.Flags().String("key", "", "API key, where the server wants one; prefer ROUTOR_KEY")
	addServerFlags(cmd)
	addConfigFlags(cmd, "policy", "classifier", "catalog", "profiles", "balance")
	addOutputFlag(cmd)
	return cmd
}

func requestBody(cmd *cobra.Command, args []string) ([]byte, error) {
	if len(args) == 1 {
		return chat.Prompt{Text: args[0]}.AppendBody(nil), nil
	}
	if f, ok := cmd.InOrStdin().(*os.File); ok && terminal(f) {
		return nil, usage("%s: give a prompt, or a request on stdin", cmd.CommandPath())
	}
	body, err := io.ReadAll(cmd.InOrStdin())
	if err == nil && len(bytes.TrimSpace(body)) == 0 {
		err = usage("%s: give a prompt, or a request on stdin", cmd.CommandPath())
	}
	return body, err
}

// decide is the decision's JSON, by the server or by files.
func decide(cmd *cobra.Command, body []byte) ([]byte, error) {
	s, err := remote(cmd)
	if err != nil {
		return nil, err
	}
	if s != nil {
		if !json.Valid(body) {
			return nil, errors.New("the request is not JSON")
		}
		s.key, _ = cmd.Flags().GetString("key")
		var answer []byte
		err := s.call(cmd, "POST", "/v1/route", json.RawMessage(body), &answer)
		return answer, err
	}
	snapshot, done, err := offline(cmd)
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := chat.Read(body)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	d := engine.NewDecision()
	defer d.Release()
	if err := engine.Decide(snapshot, r, &engine.World{Now: time.Now()}, d); err != nil {
		return nil, err
	}
	return d.AppendJSON(nil), nil
}

func showDecision(cmd *cobra.Command, src []byte) error {
	type candidate struct {
		Model    string   `json:"model"`
		Provider string   `json:"provider"`
		Effort   string   `json:"effort"`
		Out      string   `json:"out"`
		Quality  *float64 `json:"quality"`
		Cost     *float64 `json:"cost"`
		Value    *float64 `json:"value"`
		Net      bool     `json:"safety_net"`
	}
	var d struct {
		Tier       string      `json:"tier"`
		Category   string      `json:"category"`
		Difficulty float64     `json:"difficulty"`
		Confidence float64     `json:"confidence"`
		Model      string      `json:"model"`
		Chain      []candidate `json:"chain"`
		Candidates []candidate `json:"candidates"`
	}
	if err := json.Unmarshal(src, &d); err != nil {
		return unreachable("the server does not answer as Routor does: %w", err)
	}
	figure := func(f *float64, format string) string {
		if f == nil {
			return ""
		}
		return fmt.Sprintf(format, *f)
	}
	t := &table{columns: []string{"rank", "model", "provider", "effort", "quality", "cost", "value", "why not"}, items: []any{json.RawMessage(src)}}
	row := func(rank string, c candidate) {
		why := c.Out
		if c.Net {
			why = "safety net"
		}
		t.rows = append(t.rows, []string{rank, c.Model, c.Provider, c.Effort, figure(c.Quality, "%.3f"), figure(c.Cost, "$%.6f"), figure(c.Value, "%.4f"), why})
	}
	for i, c := range d.Chain {
		row(fmt.Sprint(i+1), c)
	}
	for _, c := range d.Candidates {
		if c.Out != "" {
			row("", c)
		}
	}
	note(cmd, "%s %s, difficulty %.2f, confidence %.2f: %s", d.Tier, d.Category, d.Difficulty, d.Confidence, d.Model)
	if format, _ := cmd.Flags().GetString("output"); format == "json" || format == "" && !terminal(cmd.OutOrStdout()) {
		return writeJSON(cmd.OutOrStdout(), json.RawMessage(src), "  ")
	}
	return show(cmd, t)
}
