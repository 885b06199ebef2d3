package bolt

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// crashDesk enters decisions, each with a message, and says each one's number once it is entered, until it is killed.
func crashDesk(dir, _ string) error {
	d, err := OpenDesk(dir, Options{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	var n uint64
	if err := d.Decisions(ctx, 0, func(v store.Decision) error { n = v.Seq; return nil }); err != nil {
		return err
	}
	for {
		n++
		if _, err := d.Decide(ctx, []store.Decision{storetest.Snooze("x:1", store.Day(n))}, storetest.Message(fmt.Sprint(n))); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestCrash_DeskKillNine kills the writer at random moments: what it acknowledged is there with its message, and the chain is whole.
func TestCrash_DeskKillNine(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	rng, dir, entered := storetest.Rand(t), t.TempDir(), 0
	for round := range 6 {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), crashDir+"="+dir, "FLIGHTDECK_CRASH_DESK=1")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(20_000+rng.IntN(120_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		acknowledged := entered
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

		d := openDesk(t, dir, Options{})
		head, err := d.Verify(t.Context())
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		entered = int(head.Seq)
		if entered < acknowledged || entered > acknowledged+1 {
			t.Fatalf("round %d: %d decisions, acknowledged were %d", round, entered, acknowledged)
		}
		if n := len(storetest.Messages(t, d)); n != entered {
			t.Fatalf("round %d: %d decisions with %d messages", round, entered, n)
		}
		_ = d.Close()
	}
	t.Logf("%d decisions over the kills", entered)
	if entered == 0 {
		t.Error("nothing was ever entered: the test showed nothing")
	}
}

// FuzzDecision: no bytes make the reader panic, and what it reads is written as it was.
func FuzzDecision(f *testing.F) {
	v := storetest.Snooze("x:1", 20600, func(v *store.Decision) { v.After.Tags, v.After.Figures = []string{"a"}, map[string]float64{"k": 0.5} })
	f.Add(encode(&coder{}, &v, decision).value)
	m := storetest.Message("a", func(m *store.Message) { m.Deliveries = []store.Delivery{{Notifier: "x", Tries: 2}} })
	f.Add(encode(&coder{}, &m, message).value)
	f.Fuzz(func(t *testing.T, b []byte) {
		var v store.Decision
		if decode(&coder{}, nil, b, &v, decision) == nil {
			var again store.Decision
			if err := decode(&coder{}, nil, encode(&coder{}, &v, decision).value, &again, decision); err != nil || !again.After.Equal(v.After) || again.Slot != v.Slot {
				t.Fatalf("%+v reads back as %+v, %v", v, again, err)
			}
		}
		var m store.Message
		_ = decode(&coder{}, nil, b, &m, message)
	})
}
