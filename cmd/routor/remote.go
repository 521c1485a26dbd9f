package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/config"
)

// addServerFlags adds what a command needs to talk to a running server.
func addServerFlags(cmd *cobra.Command) {
	cmd.Flags().String("server", "", "admin URL of a running server, for instance http://127.0.0.1:8484 (also ROUTOR_URL)")
	addConfigFlags(cmd, "data", "admin-key", "admin-key-file", "nats", "nats-credentials", "nats-ca", "nats-cert", "nats-key")
}

// server is the admin API of a running Routor.
type server struct {
	base, key string
	within    bool // it is made by this process, for one command
	client    http.Client
}

// remote is the server that the command is to talk to; nil = none was named, work on files.
func remote(cmd *cobra.Command) (*server, error) {
	base, _ := cmd.Flags().GetString("server")
	if base == "" {
		return nil, nil
	}
	return remoteAt(cmd, base)
}

// remoteAt is the server at a URL.
func remoteAt(cmd *cobra.Command, base string) (*server, error) {
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, usage("--server %s: is not a URL: write for instance http://127.0.0.1:8484", base)
	}
	c, err := settings(cmd)
	if err != nil {
		return nil, err
	}
	key, err := givenAdminKey(c)
	if err != nil {
		return nil, err
	}
	return &server{
		base: strings.TrimSuffix(u.Scheme+"://"+u.Host+u.Path, "/"), key: key,
		client: http.Client{
			Timeout: time.Minute,
			// The key belongs to this host alone.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// givenAdminKey is the admin key as configured, else the one that a server on this machine generated, else "".
func givenAdminKey(c *config.Config) (string, error) {
	file := string(c.AdminKeyFile)
	switch {
	case c.AdminKey != "":
		return c.AdminKey.Reveal(), nil
	case file == "":
		if src, err := os.ReadFile(filepath.Join(c.DataDir(), access.AdminKeyFile)); err == nil {
			return strings.TrimSpace(string(src)), nil
		}
		return "", nil
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the admin key: %w", err)
	}
	return strings.TrimSpace(string(src)), nil
}

// call sends a request to the admin API and decodes its answer into result, unless that is nil. Raw bytes come back as they are
// when result is a *[]byte.
func (s *server) call(cmd *cobra.Command, method, path string, body, result any) error {
	var reader io.Reader
	if body != nil {
		src, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("BUG: encode the request: %w", err)
		}
		reader = bytes.NewReader(src)
	}
	req, err := http.NewRequestWithContext(cmd.Context(), method, s.base+path, reader)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return s.do(req, result)
}

// do sends a request and decodes its answer.
func (s *server) do(req *http.Request, result any) error {
	req.Header.Set("Accept", "application/json")
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	res, err := s.client.Do(req)
	if err != nil {
		var where *url.Error
		if errors.As(err, &where) {
			err = where.Err
		}
		return unreachable("no server answers at %s: %w", s.base, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 256<<20))
	if err != nil {
		return unreachable("%s stopped answering: %w", s.base, err)
	}
	if res.StatusCode >= 300 {
		return s.refused(res.StatusCode, answer)
	}
	if raw, ok := result.(*[]byte); ok {
		*raw = answer
		return nil
	}
	if result != nil {
		if err := json.Unmarshal(answer, result); err != nil {
			return unreachable("%s%s does not answer as Routor does: %w", s.base, req.URL.Path, err)
		}
	}
	return nil
}

func (s *server) refused(status int, answer []byte) error {
	var body struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	message := fmt.Sprintf("%s answers HTTP %d", s.base, status)
	if json.Unmarshal(answer, &body) == nil && body.Error.Message != "" {
		message = body.Error.Message
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint := ""
		if s.key == "" {
			hint = " (give the admin key: ROUTOR_ADMIN_KEY)"
		}
		return unreachable("%s%s", message, hint)
	case http.StatusConflict, http.StatusPreconditionFailed:
		return &exitError{exitConflict, errors.New(message)}
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return unreachable("%s", message)
	}
	return errors.New(message)
}
