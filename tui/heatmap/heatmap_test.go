package heatmap

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/heatmap"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var usual = layout.Size{W: 80, H: 22}

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Heatmap}) }

func at(id string) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Heatmap, ID: id}) }
}

// bookOf is a small book of the given touches.
func bookOf(r *store.Records) *analytics.Book {
	r.Org = &store.Org{Name: "x", TimeZone: "Asia/Shanghai", Currency: "CNY"}
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return tuitest.Now }})
}

func TestHeatmap_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	t.Run("weekday-hour", func(t *testing.T) { tuitest.Golden(t, b, of) })
	t.Run("rep-week", func(t *testing.T) { tuitest.Golden(t, b, of, "v", "end", "right") })
	t.Run("area", func(t *testing.T) { tuitest.Golden(t, b, at("area"), "d", "c") })
}

func TestHeatmap_Geometry(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	for _, v := range heatmap.Views() {
		t.Run(v.String(), func(t *testing.T) { tuitest.Geometry(t, b, at(v.String())) })
	}
}

func TestHeatmap_Keys(t *testing.T) {
	d := tuitest.Drive(t, at("area")(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)), usual)
	d.Keys("d")
	tuitest.Keys(t, d.P)
}

// TestHeatmap_EveryFigureOpensItsTouches walks over every cell and total and demands as many rows behind it as it shows.
func TestHeatmap_EveryFigureOpensItsTouches(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	past := analytics.Scope{AsOf: store.DayOf(tuitest.Now, time.UTC) - 75}
	for i, v := range append(heatmap.Views(), heatmap.Views()...) {
		s := analytics.Scope{}
		if i >= len(heatmap.Views()) {
			s = past
		}
		d := tuitest.Drive(t, New(tuitest.Env(t, b, locale.English), pane.Place{Kind: pane.Heatmap, Scope: s, ID: v.String()}), usual)
		m := d.P.(*model)
		seen, sum := 0, 0
		d.Keys("end") // the totals
		for range m.load.Value.Cols {
			d.Keys("left")
		}
		for range len(m.load.Value.cols) + 1 {
			for range len(m.load.Value.Rows) {
				d.Keys("up")
			}
			for i := range len(m.load.Value.Rows) + 1 {
				d.Keys("enter")
				p, ok := d.Opened()
				if !ok || p.Kind != pane.Touches || p.Scope != s {
					t.Fatalf("%v: enter opened %v", v, p)
				}
				c, err := heatmap.ParseCell(p.ID)
				if err != nil {
					t.Fatal(err)
				}
				want := m.count(m.i, m.j)
				if got := len(heatmap.Touches(b, p.Scope, c).Rows); got != want || m.behind.Value.rows.Len() != want {
					t.Fatalf("%v at %s: %d rows behind, %d beside, the figure is %d", v, p.ID, got, m.behind.Value.rows.Len(), want)
				}
				if i < len(m.load.Value.Rows) && m.j < len(m.load.Value.Cols) {
					seen++
					sum += want
				}
				d.Keys("down")
			}
			d.Keys("right")
		}
		a := &m.load.Value
		if sum != a.Total || sum == 0 || seen != len(a.Rows)*len(a.cols) {
			t.Errorf("%v: the cursor saw %d cells with %d touches, want %d with %d", v, seen, sum, len(a.Rows)*len(a.cols), a.Total)
		}
	}
}

func TestHeatmap_IdleRepIsVisible(t *testing.T) {
	b := bookOf(&store.Records{People: []store.Person{{ID: "x:busy", Name: "赵勤"}, {ID: "x:idle", Name: "钱闲"}},
		Touches: []store.Touch{{ID: "x:1", Rep: "x:busy", At: tuitest.Now.Add(-time.Hour)}}})
	d := tuitest.Drive(t, at("rep-week")(tuitest.Env(t, b, locale.Chinese)), usual)
	v := layout.Plain(d.P.View())
	if !strings.Contains(v, "钱闲") || !strings.Contains(v, "1 人没有任何触达") {
		t.Errorf("the rep without touches is not shown:\n%s", v)
	}
}

func TestHeatmap_DealEventsAreNamed(t *testing.T) {
	b := bookOf(&store.Records{People: []store.Person{{ID: "x:p", Name: "P"}}, Stages: []store.Stage{{ID: "x:lead", Kind: store.StageOpen}},
		Deals: []store.Deal{{ID: "x:d", Owner: "x:p", Stage: "x:lead", Created: store.DayOf(tuitest.Now, time.UTC) - 3}}})
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), usual)
	v := layout.Plain(d.P.View())
	if !strings.Contains(v, "no source gives touches: deal events are shown") || !strings.Contains(v, "1 deal event") || strings.Contains(v, "1 touches") {
		t.Errorf("deal events are not named:\n%s", v)
	}
	d.Keys("c") // events have no channel: nothing may vanish
	if again := layout.Plain(d.P.View()); again != v || len(d.Sent) != 1 {
		t.Errorf("the channel key gave %v and\n%s", d.Sent, again)
	}
}

