package cycle

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Of holds one open deal against similar ones as of the scope's day. Of the scope only Root and AsOf count. Its error is [store.ErrNotFound] when there is no such
// deal, it was not open that day, or the viewer may not see it.
func Of(b *analytics.Book, p *rule.Pack, s analytics.Scope, id store.ID) (Answer, error) {
	sel := b.Select(analytics.Scope{Root: s.Root, AsOf: s.AsOf})
	code, ok := b.DealCode(id)
	var d analytics.DealState
	if ok {
		d, ok = sel.Deal(code)
	}
	if !ok || !d.Open() {
		return Answer{}, fmt.Errorf("deal %q: %w among the open deals", store.Clip(string(id), 80), store.ErrNotFound)
	}
	a := For(b, p, sel.AsOf).Of(&d)
	a.Stamp = b.Stamp(analytics.Scope{Root: s.Root, AsOf: s.AsOf})
	return a, nil
}

// Of holds an open deal, as it stood on r's day, against similar ones. The answer carries no stamp.
func (r *Reference) Of(d *analytics.DealState) Answer { return r.of(d, true) }

// of is Of; history says whether what versions said before is wanted.
func (r *Reference) of(d *analytics.DealState, history bool) Answer {
	a := Answer{Deal: deal.RowOf(r.b, d, r.day), Earlier: []Version{}}
	var g *group
	a.Cycle, g, a.From, a.Since = r.cycle(d)
	a.Bins = histogram(g)
	groups := amountLevels(d.Product, r.region[d.Node])
	a.Amount, _ = r.norm(r.amounts, groups[:], amountNames, expMoney)
	a.Versions = []Version{r.judge(&a, Version{Kind: Neutral, Close: d.Close, Amount: d.Amount, Told: store.NoDay})}
	past := r.day < r.b.Today() // then custom fields say what they say today, and only the history what they said
	var said map[Kind][]Version
	if past || history {
		said = r.said(d)
	}
	extra := map[string]string{}
	if !past {
		extra = r.b.Deal(d.Deal).Extra
	}
	for _, k := range []Kind{Optimistic, Pessimistic} {
		v, ok := Version{}, false
		if n := len(said[k]); past && n > 0 {
			v = said[k][n-1]
			ok = v.Close != store.NoDay || v.Amount.Given()
		} else if len(extra) > 0 {
			v, ok = told(k, extra, d.Amount.Currency, r.b.Currency())
		}
		if ok {
			a.Versions = append(a.Versions, r.judge(&a, v))
		}
	}
	if history {
		r.earlier(&a, said)
	}
	return a
}

// said returns what each version said by r's day, oldest first, the last as it stands. Of the optimistic and the pessimistic one that is what the store saw.
func (r *Reference) said(d *analytics.DealState) map[Kind][]Version {
	out := map[Kind][]Version{}
	none := Version{Close: store.NoDay, Told: store.NoDay}
	at := map[Kind]*Version{}
	step := func(k Kind, day analytics.Day, put func(v *Version, text string), c *store.Change) {
		v := at[k]
		if v == nil {
			first := none
			first.Kind = k
			if k == Neutral {
				first.Told, first.Close, first.Amount = d.Created, r.first(d, store.FieldClose).Close, r.first(d, store.FieldAmount).Amount
			}
			if v = &first; k == Neutral || c.From != "" {
				put(v, c.From)
				out[k] = append(out[k], *v)
			}
			at[k] = v
		}
		put(v, c.To)
		v.Told = day
		if n := len(out[k]); n > 0 && out[k][n-1].Told == day { // several steps of one day are one
			out[k][n-1] = *v
		} else {
			out[k] = append(out[k], *v)
		}
	}
	date := func(v *Version, text string) { v.Close = dayOf(text) }
	amount := func(v *Version, text string) { v.Amount = moneyOf(text) }
	for day, c := range r.b.Changes(d.Deal, r.day) {
		switch c.Field {
		case store.FieldClose:
			step(Neutral, day, date, &c)
		case store.FieldAmount:
			step(Neutral, day, amount, &c)
		case store.FieldOptimisticClose:
			step(Optimistic, day, date, &c)
		case store.FieldOptimisticAmount:
			step(Optimistic, day, amount, &c)
		case store.FieldPessimisticClose:
			step(Pessimistic, day, date, &c)
		case store.FieldPessimisticAmount:
			step(Pessimistic, day, amount, &c)
		}
	}
	return out
}

