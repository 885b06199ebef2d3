package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"flightdeck/store"
)

// FolderStore is a store that keeps chunks.
type FolderStore interface {
	Store
	store.Folder
}

// FolderSuite is the contract of Folder. open gives an empty store that keeps [LogLimit] entries of its change log, between three and eight times as many small ones
// for the sake of its chunks, and that ends with t.
func FolderSuite(t *testing.T, open func(t *testing.T) FolderStore) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, FolderStore)
	}{
		{"NoChunks", testNoChunks}, {"Fold", testFold}, {"SameChunksStay", testFoldSame}, {"FoldRefuses", testFoldRefuses},
		{"LogIsKeptForTheChunks", testFoldLog}, {"FoldCancelled", testFoldCancelled},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open(t)) })
	}
}

// Chunk is a chunk of the given content, in one piece.
func Chunk(name, content string) store.Chunk {
	return store.Chunk{Name: name, Data: [][]byte{[]byte(content)}}
}

// Fold puts chunks in place or ends the test.
func Fold(t testing.TB, s store.Folder, rev store.Rev, format string, c ...store.Chunk) {
	t.Helper()
	if err := s.Fold(context.Background(), store.Fold{Rev: rev, Format: format, Chunks: c}); err != nil {
		t.Fatal(err)
	}
}

// Chunks opens and checks the newest set and returns its content as NAME=CONTENT, or ends the test.
func Chunks(t testing.TB, s store.Folder, format string) (out []string) {
	t.Helper()
	c, err := s.Chunks(context.Background(), format)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Names() {
		b, err := c.Bytes(name)
		if err := errors.Join(err, c.Check(name)); err != nil {
			t.Fatal(err)
		}
		if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%64 != 0 {
			t.Fatalf("chunk %q begins at %p, want a multiple of 64", name, unsafe.SliceData(b))
		}
		out = append(out, name+"="+string(b))
	}
	return out
}

func testNoChunks(t *testing.T, s FolderStore) {
	if c, err := s.Chunks(context.Background(), "v1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("%v, %v; want ErrNotFound", c, err)
	}
}

func testFold(t *testing.T, s FolderStore) {
	fill(t, s, 3, 2)
	long := bytes.Repeat([]byte("0123456789"), 50_000)
	Fold(t, s, 2, "v1", store.Chunk{Name: "touch/2026-03 行", Data: [][]byte{[]byte("one"), nil, []byte("two")}}, store.Chunk{Name: "empty"},
		store.Chunk{Name: "long", Make: func() [][]byte { return [][]byte{long, long} }}, Chunk("../a/b\\c", "x"))
	want := []string{"touch/2026-03 行=onetwo", "empty=", "long=" + string(long) + string(long), "../a/b\\c=x"}
	if got := Chunks(t, s, "v1"); !slices.Equal(got, want) {
		t.Fatalf("%.100q", got)
	}
	c, err := s.Chunks(context.Background(), "v1")
	if err != nil || c.Rev() != 2 {
		t.Fatalf("rev %d, %v", c.Rev(), err)
	}
	for _, err := range []error{c.Check("nothing"), func() error { _, err := c.Bytes("nothing"); return err }()} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("a chunk that is none: %v, want ErrNotFound", err)
		}
	}
	if _, err := s.Chunks(context.Background(), "v2"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("another format: %v, want ErrNotFound", err)
	}
	_, rev := All(t, s)
	equal(t, "rev of the store", rev, store.Rev(3))

	held, err := c.Bytes("long")
	if err != nil {
		t.Fatal(err)
	}
	Fold(t, s, 3, "v2", Chunk("long", "short"))
	if !bytes.Equal(held[len(long):], long) {
		t.Fatal("the bytes of a chunk changed when it was replaced")
	}
	if got := Chunks(t, s, "v2"); !slices.Equal(got, []string{"long=short"}) {
		t.Fatalf("%q", got)
	}
	if _, err := s.Chunks(context.Background(), "v1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("the format before: %v, want ErrNotFound", err)
	}
	Fold(t, s, 3, "v2") // a set of nothing
	equal(t, "chunks", Chunks(t, s, "v2"), []string(nil))
}

