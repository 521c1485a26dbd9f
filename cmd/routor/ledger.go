package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/ledger"
)

// openLedger opens the ledger of a service; a passive service, which answers one command, waits until it knows everything.
func (s *service) openLedger(cmd *cobra.Command, metrics *engine.Metrics) error {
	c := &s.c.Ledger
	if !c.Enabled {
		return nil
	}
	redactor, err := ledger.NewRedactor(c.Redact)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	s.ledger, err = ledger.Open(cmd.Context(), ledger.Options{
		Store: s.state, Dir: s.dir, Replica: s.c.NATS.Replica, MaxAge: c.Age, MaxBytes: int64(c.Size), Buffer: int64(c.Buffer), Sync: c.Sync,
		ReadOnly: s.passive, Redactor: redactor, Metrics: metrics.Set(), Log: func(format string, args ...any) { note(cmd, format, args...) },
	})
	if err != nil || !s.passive {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
	defer cancel()
	if err := s.ledger.CaughtUp(ctx); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	return nil
}

// closeLedger writes what is not written yet.
func (s *service) closeLedger() {
	if s.ledger == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.ledger.Close(ctx); err != nil && !s.passive {
		fmt.Fprintln(os.Stderr, err)
	}
}
