//go:build unix

package bolt

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"flightdeck/store"
)

// lockFile takes bbolt's lock on the open file without waiting. It is given back when the file is closed.
func lockFile(f *os.File, exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return &store.LockedError{Path: f.Name()}
	}
	return err
}

// unlockFile gives the lock back where the file stays mapped: the map would keep it although the file is closed.
func unlockFile(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }
