package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lockFile names the process that has the data directory, and where its admin API is. The lock is the kernel's, so that a process that was killed leaves
// none behind; what the file says is for people.
const lockFile = "lock"

type lock struct{ file *os.File }

// ErrLocked says that another process has the data directory.
type ErrLocked struct {
	Dir string
	PID int    // 0 = not known
	URL string // of its admin API; "" = it has none, or not yet
}

func (e *ErrLocked) Error() string {
	who := "another process"
	if e.PID > 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("the data directory %s is in use by %s: talk to that server (--server or ROUTOR_URL), stop it, or choose another directory with --data", e.Dir, who)
}

func takeLock(dir string) (*lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the data directory %s: %w", dir, err)
		}
		text, _ := io.ReadAll(io.LimitReader(f, 1024))
		number, url, _ := strings.Cut(string(text), "\n")
		pid, _ := strconv.Atoi(number)
		return nil, &ErrLocked{Dir: dir, PID: pid, URL: strings.TrimSpace(url)}
	}
	l := &lock{f}
	if err := l.write(""); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the data directory %s: %w", dir, err)
	}
	return l, nil
}

func (l *lock) write(url string) error {
	err := l.file.Truncate(0)
	if err == nil {
		_, err = l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"+url+"\n"), 0)
	}
	return err
}

// Announce says in the data directory where the admin API of the process that has it is, so that commands find it.
func (s *Store) Announce(url string) error {
	if s.lock == nil {
		return nil
	}
	if err := s.lock.write(url); err != nil {
		return fmt.Errorf("write into the data directory: %w", err)
	}
	return nil
}

func (l *lock) release() { l.file.Close() }
