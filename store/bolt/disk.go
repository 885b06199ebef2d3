package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// fulls are what the system says when there is no room: on the disk, for this user, for a file of that size.
var fulls = [...]syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}

// isFull reports whether err says that there is no room. bbolt keeps only the text of some of the system's errors.
func isFull(err error) bool {
	for _, full := range fulls {
		if errors.Is(err, full) || err != nil && strings.Contains(err.Error(), full.Error()) {
			return true
		}
	}
	return false
}

// OnlyWriting reports whether err keeps a store from being written but not from being read: it is damaged, or there is no room.
func OnlyWriting(err error) bool { return errors.Is(err, ErrDamaged) || isFull(err) }

// advise adds to the errors that people meet what was kept and what to do about dir.
func advise(err error, dir, kept string) error {
	switch {
	case isFull(err):
		return fmt.Errorf("%w; %s; free space on the disk of %s", err, kept, dir)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w; %s; make %s writable for this user", err, kept, dir)
	}
	return err
}

// syncDir makes a rename in dir last through a power cut. Systems on which folders cannot be synced do without.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}
