package company

import (
	"maps"
	"testing"
	"time"
)

// The incident changes one value of some customers on one day, and nothing else.
func TestConfig_IncidentIsOneDay(t *testing.T) {
	cfg := Config{Seed: 7, Now: time.Date(2026, 9, 18, 2, 0, 0, 0, time.UTC), Size: Size{Regions: 1, Teams: 1, Reps: 3, Accounts: 200, Deals: 50, Quarters: 4, Months: 12}}
	calm, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Incident = true
	hit, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a, b := calm.Take(), hit.Take()
	if len(a.Readings) != len(b.Readings) || a.Len() != b.Len() {
		t.Fatalf("%d and %d readings, %d and %d records", len(a.Readings), len(b.Readings), a.Len(), b.Len())
	}
	lost, on := 0, 0
	for i := range a.Readings {
		x, y := a.Readings[i], b.Readings[i]
		if x.Day == cfg.IncidentDay() {
			on++
		}
		if maps.Equal(x.Values, y.Values) {
			continue
		}
		lost++
		v := y.Values["depth"]
		delete(x.Values, "depth")
		delete(y.Values, "depth")
		if x.Day != cfg.IncidentDay() || v != 0 || !maps.Equal(x.Values, y.Values) {
			t.Fatalf("%v: %v and %v", x.Day, x.Values, y.Values)
		}
	}
	if on < 150 || lost < on*incidentShare/100-20 || lost > on*incidentShare/100+20 {
		t.Errorf("%d of %d values are lost", lost, on)
	}
}
