package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// crampedWriter fills a store until there is no room, and looks at what is left of it then, and once it was opened again.
func crampedWriter(dir, limit string) error {
	room, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	if room > 0 {
		if err := limitFileSize(room); err != nil {
			return err
		}
	}
	d, err := Open(dir, Options{Version: "1"})
	if err != nil {
		return err
	}
	ctx, n := context.Background(), 0
	for {
		_, err = d.Apply(ctx, crampedBatch(n))
		if err != nil {
			break
		}
		n++
	}
	fmt.Println("full", n, strings.ReplaceAll(err.Error(), "\n", " "))
	look := func() error {
		if left := d.Damage(); len(left) > 0 {
			return fmt.Errorf("a full disk passes for damage: %w", left[0])
		}
		rows := 0
		if err := d.View(ctx, func(s store.Snapshot) error {
			return s.All(func(r *store.Records) error { rows += r.Len(); return nil })
		}); err != nil {
			return err
		}
		if want := n * crampedRows; rows != want {
			return fmt.Errorf("%d rows, want %d", rows, want)
		}
		if c, err := d.Cursor(ctx, "a", "x"); err != nil || string(c) != fmt.Sprint(n) {
			return fmt.Errorf("the cursor stands at %q, want %d (%w)", c, n, err)
		}
		return d.Check(ctx)
	}
	if err := look(); err != nil {
		return err
	}
	// Nothing bigger fits either, and says so, and what is there stays.
	if err := d.Fold(ctx, store.Fold{Rev: store.Rev(n), Format: "v1", Chunks: []store.Chunk{storetest.Chunk("a", strings.Repeat("x", 64<<20))}}); err == nil {
		return errors.New("a fold of 64 MB found room")
	} else if fmt.Println("fold", err); len(errorsIn(dir)) > 0 {
		return fmt.Errorf("left behind: %q", errorsIn(dir))
	}
	if c, err := d.Compact(ctx); err != nil {
		fmt.Println("compact", strings.ReplaceAll(err.Error(), "\n", " "))
	} else {
		fmt.Println("compact", c.Before, c.After)
	}
	if err := look(); err != nil {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}
	if d, err = Open(dir, Options{Version: "1"}); err != nil {
		return fmt.Errorf("opened again: %w", err)
	}
	if err := look(); err != nil {
		return err
	}
	fmt.Println("whole")
	return d.Close()
}

// errorsIn lists what a failed fold or compaction must not leave.
func errorsIn(dir string) (left []string) {
	for _, pattern := range []string{compactFile, Folder + "/*"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		left = append(left, found...)
	}
	return left
}

const crampedRows = 500

func crampedBatch(n int) *store.Batch {
	b := storetest.Batch("a", "x", store.Cursor(fmt.Sprint(n+1)), store.Records{})
	for i := range crampedRows {
		b.Touches = append(b.Touches, storetest.Touch(store.MakeID("a", fmt.Sprintf("%d-%d", n, i)), func(t *store.Touch) { t.Note = strings.Repeat("记", 100) }))
	}
	return b
}

// cramped runs crampedWriter and judges what it says.
func cramped(t *testing.T, dir, limit string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashDir+"="+dir, "FLIGHTDECK_CRASH_ROOM=1", "FLIGHTDECK_CRASH_SEED="+limit)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"full ", "the store stands as it stood", "free space on the disk of " + dir, "\nfold ", "nothing half-written is left", "\nwhole\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.HasPrefix(string(out), "full 0 ") {
		t.Error("nothing ever fitted: the test showed nothing")
	}
}

// No file may become larger than 12 MB: what a quota does.
func TestDisk_FileTooLarge(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no such limit")
	}
	cramped(t, t.TempDir(), strconv.Itoa(12<<20))
}

// mounted makes a small disk of its own for the test, which only root may.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no disk can be mounted here: %v %s", err, out)
	}
	// Chunks stay mapped, so that it is in use as long as the process lives.
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	return dir
}

func TestDisk_Full(t *testing.T) { cramped(t, mounted(t, "size=16m"), "0") }

// On a disk on which nothing can be written the store can be read, and whoever wants to write is told.
func TestDisk_ReadOnly(t *testing.T) {
	dir := mounted(t, "size=16m")
	d := folded(t, dir)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-o", "remount,ro", dir).CombinedOutput(); err != nil {
		t.Skipf("it cannot be made read-only: %v %s", err, out)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "read-only file system") {
		t.Errorf("open for writing: %v", err)
	}
	d = open(t, dir, Options{ReadOnly: true})
	if all, _ := storetest.All(t, d); len(all.Deals) != 1 || len(storetest.Chunks(t, d, "v1")) != 2 {
		t.Errorf("%d deals", len(all.Deals))
	}
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
	_ = d.Close()
	g, err := Diagnose(t.Context(), dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Repair(t.Context()); len(g.Damage()) != 0 || err == nil {
		t.Errorf("%q, %v", g.Damage(), err)
	}
}
