package main

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"flightdeck/cmd/internal/load"
	"flightdeck/store/company"
	"flightdeck/tui"
	"flightdeck/tui/keymap"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

// BenchmarkKey_Shell guards what a person feels: from a key's message, through the whole shell and all commands that follow from it, to the screen's text, for every key
// that a pane or the shell knows, over the demo company. Under 16 ms is asked; p99-ms and max-ms are over all keys pressed, and worst is logged with its key.
func BenchmarkKey_Shell(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	for _, kind := range []pane.Kind{pane.Funnel, pane.Heatmap, pane.Migration, pane.Forecast} {
		for _, size := range [][2]int{{80, 24}, {200, 50}} {
			b.Run(fmt.Sprintf("%v/%dx%d", kind, size[0], size[1]), func(b *testing.B) {
				env := tuitest.Env(b, book, locale.Chinese)
				shell, err := tui.New(env, panes, tui.Options{Start: pane.Place{Kind: kind}, Still: true})
				if err != nil {
					b.Fatal(err)
				}
				d := tuitest.Start(b, shell, size[0], size[1])
				keys := everyKey(b, env, kind)
				var took []time.Duration
				var worst time.Duration
				where := ""
				for i := 0; b.Loop(); i++ {
					key := keys[i%len(keys)]
					start := time.Now()
					d.Keys(key)
					if d.View() == "" {
						b.Fatalf("nothing to see after %q", key)
					}
					t := time.Since(start)
					took = append(took, t)
					if t > worst {
						worst, where = t, fmt.Sprintf("%q, now at %v", key, shell.Place().Kind)
					}
					d.Seen = d.Seen[:0]
					if (i+1)%len(keys) == 0 && shell.Place().Kind != kind {
						d.Send(pane.Open{Place: pane.Place{Kind: kind}})
					}
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				b.ReportMetric(float64(worst.Microseconds())/1000, "max-ms")
				b.Logf("%d keys in the script; worst: %s", len(keys), where)
			})
		}
	}
}

// BenchmarkKeyToFrame is the way from a key to the bytes of its frame on every pane, opening it over a drawn scope, moving in it, choosing a period, in a store that
// `flightdeck load-test --store DIR` has filled and FLIGHTDECK_LOAD_STORE names; without it in a small one of its own.
func BenchmarkKeyToFrame(b *testing.B) {
	o := load.Options{Dir: os.Getenv("FLIGHTDECK_LOAD_STORE"), Seed: 7, Budget: 2 * time.Second, Version: "test", Panes: panes, Locale: locale.New(locale.Chinese)}
	if o.Dir == "" {
		o.Dir, o.Size = b.TempDir(), company.Demo
	}
	x, err := load.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	for _, kind := range pane.Kinds() {
		if panes(kind) == nil {
			continue
		}
		b.Run(kind.String(), func(b *testing.B) {
			for b.Loop() {
				keys, err := x.Keys(b.Context(), kind)
				if err != nil {
					b.Fatal(err)
				}
				for _, k := range keys {
					b.ReportMetric(k.Time.P50, k.Action+"-p50-ms")
					b.ReportMetric(k.Time.P99, k.Action+"-p99-ms")
				}
			}
		})
	}
}

// everyKey returns the keys of a pane and of the shell, each followed by what leads back to the pane.
func everyKey(b *testing.B, env *pane.Env, kind pane.Kind) []string {
	b.Helper()
	global, err := keymap.New(env.Locale, nil)
	if err != nil {
		b.Fatal(err)
	}
	var keys []string
	for _, k := range panes(kind)(env, pane.Place{Kind: kind}).Keys() {
		keys = append(keys, k.Keys()...)
	}
	for _, g := range global.All() {
		keys = append(keys, g.Keys()...)
	}
	keys = append(keys, "up", "down", "left", "right", "pgup", "pgdown", "home", "end")
	slices.Sort(keys)
	var script []string
	for _, k := range slices.Compact(keys) {
		if !slices.Contains(global.Quit.Keys(), k) {
			script = append(script, k, "down", global.Back.Keys()[0])
		}
	}
	return script
}
