package main

import (
	"runtime"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  routor version -o json",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			t := &table{columns: []string{"version", "go", "platform"}, one: true}
			platform := runtime.GOOS + "/" + runtime.GOARCH
			t.add(map[string]string{"version": version, "go": runtime.Version(), "platform": platform}, version, runtime.Version(), platform)
			return show(cmd, t)
		},
	}
	addOutputFlag(cmd)
	return cmd
}