func testFoldSame(t *testing.T, s FolderStore) {
	fill(t, s, 3, 1)
	Fold(t, s, 1, "v1", Chunk("a", "1"), Chunk("b", "1"), Chunk("c", "1"))
	old, err := s.Chunks(context.Background(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	same := func(name string) store.Chunk { return store.Chunk{Name: name, Same: true} }
	Fold(t, s, 2, "v1", same("c"), Chunk("b", "2"), Chunk("d", "2"), store.Chunk{Name: "a", Same: true, Data: [][]byte{[]byte("ignored")}})
	equal(t, "chunks", Chunks(t, s, "v1"), []string{"c=1", "b=2", "d=2", "a=1"})
	Fold(t, s, 3, "v1", same("a"), same("d"))
	equal(t, "chunks", Chunks(t, s, "v1"), []string{"a=1", "d=2"})
	if b, err := old.Bytes("a"); err != nil || string(b) != "1" { // its file is still there
		t.Fatalf("%q, %v", b, err)
	}
	if b, err := old.Bytes("b"); err == nil && string(b) != "1" { // gone by now, or as it was
		t.Fatalf("a replaced chunk of an old set reads %q", b)
	}
}

func testFoldRefuses(t *testing.T, s FolderStore) {
	fill(t, s, 3, 1)
	Fold(t, s, 2, "v1", Chunk("a", "1"))
	for name, f := range map[string]store.Fold{
		"a revision to come":         {Rev: 4, Format: "v1", Chunks: []store.Chunk{Chunk("a", "2")}},
		"an earlier revision":        {Rev: 1, Format: "v1", Chunks: []store.Chunk{Chunk("a", "2")}},
		"the same name twice":        {Rev: 2, Format: "v1", Chunks: []store.Chunk{Chunk("a", "2"), Chunk("b", "2"), Chunk("a", "2")}},
		"no name":                    {Rev: 2, Format: "v1", Chunks: []store.Chunk{Chunk("", "2")}},
		"the same of nothing":        {Rev: 2, Format: "v1", Chunks: []store.Chunk{Chunk("a", "2"), {Name: "b", Same: true}}},
		"the same of another format": {Rev: 3, Format: "v2", Chunks: []store.Chunk{{Name: "a", Same: true}}},
	} {
		if err := s.Fold(context.Background(), f); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := Chunks(t, s, "v1"); !slices.Equal(got, []string{"a=1"}) {
			t.Fatalf("%s: the chunks are now %q", name, got)
		}
	}
}

func testFoldLog(t *testing.T, s FolderStore) {
	fill(t, s, 5, 1)
	Fold(t, s, 4, "v1", Chunk("a", "1"))
	const n = 40
	fill(t, s, 25, n)
	if deltas, err := Since(s, 4); err != nil || len(deltas) != 21 {
		t.Fatalf("since the chunks' revision: %d deltas, %v; the log was not kept for them", len(deltas), err)
	}
	Fold(t, s, 24, "v1", Chunk("a", "2"))
	for rev := store.Rev(26); ; rev++ {
		if rev > 300 {
			t.Fatal("the log is never trimmed once there are chunks")
		}
		fill(t, s, rev, n)
		_, err := Since(s, 24)
		if _, cerr := s.Chunks(context.Background(), "v1"); (err == nil) != (cerr == nil) {
			t.Fatalf("at %d: since 24: %v, but chunks: %v; chunks that the log does not reach are of no use", rev, err, cerr)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, store.ErrTrimmed) || int(rev-24)*n < 3*LogLimit {
			t.Fatalf("at %d: %v", rev, err)
		}
		break
	}
	if err := s.Fold(context.Background(), store.Fold{Rev: 24, Format: "v1"}); !errors.Is(err, store.ErrTrimmed) {
		t.Fatalf("a fold of a state that the log does not reach: %v", err)
	}
	_, rev := All(t, s)
	Fold(t, s, rev, "v1", Chunk("a", fmt.Sprint(rev)))
	Chunks(t, s, "v1")
}

func testFoldCancelled(t *testing.T, s FolderStore) {
	fill(t, s, 2, 1)
	Fold(t, s, 1, "v1", Chunk("a", "1"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Fold(ctx, store.Fold{Rev: 2, Format: "v1", Chunks: []store.Chunk{Chunk("a", "2")}}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Fold: %v", err)
	}
	if _, err := s.Chunks(ctx, "v1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("Chunks: %v", err)
	}
	equal(t, "chunks", Chunks(t, s, "v1"), []string{"a=1"})
}
