package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// A weight pushed out of bounds while the program runs changes nothing, is told once, and the mended file is in force without a restart.
func TestIncident_RuleFileOutOfBoundsWhileRunning(t *testing.T) {
	dir := t.TempDir()
	in := &invocation{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, storeDir: filepath.Join(dir, "store"), lang: "en"}
	cfg := demoConfig(in)
	cfg.RulesFile = filepath.Join(dir, "rules.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(cfg.RulesFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("forecast: {triage: {weights: {overdue: 2}}}\n")
	a, err := in.open(t.Context(), cfg, wiring{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // of a test
	h := in.host(t.Context(), a, slog.New(slog.DiscardHandler))
	<-h.ready
	commits := h.commits(h.ctx)
	weight := func() float64 { return rule.ForecastSection.Of(h.pack()).Triage.Weights["overdue"] }
	until := func(what string, ok func() bool) {
		t.Helper()
		late := time.After(20 * time.Second)
		for !ok() {
			select {
			case <-commits: // panes are told
			case <-late:
				t.Fatalf("%s: never", what)
			}
		}
	}
	if weight() != 2 || rule.ForecastSection.Of(h.pack()).Triage.Weights["stale"] != 0.5 || h.pack().Number != 1 {
		t.Fatalf("%s: %v", h.pack().Version(), weight())
	}
	write("forecast: {triage: {weights: {overdue: 20}}}\n")
	until("the problem", func() bool { return h.pack().Problem != nil })
	if weight() != 2 || !strings.Contains(h.pack().Problem.Error(), "rules.yaml:1:40: forecast.triage.weights.overdue: 20: want 0 to 10") {
		t.Fatalf("%v, %v", weight(), h.pack().Problem)
	}
	var ms []store.Message
	for late := time.Now().Add(20 * time.Second); len(ms) == 0 && time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		ms = storetest.Messages(t, a.desk)
	}
	if len(ms) != 1 || ms[0].Kind != store.MessageRules || !strings.Contains(ms[0].Text, "want 0 to 10") || !strings.Contains(ms[0].Title, "version 1") {
		t.Fatalf("%+v", ms)
	}
	write("forecast: {triage: {weights: {overdue: 3}}}\n")
	until("the mended file", func() bool { return h.pack().Problem == nil })
	if weight() != 3 || h.pack().Number != 2 {
		t.Fatalf("%s: %v", h.pack().Version(), weight())
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
}
