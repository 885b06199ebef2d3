package syncer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/source/rest"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

// The test binary plays the process that is killed when this names a store.
const killDir = "FLIGHTDECK_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := readOnce(dir, os.Getenv("FLIGHTDECK_KILL_URL")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const killToken = "canary-kill-4"

// readOnce is what the process does: the real source, syncer and store.
func readOnce(dir, url string) error {
	db, err := bolt.Open(dir, bolt.Options{})
	if err != nil {
		return err
	}
	src, err := rest.New(rest.Config{ID: "crm", Spec: "../source/rest/testdata/window.yaml", URL: url, Currency: "CNY", PageSize: 10, Streams: []string{"deals"},
		Credential: func() (string, error) { return killToken, nil }})
	if err != nil {
		return err
	}
	res := syncer.New(syncer.Options{Store: db, Sources: []syncer.Entry{{Source: src}}}).Once(context.Background())
	if err := db.Close(); err != nil {
		return err
	}
	return res[0].Err
}

func killServer(t *testing.T, n int) *sourcetest.Server {
	srv := sourcetest.NewServer(t, killToken)
	for _, id := range numbers(1, n) {
		srv.Put("deals", sourcetest.Row{"id": id, "name": "订单 " + id, "stage": "Prospecting", "amount": json.Number("10.50"), "close": "2026-05-01"})
	}
	return srv
}

func child(t *testing.T, dir, url string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), killDir+"="+dir, "FLIGHTDECK_KILL_URL="+url)
	return cmd
}

// held returns what the store has of the deals, and whether it stands somewhere.
func held(t *testing.T, dir string) (ids []string, cursor store.Cursor) {
	t.Helper()
	db, err := bolt.Open(dir, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if cursor, err = db.Cursor(t.Context(), "crm", "deals"); err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(s store.Snapshot) error {
		return s.IDs("crm", store.EntityDeal, func(id store.ID) error { ids = append(ids, id.Native()); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids, cursor
}

// kill -9 at every page boundary, where the next page was asked for and the one before is being committed or is, and at random moments around one, where a commit may be under
// way: the rows are always those of whole pages, together with the cursor that follows them; the next process goes on there, and in the end nothing is missing.
func TestKill_EveryPageBoundary(t *testing.T) {
	rnd := storetest.Rand(t)
	const rows, perPage = 60, 10
	want := numbers(1, rows)
	slices.Sort(want)
	pages := func(n int) int { // rows of the first n: each query begins with the row that the one before ended with
		if n <= 0 {
			return 0
		}
		return min(rows, perPage+(n-1)*(perPage-1))
	}
	for round := range 12 {
		boundary := 1 + round/2 // the request at which it dies
		inside := round%2 == 1
		srv, dir := killServer(t, rows), t.TempDir()
		if !inside {
			srv.Break(sourcetest.Fault{Kind: sourcetest.Hang, Page: boundary})
		}
		cmd := child(t, dir, srv.URL)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); len(srv.Requests()) < boundary; time.Sleep(100 * time.Microsecond) {
			if time.Now().After(deadline) {
				t.Fatal("the process asks nothing")
			}
		}
		if inside {
			time.Sleep(time.Duration(rnd.IntN(5000)) * time.Microsecond)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		srv.Heal()
		got, cursor := held(t, dir)
		asked := len(srv.Requests())
		switch {
		case !inside && len(got) > rows, !inside && boundary == 1 && len(got) != 0:
			t.Errorf("killed at request %d: %d rows", boundary, len(got))
		case !inside && boundary > 1 && len(got) != pages(boundary-1) && len(got) != pages(boundary-2):
			t.Errorf("killed at request %d: %d rows are stored", boundary, len(got))
		case (len(got) == 0) != (cursor == ""):
			t.Errorf("killed at request %d: %d rows, cursor %q", boundary, len(got), cursor)
		}
		if out, err := child(t, dir, srv.URL).CombinedOutput(); err != nil {
			t.Fatalf("the next process: %v\n%s", err, out)
		}
		first := srv.Requests()[asked]
		if begins := !strings.Contains(first, "since="); len(got) > 0 && begins {
			t.Errorf("killed at request %d with %d rows stored, the next process begins at nothing: %s", boundary, len(got), first)
		}
		if got, _ := held(t, dir); !slices.Equal(got, want) {
			t.Errorf("killed at request %d: %d of %d rows in the end", boundary, len(got), rows)
		}
	}
}
