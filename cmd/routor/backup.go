package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/store"
)

func backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Write the whole state to one file: documents with their history, keys, drafts, ledger", Args: arguments(1, 1),
		Long: `Asks the server that is named (--server or ROUTOR_URL), else the one that has the data directory, else reads the directory itself.
A server goes on serving meanwhile. The file holds hashes of API keys and the secret under which they were made, no keys; keep it as
you would keep the data directory. It is checked whole before it gets its name.`,
		Example: "  routor backup routor-$(date +%F).backup\n  routor backup monday.backup --server http://127.0.0.1:8484",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			size, err := s.download(cmd, "/admin/backup", args[0])
			if err != nil {
				return err
			}
			note(cmd, "%s: %s", args[0], config.Size(size))
			return nil
		},
	}
	addServerFlags(cmd)
	return cmd
}

// download writes a backup to a file, which gets its name when the backup has been found whole.
func (s *server) download(cmd *cobra.Command, path, name string) (size int64, err error) {
	req, err := http.NewRequestWithContext(cmd.Context(), "GET", s.base+path, nil)
	if err != nil {
		return 0, fmt.Errorf("GET %s: %w", path, err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	client := s.client
	client.Timeout = 0 // as long as it takes
	res, err := client.Do(req)
	if err != nil {
		return 0, unreachable("no server answers at %s: %w", s.base, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		answer, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		return 0, s.refused(res.StatusCode, answer)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // mode 0600
	if err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if size, err = io.Copy(f, res.Body); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		err = store.CheckBackup(f)
	}
	if err = errors.Join(err, f.Sync()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	return size, nil
}

func restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Bring a backup back into an empty data directory or NATS account", Args: arguments(1, 1),
		Long: `The target must be empty, and no server may run on it: nothing is ever overwritten. The file's checksum is compared before anything
is written.`,
		Example: "  routor restore monday.backup --data /var/lib/routor-new\n  routor restore monday.backup --nats nats://10.0.0.1:4222",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			c, err := settings(cmd)
			if err != nil {
				return err
			}
			state, err := openStore(cmd.Context(), c, c.DataDir(), func(format string, args ...any) { note(cmd, format, args...) })
			if err != nil {
				return err
			}
			defer state.Close()
			info, err := state.Restore(cmd.Context(), f)
			if err != nil {
				return err
			}
			note(cmd, "restored %d streams, %s", len(info.Streams), config.Size(info.Bytes))
			return nil
		},
	}
	addConfigFlags(cmd, "data", "nats", "nats-credentials", "nats-ca", "nats-cert", "nats-key")
	return cmd
}
