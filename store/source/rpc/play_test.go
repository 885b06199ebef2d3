package rpc

import (
	"fmt"
	"testing"
	"time"

	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// People work in Tryton while its answers go wrong: see [sourcetest.Play].
func TestTryton_Play(t *testing.T) {
	rnd := storetest.Rand(t)
	f := newFake(t)
	states := map[string]string{"lead": "lead", "qualified": "opportunity", "won": "converted", "lost": "lost"}
	row := func(d sourcetest.Deal) map[string]any {
		o := opportunity(d.ID, states[d.Stage], fmt.Sprintf("%d.%02d", d.Cents/100, d.Cents%100))
		o["description"], o["reference"] = d.Name, d.Merged
		return o
	}
	sourcetest.Play(t, rnd, sourcetest.System{
		ID: "tryton", Now: func() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.clock }, Stages: []string{"lead", "qualified", "won", "lost"},
		Secret: f.password, Open: func() source.Source { return open(t, f) },
		Put: func(tie bool, all ...sourcetest.Deal) {
			for i, d := range all {
				f.mu.Lock()
				f.tie = tie && i > 0
				f.mu.Unlock()
				f.put("sale.opportunity", row(d))
			}
		},
		Delete: func(id int) { f.remove("sale.opportunity", id) },
		Faults: []sourcetest.Kind{sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang},
		Break:  func(x sourcetest.Fault) { f.mu.Lock(); f.fault = x; f.mu.Unlock() },
		Heal:   func() { f.mu.Lock(); f.fault = sourcetest.Fault{}; f.mu.Unlock() },
	})
}
