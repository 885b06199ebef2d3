package bolt

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// The test binary plays the process that is killed when this names a folder.
const crashDir = "FLIGHTDECK_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		write := crashWriter
		if os.Getenv("FLIGHTDECK_CRASH_DESK") != "" {
			write = crashDesk
		}
		if err := write(dir, os.Getenv("FLIGHTDECK_CRASH_SEED")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crashBatch is the n-th batch of a run: it depends on nothing else, so that the parent knows what must be in the file.
func crashBatch(seed uint64, n int) *store.Batch {
	b := storetest.RandomBatch(rand.New(rand.NewPCG(seed, uint64(n))), 60)
	b.Source, b.Stream, b.Next, b.ClearIssues = "a", "crash", store.Cursor(strconv.Itoa(n)), n%5 == 0
	return b
}

// crashWriter goes on where the cursor stands and says each batch's number once it is committed, until it is killed.
func crashWriter(dir, seedText string) error {
	seed, err := strconv.ParseUint(seedText, 10, 64)
	if err != nil {
		return err
	}
	d, err := Open(dir, Options{Log: storetest.LogLimit})
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
		if _, err := d.Apply(ctx, crashBatch(seed, n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestCrash_KillNine kills a writer at random moments: what it acknowledged is there, the rows are those of the cursor, the file is sound.
func TestCrash_KillNine(t *testing.T) {
	rounds := 10
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
	rng := storetest.Rand(t)
	seed := rng.Uint64()
	dir, model := t.TempDir(), storetest.NewMemory()
	applied := 0
	for round := range rounds {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), crashDir+"="+dir, fmt.Sprintf("FLIGHTDECK_CRASH_SEED=%d", seed))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(rng.IntN(150_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		acknowledged := applied
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				kill.Stop()
				_ = cmd.Process.Kill()
				t.Fatalf("round %d: the writer said %q", round, lines.Text())
			}
			acknowledged = n
		}
		_ = cmd.Wait() // killed

		d := open(t, dir, Options{Log: storetest.LogLimit})
		c, err := d.Cursor(context.Background(), "a", "crash")
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(string(c))
		if n < acknowledged || n > acknowledged+1 {
			t.Fatalf("round %d: the cursor stands at %d, acknowledged were %d", round, n, acknowledged)
		}
		for ; applied < n; applied++ {
			storetest.Apply(t, model, crashBatch(seed, applied+1))
		}
		compare(t, d, model)
		if err := d.Check(context.Background()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d batches over %d kills", applied, rounds)
	if applied == 0 {
		t.Error("no batch was ever applied: the test showed nothing")
	}
}