func TestHeatmap_UnplacedOpens(t *testing.T) {
	r := &store.Records{People: []store.Person{{ID: "x:p", Name: "P"}}}
	for i := range 3 {
		r.Touches = append(r.Touches, store.Touch{ID: store.ID(fmt.Sprint("x:", i)), Rep: "x:p", At: tuitest.Now.Add(-time.Hour), DayOnly: i > 0})
	}
	b := bookOf(r)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), usual)
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "2 without an hour") {
		t.Fatalf("touches without an hour are not counted:\n%s", v)
	}
	d.Keys("n")
	p, _ := d.Opened()
	c, err := heatmap.ParseCell(p.ID)
	if err != nil || len(heatmap.Touches(b, p.Scope, c).Rows) != 2 {
		t.Errorf("n opened %v, %v", p, err)
	}
}

func TestHeatmap_AreasGoDownAndUp(t *testing.T) {
	r := &store.Records{People: []store.Person{{ID: "x:p", Name: "P"}}}
	for i, area := range []string{"广东省/深圳市/南山区", "广东省/深圳市/福田区", "广东省/广州市", "浙江省"} {
		r.Touches = append(r.Touches, store.Touch{ID: store.ID(fmt.Sprint("x:", i)), Rep: "x:p", At: tuitest.Now.Add(-time.Hour), Area: area})
	}
	d := tuitest.Drive(t, at("area")(tuitest.Env(t, bookOf(r), locale.Chinese)), usual)
	m := d.P.(*model)
	d.Keys("d")
	if m.load.Value.Query.Area != "广东省" || len(m.load.Value.Rows) != 2 || m.load.Value.Total != 3 {
		t.Fatalf("down: %+v", m.load.Value.Query)
	}
	d.Keys("d", "d")
	if got := m.load.Value.Query.Area; strings.Count(got, "/") != 2 {
		t.Fatalf("down: %s", got)
	}
	d.Keys("d") // nothing finer
	if _, ok := d.Sent[len(d.Sent)-1].(pane.Toast); !ok {
		t.Errorf("down from a district: %v", d.Sent)
	}
	d.Keys("u", "u", "u", "u")
	if m.load.Value.Query.Area != "" || m.load.Value.Rows[m.i].Key != "广东省" {
		t.Errorf("up: %q, row %d", m.load.Value.Query.Area, m.i)
	}
}

func TestHeatmap_CursorSurvivesBackAndCommit(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	s := layout.Size{W: 140, H: 30}
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), s)
	d.Keys("v", "c", "home", "down", "left", "left")
	before := d.P.View()
	d.Send(pane.Committed{Rev: 7})
	if d.P.View() != before {
		t.Error("a commit that changed nothing moved the cursor")
	}
	p := of(tuitest.Env(t, b, locale.English))
	p.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
	if again := tuitest.Drive(t, p, s); again.P.View() != before {
		t.Errorf("restored to\n%s\nwant\n%s", layout.Plain(again.P.View()), layout.Plain(before))
	}
}

// TestHeatmap_CursorFollowsItsRow: a commit that puts rows before the chosen one does not move the cursor to another.
func TestHeatmap_CursorFollowsItsRow(t *testing.T) {
	r := &store.Records{People: []store.Person{{ID: "x:m", Name: "M"}}, Touches: []store.Touch{{ID: "x:1", Rep: "x:m", At: tuitest.Now.Add(-time.Hour)}}}
	env := tuitest.Env(t, nil, locale.English)
	book := bookOf(r)
	env.Book = func() *analytics.Book { return book }
	d := tuitest.Drive(t, at("rep-week")(env), usual)
	r.People = append(r.People, store.Person{ID: "x:a", Name: "A"}, store.Person{ID: "x:z", Name: "Z"})
	book = bookOf(r)
	d.Send(pane.Committed{Rev: 2})
	m := d.P.(*model)
	if len(m.load.Value.Rows) != 3 || m.load.Value.Rows[m.i].Key != "x:m" || m.count(m.i, m.j) != 1 {
		t.Errorf("the cursor stands on row %d of %+v", m.i, m.load.Value.Rows)
	}
}

func TestHeatmap_BadPlaceIsSaid(t *testing.T) {
	d := tuitest.Drive(t, at("view=upside-down")(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)), usual)
	d.Keys("v", "c", "enter", "down")
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "want one of weekday-hour") {
		t.Errorf("shows\n%s", v)
	}
}

func TestHeatmap_NoBook(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, nil, locale.Chinese)), usual)
	d.Keys("down", "right", "n", "d", "enter")
	if _, ok := d.Opened(); ok {
		t.Error("opened something from nothing")
	}
	tuitest.Fits(t, "nothing", d.P.View(), usual)
}

func BenchmarkKey_Heatmap(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	for _, v := range heatmap.Views() {
		for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
			b.Run(fmt.Sprintf("%v/%dx%d", v, s.W, s.H), func(b *testing.B) {
				d := tuitest.Drive(b, at(v.String())(tuitest.Env(b, book, locale.Chinese)), s)
				keys := []string{"down", "right", "up", "left"}
				i := 0
				for b.Loop() {
					d.Keys(keys[i%4]) // with the detail's load
					_ = d.P.View()
					i++
				}
			})
		}
	}
}
