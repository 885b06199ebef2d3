package company

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
)

var noon = time.Date(2026, 11, 24, 7, 30, 0, 0, time.UTC) // 15:30 in Shanghai, a Tuesday in the middle of a quarter

func generate(t testing.TB, cfg Config) *store.Records {
	t.Helper()
	var r store.Records
	if err := Generate(cfg, func(b *store.Records) error { r.Append(b); return nil }); err != nil {
		t.Fatal(err)
	}
	return &r
}

func hash(t testing.TB, r *store.Records) string {
	t.Helper()
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(r); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// middling is large enough for every kind of thing to happen.
var middling = Size{Regions: 3, Teams: 6, Reps: 20, Accounts: 150, Deals: 1000, Touches: 12_000, Sales: 5000, Quarters: 8, Months: 24}

func TestCompany_SameSeedSameDaySameCompany(t *testing.T) {
	cfg := Config{Seed: 7, Now: noon, Size: middling}
	a := generate(t, cfg)
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := c.Take()
	if hash(t, a) != hash(t, b) {
		t.Error("Generate and New gave different companies for one configuration")
	}
	if c.Take() != nil {
		t.Error("a second Take gave records")
	}
	cfg.Seed = 8
	if hash(t, a) == hash(t, generate(t, cfg)) {
		t.Error("another seed gave the same company")
	}
	cfg.Seed, cfg.Now = 7, noon.AddDate(0, 0, 1)
	if hash(t, a) == hash(t, generate(t, cfg)) {
		t.Error("another day gave the same company")
	}
}

func TestCompany_LaterNowShowsMoreOfTheSameDay(t *testing.T) {
	morning := generate(t, Config{Seed: 7, Now: noon.Add(-5 * time.Hour), Size: middling})
	later := generate(t, Config{Seed: 7, Now: noon, Size: middling})
	now := noon.Add(-5 * time.Hour)
	changes := slices.DeleteFunc(slices.Clone(later.Changes), func(c store.Change) bool { return c.At.After(now) })
	if !slices.Equal(changes, morning.Changes) {
		t.Errorf("%d changes were known in the morning; by the afternoon's account %d", len(morning.Changes), len(changes))
	}
	touches := slices.DeleteFunc(slices.Clone(later.Touches), func(c store.Touch) bool { return c.Logged.After(now) })
	if !slices.Equal(touches, morning.Touches) {
		t.Errorf("%d touches were known in the morning; by the afternoon's account %d", len(morning.Touches), len(touches))
	}
	if len(later.Changes) == len(changes) || len(later.Touches) == len(touches) {
		t.Error("nothing happened in five hours of a working day")
	}
}

func TestCompany_Sizes(t *testing.T) {
	small := Size{Regions: 1, Teams: 1, Reps: 1, Accounts: 3, Deals: 5, Touches: 40, Sales: 30, Quarters: 2, Months: 1}
	wide := Size{Regions: 8, Teams: 37, Reps: 150, Accounts: 500, Deals: 1500, Touches: 9_000, Sales: 25_000, Quarters: 4, Months: 6}
	for _, tc := range []struct {
		name string
		size Size
		near float64
	}{{"demo", Demo, .08}, {"wide", wide, .12}, {"small", small, 1.5}} {
		t.Run(tc.name, func(t *testing.T) {
			r := generate(t, Config{Seed: 3, Now: noon, Size: tc.size})
			if tc.name != "demo" { // which TestCompany_WholeAndConsistent checks
				check(t, r, noon, Org())
			}
			for _, f := range []struct {
				name      string
				got, want int
				near      float64
			}{
				{"accounts", len(r.Accounts), tc.size.Accounts, 0}, {"deals", len(r.Deals), tc.size.Deals, .02},
				{"touches", len(r.Touches), tc.size.Touches, tc.near}, {"sales", len(r.Sales), tc.size.Sales, 2 * tc.near},
				{"people", len(r.People), 1 + tc.size.Regions + tc.size.Teams + tc.size.Reps, 0},
				{"units", len(r.Units), 1 + tc.size.Regions + tc.size.Teams, 0},
			} {
				if d := math.Abs(float64(f.got - f.want)); d > f.near*float64(f.want) {
					t.Errorf("%d %s; want %d within %.0f %%", f.got, f.name, f.want, f.near*100)
				}
			}
		})
	}
}

func TestCompany_BadSize(t *testing.T) {
	for _, s := range []Size{{Regions: 9}, {Regions: 1}, {Regions: 2, Teams: 1, Reps: 1, Accounts: 1, Deals: 1, Quarters: 2, Months: 1}} {
		err := Generate(Config{Now: noon, Size: s}, func(*store.Records) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("size %+v: %v; want an error that says what is accepted", s, err)
		}
	}
	if _, err := New(Config{}); err == nil {
		t.Error("a company without a now was made")
	}
	if _, err := New(Config{Now: noon, Source: "a:b"}); err == nil {
		t.Error("a source with a colon was accepted")
	}
}

func TestCompany_YieldStops(t *testing.T) {
	stop, calls := errors.New("stop"), 0
	err := Generate(Config{Now: noon}, func(*store.Records) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("got %v after %d calls; want yield's own error after the first", err, calls)
	}
}

// TestCompany_StreamsInBoundedBlocks: a hundred times the accounts must not make the blocks larger.
func TestCompany_StreamsInBoundedBlocks(t *testing.T) {
	size := Size{Regions: 2, Teams: 4, Reps: 12, Accounts: 2500, Deals: 5000, Touches: 30_000, Sales: 10_000, Quarters: 4, Months: 6}
	blocks, most := 0, 0
	err := Generate(Config{Now: noon, Size: size}, func(r *store.Records) error {
		blocks, most = blocks+1, max(most, r.Len())
		return nil
	})
	if err != nil || blocks < 5 || most > 2*blockRows {
		t.Errorf("%d blocks, the largest with %d records, error %v", blocks, most, err)
	}
}

func TestCompany_WholeAndConsistent(t *testing.T) {
	days := []time.Time{
		noon,
		time.Date(2026, 12, 31, 15, 59, 0, 0, time.UTC), // the last minute of a year in Shanghai
		time.Date(2026, 9, 30, 16, 0, 0, 0, time.UTC),   // the first of a quarter
		time.Date(2028, 2, 29, 1, 0, 0, 0, time.UTC),
	}
	size := Demo
	for i, now := range days {
		r := generate(t, Config{Seed: uint64(i), Now: now, Size: size})
		check(t, r, now, Org())
		size = middling
	}
}

func TestCompany_LooksLikeLife(t *testing.T) {
	r := generate(t, Config{Seed: 1, Now: noon})
	today := dayOf(local(noon))
	n := map[string]int{}
	for _, c := range r.Changes {
		n[c.Field.String()]++
		if c.Field == store.FieldStage && c.From == "lost" {
			n["reopened"]++
		}
		if c.Field == store.FieldStage && c.From != "" && c.To != "lost" && stageNumber(store.ID(c.To)) > stageNumber(store.ID(c.From))+1 {
			n["skipped"]++
		}
	}
	last := map[store.ID]time.Time{}
	for _, x := range r.Touches {
		if x.At.After(last[x.Deal]) {
			last[x.Deal] = x.At
		}
		switch local(x.At) % daySeconds / 3600 {
		case 10:
			n["at ten"]++
		case 12:
			n["at lunch"]++
		}
		if x.Logged.Sub(x.At) > 2*time.Hour {
			n["logged late"]++
		}
		if x.Minutes >= 240 && x.Note == "" {
			n["long and empty"]++
		}
	}
	for _, d := range r.Deals {
		n[string(d.Stage)]++
		if k := stageNumber(d.Stage); k < stageWon {
			n["open"]++
			if d.Close < today {
				n["overdue"]++
			}
			if noon.Sub(last[d.ID]) > 30*24*time.Hour {
				n["stale"]++
			}
			if d.Category == store.CategoryCommit {
				n["commit"]++
			}
		}
		if d.Amount.Currency == "USD" {
			n["dollars"]++
		}
	}
	for _, s := range r.Sales {
		if s.Amount.Minor < 0 {
			n["returns"]++
		}
	}
	for _, f := range []struct {
		what     string
		from, to int
	}{
		{"won", 500, 1100}, {"lost", 2000, 3200}, {"open", 250, 600}, {"overdue", 30, 150}, {"stale", 30, 200}, {"commit", 10, 100}, {"reopened", 40, 200},
		{"skipped", 150, 1500}, {"close", 4000, 14_000}, {"amount", 1000, 6000}, {"owner", 80, 600}, {"category", 3000, 12_000}, {"dollars", 20, 400},
		{"returns", 100, 2000}, {"logged late", 3000, 30_000}, {"long and empty", 10, 600},
	} {
		if v := n[f.what]; v < f.from || v > f.to {
			t.Errorf("%s: %d; want %d to %d", f.what, v, f.from, f.to)
		}
	}
	if 2*n["at lunch"] > n["at ten"] {
		t.Errorf("%d touches over lunch against %d in the morning hour", n["at lunch"], n["at ten"])
	}
	for _, g := range []store.Grade{"A", "B", "C", "D"} {
		if k := share(r.Grades, g); k < .08 || k > .5 {
			t.Errorf("%.0f %% of the accounts have grade %s", 100*k, g)
		}
	}
}

func share(rows []store.GradeChange, g store.Grade) float64 {
	now := map[store.ID]store.Grade{}
	for _, c := range rows {
		now[c.Account] = c.To
	}
	n := 0
	for _, v := range now {
		if v == g {
			n++
		}
	}
	return float64(n) / float64(len(now))
}

// TestCompany_QuotasAreWithinReach: over the complete quarters but the first, the company brings in 75 to 130 % of what it was to, whatever the seed and
// the size; no single quarter is absurd.
func TestCompany_QuotasAreWithinReach(t *testing.T) {
	for seed := range uint64(3) {
		r := generate(t, Config{Seed: seed, Now: noon})
		booked, owed := map[store.Day]float64{}, map[store.Day]float64{}
		for _, d := range r.Deals {
			if d.Stage == "won" {
				rate := 1.
				if d.Amount.Currency == "USD" {
					rate = 7.1
				}
				booked[quarterOf(d.Close, 0)] += rate * float64(d.Amount.Minor)
			}
		}
		for _, q := range r.Quotas {
			if q.Node == Root("demo") {
				owed[q.From] = float64(q.Amount.Minor)
			}
		}
		var sum, of float64
		for k := -6; k < 0; k++ {
			q := quarterOf(dayOf(local(noon)), k)
			sum, of = sum+booked[q], of+owed[q]
			if a := booked[q] / owed[q]; a < .5 || a > 1.8 {
				t.Errorf("seed %d, quarter from %s: %.0f %% of quota", seed, q, 100*a)
			}
		}
		if a := sum / of; a < .75 || a > 1.3 {
			t.Errorf("seed %d: six quarters brought %.0f %% of quota", seed, 100*a)
		}
	}
}

func TestStaffNames_DoNotRepeat(t *testing.T) {
	r := generate(t, Config{Seed: 5, Now: noon})
	seen := map[string]bool{}
	for _, p := range r.People {
		if seen[p.Name] {
			t.Errorf("two of us are called %s", p.Name)
		}
		seen[p.Name] = true
	}
	seen = map[string]bool{}
	for _, a := range r.Accounts {
		if seen[a.Name] {
			t.Errorf("two accounts are called %s", a.Name)
		}
		seen[a.Name] = true
	}
}

func BenchmarkGenerateDemo(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(Config{Seed: 1, Now: noon}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestCompany_AnotherDayIsNoMassDeletion: a store that has seen the company of one day takes that of another without most of a stream vanishing.
func TestCompany_AnotherDayIsNoMassDeletion(t *testing.T) {
	before := generate(t, Config{Seed: 7, Now: noon, Size: middling})
	for _, days := range []int{1, 30, 200} {
		still := map[store.Ref]bool{}
		generate(t, Config{Seed: 7, Now: noon.AddDate(0, 0, days), Size: middling}).Refs(func(r store.Ref) bool { still[r] = true; return true })
		all, gone := map[store.Entity]int{}, map[store.Entity]int{}
		before.Refs(func(r store.Ref) bool {
			if all[r.Entity]++; !still[r] {
				gone[r.Entity]++
			}
			return true
		})
		for e, n := range all {
			if e != store.EntityQuota && 5*gone[e] > 2*n { // quotas are those of the quarters
				t.Errorf("%d days on, %d of %d records of %s are gone", days, gone[e], n, e)
			}
		}
	}
}
