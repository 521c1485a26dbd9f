package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func rolloutCommand() *cobra.Command {
	return noun("rollout", "Try a policy or a classifier on live traffic before it serves all",
		"draft, checked, shadow, canary, live: a shadow decides every request once more and says what would be different; a canary decides\n"+
			"for a share of keys or conversations, and is sent back when it fails or costs more than its bounds allow. The whole fleet tries the same.",
		rolloutStart(), rolloutShow(), rolloutPromote(), rolloutStop())
}

// rolloutState is what GET /admin/rollout says.
type rolloutState struct {
	Kind     string                 `json:"kind"`
	Stage    string                 `json:"stage"`
	Share    float64                `json:"share"`
	By       string                 `json:"by"`
	Bounds   map[string]string      `json:"bounds,omitempty"`
	Base     uint64                 `json:"base_version"`
	Live     uint64                 `json:"live_version"`
	Version  uint64                 `json:"version"`
	Author   string                 `json:"author"`
	Note     string                 `json:"note,omitempty"`
	Since    time.Time              `json:"since"`
	Why      string                 `json:"why,omitempty"`
	Module   string                 `json:"module,omitempty"`
	Problem  string                 `json:"problem,omitempty"`
	Judgment string                 `json:"judgment,omitempty"`
	Current  map[string]*rolloutArm `json:"current,omitempty"`
}

type rolloutArm struct {
	Requests   int64   `json:"requests"`
	Failed     int64   `json:"failed"`
	Errors     float64 `json:"errors"`
	Cost       float64 `json:"cost"`
	Moved      int64   `json:"moved"`
	Impossible int64   `json:"impossible"`
	Expected   *struct {
		Cost    struct{ Before, After float64 } `json:"cost"`
		Quality struct{ Before, After float64 } `json:"quality"`
	} `json:"expected,omitempty"`
}

func addRolloutFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("share", "", "of keys or conversations, such as 5% (default: all for a shadow, 5% for a canary)")
	f.String("by", "", "key or conversation: what is drawn (default: conversation)")
	f.String("max-cost", "", "send the canary back when a request costs that much more than the others', such as +5%")
	f.String("max-errors", "", "send it back when that many more of its requests fail, in percentage points, such as +1%")
	f.String("note", "", "why, for the history")
	f.String("author", "", "who, for the history (default: the user of this machine)")
	f.Uint64("on", 0, "version of the rollout that was looked at; if another is there by now nothing happens, and the exit code is 4")
	addServerFlags(cmd)
	addOutputFlag(cmd)
}

// rolloutBody is what the flags say.
func rolloutBody(cmd *cobra.Command) (map[string]any, error) {
	f := cmd.Flags()
	text := func(name string) string { s, _ := f.GetString(name); return s }
	body := map[string]any{"note": text("note"), "author": author(cmd)}
	if s := text("share"); s != "" {
		x, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
		if err != nil {
			return nil, usage("--share: %q is no share: write for instance 5%%", s)
		}
		if strings.HasSuffix(s, "%") {
			x /= 100
		}
		body["share"] = x
	}
	if s := text("by"); s != "" {
		body["by"] = s
	}
	bounds := map[string]string{}
	for name, flag := range map[string]string{"cost": "max-cost", "errors": "max-errors"} {
		if s := text(flag); s != "" {
			bounds[name] = s
		}
	}
	if len(bounds) > 0 {
		body["bounds"] = bounds
	}
	if f.Changed("on") {
		body["version"], _ = f.GetUint64("on")
	}
	return body, nil
}

func rolloutStart() *cobra.Command {
	cmd := &cobra.Command{
		Use: "start [FILE]", Short: "Begin to try a policy (.yaml) or a classifier (.wasm), or change how it is tried", Args: arguments(0, 1),
		Long: `Has the file checked together with everything else that serves, and tried from now on as a shadow or a canary, in place of what is tried
now. Without a file, what is tried now goes on at another stage, with another share or within other bounds.`,
		Example: "  routor rollout start next.yaml --stage shadow\n  routor rollout start next.yaml --stage canary --share 5% --by key --max-errors +1% --max-cost +5%\n  routor rollout start --share 20%",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := rolloutBody(cmd)
			if err != nil {
				return err
			}
			if stage, _ := cmd.Flags().GetString("stage"); stage != "" {
				body["stage"] = stage
			} else if len(args) == 1 {
				body["stage"] = "shadow"
			}
			var src []byte
			if len(args) == 1 {
				if src, err = os.ReadFile(args[0]); err != nil {
					return err
				}
			}
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var state rolloutState
			if len(args) == 1 && filepath.Ext(args[0]) == ".wasm" {
				q := url.Values{}
				for name, value := range body {
					if name != "bounds" {
						q.Set(name, fmt.Sprint(value))
					}
				}
				bounds, _ := body["bounds"].(map[string]string)
				for name, value := range bounds {
					q.Set("max_"+name, value)
				}
				err = s.send(cmd, "/admin/rollout?"+q.Encode(), "application/wasm", src, &state)
			} else {
				if len(args) == 1 {
					body["kind"], body["source"] = "policy", string(src)
				}
				err = s.call(cmd, "POST", "/admin/rollout", body, &state)
			}
			if err != nil {
				return err
			}
			return state.show(cmd)
		},
	}
	cmd.Flags().String("stage", "", "shadow or canary (default: shadow for a new file)")
	addRolloutFlags(cmd)
	return cmd
}

func rolloutShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show", Short: "Say what is tried, and how it fares", Args: arguments(0, 0),
		Long:    "Ends with 1 if what the state says should be tried is not, or is about to be sent back.",
		Example: "  routor rollout show\n  routor rollout show -o json | jq .current",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var state rolloutState
			if err := s.call(cmd, "GET", "/admin/rollout", nil, &state); err != nil {
				return err
			}
			return state.show(cmd)
		},
	}
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func rolloutPromote() *cobra.Command {
	cmd := &cobra.Command{
		Use: "promote", Short: "Take what is tried a stage further: a canary, then live for all", Args: arguments(0, 0),
		Long: `From shadow to a canary, from a canary live; --to live skips the canary. What goes live is published on the version that it was made to:
if that is no longer the live one the other change is shown, and nothing happens.`,
		Example: "  routor rollout promote --share 10% --max-errors +1%\n  routor rollout promote --to live --note 'cheaper, no worse'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := rolloutBody(cmd)
			if err != nil {
				return err
			}
			to, _ := cmd.Flags().GetString("to")
			body["to"] = to
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var answer json.RawMessage
			if err := s.call(cmd, "POST", "/admin/rollout/promote", body, &answer); err != nil {
				return err
			}
			var state rolloutState
			if err := json.Unmarshal(answer, &state); err != nil {
				return err
			}
			if state.Stage != "" {
				return state.show(cmd)
			}
			var live published
			if err := json.Unmarshal(answer, &live); err != nil {
				return err
			}
			return live.say(cmd, "what was tried")
		},
	}
	cmd.Flags().String("to", "", "canary or live (default: the next stage)")
	addRolloutFlags(cmd)
	return cmd
}

func rolloutStop() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stop", Short: "Stop trying; what serves goes on serving", Args: arguments(0, 0),
		Example: "  routor rollout stop --note 'too dear'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			why, _ := cmd.Flags().GetString("note")
			q := url.Values{"note": {why}, "author": {author(cmd)}}
			var state rolloutState
			if err := s.call(cmd, "DELETE", "/admin/rollout?"+q.Encode(), nil, &state); err != nil {
				return err
			}
			note(cmd, "nothing is tried any more")
			return nil
		},
	}
	cmd.Flags().String("note", "", "why, for the history")
	cmd.Flags().String("author", "", "who, for the history (default: the user of this machine)")
	addServerFlags(cmd)
	return cmd
}

// show prints the state: the arms as a table for people, all of it as JSON.
func (r *rolloutState) show(cmd *cobra.Command) error {
	if format, _ := cmd.Flags().GetString("output"); format == "json" || format == "" && !terminal(cmd.OutOrStdout()) {
		t := &table{one: true}
		t.add(r)
		if err := show(cmd, t); err != nil {
			return err
		}
	} else if err := r.table(cmd); err != nil {
		return err
	}
	switch {
	case r.Stage == "none" && r.Why != "":
		note(cmd, "nothing is tried: the last one ended on %s by %s: %s", r.Since.Format(time.DateTime), r.Author, r.Why)
	case r.Stage == "none":
		note(cmd, "nothing is tried")
	default:
		what := r.Kind
		if r.Module != "" {
			what += " " + r.Module
		}
		note(cmd, "%s: %s for %g %% by %s, since %s, by %s; made to version %d, version %d serves", r.Stage, what, 100*r.Share, r.By, r.Since.Format(time.DateTime), r.Author, r.Base, r.Live)
	}
	if why := r.Problem + r.Judgment; why != "" {
		note(cmd, "it is not tried, or will be sent back: %s", why)
		return saidFailed
	}
	return nil
}

func (r *rolloutState) table(cmd *cobra.Command) error {
	t := &table{columns: []string{"arm", "requests", "failed", "errors", "cost", "would move", "impossible", "expected cost", "expected quality"}}
	for _, name := range []string{"canary", "control", "shadow"} {
		a := r.Current[name]
		if a == nil {
			continue
		}
		cost, quality := "", ""
		if e := a.Expected; e != nil {
			cost = fmt.Sprintf("≈$%.6f → $%.6f", e.Cost.Before, e.Cost.After)
			quality = fmt.Sprintf("≈%.3f → %.3f", e.Quality.Before, e.Quality.After)
		}
		t.add(a, name, fmt.Sprint(a.Requests), fmt.Sprint(a.Failed), fmt.Sprintf("%.1f %%", 100*a.Errors), fmt.Sprintf("$%.6f", a.Cost),
			fmt.Sprint(a.Moved), fmt.Sprint(a.Impossible), cost, quality)
	}
	return show(cmd, t)
}
