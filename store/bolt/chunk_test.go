package bolt

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// folded makes a store with two chunks and returns it open.
func folded(t *testing.T, dir string) *DB {
	t.Helper()
	d := open(t, dir, Options{})
	storetest.Apply(t, d, deals("a:1"))
	storetest.Fold(t, d, 1, "v1", storetest.Chunk("touch/2026-03", strings.Repeat("x", 10_000)), storetest.Chunk("sale/2026-03", "y"))
	return d
}

// fileOf returns the path of the chunk's file.
func fileOf(t *testing.T, d *DB, name string) (path string) {
	t.Helper()
	if err := d.bolt().View(func(tx *bbolt.Tx) error {
		m, err := manifestOf(tx)
		for _, c := range m.Chunks {
			if c.Name == name {
				path = d.chunkPath(c.File)
			}
		}
		return err
	}); err != nil || path == "" {
		t.Fatalf("%q, %v", path, err)
	}
	return path
}

func chunkFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, Folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestChunks_OutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	d := folded(t, dir)
	want := storetest.Chunks(t, d, "v1")
	orphan := d.chunkPath("00000002-00000.chunk")
	if err := errors.Join(d.Close(), os.WriteFile(orphan, []byte("of a fold that was killed"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{true, false} {
		d = open(t, dir, Options{ReadOnly: readOnly})
		if got := storetest.Chunks(t, d, "v1"); !slices.Equal(got, want) {
			t.Fatalf("%.80q", got)
		}
		if _, err := os.Stat(orphan); (err == nil) != readOnly {
			t.Fatalf("read-only %t: the orphan: %v", readOnly, err)
		}
		if readOnly {
			err := d.Fold(t.Context(), store.Fold{Rev: 1, Format: "v1"})
			if err == nil || !strings.Contains(err.Error(), "reading only") {
				t.Fatalf("Fold: %v", err)
			}
		}
		_ = d.Close()
	}
}

// Of a set that another takes the place of, the files go, but who holds the bytes keeps them; chunks that stay keep their file.
func TestFold_Files(t *testing.T) {
	dir := t.TempDir()
	d := folded(t, dir)
	old, err := d.Chunks(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	held, err := old.Bytes("touch/2026-03")
	if err != nil {
		t.Fatal(err)
	}
	stays := fileOf(t, d, "sale/2026-03")
	storetest.Fold(t, d, 1, "v1", storetest.Chunk("touch/2026-03", "z"), store.Chunk{Name: "sale/2026-03", Same: true})
	if fileOf(t, d, "sale/2026-03") != stays || len(chunkFiles(t, dir)) != 2 {
		t.Fatalf("%q, want %q and one more", chunkFiles(t, dir), stays)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if string(held) != strings.Repeat("x", 10_000) {
		t.Fatal("the bytes of an old chunk changed")
	}
}

func TestChunks_Damage(t *testing.T) {
	for name, tt := range map[string]struct {
		damage  func(t *testing.T, path string) error
		mapped  bool // Bytes does not see it
		problem string
	}{
		"missing":  {func(_ *testing.T, path string) error { return os.Remove(path) }, false, "no such file"},
		"cut":      {func(_ *testing.T, path string) error { return os.Truncate(path, 5000) }, false, "5000 bytes of 10064"},
		"empty":    {func(_ *testing.T, path string) error { return os.Truncate(path, 0) }, false, "0 bytes of 10064"},
		"longer":   {func(_ *testing.T, path string) error { return os.Truncate(path, 20_000) }, false, "20000 bytes"},
		"a folder": {func(_ *testing.T, path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, false, "no file"},
		"header":   {func(t *testing.T, path string) error { flip(t, path, 20); return nil }, false, "header"},
		"content":  {func(t *testing.T, path string) error { flip(t, path, 7777); return nil }, true, "checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := folded(t, dir)
			path := fileOf(t, d, "touch/2026-03")
			_ = d.Close()
			if err := tt.damage(t, path); err != nil {
				t.Fatal(err)
			}
			d = open(t, dir, Options{})
			c, err := d.Chunks(t.Context(), "v1")
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Bytes("touch/2026-03")
			if tt.mapped != (err == nil) {
				t.Fatalf("Bytes: %v", err)
			}
			for _, err := range []error{err, c.Check("touch/2026-03")} {
				if tt.mapped && err == nil {
					continue
				}
				for _, want := range []string{path, `"touch/2026-03"`, tt.problem} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%v, want an error that says %q", err, want)
					}
				}
			}
			if b, err := c.Bytes("sale/2026-03"); err != nil || string(b) != "y" || c.Check("sale/2026-03") != nil {
				t.Errorf("the other chunk: %q, %v", b, err)
			}
			if err := d.Check(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("Check of the store: %v, want one that names the file", err)
			}
			if name == "content" {
				return
			}
			err = d.Fold(t.Context(), store.Fold{Rev: 1, Format: "v1", Chunks: []store.Chunk{{Name: "touch/2026-03", Same: true}}})
			if err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("a fold that keeps it: %v", err)
			}
		})
	}
}

// flip changes one byte of the file.
func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	b[0] ^= 0x10
	_, werr := f.WriteAt(b[:], at)
	if err := errors.Join(err, werr, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// short takes so many bytes, then the disk is full.
type short struct {
	io.Writer
	left int
}

func (s *short) Write(b []byte) (int, error) {
	if s.left < len(b) {
		n, _ := s.Writer.Write(b[:s.left])
		s.left = 0
		return n, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}
	s.left -= len(b)
	return s.Writer.Write(b)
}

func TestFold_FullDisk(t *testing.T) {
	dir := t.TempDir()
	d := folded(t, dir)
	want, files := storetest.Chunks(t, d, "v1"), chunkFiles(t, dir)
	d.fault = func(w io.Writer) io.Writer { return &short{w, 70_000} }
	f := store.Fold{Rev: 1, Format: "v1", Chunks: []store.Chunk{
		storetest.Chunk("small", "fits"), storetest.Chunk("touch/2026-03", strings.Repeat("z", 100_000)), storetest.Chunk("c", "fits"),
		{Name: "sale/2026-03", Same: true},
	}}
	err := d.Fold(t.Context(), f)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v, want ENOSPC", err)
	}
	for _, says := range []string{"touch/2026-03", filepath.Join(dir, Folder), "free space"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%q does not say %q", err, says)
		}
	}
	if left := chunkFiles(t, dir); !slices.Equal(left, files) {
		t.Errorf("in the folder: %q, before: %q", left, files)
	}
	if got := storetest.Chunks(t, d, "v1"); !slices.Equal(got, want) {
		t.Errorf("the chunks are now %.80q", got)
	}
	d.fault = nil
	if err := d.Fold(t.Context(), f); err != nil {
		t.Fatalf("once there is room: %v", err)
	}
}

