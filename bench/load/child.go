package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Child is a process that serves something.
type Child struct {
	Addr string // host:port, as it said
	cmd  *exec.Cmd
	tail tail
	done chan struct{} // closed when the process has ended
}

// tail keeps the last of what a process wrote, to say why it failed.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if n := len(t.b) - 16384; n > 0 {
		t.b = t.b[n:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}

// startTimeout is how long a child may take to say where it listens.
const startTimeout = 20 * time.Second

// Start runs a program and waits until a line of its output holds mark; what follows the mark is its address or URL.
func Start(ctx context.Context, mark, program string, args ...string) (*Child, error) {
	c := &Child{cmd: exec.CommandContext(ctx, program, args...), done: make(chan struct{})}
	out, in := io.Pipe()
	c.cmd.Stdout, c.cmd.Stderr = in, in
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() {
		_ = c.cmd.Wait()
		_ = in.Close()
		close(c.done)
	}()
	said := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, addr, ok := strings.Cut(lines.Text(), mark); ok {
				select {
				case said <- hostPort(addr):
				default:
				}
			}
			fmt.Fprintln(&c.tail, lines.Text())
		}
		_, _ = io.Copy(io.Discard, out)
		close(said)
	}()
	select {
	case addr, ok := <-said:
		if !ok {
			return nil, fmt.Errorf("%s %s ended before it served: %s", program, strings.Join(args, " "), c.tail.String())
		}
		c.Addr = addr
		return c, nil
	case <-time.After(startTimeout):
		c.Stop()
		return nil, fmt.Errorf("%s %s did not serve within %s: %s", program, strings.Join(args, " "), startTimeout, c.tail.String())
	}
}

// hostPort is the host:port of an address or a URL.
func hostPort(said string) string {
	said, _, _ = strings.Cut(strings.TrimSpace(said), " ")
	if u, err := url.Parse(said); err == nil && u.Host != "" {
		return u.Host
	}
	return said
}

// PID is the process's.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Said is the end of what the process wrote.
func (c *Child) Said() string { return c.tail.String() }

// Stop ends the process at once.
func (c *Child) Stop() {
	_ = c.cmd.Process.Kill()
	<-c.done
}
