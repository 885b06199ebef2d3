package migration_test

import (
	"fmt"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/migration"
	"flightdeck/store"
)

var small = booktest.Size{Teams: 3, People: 8, Accounts: 30, Deals: 120, Touches: 10}

// gradeAt reads the history literally: the newest step up to the day, else what the oldest step after it came from.
func gradeAt(r *store.Records, id store.ID, day store.Day) (g store.Grade) {
	var last, next *store.GradeChange
	for i := range r.Grades {
		c := &r.Grades[i]
		if c.Account != id {
			continue
		}
		if store.DayOf(c.At, booktest.Zone) <= day {
			if last == nil || !c.At.Before(last.At) {
				last = c
			}
		} else if next == nil || c.At.Before(next.At) {
			next = c
		}
	}
	switch {
	case last != nil:
		return last.To
	case next != nil:
		return next.From
	}
	return ""
}

func TestMigration_AgainstPlain(t *testing.T) {
	rng := booktest.Rand(t)
	for range 10 {
		r := booktest.Company(rng, small, booktest.With{Grades: true, Sales: true})
		b := booktest.Book(r)
		for _, s := range []analytics.Scope{{}, {AsOf: booktest.Today - 200}, {Period: analytics.Period{From: booktest.Today - 90, To: booktest.Today - 10}}} {
			a := migration.Of(b, s)
			want := map[string]int{}
			for _, acc := range r.Accounts {
				from, to := gradeAt(r, acc.ID, a.From), gradeAt(r, acc.ID, a.To)
				if from != "" || to != "" {
					want[migration.Cell{From: from, To: to}.String()]++
				}
			}
			got := map[string]int{}
			for i := range len(a.Grades) + 1 {
				for j := range len(a.Grades) + 1 {
					if n := a.At(i, j).Count; n > 0 {
						got[a.Cell(i, j).String()] = n
					}
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || a.Derived {
				t.Fatalf("scope %v: got %v, want %v", s, got, want)
			}
		}
	}
}

// TestMigration_EveryCellOpens holds for sources that grade and for derived grades: counts and money of each square are those of its list, nothing moved
// without a cause, and the parts add up.
func TestMigration_EveryCellOpens(t *testing.T) {
	rng := booktest.Rand(t)
	for _, with := range []booktest.With{{Grades: true, Sales: true}, {Grades: true}, {Sales: true}, {}} {
		r := booktest.Company(rng, small, with)
		b := booktest.Book(r)
		for _, s := range []analytics.Scope{{}, {Node: "t:region0"}, {Root: "t:team1", AsOf: booktest.Today - 33}, {Industry: "医疗"}, {Node: "nobody"},
			{Period: analytics.Period{From: booktest.Today - 300, To: booktest.Today}}} {
			a := migration.Of(b, s)
			if a.Derived == with.Grades {
				t.Fatalf("derived %v with %+v", a.Derived, with)
			}
			total, unexplained := 0, 0
			for i := range len(a.Grades) + 1 {
				for j := range len(a.Grades) + 1 {
					l := migration.Accounts(b, s, a.Cell(i, j))
					sum := b.Adder()
					for _, m := range l.Rows {
						sum.AddSum(m.Money)
						if (m.From == m.To) != (m.Cause.Kind == migration.CauseNone) {
							t.Fatalf("%s moved %s > %s with cause %q", m.Account, m.From, m.To, m.Cause.Kind)
						}
						if m.Cause.Kind == migration.CauseUnexplained {
							unexplained++
						}
						if m.Cause.Kind == migration.CauseSource && m.Cause.Text == "" {
							t.Fatalf("%s: a cause without words", m.Account)
						}
					}
					if sq := a.At(i, j); sq.Count != len(l.Rows) || fmt.Sprint(sq.Money) != fmt.Sprint(sum.Sum()) {
						t.Fatalf("scope %v cell %v: %+v, list of %d with %v", s, a.Cell(i, j), sq, len(l.Rows), sum.Sum())
					}
					total += len(l.Rows)
				}
			}
			if n := a.Up + a.Down + a.Same + a.Entered + a.Left; n != total || len(migration.Accounts(b, s, a.Cell(-1, -1)).Rows) != total {
				t.Fatalf("parts add up to %d, lists to %d", n, total)
			}
			if a.Unexplained != unexplained {
				t.Fatalf("unexplained %d, lists show %d", a.Unexplained, unexplained)
			}
			if last := len(a.Grades); a.At(last, last).Count != 0 {
				t.Fatal("somebody moved from nothing to nothing")
			}
			if len(a.Flow) != migration.Months {
				t.Fatalf("%d months", len(a.Flow))
			}
			if m := a.Flow[migration.Months-1]; s.Period.IsZero() && (m.Up != a.Up || m.Down != a.Down || m.Same != a.Same || m.Entered != a.Entered || m.Left != a.Left) {
				t.Fatalf("the flow's last month %+v is not the matrix %+v", m, a)
			}
		}
	}
}

// TestBoard_AgainstPlain: derived grades and values are those that the definition gives when it is read literally, on any day, whatever happened to the deals
// since.
func TestBoard_AgainstPlain(t *testing.T) {
	rng := booktest.Rand(t)
	for range 5 {
		r := booktest.Company(rng, small, booktest.With{})
		b := booktest.Book(r)
		for range 6 {
			day := booktest.Today - store.Day(rng.IntN(700))
			value, total := map[store.ID]int64{}, int64(0)
			since := map[store.ID]store.Day{}
			for _, a := range r.Accounts {
				since[a.ID] = a.Created
				for _, d := range r.Deals {
					c, _ := b.DealCode(d.ID)
					if d.Account != a.ID {
						continue
					}
					st := b.DealAt(c, day)
					if st.Created != store.NoDay && (since[a.ID] == store.NoDay || st.Created < since[a.ID]) {
						since[a.ID] = st.Created
					}
					if st.Exists && st.Kind == store.StageWon && st.Closed > day-365 && st.Closed <= day && st.HasValue() {
						value[a.ID] += st.Value
					}
				}
				if since[a.ID] <= day {
					total += value[a.ID]
				}
			}
			board := migration.BoardAt(b, day)
			for _, a := range r.Accounts {
				above := int64(0)
				for _, o := range r.Accounts {
					if since[o.ID] <= day && value[o.ID] > value[a.ID] {
						above += value[o.ID]
					}
				}
				want := store.Grade("C")
				switch {
				case since[a.ID] > day:
					want = ""
				case value[a.ID] == 0:
					want = "D"
				case above*100 < total*80:
					want = "A"
				case above*100 < total*95:
					want = "B"
				}
				c, _ := b.AccountCode(a.ID)
				if got := board.Grade(c); got != want || board.Value(c).Money.Minor != value[a.ID] {
					t.Fatalf("%s on %v: %s with %v, want %s with %d", a.ID, day, got, board.Value(c), want, value[a.ID])
				}
			}
		}
	}
}

// TestMigration_DerivedCause: an account that stops buying falls, another falls only because the first one's rival grew; each says which it was.
func TestMigration_DerivedCause(t *testing.T) {
	d := booktest.Today // 2026-07-15: from 2026-06-30
	won := func(id, account string, minor int64, day store.Day) store.Deal {
		return store.Deal{ID: store.ID(id), Account: store.ID(account), Stage: "won", Amount: store.Money{Minor: minor, Currency: "CNY"}, Created: day - 10, Close: day}
	}
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"},
		Stages: []store.Stage{{ID: "lead"}, {ID: "won", Order: 1, Kind: store.StageWon}},
		Accounts: []store.Account{{ID: "falls", Created: store.NoDay}, {ID: "outgrown", Created: store.NoDay},
			{ID: "grows", Created: store.NoDay}, {ID: "young", Created: d - 3}},
		Deals: []store.Deal{won("1", "falls", 81_000_00, d-370), won("2", "falls", 2_000_00, d-30), won("3", "outgrown", 20_000_00, d-40),
			won("4", "grows", 1_000_00, d-50), won("5", "grows", 200_000_00, d-5)}}
	b := booktest.Book(r)
	a := migration.Of(b, analytics.Scope{})
	if !a.Derived || a.Rule != "abc 80/95 365d" || a.From.String() != "2026-06-30" {
		t.Fatalf("derived %v rule %q from %v", a.Derived, a.Rule, a.From)
	}
	got := ""
	for _, m := range migration.Accounts(b, analytics.Scope{}, migration.Cell{From: migration.Any, To: migration.Any}).Rows {
		got += fmt.Sprintf("%s %s>%s %s %s→%s; ", m.Account, m.From, m.To, m.Cause.Kind, m.Cause.Before.Money.Amount(), m.Cause.After.Money.Amount())
	}
	// 30 June: 83, 20 and 1 thousand, so 79.8 % lie above outgrown and 99 % above grows
	want := "outgrown A>B rank 20000.00→20000.00; falls A>C value 83000.00→2000.00; grows C>A value 1000.00→201000.00; young >D entered 0.00→0.00; "
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// a year ago the others were not customers yet, and falls had just bought for the first time
	past := migration.Of(b, analytics.Scope{AsOf: d - 360})
	if past.Up != 1 || past.At(3, 0).Count != 1 || past.Same+past.Down+past.Entered+past.Left != 0 {
		t.Errorf("a year ago: %+v", past)
	}
}

func TestMigration_BrokenHistoryIsUnexplained(t *testing.T) {
	at := booktest.Today.Time(booktest.Zone)
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, Accounts: []store.Account{{ID: "a"}, {ID: "b"}, {ID: "c"}},
		Grades: []store.GradeChange{
			{ID: "1", Account: "a", From: "A", To: "B", At: at, Cause: "lost the tender"},
			{ID: "2", Account: "b", From: "A", To: "B", At: at, Cause: " "},
			{ID: "3", Account: "c", To: "A", At: at.AddDate(0, -3, 0), Cause: "first order"},
			{ID: "4", Account: "c", From: "B", To: "C", At: at, Cause: "price"}, // somebody moved it from A to B without a word
		}}
	b := booktest.Book(r)
	if a := migration.Of(b, analytics.Scope{}); a.Unexplained != 2 || a.Down != 3 {
		t.Errorf("unexplained %d down %d, want 2 of 3", a.Unexplained, a.Down)
	}
	for _, m := range migration.Accounts(b, analytics.Scope{}, migration.Cell{From: migration.Any, To: migration.Any}).Rows {
		want := map[store.ID]migration.CauseKind{"a": migration.CauseSource, "b": migration.CauseUnexplained, "c": migration.CauseUnexplained}[m.Account]
		if m.Cause.Kind != want {
			t.Errorf("%s: %s, want %s", m.Account, m.Cause.Kind, want)
		}
	}
}

