package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

func labelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "label PROMPTS.jsonl --out LABELLED.jsonl",
		Short: "Label the prompts whose labels would help the classifier most",
		Long: `Reads prompts, {"id"?, "text", "system"?, "messages"?, "tools"?} a line, or what "routor decision export --full" has written, and picks
those that the classifier is least sure of and that are least like each other. Shows one after the other, with the classifier's
guess, and asks for category and tier, and with --head for a label of your own. Each answer is appended to the output at
once; what is in there already is not asked again, so you can stop (q) and go on another day. Train on it with "routor train".`,
		Example: `  routor label prompts.jsonl --out labelled.jsonl -n 50
  routor decision export --full >week.jsonl && routor label week.jsonl --out labelled.jsonl --head intent`,
		Args: arguments(1, 1),
		RunE: runLabel,
	}
	f := cmd.Flags()
	f.String("out", "labelled.jsonl", "file to append to")
	f.IntP("number", "n", 50, "how many to show at most")
	f.String("head", "", "ask for a label of this head of your own as well; it becomes a column")
	f.Bool("dry-run", false, "pick the prompts and print them, with what the classifier says, and ask nothing")
	_ = cmd.MarkFlagFilename("out", "jsonl")
	addConfigFlags(cmd, "classifier")
	return cmd
}

