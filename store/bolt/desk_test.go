package bolt

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// openDesk opens the desk in dir and closes it at the end of the test.
func openDesk(t testing.TB, dir string, o Options) *Desk {
	t.Helper()
	d, err := OpenDesk(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestDesk(t *testing.T) {
	storetest.DeskSuite(t, func(t *testing.T, now func() time.Time) store.Desk {
		return openDesk(t, t.TempDir(), Options{Now: now})
	})
}

func decide(t testing.TB, d store.Journal, ds ...store.Decision) {
	t.Helper()
	if _, err := d.Decide(t.Context(), ds); err != nil {
		t.Fatal(err)
	}
}

// rawDesk changes the closed file behind our back.
func rawDesk(t *testing.T, dir string, fn func(tx *bbolt.Tx) error) {
	t.Helper()
	b, err := bbolt.Open(filepath.Join(dir, DeskFile), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Update(fn), b.Close()); err != nil {
		t.Fatal(err)
	}
}

// Whatever is done to an entry behind our back is found.
func TestDesk_TamperingIsFound(t *testing.T) {
	for name, tamper := range map[string]func(tx *bbolt.Tx) error{
		"changed": func(tx *bbolt.Tx) error {
			v := append([]byte(nil), tx.Bucket(bucketJournal).Get(seqKey(2))...)
			return tx.Bucket(bucketJournal).Put(seqKey(2), []byte(strings.Replace(string(v), "ann", "bob", 1)))
		},
		"rewritten with its own hash": func(tx *bbolt.Tx) error {
			v := append([]byte(nil), tx.Bucket(bucketJournal).Get(seqKey(2))...)
			first := tx.Bucket(bucketJournal).Get(seqKey(1))
			v = []byte(strings.Replace(string(v), "ann", "bob", 1))
			h := chain([32]byte(first[:32]), 2, v[32:])
			copy(v, h[:])
			return tx.Bucket(bucketJournal).Put(seqKey(2), v)
		},
		"taken away": func(tx *bbolt.Tx) error { return tx.Bucket(bucketJournal).Delete(seqKey(2)) },
		"first away": func(tx *bbolt.Tx) error { return tx.Bucket(bucketJournal).Delete(seqKey(1)) },
		"last away":  func(tx *bbolt.Tx) error { return tx.Bucket(bucketJournal).Delete(seqKey(3)) },
		"slot away": func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketSlot).Delete(slotKey(storetest.Snooze("x:2", 0).Slot))
		},
		"slot earlier": func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketSlot).Put(slotKey(storetest.Snooze("x:1", 0).Slot), seqKey(1))
		},
		"rules changed": func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketRule).Put(seqKey(1), encode(&coder{}, &store.RuleVersion{Text: "b", Hash: hashOf("b")}, ruleVersion).value)
		},
		"message damaged": func(tx *bbolt.Tx) error { return tx.Bucket(bucketMessage).Put(seqKey(1), []byte{1, 2}) },
		"generation":      func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyGeneration, []byte("another")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := openDesk(t, dir, Options{})
			decide(t, d, storetest.Snooze("x:1", 20600), storetest.Snooze("x:1", 20610))
			if _, err := d.KeepRules(t.Context(), store.RuleVersion{Name: "ann", Text: "a"}); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Post(t.Context(), storetest.Message("a")); err != nil {
				t.Fatal(err)
			}
			if name == "slot away" {
				decide(t, d, storetest.Snooze("x:2", 20600))
			}
			if head, err := d.Verify(t.Context()); err != nil || head.Seq < 3 {
				t.Fatalf("%+v, %v", head, err)
			}
			_ = d.Close()
			rawDesk(t, dir, tamper)
			if _, err := openDesk(t, dir, Options{ReadOnly: true}).Verify(t.Context()); err == nil {
				t.Error("not found")
			}
		})
	}
}

// Who rewrites everything from an entry on makes a whole chain, and another head.
func TestDesk_HeadTellsARewrittenJournal(t *testing.T) {
	dir := t.TempDir()
	d := openDesk(t, dir, Options{})
	decide(t, d, storetest.Snooze("x:1", 20600))
	head, err := d.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	rawDesk(t, dir, func(tx *bbolt.Tx) error {
		meta, journal := tx.Bucket(bucketMeta), tx.Bucket(bucketJournal)
		value := []byte(strings.Replace(string(journal.Get(seqKey(1))[32:]), "ann", "bob", 1))
		if err := meta.Delete(keyHead); err != nil {
			return err
		}
		h := chain(headOf(meta), 1, value)
		return errors.Join(journal.Put(seqKey(1), append(h[:], value...)), meta.Put(keyHead, h[:]))
	})
	again, err := openDesk(t, dir, Options{}).Verify(t.Context())
	if err != nil || again.Seq != head.Seq || again.Hash == head.Hash {
		t.Fatalf("%+v, %v", again, err)
	}
	if _, err := hex.DecodeString(again.Hash); err != nil {
		t.Fatal(err)
	}
}

