package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/replay"
)

func replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay [--policy DRAFT] [--classifier MODULE.wasm] [--catalog OVERLAY]", Short: "Decide recorded requests again under a draft: what moves, what it costs, what becomes impossible",
		Long: `Takes requests of the past and decides each of them twice, with the same code as live traffic: under what serves now, and under
the draft; at the time, by the seed and with the health that were recorded. Nothing is sent and nothing is changed.

The requests are those of the ledger of the server that is named (--server or ROUTOR_URL), else of the one that has the data
directory, else of the directory itself; or with --requests those of a file, or of stdin (-): whole records, as routor decision export
--full writes them, or bodies of chat completions, one a line. A file is decided here: before is then the live policy as well, or
--base, and every provider of the catalog counts as connected, or those of --providers.

With --fail-if the command ends with 1 where the condition holds: a figure (cost, quality, latency, impossible, moved, replayed), one of
> >= < <=, and a bound. cost, quality and latency are changes against before. What is unknown counts as failed.`,
		Example: `  routor replay --policy next.yaml --since 24h
  routor replay --policy next.yaml --fail-if 'cost > +5%' --fail-if 'quality < -0.5 points' --fail-if 'impossible > 0'
  routor replay --classifier mine.wasm --since 7d --health all-up -o json
  routor decision export --full --since 24h >day.jsonl; routor replay --policy next.yaml --requests day.jsonl --providers openai,anthropic`,
		Args: arguments(0, 0), RunE: runReplay,
	}
	f := cmd.Flags()
	f.String("policy", "", "the draft of the policy")
	f.String("classifier", "", "a classifier that has not been published, .wasm, or a version's number, or builtin; only requests whose text is kept are replayed")
	f.String("catalog", "", "an overlay of the catalog that has not been published")
	f.Float64("balance", 0, "the draft's balance, in place of its own: 0 cheapest … 1 best")
	f.String("requests", "", "a file of requests, - = stdin, in place of the ledger")
	f.String("base", "", "with --requests: the policy that counts as before, in place of the live one")
	f.StringSlice("providers", nil, "with --requests: the providers that count as connected, in place of all")
	f.String("since", "", "requests that arrived within that long: 15m, 24h, 7d (default 24h)")
	f.String("from", "", "requests that arrived at or after, RFC 3339")
	f.String("to", "", "requests that arrived before, RFC 3339")
	f.Int("limit", 0, "at most so many, the oldest; 0 = all")
	f.String("health", replay.Recorded, "recorded, or all-up: as if every provider had been well")
	f.Uint64("seed", 0, "shuffles who is drawn by split; default: as recorded")
	f.Bool("curve", false, "turn the draft's balance from end to end as well")
	f.StringArray("fail-if", nil, "end with 1 where this holds, for instance 'cost > +5%'; may be given several times")
	f.StringP("output", "o", "", "text (default) or json")
	for _, name := range []string{"policy", "catalog", "base"} {
		_ = cmd.MarkFlagFilename(name, "yaml", "yml")
	}
	_ = cmd.MarkFlagFilename("classifier", "wasm")
	_ = cmd.MarkFlagFilename("requests", "jsonl")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("health", cobra.FixedCompletions([]string{replay.Recorded, replay.AllUp}, cobra.ShellCompDirectiveNoFileComp))
	addServerFlags(cmd)
	return cmd
}

func runReplay(cmd *cobra.Command, _ []string) error {
	f := cmd.Flags()
	if !f.Changed("policy") && !f.Changed("classifier") && !f.Changed("catalog") && !f.Changed("balance") {
		return usage("routor replay: nothing is changed: say what the draft is, for instance --policy next.yaml")
	}
	format, _ := f.GetString("output")
	if format != "" && format != "text" && format != "json" {
		return usage("-o %s: it is text or json", format)
	}
	conditions, err := replayConditions(cmd)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	cmd.SetContext(ctx)
	var r *replay.Result
	if f.Changed("requests") {
		r, err = replayFile(cmd)
	} else {
		for _, name := range []string{"base", "providers"} {
			if f.Changed(name) {
				return usage("--%s: is for --requests: before is what serves", name)
			}
		}
		r, err = replayLedger(cmd)
	}
	if err != nil {
		return err
	}
	if format == "json" {
		err = writeJSON(cmd.OutOrStdout(), r, "  ")
	} else {
		err = replay.Text(cmd.OutOrStdout(), r)
	}
	if err != nil {
		return err
	}
	note(cmd, "\n%d requests in %.1f s", r.Asked, r.MS/1000)
	return failIf(cmd, conditions, r)
}

