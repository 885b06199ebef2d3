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
	"flightdeck/tui/sshd"
)

// Weights that one session saves are a version of the file's, under the viewer's name, of which the other sessions are told; who sees a part of the company may not.
func TestHost_RevisesRules(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(path, []byte("version: 1 # ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := &invocation{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, storeDir: dir}
	cfg := demoConfig(in)
	cfg.RulesFile = path
	a, err := in.open(t.Context(), cfg, wiring{})
	if err != nil {
		t.Fatal(err)
	}
	small(t, a)
	h := in.host(t.Context(), a, slog.New(slog.DiscardHandler))
	<-h.ready
	defer func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	if h.revise(sshd.Viewer{Person: "x:ann", Name: "ann", Root: "x:east"}) != nil {
		t.Error("somebody who sees one team may change everybody's rules")
	}
	told := a.rules.Subscribe(h.ctx)
	p, err := h.revise(sshd.Viewer{Person: "x:cyd", Name: "cyd"})(t.Context(), rule.Draft{}.With("weights.renewal", .4).Apply, "renewals count")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-told:
	case <-time.After(20 * time.Second):
		t.Fatal("the other sessions are not told")
	}
	if g := rule.GradingSection.Of(h.pack()); h.pack() != p || g.Weights["renewal"] != .4 {
		t.Errorf("in force: %v", g.Weights)
	}
	if b, _ := os.ReadFile(path); !strings.Contains(string(b), "# ours") || !strings.Contains(string(b), "renewal: 0.4") {
		t.Errorf("%s", b)
	}
	all, err := a.desk.RuleVersions(t.Context())
	if n := len(all); err != nil || n != 2 || all[n-1].By != "x:cyd" || all[n-1].Name != "cyd" || all[n-1].Note != "renewals count" {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := h.revise(sshd.Viewer{Local: true})(t.Context(), rule.Draft{}.With("weights.repurchase", .9).Apply, "too much"); err == nil || !strings.Contains(err.Error(), "want 0 to 0.3") {
		t.Error(err)
	}
}
