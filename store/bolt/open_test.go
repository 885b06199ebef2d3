package bolt

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

func deals(ids ...store.ID) *store.Batch {
	var r store.Records
	for _, id := range ids {
		r.Deals = append(r.Deals, storetest.Deal(id))
	}
	return storetest.Batch("a", "deals", "next", r)
}

func TestOpen_MakesFolderAndFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	d := open(t, dir, Options{Version: "1.2.3"})
	for path, want := range map[string]fs.FileMode{"": 0o700, File: 0o600, ownerFile: 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%q has mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
	i, err := d.Info()
	if err != nil || i.Schema != schema || i.Writer != "1.2.3" || i.Generation == "" || i.Rev != 0 || i.Size == 0 {
		t.Errorf("info %+v, %v", i, err)
	}
}

func TestOpen_KeepsWhatWasCommitted(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, Options{})
	storetest.Apply(t, d, deals("a:1", "a:2"))
	before, err := d.Info()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	d = open(t, dir, Options{Version: "later"})
	all, rev := storetest.All(t, d)
	after, _ := d.Info()
	if len(all.Deals) != 2 || rev != 1 || after.Generation != before.Generation || after.Writer != "later" || after.Log != 2 {
		t.Fatalf("%d deals, rev %d, %+v, before %+v", len(all.Deals), rev, after, before)
	}
}

func TestOpen_Held(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, Options{})
	if err := d.SetSocket("/run/x.sock"); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		_, err := Open(dir, Options{ReadOnly: readOnly})
		var locked *store.LockedError
		if !errors.As(err, &locked) {
			t.Fatalf("read-only %t: %v, want LockedError", readOnly, err)
		}
		if locked.PID != os.Getpid() || locked.User == "" || locked.Socket != "/run/x.sock" || locked.Path != filepath.Join(dir, File) {
			t.Fatalf("read-only %t: %+v", readOnly, locked)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ownerFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("owner.json after Close: %v", err)
	}
	if err := d.SetSocket("/run/y.sock"); err == nil {
		t.Fatal("SetSocket after Close: no error; the file could by now be a successor's")
	}
	open(t, dir, Options{})
}

