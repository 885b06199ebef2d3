package deal

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"flightdeck/analytics"
	"flightdeck/store"
)

// View is a list of deals whose rows are made when they are looked at: what a [List] holds, at a price that does not grow with its length. Nothing in it may
// be written to; several may read it at once.
type View struct {
	Stamp      analytics.Stamp
	Scope      string
	Period     analytics.Period
	PeriodName string
	Rows       analytics.Rows[Row]
	Sum        analytics.Sum
	NoAmount   int
	Kinds      [3]KindSum // by store.StageKind
	rank       *analytics.Ranking[ref]
	b          *analytics.Book
	asOf       analytics.Day
	stale      *stale
}

// KindSum is how many of a list's deals are open, won or lost, and what they are worth.
type KindSum struct {
	N   int
	Sum analytics.Sum
}

// Settle puts the rows beyond the first few hundred in order and finds out which of them are stale, which takes some hundred milliseconds per million: for a
// goroutine that nobody waits for. [View.Find] then has both.
func (v *View) Settle() {
	v.rank.Settle()
	v.stale.of(v)
}

// List makes all rows.
func (v *View) List() List {
	return List{Stamp: v.Stamp, Scope: v.Scope, Period: v.Period, PeriodName: v.PeriodName, Rows: v.Rows.List(), Sum: v.Sum, NoAmount: v.NoAmount}
}

// ref is a deal in a list before anybody looks at it.
type ref struct {
	value int64 // none sorts last
	note  int32 // the list's own, for its Reason
	deal  analytics.Code
	owner analytics.Code // as of the day, as is the stage
	stage int16
	class int8 // what comes before value in the list's order
	marks uint8
}

const none = math.MinInt64

// Collector gathers the deals of a list from several goroutines, each by its part number.
type Collector struct {
	b     *analytics.Book
	s     analytics.Scope
	asOf  analytics.Day
	parts []*bag
}

type bag struct {
	refs     []ref
	sum      analytics.Adder
	kinds    [3]analytics.Adder
	n        [3]int
	noAmount int
}

// Collect returns an empty Collector for a list of s.
func Collect(b *analytics.Book, s analytics.Scope) *Collector {
	return &Collector{b, s, b.AsOf(s), make([]*bag, analytics.Parts())}
}

// Add takes a deal, as it stood on the scope's day, into the list. note is given back to whoever words the rows; a lower class comes first in the list's order.
func (c *Collector) Add(part int, d *analytics.DealState, note int32, class int8) {
	g := c.parts[part]
	if g == nil {
		g = &bag{sum: c.b.Adder()}
		for k := range g.kinds {
			g.kinds[k] = c.b.Adder()
		}
		c.parts[part] = g
	}
	r := ref{value: none, note: note, deal: d.Deal, owner: d.Owner, stage: int16(min(d.Stage, farStage)), class: class, marks: marksOf(c.b, d, c.asOf)}
	if d.HasValue() {
		r.value = d.Value
	}
	g.refs = append(g.refs, r)
	g.sum.AddDeal(d)
	k := min(int(d.Kind), len(g.n)-1)
	g.n[k]++
	g.kinds[k].AddDeal(d)
	if !d.Amount.Given() {
		g.noAmount++
	}
}

// View closes the list. Rows are by class, then by value, the largest first, those without one last, equal ones by ID. word finishes a row by its note; nil
// leaves it.
func (c *Collector) View(word func(r *Row, d *analytics.DealState, note int32)) *View {
	b, s := c.b, c.s
	v := &View{Stamp: b.Stamp(s), Scope: b.Named(s), Period: b.Period(s), PeriodName: b.Calendar().Name(b.Period(s)), b: b, asOf: c.asOf, stale: &stale{}}
	sum := b.Adder()
	var kinds [3]analytics.Adder
	for k := range kinds {
		kinds[k] = b.Adder()
	}
	var parts [][]ref
	for _, g := range c.parts {
		if g == nil {
			continue
		}
		parts = append(parts, g.refs)
		sum.AddSum(g.sum.Sum())
		for k := range kinds {
			kinds[k].AddSum(g.kinds[k].Sum())
			v.Kinds[k].N += g.n[k]
		}
		v.NoAmount += g.noAmount
	}
	v.Sum = sum.Sum()
	for k := range kinds {
		v.Kinds[k].Sum = kinds[k].Sum()
	}
	v.ranked(analytics.Rank(parts, order(b)), word)
	return v
}

