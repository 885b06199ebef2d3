package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/bbolt"

	"flightdeck/store/bolt"
)

// atExit is done when all tests are.
var atExit []func()

type tests struct{ *testing.M }

func (t tests) Run() int {
	status := t.M.Run()
	for _, fn := range atExit {
		fn()
	}
	return status
}

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"flightdeck": main})
}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/.config")
			env.Setenv("XDG_DATA_HOME", env.WorkDir+"/.data")
			env.Setenv("LANG", "C.UTF-8")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":    exits,
			"damage":   damage,
			"truncate": truncate,
			"newer":    newer,
			"hold":     hold,
		},
	})
}

// exits N ARGS… runs flightdeck and wants exit status N.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("flightdeck", args[1:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// newer DIR makes the store look like a later version's.
func newer(ts *testscript.TestScript, _ bool, args []string) {
	db, err := bbolt.Open(ts.MkAbs(args[0])+"/"+bolt.File, 0o600, nil)
	ts.Check(err)
	ts.Check(db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte("99")) }))
	ts.Check(db.Close())
}

// hold DIR keeps the store open until the script ends, as another process would.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	db, err := bolt.Open(dir, bolt.Options{Version: "test"})
	ts.Check(err)
	ts.Defer(func() { _ = db.Close() })
}

// damage DIR TEXT writes rubbish over the store's pages where TEXT stands, up to the text itself: what a bad disk does.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0]) + "/" + bolt.File
	b, err := os.ReadFile(path)
	ts.Check(err)
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(args[1]))
		if i < 0 {
			break
		}
		at += i
		copy(b[at-24:at], bytes.Repeat([]byte{0xff}, 24))
		at += len(args[1])
	}
	ts.Check(os.WriteFile(path, b, 0o600))
}

// truncate DIR N leaves the first N bytes of the store's file.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0])+"/"+bolt.File, n))
}
