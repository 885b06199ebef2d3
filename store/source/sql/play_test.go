package sql

import (
	"fmt"
	"testing"
	"time"

	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// People work in a database while it is read, and its table is away now and then: see [sourcetest.Play].
func TestSQLite_Play(t *testing.T) {
	rnd := storetest.Rand(t)
	s := newSQLite(t)
	table, clock := s.table(t), base
	s.exec(t, "ALTER TABLE "+table+" ADD COLUMN archived TEXT")
	s.exec(t, "ALTER TABLE "+table+" ADD COLUMN merged TEXT")
	var heal func()
	sourcetest.Play(t, rnd, sourcetest.System{
		ID: "db", Now: func() time.Time { return clock }, Stages: []string{"lead", "won", "lost"}, Archives: true, Merges: true,
		Open: func() source.Source {
			c := s.config(table)
			c.Streams[0].Extra = map[string]Value{"archived": {Column: "archived"}, "merged": {Column: "merged"}}
			return c.open(t)
		},
		Put: func(tie bool, all ...sourcetest.Deal) {
			for i, d := range all {
				if !tie || i == 0 {
					clock = clock.Add(time.Second)
				}
				s.exec(t, "INSERT OR REPLACE INTO "+table+" (id, name, stage, amount, close_on, updated_at, archived, merged) VALUES (?, ?, ?, ?, '2026-03-09', ?, ?, ?)",
					d.ID, d.Name, d.Stage, fmt.Sprintf("%d.%02d", d.Cents/100, d.Cents%100), s.stampOf(clock), map[bool]string{true: "true"}[d.Archived], d.Merged)
			}
		},
		Delete: func(id int) {
			clock = clock.Add(time.Second)
			s.exec(t, "DELETE FROM "+table+" WHERE id = ?", id)
		},
		Merge: func(_, loser int) { // here a deletion may also leave its row
			clock = clock.Add(time.Second)
			s.exec(t, "UPDATE "+table+" SET gone = 1, updated_at = ? WHERE id = ?", s.stampOf(clock), loser)
		},
		Faults: []sourcetest.Kind{sourcetest.ServerError},
		Break:  func(f sourcetest.Fault) { heal = s.fail(t, nil, table, f) },
		Heal:   func() { heal() },
		Calm:   true, // the next rows go into a table that is not there
	})
}
