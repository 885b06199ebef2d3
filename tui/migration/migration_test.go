package migration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/migration"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var usual = layout.Size{W: 80, H: 22}

func fresh(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Migration}) }

func bookOf(r *store.Records) *analytics.Book {
	r.Org = &store.Org{Name: "x", TimeZone: "Asia/Shanghai", Currency: "CNY"}
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return tuitest.Now }})
}

// graded is two accounts that a source grades: one fell with a cause, one rose without; big is what each brought in.
func graded(big store.Money) *store.Records {
	ago := func(days int) time.Time { return tuitest.Now.AddDate(0, 0, -days) }
	day := store.DayOf(tuitest.Now, time.UTC)
	return &store.Records{
		Accounts: []store.Account{{ID: "x:a", Name: "甲", Created: day - 300}, {ID: "x:b", Name: "乙", Created: day - 300}},
		Grades: []store.GradeChange{
			{ID: "x:1", Account: "x:a", To: "A", Cause: "start", At: ago(200)}, {ID: "x:2", Account: "x:a", From: "A", To: "C", Cause: "健康度下降", At: ago(5)},
			{ID: "x:3", Account: "x:b", To: "C", Cause: "start", At: ago(200)}, {ID: "x:4", Account: "x:b", From: "C", To: "B", At: ago(4)},
		},
		Sales: []store.Sale{{ID: "x:s1", Account: "x:a", Day: day - 40, Amount: big}, {ID: "x:s2", Account: "x:b", Day: day - 40, Amount: big}},
	}
}

func TestMigration_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	t.Run("accounts", func(t *testing.T) { tuitest.Golden(t, b, fresh) })
	t.Run("money", func(t *testing.T) { tuitest.Golden(t, b, fresh, "v", ",", ",", "end") })
	t.Run("huge", func(t *testing.T) {
		tuitest.Golden(t, bookOf(graded(store.Money{Minor: 9_999_999_999_99_00, Currency: "CNY"})), fresh, "v")
	})
}

func TestMigration_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), fresh)
}

func TestMigration_Keys(t *testing.T) {
	tuitest.Keys(t, fresh(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

// TestMigration_EveryFigureOpensItsAccounts walks over every square and total of several months and demands as many rows behind it as it shows.
func TestMigration_EveryFigureOpensItsAccounts(t *testing.T) {
	for _, s := range []analytics.Scope{{}, {AsOf: store.DayOf(tuitest.Now, time.UTC) - 75}} {
		everyFigure(t, s)
	}
}

func everyFigure(t *testing.T, s analytics.Scope) {
	t.Helper()
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, New(tuitest.Env(t, b, locale.English), pane.Place{Kind: pane.Migration, Scope: s}), usual)
	m := d.P.(*model)
	all := 0
	for month := range 4 {
		a := &m.load.Value
		d.Keys("home")
		last := len(a.Grades) + 1
		sum := 0
		for i := range last + 1 {
			for j := range last + 1 {
				for m.j > j {
					d.Keys("left")
				}
				if m.i != i || m.j != j {
					t.Fatalf("the cursor is at %d,%d, want %d,%d", m.i, m.j, i, j)
				}
				d.Keys("enter")
				p, ok := d.Opened()
				if !ok || p.Kind != pane.Moves || p.Scope.Period.IsZero() || p.Scope.AsOf != s.AsOf {
					t.Fatalf("enter opened %v", p)
				}
				c, err := migration.ParseCell(p.ID)
				if err != nil {
					t.Fatal(err)
				}
				l, want := migration.Accounts(b, p.Scope, c), a.at(i, j)
				if len(l.Rows) != want.Count || m.behind.Value.Rows.Len() != want.Count || l.From != a.From || l.To != a.To {
					t.Fatalf("month -%d at %s: %d rows behind, %d beside, the figure is %d", month, p.ID, len(l.Rows), m.behind.Value.Rows.Len(), want.Count)
				}
				money := b.Adder()
				for _, r := range l.Rows {
					money.AddSum(r.Money)
				}
				if got := money.Sum(); got.Money != want.Money.Money {
					t.Fatalf("month -%d at %s: rows worth %v, the figure is %v", month, p.ID, got.Money, want.Money.Money)
				}
				if i < last && j < last {
					sum += want.Count
				}
				d.Keys("right")
			}
			d.Keys("home")
			for range i + 1 {
				d.Keys("down")
			}
		}
		if sum != a.at(last, last).Count || sum == 0 {
			t.Errorf("month -%d: squares hold %d, the total says %d", month, sum, a.at(last, last).Count)
		}
		all += a.Up + a.Down
		d.Keys(",")
	}
	if all == 0 {
		t.Error("nothing moved in four months: the test has seen nothing")
	}
}

func TestMigration_StepsThroughMonths(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, fresh(tuitest.Env(t, b, locale.Chinese)), usual)
	m := d.P.(*model)
	first, flow := d.P.View(), m.load.Value.months
	if m.load.Value.month != migration.Months-1 || !strings.Contains(layout.Plain(first), "2026年9月") {
		t.Fatalf("begins at month %d:\n%s", m.load.Value.month, layout.Plain(first))
	}
	d.Keys(",", ",")
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "2026年7月") || m.load.Value.month != migration.Months-3 {
		t.Errorf("two months back is month %d:\n%s", m.load.Value.month, v)
	}
	if a := &m.load.Value; a.Up != flow[migration.Months-3].Up || a.Down != flow[migration.Months-3].Down || a.months[0].Period != flow[0].Period {
		t.Errorf("the matrix has %d up and %d down, the flow %+v", a.Up, a.Down, flow[migration.Months-3])
	}
	d.Keys(".", ".")
	if d.P.View() != first {
		t.Errorf("back and on again is\n%s\nwant\n%s", layout.Plain(d.P.View()), layout.Plain(first))
	}
	d.Keys(".") // the future
	if len(d.Sent) != 1 || d.P.View() != first {
		t.Errorf("a step into the future gave %v", d.Sent)
	}
	for range 30 {
		d.Keys(",")
	}
	if a := &m.load.Value; !strings.Contains(layout.Plain(d.P.View()), "2024年3月") || a.month != migration.Months-1 {
		t.Errorf("thirty months back is month %d of\n%s", a.month, layout.Plain(d.P.View()))
	}
}

