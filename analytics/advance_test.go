package analytics_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/margin"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/plain"
	"flightdeck/analytics/touch"
	"flightdeck/analytics/waterfall"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// dump prints everything a Book says, by ID, so that two Books with other Codes compare.
func dump(b *analytics.Book, days []store.Day) (out []string) {
	add := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	for _, n := range b.Nodes() {
		add("node %s %s %s up %d deep %d end %d", n.ID, n.Name, n.Kind, n.Parent, n.Depth, n.End)
	}
	for _, c := range b.Stages() {
		if b.StageDeclared(c) { // what is only named may outlive its last mention
			add("stage %+v", b.Stage(c))
		}
	}
	add("org %+v end %s today %s oldest %s", b.Org(), b.DataEnd(), b.Today(), b.Stamp(analytics.Scope{}).Oldest)
	quotas := b.Quotas()
	for i := range quotas {
		quotas[i].Node = b.Same(quotas[i].Node) // a quota names whichever record its source knows
	}
	add("status %+v\nissues %+v\nquotas %+v", b.Status(), b.Issues(), quotas)
	var rows []string
	row := func(format string, a ...any) { rows = append(rows, fmt.Sprintf(format, a...)) }
	for i := range b.Deals() {
		c := analytics.Code(i)
		rec := b.Deal(c)
		if rec.ID == "" {
			continue
		}
		row("deal %s %+v", rec.ID, rec)
		for _, day := range days {
			d := b.DealAt(c, day)
			row("deal %s on %s: %t %s since %s owner %s node %s %v %v %d %s %s %s", rec.ID, day, d.Exists, b.Stage(d.Stage).ID, d.Since, b.Person(d.Owner).ID,
				b.Nodes()[d.Node].ID, d.Category, d.Amount, d.Value, d.Created, d.Close, d.Closed)
			row("deal %s on %s: account %s product %s touched %s sign %s", rec.ID, day, b.Account(d.Account).ID, b.Product(d.Product).ID, b.LastTouch(c, day), b.LastSign(c, day))
		}
		n := 0
		for day, v := range b.Changes(c, store.MaxDay) {
			n++
			row("deal %s change %3d %s %+v", rec.ID, n, day, v)
		}
		for day, v := range b.Evidence(c) {
			n++
			row("deal %s evidence %3d %s %+v", rec.ID, n, day, *v)
		}
		for _, k := range b.DealTouches(c) {
			n++
			row("deal %s touch %3d %s", rec.ID, n, b.Touches().ID(int(k)))
		}
	}
	for i := range b.Accounts() {
		c := analytics.Code(i)
		rec := b.Account(c)
		n := 0
		list := func(what string, v any) { n++; row("account %s %3d %s %+v", rec.ID, n, what, v) }
		for _, k := range b.AccountTouches(c) {
			v, t := b.Touch(int(k)), b.Touches()
			list("touch", fmt.Sprintf("%+v %s %d", v, t.Day().At(int(k)), t.Minute.At(int(k))))
		}
		for _, d := range b.AccountDeals(c) {
			list("deal", b.Deal(d).ID)
		}
		for day, v := range b.Contacts(c) {
			list("contact", fmt.Sprint(day, *v))
		}
		for day, v := range b.Grades(c) {
			list("grade", fmt.Sprint(day, *v))
		}
		for day, v := range b.Health(c) {
			list("health", fmt.Sprint(day, *v))
		}
		for day, v := range b.Readings(c) {
			list("reading", fmt.Sprint(day, *v))
		}
		for day, v := range b.Evaluations(c) {
			list("evaluation", fmt.Sprint(day, *v))
		}
		for day, v := range b.Signals(c) {
			list("signal", fmt.Sprint(day, *v))
		}
		for day, v := range b.Sales(c) {
			list("sale", fmt.Sprint(day, *v))
		}
		if b.AccountLive(c) {
			list("record", fmt.Sprintf("%+v owner %s industry %s", rec, b.Person(b.AccountOwner(c)).ID, b.Industry(b.AccountIndustry(c))))
			for _, day := range days {
				list("grade", b.GradeAt(c, day))
			}
		}
	}
	for t, k := b.Touches(), 0; k < t.Len(); k++ {
		if !t.Dead(k) {
			row("touch %s of %s", t.ID(k), b.Nodes()[b.PersonNode(t.Rep.At(k))].ID)
		}
	}
	slices.Sort(rows)
	return append(out, rows...)
}

