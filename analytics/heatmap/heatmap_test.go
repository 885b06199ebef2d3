package heatmap_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/touch"
	"flightdeck/store"
)

var small = booktest.Size{Teams: 3, People: 8, Accounts: 12, Deals: 40, Touches: 250}

// plain counts with the records alone: no Book, no columns.
func plain(r *store.Records, from, to store.Day, q heatmap.Query) map[string]int {
	got := map[string]int{}
	names := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	for _, t := range r.Touches {
		at := t.At.In(booktest.Zone)
		d := store.DayOf(at, booktest.Zone)
		if d < from || d > to || q.Channel != "" && t.Channel.String() != q.Channel {
			continue
		}
		if q.Area != "" && t.Area != q.Area && !strings.HasPrefix(t.Area, q.Area+"/") {
			continue
		}
		y, w := at.ISOWeek()
		week := fmt.Sprintf("%04d-W%02d", y, w)
		row, col := names[(int(at.Weekday())+6)%7], fmt.Sprintf("%02d", at.Hour())
		switch q.View {
		case heatmap.WeekdayHour:
			if t.DayOnly {
				col = heatmap.None
			}
		case heatmap.RepWeek:
			if row, col = string(t.Rep), week; t.Rep == "" {
				row = heatmap.None
			}
		case heatmap.Area:
			depth := 1
			if q.Area != "" {
				depth = strings.Count(q.Area, "/") + 2
			}
			parts := strings.Split(t.Area, "/")
			if row, col = strings.Join(parts[:min(depth, len(parts))], "/"), week; t.Area == "" {
				row = heatmap.None
			}
		}
		got[row+" "+col]++
	}
	return got
}

func TestHeatmap_AgainstPlain(t *testing.T) {
	rng := booktest.Rand(t)
	for range 6 {
		r := booktest.Company(rng, small, booktest.With{Touches: true})
		b := booktest.Book(r)
		for _, s := range []analytics.Scope{{}, {AsOf: booktest.Today - 100}, {Period: analytics.Period{From: booktest.Today - 400, To: booktest.Today + 30}}} {
			asOf := b.AsOf(s)
			from, to := s.Period.From, min(s.Period.To, asOf)
			if s.Period.IsZero() {
				to = asOf
				from = to - store.Day((int(to.Weekday())+6)%7) - 77
			}
			for _, v := range heatmap.Views() {
				for _, q := range []heatmap.Query{{View: v}, {View: v, Channel: "visit"}, {View: v, Area: "广东省"}, {View: v, Area: "广东省/深圳市"}} {
					want := plain(r, from, to, q)
					a := heatmap.Of(b, s, q)
					got, none := map[string]int{}, 0
					for i := range a.Rows {
						for j := range a.Cols {
							if n := a.At(i, j); n > 0 {
								got[a.Rows[i].Key+" "+a.Cols[j].Key] = n
							}
						}
					}
					for k, n := range want {
						if strings.Contains(k, heatmap.None) && !a.NoHour {
							none += n
							delete(want, k)
						}
					}
					if fmt.Sprint(got) != fmt.Sprint(want) || a.Unplaced != none {
						t.Fatalf("scope %v query %v:\n got %v unplaced %d\nwant %v unplaced %d", s, q, got, a.Unplaced, want, none)
					}
				}
			}
		}
	}
}

// TestHeatmap_EveryCellOpens: the sum of the squares, rows and columns, and the list behind each, are the same figure, in any scope and from either
// subject.
func TestHeatmap_EveryCellOpens(t *testing.T) {
	rng := booktest.Rand(t)
	for _, with := range []booktest.With{{Touches: true}, {}} {
		r := booktest.Company(rng, small, with)
		b := booktest.Book(r)
		for _, s := range []analytics.Scope{{}, {Node: "t:region0"}, {Root: "t:region0", AsOf: booktest.Today - 40}, {Industry: "医疗"}, {Stage: "won"},
			{Node: "t:person3", Period: analytics.Period{From: booktest.Today - 300, To: booktest.Today}}, {Node: "nobody"}} {
			for _, v := range heatmap.Views() {
				for _, q := range []heatmap.Query{{View: v}, {View: v, Channel: "call"}, {View: v, Area: "广东省"}, {View: v, Channel: "smoke"}} {
					a := heatmap.Of(b, s, q)
					open := func(c heatmap.Cell, want int) {
						t.Helper()
						l := heatmap.Touches(b, s, c)
						if len(l.Rows) != want || l.Subject != a.Subject {
							t.Fatalf("scope %v cell %v: %d %s, want %d %s", s, c, len(l.Rows), l.Subject, want, a.Subject)
						}
						if !slices.IsSortedFunc(l.Rows, func(x, y touch.Row) int { return y.At.Compare(x.At) }) {
							t.Fatalf("scope %v cell %v: not newest first", s, c)
						}
					}
					total, highest := 0, 0
					for i := range a.Rows {
						sum := 0
						for j := range a.Cols {
							n := a.At(i, j)
							sum += n
							highest = max(highest, n)
							if n > 0 || rng.IntN(50) == 0 {
								open(a.Cell(i, j), n)
							}
						}
						if sum != a.RowTotals[i] {
							t.Fatalf("row %d: %d, want %d", i, a.RowTotals[i], sum)
						}
						open(a.Cell(i, -1), sum)
						total += sum
					}
					for j := range a.Cols {
						open(a.Cell(-1, j), a.ColTotals[j])
					}
					if total != a.Total || highest != a.Max {
						t.Fatalf("total %d max %d, want %d %d", a.Total, a.Max, total, highest)
					}
					open(a.Cell(-1, -1), total)
					open(a.UnplacedCell(), a.Unplaced)
					open(heatmap.Cell{Query: q, Row: "no such row"}, 0)
				}
			}
		}
	}
}