func TestOpen_HeldByNobodyKnown(t *testing.T) {
	for name, left := range map[string]string{
		"none": "", "broken": "{", "dead": `{"pid":2147483646,"user":"x"}`, "negative": `{"pid":-1}`, "wrong types": `{"pid":"1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			open(t, dir, Options{})
			path := filepath.Join(dir, ownerFile)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if left != "" {
				if err := os.WriteFile(path, []byte(left), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(dir, Options{})
			var locked *store.LockedError
			if !errors.As(err, &locked) || locked.PID != 0 || locked.User != "" {
				t.Fatalf("%v, want LockedError of an unknown process", err)
			}
		})
	}
}

func TestOpen_ReadersShare(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir, Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no store: %v, want ErrNotExist", err)
	}
	d := open(t, dir, Options{})
	storetest.Apply(t, d, deals("a:1"))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	r, second := open(t, dir, Options{ReadOnly: true}), open(t, dir, Options{ReadOnly: true})
	for _, d := range []*DB{r, second} {
		if all, _ := storetest.All(t, d); len(all.Deals) != 1 {
			t.Fatalf("%d deals", len(all.Deals))
		}
	}
	if _, err := r.Apply(context.Background(), deals("a:2")); err == nil || !strings.Contains(err.Error(), "reading only") {
		t.Fatalf("Apply: %v", err)
	}
	var locked *store.LockedError
	if _, err := Open(dir, Options{}); !errors.As(err, &locked) {
		t.Fatalf("a writer beside readers: %v, want LockedError", err)
	}
}

// refused opens the folder, wants an error with the given words and the file as it was, bit for bit, and the lock given back.
func refused(t *testing.T, dir string, words ...string) error {
	t.Helper()
	path := filepath.Join(dir, File)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(path)
	var first error
	for range 2 {
		d, err := Open(dir, Options{Version: "1.0"})
		if err == nil {
			_ = d.Close()
			t.Fatal("it was opened")
		}
		var locked *store.LockedError
		if errors.As(err, &locked) {
			t.Fatalf("the first try kept the lock: %v", err)
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Fatalf("error %q does not say %q", err, w)
			}
		}
		first = err
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Fatalf("the file was changed (%v)", err)
	}
	if now, _ := os.Stat(path); !now.ModTime().Equal(info.ModTime()) {
		t.Fatal("the file was written")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Fatalf("beside the file stand now %q", left)
	}
	return first
}

// raw changes the closed file behind the store's back.
func raw(t *testing.T, dir string, fn func(*bbolt.Tx) error) {
	t.Helper()
	b, err := bbolt.Open(filepath.Join(dir, File), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Update(fn), b.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_NewerSchema(t *testing.T) {
	dir := t.TempDir()
	_ = open(t, dir, Options{}).Close()
	raw(t, dir, func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		return errors.Join(meta.Put(keySchema, []byte("7")), meta.Put(keyWriter, []byte("9.9.9")))
	})
	if err := refused(t, dir, "schema 7", "9.9.9", "1.0", "--store"); !errors.Is(err, store.ErrNewer) {
		t.Fatalf("%v, want ErrNewer", err)
	}
	if _, err := Open(dir, Options{ReadOnly: true}); !errors.Is(err, store.ErrNewer) {
		t.Fatalf("read-only: %v, want ErrNewer", err)
	}
}

func TestOpen_NotAStore(t *testing.T) {
	valid := func(t *testing.T) []byte {
		dir := t.TempDir()
		d := open(t, dir, Options{})
		var r store.Records
		for i := range 2000 {
			r.Touches = append(r.Touches, storetest.Touch(store.MakeID("a", time.Duration(i).String())))
		}
		storetest.Apply(t, d, storetest.Batch("a", "touches", "", r))
		_ = d.Close()
		b, err := os.ReadFile(filepath.Join(dir, File))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}(t)
	page := os.Getpagesize()
	noMeta := append(bytes.Repeat([]byte{0}, 2*page), valid[2*page:]...)
	badFreelist := bytes.Clone(valid)
	for i := 2 * page; i < len(badFreelist); i++ {
		badFreelist[i] = 0xfe // all but the meta pages
	}
	for name, content := range map[string][]byte{
		"text": []byte("hello"), "long text": bytes.Repeat([]byte("name,amount\n"), 5000), "zeros": make([]byte, 64<<10),
		"cut to two pages": valid[:2*page], "cut in the middle": valid[:128<<10], "no meta pages": noMeta, "pages overwritten": badFreelist,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, File), content, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Log(refused(t, dir, "open "+filepath.Join(dir, File), "nothing was changed"))
		})
	}
	t.Run("another program's", func(t *testing.T) {
		dir := t.TempDir()
		raw(t, dir, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("users")); return err })
		refused(t, dir, "not a flightdeck store")
	})
	t.Run("schema is no number", func(t *testing.T) {
		dir := t.TempDir()
		_ = open(t, dir, Options{}).Close()
		raw(t, dir, func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, []byte("x")) })
		refused(t, dir, "not a flightdeck store")
	})
	t.Run("a folder", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, File), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); err == nil {
			t.Fatal("it was opened")
		}
	})
}

// Whoever was stopped while the file was being made finds a fresh store the next time.
func TestOpen_StoppedAtTheBeginning(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = open(t, dir, Options{}).Close()
	dir = t.TempDir()
	raw(t, dir, func(*bbolt.Tx) error { return nil })
	storetest.Apply(t, open(t, dir, Options{}), deals("a:1"))
}

// The file that we waited for may meanwhile be one that another process has replaced by its compacted copy.
func TestOpen_Replaced(t *testing.T) {
	dir := t.TempDir()
	_ = open(t, dir, Options{}).Close()
	path := filepath.Join(dir, File)
	var file *os.File
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, mode)
		file = f
		return f, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := check(path, file, b, Options{}); err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path+".compact", copied, 0o600), os.Rename(path+".compact", path)); err != nil {
		t.Fatal(err)
	}
	if err := check(path, file, b, Options{}); !errors.Is(err, errMoved) {
		t.Fatalf("%v, want errMoved: what is written there is lost", err)
	}
}

func TestSnapshot_NewerRecord(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, Options{})
	storetest.Apply(t, d, deals("a:1", "a:2"))
	_ = d.Close()
	raw(t, dir, func(tx *bbolt.Tx) error {
		newer := []byte{sealFlag | recordVersion + 3, 1, 2, 0, 0, 0, 0}
		seal(store.EntityDeal, []byte("a:2"), newer)
		return tx.Bucket(bucketOf(store.EntityDeal)).Put([]byte("a:2"), newer)
	})
	d = open(t, dir, Options{})
	err := d.View(context.Background(), func(s store.Snapshot) error { return s.All(func(*store.Records) error { return nil }) })
	if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), `deal "a:2"`) {
		t.Fatalf("%v, want ErrNewer that names the deal", err)
	}
	if err := d.Check(context.Background()); err == nil || !strings.Contains(err.Error(), `deal "a:2"`) {
		t.Fatalf("Check: %v, want an error that names the deal", err)
	}
	// What a newer version wrote is not damaged: a repair would throw it away.
	_ = d.Close()
	before, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Diagnose(t.Context(), dir, Options{}); !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), `deal "a:2"`) {
		t.Fatalf("Diagnose: %v, want ErrNewer that names the deal", err)
	}
	unchanged(t, dir, before)
}

func TestDB_ConcurrentUse(t *testing.T) {
	d := open(t, t.TempDir(), Options{Log: 50})
	ctx := context.Background()
	var wg sync.WaitGroup
	errs := make(chan error, 64)
	for worker := range 4 {
		wg.Go(func() {
			src := store.SourceID(string(rune('a' + worker)))
			for i := range 15 {
				b := storetest.Batch(src, "deals", "", store.Records{Deals: []store.Deal{storetest.Deal(store.MakeID(src, string(rune('a'+i))))}})
				if _, err := d.Apply(ctx, b); err != nil {
					errs <- err
				}
			}
		})
		wg.Go(func() {
			for range 30 {
				if err := d.View(ctx, func(s store.Snapshot) error {
					n := 0
					if err := s.All(func(r *store.Records) error { n += r.Len(); return nil }); err != nil {
						return err
					}
					if n != int(s.Rev()) { // every commit brings one deal
						t.Errorf("%d deals at revision %d", n, s.Rev())
					}
					return nil
				}); err != nil {
					errs <- err
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if all, rev := storetest.All(t, d); len(all.Deals) != 60 || rev != 60 {
		t.Errorf("%d deals at revision %d, want 60", len(all.Deals), rev)
	}
}

func TestDB_WriterWaitsForContext(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	d.writer <- struct{}{} // somebody applies a long batch
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := d.Apply(ctx, deals("a:1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v, want the context's end", err)
	}
	<-d.writer
}

func TestDB_Closed(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	watch := d.Watch(context.Background())
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-watch; ok {
		t.Error("a subscription outlived the store")
	}
	_, applied := d.Apply(context.Background(), deals("a:1"))
	_, cursor := d.Cursor(context.Background(), "a", "deals")
	_, info := d.Info()
	for what, err := range map[string]error{
		"Apply": applied, "Cursor": cursor, "Info": info, "Check": d.Check(context.Background()), "Backup": d.Backup(filepath.Join(t.TempDir(), "b")),
		"View": d.View(context.Background(), func(store.Snapshot) error { return nil }),
	} {
		if err == nil || !strings.Contains(err.Error(), "the store is closed") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
