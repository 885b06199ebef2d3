//go:build !unix

package bolt

import (
	"io"
	"os"
	"unsafe"
)

// mapFile reads the file's first size bytes into memory aligned to 64 bytes: where a file in use cannot be unlinked, a map would keep old chunks for ever.
func mapFile(f *os.File, size int) ([]byte, error) {
	b := make([]byte, size+chunkHead)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (chunkHead - 1)
	b = b[skip : skip+size]
	_, err := io.ReadFull(io.NewSectionReader(f, 0, int64(size)), b)
	return b, err
}
