package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// On a disk that is full, later read-only, what is stored is served, whoever writes is told what is wrong with which file and what to do, and doctor finds it.
func TestDisk_FullAndReadOnly(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no disk can be mounted here")
	}
	disk, dir := t.TempDir(), t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no disk can be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", disk).Run() })
	conf, crm := filepath.Join(dir, "f.yaml"), filepath.Join(disk, "s", "crm.db")
	var accounts strings.Builder
	accounts.WriteString("id,name\n")
	for i := range 20_000 { // more than the disk takes
		fmt.Fprintf(&accounts, "%d,%s\n", i, strings.Repeat("客户", 60))
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("f.yaml", "store: {dir: "+filepath.Dir(crm)+"}\nsources: [{id: f, kind: table, dir: ., settle: -1s, files: ["+
		"{file: a.csv, rows: [{entity: person, fields: {id: id, name: name}}]}, {file: b.csv, rows: [{entity: account, fields: {id: id, name: name}}]}]}]\n")
	write("a.csv", "id,name\n1,李雷\n")
	write("b.csv", accounts.String())
	says := func(status int, words []string, args ...string) {
		t.Helper()
		got, out, errs := call(t, append(args, "--config", conf)...)
		for _, w := range words {
			if !strings.Contains(out+errs, w) {
				t.Errorf("%v does not say %q:\n%s%s", args, w, out, errs)
			}
		}
		if got != status {
			t.Errorf("%v: %d, want %d", args, got, status)
		}
	}
	says(exitFailed, []string{"f failed", crm + ": no space left on device; the store stands as it stood", "free space on the disk of " + filepath.Dir(crm)}, "sync", "--once")
	says(exitFailed, []string{"free on its disk: soon nothing more can be kept"}, "doctor")
	says(0, []string{"f,table,people,idle"}, "sources", "--csv")
	if out, err := exec.Command("mount", "-o", "remount,ro", disk).CombinedOutput(); err != nil {
		t.Skipf("it cannot be made read-only: %v %s", err, out)
	}
	readOnly := "open " + crm + ": read-only file system; nothing was changed; check the folder's permissions"
	says(exitFailed, []string{readOnly}, "sync", "--once")
	says(exitFailed, []string{"read-only file system"}, "doctor", "--repair")
	says(0, []string{"f,table,people,idle"}, "sources", "--csv")
}
