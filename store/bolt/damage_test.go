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

// whatWas is what a store told when it was whole, and before its last commit, which is all that is left when what that commit wrote last is damaged.
type whatWas struct {
	now, before map[store.Ref]string
	tx          uint64 // bbolt's number of that commit
}

// newestTx returns the newest commit that one of the file's beginnings tells of.
func newestTx(file []byte) (tx uint64) {
	metas, errs := readMetas(bytes.NewReader(file))
	for i, m := range metas {
		if errs[i] == nil {
			tx = max(tx, m.tx)
		}
	}
	return tx
}

// bulky fills a folder with a store of some hundred pages and returns what is in it and the file's bytes.
func bulky(t testing.TB, rng *rand.Rand) (was whatWas, file []byte) {
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
	was.before = rowTexts(t, d)
	storetest.Apply(t, d, storetest.RandomBatch(rng, 200))
	was.now = rowTexts(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	was.tx = newestTx(file)
	return was, file
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
	for round := 0; round < rounds || served == 0 && round < 10*rounds; round++ { // most pages are free: a few rounds may hit nothing else
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
	t.Logf("%d damages at least: %d times the file was refused, %d times the rest was served, %d times nothing in use was hit", rounds, refused, served, silent)
	if served == 0 {
		t.Error("no damage was ever served around: the test showed nothing")
	}
}

// serve opens the damaged store, compares what it gives with what was in it, and returns how many records are missing; -1 when it is refused.
func serve(t *testing.T, dir string, bad []byte, was whatWas) int {
	t.Helper()
	want, told := was.now, ""
	if newestTx(bad) < was.tx {
		want = was.before
	}
	d, err := Open(dir, Options{Version: "1", Tell: func(s string) { told += s }})
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
	if !strings.Contains(told, "the last commit is gone") && newestTx(bad) < was.tx {
		t.Errorf("the last commit is gone, and the start says %q", told)
	}
	failed := 0
	for ref, row := range got {
		if ref.Entity == store.EntityStatus && strings.HasPrefix(string(ref.ID), File+":") {
			failed++
			delete(got, ref)
		} else if row != want[ref] {
			t.Errorf("%v is served as\n%s\nand was\n%s", ref, row, want[ref])
		}
	}
	missing := len(want) - len(got)
	if missing > 0 && (failed == 0 || len(d.Damage()) == 0) {
		t.Errorf("%d records are missing, told are %d, damage %v", missing, failed, d.Damage())
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
func mend(t *testing.T, dir string, bad []byte, was whatWas) bool {
	t.Helper()
	want := was.now
	if newestTx(bad) < was.tx {
		want = was.before
	}
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
	if strings.Contains(found[0], "the state before the last commit is whole") {
		want = was.before
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

// spoilNewest flips a bit of the beginning that the last commit wrote.
func spoilNewest(t *testing.T, path string) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, errs := readMetas(bytes.NewReader(file))
	if errs[0] != nil || errs[1] != nil {
		t.Fatal(errs)
	}
	at := int64(pageHead + 50)
	if m[1].tx > m[0].tx {
		at += m[0].pageSize
	}
	flip(t, path, at)
}

// What stood before the last commit is there, cursor and all; the start says so until the next commit has written the other beginning.
func TestDamage_NewerBeginning(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, Options{})
	storetest.Apply(t, d, deals("a:1", "a:2"))
	b := deals("a:3")
	b.Next = "last"
	storetest.Apply(t, d, b)
	_ = d.Close()
	spoilNewest(t, filepath.Join(dir, File))
	g, err := Diagnose(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(g.Notes(), ""); len(g.Damage()) > 0 || !strings.Contains(notes, "the last commit is gone") {
		t.Errorf("doctor finds %q and notes %q", g.Damage(), notes)
	}
	_ = g.Close()
	told := ""
	o := Options{Tell: func(s string) { told += s }}
	d = open(t, dir, o)
	if !strings.Contains(told, File+" cannot be read (its checksum is wrong)") || !strings.Contains(told, "the sources are asked again") {
		t.Errorf("told is %q", told)
	}
	if all, _ := storetest.All(t, d); len(all.Deals) != 2 {
		t.Errorf("%d deals", len(all.Deals))
	}
	if c, err := d.Cursor(t.Context(), "a", "deals"); err != nil || c != "next" {
		t.Errorf("the cursor stands at %q, %v", c, err)
	}
	storetest.Apply(t, d, b)
	_ = d.Close()
	told = ""
	if all, _ := storetest.All(t, open(t, dir, o)); len(all.Deals) != 3 || told != "" {
		t.Errorf("%d deals, told is %q", len(all.Deals), told)
	}
}

func TestDesk_NewerBeginning(t *testing.T) {
	dir := t.TempDir()
	d := openDesk(t, dir, Options{})
	if err := d.Mark(t.Context(), store.Mark{Person: "王强", Name: "looked", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	spoilNewest(t, filepath.Join(dir, DeskFile))
	told := ""
	openDesk(t, dir, Options{Tell: func(s string) { told += s }})
	if !strings.Contains(told, DeskFile+" cannot be read") || !strings.Contains(told, "the head that doctor prints") {
		t.Errorf("told is %q", told)
	}
}

// Of a file of which the end is missing, and with it all that says where anything begins, every record that is there is saved; of several versions, one. The chunks,
// of which nobody knows any more which are in use, are kept.
func TestDamage_Truncated(t *testing.T) {
	rng := storetest.Rand(t)
	was, file := bulky(t, rng)
	metas, _ := readMetas(bytes.NewReader(file))
	used := int(metas[0].end) * int(metas[0].pageSize)
	for _, percent := range []int{90, 60, 30} {
		t.Run(fmt.Sprint(percent), func(t *testing.T) {
			dir := t.TempDir()
			path, chunk := filepath.Join(dir, File), filepath.Join(dir, Folder, "00000001-00000.chunk")
			bad := file[:used/100*percent]
			if err := errors.Join(os.Mkdir(filepath.Dir(chunk), 0o700), os.WriteFile(chunk, []byte("x"), 0o600), os.WriteFile(path, bad, 0o600)); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir, Options{Version: "1"}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "its end") {
				t.Errorf("opened: %v", err)
			}
			unchanged(t, dir, bad)
			g, err := Diagnose(t.Context(), dir, Options{Version: "1"})
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			plan := strings.Join(g.Plan(), "\n")
			t.Logf("%s\n%s", strings.Join(g.Damage(), "\n"), plan)
			for _, want := range []string{"keep the chunks", "forget how far the sources were read"} {
				if !strings.Contains(plan, want) {
					t.Errorf("the plan does not say %q", want)
				}
			}
			if _, err := g.Repair(t.Context()); err != nil {
				t.Fatal(err)
			}
			_ = g.Close()
			for _, pattern := range []string{File, Folder} {
				if kept, _ := filepath.Glob(filepath.Join(dir, pattern+damagedEnding+"*")); len(kept) != 1 {
					t.Errorf("kept of %s are %q", pattern, kept)
				}
			}
			s := open(t, dir, Options{Version: "1"})
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			// What was written once is as it was; of what was written again, an older version may be there.
			saved, there := 0, 0
			for ref, row := range rowTexts(t, s) {
				if old := was.now[ref]; strings.HasPrefix(string(ref.ID), "crm:") {
					if saved++; row != old {
						t.Errorf("%v is now\n%s\nand was\n%s", ref, row, old)
					}
				}
			}
			for ref := range was.now {
				if strings.HasPrefix(string(ref.ID), "crm:") {
					there++
				}
			}
			t.Logf("%d of %d saved", saved, there)
			if saved*100 < there*(percent-30) {
				t.Errorf("of %d only %d are saved from %d %% of the file", there, saved, percent)
			}
			storetest.Apply(t, s, deals("x:1"))
		})
	}
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