// A step from a grade to the same one, as when the rules take over from the sources, neither hides the cause of the move before it nor explains a move that has none.
func TestMigration_SameGradeIsNoCause(t *testing.T) {
	rng := booktest.Rand(t)
	r := booktest.Company(rng, booktest.Size{Teams: 1, People: 2, Accounts: 2}, booktest.With{})
	day := booktest.Today
	for i := range r.Accounts {
		r.Accounts[i].Created = day - 400
	}
	step := func(i int, from, to store.Grade, on store.Day, cause string) {
		a := r.Accounts[i].ID
		r.Grades = append(r.Grades, store.GradeChange{ID: store.ID(fmt.Sprint("t:g", len(r.Grades))), Account: a, From: from, To: to, At: on.Time(booktest.Zone), Cause: cause, Rule: "1"})
	}
	for i, cause := range []string{"late payments", ""} {
		step(i, "", "A", day-300, "first")
		step(i, "A", "B", day-20, cause)
		step(i, "B", "B", day-3, "the rules decide")
	}
	s := analytics.Scope{Period: analytics.Period{From: day - 30, To: day}}
	b := booktest.Book(r)
	if a := migration.Of(b, s); a.Unexplained != 1 {
		t.Errorf("%d unexplained", a.Unexplained)
	}
	for _, m := range migration.Accounts(b, s, migration.Cell{From: "A", To: "B"}).Rows {
		want, text := migration.CauseSource, "late payments"
		if m.Account == r.Accounts[1].ID {
			want, text = migration.CauseUnexplained, ""
		}
		if m.Cause.Kind != want || m.Cause.Text != text || m.Cause.Steps != 1 || store.DayOf(m.At, booktest.Zone) != day-20 {
			t.Errorf("%+v", m)
		}
	}
}