// ask gives the answers of the analyses to scopes as JSON.
func ask(t *testing.T, b *analytics.Book, scopes []analytics.Scope) (out []string) {
	add := func(v any) {
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%T: %v", v, err)
		}
		out = append(out, string(j))
	}
	for i, s := range scopes {
		f := funnel.Of(b, s)
		add(f)
		if sets := []funnel.Set{funnel.Standing, funnel.Entered, funnel.Advanced, funnel.Lost, funnel.Stays}; len(f.Stages) > 0 {
			add(funnel.Deals(b, s, f.Stages[i%len(f.Stages)].ID, sets[i%len(sets)]))
		}
		add(forecast.Of(b, s))
		add(forecast.Deals(b, s, ""))
		add(waterfall.Of(b, s, b.AsOf(s)-30))
		add(margin.Of(b, s, ""))
		add(migration.Of(b, s))
		add(account.All(b, s))
		add(touch.Look(b, s).List())
		for _, v := range []heatmap.View{heatmap.WeekdayHour, heatmap.RepWeek, heatmap.Area} {
			m := heatmap.Of(b, s, heatmap.Query{View: v})
			add(m)
			for k, n := range m.Counts {
				if n > 0 { // the first square that holds anything
					c := heatmap.Cell{Query: m.Query, Row: m.Rows[k/len(m.Cols)].Key, Col: m.Cols[k%len(m.Cols)].Key}
					if l := heatmap.Look(b, s, c); l.Total != n {
						t.Fatalf("%s of %s opens %d touches, the map counts %d", c, s, l.Total, n)
					}
					break
				}
			}
		}
		l := deal.Find(b, s, deal.Filter{})
		add(l)
		if len(l.Rows) > 0 {
			a, err := deal.Of(b, s, l.Rows[0].ID)
			if err != nil {
				t.Fatalf("deal %s of a list does not open: %v", l.Rows[0].ID, err)
			}
			add(a)
		}
	}
	return out
}

// boards gives every account's grade on a day and what it brought in until then.
func boards(b *analytics.Book, day store.Day) (out []string) {
	names, places := slices.Clone(b.GradeNames()), b.GradesOn(day)[0]
	values, apart := b.Brought(day, 200)
	for c := range analytics.Code(b.Accounts()) {
		grade := store.Grade("")
		if p := places[c]; p != analytics.Ungraded {
			grade = names[p]
		}
		unsure := apart[c]
		if unsure { // it may be named without need
			unsure = false
			for _, s := range b.Sales(c) {
				unsure = unsure || s.Amount.Given() && b.Convert(s.Amount) == analytics.NoValue
			}
		}
		if grade != "" || values[c] != 0 || unsure {
			out = append(out, fmt.Sprintf("%s %q %d %t", b.AccountID(c), grade, values[c], unsure))
		}
	}
	slices.Sort(out)
	slices.Sort(names) // places were taken
	return append(out, fmt.Sprint(names))
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "(nothing)", "(nothing)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			at := 0
			for at < min(len(g), len(w)) && g[at] == w[at] {
				at++
			}
			from := max(0, at-120)
			t.Fatalf("%s, line %d, from byte %d:\nadvanced …%s\nbuilt    …%s", what, i, from, store.Clip(g[from:], 400), store.Clip(w[from:], 400))
		}
	}
}

