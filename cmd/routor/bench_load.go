package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/bench"
	"github.com/routor/routor/bench/load"
)

func benchCompare() *cobra.Command {
	cmd := &cobra.Command{
		Use: "compare", Short: "Measure Routor beside a bare proxy, the upstream itself and other gateways", Args: arguments(0, 0),
		Long: `Starts an upstream that answers at once, a proxy that does nothing else, and Routor with classification, rules and records on, each in a
process of its own, and asks them in turn, round after round: throughput of short and longer prompts and of streams at 32 connections, and
latency at 1,000 requests a second. Other gateways join with --peers, a YAML list of name, url, headers, model and pid; point them at
an upstream of their own (routor bench upstream).`,
		Example: `  routor bench compare
  routor bench compare --rounds 5 --duration 10s --html compare.html
  routor bench compare --peers peers.yaml --upstream-delay 20ms -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags := cmd.Flags()
			duration, _ := flags.GetDuration("duration")
			delay, _ := flags.GetDuration("upstream-delay")
			chunk, _ := flags.GetDuration("chunk-delay")
			peers, err := peersOf(cmd)
			if err != nil {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			stand, err := bench.NewStand(ctx, program, bench.Pace{Delay: delay, Chunk: chunk})
			if err != nil {
				return err
			}
			defer stand.Close()
			cases := bench.StandardCases(duration)
			if prompts, err := promptsCase(cmd, duration); err != nil {
				return err
			} else if prompts != nil {
				cases = append(cases, *prompts)
			}
			rounds, _ := flags.GetInt("rounds")
			report, err := load.Compare(ctx, append(stand.Targets, peers...), cases, rounds, func(c, target string, round int, r *load.Result) {
				note(cmd, "%-30s round %d  %-12s %8.0f/s  p50 %6.0f µs  p99 %7.0f µs  errors %d", c, round+1, target, r.PerSec, r.P50, r.P99, r.Errors)
			})
			if err != nil {
				return err
			}
			return showLoad(cmd, report)
		},
	}
	loadFlags(cmd)
	cmd.Flags().Duration("upstream-delay", 0, "how long the upstream takes before it answers")
	cmd.Flags().Duration("chunk-delay", 0, "how long it takes before each event of a stream")
	cmd.Flags().String("peers", "", "YAML file of other gateways to measure in the same rounds")
	return cmd
}

func benchLoad() *cobra.Command {
	cmd := &cobra.Command{
		Use: "load URL", Short: "Put load on one gateway: open or closed loop, plain or streams", Args: arguments(1, 1),
		Long: `Asks one OpenAI-compatible endpoint. With --rate that many requests arrive a second and latency counts from when each was due; without
it each connection asks again as soon as it is answered.`,
		Example: `  routor bench load http://127.0.0.1:8484/v1/chat/completions --connections 32
  routor bench load http://127.0.0.1:8484/v1/chat/completions --rate 1000 --stream --header "Authorization: Bearer $KEY"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags := cmd.Flags()
			duration, _ := flags.GetDuration("duration")
			connections, _ := flags.GetInt("connections")
			rate, _ := flags.GetFloat64("rate")
			stream, _ := flags.GetBool("stream")
			size, _ := flags.GetInt("size")
			t := load.Target{Name: args[0], URL: args[0], Headers: map[string]string{}}
			t.Model, _ = flags.GetString("model")
			t.PID, _ = flags.GetInt("pid")
			headers, _ := flags.GetStringArray("header")
			for _, h := range headers {
				name, value, ok := strings.Cut(h, ":")
				if !ok {
					return usage("--header %q: write NAME: VALUE", h)
				}
				t.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
			}
			one := load.Case{Name: "load", Workload: load.Sized("load", size, stream), Plan: load.Plan{Connections: connections, Rate: rate, Duration: duration, WarmUp: duration / 4}}
			if c, err := promptsCase(cmd, duration); err != nil {
				return err
			} else if c != nil {
				one.Workload = c.Workload
				one.Workload.Stream = stream
			}
			rounds, _ := flags.GetInt("rounds")
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			report, err := load.Compare(ctx, []load.Target{t}, []load.Case{one}, rounds, nil)
			if err != nil {
				return err
			}
			return showLoad(cmd, report)
		},
	}
	loadFlags(cmd)
	cmd.Flags().Int("connections", 32, "connections at the same time")
	cmd.Flags().Float64("rate", 0, "requests that arrive a second; 0 = as fast as they are answered")
	cmd.Flags().Bool("stream", false, "ask for streams")
	cmd.Flags().Int("size", 150, "bytes of a request")
	cmd.Flags().String("model", "auto", "model to ask for")
	cmd.Flags().Int("pid", 0, "the gateway's process, for its processor time and memory")
	cmd.Flags().StringArray("header", nil, "header to send, NAME: VALUE")
	return cmd
}

