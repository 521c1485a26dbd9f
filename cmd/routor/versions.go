package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/store"
)

// versionVerbs are the verbs about a kind of document that the state keeps.
func versionVerbs(kind store.Kind, word, file string) []*cobra.Command {
	return []*cobra.Command{publishVerb(kind, word, file), historyVerb(kind, word), rollbackVerb(kind, word), adoptVerb(kind, word)}
}

// author is who makes a change: --author, else the user of this machine.
func author(cmd *cobra.Command) string {
	if given, _ := cmd.Flags().GetString("author"); given != "" {
		return given
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "admin"
}

func addPublishFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("note", "", "why, for the history")
	f.String("author", "", "who, for the history (default: the user of this machine)")
	f.Uint64("on", 0, "version that the change was made to; if another is live by now nothing happens, and the exit code is 4")
	f.Bool("force", false, "although a file owns it: until the file changes")
	f.Bool("dry-run", false, "check only")
	addServerFlags(cmd)
}

// publication is the body of a call that changes a document.
func publication(cmd *cobra.Command) map[string]any {
	f := cmd.Flags()
	why, _ := f.GetString("note")
	force, _ := f.GetBool("force")
	change := map[string]any{"note": why, "author": author(cmd), "dry_run": dryRun(cmd), "force": force}
	if f.Changed("on") {
		change["version"], _ = f.GetUint64("on")
	}
	return change
}

// published is the answer to a change.
type published struct {
	Version  uint64        `json:"version"`
	Replicas []store.Taken `json:"replicas"`
}

func (p *published) say(cmd *cobra.Command, what string) error {
	if dryRun(cmd) {
		note(cmd, "%s checks; nothing was published", what)
		return nil
	}
	note(cmd, "%s is live as version %d", what, p.Version)
	failed := false
	for _, r := range p.Replicas {
		if r.State != "live" {
			failed = failed || r.State == "refused"
			note(cmd, "  replica %s: %s %s", r.Replica, r.State, r.Why)
		}
	}
	if failed {
		return saidFailed
	}
	return nil
}

func publishVerb(kind store.Kind, word, file string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "publish " + file, Short: "Check a file and make it the live " + string(kind), Args: arguments(1, 1),
		Long: `Has the file checked together with everything else that serves, and published as a new version if the version that it was made to
(--on) is still the live one; else the other change is shown, and nothing happens. What a file owns is that file's to change, unless
--force or after ` + "`adopt`" + `.`,
		Example: fmt.Sprintf("  routor %s publish next.%s --note 'why' --on 3\n  routor %[1]s publish next.%s --dry-run", word, extension(kind), extension(kind)),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			change := publication(cmd)
			var answer published
			if kind == store.Classifier {
				err = s.send(cmd, "/admin/documents/classifier?"+query(change), "application/wasm", src, &answer)
			} else {
				change["source"], change["name"] = string(src), args[0]
				err = s.call(cmd, "POST", "/admin/documents/"+string(kind), change, &answer)
			}
			if err != nil {
				return err
			}
			return answer.say(cmd, args[0])
		},
	}
	addPublishFlags(cmd)
	return cmd
}

func extension(kind store.Kind) string {
	if kind == store.Classifier {
		return "wasm"
	}
	return "yaml"
}

func query(change map[string]any) string {
	q := url.Values{}
	for name, value := range change {
		q.Set(name, fmt.Sprint(value))
	}
	return q.Encode()
}

func historyVerb(kind store.Kind, word string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "history", Short: "List the versions: who, when, why", Args: arguments(0, 0),
		Example: fmt.Sprintf("  routor %s history\n  routor %[1]s history --limit 500 -o csv", word),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			limit, _ := cmd.Flags().GetInt("limit")
			var answer struct {
				Versions []*store.Version `json:"versions"`
			}
			if err := s.call(cmd, "GET", fmt.Sprintf("/admin/history/%s?limit=%d", kind, limit), nil, &answer); err != nil {
				return err
			}
			t := &table{columns: []string{"version", "time", "author", "owner", "bytes", "note", "hash"}}
			for _, v := range answer.Versions {
				why := v.Note
				if v.Back > 0 {
					why = strings.TrimSpace(fmt.Sprintf("%s [content of version %d]", why, v.Back))
				}
				t.add(v, fmt.Sprint(v.Number), v.Time.Format(time.DateTime), v.Author, v.Owner, fmt.Sprint(v.Size), why, v.Hash[:min(12, len(v.Hash))])
			}
			return show(cmd, t)
		},
	}
	cmd.Flags().Int("limit", 50, "how many, newest first")
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func rollbackVerb(kind store.Kind, word string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "rollback VERSION", Short: "Publish the content of an older version as a new one", Args: arguments(1, 1),
		Example: fmt.Sprintf("  routor %s rollback 3 --note 'too dear'", word),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || to == 0 {
				return usage("%s: %q is no version: `routor %s history` lists them", cmd.CommandPath(), args[0], word)
			}
			change := publication(cmd)
			change["to"] = to
			return changeAt(cmd, "/admin/rollback/"+string(kind), change, fmt.Sprintf("the content of version %d", to))
		},
	}
	addPublishFlags(cmd)
	return cmd
}

