package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// bulky fills a folder with a store of some hundred pages and returns what is in it and the file's bytes.
func bulky(t testing.TB, rng *rand.Rand) (map[store.Ref]string, []byte) {
	t.Helper()
	dir := t.TempDir()
	d := open(t, dir, Options{Version: "1"})
	for i := range 6 {
		storetest.Apply(t, d, storetest.RandomBatch(rng, 40))
		b := storetest.Batch("crm", "touches", store.Cursor(fmt.Sprint(i)), store.Records{})
		for n := range 300 {
			id := store.MakeID("crm", fmt.Sprintf("%06d", i*300+n))
			b.Touches = append(b.Touches, storetest.Touch(id, func(t *store.Touch) { t.Note = strings.Repeat("记", rng.IntN(30)) }))
			b.Accounts = append(b.Accounts, storetest.Account(id))
		}
		storetest.Apply(t, d, b)
	}
	storetest.Apply(t, d, storetest.RandomBatch(rng, 200))
	all := rowTexts(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	return all, file
}

// rowTexts reads the store as one text for each record.
func rowTexts(t testing.TB, d *DB) map[store.Ref]string {
	t.Helper()
	all, err := rowTextsOf(t, d)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func rowTextsOf(t testing.TB, d *DB) (map[store.Ref]string, error) {
	t.Helper()
	all := map[store.Ref]string{}
	err := d.View(context.Background(), func(s store.Snapshot) error {
		return s.All(func(r *store.Records) error {
			one := &store.Records{}
			one.Append(r)
			storetest.Rows(one, func(ref store.Ref, row any) {
				if _, again := all[ref]; again {
					t.Errorf("%v is told twice", ref)
				}
				all[ref] = fmt.Sprintf("%+v", row)
			})
			return nil
		})
	})
	return all, err
}

// A byte that flips, a page that is overwritten, an end that is cut off: no wrong record is ever served, what is left out is told, nothing is written, and a repair
// saves all that can be read and keeps the original.
func TestDamage_Random(t *testing.T) {
	rng := storetest.Rand(t)
	want, file := bulky(t, rng)
	rounds := 40
	if testing.Short() {
		rounds = 15
	}
	page := os.Getpagesize()
	pages := len(file) / page
	refused, served, silent := 0, 0, 0
	for round := range rounds {
		bad := bytes.Clone(file)
		at := rng.IntN(pages)
		what := ""
		switch rng.IntN(6) {
		case 0, 1, 2:
			i := at*page + rng.IntN(page)
			bad[i] ^= 1 << rng.IntN(8)
			what = fmt.Sprintf("a bit of byte %d of page %d", i-at*page, at)
		case 3:
			clear(bad[at*page : (at+1)*page])
			what = fmt.Sprintf("page %d zeroed", at)
		case 4:
			for i := at * page; i < (at+1)*page; i++ {
				bad[i] = byte(rng.Uint32())
			}
			what = fmt.Sprintf("page %d rubbish", at)
		case 5:
			copy(bad[at*page:(at+1)*page], file[rng.IntN(pages)*page:])
			what = fmt.Sprintf("page %d is another", at)
		}
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Log(what)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, File), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			missing := serve(t, dir, bad, want)
			switch {
			case missing < 0:
				refused++
			case missing > 0:
				served++
			}
			diagnosed := mend(t, dir, bad, want)
			if missing > 0 && !diagnosed {
				t.Error("records are missing, and the diagnosis is that all is well")
			}
			if !diagnosed && missing == 0 {
				silent++
			}
		})
	}
	t.Logf("%d damages: %d times the file was refused, %d times the rest was served, %d times nothing in use was hit", rounds, refused, served, silent)
	if served == 0 {
		t.Error("no damage was ever served around: the test showed nothing")
	}
}

