package table

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// A folder in which somebody replaces the export again and again, sometimes while it is still being written: see [sourcetest.Play].
func TestPlay(t *testing.T) {
	rnd := storetest.Rand(t)
	dir, deals, cut := t.TempDir(), map[int]sourcetest.Deal{}, false
	path := filepath.Join(dir, "deals.csv")
	export := func() {
		var b strings.Builder
		b.WriteString("id,name,stage,amount,close,archived,merged\n")
		for _, id := range slices.Sorted(maps.Keys(deals)) {
			d := deals[id]
			fmt.Fprintf(&b, "%d,\"%s\",%s,%d.%02d,2026-03-09,%s,\"%s\"\n", id, d.Name, d.Stage, d.Cents/100, d.Cents%100, map[bool]string{true: "true"}[d.Archived], d.Merged)
		}
		text := b.String()
		if cut { // in the middle of a quoted name: what a writer leaves that is not done
			text = text[:strings.LastIndex(text[:len(text)*4/5], ",\"")+3]
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	export()
	sourcetest.Play(t, rnd, sourcetest.System{
		ID: "t", Now: func() time.Time { return later }, Stages: []string{"lead", "won", "lost"}, Archives: true, Merges: true, Calm: true,
		Open: func() source.Source {
			s, err := New(Config{ID: "t", Dir: dir, Currency: "CNY", Settle: -time.Second, Files: parse(t, `
files:
  - file: "deals*"
    rows:
      - entity: deal
        fields: {id: id, name: name, stage: stage, amount: amount, close: close}
        extra: {archived: archived, merged: merged}
`).Files})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Put: func(_ bool, all ...sourcetest.Deal) {
			for _, d := range all {
				deals[d.ID] = d
			}
			export()
		},
		Delete: func(id int) { delete(deals, id); export() },
		Faults: []sourcetest.Kind{sourcetest.Cut},
		Break:  func(sourcetest.Fault) { cut = true; export() },
		Heal:   func() { cut = false; export() },
	})
}
