package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/nearest"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "routor",
		Short: "Routes each LLM request to the best-value model that can handle it",
		Long: `Routor takes OpenAI-compatible requests on one endpoint, decides in microseconds which model should handle each, sends it
there, and goes on with the next model if that one fails.

Every flag has an environment variable by one rule: --drain-delay is ROUTOR_DRAIN_DELAY. A flag comes before the variable, the
variable before routor.yaml, routor.yaml before the default. Only --server has another name as well: ROUTOR_URL.

Data goes to stdout, notes and progress to stderr. Exit codes: 0 ok, 1 a check failed, 2 wrong usage, 3 unreachable or not
allowed, 4 version conflict.`,
		Example: `  routor serve --demo                     try it: 13 simulated providers, no key, no network
  routor init                             find your provider keys and write routor.yaml
  routor check                            is everything right, and if not, what to write instead
  routor serve                            serve for real
  routor policy test                      run the policy's own tests
  routor key add --name app --team search make an API key
  echo '{"text":"hi"}' | routor classify  what is this prompt
  routor decision test "prove it"         which model would answer, and why`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return mirrorEnvironment(cmd) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownWord(cmd, args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(&cobra.Group{ID: "engine", Title: "The engine:"}, &cobra.Group{ID: "nouns", Title: "What it works with (routor NOUN VERB):"}, &cobra.Group{ID: "other", Title: "Other:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("engine", serveCommand(), openCommand(), initCommand(), checkCommand(), classifyCommand(), routeCommand(), replayCommand(), trainCommand(), labelCommand(), benchCommand(), demoProvidersCommand(), backupCommand(), restoreCommand())
	add("nouns", policyCommand(), classifierCommand(), catalogCommand(), profileCommand(), keyCommand(), adminKeyCommand(), providerCommand(), decisionCommand(), fleetCommand(), rolloutCommand(), auditCommand())
	add("other", versionCommand(), docsCommand())
	root.SetHelpCommand(helpCommand())
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
	return root
}

// helpCommand is cobra's, but for a word that it does not know.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Explain a command, with examples", Example: "  routor help serve",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || about == nil {
				return unknownWord(cmd.Root(), args[0])
			}
			if len(rest) > 0 {
				return unknownWord(about, rest[0])
			}
			return about.Help()
		},
	}
}

// noun is a command that only has verbs.
func noun(use, short, long string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownWord(cmd, args[0])
			}
			names := make([]string, len(verbs))
			for i, v := range verbs {
				names[i] = v.Name()
			}
			return usage("%s needs a verb: %s", cmd.CommandPath(), strings.Join(names, ", "))
		},
	}
	c.AddCommand(verbs...)
	return c
}

func unknownWord(cmd *cobra.Command, word string) error {
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	hint := "`" + cmd.CommandPath() + " --help` lists what there is"
	if near := nearest.Word(word, known); near != "" {
		hint = "did you mean `" + cmd.CommandPath() + " " + near + "`?"
	}
	return usage("%s: unknown word %q: %s", cmd.CommandPath(), word, hint)
}

func flagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				known = append(known, f.Name)
			}
		})
		if near := nearest.Word(name, known); near != "" {
			return usage("%s: unknown flag --%s: did you mean --%s?", cmd.CommandPath(), name, near)
		}
	}
	return usage("%s: %s (see `%[1]s --help`)", cmd.CommandPath(), text)
}

// mirrorEnvironment gives every flag that the command line leaves out the value of its variable.
func mirrorEnvironment(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" || err != nil {
			return
		}
		for _, name := range variablesOf(f.Name) {
			if value := os.Getenv(name); value != "" {
				if e := cmd.Flags().Set(f.Name, value); e != nil {
					err = usage("%s: %s", name, strings.TrimPrefix(e.Error(), "invalid argument "))
				} else if o, ours := f.Value.(*option); ours {
					o.source = name
				}
				return
			}
		}
	})
	return err
}

func variablesOf(flag string) []string {
	if flag == "server" {
		return []string{"ROUTOR_URL", config.Env(flag)}
	}
	return []string{config.Env(flag)}
}

// arguments checks how many there are, with the words that the command's usage line has for them.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage("%s: something is missing: %s", cmd.CommandPath(), cmd.UseLine())
		case len(args) > most:
			return usage("%s: %q is one too many: %s", cmd.CommandPath(), args[most], cmd.UseLine())
		}
		return nil
	}
}
