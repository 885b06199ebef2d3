//go:build unix

package bolt

import (
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// limitFileSize makes writes beyond so many bytes of a file fail.
func limitFileSize(bytes uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: bytes})
}