// first is what the neutral version said before the first change of f that r's day knows; without one, what it says.
func (r *Reference) first(d *analytics.DealState, f store.Field) Version {
	for _, c := range r.b.Changes(d.Deal, r.day) {
		if c.Field == f {
			return Version{Close: dayOf(c.From), Amount: moneyOf(c.From)}
		}
	}
	return Version{Close: d.Close, Amount: d.Amount}
}

// earlier tells since when versions say what they say, and what they said before.
func (r *Reference) earlier(a *Answer, said map[Kind][]Version) {
	for i := range a.Versions {
		v := &a.Versions[i]
		all := said[v.Kind]
		n := len(all)
		if n == 0 {
			if v.Kind == Neutral {
				v.Told = a.Deal.Created // it has never changed
			}
			continue
		}
		if last := &all[n-1]; last.Close == v.Close && last.Amount == v.Amount {
			v.Told = last.Told
		}
	}
	for _, k := range []Kind{Neutral, Optimistic, Pessimistic} {
		for i, v := range said[k] {
			stands := slices.ContainsFunc(a.Versions, func(x Version) bool { return x.Kind == k && x.Close == v.Close && x.Amount == v.Amount })
			if i == len(said[k])-1 && stands || v.Close == store.NoDay && !v.Amount.Given() {
				continue
			}
			v = r.judge(a, v)
			v.Passed, v.Red = false, v.Z != nil && math.Abs(*v.Z) > r.rules.Sigma // whether it has passed is no question of what was said before
			a.Earlier = append(a.Earlier, v)
		}
	}
	slices.SortStableFunc(a.Earlier, func(x, y Version) int { return cmp.Compare(y.Told, x.Told) })
}

// dayOf and moneyOf read a change's text; what cannot be read was not given.
func dayOf(text string) analytics.Day {
	if d, err := store.ParseDay(text); err == nil {
		return d
	}
	return store.NoDay
}

func moneyOf(text string) store.Money {
	n, cur, ok := strings.Cut(text, " ")
	if m, err := store.ParseMoney(n, store.Currency(cur)); ok && err == nil {
		return m
	}
	return store.Money{}
}

// cycle finds what the days of deals like d were, and from when d's count.
func (r *Reference) cycle(d *analytics.DealState) (n Norm, g *group, from string, since analytics.Day) {
	chain := levels(d.Stage, r.size(d), d.Product, r.region[d.Node])
	n, g = r.norm(r.cycles, chain[:], cycleNames, expDays)
	if n.Level == TooFew || d.Since == store.NoDay {
		n, g = r.norm(r.cycles, []key{{anyOf, anyOf, anyOf, anyOf}}, []Level{AllDeals}, expDays)
		return n, g, "created", d.Created
	}
	return n, g, "stage", d.Since
}

func expDays(x float64) float64  { return math.Expm1(min(x, 40)) }
func expMoney(x float64) float64 { return math.Exp(min(x, 43)) }

// Judge holds the promise of an open deal against similar ones, without rows and histograms: for those who look at every deal. The deal stands as on r's day.
func (r *Reference) Judge(d *analytics.DealState) (v Version, cycle, amount Norm) {
	a := Answer{}
	a.Cycle, _, _, a.Since = r.cycle(d)
	groups := amountLevels(d.Product, r.region[d.Node])
	a.Amount, _ = r.norm(r.amounts, groups[:], amountNames, expMoney)
	return r.judge(&a, Version{Kind: Neutral, Close: d.Close, Amount: d.Amount}), a.Cycle, a.Amount
}

