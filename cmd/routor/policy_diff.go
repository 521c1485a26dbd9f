package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func policyDiff() *cobra.Command {
	cmd := &cobra.Command{
		Use: "diff FILE [OTHER]", Short: "Show how a policy differs from the live one, or from another file", Args: arguments(1, 2),
		Example: "  routor policy diff next.yaml\n  routor policy diff a.yaml b.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			next, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			from, old := "live", []byte(nil)
			if len(args) == 2 {
				from, next = args[0], nil
				if old, err = os.ReadFile(args[0]); err == nil {
					next, err = os.ReadFile(args[1])
				}
			} else {
				old, err = livePolicy(cmd)
			}
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "--- %s\n+++ %s\n", from, args[len(args)-1])
			for _, line := range difference(lines(old), lines(next)) {
				code := map[byte]string{'-': red, '+': green}[line[0]]
				if code != "" {
					line = colour(out, code, line)
				}
				fmt.Fprintln(out, line)
			}
			return nil
		},
	}
	addServerFlags(cmd)
	addConfigFlags(cmd, "policy")
	return cmd
}

func lines(src []byte) []string { return strings.Split(strings.TrimRight(string(src), "\n"), "\n") }

// difference is how b differs from a, line by line: "-" gone, "+" new, " " up to two lines around them.
func difference(a, b []string) []string {
	common := make([][]int, len(a)+1) // length of the longest common part of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var all []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, " "+a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			all = append(all, "-"+a[i])
			i++
		default:
			all = append(all, "+"+b[j])
			j++
		}
	}
	var near []string
	for i, line := range all {
		for _, k := range all[max(0, i-2):min(len(all), i+3)] {
			if k[0] != ' ' {
				near = append(near, line)
				break
			}
		}
	}
	return near
}