func TestDesk_OpensAgain(t *testing.T) {
	dir := t.TempDir()
	d := openDesk(t, dir, Options{Version: "1"})
	decide(t, d, storetest.Snooze("x:1", 20600))
	want := storetest.Decisions(t, d)
	if _, err := OpenDesk(dir, Options{}); err == nil {
		t.Fatal("opened twice")
	} else if locked := (*store.LockedError)(nil); !errors.As(err, &locked) || filepath.Base(locked.Path) != DeskFile {
		t.Fatal(err)
	}
	_ = d.Close()
	if info, err := os.Stat(filepath.Join(dir, DeskFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	ro := openDesk(t, dir, Options{ReadOnly: true})
	if got := storetest.Decisions(t, ro); len(got) != 1 || !got[0].After.Equal(want[0].After) {
		t.Fatalf("%+v", got)
	}
	if _, err := ro.Decide(t.Context(), []store.Decision{storetest.Snooze("x:1", 1)}); err == nil {
		t.Fatal("written to a file that is open for reading")
	}
	_ = ro.Close()
	d = openDesk(t, dir, Options{Version: "2"})
	decide(t, d, storetest.Snooze("x:1", 20601))
	if got := storetest.Decisions(t, d); len(got) != 2 || got[1].Before.Until != 20600 {
		t.Fatalf("%+v", got)
	}
}

func TestDesk_RefusesWhatItDoesNotKnow(t *testing.T) {
	t.Run("missing", func(t *testing.T) {
		if _, err := OpenDesk(t.TempDir(), Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	})
	for name, write := range map[string]func(t *testing.T, dir string){
		"newer": func(t *testing.T, dir string) {
			_ = openDesk(t, dir, Options{Version: "1"}).Close()
			rawDesk(t, dir, func(tx *bbolt.Tx) error {
				return tx.Bucket(bucketMeta).Put(keySchema, []byte(fmt.Sprint(deskSchema+1)))
			})
		},
		"crm.db": func(t *testing.T, dir string) {
			_ = open(t, dir, Options{}).Close()
			if err := os.Rename(filepath.Join(dir, File), filepath.Join(dir, DeskFile)); err != nil {
				t.Fatal(err)
			}
		},
		"text": func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, DeskFile), []byte(strings.Repeat("notes\n", 9000)), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir)
			before, err := os.ReadFile(filepath.Join(dir, DeskFile))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := OpenDesk(dir, Options{}); err == nil || !strings.Contains(err.Error(), DeskFile) || !strings.Contains(err.Error(), "nothing was changed") {
				t.Fatal(err)
			}
			if after, err := os.ReadFile(filepath.Join(dir, DeskFile)); err != nil || string(after) != string(before) {
				t.Fatalf("the file was touched, %v", err)
			}
		})
	}
}

func TestDesk_Backup(t *testing.T) {
	d := openDesk(t, t.TempDir(), Options{})
	decide(t, d, storetest.Snooze("x:1", 20600))
	dir := t.TempDir()
	if err := d.Backup(filepath.Join(dir, DeskFile)); err != nil {
		t.Fatal(err)
	}
	decide(t, d, storetest.Snooze("x:1", 20601))
	if err := d.Backup(d.path); err == nil {
		t.Fatal("backed up onto itself")
	}
	copied := openDesk(t, dir, Options{})
	if got := storetest.Decisions(t, copied); len(got) != 1 {
		t.Fatalf("%d decisions in the copy", len(got))
	}
	if _, err := copied.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Messages beyond the limit go, the oldest first, unless they wait; their keys stay.
func TestDesk_OldMessagesGo(t *testing.T) {
	d := openDesk(t, t.TempDir(), Options{})
	ms := make([]store.Message, maxMessages)
	for i := range ms {
		ms[i] = storetest.Message(fmt.Sprint(i))
	}
	if n, err := d.Post(t.Context(), ms...); n != maxMessages || err != nil {
		t.Fatal(n, err)
	}
	for _, seq := range []uint64{1, 3} {
		if err := d.Record(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
	}
	more := []store.Message{storetest.Message("x"), storetest.Message("y"), storetest.Message("0")}
	if n, err := d.Post(t.Context(), more...); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	all := storetest.Messages(t, d)
	if len(all) != maxMessages+1 && len(all) != maxMessages || all[0].Seq != 2 {
		t.Fatalf("%d messages from %d on", len(all), all[0].Seq)
	}
}

// BenchmarkDecide_WhileSyncing guards a key press that writes while crm.db takes a first load in: it must not wait for it.
func BenchmarkDecide_WhileSyncing(b *testing.B) {
	dir := b.TempDir()
	db, d := open(b, dir, Options{}), openDesk(b, dir, Options{})
	measure := func(b *testing.B) {
		for b.Loop() {
			decide(b, d, storetest.Snooze("x:1", 20600))
		}
	}
	b.Run("alone", measure)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			var r store.Records
			for i := range 10_000 {
				r.Touches = append(r.Touches, storetest.Touch(store.MakeID("a", fmt.Sprint(n, "-", i))))
			}
			if _, err := db.Apply(b.Context(), storetest.Batch("a", "touches", "", r)); err != nil {
				b.Error(err)
				return
			}
		}
	}()
	b.Run("while syncing", measure)
	close(stop)
	<-done
}
