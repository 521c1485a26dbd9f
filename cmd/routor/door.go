package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/routor/routor/engine/store"
)

// door is the admin API that a command talks to: the server that is named; else the one that has the data directory; else one
// made here, over the directory itself, which is locked meanwhile. So there is one way to change anything.
func door(cmd *cobra.Command) (s *server, done func(), err error) {
	if s, err = remote(cmd); s != nil || err != nil {
		return s, func() {}, err
	}
	s, done, err = local(cmd)
	var locked *store.ErrLocked
	if errors.As(err, &locked) && locked.URL != "" {
		s, err = remoteAt(cmd, locked.URL)
		return s, func() {}, err
	}
	return s, done, err
}

// local serves the admin API of the data directory inside this process.
func local(cmd *cobra.Command) (*server, func(), error) {
	service, err := newService(cmd, true)
	if err != nil {
		return nil, nil, err
	}
	if err := service.begin(cmd.Context()); err != nil {
		service.close()
		return nil, nil, err
	}
	pipe := fasthttputil.NewInmemoryListener()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		service.server.ServeAdmin(ctx, pipe)
	}()
	s := &server{base: "http://127.0.0.1", key: service.adminKey, within: true, client: http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return pipe.Dial() }},
	}}
	return s, func() {
		s.client.CloseIdleConnections()
		stop()
		<-ended
		service.close()
	}, nil
}

// hasState says whether the data directory of a command has documents that might serve, or a cluster is named.
func hasState(cmd *cobra.Command) bool {
	c, err := settings(cmd)
	if err != nil {
		return false
	}
	if c.NATS.URL != "" {
		return true
	}
	_, err = os.Stat(filepath.Join(c.DataDir(), "nats"))
	return err == nil
}
