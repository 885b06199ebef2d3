package script

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
)

// loader turns load lines into records. IDs are the words of the script, without a source.
type loader struct {
	rec   store.Records
	zone  *time.Location
	deals map[string]int
	n     int // running number for records that have no name of their own
}

func newLoader() *loader {
	zone := time.FixedZone("Asia/Shanghai", 8*3600)
	if z, err := time.LoadLocation("Asia/Shanghai"); err == nil {
		zone = z
	}
	return &loader{
		rec:   store.Records{Org: &store.Org{Name: "script", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January}},
		zone:  zone,
		deals: map[string]int{},
	}
}

// args is the words of a line after the kind: first the plain ones, then key=value.
type args struct {
	plain []string
	kv    map[string]string
	used  map[string]bool
	err   error
}

func parseArgs(words []string) *args {
	a := &args{kv: map[string]string{}, used: map[string]bool{}}
	for _, w := range words {
		if k, v, ok := strings.Cut(w, "="); ok {
			a.kv[k] = v
		} else {
			a.plain = append(a.plain, w)
		}
	}
	return a
}

func (a *args) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

func (a *args) word(i int, what string) string {
	if i < len(a.plain) {
		return a.plain[i]
	}
	a.fail(fmt.Errorf("%s is missing", what))
	return ""
}

func (a *args) str(k string) string { a.used[k] = true; return a.kv[k] }
func (a *args) id(k string) store.ID {
	return store.ID(a.str(k))
}

func (a *args) num(k string) int {
	s := a.str(k)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		a.fail(fmt.Errorf("%s=%q: want a whole number", k, s))
	}
	return n
}

func (a *args) day(k string) store.Day {
	s := a.str(k)
	if s == "" {
		return store.NoDay
	}
	d, err := store.ParseDay(s)
	if err != nil {
		a.fail(err)
	}
	return d
}

func (a *args) money(k string) store.Money {
	s := a.str(k)
	if s == "" {
		return store.Money{}
	}
	m, err := parseMoney(s)
	if err != nil {
		a.fail(err)
	}
	return m
}

// at reads 2026-03-02 or 2026-03-02T10:30 in the organisation's time zone.
func (a *args) at(k string, zone *time.Location) (t time.Time, dayOnly bool) {
	s := a.str(k)
	if t, err := time.ParseInLocation("2006-01-02T15:04", s, zone); err == nil {
		return t, false
	}
	d, err := store.ParseDay(s)
	if err != nil {
		a.fail(fmt.Errorf("%s=%q: want 2026-03-02 or 2026-03-02T10:30", k, s))
		return time.Time{}, false
	}
	return d.Time(zone), true
}

// parseMoney reads 1234.50CNY.
func parseMoney(s string) (store.Money, error) {
	if len(s) < 4 {
		return store.Money{}, fmt.Errorf("amount %q: want a number and a currency such as 100CNY", s)
	}
	return store.ParseMoney(s[:len(s)-3], store.Currency(s[len(s)-3:]))
}

func enum[T any](a *args, k string, parse func(string) (T, error)) (v T) {
	s := a.str(k)
	if s == "" {
		return v
	}
	v, err := parse(s)
	if err != nil {
		a.fail(err)
	}
	return v
}

