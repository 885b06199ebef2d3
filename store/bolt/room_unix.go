//go:build linux || darwin || freebsd

package bolt

import "golang.org/x/sys/unix"

// Room returns how many bytes can still be written to the disk of dir; ok: it is known.
func Room(dir string) (bytes uint64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return uint64(max(0, s.Bavail)) * uint64(s.Bsize), true //nolint:unconvert,gosec // their types differ from system to system
}
