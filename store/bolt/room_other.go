//go:build !linux && !darwin && !freebsd

package bolt

// Room returns how many bytes can still be written to the disk of dir; ok: it is known.
func Room(string) (bytes uint64, ok bool) { return 0, false }