// kinds are the load lines in the order in which the error names them.
var kinds = map[string]func(*loader, *args){
	"org": func(l *loader, a *args) {
		o := l.rec.Org
		if c := a.str("currency"); c != "" {
			o.Currency = store.Currency(c)
		}
		if z := a.str("zone"); z != "" {
			loc, err := time.LoadLocation(z)
			if err != nil {
				a.fail(err)
				return
			}
			o.TimeZone, l.zone = z, loc
		}
		if m := a.num("fiscal-start"); m != 0 {
			o.FiscalStart = time.Month(m)
		}
		for k, v := range a.kv {
			if c, ok := strings.CutPrefix(k, "rate."); ok {
				if o.Rates == nil {
					o.Rates = map[store.Currency]string{}
				}
				o.Rates[store.Currency(c)] = v
				a.used[k] = true
			}
		}
	},
	"stage": func(l *loader, a *args) {
		id := a.word(0, "the stage's name")
		kind, err := store.ParseStageKind(a.word(1, "the stage's kind (open, won or lost)"))
		if err != nil {
			a.fail(err)
		}
		order, err := strconv.Atoi(a.word(2, "the stage's order"))
		if err != nil {
			a.fail(fmt.Errorf("order %q: want a whole number", a.word(2, "order")))
		}
		l.rec.Stages = append(l.rec.Stages, store.Stage{ID: store.ID(id), Name: id, NameEn: id, Kind: kind, Order: order, Probability: a.num("probability")})
	},
	"unit": func(l *loader, a *args) {
		id := a.word(0, "the unit's name")
		l.rec.Units = append(l.rec.Units, store.Unit{ID: store.ID(id), Name: id, Parent: a.id("parent"),
			Kind: enum(a, "kind", store.ParseUnitKind), Manager: a.id("manager")})
	},
	"person": func(l *loader, a *args) {
		id := a.word(0, "the person's name")
		l.rec.People = append(l.rec.People, store.Person{ID: store.ID(id), Name: id, Unit: a.id("unit"), Title: a.str("title")})
	},
	"product": func(l *loader, a *args) {
		id := a.word(0, "the product's name")
		l.rec.Products = append(l.rec.Products, store.Product{ID: store.ID(id), Name: id, Category: a.str("category"), Price: a.money("price")})
	},
	"account": func(l *loader, a *args) {
		id := a.word(0, "the account's name")
		l.rec.Accounts = append(l.rec.Accounts, store.Account{ID: store.ID(id), Name: id, Owner: a.id("owner"), Industry: a.str("industry"),
			City: a.str("city"), Created: a.day("created")})
	},
	"deal": func(l *loader, a *args) {
		id := a.word(0, "the deal's name")
		d := store.Deal{ID: store.ID(id), Name: id, Account: a.id("account"), Owner: a.id("owner"), Product: a.id("product"), Stage: a.id("stage"),
			Category: enum(a, "category", store.ParseCategory), Amount: a.money("amount"), Created: a.day("created"), Close: a.day("close")}
		if d.Stage == "" || d.Created == store.NoDay {
			a.fail(fmt.Errorf("a deal needs stage= and created=: its state on the day it began"))
			return
		}
		at := d.Created.Time(l.zone)
		l.deals[id] = len(l.rec.Deals)
		l.rec.Changes = append(l.rec.Changes, store.Change{Deal: d.ID, Field: store.FieldStage, To: string(d.Stage), At: at, Seen: at, DayOnly: true})
		d.Modified = at
		l.rec.Deals = append(l.rec.Deals, d)
	},
	"change": func(l *loader, a *args) {
		i, ok := l.deals[a.word(0, "the deal's name")]
		if !ok {
			a.fail(fmt.Errorf("change of %q: no such deal above", a.word(0, "deal")))
			return
		}
		d := &l.rec.Deals[i]
		at, dayOnly := a.at("at", l.zone)
		add := func(f store.Field, from, to string) {
			l.rec.Changes = append(l.rec.Changes, store.Change{Deal: d.ID, Field: f, From: from, To: to, At: at, Seen: at, DayOnly: dayOnly})
			d.Modified = at
		}
		if _, ok := a.kv["stage"]; ok {
			to := a.id("stage")
			add(store.FieldStage, string(d.Stage), string(to))
			d.Stage = to
		}
		if _, ok := a.kv["amount"]; ok {
			to := a.money("amount")
			add(store.FieldAmount, d.Amount.String(), to.String())
			d.Amount = to
		}
		if _, ok := a.kv["close"]; ok {
			to := a.day("close")
			add(store.FieldClose, d.Close.String(), to.String())
			d.Close = to
		}
		if _, ok := a.kv["owner"]; ok {
			to := a.id("owner")
			add(store.FieldOwner, string(d.Owner), string(to))
			d.Owner = to
		}
		if _, ok := a.kv["category"]; ok {
			to := enum(a, "category", store.ParseCategory)
			add(store.FieldCategory, d.Category.String(), to.String())
			d.Category = to
		}
	},
	"touch": func(l *loader, a *args) {
		at, dayOnly := a.at("at", l.zone)
		l.n++
		l.rec.Touches = append(l.rec.Touches, store.Touch{ID: store.ID("touch" + strconv.Itoa(l.n)), Account: store.ID(a.word(0, "the account's name")),
			Deal: a.id("deal"), Contact: a.id("contact"), Rep: a.id("rep"), At: at, Seen: at, DayOnly: dayOnly, Minutes: a.num("minutes"),
			Channel: enum(a, "channel", store.ParseChannel), Sentiment: enum(a, "sentiment", store.ParseSentiment), Topic: a.str("topic"), Area: a.str("area")})
	},
	"grade": func(l *loader, a *args) {
		at, _ := a.at("at", l.zone)
		l.n++
		l.rec.Grades = append(l.rec.Grades, store.GradeChange{ID: store.ID("grade" + strconv.Itoa(l.n)), Account: store.ID(a.word(0, "the account's name")),
			From: store.Grade(a.str("from")), To: store.Grade(a.str("to")), Cause: a.str("cause"), Rule: a.str("rule"), At: at, Seen: at})
	},
	"health": func(l *loader, a *args) {
		l.n++
		day := a.day("day")
		l.rec.Health = append(l.rec.Health, store.Health{ID: store.ID("health" + strconv.Itoa(l.n)), Account: store.ID(a.word(0, "the account's name")),
			Day: day, Score: a.num("score"), Note: a.str("note"), Seen: day.Time(l.zone)})
	},
	"reading": func(l *loader, a *args) {
		l.n++
		day, values := a.day("day"), map[string]float64{}
		m := store.Reading{ID: store.ID("reading" + strconv.Itoa(l.n)), Account: store.ID(a.word(0, "the account's name")), Day: day, Seen: day.Time(l.zone), Values: values}
		for _, pair := range strings.Fields(strings.ReplaceAll(a.str("values"), ",", " ")) {
			name, text, _ := strings.Cut(pair, ":")
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				m.Mistyped = append(m.Mistyped, name)
				continue
			}
			values[name] = v
		}
		l.rec.Readings = append(l.rec.Readings, m)
	},
	"sale": func(l *loader, a *args) {
		l.n++
		l.rec.Sales = append(l.rec.Sales, store.Sale{ID: store.ID("sale" + strconv.Itoa(l.n)), Account: store.ID(a.word(0, "the account's name")),
			Product: a.id("product"), Rep: a.id("rep"), Day: a.day("day"), Amount: a.money("amount"), Quantity: 1000 * int64(a.num("quantity"))})
	},
	"quota": func(l *loader, a *args) {
		l.n++
		l.rec.Quotas = append(l.rec.Quotas, store.Quota{ID: store.ID("quota" + strconv.Itoa(l.n)), Node: store.ID(a.word(0, "the unit or person")),
			From: a.day("from"), To: a.day("to"), Amount: a.money("amount")})
	},
}

// line adds one load line.
func (l *loader) line(words []string) error {
	add, ok := kinds[words[0]]
	if !ok {
		return fmt.Errorf("load %q: want one of %s", words[0], strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	a := parseArgs(words[1:])
	add(l, a)
	if a.err != nil {
		return fmt.Errorf("load %s: %w", words[0], a.err)
	}
	for k := range a.kv {
		if !a.used[k] {
			return fmt.Errorf("load %s: unknown key %q; want %s", words[0], k, strings.Join(slices.Sorted(maps.Keys(a.used)), ", "))
		}
	}
	return nil
}