func TestHeatmap_RepWithoutTouches(t *testing.T) {
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, People: []store.Person{{ID: "busy", Name: "Busy"}, {ID: "idle", Name: "Idle"},
		{ID: "gone", Name: "Gone", Inactive: true}, {ID: "boss", Name: "Boss"}}, Units: []store.Unit{{ID: "u", Name: "U", Manager: "boss", Kind: store.UnitTeam}},
		Touches: []store.Touch{{ID: "1", Rep: "busy", At: booktest.Today.Time(booktest.Zone)}}}
	a := heatmap.Of(booktest.Book(r), analytics.Scope{}, heatmap.Query{View: heatmap.RepWeek})
	var names []string
	for i, l := range a.Rows {
		names = append(names, fmt.Sprint(l.Key, a.RowTotals[i]))
	}
	slices.Sort(names)
	if got := fmt.Sprint(names); got != "[busy1 idle0]" {
		t.Errorf("rows %v, want busy with one touch and idle with none; neither who left nor who leads", got)
	}
	if len(a.Cols) != heatmap.Weeks || a.Cols[heatmap.Weeks-1].Key != "2026-W29" {
		t.Errorf("columns %v, want the twelve weeks up to 2026-W29", a.Cols)
	}
}

func TestHeatmap_DatesOnly(t *testing.T) {
	d := booktest.Today
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, People: []store.Person{{ID: "p"}},
		Stages: []store.Stage{{ID: "lead", Kind: store.StageOpen}, {ID: "won", Order: 1, Kind: store.StageWon}},
		Deals:  []store.Deal{{ID: "d", Owner: "p", Stage: "won", Created: d - 9, Close: d - 1}}}
	b := booktest.Book(r)
	a := heatmap.Of(b, analytics.Scope{}, heatmap.Query{})
	if a.Subject != touch.SubjectDealEvents || !a.NoHour || len(a.Cols) != 1 || a.Total != 2 || a.Unplaced != 0 {
		t.Fatalf("%+v: want two deal events in one column without an hour", a)
	}
	l := heatmap.Touches(b, analytics.Scope{}, heatmap.Cell{Row: "tue"})
	if len(l.Rows) != 1 || l.Rows[0].Event != "stage" || l.Rows[0].From != "lead" || l.Rows[0].To != "won" {
		t.Errorf("Tuesday opens %+v, want the deal being won", l.Rows)
	}
}

// TestHeatmap_AreaOfTheAccount: where no touch says where it was, the account's place stands in; as soon as one does, it does not.
func TestHeatmap_AreaOfTheAccount(t *testing.T) {
	at := booktest.Today.Time(booktest.Zone)
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, People: []store.Person{{ID: "p"}},
		Accounts: []store.Account{{ID: "a", Region: "华南", City: "深圳市"}, {ID: "b", Region: "华南"}, {ID: "c"}},
		Touches: []store.Touch{{ID: "1", Rep: "p", Account: "a", At: at}, {ID: "2", Rep: "p", Account: "b", At: at}, {ID: "3", Rep: "p", Account: "c", At: at},
			{ID: "4", Rep: "p", At: at}}}
	b := booktest.Book(r)
	a := heatmap.Of(b, analytics.Scope{}, heatmap.Query{View: heatmap.Area})
	if !a.ByAccount || len(a.Rows) != 1 || a.Rows[0].Key != "华南" || a.Total != 2 || a.Unplaced != 2 {
		t.Errorf("%+v: want 华南 with two and two unplaced", a)
	}
	in := heatmap.Of(b, analytics.Scope{}, heatmap.Query{View: heatmap.Area, Area: "华南"})
	if len(in.Rows) != 2 || in.Rows[0].Key != "华南" || in.Rows[1].Name != "深圳市" {
		t.Errorf("%+v: want 华南 itself and 深圳市", in.Rows)
	}
	r.Touches[3].Area = "广东省"
	if a = heatmap.Of(booktest.Book(r), analytics.Scope{}, heatmap.Query{View: heatmap.Area}); a.ByAccount || a.Total != 1 || a.Unplaced != 3 {
		t.Errorf("%+v: want only the touch that says where it was", a)
	}
}