func build(t testing.TB, m store.Reader) (b *analytics.Book) {
	err := m.View(context.Background(), func(s store.Snapshot) (err error) {
		b, err = analytics.Build(s, plain.Options())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sales makes the sales lines of a world.
func sales(w *plain.World, rng *rand.Rand) (out []store.Sale) {
	for i := range 150 {
		out = append(out, store.Sale{ID: store.MakeID("t", fmt.Sprint("sale", i)), Account: w.Accounts[rng.IntN(len(w.Accounts))].ID, Product: w.Products[rng.IntN(len(w.Products))].ID,
			Rep: w.Person(), Outlet: fmt.Sprint("outlet ", rng.IntN(20)), Day: w.Day(), Amount: w.Money(), Cost: w.Money()})
	}
	return out
}

// batch takes some of the world's records and changes some that were already given.
func batch(w *plain.World, rng *rand.Rand, first bool) *store.Batch {
	b := &store.Batch{Source: "t", Seen: plain.Now.Add(-time.Hour)}
	if first {
		b.Org, b.Stages = w.Org, w.Stages
		return b
	}
	b.Track = store.FieldsOf(store.FieldStage, store.FieldAmount, store.FieldClose, store.FieldOwner)
	n := 1 + rng.IntN(6)
	for range n {
		switch rng.IntN(20) {
		case 16, 17:
			if len(w.Sales) == 0 {
				continue
			}
			s := w.Sales[rng.IntN(len(w.Sales))]
			if rng.IntN(2) == 0 {
				s.Day, s.Amount = w.Day(), w.Money()
			}
			b.Sales = append(b.Sales, s)
		case 18, 19:
			g := w.Grades[rng.IntN(len(w.Grades))]
			if rng.IntN(2) == 0 {
				g.At, g.From, g.To = w.Time(), w.Grades[rng.IntN(len(w.Grades))].To, store.Grade([]string{"A", "B", "C", "AA", "seldom"}[rng.IntN(5)])
			}
			b.Grades = append(b.Grades, g)
		case 0:
			b.Units = append(b.Units, w.Units[rng.IntN(len(w.Units))])
		case 1:
			p := w.People[rng.IntN(len(w.People))]
			if rng.IntN(3) == 0 {
				p.Unit = w.Units[rng.IntN(len(w.Units))].ID
			}
			if rng.IntN(2) == 0 {
				p.Email, p.Phone = reach(rng)
			}
			b.People = append(b.People, p)
			if rng.IntN(2) == 0 { // a directory lists people too: whom it joins with whom changes all the time
				p = store.Person{ID: store.ID(fmt.Sprint("w:", rng.IntN(6))), Name: p.Name, Inactive: rng.IntN(6) == 0, Unit: w.Units[rng.IntN(len(w.Units))].ID}
				p.Email, p.Phone = reach(rng)
				b.People = append(b.People, p)
			}
			if rng.IntN(4) == 0 {
				b.Deleted = append(b.Deleted, store.Ref{Entity: store.EntityPerson, ID: store.ID(fmt.Sprint("w:", rng.IntN(6)))})
			}
			b.Statuses = append(b.Statuses, store.SourceStatus{Source: "w", Stream: []store.Stream{"people", "deals"}[rng.IntN(10)/9]})
		case 2:
			a := w.Accounts[rng.IntN(len(w.Accounts))]
			a.Owner = w.Person()
			b.Accounts = append(b.Accounts, a)
		case 3, 4, 5:
			d := w.Deals[rng.IntN(len(w.Deals))]
			if rng.IntN(2) == 0 {
				d.Stage, d.Amount, d.Owner, d.Modified = w.Stages[rng.IntN(len(w.Stages))].ID, w.Money(), w.Person(), w.Time()
				d.Account = w.Accounts[rng.IntN(len(w.Accounts))].ID
			}
			b.Deals = append(b.Deals, d)
		case 6, 7:
			c := w.Changes[rng.IntN(len(w.Changes))]
			c.At = c.At.Add(time.Duration(rng.IntN(2)) * time.Hour)
			b.Changes = append(b.Changes, c)
		case 8, 9, 10:
			v := w.Touches[rng.IntN(len(w.Touches))]
			if rng.IntN(2) == 0 {
				v.At, v.Rep, v.Deal = w.Time(), w.Person(), w.Deals[rng.IntN(len(w.Deals))].ID
			}
			b.Touches = append(b.Touches, v)
		case 11:
			b.Grades, b.Health = append(b.Grades, w.Grades[rng.IntN(len(w.Grades))]), append(b.Health, w.Health[rng.IntN(len(w.Health))])
			b.Evidence, b.Contacts = append(b.Evidence, w.Evidence[rng.IntN(len(w.Evidence))]), append(b.Contacts, w.Contacts[rng.IntN(len(w.Contacts))])
		case 12:
			b.Quotas, b.Products = append(b.Quotas, w.Quotas[rng.IntN(len(w.Quotas))]), append(b.Products, w.Products[rng.IntN(len(w.Products))])
			b.Statuses = append(b.Statuses, store.SourceStatus{Source: "t", Stream: store.Stream(fmt.Sprint(rng.IntN(3))), Good: w.Time()})
		default:
			var refs []store.Ref
			w.Records.Refs(func(r store.Ref) bool {
				if r.Entity != store.EntityOrg {
					refs = append(refs, r)
				}
				return true
			})
			b.Deleted = append(b.Deleted, refs[rng.IntN(len(refs))])
		}
	}
	return b
}

// reach gives an e-mail and a phone of few, or none.
func reach(rng *rand.Rand) (mail, phone string) {
	if rng.IntN(3) > 0 {
		mail = fmt.Sprintf("p%d@x.test", rng.IntN(9))
	}
	if rng.IntN(3) == 0 {
		phone = fmt.Sprint("1380013800", rng.IntN(9))
	}
	return mail, phone
}

func TestAdvance_EqualsBuild(t *testing.T) {
	rng := storetest.Rand(t)
	for world := range 8 {
		if world%4 == 3 { // what is kept is made anew now and then
			defer analytics.StrayAfter(30)()
		}
		restore := analytics.KeptShift([]int{11, 2, 0, 3}[world%4]) // small blocks, so that some are meant as a whole
		w := plain.Random(rng, 40)
		if world%3 > 0 {
			w.Sales = sales(w, rng)
		}
		m := storetest.NewMemory()
		o := plain.Options()
		o.Report = func(err error) { t.Errorf("reported: %v", err) }
		live := analytics.NewLive(m, m, o)
		if world%2 == 0 { // from nothing
			storetest.Apply(t, m, batch(w, rng, true))
		} else { // from everything, then changes and deletions
			storetest.Apply(t, m, &store.Batch{Source: "t", Records: w.Records})
		}
		var scopes []analytics.Scope
		for round := range 25 {
			for range 1 + rng.IntN(8) {
				storetest.Apply(t, m, batch(w, rng, false))
			}
			before := live.Book()
			days := []store.Day{w.Day(), w.Day(), plain.Today}
			if round%5 == 0 {
				scopes = []analytics.Scope{{}, {Period: analytics.Calendar{}.Year(plain.Today, 0)}, w.Scope(), w.Scope(), {}}
				for i := range scopes { // what only they name may be gone some rounds later: a Book built anew then does not know it
					scopes[i].Product, scopes[i].Industry, scopes[i].Stage = "", "", ""
				}
			}
			fresh := build(t, m)
			s := w.Scope()
			if fresh.Select(s).Empty() {
				s.Product, s.Industry, s.Stage = "", "", ""
			}
			scopes[len(scopes)-1] = s // the others are asked of one Book after the other
			old := ask(t, before, scopes)
			if err := live.Refresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			if live.Book().Rev() != fresh.Rev() {
				t.Fatalf("live is at %d, the store at %d", live.Book().Rev(), fresh.Rev())
			}
			same(t, fmt.Sprint("round ", round), dump(live.Book(), days), dump(fresh, days))
			same(t, fmt.Sprint("answers of round ", round), ask(t, live.Book(), scopes), ask(t, fresh, scopes))
			same(t, "the Book before, asked again", ask(t, before, scopes), old)
			for _, day := range days {
				same(t, fmt.Sprint("boards of ", day, " in round ", round), boards(live.Book(), day), boards(fresh, day))
			}
			if rng.IntN(6) == 0 { // the rounds that follow go on from what was folded
				if err := live.Fold(context.Background()); err != nil {
					t.Fatal(err)
				}
				if !analytics.Folded(live.Book()) {
					t.Fatal("the Book is not the one that was folded")
				}
				same(t, fmt.Sprint("folded in round ", round), dump(live.Book(), days), dump(fresh, days))
			}
		}
		restore()
	}
}

// TestAdvance_Hostile throws whatever a store would keep at the Book: undeclared kinds, empty and endless values, days out of all reason.
func TestAdvance_Hostile(t *testing.T) {
	rng := storetest.Rand(t)
	for range 6 {
		m := storetest.NewMemory()
		live := analytics.NewLive(m, m, plain.Options())
		for range 20 {
			b := storetest.RandomBatch(rng, 8)
			b.Org = nil
			if _, err := m.Apply(context.Background(), b); err != nil {
				continue
			}
			if err := live.Refresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(4) == 0 {
				if err := live.Fold(context.Background()); err != nil || !analytics.Folded(live.Book()) {
					t.Fatalf("what a store would keep does not fold: %v", err)
				}
			}
			days := []store.Day{store.DayOf(storetest.Noon, time.UTC), plain.Today}
			same(t, "hostile", dump(live.Book(), days), dump(build(t, m), days))
			ask(t, live.Book(), []analytics.Scope{{}, {AsOf: days[0]}, {Root: "a:1"}})
		}
	}
}

// TestAdvance_Twice advances one Book two ways: neither may see the other's rows, though both share its memory.
func TestAdvance_Twice(t *testing.T) {
	rng := storetest.Rand(t)
	w := plain.Random(rng, 40)
	b := w.Book()
	days := []store.Day{plain.Today, w.Day()}
	was, made := dump(b, days), 0
	next := func(n int) *store.Delta {
		d := &store.Delta{Rev: 2}
		for range n {
			d.Touches = append(d.Touches, w.Touch())
			c := w.Changes[rng.IntN(len(w.Changes))]
			made++
			c.At, c.ID = w.Time(), store.MakeID("t", fmt.Sprint("new", made)) // what replaces nothing needs no Before
			d.Changes = append(d.Changes, c)
		}
		return d
	}
	advance := func(b *analytics.Book, d *store.Delta) *analytics.Book {
		n, err := b.Advance(d)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	d1, d2 := next(9), next(5)
	one := advance(b, d1)
	first := dump(one, days)
	two := advance(b, d2)
	d3 := next(7)
	d3.Rev = 3
	three := advance(one, d3)
	same(t, "the Book they came from", dump(b, days), was)
	same(t, "the first", dump(one, days), first)
	again := advance(w.Book(), d2)
	same(t, "the second", dump(two, days), dump(again, days))
	again = advance(advance(w.Book(), d1), d3)
	same(t, "the third", dump(three, days), dump(again, days))
	d4 := next(5) // one's columns have room by now: three has taken it, four must not
	d4.Rev = 3
	four := advance(one, d4)
	same(t, "the third, after the fourth", dump(three, days), dump(again, days))
	again = advance(advance(w.Book(), d1), d4)
	same(t, "the fourth", dump(four, days), dump(again, days))
}

func TestAdvance_OrgNeedsRebuild(t *testing.T) {
	w := plain.Random(storetest.Rand(t), 5)
	b := w.Book()
	if _, err := b.Advance(&store.Delta{Rev: 2, Records: store.Records{Org: w.Org}}); err != nil {
		t.Errorf("the same organisation again: %v", err)
	}
	other := *w.Org
	other.Rates = map[store.Currency]string{"USD": "7.2"}
	if _, err := b.Advance(&store.Delta{Rev: 2, Records: store.Records{Org: &other}}); !errors.Is(err, analytics.ErrRebuild) {
		t.Errorf("another rate: %v, want ErrRebuild", err)
	}
	m := storetest.NewMemory()
	live := analytics.NewLive(m, m, plain.Options())
	storetest.Apply(t, m, &store.Batch{Source: "t", Records: w.Records})
	storetest.Apply(t, m, &store.Batch{Source: "t", Records: store.Records{Org: &other}})
	for range 2 {
		if err := live.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if got := live.Book().Org().Rates["USD"]; got != "7.2" {
		t.Errorf("live converts at %s, want 7.2", got)
	}
}

func TestBook_StringNamesWhatItHolds(t *testing.T) {
	w := plain.Random(storetest.Rand(t), 5)
	if s := w.Book().String(); !strings.Contains(s, "5 deals") {
		t.Errorf("%q does not say how many deals", s)
	}
}