func TestFold_FolderNotWritable(t *testing.T) {
	if os.Getuid() == 0 {
		dir := t.TempDir() // root may write anywhere: a file in the folder's place is what stops it
		d := open(t, dir, Options{})
		if err := os.WriteFile(filepath.Join(dir, Folder), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.Fold(t.Context(), store.Fold{Format: "v1", Chunks: []store.Chunk{storetest.Chunk("a", "1")}}); err == nil ||
			!strings.Contains(err.Error(), filepath.Join(dir, Folder)) {
			t.Fatalf("%v, want an error that names the folder", err)
		}
		return
	}
	dir := t.TempDir()
	d := folded(t, dir)
	if err := os.Chmod(filepath.Join(dir, Folder), 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, Folder), 0o700) })
	want := storetest.Chunks(t, d, "v1")
	err := d.Fold(t.Context(), store.Fold{Rev: 1, Format: "v1", Chunks: []store.Chunk{storetest.Chunk("a", "1")}})
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "writable") {
		t.Fatalf("%v, want ErrPermission and what to do", err)
	}
	if got := storetest.Chunks(t, d, "v1"); !slices.Equal(got, want) {
		t.Errorf("the chunks are now %.80q", got)
	}
}

// Compaction keeps the chunks; a backup leaves them out, and who opens it makes them anew.
func TestChunks_CompactAndBackup(t *testing.T) {
	dir := t.TempDir()
	d := folded(t, dir)
	want := storetest.Chunks(t, d, "v1")
	if _, err := d.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := storetest.Chunks(t, d, "v1"); !slices.Equal(got, want) {
		t.Fatalf("after compaction: %.80q", got)
	}
	back := t.TempDir()
	if err := d.Backup(filepath.Join(back, File)); err != nil {
		t.Fatal(err)
	}
	copied := open(t, back, Options{})
	if _, err := copied.Chunks(context.Background(), "v1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("chunks of a backup: %v, want ErrNotFound", err)
	}
	storetest.Fold(t, copied, 1, "v1", storetest.Chunk("a", "1"))
	if got := storetest.Chunks(t, copied, "v1"); !slices.Equal(got, []string{"a=1"}) {
		t.Fatalf("%q", got)
	}
}

// A list of chunks that is damaged, or of other records, is as good as none.
func TestChunks_ListDamaged(t *testing.T) {
	for name, list := range map[string]string{
		"no JSON": "{", "a path": `{"Format":"v1","Rev":1,"Chunks":[{"Name":"a","File":"../x.chunk"}]}`,
		"another store": `{"Format":"v1","Rev":1,"Generation":"x"}`, "a revision to come": `{"Format":"v1","Rev":9}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_ = folded(t, dir).Close()
			raw(t, dir, func(tx *bbolt.Tx) error { return tx.Bucket(bucketChunk).Put(keyManifest, []byte(list)) })
			d := open(t, dir, Options{})
			if _, err := d.Chunks(t.Context(), "v1"); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("%v, want ErrNotFound", err)
			}
			storetest.Fold(t, d, 1, "v1", storetest.Chunk("a", "1"))
			if got := storetest.Chunks(t, d, "v1"); !slices.Equal(got, []string{"a=1"}) {
				t.Fatalf("%q", got)
			}
		})
	}
}