func replayConditions(cmd *cobra.Command) ([]replay.Condition, error) {
	sources, _ := cmd.Flags().GetStringArray("fail-if")
	var list []replay.Condition
	for _, source := range sources {
		c, err := replay.ParseCondition(source)
		if err != nil {
			return nil, usage("--fail-if %w", err)
		}
		list = append(list, c)
	}
	return list, nil
}

// failIf says which conditions hold, and fails where one does.
func failIf(cmd *cobra.Command, conditions []replay.Condition, r *replay.Result) error {
	failed := false
	for i := range conditions {
		c := &conditions[i]
		holds, value := c.Holds(r)
		word := "ok  "
		if holds {
			word, failed = "FAIL", true
		}
		note(cmd, "%s  %s: it is %s", word, c.Source, value)
	}
	if failed {
		return saidFailed
	}
	return nil
}

// replayLedger has the server replay its ledger, and waits.
func replayLedger(cmd *cobra.Command) (*replay.Result, error) {
	body, err := replayRequest(cmd)
	if err != nil {
		return nil, err
	}
	s, done, err := door(cmd)
	if err != nil {
		return nil, err
	}
	defer done()
	var begun struct{ ID string }
	if err := s.call(cmd, "POST", "/admin/replays", body, &begun); err != nil {
		return nil, err
	}
	path := "/admin/replays/" + url.PathEscape(begun.ID)
	var bar *progressbar.ProgressBar
	for {
		var job struct {
			State, Error string
			Done, Total  int
			Result       *replay.Result
		}
		if err := s.call(cmd, "GET", path, nil, &job); err != nil {
			if cmd.Context().Err() != nil {
				cancelReplay(cmd, s, path)
				return nil, errors.New("the replay was cancelled")
			}
			return nil, err
		}
		switch job.State {
		case "running":
		case "done":
			finish(bar)
			return job.Result, nil
		default:
			finish(bar)
			return nil, fmt.Errorf("the replay was %s%s", job.State, strings.TrimSuffix(": "+job.Error, ": "))
		}
		if bar == nil {
			bar = replayBar(cmd, job.Total)
		}
		if bar != nil {
			_ = bar.Set(min(job.Done, job.Total))
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-cmd.Context().Done():
		}
	}
}

func cancelReplay(cmd *cobra.Command, s *server, path string) {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	cmd.SetContext(ctx)
	_ = s.call(cmd, "DELETE", path, nil, nil)
}

func replayBar(cmd *cobra.Command, total int) *progressbar.ProgressBar {
	if total <= 0 || !terminal(cmd.ErrOrStderr()) {
		return nil
	}
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("deciding again"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

func finish(bar *progressbar.ProgressBar) {
	if bar != nil {
		_ = bar.Finish()
	}
}

// replayRequest is what the server is asked.
func replayRequest(cmd *cobra.Command) (map[string]any, error) {
	f := cmd.Flags()
	body := map[string]any{}
	for _, name := range []string{"policy", "catalog"} {
		if f.Changed(name) {
			src, err := flagFile(cmd, name)
			if err != nil {
				return nil, err
			}
			body[name] = string(src)
		}
	}
	if which, _ := f.GetString("classifier"); which == "builtin" {
		body["classifier"] = which
	} else if n, is := wholeNumber(which); is {
		body["classifier"] = n
	} else if f.Changed("classifier") {
		src, err := flagFile(cmd, "classifier")
		if err != nil {
			return nil, err
		}
		body["module"] = src
	}
	for _, name := range []string{"since", "from", "to", "health"} {
		if f.Changed(name) {
			body[name], _ = f.GetString(name)
		}
	}
	if f.Changed("limit") {
		body["limit"], _ = f.GetInt("limit")
	}
	if f.Changed("balance") {
		body["balance"], _ = f.GetFloat64("balance")
	}
	if f.Changed("seed") {
		body["seed"], _ = f.GetUint64("seed")
	}
	body["curve"], _ = f.GetBool("curve")
	return body, nil
}

func wholeNumber(s string) (n uint64, is bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	_, err := fmt.Sscan(s, &n)
	return n, err == nil
}

// flagFile is the content of the file that a flag names.
func flagFile(cmd *cobra.Command, name string) ([]byte, error) {
	file, _ := cmd.Flags().GetString(name)
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", name, err)
	}
	return src, nil
}

// replayFile decides a file of requests here.
func replayFile(cmd *cobra.Command) (*replay.Result, error) {
	f := cmd.Flags()
	for _, name := range []string{"since", "from", "to", "limit"} {
		if f.Changed(name) {
			return nil, usage("--%s: is for the ledger; with --requests all that the file holds is replayed", name)
		}
	}
	before, done, err := replayBase(cmd)
	if err != nil {
		return nil, err
	}
	defer done()
	after, closed, err := replayDraft(cmd, before)
	if err != nil {
		return nil, err
	}
	defer closed()
	o := replay.Options{Before: before, After: after, Reclassify: before.Classifier != after.Classifier, Now: time.Now()}
	o.Health, _ = f.GetString("health")
	o.Curve, _ = f.GetBool("curve")
	if f.Changed("seed") {
		seed, _ := f.GetUint64("seed")
		o.Seed = &seed
	}
	name, _ := f.GetString("requests")
	in, size := cmd.InOrStdin(), -1
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--requests: %w", err)
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			size = int(info.Size())
		}
		in = file
	}
	return replayLines(cmd, o, in, size)
}