func TestHeatmap_NothingFromTheFuture(t *testing.T) {
	d := booktest.Today - 30
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, People: []store.Person{{ID: "p"}}, Touches: []store.Touch{
		{ID: "before", Rep: "p", At: d.End(booktest.Zone).Add(-time.Minute)}, {ID: "after", Rep: "p", At: d.End(booktest.Zone)}}}
	a := heatmap.Of(booktest.Book(r), analytics.Scope{AsOf: d, Period: analytics.Period{From: d - 5, To: d + 5}}, heatmap.Query{})
	if a.Total != 1 || a.At(int(d.Weekday()+6)%7, 23) != 1 {
		t.Errorf("total %d: want only the touch of 23:59 on the as-of day", a.Total)
	}
}

func TestCell_RoundTrip(t *testing.T) {
	for _, c := range []heatmap.Cell{{}, {Query: heatmap.Query{View: heatmap.Area, Channel: "visit", Area: "广东省/深圳市"}, Row: "广东省/深圳市/南山区", Col: "2026-W07"},
		{Query: heatmap.Query{View: heatmap.RepWeek}, Row: "t:a&b=c"}} {
		if got, err := heatmap.ParseCell(c.String()); err != nil || got != c {
			t.Errorf("ParseCell(%q) = %+v, %v", c, got, err)
		}
		if got, err := heatmap.ParseQuery(c.Query.String()); err != nil || got != c.Query {
			t.Errorf("ParseQuery(%q) = %+v, %v", c.Query, got, err)
		}
	}
	if q, err := heatmap.ParseQuery("rep-week"); err != nil || q.View != heatmap.RepWeek {
		t.Errorf("ParseQuery(rep-week) = %v, %v", q, err)
	}
	for _, bad := range []string{"rows", "view=x", "view=area&channel=smoke", "view=area&colour=red", "view=area&row=x", "view=area;%zz"} {
		if _, err := heatmap.ParseQuery(bad); err == nil {
			t.Errorf("ParseQuery(%q): no error", bad)
		}
	}
}

func FuzzParseCell(f *testing.F) {
	f.Add("view=area&area=广东省&row=a&col=b")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := heatmap.ParseCell(s)
		if err != nil {
			return
		}
		if again, err := heatmap.ParseCell(c.String()); err != nil || again != c {
			t.Fatalf("%q → %+v → %q → %+v, %v", s, c, c, again, err)
		}
	})
}

func TestAnswer_JSON(t *testing.T) {
	a := heatmap.Of(booktest.Book(&store.Records{}), analytics.Scope{}, heatmap.Query{})
	out, err := json.Marshal(a)
	if err != nil || !strings.Contains(string(out), `"stamp":{"revision":`) || !strings.Contains(string(out), `"view":"weekday-hour"`) {
		t.Errorf("%s, %v", out, err)
	}
	for _, v := range heatmap.Views() { // a reader of JSON walks over lists: an empty one is [], not null
		a := heatmap.Of(booktest.Book(&store.Records{}), analytics.Scope{Period: analytics.Period{From: booktest.Today + 7, To: booktest.Today + 9}}, heatmap.Query{View: v})
		if out, err := json.Marshal(a); err != nil || strings.Contains(string(out), "null") {
			t.Errorf("%s: %s, %v", v, out, err)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	book := booktest.Book(booktest.Company(booktest.Rand(b), booktest.Demo, booktest.With{Touches: true}))
	for _, v := range heatmap.Views() {
		b.Run(v.String(), func(b *testing.B) {
			for b.Loop() {
				heatmap.Of(book, analytics.Scope{Period: analytics.Period{From: 0, To: booktest.Today}}, heatmap.Query{View: v})
			}
		})
	}
	b.Run("touches", func(b *testing.B) {
		for b.Loop() {
			heatmap.Touches(book, analytics.Scope{}, heatmap.Cell{Row: "mon"})
		}
	})
}
