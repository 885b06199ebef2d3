package funnel_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/plain"
	"flightdeck/store"
)

// story tells one deal: "D-40 a", "D-30 b" … meaning that 40 days before today it stepped into stage a. One word after @ is the close.
func story(id store.ID, close store.Day, steps ...string) (d store.Deal, h []store.Change) {
	d = store.Deal{ID: id, Name: string(id), Close: close, Amount: store.Money{Minor: 10000, Currency: "CNY"}}
	prev := ""
	for i, s := range steps {
		var ago int
		var stage string
		if _, err := fmt.Sscanf(s, "D-%d %s", &ago, &stage); err != nil {
			panic(err)
		}
		day := plain.Today - store.Day(ago)
		if i == 0 {
			d.Created = day
		}
		h = append(h, store.Change{Deal: id, Field: store.FieldStage, From: prev, To: stage, At: day.Time(plain.Zone).Add(time.Duration(i+1) * time.Hour)})
		prev = stage
	}
	d.Stage = store.ID(prev)
	return d, h
}

func TestFunnel(t *testing.T) {
	period := analytics.Period{From: plain.Today - 50, To: plain.Today}
	type stage struct{ count, entered, advanced, lost, stays int }
	for name, c := range map[string]struct {
		close  store.Day
		steps  []string
		nohist bool
		want   map[string]stage
	}{
		"straight to won": {plain.Today - 10, []string{"D-40 a", "D-30 b", "D-20 c", "D-10 won"}, false, map[string]stage{
			"a": {0, 1, 1, 0, 1}, "b": {0, 1, 1, 0, 1}, "c": {0, 1, 1, 0, 1}, "won": {1, 1, 0, 0, 0}}},
		"a jump reaches what it skips, but does not stay there": {store.NoDay, []string{"D-40 a", "D-30 c"}, false, map[string]stage{
			"a": {0, 1, 1, 0, 1}, "b": {0, 1, 1, 0, 0}, "c": {1, 1, 0, 0, 0}, "won": {}}},
		"created in a late stage": {store.NoDay, []string{"D-40 c"}, false, map[string]stage{"a": {0, 1, 1, 0, 0}, "b": {0, 1, 1, 0, 0}, "c": {1, 1, 0, 0, 0}}},
		"backward counts once, stays twice": {store.NoDay, []string{"D-40 a", "D-30 b", "D-20 a", "D-10 b"}, false, map[string]stage{
			"a": {0, 1, 1, 0, 2}, "b": {1, 1, 0, 0, 1}, "c": {}}},
		"lost in b": {plain.Today - 5, []string{"D-40 a", "D-30 b", "D-5 lost"}, false, map[string]stage{
			"a": {0, 1, 1, 0, 1}, "b": {0, 1, 0, 1, 1}, "c": {}, "lost": {1, 1, 0, 0, 0}, "won": {}}},
		"lost, reopened, won": {plain.Today - 2, []string{"D-40 a", "D-30 lost", "D-20 b", "D-2 won"}, false, map[string]stage{
			"a": {0, 1, 1, 0, 1}, "b": {0, 1, 1, 0, 1}, "c": {0, 1, 1, 0, 0}, "won": {1, 1, 0, 0, 0}, "lost": {0, 1, 0, 0, 0}}},
		"won, reopened": {plain.Today + 20, []string{"D-40 a", "D-30 won", "D-20 b"}, false, map[string]stage{
			"a": {0, 1, 1, 0, 1}, "b": {1, 1, 1, 0, 0}, "c": {0, 1, 1, 0, 0}, "won": {0, 1, 0, 0, 0}}},
		"began before the period":  {store.NoDay, []string{"D-90 a", "D-30 b"}, false, map[string]stage{"a": {0, 0, 0, 0, 1}, "b": {1, 1, 0, 0, 0}}},
		"closed before the period": {plain.Today - 60, []string{"D-90 a", "D-60 won"}, false, map[string]stage{"a": {}, "won": {}}},
		"no history, open":         {store.NoDay, []string{"D-40 b"}, true, map[string]stage{"a": {0, 1, 1, 0, 0}, "b": {1, 1, 0, 0, 0}, "c": {}}},
		"no history, won": {plain.Today - 10, []string{"D-40 won"}, true, map[string]stage{
			"a": {0, 1, 1, 0, 1}, "b": {0, 1, 1, 0, 0}, "c": {0, 1, 1, 0, 0}, "won": {1, 1, 0, 0, 0}}},
		"nobody declared where it stands": {store.NoDay, []string{"D-40 a", "D-30 odd"}, false, map[string]stage{
			"a": {0, 1, 0, 0, 1}, "b": {}, "c": {}, "odd": {1, 1, 0, 0, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			d, h := story("t:1", c.close, c.steps...)
			if c.nohist {
				h = nil
			}
			b := analytics.FromRecords(&store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, Deals: []store.Deal{d}, Changes: h,
				Stages: []store.Stage{{ID: "a", Order: 1}, {ID: "b", Order: 2}, {ID: "c", Order: 3}, {ID: "won", Kind: store.StageWon}, {ID: "lost", Kind: store.StageLost}}},
				plain.Options())
			a := funnel.Of(b, analytics.Scope{Period: period})
			seen := 0
			for _, s := range a.Stages {
				want, ok := c.want[string(s.ID)]
				if !ok {
					continue
				}
				seen++
				if got := (stage{s.Count, s.Entered, s.Advanced, s.Lost, s.Stays}); got != want {
					t.Errorf("stage %s: %+v, want %+v", s.ID, got, want)
				}
			}
			if seen != len(c.want) {
				t.Errorf("only %d of the stages are in the answer: %+v", seen, a.Stages)
			}
		})
	}
}