// order puts refs in a list's order.
func order(b *analytics.Book) func(x, y ref) int {
	return func(x, y ref) int {
		switch {
		case x.class != y.class:
			return cmp.Compare(x.class, y.class)
		case x.value != y.value:
			return cmp.Compare(y.value, x.value)
		}
		if x.deal != y.deal {
			return strings.Compare(string(b.DealID(x.deal)), string(b.DealID(y.deal)))
		}
		return cmp.Compare(x.note, y.note)
	}
}

// ranked gives v its rows.
func (v *View) ranked(rank *analytics.Ranking[ref], word func(r *Row, d *analytics.DealState, note int32)) {
	v.rank = rank
	row := func(i int) Row {
		x := v.rank.At(i)
		d := v.b.DealAt(x.deal, v.asOf)
		r := RowOf(v.b, &d, v.asOf)
		if word != nil {
			word(&r, &d, x.note)
		}
		return r
	}
	v.Rows = analytics.NewRows(v.rank.Len(), recent(row), func(i int) string { return string(v.b.DealID(v.rank.At(i).deal)) })
}

// recent keeps the rows that were made last: a table asks for a row once per column of its detail, and again when the selection moves.
func recent[R any](at func(i int) R) func(i int) R {
	const keep = 256
	var mu sync.Mutex
	have := map[int]R{}
	return func(i int) R {
		mu.Lock()
		r, ok := have[i]
		mu.Unlock()
		if ok {
			return r
		}
		r = at(i)
		mu.Lock()
		defer mu.Unlock()
		if len(have) >= keep {
			clear(have)
		}
		have[i] = r
		return r
	}
}

// found is a question's place among a Book's answers.
type found struct {
	scope   analytics.Scope
	kinds   uint8
	flag    FlagKind
	account store.ID
	owner   store.PersonID
	close   analytics.Period
	text    string
}

// Look lists the deals of s as of its day that f takes. The scope's period plays no part: use Filter.Close.
func Look(b *analytics.Book, s analytics.Scope, f Filter) *View {
	period := s.Period
	s.Period = analytics.Period{}
	key := found{scope: s, flag: f.Flag, account: f.Account, owner: f.Owner, close: f.Close, text: f.Text}
	for _, k := range f.Kinds {
		key.kinds |= 1 << k
	}
	v := *analytics.MemoList(b, key, func() *View { return look(b, s, f) })
	s.Period = period
	v.Scope, v.Period, v.PeriodName = b.Named(s), b.Period(s), b.Calendar().Name(b.Period(s))
	return &v
}

func look(b *analytics.Book, s analytics.Scope, f Filter) *View {
	if f.Account == "" && f.Owner == "" && f.Text == "" && f.Flag == "" && f.Close.IsZero() {
		return ofKinds(b, s, f.Kinds)
	}
	sel := b.Select(s)
	text := strings.ToLower(f.Text)
	has := func(n string) bool { return strings.Contains(strings.ToLower(n), text) }
	account, byAccount := analytics.None, f.Account != ""
	if byAccount {
		account = b.AccountRef(f.Account)
	}
	c := Collect(b, s)
	take := func(part int, d *analytics.DealState) {
		if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, d.Kind) || byAccount && d.Account != account {
			return
		}
		if f.Owner != "" && b.Person(d.Owner).ID != b.Same(f.Owner) {
			return
		}
		if text != "" && !has(b.DealName(d.Deal)) && !has(accountName(b, d.Account).Name) && !has(personName(b, d.Owner).Name) {
			return
		}
		if !f.Close.IsZero() || f.Flag != "" {
			full := b.DealAt(d.Deal, sel.AsOf)
			if !f.Close.IsZero() && !f.Close.Contains(full.Close) {
				return
			}
			if f.Flag != "" && !slices.ContainsFunc(Flags(b, &full, sel.AsOf), func(x Flag) bool { return x.Kind == f.Flag }) {
				return
			}
		}
		c.Add(part, d, 0, 0)
	}
	if byAccount { // few: no walk over all
		if account != analytics.None {
			for _, code := range b.AccountDeals(account) {
				if d, ok := sel.Deal(code); ok {
					take(0, &d)
				}
			}
		}
	} else {
		sel.ShareStanding(take)
	}
	return c.View(nil)
}
