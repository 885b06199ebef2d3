package company

import (
	"reflect"
	"testing"
	"time"

	"flightdeck/store"
)

// apply folds a delta into r the way a store would.
func apply(r *store.Records, d *store.Delta, at map[store.Ref]int) {
	d.Refs(func(ref store.Ref) bool {
		i, known := at[ref]
		switch ref.Entity {
		case store.EntityDeal:
			r.Deals = put(r.Deals, d.Deals, ref.ID, i, known, func(x store.Deal) store.ID { return x.ID })
			i = len(r.Deals) - 1
		case store.EntityHealth:
			r.Health = put(r.Health, d.Health, ref.ID, i, known, func(x store.Health) store.ID { return x.ID })
			i = len(r.Health) - 1
		default:
			if known {
				panic("a step repeats " + string(ref.ID))
			}
		}
		if !known {
			at[ref] = i
		}
		return true
	})
	r.Changes = append(r.Changes, d.Changes...)
	r.Touches = append(r.Touches, d.Touches...)
	r.Evidence = append(r.Evidence, d.Evidence...)
	r.Grades = append(r.Grades, d.Grades...)
	r.Sales = append(r.Sales, d.Sales...)
	for _, ref := range d.Deleted {
		for i := len(r.Touches) - 1; i >= 0; i-- {
			if r.Touches[i].ID == ref.ID {
				r.Touches = append(r.Touches[:i], r.Touches[i+1:]...)
				break
			}
		}
	}
}

func put[T any](rows, add []T, id store.ID, i int, known bool, key func(T) store.ID) []T {
	for _, x := range add {
		if key(x) != id {
			continue
		}
		if known {
			rows[i] = x
		} else {
			rows = append(rows, x)
		}
	}
	return rows
}

func TestCompany_StaysConsistentWhileItLives(t *testing.T) {
	cfg := Config{Seed: 11, Now: noon, Size: middling}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	twin, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := c.Take()
	at := map[store.Ref]int{}
	for i, d := range r.Deals {
		at[store.Ref{Entity: store.EntityDeal, ID: d.ID}] = i
	}
	for i, h := range r.Health {
		at[store.Ref{Entity: store.EntityHealth, ID: h.ID}] = i
	}
	n := map[string]int{}
	now := noon
	for i := range 6000 { // a second to half a minute apart: about a day, across midnight
		now = now.Add(time.Duration(1+i*7%29) * time.Second)
		d, e := c.Step(now), twin.Step(now)
		if !reflect.DeepEqual(d, e) {
			t.Fatalf("step %d differs between two companies of one seed", i)
		}
		if d.Len()+len(d.Deleted) == 0 || d.Rev != store.Rev(i+1) {
			t.Fatalf("step %d changed nothing, or is numbered %d", i, d.Rev)
		}
		apply(r, &d, at)
		n["deleted"] += len(d.Deleted)
		n["touch"] += len(d.Touches)
		n["grade"] += len(d.Grades)
		n["sale"] += len(d.Sales)
		n["evidence"] += len(d.Evidence)
		for _, ch := range d.Changes {
			n[ch.Field.String()]++
			if ch.From == "" {
				n["new"]++
			}
			if ch.Field == store.FieldStage {
				n[ch.To]++
			}
		}
	}
	check(t, r, now, Org())
	for what, least := range map[string]int{
		"deleted": 10, "touch": 2000, "grade": 50, "sale": 20, "evidence": 100, "amount": 100, "close": 300, "category": 200, "new": 150, "won": 60, "lost": 60,
	} {
		if n[what] < least {
			t.Errorf("in 6000 steps %d × %s; want at least %d", n[what], what, least)
		}
	}
	if len(c.open) < 100 || len(c.open) > 1500 {
		t.Errorf("%d deals are open after 6000 steps: the pipeline runs dry or floods", len(c.open))
	}
}

func TestCompany_StepsWithoutTimePassing(t *testing.T) {
	c, err := New(Config{Seed: 2, Now: noon, Size: Size{Regions: 1, Teams: 1, Reps: 2, Accounts: 5, Deals: 6, Touches: 20, Quarters: 2, Months: 2}})
	if err != nil {
		t.Fatal(err)
	}
	last := noon
	for range 500 { // so few deals that all of them end and new ones must begin
		for _, ch := range c.Step(noon).Changes {
			if ch.At.Before(last) {
				t.Fatalf("time ran backwards: %v after %v", ch.At, last)
			}
			last = ch.At
		}
	}
}