func TestMigration_PlacesPeriodIsTheBeginning(t *testing.T) {
	env := tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)
	s := analytics.Scope{Period: analytics.Period{From: store.Date(2026, 4, 1), To: store.Date(2026, 6, 30)}}
	d := tuitest.Drive(t, New(env, pane.Place{Kind: pane.Migration, Scope: s}), usual)
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "2026-03-31 > 2026-06-30") {
		t.Errorf("a quarter begins as\n%s", v)
	}
	d.Keys(",")
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "May 2026") {
		t.Errorf("the month before its last is\n%s", v)
	}
}

func TestMigration_UnexplainedIsCounted(t *testing.T) {
	d := tuitest.Drive(t, fresh(tuitest.Env(t, bookOf(graded(store.Money{Minor: 100, Currency: "CNY"})), locale.Chinese)), layout.Size{W: 140, H: 30})
	v := layout.Plain(d.P.View())
	if !strings.Contains(v, "1 个变动来源没有说明原因") || !strings.Contains(v, "健康度下降") || !strings.Contains(v, "A > C") {
		t.Errorf("shows\n%s", v)
	}
}

func TestMigration_MissingRateIsSaid(t *testing.T) {
	d := tuitest.Drive(t, fresh(tuitest.Env(t, bookOf(graded(store.Money{Minor: 5_000_00, Currency: "EUR"})), locale.English)), usual)
	d.Keys("v")
	v := layout.Plain(d.P.View())
	if !strings.Contains(v, "plus 10,000.00 EUR without a rate") || !strings.Contains(v, "-0*") {
		t.Errorf("euros without a rate are not shown:\n%s", v)
	}
}

func TestMigration_DerivedNamesItsRule(t *testing.T) {
	day := store.DayOf(tuitest.Now, time.UTC)
	b := bookOf(&store.Records{
		Accounts: []store.Account{{ID: "x:a", Name: "甲", Created: day - 300}, {ID: "x:b", Name: "乙", Created: day - 300}},
		Sales: []store.Sale{{ID: "x:1", Account: "x:a", Day: day - 100, Amount: store.Money{Minor: 100_00, Currency: "CNY"}},
			{ID: "x:2", Account: "x:b", Day: day - 3, Amount: store.Money{Minor: 9000_00, Currency: "CNY"}}},
	})
	d := tuitest.Drive(t, fresh(tuitest.Env(t, b, locale.English)), usual)
	v := layout.Plain(d.P.View())
	if !strings.Contains(v, "no source gives grades; they are derived by abc 80/95 365d") || !strings.Contains(v, "1 down") || !strings.Contains(v, "1 up") {
		t.Errorf("shows\n%s", v)
	}
}

func TestMigration_CursorSurvivesBackAndCommit(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	s := layout.Size{W: 140, H: 30}
	d := tuitest.Drive(t, fresh(tuitest.Env(t, b, locale.English)), s)
	d.Keys("v", ",", "home", "down", "right", "right")
	before := d.P.View()
	d.Send(pane.Committed{Rev: 7})
	if d.P.View() != before {
		t.Error("a commit that changed nothing moved the cursor")
	}
	p := fresh(tuitest.Env(t, b, locale.English))
	p.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
	if again := tuitest.Drive(t, p, s); again.P.View() != before {
		t.Errorf("restored to\n%s\nwant\n%s", layout.Plain(again.P.View()), layout.Plain(before))
	}
}

