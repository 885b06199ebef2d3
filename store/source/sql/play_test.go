package sql

import (
	"fmt"
	"testing"
	"time"

	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// play has people work in a table while the syncer reads it through faults: see [sourcetest.Play]. Most rows that are deleted vanish without a trace, so that
// the comparison of keys must find them; a merged one leaves its row. late begins a transaction that has written a deal; nil: the server has one writer, and
// what comes late is a row with a time of before.
func (s *server) play(t *testing.T, overlap time.Duration, late func(table string, d sourcetest.Deal) func(), faults ...sourcetest.Kind) {
	rnd := storetest.Rand(t)
	table := s.table(t)
	s.exec(t, "ALTER TABLE "+table+" ADD COLUMN archived "+s.text)
	s.exec(t, "ALTER TABLE "+table+" ADD COLUMN merged "+s.text)
	cfg := s.config(table)
	cfg.PageSize, cfg.Overlap, cfg.TimeZone = 7, overlap, "UTC"
	cfg.Streams[0].Extra = map[string]Value{"archived": {Column: "archived"}, "merged": {Column: "merged"}}
	put := func(d sourcetest.Deal, at time.Time) {
		s.exec(t, "DELETE FROM "+table+" WHERE id = ?", d.ID)
		s.exec(t, "INSERT INTO "+table+" (id, name, stage, amount, close_on, updated_at, archived, merged) VALUES (?, ?, ?, ?, '2026-03-09', ?, ?, ?)",
			d.ID, d.Name, d.Stage, fmt.Sprintf("%d.%02d", d.Cents/100, d.Cents%100), s.stampOf(at), map[bool]string{true: "true"}[d.Archived], d.Merged)
	}
	var src *Source
	var heal func()
	sourcetest.Play(t, rnd, sourcetest.System{
		ID: "db", Now: time.Now, Stages: []string{"lead", "won", "lost"}, Archives: true, Merges: true, Secret: canary(s),
		Open: func() source.Source {
			src = cfg.open(t)
			return src
		},
		Put: func(tie bool, all ...sourcetest.Deal) {
			at := time.Now()
			for _, d := range all {
				if !tie {
					at = time.Now()
				}
				put(d, at)
			}
		},
		Delete: func(id int) { s.exec(t, "DELETE FROM "+table+" WHERE id = ?", id) },
		Merge: func(_, loser int) {
			s.exec(t, "UPDATE "+table+" SET gone = 1, updated_at = ? WHERE id = ?", s.stampOf(time.Now()), loser)
		},
		Late: func(d sourcetest.Deal) func() {
			if late != nil {
				return late(table, d)
			}
			at := time.Now()
			return func() { put(d, at) }
		},
		Faults: faults,
		Break:  func(f sourcetest.Fault) { heal = s.fail(t, src, table, f) },
		Heal:   func() { heal() },
		Calm:   late == nil, // SQLite's fault is that the table is away: the next rows would go into none
	})
}

func TestSQLite_Play(t *testing.T) {
	for range 2 {
		newSQLite(t).play(t, 0, nil, sourcetest.ServerError)
	}
}
