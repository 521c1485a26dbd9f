package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/routor/routor/engine/config"
)

// addConfigFlags adds --config and the flags of the given options of the configuration; none = all.
func addConfigFlags(cmd *cobra.Command, flags ...string) {
	if cmd.Flags().Lookup("config") == nil {
		cmd.Flags().StringP("config", "c", "", "configuration file (default: routor.yaml in the working folder, if there is one)")
		_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	}
	for _, o := range config.Options() {
		if len(flags) == 0 || slices.Contains(flags, o.Flag) {
			cmd.Flags().Var(&option{kind: o.Kind, list: o.List, fallback: o.Default}, o.Flag, o.Doc)
			if o.Kind == "bool" {
				cmd.Flags().Lookup(o.Flag).NoOptDefVal = "true"
			}
			if o.Kind == "file" {
				_ = cmd.MarkFlagFilename(o.Flag)
			}
		}
	}
}

// option is a flag whose value the configuration reads.
type option struct {
	kind     string
	list     bool
	fallback string
	values   []string
	source   string // who gave them, for errors; "" = the flag
}

func (o *option) Set(value string) error {
	if o.kind == "bool" {
		if _, err := strconv.ParseBool(value); err != nil {
			return errors.New("expected true or false")
		}
	}
	if !o.list {
		o.values = o.values[:0]
	}
	o.values = append(o.values, value)
	return nil
}

func (o *option) String() string {
	if o.kind == "bool" && o.fallback == "false" {
		return "" // help need not say that a switch is off
	}
	return o.fallback
}

func (o *option) Type() string {
	if o.kind == "bool" {
		return ""
	}
	return o.kind
}

// settings is the configuration that file, environment and flags say together.
func settings(cmd *cobra.Command) (*config.Config, error) {
	file, _ := cmd.Flags().GetString("config")
	if file == "" {
		if _, err := os.Stat("routor.yaml"); err == nil {
			file = "routor.yaml"
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	c, err := config.Load(file)
	if err != nil {
		return nil, err
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		o, ours := f.Value.(*option)
		if !ours || !f.Changed || err != nil {
			return
		}
		source := o.source
		if source == "" {
			source = "--" + f.Name
		}
		if e := c.Set(f.Name, source, o.values...); e != nil {
			err = &exitError{exitUsage, e}
		}
	})
	if err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return c, nil
}
