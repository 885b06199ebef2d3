package main

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
)

// A store that cannot be written is shown, says so on the screen, and takes nothing; nothing in its folder changes, also where nobody ever wrote a note.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	files := map[string]string{
		"deals.csv":  "id,name,stage,amount,created\n1,泵站改造,lead,12.50,2026-01-05\n",
		"rules.yaml": "version: 1\n",
		"f.yaml": "organisation: {name: 海川, currency: CNY, time_zone: Asia/Shanghai, stages: [{id: lead, name: 线索}]}\nstore: {dir: s}\nrules_file: rules.yaml\n" +
			"quotas: [{node: 海川, period: 2026Q1, amount: \"1\"}]\n" +
			"sources: [{id: f, kind: table, dir: ., settle: -1s, files: [{file: deals.csv, rows: [{entity: deal, fields: {id: id, name: name, stage: stage, amount: amount, created: created}}]}]}]\n",
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := invoke(t, "sync", "--once", "--config", "f.yaml"); code != 0 {
		t.Fatal(out, errs)
	}
	if err := os.Remove(filepath.Join("s", "user.db")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	before := contents(t, "s")
	in := &invocation{configPath: "f.yaml", stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), environ: []string{"LANG=zh_CN.UTF-8"}}
	cfg, err := in.load()
	if err != nil {
		t.Fatal(err)
	}
	a, err := in.look(t.Context(), cfg, wiring{log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := in.host(t.Context(), a, slog.New(slog.DiscardHandler))
	select {
	case <-h.ready:
	case <-h.ctx.Done():
		t.Fatal(h.stop())
	case <-time.After(time.Minute):
		t.Fatal("the store was not read")
	}
	if got := h.picture().book.Deals(); got != 1 {
		t.Errorf("%d deals", got)
	}
	m, err := h.shell(session{ctx: h.ctx, viewer: sshd.Viewer{Local: true}, locale: locale.New(locale.Chinese), profile: colorprofile.Ascii, start: pane.Place{Kind: pane.Funnel}})
	if err != nil {
		t.Fatal(err)
	}
	m.Init()
	m, _ = m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	if title, _, _ := strings.Cut(m.View().Content, "\n"); !strings.Contains(title, "只读") {
		t.Errorf("the screen does not say that it is read only: %q", title)
	}
	if _, err := a.desk.Post(t.Context(), store.Message{Key: "x", Title: "x"}); err == nil || !strings.Contains(err.Error(), "reading only") {
		t.Errorf("a note was taken: %v", err)
	}
	if err := errors.Join(h.stop(), a.Close()); err != nil {
		t.Error(err)
	}
	if after := contents(t, "s"); after != before {
		t.Errorf("the folder changed from\n%s\nto\n%s", before, after)
	}
}

// contents lists a folder's files with sizes and times.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && !d.IsDir() {
			out.WriteString(path + " " + info.ModTime().String() + " " + info.Mode().String() + "\n")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What a command says of itself is cut into lines by the screen, not by the source.
func TestParagraphs(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "one": "one",
		"one\ntwo\n\nthree\nfour":        "one two\n\nthree four",
		"names:\n  a  b\n  c\nand\nmore": "names:\n  a  b\n  c\nand more",
		"\n\nend\n":                      "\n\nend\n",
	} {
		if got := paragraphs(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