func adoptVerb(kind store.Kind, word string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "adopt", Short: "Make the store the owner of what a file owned", Args: arguments(0, 0),
		Long:    "What serves stays as it is. From then on the file is not followed, and commands and pages may change the " + string(kind) + ".",
		Example: fmt.Sprintf("  routor %s adopt --note 'from now on in the UI'", word),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return changeAt(cmd, "/admin/adopt/"+string(kind), publication(cmd), "the "+string(kind)+" of the store")
		},
	}
	addPublishFlags(cmd)
	return cmd
}

func changeAt(cmd *cobra.Command, path string, change map[string]any, what string) error {
	s, done, err := door(cmd)
	if err != nil {
		return err
	}
	defer done()
	var answer published
	if err := s.call(cmd, "POST", path, change, &answer); err != nil {
		return err
	}
	return answer.say(cmd, what)
}

// versionSource is the content of a version of a document; 0 = of that which serves, "" if that is the built-in one.
func versionSource(cmd *cobra.Command, kind store.Kind, number uint64) ([]byte, error) {
	s, done, err := door(cmd)
	if err != nil {
		return nil, err
	}
	defer done()
	path := "/admin/documents/" + string(kind)
	if number > 0 {
		path += "?version=" + strconv.FormatUint(number, 10)
	}
	var answer struct {
		Source string `json:"source"`
	}
	err = s.call(cmd, "GET", path, nil, &answer)
	return []byte(answer.Source), err
}

// addVersionFlag adds --version to a verb that shows a document.
func addVersionFlag(cmd *cobra.Command) {
	cmd.Flags().Uint64("version", 0, "an older version of the document, as `history` lists them")
}

// showVersion writes a version of a document as its file, if the command line asks for one.
func showVersion(cmd *cobra.Command, kind store.Kind, always bool) (shown bool, err error) {
	number, _ := cmd.Flags().GetUint64("version")
	if number == 0 && !always {
		return false, nil
	}
	src, err := versionSource(cmd, kind, number)
	if err == nil {
		_, err = cmd.OutOrStdout().Write(src)
	}
	return true, err
}

func diffVerb(kind store.Kind, word string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "diff [FROM [TO]]", Short: "Show how versions or files differ", Args: arguments(0, 2),
		Long:    "FROM and TO are versions or files. With one file: the live " + string(kind) + " against it. With one version: that against the live one. With\nnone: what the last change changed.",
		Example: fmt.Sprintf("  routor %s diff\n  routor %[1]s diff 3 5\n  routor %[1]s diff next.yaml", word),
		RunE: func(cmd *cobra.Command, args []string) error {
			content := func(arg string) ([]byte, error) {
				if n, err := strconv.ParseUint(arg, 10, 64); err == nil {
					return versionSource(cmd, kind, n)
				}
				return os.ReadFile(arg)
			}
			if len(args) == 0 {
				return lastChange(cmd, kind)
			}
			from, to := args[0], "live"
			if len(args) == 2 {
				to = args[1]
			} else if _, err := strconv.ParseUint(from, 10, 64); err != nil {
				from, to = "live", from
			}
			var both [2][]byte
			for i, arg := range []string{from, to} {
				var err error
				if arg != "live" {
					both[i], err = content(arg)
				} else if kind == store.Policy {
					both[i], err = livePolicy(cmd)
				} else {
					both[i], err = versionSource(cmd, kind, 0)
				}
				if err != nil {
					return err
				}
			}
			showDiff(cmd.OutOrStdout(), from, to, store.Lines(lines(both[0]), lines(both[1])))
			return nil
		},
	}
	addServerFlags(cmd)
	addConfigFlags(cmd, string(kind))
	return cmd
}

// lastChange shows what the latest version changed.
func lastChange(cmd *cobra.Command, kind store.Kind) error {
	s, done, err := door(cmd)
	if err != nil {
		return err
	}
	defer done()
	var answer struct {
		From, To uint64
		Diff     string
	}
	if err := s.call(cmd, "GET", "/admin/diff/"+string(kind), nil, &answer); err != nil {
		return err
	}
	showDiff(cmd.OutOrStdout(), fmt.Sprintf("version %d", answer.From), fmt.Sprintf("version %d", answer.To), lines([]byte(answer.Diff)))
	return nil
}

func lines(src []byte) []string {
	if len(src) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(src), "\n"), "\n")
}

func showDiff(out io.Writer, from, to string, lines []string) {
	fmt.Fprintf(out, "--- %s\n+++ %s\n", from, to)
	for _, line := range lines {
		if line == "" {
			continue
		}
		if code := map[byte]string{'-': red, '+': green}[line[0]]; code != "" {
			line = colour(out, code, line)
		}
		fmt.Fprintln(out, line)
	}
}

// send posts bytes that are no JSON.
func (s *server) send(cmd *cobra.Command, path, media string, body []byte, result any) error {
	req, err := http.NewRequestWithContext(cmd.Context(), "POST", s.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	req.Header.Set("Content-Type", media)
	return s.do(req, result)
}