// told reads a version from a deal's custom fields; ok is false when neither is there.
func told(k Kind, extra map[string]string, cur, home store.Currency) (v Version, ok bool) {
	day, has1 := extra[Fields[k][0]]
	money, has2 := extra[Fields[k][1]]
	v = Version{Kind: k, Close: store.NoDay, Told: store.NoDay}
	var err error
	if has1 && day != "" {
		if v.Close, err = store.ParseDay(day); err != nil {
			v.Close, v.Problem = store.NoDay, Fields[k][0]+": "+err.Error()
		}
	}
	if has2 && money != "" {
		if cur == "" {
			cur = home
		}
		if v.Amount, err = store.ParseMoney(money, cur); err != nil {
			v.Problem = strings.TrimPrefix(v.Problem+"; "+Fields[k][1]+": "+err.Error(), "; ")
		}
	}
	return v, has1 && day != "" || has2 && money != ""
}

func (r *Reference) judge(a *Answer, v Version) Version {
	v.Days = -1
	if v.Close != store.NoDay {
		v.Passed = v.Close < r.day
		if a.Since != store.NoDay {
			v.Days = max(0, int(v.Close-a.Since))
			v.Z = a.Cycle.z(math.Log1p(float64(v.Days)))
		}
		v.Red = v.Passed || v.Z != nil && math.Abs(*v.Z) > r.rules.Sigma
	}
	if minor, ok := r.b.Converted(v.Amount); ok && minor > 0 {
		v.AmountZ = a.Amount.z(math.Log(float64(minor)))
		v.AmountRed = v.AmountZ != nil && math.Abs(*v.AmountZ) > r.rules.Sigma
	}
	return v
}

// Red lists the open deals of s as of its day of which a version is red, the largest first. The scope's period plays no part.
func Red(b *analytics.Book, p *rule.Pack, s analytics.Scope) List {
	s.Period = analytics.Period{}
	sel := b.Select(s)
	l := List{Stamp: b.Stamp(s), Scope: b.Named(s), Rows: []Answer{}}
	r := For(b, p, sel.AsOf)
	for d := range sel.Deals() {
		if !d.Open() {
			continue
		}
		a := r.of(d, false)
		a.Stamp = l.Stamp
		if a.Cycle.Level == TooFew {
			l.TooFew++
		} else {
			l.Judged++
		}
		if a.Red() {
			l.Rows = append(l.Rows, a)
		}
	}
	slices.SortFunc(l.Rows, func(x, y Answer) int {
		return cmp.Or(cmp.Compare(y.Deal.Value.Minor, x.Deal.Value.Minor), strings.Compare(string(x.Deal.ID), string(y.Deal.ID)))
	})
	return l
}

// Table gives the versions of the deals as raw cells.
func (l List) Table() analytics.Table { return table(l.Rows) }

// Table gives the deal's versions as raw cells.
func (a Answer) Table() analytics.Table { return table([]Answer{a}) }

func table(rows []Answer) analytics.Table {
	t := analytics.Table{Columns: []string{"deal", "deal_name", "owner", "stage", "version", "amount", "currency", "amount_z", "close", "cycle_days", "cycle_z",
		"usual_days", "usual_low", "usual_high", "similar", "similar_deals", "red", "told", "stands"}}
	z := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'f', 2, 64)
	}
	for i := range rows {
		a := &rows[i]
		usual := [3]string{}
		if a.Cycle.Level != TooFew {
			for k, v := range []int64{a.Cycle.Centre, a.Cycle.Low, a.Cycle.High} {
				usual[k] = strconv.FormatInt(v, 10)
			}
		}
		for k, v := range slices.Concat(a.Versions, a.Earlier) {
			var red []string
			for _, x := range []struct {
				on   bool
				word string
			}{{v.Passed, "passed"}, {v.Red && !v.Passed, "date"}, {v.AmountRed, "amount"}} {
				if x.on {
					red = append(red, x.word)
				}
			}
			days, money := "", ""
			if v.Days >= 0 {
				days = strconv.Itoa(v.Days)
			}
			if v.Amount.Given() {
				money = v.Amount.Amount()
			}
			t.Rows = append(t.Rows, []string{string(a.Deal.ID), a.Deal.Name, a.Deal.Owner.Name, string(a.Deal.Stage.ID), string(v.Kind), money,
				string(v.Amount.Currency), z(v.AmountZ), v.Close.String(), days, z(v.Z), usual[0], usual[1], usual[2], string(a.Cycle.Level),
				strconv.Itoa(a.Cycle.N), strings.Join(red, " "), v.Told.String(), strconv.FormatBool(k < len(a.Versions))})
		}
	}
	return t
}
