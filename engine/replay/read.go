package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/bytedance/sonic"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
)

// longestLine is the longest line of a file of requests, in bytes.
const longestLine = 64 << 20

// Lines is a source of the lines of a file: whole records, as `routor decision export --full` writes them, or bodies of chat
// completions, or both. Empty lines are left out. read, if not nil, is told how many bytes have been read.
func Lines(r io.Reader, read func(bytes int)) Source {
	return func(ctx context.Context, each func(Item) error) error {
		in := bufio.NewReaderSize(r, 256<<10)
		for number := 1; ; number++ {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			line, err := oneLine(in)
			if read != nil {
				read(len(line))
			}
			if line := bytes.TrimSpace(line); len(line) > 0 {
				if err := each(Item{Line: line, Number: number}); err != nil {
					return err
				}
			}
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return fmt.Errorf("line %d: %w", number, err)
			}
		}
	}
}

// oneLine reads a line with memory of its own.
func oneLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if line = append(line, part...); len(line) > longestLine {
			return nil, fmt.Errorf("it is longer than %d MiB", longestLine>>20)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// recordLine is a record whose state of health is still bytes: it is the same in many lines, and is read once.
type recordLine struct {
	ledger.Record
	World worldLine `json:"world"`
}

type worldLine struct {
	ledger.World
	Health json.RawMessage `json:"health"`
}

// reader reads lines. It is for one goroutine.
type reader struct {
	raw    []byte // the last state of health
	health *ledger.Health
}

// read reads a record or a request. Exactly one of the two is not nil, unless the error is.
func (r *reader) read(line []byte) (*ledger.Record, *chat.Request, error) {
	if !bytes.HasPrefix(line, []byte(`{"id":"dec_`)) { // as an export begins its lines
		var probe struct {
			Messages json.RawMessage `json:"messages"`
			Request  *string         `json:"request_id"`
			Time     *string         `json:"time"`
		}
		if err := json.Unmarshal(line, &probe); err != nil {
			return nil, nil, fmt.Errorf("is no JSON object: %w", err)
		}
		switch {
		case probe.Messages != nil:
			request, err := chat.Read(line)
			if err != nil {
				return nil, nil, fmt.Errorf("is no chat completion: %w", err)
			}
			return nil, request, nil
		case probe.Request == nil || probe.Time == nil:
			return nil, nil, errors.New("is neither a record (routor decision export --full) nor a chat completion (messages)")
		}
	}
	var x recordLine
	if err := sonic.ConfigStd.Unmarshal(line, &x); err != nil {
		return nil, nil, fmt.Errorf("is no whole record: %w", err)
	}
	rec := &x.Record
	rec.World = x.World.World
	if raw := x.World.Health; len(raw) > 0 && !bytes.Equal(raw, []byte("null")) {
		if r.health == nil || !bytes.Equal(raw, r.raw) {
			r.health, r.raw = new(ledger.Health), append(r.raw[:0], raw...)
			if err := json.Unmarshal(raw, r.health); err != nil {
				r.health = nil
				return nil, nil, fmt.Errorf("is no whole record: world.health: %w", err)
			}
		}
		rec.World.Health = r.health
	}
	return rec, nil, nil
}