func TestFunnel_Totals(t *testing.T) {
	var r store.Records
	add := func(d store.Deal, h []store.Change) { r.Deals, r.Changes = append(r.Deals, d), append(r.Changes, h...) }
	add(story("t:1", plain.Today-10, "D-40 a", "D-10 won"))
	add(story("t:2", plain.Today-5, "D-25 a", "D-5 won"))
	add(story("t:3", plain.Today-5, "D-25 a", "D-5 lost"))
	add(story("t:4", plain.Today+5, "D-25 a"))
	r.Deals[3].Amount = store.Money{}
	r.Stages = []store.Stage{{ID: "a"}, {ID: "won", Kind: store.StageWon}, {ID: "lost", Kind: store.StageLost}}
	r.Org = &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}
	a := funnel.Of(analytics.FromRecords(&r, plain.Options()), analytics.Scope{})
	if a.WinRate != (analytics.Ratio{Num: 2, Den: 3}) || a.MedianCycle != 25 || a.Open != 1 || a.OpenAmount.Cell() != "0.00" || a.Stages[0].NoAmount != 1 {
		t.Errorf("win rate %+v, cycle %v, open %d %s", a.WinRate, a.MedianCycle, a.Open, a.OpenAmount.Cell())
	}
	j, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"as_of":"2026-05-20"`, `"period":"2026Q2"`, `"amount":{"money":{"amount":"200.00","currency":"CNY"}}`, `"value":0.66`, `"median_cycle_days":25`} {
		if !strings.Contains(string(j), part) {
			t.Errorf("the JSON lacks %s: %s", part, j)
		}
	}
	tab := a.Table()
	for i, row := range tab.Rows {
		if len(row) != len(tab.Columns) {
			t.Errorf("row %d has %d cells for %d columns", i, len(row), len(tab.Columns))
		}
	}
	if got := strings.Join(tab.Rows[0], ","); got != "a,,,open,0,1,0.00,CNY,1,4,2,1,1,0.5000,20,3," {
		t.Errorf("first row: %s", got)
	}
}

// TestFunnel_FiscalPeriod: what an answer calls its period is what the question called it, and nothing beside it reads as another quarter.
func TestFunnel_FiscalPeriod(t *testing.T) {
	b := analytics.FromRecords(&store.Records{Org: &store.Org{FiscalStart: 4}}, plain.Options())
	p, err := b.Calendar().Parse("2026Q1", 0)
	if err != nil {
		t.Fatal(err)
	}
	j, err := json.Marshal(funnel.Of(b, analytics.Scope{Period: p, Industry: "x"}))
	if err != nil || !strings.Contains(string(j), `"period":"2026Q1"`) || !strings.Contains(string(j), "industry=x\\u0026period=2026-04-01..2026-06-30") {
		t.Errorf("%s, %v", j, err)
	}
	if s, err := analytics.ParseScope(b.Named(analytics.Scope{Period: p})); err != nil || s.Period != p {
		t.Errorf("the scope on an answer reads back as %+v, %v", s, err)
	}
}

func TestFunnel_Nothing(t *testing.T) {
	b := analytics.FromRecords(&store.Records{}, plain.Options())
	a := funnel.Of(b, analytics.Scope{Root: "t:nobody"})
	if len(a.Stages) != 0 || a.WinRate.OK() || a.MedianCycle != -1 {
		t.Errorf("an empty store answers %+v", a)
	}
	if j, err := json.Marshal(a); err != nil || !strings.Contains(string(j), `"stages":[]`) {
		t.Errorf("%s, %v", j, err)
	}
	if l := funnel.Deals(b, analytics.Scope{}, "nowhere", funnel.Standing); l.Rows == nil || len(l.Rows) != 0 {
		t.Errorf("%+v", l)
	}
}

// A deal without a stage is in no stage's figures; that there are such deals must not go unsaid.
func TestFunnel_DealWithoutStage(t *testing.T) {
	r := &store.Records{Stages: []store.Stage{{ID: "lead", Name: "线索", Probability: 10}},
		Deals: []store.Deal{{ID: "t:1", Stage: "lead", Created: plain.Today - 3}, {ID: "t:2", Created: plain.Today - 3}, {ID: "t:3", Created: plain.Today - 3}}}
	a := funnel.Of(analytics.FromRecords(r, plain.Options()), analytics.Scope{})
	if a.NoStage != 2 || a.Open != 1 || a.Stages[0].Count != 1 {
		t.Errorf("%d without a stage, %d open, %d lead", a.NoStage, a.Open, a.Stages[0].Count)
	}
}
