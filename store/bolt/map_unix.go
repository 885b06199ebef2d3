//go:build unix

package bolt

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the file's first size bytes for reading.
func mapFile(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
}
