package bolt

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// The test binary plays the process that is killed when this names a folder.
const crashDir = "FLIGHTDECK_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		write := crashWriter
		switch {
		case os.Getenv("FLIGHTDECK_CRASH_DESK") != "":
			write = crashDesk
		case os.Getenv("FLIGHTDECK_CRASH_ROOM") != "":
			write = crampedWriter
		}
		if err := write(dir, os.Getenv("FLIGHTDECK_CRASH_SEED")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crashOptions keep a log that is longer than any of the batches with the changes that the store tracks of them, so that chunks stay of use after a commit: a longer
// one would empty the log.
var crashOptions = Options{Log: 5000}

// crashBatch is the n-th batch of a run: it depends on nothing else, so that the parent knows what must be in the file.
func crashBatch(seed uint64, n int) *store.Batch {
	b := storetest.RandomBatch(rand.New(rand.NewPCG(seed, uint64(n))), 60)
	b.Source, b.Stream, b.Next, b.ClearIssues = "a", "crash", store.Cursor(strconv.Itoa(n)), n%5 == 0
	return b
}

// crashFold is the set of chunks that is folded at a revision: some of some hundred KB, so that a kill finds them half-written.
func crashFold(seed uint64, rev store.Rev) store.Fold {
	f := store.Fold{Rev: rev, Format: "crash"}
	rng := rand.New(rand.NewPCG(seed, uint64(rev)<<20))
	for i := range 1 + rng.IntN(6) {
		f.Chunks = append(f.Chunks, storetest.Chunk(fmt.Sprint("c", i), strings.Repeat(fmt.Sprintf("%d/%d ", rev, i), 1+rng.IntN(40_000))))
	}
	return f
}

// crashWriter goes on where the cursor stands. It says what it begins with ~, and each batch's number and each fold's revision once they are durable, until it
// is killed.
func crashWriter(dir, seedText string) error {
	seed, err := strconv.ParseUint(seedText, 10, 64)
	if err != nil {
		return err
	}
	fmt.Println("~open")
	d, err := Open(dir, crashOptions)
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := d.Cursor(ctx, "a", "crash")
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(string(c))
	for {
		n++
		fmt.Println("~commit")
		rev, err := d.Apply(ctx, crashBatch(seed, n))
		if err != nil {
			return err
		}
		fmt.Println(n)
		switch n % 5 {
		case 2:
			fmt.Println("~fold")
			if err := d.Fold(ctx, crashFold(seed, rev)); err != nil {
				return err
			}
			fmt.Println("fold", rev)
		case 4:
			fmt.Println("~compact")
			if _, err := d.Compact(ctx); err != nil {
				return err
			}
		}
	}
}

// crash is one run of kills.
type crash struct {
	t      *testing.T
	rng    *rand.Rand
	seed   uint64
	dir    string
	model  *storetest.Memory
	n      int       // batches that are in the model
	folded store.Rev // the newest fold that was acknowledged; 0: none, or its log is gone

	kills map[string]int // by what was going on
}

// kill runs a writer until it is killed, a random while after it began something of a random kind, and returns the last batch that it acknowledged.
func (c *crash) kill(exe string) (acknowledged int) {
	c.t.Helper()
	at, within := "~open", 150*time.Millisecond
	switch c.rng.IntN(5) {
	case 1:
		at, within = "~commit", 4*time.Millisecond
	case 2:
		at, within = "~fold", 8*time.Millisecond
	case 3:
		at, within = "~compact", 8*time.Millisecond
	case 4:
		c.unmigrate()
		within = 4 * time.Millisecond
	}
	delay := time.Duration(c.rng.Int64N(int64(within)))
	skip := c.rng.IntN(3)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashDir+"="+c.dir, fmt.Sprintf("FLIGHTDECK_CRASH_SEED=%d", c.seed))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	acknowledged, doing := c.n, "start"
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		switch rev, isFold := strings.CutPrefix(line, "fold "); {
		case line[0] == '~':
			doing = line[1:]
			if line == at {
				if skip--; skip < 0 || at == "~open" {
					at = ""
					time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
				}
			}
			continue
		case isFold:
			n, err := strconv.ParseUint(rev, 10, 64)
			if err != nil {
				c.t.Fatal(err)
			}
			c.folded = store.Rev(n)
		default:
			if acknowledged, err = strconv.Atoi(line); err != nil {
				_ = cmd.Process.Kill()
				c.t.Fatalf("the writer said %q", line)
			}
		}
		doing = "between"
	}
	_ = cmd.Wait() // killed
	c.kills[doing]++
	return acknowledged
}

