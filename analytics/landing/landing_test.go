package landing_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/landing"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

var start = store.Date(2025, 7, 1)

// even makes a firm of two teams that sells the same way all year: what a landing ought to find is known. Deals begin evenly, 40 % are won and the rest lost, each
// after some weeks in two stages.
func even(seed uint64, deals int) *store.Records {
	rng := rand.New(rand.NewPCG(seed, 1))
	r := &store.Records{Org: &store.Org{Name: "Even", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January}}
	id := func(kind string, i int) store.ID { return store.MakeID("t", fmt.Sprintf("%s%d", kind, i)) }
	for i := range 2 {
		r.Units = append(r.Units, store.Unit{ID: id("team", i), Name: fmt.Sprintf("Team %d", i), Kind: store.UnitTeam})
	}
	for i := range 6 {
		r.People = append(r.People, store.Person{ID: id("person", i), Name: fmt.Sprintf("Person %d", i), Unit: id("team", i%2)})
	}
	r.Stages = []store.Stage{{ID: "lead", Name: "lead", Order: 0, Probability: 20}, {ID: "quoted", Name: "quoted", Order: 1, Probability: 60},
		{ID: "won", Name: "won", Order: 2, Kind: store.StageWon, Probability: 100}, {ID: "lost", Name: "lost", Order: 3, Kind: store.StageLost}}
	step := func(d *store.Deal, to string, on store.Day) {
		r.Changes = append(r.Changes, store.Change{Deal: d.ID, Field: store.FieldStage, From: string(d.Stage), To: to, At: on.Time(booktest.Zone).Add(10 * time.Hour)})
		d.Stage = store.ID(to)
	}
	span := int(booktest.Today - start)
	for i := range deals {
		d := store.Deal{ID: id("deal", i), Name: fmt.Sprint("Deal ", i), Owner: id("person", rng.IntN(6)), Created: start + store.Day(i*span/deals)}
		d.Amount = store.Money{Minor: int64(1e6 * math.Exp(.4*rng.NormFloat64())), Currency: "CNY"}
		d.Close = d.Created + 45
		step(&d, "lead", d.Created)
		quoted := d.Created + 5 + store.Day(rng.IntN(25))
		end := quoted + 5 + store.Day(rng.IntN(40))
		won := rng.Float64() < .4
		if quoted <= booktest.Today {
			step(&d, "quoted", quoted)
		}
		if end <= booktest.Today {
			if step(&d, map[bool]string{true: "won", false: "lost"}[won], end); true {
				d.Close = end
			}
		}
		r.Deals = append(r.Deals, d)
	}
	return r
}

