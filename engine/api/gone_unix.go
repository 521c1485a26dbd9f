//go:build unix

package api

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// closed says whether the other side has closed a socket, or its half of it. Bytes that wait there are a request that was
// sent ahead: behind them nothing can be seen.
func closed(conn syscall.Conn) (gone bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch err {
		case nil:
			gone = n == 0
		case unix.EAGAIN, unix.EINTR:
		default:
			gone = true
		}
	})
	return gone || err != nil
}
