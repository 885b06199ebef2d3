package main

import (
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
	"flightdeck/tui/tuitest"
)

// BenchmarkStart_DemoStore guards the way from opening the filled demo store to the first frame with figures: file, Book, shell, funnel.
func BenchmarkStart_DemoStore(b *testing.B) {
	dir := filled(b)
	for b.Loop() {
		in := &invocation{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, storeDir: dir}
		cfg := demoConfig(in)
		a, err := in.open(b.Context(), cfg, wiring{})
		if err != nil {
			b.Fatal(err)
		}
		h := in.host(b.Context(), a, slog.New(slog.DiscardHandler))
		<-h.ready
		m, err := h.shell(session{ctx: h.ctx, viewer: sshd.Viewer{Local: true}, locale: locale.New(locale.Chinese), profile: colorprofile.TrueColor, start: pane.Place{Kind: pane.Funnel}})
		if err != nil {
			b.Fatal(err)
		}
		m, cmd := m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
		show := func(msg tea.Msg) tea.Cmd { var c tea.Cmd; m, c = m.Update(msg); return c }
		tuitest.Run(b, cmd, show)
		tuitest.Run(b, show(pane.Committed{Rev: a.live.Book().Rev()}), show)
		if m.View().Content == "" {
			b.Fatal("an empty frame")
		}
		b.StopTimer()
		if err := h.stop(); err != nil {
			b.Fatal(err)
		}
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkStart_Process measures the process from outside: start to the answer of a question on the filled demo store.
func BenchmarkStart_Process(b *testing.B) {
	dir := filled(b)
	bin := filepath.Join(b.TempDir(), "flightdeck")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	for b.Loop() {
		if out, err := exec.Command(bin, "funnel", "--csv", "--store", dir).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
}

func filled(b *testing.B) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "store")
	start := time.Now()
	if code := run(b.Context(), []string{"demo", "--once", "--store", dir}, strings.NewReader(""), io.Discard, os.Stderr, nil); code != 0 {
		b.Fatalf("demo --once: exit %d", code)
	}
	b.Logf("filled in %v", time.Since(start).Round(time.Millisecond))
	return dir
}