// serve opens the damaged store, compares what it gives with what was in it, and returns how many records are missing; -1 when it is refused.
func serve(t *testing.T, dir string, bad []byte, want map[store.Ref]string) int {
	t.Helper()
	d, err := Open(dir, Options{Version: "1"})
	if err != nil {
		t.Log(err)
		if !strings.Contains(err.Error(), "nothing was changed") && !errors.Is(err, ErrDamaged) {
			t.Errorf("refused with %v", err)
		}
		unchanged(t, dir, bad)
		return -1
	}
	defer d.Close()
	got, err := rowTextsOf(t, d)
	if errors.Is(err, ErrDamaged) { // what says where the records begin
		unchanged(t, dir, bad)
		return -1
	}
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for ref, row := range got {
		if ref.Entity == store.EntityStatus && strings.HasPrefix(string(ref.ID), File+":") {
			told++
			delete(got, ref)
		} else if row != want[ref] {
			t.Errorf("%v is served as\n%s\nand was\n%s", ref, row, want[ref])
		}
	}
	missing := len(want) - len(got)
	if missing > 0 && (told == 0 || len(d.Damage()) == 0) {
		t.Errorf("%d records are missing, told are %d, damage %v", missing, told, d.Damage())
	}
	if len(d.Damage()) > 0 {
		if _, err := d.Apply(t.Context(), deals("x:1")); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "doctor --repair") {
			t.Errorf("Apply: %v, want ErrDamaged and what to do", err)
		}
		if _, err := d.Compact(t.Context()); !errors.Is(err, ErrDamaged) {
			t.Errorf("Compact: %v", err)
		}
		unchanged(t, dir, bad)
	}
	return missing
}

func unchanged(t *testing.T, dir string, want []byte) {
	t.Helper()
	now, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil || !bytes.Equal(now, want) {
		t.Errorf("the damaged file was changed (%v)", err)
	}
}

// mend repairs the store and compares it with what was in it. It reports whether anything was found.
func mend(t *testing.T, dir string, bad []byte, want map[store.Ref]string) bool {
	t.Helper()
	d, err := Diagnose(t.Context(), dir, Options{Version: "1"})
	if err != nil {
		if !errors.Is(err, errOther) {
			t.Errorf("the diagnosis failed: %v", err)
		}
		unchanged(t, dir, bad)
		return true
	}
	defer d.Close()
	found := d.Damage()
	if len(found) == 0 {
		if plan := d.Plan(); len(plan) != 0 {
			t.Errorf("nothing is wrong, and it would %q", plan)
		}
		return false
	}
	t.Logf("%s\n%s", strings.Join(found, "\n"), strings.Join(d.Plan(), "\n"))
	if _, err := d.Repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	kept, _ := filepath.Glob(filepath.Join(dir, File+damagedEnding+"*"))
	if len(kept) != 1 {
		t.Fatalf("kept are %q", kept)
	}
	if b, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(b, bad) {
		t.Errorf("the original is not as it was (%v)", err)
	}
	s := open(t, dir, Options{Version: "1"})
	if err := s.Check(t.Context()); err != nil {
		t.Fatalf("after the repair: %v", err)
	}
	got := rowTexts(t, s)
	for ref, row := range got {
		if row != want[ref] {
			t.Errorf("%v is now\n%s\nand was\n%s", ref, row, want[ref])
		}
	}
	lost := 0
	for _, t := range d.tallies {
		lost += t.lost
		if t.gaps > 0 {
			lost += len(want)
		}
	}
	if n := len(want) - len(got); n > lost {
		t.Errorf("%d records are gone, told were %d", n, lost)
	}
	if c, err := s.Cursor(t.Context(), "crm", "touches"); err != nil || c != "" && len(got) < len(want)-lostStatuses(got, want) {
		t.Errorf("records are gone and the cursor stands at %q (%v): they never come back", c, err)
	}
	storetest.Apply(t, s, deals("x:1"))
	return true
}

// lostStatuses counts what no source brings and nobody misses.
func lostStatuses(got, want map[store.Ref]string) (n int) {
	for ref := range want {
		if _, ok := got[ref]; !ok && (ref.Entity == store.EntityStatus || ref.Entity == store.EntityIssue) {
			n++
		}
	}
	return n
}
