package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
)

func classifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "classify [--classifier FILE.wasm] <PROMPTS.jsonl",
		Short: "Classify prompts: JSON lines in, JSON lines out",
		Long: `Reads one prompt a line, {"id", "text", "system"?, "messages"?, "tools"?}, and writes one answer a line,
{"id", "category", "probs", "difficulty", "tier", "confidence", "completion_tokens"}. It needs no server: it runs the classifier of
the configuration, or the one given, as the server would: where it breaks, the built-in one answers. The tier is what the policy's thresholds make of the difficulty.`,
		Example: `  echo '{"id":"1","text":"Prove that there are infinitely many primes"}' | routor classify
  routor classify --classifier mine.wasm <prompts.jsonl >answers.jsonl`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			tierOf, err := tiers(c)
			if err != nil {
				return err
			}
			behind, err := loadBuiltin(cmd.Context(), hostOptions(c, nil))
			if err != nil {
				return err
			}
			defer behind.Close()
			classifier, err := classifierOf(cmd.Context(), c, behind, hostOptions(c, nil))
			if err != nil {
				return err
			}
			defer classifier.Close()
			fallbacks, err := classifyLines(cmd.InOrStdin(), cmd.OutOrStdout(), classifier, tierOf)
			if fallbacks > 0 {
				note(cmd, "%d prompts were answered by the built-in classifier; \"fallback\" says why", fallbacks)
			}
			return err
		},
	}
	addConfigFlags(cmd, "classifier", "policy")
	return cmd
}

// tiers is how the configuration's policy makes a tier of a difficulty.
func tiers(c *config.Config) (func(float64) label.Tier, error) {
	name, src, err := policySource(c.Policy)
	if err != nil {
		return nil, err
	}
	policy, err := policies.Parse(name, src, policies.Scope{Catalog: catalog.Builtin()})
	if err != nil {
		return nil, err
	}
	return policy.TierOf, nil
}

// classification is one line of the answer.
type classification struct {
	ID         string             `json:"id"`
	Category   string             `json:"category"`
	Probs      map[string]float32 `json:"probs"`
	Domain     string             `json:"domain"`
	Difficulty float32            `json:"difficulty"`
	Tier       label.Tier         `json:"tier"`
	Confidence float32            `json:"confidence"`
	Completion *int               `json:"completion_tokens"` // null = the module does not say
	Labels     map[string]string  `json:"labels,omitempty"`
	Fallback   string             `json:"fallback,omitempty"` // why the built-in classifier answered in place of the one given
}

func classifyLines(in io.Reader, out io.Writer, classifier *classifiers.Classifier, tierOf func(float64) label.Tier) (fallbacks int, err error) {
	w := bufio.NewWriter(out)
	defer w.Flush()
	var body []byte
	var input classifiers.Input
	var result classifiers.Result
	err = eachLine(in, func(line []byte) error {
		var p chat.Prompt
		if err := json.Unmarshal(line, &p); err != nil {
			return err
		}
		body = p.AppendBody(body[:0])
		r, err := chat.Read(body)
		if err != nil {
			return err
		}
		defer r.Release()
		engine.ClassifierInput(r, &input)
		classifier.Classify(&input, &result)
		if result.Fallback != "" {
			fallbacks++
		}
		return writeJSON(w, answerOf(p.ID, &result, tierOf), "")
	})
	return fallbacks, err
}

func answerOf(id string, r *classifiers.Result, tierOf func(float64) label.Tier) classification {
	a := classification{
		ID: id, Category: r.Best().String(), Probs: map[string]float32{}, Domain: r.BestDomain().String(),
		Difficulty: r.Difficulty, Tier: tierOf(float64(r.Difficulty)), Confidence: r.Confidence, Fallback: r.Fallback,
	}
	for i, p := range r.Category {
		a.Probs[label.Categories[i]] = p
	}
	if tokens := float64(r.CompletionTokens); !math.IsNaN(tokens) {
		a.Completion = new(int(math.Round(tokens)))
	}
	for _, h := range r.Heads {
		best := 0
		for i, p := range h.P {
			if p > h.P[best] {
				best = i
			}
		}
		if a.Labels == nil {
			a.Labels = map[string]string{}
		}
		if len(h.P) > 0 {
			a.Labels[h.Name] = h.Labels[best]
		}
	}
	return a
}

// eachLine calls f for every line that is not empty; its errors name the line.
func eachLine(in io.Reader, f func(line []byte) error) error {
	r := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := f(line); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", n, err)
		}
	}
}
