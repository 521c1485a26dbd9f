package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

// stream sends a GET to the admin API and gives the answer as it comes, however long that takes.
func (s *server) stream(cmd *cobra.Command, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(cmd.Context(), "GET", s.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	client := s.client
	client.Timeout = 0
	res, err := client.Do(req)
	if err != nil {
		return nil, unreachable("no server answers at %s: %w", s.base, err)
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		answer, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		return nil, s.refused(res.StatusCode, answer)
	}
	return res, nil
}

func decisionExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Write all decisions that match, oldest first, as JSON lines or CSV", Args: arguments(0, 0),
		Example: `  routor decision export --since 24h --to-file day.csv -o csv
  routor decision export --full --since 7d >week.jsonl`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, _ := cmd.Flags().GetString("output")
			switch format {
			case "", "jsonl", "csv":
			default:
				return usage("-o %s: an export is jsonl or csv", format)
			}
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			q := filterQuery(cmd)
			q.Set("format", format)
			if full, _ := cmd.Flags().GetBool("full"); full {
				q.Set("full", "true")
			}
			res, err := s.stream(cmd, "/admin/decisions/export?"+q.Encode())
			if err != nil {
				return err
			}
			defer res.Body.Close()
			total, err := strconv.Atoi(res.Header.Get("X-Routor-Records"))
			if err != nil {
				total = -1 // nobody knows before it is over
			}
			return writeExport(cmd, res.Body, total, format == "csv")
		},
	}
	cmd.Flags().Bool("full", false, "whole records, as `routor replay` reads them (jsonl only)")
	cmd.Flags().String("to-file", "", "write to this file, which must not exist, rather than to stdout")
	cmd.Flags().StringP("output", "o", "", "jsonl (default) or csv")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"jsonl", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	addFilterFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

// writeExport copies an export and shows how far it is. What was written of one that broke off stays, and is said to be a part.
func writeExport(cmd *cobra.Command, from io.Reader, total int, head bool) (err error) {
	to := cmd.OutOrStdout()
	if name, _ := cmd.Flags().GetString("to-file"); name != "" {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("--to-file: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		to = f
	}
	var bar *progressbar.ProgressBar
	if terminal(cmd.ErrOrStderr()) && !terminal(to) {
		bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("records"),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100e6), progressbar.OptionClearOnFinish())
	}
	in, out := bufio.NewReaderSize(from, 256<<10), bufio.NewWriterSize(to, 256<<10)
	n := 0
	for {
		line, err := in.ReadSlice('\n')
		if _, e := out.Write(line); e != nil {
			return fmt.Errorf("write the export: %w", e)
		}
		switch {
		case err == nil:
			n++
			if bar != nil && n%256 == 0 {
				_ = bar.Add(256)
			}
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case !errors.Is(err, io.EOF):
			return errors.Join(out.Flush(), unreachable("the export broke off after %d lines: %w", n, err))
		}
		break
	}
	if bar != nil {
		_ = bar.Finish()
	}
	if head && n > 0 {
		n--
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	note(cmd, "%d records", n)
	return nil
}
