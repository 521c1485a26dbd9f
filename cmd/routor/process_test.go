package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// process is a child process that plays a part.
type process struct {
	*exec.Cmd
	notes *transcript
	base  string // of a routor
}

func play(t *testing.T, role string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), notes: &transcript{}}
	p.Env = append(os.Environ(), roleVariable+"="+role)
	p.Stderr = p.notes
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill ends it as a power switch would.
func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Second}}

// playRoutor starts a server and waits until it is ready.
func playRoutor(t *testing.T, listen string, args ...string) *process {
	t.Helper()
	p := play(t, "routor", append([]string{"serve", "--demo", "--listen", listen}, args...)...)
	address := regexp.MustCompile(`serves (http://[^/]+)/v1`)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if listen != "127.0.0.1:0" {
			p.base = "http://" + listen
		} else if m := address.FindStringSubmatch(p.notes.String()); m != nil {
			p.base = m[1]
		}
		if p.base != "" {
			if res, err := client.Get(p.base + "/readyz"); err == nil {
				res.Body.Close()
				return p
			}
		}
		if time.Now().After(end) {
			t.Fatalf("routor does not serve: %s", p.notes)
		}
	}
}

// admin calls the admin API of a server.
func admin(method, url string, body, answer any) error {
	src, _ := json.Marshal(body)
	req, err := http.NewRequest(method, url, bytes.NewReader(src))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+demoAdminKey)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("HTTP %d: %s", res.StatusCode, text)
	}
	return json.Unmarshal(text, answer)
}

// freeAddress is one where nobody listens now.
func freeAddress(t *testing.T) string {
	t.Helper()
	for port := 23100; port < 24000; port++ {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil && !taken[port] {
			taken[port] = true
			defer l.Close()
			return l.Addr().String()
		} else if err == nil {
			l.Close()
		}
	}
	t.Fatal("no port is free")
	return ""
}

var taken = map[int]bool{}
