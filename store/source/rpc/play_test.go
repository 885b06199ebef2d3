package rpc

import (
	"encoding/json"
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
		Faults: []sourcetest.Kind{sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang, sourcetest.Drip},
		Break:  func(x sourcetest.Fault) { f.mu.Lock(); f.fault = x; f.mu.Unlock() },
		Heal:   func() { f.mu.Lock(); f.fault = sourcetest.Fault{}; f.mu.Unlock() },
	})
}

// People work in Odoo too, over either interface, while the tracking may be read and while it may not.
func TestOdoo_Play(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			rnd := storetest.Rand(t)
			f := newOdooFake(t, version)
			f.denied["mail.tracking.value"] = version == 18
			at := map[string][]any{"lead": pairOf(1, "New"), "qualified": pairOf(2, "Qualified"), "proposal": pairOf(3, "Proposition"), "won": pairOf(4, "Won"),
				"lost": pairOf(3, "Proposition")}
			set := func(d sourcetest.Deal) row {
				r := lead(d.ID)
				r["name"], r["stage_id"], r["expected_revenue"] = d.Name, at[d.Stage], json.Number(fmt.Sprintf("%d.%02d", d.Cents/100, d.Cents%100))
				r["active"], r["probability"] = d.Stage != "lost", json.Number("25.0")
				if d.Stage == "lost" {
					r["probability"] = json.Number("0.0")
				}
				return r
			}
			sourcetest.Play(t, rnd, sourcetest.System{
				ID: "odoo", Now: func() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.clock }, Stages: []string{"lead", "qualified", "proposal", "won", "lost"},
				Secret: f.key, Open: func() source.Source { return openOdoo(t, f) },
				Put: func(tie bool, all ...sourcetest.Deal) {
					for i, d := range all {
						f.mu.Lock()
						f.tie = tie && i > 0
						f.mu.Unlock()
						f.put("crm.lead", set(d))
					}
				},
				Late: func(d sourcetest.Deal) func() {
					f.mu.Lock()
					began := f.clock
					f.mu.Unlock()
					return func() {
						r := set(d)
						r["at"] = began
						f.put("crm.lead", r)
						f.mu.Lock()
						defer f.mu.Unlock()
						for _, l := range f.models["crm.lead"] {
							delete(l, "at")
						}
					}
				},
				Delete: func(id int) { f.remove("crm.lead", id) },
				Faults: []sourcetest.Kind{sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang, sourcetest.Drip},
				Break:  func(x sourcetest.Fault) { f.mu.Lock(); f.fault = x; f.mu.Unlock() },
				Heal:   func() { f.mu.Lock(); f.fault = sourcetest.Fault{}; f.mu.Unlock() },
			})
		})
	}
}