// TestMigration_CursorFollowsItsGrades: a better grade that appears moves rows and columns, but not the cursor to other grades.
func TestMigration_CursorFollowsItsGrades(t *testing.T) {
	r := graded(store.Money{Minor: 100, Currency: "CNY"})
	book := bookOf(r)
	env := tuitest.Env(t, nil, locale.English)
	env.Book = func() *analytics.Book { return book }
	d := tuitest.Drive(t, fresh(env), usual)
	m := d.P.(*model)
	was, i := m.cell(), m.i
	r.Accounts = append(r.Accounts, store.Account{ID: "x:c", Name: "丙"})
	r.Grades = append(r.Grades, store.GradeChange{ID: "x:9", Account: "x:c", To: "0", Cause: "first", At: tuitest.Now.AddDate(0, 0, -100)})
	book = bookOf(r)
	d.Send(pane.Committed{Rev: 2})
	if m.cell() != was || m.i == i || m.load.Value.at(m.i, m.j).Count != 1 {
		t.Errorf("the cursor was at %v in row %d and is at %v in row %d", was, i, m.cell(), m.i)
	}
}

func TestMigration_NoBook(t *testing.T) {
	d := tuitest.Drive(t, fresh(tuitest.Env(t, nil, locale.Chinese)), usual)
	d.Keys("down", "right", ",", ".", "v", "enter")
	if _, ok := d.Opened(); ok {
		t.Error("opened something from nothing")
	}
	tuitest.Fits(t, "nothing", d.P.View(), usual)
}

func BenchmarkKey_Migration(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	for name, keys := range map[string][]string{"cursor": {"down", "right", "up", "left"}, "month": {",", ",", ".", "."}} {
		for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
			b.Run(fmt.Sprintf("%s/%dx%d", name, s.W, s.H), func(b *testing.B) {
				d := tuitest.Drive(b, fresh(tuitest.Env(b, book, locale.Chinese)), s)
				i := 0
				for b.Loop() {
					d.Keys(keys[i%4]) // with the loads
					_ = d.P.View()
					i++
				}
			})
		}
	}
}

// Where the rules judged the customers, a move is told by the inputs that moved the score, from what to what, and by which version of the rules.
func TestMigration_CausesFromEvaluations(t *testing.T) {
	b := tuitest.Judged(t)
	s := analytics.Scope{Period: analytics.Period{From: tuitest.Months[0] + 1, To: tuitest.Months[2]}}
	d := tuitest.Drive(t, New(tuitest.Env(t, b, locale.English), pane.Place{Kind: pane.Migration, Scope: s}), layout.Size{W: 200, H: 48})
	v := layout.Plain(d.P.View())
	if a := d.P.(*model).load.Value; a.Up+a.Down == 0 {
		t.Fatal("nothing moved: the test sees nothing")
	}
	for _, want := range []string{"score 52.2 > 45.1", "feature depth 81 > 39 (-4.4)", "rules 1 (0badcafe)"} {
		if !strings.Contains(v, want) {
			t.Errorf("no %q in\n%s", want, v)
		}
	}
	t.Run("golden", func(t *testing.T) {
		tuitest.Golden(t, b, func(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Migration, Scope: s}) })
	})
}

// Any two months can be held against each other, and stay as far apart when one steps on.
func TestMigration_TwoMonthsApart(t *testing.T) {
	d := tuitest.Drive(t, fresh(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)), usual)
	m := d.P.(*model)
	d.Keys(",", "<", "<")
	if a := &m.load.Value; a.From != store.Date(2026, 5, 31) || a.To != store.Date(2026, 8, 31) {
		t.Errorf("from %v to %v", a.From, a.To)
	}
	d.Keys(",")
	if a := &m.load.Value; a.From != store.Date(2026, 4, 30) || a.To != store.Date(2026, 7, 31) {
		t.Errorf("a month back: from %v to %v", a.From, a.To)
	}
	again := fresh(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English))
	again.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
	if got := tuitest.Drive(t, again, usual).P.View(); got != d.P.View() {
		t.Error("restored to something else")
	}
	d.Keys(">", ">", ">", ">", ".")
	if a := &m.load.Value; a.From != store.Date(2026, 7, 31) || a.To != store.Date(2026, 8, 31) {
		t.Errorf("one month again: from %v to %v", a.From, a.To)
	}
	d.Keys("o")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Owed {
		t.Errorf("opened %v", p)
	}
}
