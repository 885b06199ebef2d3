package rule

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics/rule/document"
	"flightdeck/store/storetest"
)

func newLiveWith(path string, log *storetest.Desk, alerts *[]string, report func(error)) *Live {
	return NewLive(Options{Schema: schema, Path: path, Log: log, Report: report,
		Alert: func(_ context.Context, p *Pack) { *alerts = append(*alerts, p.Wrong+": "+p.Problem.Error()) }})
}

func load(t *testing.T, l *Live) *Pack {
	t.Helper()
	if err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l.Pack()
}

func days(p *Pack) int { return ForecastSection.Of(p).Decay.Days }

// A wrong text changes nothing, is told once, and the right one that follows comes into force as a version of its own.
func TestLive_LastGoodStaysInForce(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "forecast: {decay: {days: 5}}\n")
	l := newLive(t, path, log, &alerts)
	if p := load(t, l); days(p) != 5 || p.Number != 1 || p.Problem != nil {
		t.Fatalf("%s %d", p.Version(), days(p))
	}
	write(t, path, "forecast: {decay: {days: 500}}\n")
	for range 3 {
		p := load(t, l)
		if days(p) != 5 || p.Number != 1 || p.Problem == nil || !strings.Contains(p.Problem.Error(), "500: want 0 to 365 days") {
			t.Fatalf("%s %d, %v", p.Version(), days(p), p.Problem)
		}
	}
	if len(alerts) != 1 {
		t.Fatalf("%d alerts: %q", len(alerts), alerts)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if p := load(t, l); days(p) != 5 || p.Problem == nil || len(alerts) != 2 {
		t.Fatalf("%d, %v, %q", days(p), p.Problem, alerts)
	}
	write(t, path, "forecast: {decay: {days: 6}}\n")
	if p := load(t, l); days(p) != 6 || p.Number != 2 || p.Problem != nil {
		t.Fatalf("%s %d", p.Version(), days(p))
	}
	if all, _ := log.RuleVersions(t.Context()); len(all) != 2 || all[0].Text != "forecast: {decay: {days: 5}}\n" {
		t.Fatalf("%+v", all)
	}
}

// A start on a wrong file takes the last good text from the log, and the defaults only when there never was one.
func TestLive_StartOnAWrongFile(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "forecast: {decay: {days: 500}}\n")
	if p := load(t, newLive(t, path, log, &alerts)); days(p) != 3 || p.Problem == nil || len(alerts) != 1 {
		t.Fatalf("%d, %v", days(p), p.Problem)
	}
	write(t, path, "forecast: {decay: {days: 7}}\n")
	load(t, newLive(t, path, log, &alerts))
	write(t, path, "forecast: [\n")
	p := load(t, newLive(t, path, log, &alerts))
	if days(p) != 7 || p.Number != 1 || p.Problem == nil || len(alerts) != 2 {
		t.Fatalf("%s %d, %v", p.Version(), days(p), p.Problem)
	}
}

// A file that was cut off, or is on its way to the disk, is not taken for the defaults.
func TestLive_EmptyFileIsNotTheDefaults(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "forecast: {decay: {days: 5}}\n")
	l := newLive(t, path, log, &alerts)
	load(t, l)
	write(t, path, "\n")
	if p := load(t, l); days(p) != 5 || p.Problem == nil || !strings.Contains(p.Problem.Error(), "the file is empty") || len(alerts) != 1 {
		t.Fatalf("%d, %v", days(p), p.Problem)
	}
	if p, err := Look(t.Context(), schema, path, log, nil); err != nil || days(p) != 5 || p.Problem == nil {
		t.Fatalf("%d, %v, %v", days(p), p.Problem, err)
	}
}

// Who begins to watch while the file is being written reads it when it is done.
func TestLive_RunWaitsForTheWriter(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "version: 1\n") // half of it, which is valid
	l := newLive(t, path, log, &alerts)
	ctx, cancel := context.WithCancel(t.Context())
	told, done := l.Subscribe(ctx), make(chan error)
	go func() { done <- l.Run(ctx) }()
	write(t, path, "version: 1\nforecast: {decay: {days: 5}}\n")
	<-told
	if p := l.Pack(); days(p) != 5 || p.Number != 1 {
		t.Fatalf("%s: %d", p.Version(), days(p))
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestLive_NoFile(t *testing.T) {
	var alerts []string
	l := newLive(t, "", storetest.NewDesk(), &alerts)
	if p := load(t, l); p.Problem != nil || p.Number != 0 || !strings.HasPrefix(p.Version(), "default") {
		t.Fatalf("%+v", p)
	}
	if _, err := l.Save(t.Context(), nil, "", "ann", ""); err == nil {
		t.Fatal("saved to no file")
	}
}

func TestLive_Save(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "version: 1\n")
	l := newLive(t, path, log, &alerts)
	load(t, l)
	var wrong *document.Error
	if _, err := l.Save(t.Context(), []byte("gate: {weight: 9}\n"), "x:ann", "ann", "too much"); !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	p, err := l.Save(t.Context(), []byte("gate: {weight: 0.1}\n"), "x:ann", "ann", "less weight")
	if err != nil || p.Number != 2 || l.Pack() != p {
		t.Fatalf("%+v, %v", p, err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "gate: {weight: 0.1}\n" {
		t.Fatalf("%q, %v", b, err)
	}
	if load(t, l) != p {
		t.Fatal("what was saved is loaded as something else")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
		t.Fatalf("%q", left)
	}
	ds := storetest.Decisions(t, log)
	if len(ds) != 2 || ds[1].By != "x:ann" || !strings.Contains(ds[1].Note, "less weight") {
		t.Fatalf("%+v", ds)
	}
}

// A change is seen without a restart, however an editor saves.
func TestLive_RunFollowsTheFile(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "forecast: {decay: {days: 4}}\n")
	l := newLive(t, path, log, &alerts)
	ctx, cancel := context.WithCancel(t.Context())
	told, done := l.Subscribe(ctx), make(chan error)
	go func() { done <- l.Run(ctx) }()
	until := func(want int) {
		t.Helper()
		late := time.After(20 * time.Second)
		for days(l.Pack()) != want {
			select {
			case <-told:
			case <-late:
				t.Fatalf("still %d, want %d", days(l.Pack()), want)
			}
		}
	}
	until(4)
	write(t, path, "forecast: {decay: {days: 5}}\n") // in place
	until(5)
	aside := path + "~"
	write(t, aside, "forecast: {decay: {days: 6}}\n") // aside, then renamed
	if err := os.Rename(aside, path); err != nil {
		t.Fatal(err)
	}
	until(6)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
