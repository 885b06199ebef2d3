package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/store/bolt"
)

// While another process holds the store, that one gives the copies and does the compaction, and goes on afterwards.
func TestBackup_OfAStoreInUse(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "f.yaml")
	text := "store: {dir: s}\nsources: [{id: f, kind: table, dir: ., settle: -1s, files: [{file: a.csv, rows: [{entity: person, fields: {id: id, name: name}}]}]}]\n"
	for name, s := range map[string]string{"f.yaml": text, "a.csv": "id,name\n1,李雷\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"sync", "--config", conf}, strings.NewReader(""), io.Discard, io.Discard, nil)
	}()
	defer func() {
		interrupt()
		if status := <-ended; status != 0 {
			t.Errorf("the holder ended with %d", status)
		}
	}()
	people := func(args ...string) string {
		_, out, errs := call(t, append([]string{"sources", "--csv"}, args...)...)
		return out + errs
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(people("--config", conf), "f,table,people,idle"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the process that syncs does not answer")
		}
	}
	to := filepath.Join(dir, "kept")
	if status, out, errs := call(t, "backup", to, "--config", conf); status != 0 || strings.Count(out, " MB\n") != 2 {
		t.Fatalf("backup: %d %s%s", status, out, errs)
	}
	if files, _ := filepath.Glob(filepath.Join(to, "*")); len(files) != 2 {
		t.Errorf("in the backup: %q", files)
	}
	if got := people("--store", to); !strings.Contains(got, "f,table,people,idle") {
		t.Errorf("the backup answers %s", got)
	}
	if status, out, errs := call(t, "compact", "--config", conf); status != 0 || !strings.Contains(out, "MB became") {
		t.Errorf("compact: %d %s%s", status, out, errs)
	}
	if got := people("--config", conf); !strings.Contains(got, "f,table,people,idle") {
		t.Errorf("after the compaction the holder answers %s", got)
	}
	if _, err := bolt.Open(filepath.Join(dir, "s"), bolt.Options{}); err == nil {
		t.Error("the compacted file is not held")
	}
	if status, _, errs := call(t, "doctor", "--repair", "--config", conf); status != exitFailed || !strings.Contains(errs, "held by process") {
		t.Errorf("repair: %d %s", status, errs)
	}
}

// Only the store's own user, on this machine, may have the files or have them compacted: a viewer from elsewhere sees no such command.
func TestBackup_NotForViewers(t *testing.T) {
	for _, command := range []string{"backup", "compact"} {
		in := &invocation{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, owner: &owner{}}
		if status := in.run(t.Context(), []string{command, bolt.File}); status != exitUsage {
			t.Errorf("%s: %d", command, status)
		}
	}
}