func runLabel(cmd *cobra.Command, args []string) error {
	c, err := settings(cmd)
	if err != nil {
		return err
	}
	module, err := moduleOf(cmd, string(c.Classifier), hostOptions(c, nil))
	if err != nil {
		return err
	}
	defer module.Close()
	out, _ := cmd.Flags().GetString("out")
	number, _ := cmd.Flags().GetInt("number")
	head, _ := cmd.Flags().GetString("head")
	if head == "category" || head == "tier" || head == "text" {
		return usage("--head %s: %s is a column already; choose another name", head, head)
	}
	done, err := labelledBefore(out)
	if err != nil {
		return err
	}
	var list []prompts.Chosen
	_, err = prompts.Open(args[0], func(r io.Reader) error {
		list, err = prompts.Unlabelled(r, module, engine.ClassifierInput, func(p *chat.Prompt) bool { return done[promptKey(p)] })
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	chosen := prompts.Choose(list, number)
	note(cmd, "%d prompts without a label, %d labelled before; here are the %d whose labels would help most", len(list), len(done), len(chosen))
	d := &dialogue{in: bufio.NewScanner(cmd.InOrStdin()), w: cmd.ErrOrStderr(), head: head}
	d.in.Buffer(nil, 1<<20)
	if dryRun(cmd) {
		d.w = cmd.OutOrStdout()
		for i := range chosen {
			d.show(i+1, len(chosen), &chosen[i])
		}
		return nil
	}
	file, err := os.OpenFile(out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the output: %w", err)
	}
	n, err := d.run(chosen, file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	note(cmd, "%d labelled, in %s; train on them: routor train %s --init default --out mine.wasm", n, out, out)
	return nil
}

// labelledBefore are the prompts that the output has already.
func labelledBefore(name string) (map[string]bool, error) {
	done := map[string]bool{}
	_, err := prompts.Open(name, func(r io.Reader) error {
		return prompts.Read(r, func(row *prompts.Row) error {
			done[promptKey(&row.Prompt)] = true
			return nil
		})
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return done, nil
}

func promptKey(p *chat.Prompt) string { return string(p.AppendBody(nil)) }

// dialogue asks for labels, one line an answer.
type dialogue struct {
	in    *bufio.Scanner
	w     io.Writer
	head  string
	known []string // labels of the head so far
}

var (
	errSkip = errors.New("skip")
	errQuit = errors.New("quit")
)

// labelled is what is written of a prompt.
type labelled struct {
	chat.Prompt
	Category string `json:"category"`
	Tier     string `json:"tier"`
	Source   string `json:"source"`
}

func (d *dialogue) run(chosen []prompts.Chosen, out io.Writer) (n int, err error) {
	for i := range chosen {
		c := &chosen[i]
		d.show(i+1, len(chosen), c)
		line, err := d.ask(c)
		switch {
		case errors.Is(err, errSkip):
			continue
		case errors.Is(err, errQuit):
			return n, nil
		case err != nil:
			return n, err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// show prints a prompt: its beginning and end, and what the classifier says.
func (d *dialogue) show(i, of int, c *prompts.Chosen) {
	const head, tail = 1200, 600
	text := printable(c.Text)
	if text == "" {
		text = printable(string(c.Messages))
	}
	if len(text) > head+tail+100 {
		text = strings.ToValidUTF8(text[:head], "") + fmt.Sprintf("\n[… %d bytes …]\n", len(text)-head-tail) + strings.ToValidUTF8(text[len(text)-tail:], "")
	}
	fmt.Fprintf(d.w, "\n%s\n", colour(d.w, "1", fmt.Sprintf("── %d of %d ──", i, of)))
	if c.System != "" {
		fmt.Fprintf(d.w, "system: %.300s\n", printable(c.System))
	}
	fmt.Fprintf(d.w, "%s\n\n", text)
	type guess struct {
		category label.Category
		p        float32
	}
	var guesses []guess
	for k, p := range c.Result.Category {
		guesses = append(guesses, guess{label.Category(k), p})
	}
	slices.SortStableFunc(guesses, func(a, b guess) int {
		switch {
		case a.p > b.p:
			return -1
		case a.p < b.p:
			return 1
		}
		return 0
	})
	fmt.Fprint(d.w, "guess:")
	for _, g := range guesses[:3] {
		fmt.Fprintf(d.w, " %s %.2f", g.category, g.p)
	}
	fmt.Fprintf(d.w, ", %s\n", train.TierOf(float64(c.Result.Difficulty)))
}

// printable keeps a prompt from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '·'
		}
		return r
	}, s)
}

func (d *dialogue) ask(c *prompts.Chosen) ([]byte, error) {
	category, err := d.choice("category", label.Categories[:], c.Result.Best().String())
	if err != nil {
		return nil, err
	}
	tier, err := d.choice("tier", label.Tiers[:], train.TierOf(float64(c.Result.Difficulty)).String())
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(labelled{c.Prompt, category, tier, "own"})
	if err != nil || d.head == "" {
		return line, err
	}
	own, err := d.own()
	if err != nil {
		return nil, err
	}
	name, _ := json.Marshal(d.head)
	value, _ := json.Marshal(own)
	return append(append(append(append(line[:len(line)-1], ','), name...), ':'), append(value, '}')...), nil
}

// choice asks until one of the names was given, by number or by how it begins; nothing means the guess.
func (d *dialogue) choice(what string, names []string, guess string) (string, error) {
	for {
		fmt.Fprintf(d.w, "%s [%s], ? for the list, s skips, q ends: ", what, guess)
		answer, err := d.line()
		if err != nil {
			return "", err
		}
		switch answer {
		case "":
			return guess, nil
		case "?":
			for i, n := range names {
				fmt.Fprintf(d.w, "  %2d %s\n", i+1, n)
			}
			continue
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(names) {
			return names[n-1], nil
		}
		var fits []string
		for _, n := range names {
			if strings.EqualFold(n, answer) {
				return n, nil
			}
			if len(answer) <= len(n) && strings.EqualFold(n[:len(answer)], answer) {
				fits = append(fits, n)
			}
		}
		if len(fits) == 1 {
			return fits[0], nil
		}
		fmt.Fprintf(d.w, "%q is none of: %s\n", answer, strings.Join(names, " "))
	}
}

// own asks for a label of the user's own head; new ones are taken as they are.
func (d *dialogue) own() (string, error) {
	for {
		fmt.Fprintf(d.w, "%s (so far: %s): ", d.head, strings.Join(d.known, ", "))
		answer, err := d.line()
		if err != nil {
			return "", err
		}
		if answer == "" || len(answer) > 128 {
			continue
		}
		if !slices.Contains(d.known, answer) {
			d.known = append(d.known, answer)
			slices.Sort(d.known)
		}
		return answer, nil
	}
}

func (d *dialogue) line() (string, error) {
	if !d.in.Scan() {
		if err := d.in.Err(); err != nil {
			return "", err
		}
		fmt.Fprintln(d.w)
		return "", errQuit
	}
	switch answer := strings.TrimSpace(d.in.Text()); answer {
	case "s":
		return "", errSkip
	case "q":
		return "", errQuit
	default:
		return answer, nil
	}
}
