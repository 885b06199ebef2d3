package tally_test

import (
	"strconv"
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/plain"
	"flightdeck/analytics/tally"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// TestOf_AsPlain holds every pair of columns to a count over the records.
func TestOf_AsPlain(t *testing.T) {
	rng := storetest.Rand(t)
	counted := 0
	for range 10 {
		w := plain.Random(rng, 40)
		for i := range w.Touches { // most as they are: hours, sometimes what no person would write
			if rng.IntN(40) == 0 {
				w.Touches[i].Minutes = []int{-5, 1 << 22, 1<<31 - 1, -1 << 31, 1<<22 - 1, 1 << 21}[rng.IntN(6)]
			} else {
				w.Touches[i].Minutes = rng.IntN(300)
			}
		}
		b := w.Book()
		s := analytics.Scope{}
		if rng.IntN(2) == 0 {
			s = w.Scope()
		}
		sel := b.Select(s)
		for x := tally.Channel; x <= tally.Rep; x++ {
			for y := tally.Channel; y <= tally.Rep; y++ {
				type sum struct {
					n       int
					minutes int64
				}
				want := map[[2]string]sum{}
				for k := range b.Touches().Len() {
					v := b.Touch(k)
					if !sel.MatchTouch(k) || !s.Period.IsZero() && !s.Period.Contains(store.DayOf(v.At, plain.Zone)) {
						continue
					}
					key := func(y tally.By) string {
						switch y {
						case tally.Channel:
							return v.Channel.String()
						case tally.Sentiment:
							return v.Sentiment.String()
						case tally.Topic:
							return v.Topic
						case tally.Industry:
							c, ok := b.AccountCode(v.Account)
							if !ok {
								return ""
							}
							return b.Industry(b.AccountIndustry(c))
						case tally.Province:
							p, _, _ := strings.Cut(v.Area, "/")
							return p
						}
						return string(v.Rep)
					}
					k := [2]string{key(x), key(y)}
					want[k] = sum{want[k].n + 1, want[k].minutes + int64(v.Minutes)}
					counted++
				}
				got := tally.Of(b, s, [2]tally.By{x, y})
				if len(got.Rows) != len(want) {
					t.Fatalf("%s by %s: %d pairs, want %d", x, y, len(got.Rows), len(want))
				}
				for _, r := range got.Rows {
					if want[r.Keys] != (sum{r.Touches, r.Minutes}) {
						t.Fatalf("%s by %s, %q: %+v, want %+v", x, y, r.Keys, r, want[r.Keys])
					}
				}
			}
		}
	}
	if counted == 0 {
		t.Fatal("nothing counted: the test says nothing")
	}
}

// TestOf_ManyBlocks adds up whole blocks, emptying what was added in between.
func TestOf_ManyBlocks(t *testing.T) {
	defer tally.EmptyAfter(10_000)()
	rng := storetest.Rand(t)
	w := plain.Random(rng, 20)
	type sum struct {
		n       int
		minutes int64
	}
	want := map[[2]string]sum{}
	w.Touches = nil
	for i := range 40_000 + rng.IntN(3) {
		v := w.Touch()
		v.ID, v.Minutes = store.MakeID("t", "n"+strconv.Itoa(i)), rng.IntN(1<<22)
		w.Touches = append(w.Touches, v)
		k := [2]string{v.Topic, v.Channel.String()}
		want[k] = sum{want[k].n + 1, want[k].minutes + int64(v.Minutes)}
	}
	got := tally.Of(w.Book(), analytics.Scope{}, [2]tally.By{tally.Topic, tally.Channel})
	if len(got.Rows) != len(want) {
		t.Fatalf("%d pairs, want %d", len(got.Rows), len(want))
	}
	for _, r := range got.Rows {
		if want[r.Keys] != (sum{r.Touches, r.Minutes}) {
			t.Fatalf("%q: %+v, want %+v", r.Keys, r, want[r.Keys])
		}
	}
}

func TestParse(t *testing.T) {
	for y := tally.Channel; y <= tally.Rep; y++ {
		if got, err := tally.Parse(y.String()); err != nil || got != y {
			t.Errorf("%s: %v, %v", y, got, err)
		}
	}
	if _, err := tally.Parse("colour"); err == nil || !strings.Contains(err.Error(), "want one of channel") {
		t.Errorf("%v", err)
	}
}