func TestAnswer_GradesBestFirst(t *testing.T) {
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, Accounts: []store.Account{{ID: "a"}}}
	for i, g := range []store.Grade{"C", "A-", "S", "A", "B", "A+", "SS"} {
		r.Grades = append(r.Grades, store.GradeChange{ID: store.ID(fmt.Sprint(i)), Account: "a", To: g, At: booktest.Today.Time(booktest.Zone)})
	}
	if got := fmt.Sprint(migration.Of(booktest.Book(r), analytics.Scope{}).Grades); got != "[SS S A+ A A- B C]" {
		t.Errorf("grades %s", got)
	}
}

func TestCell_RoundTrip(t *testing.T) {
	for _, c := range []migration.Cell{{From: "A", To: "B"}, {From: "", To: "A"}, {From: "A+", To: ""}, {From: migration.Any, To: "B"}} {
		if got, err := migration.ParseCell(c.String()); err != nil || got != c {
			t.Errorf("ParseCell(%q) = %v, %v", c, got, err)
		}
	}
	for _, bad := range []string{"A", ">", "A>", ">B", "A>B>C"} {
		if _, err := migration.ParseCell(bad); err == nil {
			t.Errorf("ParseCell(%q): no error", bad)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	for name, with := range map[string]booktest.With{"graded": {Grades: true, Sales: true}, "derived": {}} {
		book := booktest.Book(booktest.Company(booktest.Rand(b), booktest.Demo, with))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				migration.Of(book, analytics.Scope{})
			}
		})
		b.Run(name+"-list", func(b *testing.B) {
			for b.Loop() {
				migration.Accounts(book, analytics.Scope{}, migration.Cell{From: migration.Any, To: migration.Any})
			}
		})
	}
}

// BenchmarkOf_AnyTwoMonths is the matrix of any two months and the flow beside it, of 200,000 customers: asked for months that nobody asked for yet, and again, as when the cursor of the pane
// moves between measures.
func BenchmarkOf_AnyTwoMonths(b *testing.B) {
	r := booktest.Company(booktest.Rand(b), booktest.Size{Teams: 8, People: 100, Accounts: 200_000, Deals: 1000, Touches: 10}, booktest.With{Grades: true, Sales: true})
	for i := range r.Sales { // amounts without a rate, which are many in booktest's companies, are added one by one
		r.Sales[i].Amount.Currency = r.Org.Currency
	}
	book := booktest.Book(r)
	cal := book.Calendar()
	ask := func(from, to int) {
		p := cal.Month(booktest.Today, from)
		p.To = min(cal.Month(booktest.Today, to).To, booktest.Today)
		migration.Of(book, analytics.Scope{Period: p})
	}
	ask(-2, -1)
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			ask(-2, -1)
		}
	})
	b.Run("others", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			ask(-3-n%7, -1-n%3)
		}
	})
}