func replayLines(cmd *cobra.Command, o replay.Options, in io.Reader, size int) (*replay.Result, error) {
	bar := replayBar(cmd, size) // by bytes: nobody knows how many lines there are
	read := func(int) {}
	if bar != nil {
		read = func(n int) { _ = bar.Add(n) }
	}
	r, err := replay.Run(cmd.Context(), o, replay.Lines(in, read))
	finish(bar)
	if err != nil {
		name, _ := cmd.Flags().GetString("requests")
		return nil, fmt.Errorf("--requests %s: %w", name, err)
	}
	return r, nil
}

// replayBase is the snapshot that counts as before: the configuration's, with the live policy or that of --base.
func replayBase(cmd *cobra.Command) (*engine.Snapshot, func(), error) {
	f := cmd.Flags()
	c, err := settings(cmd)
	if err != nil {
		return nil, nil, err
	}
	var src []byte
	if f.Changed("base") {
		base, _ := f.GetString("base")
		c.Policy = config.Path(base)
	} else if src, err = livePolicy(cmd); err != nil {
		return nil, nil, err
	}
	a, err := assemble(cmd.Context(), c, nil, nil)
	if err != nil {
		a.close()
		return nil, nil, err
	}
	if src != nil {
		if a.parts.Policy, err = parsePolicy(c, "policy.yaml", src, scopeOf(a.parts.Catalog, a.parts.Profiles, a.parts.Heads)); err != nil {
			a.close()
			return nil, nil, fmt.Errorf("the live policy: %w", err)
		}
	}
	var connected func(string) bool
	if names, _ := f.GetStringSlice("providers"); len(names) > 0 {
		for _, name := range names {
			if a.parts.Catalog.Provider(name) == nil {
				a.close()
				return nil, nil, usage("--providers: there is no provider %q in the catalog", name)
			}
		}
		connected = func(p string) bool { return slices.Contains(names, p) }
	}
	s, err := a.snapshot(connected)
	if err != nil {
		a.close()
		return nil, nil, err
	}
	return s, a.close, nil
}

// replayDraft is the snapshot with the draft in it.
func replayDraft(cmd *cobra.Command, before *engine.Snapshot) (*engine.Snapshot, func(), error) {
	f := cmd.Flags()
	var d engine.Draft
	var err error
	done := func() {}
	if f.Changed("policy") {
		d.File, _ = f.GetString("policy")
		if d.Policy, err = flagFile(cmd, "policy"); err != nil {
			return nil, nil, err
		}
	}
	if f.Changed("balance") {
		balance, _ := f.GetFloat64("balance")
		if !(balance >= 0 && balance <= 1) {
			return nil, nil, usage("--balance %v: is not from 0 to 1", balance)
		}
		d.Balance = &balance
	}
	if f.Changed("catalog") {
		src, err := flagFile(cmd, "catalog")
		if err != nil {
			return nil, nil, err
		}
		file, _ := f.GetString("catalog")
		if d.Catalog, err = before.Catalog.Overlay(file, src); err != nil {
			return nil, nil, err
		}
	}
	if f.Changed("classifier") {
		if d.Classifier, done, err = replayClassifier(cmd); err != nil {
			return nil, nil, err
		}
	}
	s, err := before.With(d)
	if err != nil {
		done()
		return nil, nil, err
	}
	return s, done, nil
}

func replayClassifier(cmd *cobra.Command) (*classifiers.Classifier, func(), error) {
	c, err := settings(cmd)
	if err != nil {
		return nil, nil, err
	}
	file, _ := cmd.Flags().GetString("classifier")
	if _, is := wholeNumber(file); is {
		return nil, nil, usage("--classifier %s: versions are the server's; with --requests name a file, or builtin", file)
	}
	options := hostOptions(c, nil)
	behind, err := loadBuiltin(cmd.Context(), options)
	if err != nil {
		return nil, nil, err
	}
	c.Classifier = config.Path(file)
	if file == "builtin" {
		c.Classifier = ""
	}
	made, err := classifierOf(cmd.Context(), c, behind, options)
	if err != nil {
		behind.Close()
		return nil, nil, err
	}
	return made, func() { made.Close(); behind.Close() }, nil
}