// unmigrate makes the store one of schema 1, so that the next start migrates it. Its log is of no use afterwards, nor are chunks that need it.
func (c *crash) unmigrate() {
	c.t.Helper()
	if c.n == 0 {
		return
	}
	raw(c.t, c.dir, func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, []byte("1")) })
	c.folded = 0
}

// check looks at what the kill left: first without writing anything, then as the next start does, which must repair nothing in silence.
func (c *crash) check(acknowledged int) {
	t, ctx := c.t, context.Background()
	t.Helper()
	path := filepath.Join(c.dir, File)
	before, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && acknowledged == 0 {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	look := func(d *DB) {
		t.Helper()
		cursor, err := d.Cursor(ctx, "a", "crash")
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(string(cursor))
		if n < acknowledged || n > acknowledged+1 {
			t.Fatalf("the cursor stands at %d, acknowledged were %d", n, acknowledged)
		}
		for ; c.n < n; c.n++ {
			storetest.Apply(t, c.model, crashBatch(c.seed, c.n+1))
		}
		compare(t, d, c.model)
		if err := d.Check(ctx); err != nil {
			t.Fatal(err)
		}
		c.chunks(d)
	}
	old := 0 // schema, when the kill came before the first transaction or the migration
	if b, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true}); err == nil {
		_ = b.View(func(tx *bbolt.Tx) error { old = schemaOf(tx); return nil })
		_ = b.Close()
	}
	if old > 0 {
		d := open(t, c.dir, Options{ReadOnly: true, Log: crashOptions.Log})
		look(d)
		_ = d.Close()
	}
	var told []string
	d := open(t, c.dir, Options{Log: crashOptions.Log, Tell: func(s string) { told = append(told, s) }})
	look(d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if old == schema && !bytes.Equal(before, after) {
		t.Fatalf("the start changed the file and said %q", told)
	}
	for _, s := range told {
		if !strings.Contains(s, "interrupted") {
			t.Fatalf("the start says %q", s)
		}
	}
	files, _ := filepath.Glob(filepath.Join(c.dir, "*"))
	files = slices.DeleteFunc(files, func(p string) bool { return filepath.Base(p) == Folder || p == path })
	if len(files) > 0 {
		t.Fatalf("left in the folder: %q", files)
	}
}

// chunks compares the newest set with what was folded.
func (c *crash) chunks(d *DB) {
	c.t.Helper()
	set, err := d.Chunks(context.Background(), "crash")
	if errors.Is(err, store.ErrNotFound) && c.folded == 0 {
		return
	}
	if err != nil {
		c.t.Fatalf("a fold at %d was acknowledged: %v", c.folded, err)
	}
	if set.Rev() < c.folded {
		c.t.Fatalf("the chunks tell revision %d, acknowledged was %d", set.Rev(), c.folded)
	}
	var want []string
	for _, chunk := range crashFold(c.seed, set.Rev()).Chunks {
		want = append(want, chunk.Name+"="+string(chunk.Data[0]))
	}
	if got := storetest.Chunks(c.t, d, "crash"); !slices.Equal(got, want) {
		c.t.Fatalf("the chunks of revision %d are %.200q", set.Rev(), got)
	}
	if !d.o.ReadOnly {
		if files := chunkFiles(c.t, c.dir); len(files) != len(want) {
			c.t.Fatalf("files of chunks: %q, want %d", files, len(want))
		}
	}
}

// TestCrash_KillNine kills a writer at random moments of commit, fold, compaction and migration: what it acknowledged is there, the rows are those of the cursor,
// the chunks are one whole set, and the start after it changes nothing but leftovers, of which it tells. FLIGHTDECK_CRASH_ROUNDS says how often; .ci/crash does it
// a thousand times.
func TestCrash_KillNine(t *testing.T) {
	rounds := 12
	if s := os.Getenv("FLIGHTDECK_CRASH_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("FLIGHTDECK_CRASH_ROUNDS: %v", err)
		}
		rounds = n
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &crash{t: t, rng: storetest.Rand(t), dir: t.TempDir(), model: storetest.NewMemory(), kills: map[string]int{}}
	c.seed = c.rng.Uint64()
	for round := range rounds {
		c.check(c.kill(exe))
		if (round+1)%100 == 0 {
			t.Logf("%d kills, %d batches, killed during %v", round+1, c.n, c.kills)
		}
	}
	t.Logf("%d batches over %d kills, killed during %v", c.n, rounds, c.kills)
	if c.n == 0 {
		t.Error("no batch was ever applied: the test showed nothing")
	}
}
