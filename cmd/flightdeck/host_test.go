package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"flightdeck/cmd/internal/config"
	"flightdeck/tui"
)

// A panic behind the screen ends the host in order, which ends the screen and so restores the terminal, and a report is named and written.
func TestHost_PanicBehindTheScreenLeavesAReport(t *testing.T) {
	h := &host{in: &invocation{storeDir: t.TempDir()}, app: &app{cfg: &config.Config{}}, log: slog.New(slog.DiscardHandler), ready: make(chan struct{})}
	h.ctx, h.cancel = context.WithCancelCause(t.Context())
	h.run("quiet", func(ctx context.Context) error { <-ctx.Done(); return nil })
	h.run("sync", func(context.Context) error { panic("a row from Mars") })
	<-h.ctx.Done()
	err := h.stop()
	var crash tui.Crash
	if !errors.As(err, &crash) || crash.Path == "" || !strings.Contains(err.Error(), crash.Path) {
		t.Fatalf("got %v, want a crash that names its report", err)
	}
	b, err := os.ReadFile(crash.Path)
	if err != nil || !strings.Contains(string(b), "host_test.go") || strings.Contains(string(b), "Mars") { // what was read may be a customer's, or a secret
		t.Errorf("the report: %v\n%s", err, b)
	}
}
