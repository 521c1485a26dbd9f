package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/providers"
)

func initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Find your provider keys, check them, and write routor.yaml",
		Long: `Looks for provider keys in the environment, asks each provider whether its key works (this costs no tokens), asks for one balance
between quality and saving, and writes a commented routor.yaml. The file holds the names of variables, never a key.`,
		Example: "  routor init\n  routor init --balance 0.7 --yes --config prod.yaml",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, _ := cmd.Flags().GetString("config")
			if _, err := os.Stat(file); err == nil {
				if force, _ := cmd.Flags().GetBool("force"); !force && !dryRun(cmd) {
					return fmt.Errorf("%s is there already: remove it, name another with --config, or say --force", file)
				}
			} else if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			c, cat := config.Default(), catalog.Builtin()
			made, missing, err := connectAll(c, cat)
			if err != nil {
				return err
			}
			accounts := map[string]providers.Account{}
			if offline, _ := cmd.Flags().GetBool("offline"); !offline && len(made) > 0 {
				note(cmd, "asking %d providers …", len(made))
				accounts = askAll(cmd.Context(), made)
			}
			for _, p := range cat.Providers {
				if c, ok := made[p.ID]; ok {
					a := accounts[p.ID]
					note(cmd, "  %-10s %s …%s  %s %s", p.ID, c.key.name, c.Account().KeyLast4, stateWord(a), a.Detail)
				}
			}
			for _, id := range sortedKeys(missing) {
				note(cmd, "  %-10s not usable: %s", id, missing[id])
			}
			if len(made)+len(missing) == 0 {
				note(cmd, "no provider key was found in the environment; the file shows where they go")
			}
			balance, err := askBalance(cmd)
			if err != nil {
				return err
			}
			content := starter(cat, made, accounts, balance)
			if _, err := config.Parse(file, []byte(content)); err != nil {
				return fmt.Errorf("BUG: the configuration that was written does not check: %w", err)
			}
			if dryRun(cmd) {
				_, err := fmt.Fprint(cmd.OutOrStdout(), content)
				return err
			}
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				return fmt.Errorf("write the configuration: %w", err)
			}
			note(cmd, "%s is written. Next: routor check, then routor serve", file)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringP("config", "c", "routor.yaml", "file to write")
	f.Float64("balance", 0.5, "quality against saving: 0 cheapest, 1 best")
	f.Bool("force", false, "replace the file if it is there")
	f.Bool("offline", false, "do not ask the providers")
	addChangeFlags(cmd)
	return cmd
}

func stateWord(a providers.Account) string {
	switch a.State {
	case "":
		return "not asked"
	case providers.Healthy:
		return "works"
	}
	return strings.ReplaceAll(string(a.State), "_", " ")
}

func askBalance(cmd *cobra.Command) (float64, error) {
	balance, _ := cmd.Flags().GetFloat64("balance")
	yes, _ := cmd.Flags().GetBool("yes")
	if !yes && !cmd.Flags().Changed("balance") && terminal(cmd.InOrStdin()) {
		fmt.Fprintf(cmd.ErrOrStderr(), "Quality against saving, from 0 (cheapest) to 1 (best) [0.5]: ")
		line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if line = strings.TrimSpace(line); line != "" {
			b, err := strconv.ParseFloat(line, 64)
			if err != nil {
				return 0, usage("%q is not a number from 0 to 1", line)
			}
			balance = b
		}
	}
	if !(balance >= 0 && balance <= 1) {
		return 0, usage("--balance %g: must be from 0 (cheapest) to 1 (best)", balance)
	}
	return balance, nil
}

// starter is a commented routor.yaml.
func starter(cat *catalog.Catalog, made map[string]connected, accounts map[string]providers.Account, balance float64) string {
	var b strings.Builder
	b.WriteString(`# Routor's configuration. Every key is optional; docs/reference/configuration.md has them all.
# Keys are read from the environment: this file holds no secret.

# Who may reach it. Other addresses than loopback need API keys: routor key add --name app
listen: 127.0.0.1:8484

# Quality against saving: 0 cheapest … 1 best.
`)
	fmt.Fprintf(&b, "balance: %g\n\n", balance)
	b.WriteString("# Your own rules, followed while serving: routor policy show >policy.yaml\n# policy: policy.yaml\n\nproviders:\n")
	for _, p := range cat.Providers {
		c, ok := made[p.ID]
		if !ok || c.key == nil {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n    api_key: ${%s}", p.ID, c.key.name)
		if a := accounts[p.ID]; a.State != "" && a.State != providers.Healthy {
			fmt.Fprintf(&b, "  # %s when this file was written", stateWord(a))
		}
		b.WriteString("\n")
	}
	b.WriteString("  # Others, once you have their keys:\n")
	for _, p := range cat.Providers {
		if _, ok := made[p.ID]; !ok && p.Builtin && len(p.KeyEnv) > 0 {
			fmt.Fprintf(&b, "  # %s: {api_key: \"${%s}\"%s}\n", p.ID, p.KeyEnv[0], needs(p))
		}
	}
	b.WriteString(`  # Any OpenAI-compatible endpoint:
  # local: {base_url: "http://127.0.0.1:8000/v1", models: [llama3.3:70b]}

# What callers may use and spend, tied to keys: routor key add --name app --profile cheap
# profiles:
#   cheap: {ceiling: LIGHT, max_cost: 0.01}
`)
	return b.String()
}

// needs is what a provider wants to know besides its key.
func needs(p *catalog.Provider) string {
	if strings.Contains(p.BaseURL, "{resource}") {
		return ", resource: NAME, deployments: {MODEL: NAME}"
	}
	return ""
}
