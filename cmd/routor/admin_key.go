package main

import (
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/access"
)

func adminKeyCommand() *cobra.Command {
	return noun("admin-key", "Keys of the admin API and the pages", `Keys of the admin API and the pages, besides the one of the configuration (admin_key), which may do everything.

A viewer's key may look and change nothing. Whether a key may read what is kept of prompts' words is apart from that: --read-prompts.
The name stands in the audit log as the author of what the key changes.`, adminKeyList(), adminKeyAdd(), adminKeyRevoke())
}

func adminKeyList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the keys of the admin API; the keys themselves are never shown", Args: arguments(0, 0),
		Example: "  routor admin-key list\n  routor admin-key list -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var list struct {
				Keys []access.Key `json:"keys"`
			}
			if err := s.call(cmd, "GET", "/admin/admin-keys", nil, &list); err != nil {
				return err
			}
			t := &table{columns: []string{"id", "name", "role", "reads prompts", "key", "state", "created", "expires"}}
			for _, k := range list.Keys {
				prompts := "no"
				if k.Admin.ReadPrompts {
					prompts = "yes"
				}
				t.add(k, k.ID, k.Name, k.Admin.Role, prompts, access.Prefix+"admin_…"+k.Last4, k.State(time.Now()), day(k.Created), day(k.Expires))
			}
			return show(cmd, t)
		},
	}
	addServerFlags(cmd)
	addOutputFlag(cmd)
	return cmd
}

func adminKeyAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "add --name NAME", Short: "Make a key of the admin API; it is shown this once", Args: arguments(0, 1),
		Example: "  routor admin-key add --name ann --role admin --read-prompts\n  routor admin-key add --name dashboard --expires 90d",
		RunE: func(cmd *cobra.Command, args []string) error {
			f := cmd.Flags()
			name, _ := f.GetString("name")
			if len(args) == 1 && name == "" {
				name = args[0]
			}
			if name == "" {
				return usage("%s: a key needs a name: write for instance --name ann", cmd.CommandPath())
			}
			role, _ := f.GetString("role")
			if role != access.RoleAdmin && role != access.RoleViewer {
				return usage("%s: --role %s: there are %s and %s", cmd.CommandPath(), role, access.RoleAdmin, access.RoleViewer)
			}
			prompts, _ := f.GetBool("read-prompts")
			text, _ := f.GetString("expires")
			ends, err := expiry(text, time.Now())
			if err != nil {
				return err
			}
			if dryRun(cmd) {
				note(cmd, "would make key %q with role %s", name, role)
				return nil
			}
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			var made struct {
				Secret string `json:"secret"`
				access.Key
			}
			body := map[string]any{"name": name, "role": role, "read_prompts": prompts, "expires": ends}
			if err := s.call(cmd, "POST", "/admin/admin-keys", body, &made); err != nil {
				return err
			}
			note(cmd, "key %s (%s) with role %s is made. It is shown this once:", made.Name, made.ID, role)
			fmt.Fprintln(cmd.OutOrStdout(), made.Secret)
			return nil
		},
	}
	f := cmd.Flags()
	f.String("name", "", "whose it is, as the audit log says")
	f.String("role", access.RoleViewer, "viewer may look, admin may change everything")
	f.Bool("read-prompts", false, "it may read what is kept of prompts' words")
	f.String("expires", "", "when it ends: a date (2027-01-31), a time (RFC 3339), or a while (90d, 12h)")
	addChangeFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func adminKeyRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use: "revoke KEY", Short: "End a key of the admin API and its sessions for good, by name or id", Args: arguments(1, 1),
		Example: "  routor admin-key revoke dashboard --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if dryRun(cmd) {
				note(cmd, "would revoke key %s", args[0])
				return nil
			}
			if err := confirm(cmd, fmt.Sprintf("Revoke key %s of the admin API? Who is signed in by it is signed out.", args[0])); err != nil {
				return err
			}
			s, done, err := door(cmd)
			if err != nil {
				return err
			}
			defer done()
			if err := s.call(cmd, "DELETE", "/admin/admin-keys/"+url.PathEscape(args[0]), nil, nil); err != nil {
				return err
			}
			note(cmd, "key %s is revoked", args[0])
			return nil
		},
	}
	addChangeFlags(cmd)
	addServerFlags(cmd)
	return cmd
}
