package main

import (
	"context"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/store"
)

// openStore opens the state that the configuration names; dir is the data directory.
func openStore(ctx context.Context, c *config.Config, dir string, say func(format string, args ...any)) (*store.Store, error) {
	n := c.NATS
	return store.Open(ctx, store.Options{
		Dir: dir, URL: n.URL.Reveal(), Credentials: string(n.Credentials), TLS: store.TLS{CA: string(n.CA), Cert: string(n.Cert), Key: string(n.Key)},
		Replicas: n.Copies, Name: "routor " + n.Replica, Log: say,
	})
}

// openState opens the state and the keys in it.
func openState(ctx context.Context, c *config.Config, dir string, say func(format string, args ...any)) (*store.Store, *access.Store, error) {
	state, err := openStore(ctx, c, dir, say)
	if err != nil {
		return nil, nil, err
	}
	keys, err := access.Open(ctx, state, dir)
	if err != nil {
		state.Close()
		return nil, nil, err
	}
	return state, keys, nil
}
