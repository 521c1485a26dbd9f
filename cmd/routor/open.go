package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"
)

func openCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "open", Short: "Open the pages of a running server, signed in", Args: arguments(0, 0),
		Long: `Makes a link that signs in once, within a minute, prints it, and opens it where there is a browser. It asks the server that is
named (--server or ROUTOR_URL), else the one that has the data directory.`,
		Example: "  routor open\n  routor open --server http://127.0.0.1:8484 --no-browser",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			if s.within {
				return unreachable("no server has this data directory: start one (routor serve), or name it with --server")
			}
			var link struct {
				Path string `json:"path"`
			}
			if err := s.call(cmd, "POST", "/admin/links", map[string]any{}, &link); err != nil {
				return err
			}
			address := s.base + link.Path
			fmt.Fprintln(cmd.OutOrStdout(), address)
			note(cmd, "the link signs in once, within a minute")
			if stay, _ := cmd.Flags().GetBool("no-browser"); stay {
				return nil
			}
			if err := browse(address); err != nil {
				note(cmd, "open it in a browser: %v", err)
			}
			return nil
		},
	}
	cmd.Flags().Bool("no-browser", false, "only print the link")
	addServerFlags(cmd)
	return cmd
}

// browse opens an address in the browser of whoever sits before this machine.
func browse(address string) error {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return errors.New("there is no display here")
		}
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return fmt.Errorf("there is no %s here", name)
	}
	return exec.Command(program, args...).Start()
}
