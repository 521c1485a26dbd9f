package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/providers/sim"
)

func demoProvidersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo-providers --listen HOST:PORT",
		Short: "Serve the 13 simulated providers on a port of their own",
		Long: `Serves the providers of the demo, each at http://HOST:PORT/PROVIDER/v1, in the dialects of the real one and as strict. Any key will
do. Point base_url of routor.yaml there, or any other client.`,
		Example: `  routor demo-providers --listen 127.0.0.1:9090
  curl http://127.0.0.1:9090/openai/v1/models -H 'Authorization: Bearer any'
  routor demo-providers --scenario docs/scenario.yaml`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := cmd.Flags()
			addr, _ := f.GetString("listen")
			latency, _ := f.GetFloat64("latency")
			seed, _ := f.GetUint64("seed")
			fleet := sim.New(sim.Options{Latency: latency, Seed: seed, Strict: true})
			defer fleet.Close()
			if err := playScenario(cmd, fleet); err != nil {
				return err
			}
			at, err := fleet.Listen(addr)
			if err != nil {
				return fmt.Errorf("%w (choose another address with --listen HOST:PORT)", err)
			}
			note(cmd, "simulated: %s", strings.Join(sim.Providers(), ", "))
			fmt.Fprintf(cmd.OutOrStdout(), "http://%s/PROVIDER/v1\n", at)
			<-cmd.Context().Done()
			return nil
		},
	}
	cmd.Flags().String("listen", "127.0.0.1:9090", "address")
	cmd.Flags().Float64("latency", 1, "scales how long they take: 0 = no time at all")
	cmd.Flags().Uint64("seed", 1, "of everything that varies")
	addScenarioFlag(cmd)
	return cmd
}