func show(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var quarter = analytics.Period{From: store.Date(2026, 7, 1), To: store.Date(2026, 9, 30)}

// TestOf_EvenCompany: what has come evenly all year is expected to come again. The truth is 40 % of the births of a quarter, each 1e6 × e^0.08 fen.
func TestOf_EvenCompany(t *testing.T) {
	b := booktest.Book(even(3, 2400))
	a := landing.Learn(b, store.Date(2026, 6, 30)).Of(analytics.Scope{Period: quarter}).Answer
	if a.Basis != landing.Modelled || len(a.Rows) != 9 {
		t.Fatalf("basis %s, %d rows", a.Basis, len(a.Rows))
	}
	span := float64(booktest.Today - start)
	want := 2400 / span * 92 * .4 * 1e6 * math.Exp(.08)
	r := a.Rows[0]
	if got := float64(r.P50.Minor); math.Abs(got/want-1) > .08 {
		t.Errorf("P50 %.0f, want about %.0f", got, want)
	}
	if r.P10.Minor > int64(want) || r.P90.Minor < int64(want) || r.P90.Minor-r.P10.Minor > int64(want*.6) {
		t.Errorf("P10 %d, P90 %d do not hold %.0f, or hold everything", r.P10.Minor, r.P90.Minor, want)
	}
	if r.New.Minor < r.Open.Minor/10 || r.Open.Minor == 0 {
		t.Errorf("of open deals %d, of new ones %d: both bring something", r.Open.Minor, r.New.Minor)
	}
}

// TestOf_PartsAddUp: means of the parts are the mean of the whole, whether a team was asked for alone or the company, and the same question has the same answer.
func TestOf_PartsAddUp(t *testing.T) {
	rec := even(5, 900)
	rec.Quotas = []store.Quota{{ID: "t:q", Node: "t:team0", From: quarter.From, To: quarter.To, Amount: store.Money{Minor: 50e6, Currency: "CNY"}}}
	b := booktest.Book(rec)
	o := landing.Learn(b, b.Today())
	s := analytics.Scope{Period: quarter}
	whole := o.Of(s)
	for i, r := range whole.Rows {
		sum, parts := int64(0), 0
		for _, c := range whole.Rows {
			if c.Parent == i {
				sum += c.Mean.Minor
				parts++
			}
		}
		if d := sum - r.Mean.Minor; parts > 0 && (d > int64(parts) || d < -int64(parts)) {
			t.Errorf("%s: parts add up to %d, the whole is %d", r.Name, sum, r.Mean.Minor)
		}
		if !(r.P10.Minor <= r.P50.Minor && r.P50.Minor <= r.P90.Minor && r.P10.Minor >= r.Closed.Money.Minor) {
			t.Errorf("%s: %v %v %v, closed %v", r.Name, r.P10, r.P50, r.P90, r.Closed.Money)
		}
		if r.Node == "t:team0" {
			s.Node = r.Node
			alone := o.Of(s).Rows[0]
			alone.Parent, alone.Depth = r.Parent, r.Depth
			if got, want := show(t, alone), show(t, r); got != want {
				t.Errorf("asked alone:\n%s\nin the company:\n%s", got, want)
			}
			if r.Reach.Den == 0 || r.Reach.Num == 0 || r.Reach.Num == r.Reach.Den {
				t.Errorf("chance of the quota %v", r.Reach)
			}
			s.Node = ""
		}
	}
	again := landing.Learn(booktest.Book(rec), b.Today()).Of(s)
	if show(t, whole.Answer) != show(t, again.Answer) {
		t.Error("the same Book twice gives two answers")
	}
}

// TestLook_PartOfTheCompany: what is taken out of the company's landing is what the part asked alone would be told, whoever asks, of any node, with changes on top of it.
func TestLook_PartOfTheCompany(t *testing.T) {
	rec := booktest.Company(storetest.Rand(t), booktest.Size{Teams: 4, People: 14, Accounts: 60, Deals: 900, Touches: 900}, booktest.With{Touches: true})
	for name, change := range map[string]func(*store.Records){
		"as it is": func(*store.Records) {},
		"stages without probabilities": func(r *store.Records) {
			r.Stages = slices.Clone(r.Stages)
			for i := range r.Stages {
				r.Stages[i].Probability = 0
			}
		},
		"too little": func(r *store.Records) { r.Deals = r.Deals[:9] },
	} {
		t.Run(name, func(t *testing.T) {
			r := *rec
			change(&r)
			b := booktest.Book(&r)
			o := landing.Learn(b, b.Today())
			scopes := []analytics.Scope{{}, {Period: b.Calendar().Quarter(b.Today(), -1)}, {Node: "nobody has it"}}
			for i, n := range b.Nodes()[1:] { // each node in one of the ways in which it may be asked about
				scopes = append(scopes, []analytics.Scope{{Node: n.ID}, {Root: n.ID}, {Node: n.ID, Period: b.Calendar().Month(b.Today(), 0)},
					{Root: b.Nodes()[n.Parent].ID, Node: n.ID, Period: b.Calendar().Quarter(b.Today(), 1)}}[i%4])
			}
			tried := 0
			for _, s := range scopes {
				got, want := o.Look(s), o.Of(s)
				if x, y := show(t, got.Answer), show(t, want.Answer); x != y {
					t.Fatalf("%v:\n%s\nalone\n%s", s, x, y)
				}
				for i := range got.Rows {
					if !slices.Equal(got.Draws(i), want.Draws(i)) {
						t.Fatalf("%v: %s is drawn otherwise", s, got.Rows[i].Name)
					}
				}
				deals, _ := want.Deals("", 1)
				if len(deals) == 0 {
					continue
				}
				tried++
				x, err1 := got.With(landing.Change{Deal: deals[0].ID, Drop: true})
				y, err2 := want.With(landing.Change{Deal: deals[0].ID, Drop: true})
				if err1 != nil || err2 != nil || show(t, x.Answer) != show(t, y.Answer) {
					t.Fatalf("%v without its greatest deal: %v, %v", s, err1, err2)
				}
			}
			if tried == 0 && name != "too little" {
				t.Error("nothing was tried")
			}
			a, c := o.Look(analytics.Scope{Root: b.Nodes()[1].ID}), o.Of(analytics.Scope{})
			if show(t, o.Look(analytics.Scope{}).Answer) != show(t, c.Answer) {
				t.Errorf("taking out %s changed the company's", a.Rows[0].Name)
			}
		})
	}
}

// TestLearn_FutureIsNotSeen: the world after the day is turned upside down, and the forecast stays as it was.
func TestLearn_FutureIsNotSeen(t *testing.T) {
	day := store.Date(2026, 3, 31)
	for name, rec := range map[string]func() *store.Records{
		"even": func() *store.Records { return even(7, 1500) },
		"gaps": func() *store.Records {
			rng := rand.New(rand.NewPCG(11, 2))
			r := booktest.Company(rng, booktest.Size{Teams: 4, People: 12, Accounts: 60, Deals: 900, Touches: 1500}, booktest.With{Touches: true})
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := analytics.Period{From: day + 1, To: store.Date(2026, 6, 30)}
			s := analytics.Scope{Period: p, AsOf: day}
			before := landing.Learn(booktest.Book(rec()), day)
			after := landing.Learn(booktest.Book(upset(rec(), day)), day)
			x, y := before.Of(s), after.Of(s)
			// What the forecast pane has beside it reads records as they are now, and is not the landing's.
			for _, l := range []*landing.Landing{x, y} {
				for i := range l.Rows {
					l.Rows[i].Commit, l.Rows[i].BestCase, l.Rows[i].Weighted = analytics.Sum{}, analytics.Sum{}, analytics.Sum{}
				}
			}
			if x.Basis != landing.Modelled {
				t.Fatalf("nothing was learned: %+v", x.History)
			}
			if show(t, x.Answer) != show(t, y.Answer) {
				a, b := show(t, x.Answer), show(t, y.Answer)
				i := 0
				for i < min(len(a), len(b)) && a[i] == b[i] {
					i++
				}
				t.Errorf("the future shows at %.120q, then %.120q", a[i:], b[i:])
			}
			for _, w := range landing.Baselines() {
				if show(t, before.Baseline(w, p)) != show(t, after.Baseline(w, p)) {
					t.Errorf("%s sees the future", w)
				}
			}
		})
	}
}

