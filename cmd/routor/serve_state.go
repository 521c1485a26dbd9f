package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/catalog"
)

// openDocuments opens the documents of the state and reads what the first candidate says, as far as the catalog: providers are
// connected by that.
func (s *service) openDocuments(cmd *cobra.Command) (err error) {
	files, err := ownFiles(s.c, s.dir)
	if err != nil {
		return err
	}
	documents := &api.Documents{
		State: s.state, Name: s.replica(), Version: version, Keys: s.store, Passive: s.passive,
		Catalog: func(file string, src []byte) (*catalog.Catalog, error) { return catalogWith(s.c, file, src) },
		Log:     func(format string, args ...any) { note(cmd, format, args...) },
	}
	if s.candidates, err = documents.Open(cmd.Context(), s.dir, files); err != nil {
		return err
	}
	s.documents = documents
	return s.choose(cmd)
}

// choose fills the assembly from the best candidate that can be read. What is wrong with the others is said.
func (s *service) choose(cmd *cobra.Command) error {
	var wrong []error
	for len(s.candidates) > 0 {
		s.candidate, s.candidates = s.candidates[0], s.candidates[1:]
		err := s.assembly.fill(cmd.Context(), s.c, s.candidate.Documents)
		if err == nil {
			return nil
		}
		wrong = append(wrong, err)
		if len(s.candidates) > 0 {
			note(cmd, "not taken over (%s):\n%v", s.candidate.Why, err)
		}
	}
	return errors.Join(wrong...)
}

// firstSnapshot is the snapshot of the best candidate that checks.
func (s *service) firstSnapshot(cmd *cobra.Command, connected func(provider string) bool) (*engine.Snapshot, error) {
	for {
		snapshot, err := s.assembly.snapshot(connected)
		if err == nil || len(s.candidates) == 0 {
			return snapshot, err
		}
		note(cmd, "not taken over (%s):\n%v", s.candidate.Why, err)
		if err := s.choose(cmd); err != nil {
			return nil, err
		}
	}
}

// begin follows the state from now on.
func (s *service) begin(ctx context.Context) error {
	if s.c.NATS.Replica == "" && s.server.Listening() {
		s.documents.Name = name(s.server.AdminAddr().String())
	}
	if s.server.Listening() {
		admin := s.server.AdminAddr().String()
		if host, port, err := net.SplitHostPort(admin); err == nil && net.ParseIP(host).IsUnspecified() {
			admin = net.JoinHostPort("127.0.0.1", port)
		}
		scheme := "http://"
		if _, own := s.c.Admin(); !own && s.c.TLS.Cert != "" {
			scheme = "https://"
		}
		if err := s.state.Announce(scheme + admin); err != nil {
			return err
		}
	}
	if !s.state.Embedded() && !s.passive {
		s.facts = engine.ShareFacts(s.state, s.documents.Name, s.engine)
	}
	return s.documents.Start(ctx, s.candidate)
}

// replica is this process's name in the fleet.
func (s *service) replica() string {
	if s.c.NATS.Replica != "" {
		return s.c.NATS.Replica
	}
	return name(s.c.Listen)
}

func name(addr string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "routor"
	}
	if _, port, err := net.SplitHostPort(addr); err == nil {
		return host + ":" + port
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}
