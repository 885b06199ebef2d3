package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// resident returns the bytes of memory that the process holds now, and how many of them are pages of mapped files: those are the page cache's, and go when others
// need the room.
func resident() (all, mapped int64) {
	b, err := os.ReadFile("/proc/self/statm")
	if f := bytes.Fields(b); err == nil && len(f) > 2 {
		all, _ = strconv.ParseInt(string(f[1]), 10, 64)
		mapped, _ = strconv.ParseInt(string(f[2]), 10, 64)
	}
	page := int64(os.Getpagesize())
	return all * page, mapped * page
}

// total returns the machine's memory in bytes.
func total() int64 {
	var i unix.Sysinfo_t
	if err := unix.Sysinfo(&i); err != nil {
		return 0
	}
	return int64(i.Totalram) * int64(i.Unit) //nolint:gosec // no machine has 2⁶³ bytes
}

// machine returns the processor time that the whole machine has used since it started.
func machine() time.Duration {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	var ticks int64
	for i, f := range bytes.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 8 { // the name, idle, waiting for the disk; guests are in user
			continue
		}
		n, _ := strconv.ParseInt(string(f), 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100) // USER_HZ, the same on every Linux
}

// forget asks the system to drop the file at path from its page cache, and checks that it did: the share that is still there is returned.
func forget(path string) (left float64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 1, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	if err := f.Sync(); err != nil {
		return 1, err
	}
	info, err := f.Stat()
	if err != nil {
		return 1, err
	}
	if info.Size() == 0 {
		return 0, nil
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return 1, fmt.Errorf("fadvise: %w", err)
	}
	m, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return 1, fmt.Errorf("mmap: %w", err)
	}
	defer unix.Munmap(m) //nolint:errcheck // read only
	pages := make([]byte, (len(m)+os.Getpagesize()-1)/os.Getpagesize())
	if err := mincore(m, pages); err != nil {
		return 1, err
	}
	in := 0
	for _, p := range pages {
		in += int(p & 1)
	}
	return float64(in) / float64(len(pages)), nil
}

func addr(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) } // b is not empty, and kept alive by the caller

func mincore(m, pages []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, addr(m), uintptr(len(m)), addr(pages))
	if errno != 0 {
		return errors.New("mincore: " + errno.Error())
	}
	return nil
}