// upset changes everything that happened after day: deals that closed end otherwise, on other days, with other amounts; open ones close; history after
// day is gone.
func upset(r *store.Records, day store.Day) *store.Records {
	rng := rand.New(rand.NewPCG(99, 3))
	kind := map[store.ID]store.StageKind{}
	for _, s := range r.Stages {
		kind[s.ID] = s.Kind
	}
	last := map[store.ID]store.ID{} // deal → stage at the end of day
	closed := map[store.ID]bool{}   // had been closed by then: its amount was a result, and where no history of amounts is kept the record's is the only witness
	for _, c := range r.Changes {
		if c.Field == store.FieldStage && store.DayOf(c.At, booktest.Zone) <= day {
			last[c.Deal] = store.ID(c.To)
			closed[c.Deal] = closed[c.Deal] || kind[store.ID(c.To)] != store.StageOpen
		}
	}
	var keep []store.Change
	for _, c := range r.Changes {
		// Where nothing is known of a deal by then, its later steps say what it was before: they stay.
		if _, known := last[c.Deal]; store.DayOf(c.At, booktest.Zone) <= day || !known {
			keep = append(keep, c)
		}
	}
	for i := range r.Deals {
		d := &r.Deals[i]
		if d.Created > day {
			d.Amount.Minor *= 3
			continue
		}
		stage, known := last[d.ID]
		if !known || kind[stage] != store.StageOpen {
			if known {
				d.Stage = stage
			}
			continue
		}
		d.Stage = stage
		if rng.IntN(4) > 0 {
			on := day + 1 + store.Day(rng.IntN(int(booktest.Today-day)))
			to := []string{"won", "lost"}[rng.IntN(2)]
			keep = append(keep, store.Change{Deal: d.ID, Field: store.FieldStage, From: string(stage), To: to, At: on.Time(booktest.Zone).Add(9 * time.Hour)})
			d.Stage, d.Close = store.ID(to), on
		} else {
			d.Close = day + 400
		}
		if d.Amount.Given() && !closed[d.ID] {
			d.Amount.Minor = rng.Int64N(1e9)
		}
	}
	r.Changes = keep
	var touches []store.Touch
	for _, x := range r.Touches {
		if store.DayOf(x.At, booktest.Zone) <= day {
			touches = append(touches, x)
		}
	}
	r.Touches = touches
	return r
}

