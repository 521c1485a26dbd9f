// Package prompts reads labelled prompts: JSON lines of one's own, and the folder of routing data with its splits.
package prompts

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

// Row is one line: a prompt and whatever is known of it.
type Row struct {
	chat.Prompt
	Category *string  `json:"category"`
	Tier     *string  `json:"tier"`
	Domain   *string  `json:"domain"`
	Tokens   float64  `json:"completion_tokens"` // of an average model; 0 = unknown
	Weight   *float64 `json:"weight"`
	Split    string   `json:"split"` // train, dev, test
	Source   string   `json:"source"`
	Licence  string   `json:"licence"`
	Group    string   `json:"group"`
	// NonCommercial rows may be measured on, but nothing of them may be in weights that are passed on.
	NonCommercial bool   `json:"nc"`
	OutcomeID     string `json:"outcome_id"` // of the same prompt among the outcomes
	Benchmark     string `json:"benchmark"`  // of an outcome's prompt
	Lang          string `json:"lang"`       // ISO 639
	own           map[string]string
}

// Convert makes a classifier's input of a request; serving's own is engine.ClassifierInput.
type Convert func(*chat.Request, *classifiers.Input)

// maxLine is how long a line may be, in bytes.
const maxLine = 16 << 20

// Read calls each for every line of JSON lines, gzipped or not. An error names the line.
func Read(r io.Reader, each func(*Row) error) error {
	return lines(r, func(line []byte) error {
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		return each(&row)
	})
}

func lines(r io.Reader, each func(line []byte) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		in = bufio.NewReaderSize(unzipped, 1<<16)
	}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxLine)
	n := 0
	for scanner.Scan() {
		n++
		line := bytes.TrimSpace(scanner.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := each(line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	return nil
}

// Example makes an example of a row: the request that it stands for is read and converted as when serving.
func (r *Row) Example(as Convert) (train.Example, error) {
	e := train.Example{
		ID: r.ID, Split: r.Split, Source: r.Source, Group: r.Group, Licence: r.Licence, Tokens: r.Tokens, Weight: 1, Lang: r.Lang, Own: r.own,
	}
	if r.Weight != nil {
		if e.Weight = *r.Weight; e.Weight <= 0 || e.Weight > 1000 {
			return e, fmt.Errorf("prompt %q: weight is %v, must be over 0 and at most 1000", r.ID, e.Weight)
		}
	}
	var err error
	if e.Category, err = parse(r.ID, "category", r.Category, label.ParseCategory, label.Categories[:]); err != nil {
		return e, err
	}
	if e.Domain, err = parse(r.ID, "domain", r.Domain, label.ParseDomain, label.Domains[:]); err != nil {
		return e, err
	}
	if e.Tier, err = parse(r.ID, "tier", r.Tier, label.ParseTier, label.Tiers[:]); err != nil {
		return e, err
	}
	request, err := chat.Read(r.AppendBody(nil))
	if err != nil {
		return e, fmt.Errorf("prompt %q: %w", r.ID, err)
	}
	defer request.Release()
	as(request, &e.Input)
	in := &e.Input // outlives the request
	in.Text, in.System, in.Context = strings.Clone(in.Text), strings.Clone(in.System), strings.Clone(in.Context)
	return e, nil
}

func parse[T any](id, field string, s *string, read func(string) (T, bool), all []string) (*T, error) {
	if s == nil || *s == "" {
		return nil, nil
	}
	v, ok := read(*s)
	if !ok {
		return nil, fmt.Errorf("prompt %q: unknown %s %q; there are %s", id, field, *s, strings.Join(all, ", "))
	}
	return &v, nil
}

// Own are the heads of the user's own: head's name → column that holds its label, a string, number or boolean.
type Own map[string]string

// Examples reads a labelled file of one's own. Rows without a split are in "train".
func Examples(r io.Reader, as Convert, own Own) ([]train.Example, error) {
	var out []train.Example
	err := lines(r, func(line []byte) error {
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		if row.Text == "" && len(row.Messages) == 0 {
			return errors.New(`neither "text" nor "messages"`)
		}
		var err error
		if row.own, err = own.of(line); err != nil {
			return err
		}
		if row.Split == "" {
			row.Split = "train"
		}
		e, err := row.Example(as)
		if err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// of reads the labels of a line. A column that is missing, null or empty is no label.
func (o Own) of(line []byte) (map[string]string, error) {
	if len(o) == 0 {
		return nil, nil
	}
	var columns map[string]json.RawMessage
	if err := json.Unmarshal(line, &columns); err != nil {
		return nil, err
	}
	var out map[string]string
	for head, column := range o {
		value := bytes.TrimSpace(columns[column])
		if len(value) == 0 || string(value) == "null" || string(value) == `""` {
			continue
		}
		label := string(value)
		switch value[0] {
		case '"':
			if err := json.Unmarshal(value, &label); err != nil {
				return nil, err
			}
		case '{', '[':
			return nil, fmt.Errorf("column %q is %.40s, must be a label for head %q", column, value, head)
		}
		if len(label) > 128 {
			return nil, fmt.Errorf("column %q has a label of %d bytes, at most 128 are possible", column, len(label))
		}
		if out == nil {
			out = map[string]string{}
		}
		out[head] = label
	}
	return out, nil
}