func loadFlags(cmd *cobra.Command) {
	cmd.Flags().Duration("duration", 3*time.Second, "of one measurement; it is warmed up for a quarter of that")
	cmd.Flags().Int("rounds", 3, "how often each is measured")
	cmd.Flags().String("prompts", "", "JSON lines of prompts to ask in turn, as classify takes them")
	cmd.Flags().String("html", "", "write the report with its plots to this file as well")
	addOutputFlag(cmd)
}

func peersOf(cmd *cobra.Command) ([]load.Target, error) {
	file, _ := cmd.Flags().GetString("peers")
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	defer f.Close()
	return load.Peers(f)
}

// promptsCase is a case of the prompts of a file; nil = none is named.
func promptsCase(cmd *cobra.Command, d time.Duration) (*load.Case, error) {
	file, _ := cmd.Flags().GetString("prompts")
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("prompts: %w", err)
	}
	defer f.Close()
	w, err := load.Mixed("prompts", f, false)
	if err != nil {
		return nil, err
	}
	return &load.Case{Name: fmt.Sprintf("plain, %d prompts of a file", len(w.Texts)), Workload: w, Plan: load.Plan{Connections: 32, Duration: d, WarmUp: d / 4}}, nil
}

func showLoad(cmd *cobra.Command, r *load.Report) error {
	r.Version = version
	r.Machine = fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if file, _ := cmd.Flags().GetString("html"); file != "" {
		if err := os.WriteFile(file, []byte(r.HTML()), 0o644); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		note(cmd, "wrote %s", file)
	}
	switch format, _ := cmd.Flags().GetString("output"); format {
	case "json", "jsonl":
		e := json.NewEncoder(cmd.OutOrStdout())
		if format == "json" {
			e.SetIndent("", "  ")
		}
		return e.Encode(r)
	case "csv":
		return show(cmd, loadTable(r))
	}
	fmt.Fprint(cmd.OutOrStdout(), r.Markdown())
	return nil
}

func loadTable(r *load.Report) *table {
	t := &table{columns: []string{"case", "target", "round", "per_second", "p50_us", "p99_us", "p999_us", "cpu_us", "peak_bytes", "errors"}}
	for i := range r.Cases {
		for j := range r.Cases[i].Rows {
			row := &r.Cases[i].Rows[j]
			for k, one := range row.Rounds {
				t.add(one, r.Cases[i].Name, row.Target, fmt.Sprint(k+1), fmt.Sprintf("%.1f", one.PerSec), fmt.Sprintf("%.0f", one.P50), fmt.Sprintf("%.0f", one.P99),
					fmt.Sprintf("%.0f", one.P999), fmt.Sprintf("%.1f", one.CPU), fmt.Sprint(one.Peak), fmt.Sprint(one.Errors))
			}
		}
	}
	return t
}

// benchUpstream and benchBareProxy are the other parties of a comparison, for one's own arrangements too.
func benchUpstream() *cobra.Command {
	cmd := &cobra.Command{
		Use: "upstream", Short: "Serve an upstream that answers every chat completion at once with the same words", Args: arguments(0, 0),
		Example: "  routor bench upstream --delay 20ms",
		RunE: func(cmd *cobra.Command, _ []string) error {
			delay, _ := cmd.Flags().GetDuration("delay")
			chunk, _ := cmd.Flags().GetDuration("chunk-delay")
			u, err := bench.ServeSlowUpstream(bench.Pace{Delay: delay, Chunk: chunk})
			if err != nil {
				return err
			}
			return serveUntilDone(cmd, "upstream", u.Addr(), u.Close)
		},
	}
	cmd.Flags().Duration("delay", 0, "how long it takes before it answers")
	cmd.Flags().Duration("chunk-delay", 0, "how long it takes before each event of a stream")
	return cmd
}

func benchBareProxy() *cobra.Command {
	return &cobra.Command{
		Use: "bare-proxy HOST:PORT", Short: "Serve a proxy that does nothing else, before an upstream", Args: arguments(1, 1),
		Example: "  routor bench bare-proxy 127.0.0.1:9000",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := bench.ServeBareProxy(args[0])
			if err != nil {
				return err
			}
			return serveUntilDone(cmd, "bare proxy", p.Addr(), p.Close)
		},
	}
}

func serveUntilDone(cmd *cobra.Command, what, addr string, end func() error) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	fmt.Fprintf(cmd.OutOrStdout(), "%s serves http://%s/v1\n", what, addr)
	<-ctx.Done()
	return end()
}