func TestOf_TooLittleHistory(t *testing.T) {
	rec := even(1, 12)
	b := booktest.Book(rec)
	l := landing.Learn(b, store.Date(2025, 9, 1)).Of(analytics.Scope{})
	if l.Basis != landing.Simple || l.History.Won+l.History.Lost >= l.History.NeedClose {
		t.Fatalf("basis %s with %+v", l.Basis, l.History)
	}
	for _, r := range l.Rows {
		if r.P50.Given() || r.Mean.Given() || r.Reach.Den != 0 {
			t.Errorf("%s has a range without history: %+v", r.Name, r)
		}
	}
	if l.Rows[0].Weighted.Money.Currency != "CNY" {
		t.Error("the simple figure is missing")
	}
	empty := landing.Learn(booktest.Book(&store.Records{}), booktest.Today).Of(analytics.Scope{})
	if empty.Basis != landing.Simple || len(empty.Rows) != 1 {
		t.Errorf("an empty store: %s, %d rows", empty.Basis, len(empty.Rows))
	}
}

// TestOf_BadInput: what a CRM may hold changes no other deal's figure, and is counted.
func TestOf_BadInput(t *testing.T) {
	rec := even(9, 900)
	s := analytics.Scope{Period: quarter}
	open := func(id string, change func(*store.Deal)) {
		d := store.Deal{ID: store.MakeID("t", id), Name: id, Stage: "quoted", Owner: "t:person0", Created: booktest.Today - 20, Close: booktest.Today + 20,
			Amount: store.Money{Minor: 1e6, Currency: "CNY"}}
		change(&d)
		rec.Deals = append(rec.Deals, d)
	}
	base := landing.Learn(booktest.Book(rec), booktest.Today).Of(s)
	open("none", func(d *store.Deal) { d.Amount = store.Money{} })
	open("euro", func(d *store.Deal) { d.Amount = store.Money{Minor: 7e8, Currency: "EUR"} })
	open("huge", func(d *store.Deal) { d.Amount.Minor = math.MaxInt64 })
	open("negative", func(d *store.Deal) { d.Amount.Minor = -5e6 })
	open("1970", func(d *store.Deal) { d.Close = 0 })
	open("undated", func(d *store.Deal) { d.Created, d.Close = store.NoDay, store.NoDay })
	open("nobody's", func(d *store.Deal) { d.Owner = "" })
	open("stageless", func(d *store.Deal) { d.Stage = "" })
	rec.Deals = append(rec.Deals, store.Deal{ID: "t:old", Stage: "won", Owner: "t:person1", Created: 0, Close: 0, Amount: store.Money{Minor: 1e6, Currency: "CNY"}})
	l := landing.Learn(booktest.Book(rec), booktest.Today).Of(s)
	r, was := l.Rows[0], base.Rows[0]
	if r.Deals != was.Deals+8 || r.NoAmount != 1 || r.Wild != 1 || len(r.Missing) != 1 || r.Missing[0].String() != "7000000.00 EUR" {
		t.Errorf("open %d (was %d), no amount %d, wild %d, missing %v", r.Deals, was.Deals, r.NoAmount, r.Wild, r.Missing)
	}
	if d := float64(r.Mean.Minor) / float64(was.Mean.Minor); d < .85 || d > 1.3 {
		t.Errorf("eight odd deals move the company's mean by a factor of %.2f", d)
	}
}

// TestOf_EndedPeriod: what has ended is what was won.
func TestOf_EndedPeriod(t *testing.T) {
	b := booktest.Book(even(2, 600))
	l := landing.Learn(b, b.Today()).Of(analytics.Scope{Period: analytics.Period{From: store.Date(2026, 1, 1), To: store.Date(2026, 3, 31)}})
	r := l.Rows[0]
	if r.P10 != r.P90 || r.P50 != r.Closed.Money || r.P50.Minor == 0 {
		t.Errorf("%v %v %v, closed %v", r.P10, r.P50, r.P90, r.Closed.Money)
	}
}
