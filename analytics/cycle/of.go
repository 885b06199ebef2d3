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
	"flightdeck/store"
)

// Of holds one open deal against similar ones as of the scope's day. Of the scope only Root and AsOf count. Its error is [store.ErrNotFound] when there is no such
// deal, it was not open that day, or the viewer may not see it.
func Of(b *analytics.Book, s analytics.Scope, id store.ID) (Answer, error) {
	sel := b.Select(analytics.Scope{Root: s.Root, AsOf: s.AsOf})
	code, ok := b.DealCode(id)
	var d analytics.DealState
	if ok {
		d, ok = sel.Deal(code)
	}
	if !ok || !d.Open() {
		return Answer{}, fmt.Errorf("deal %q: %w among the open deals", store.Clip(string(id), 80), store.ErrNotFound)
	}
	a := Learn(b, sel.AsOf).Of(&d)
	a.Stamp = b.Stamp(analytics.Scope{Root: s.Root, AsOf: s.AsOf})
	return a, nil
}

// Of holds an open deal, as it stood on r's day, against similar ones. The answer carries no stamp.
func (r *Reference) Of(d *analytics.DealState) Answer {
	a := Answer{Deal: deal.RowOf(r.b, d, r.day), From: "stage", Since: d.Since}
	chain := levels(d.Stage, r.size(d), d.Product, r.region[d.Node])
	back := func(x float64) float64 { return math.Expm1(min(x, 40)) }
	n, g := norm(r.cycles, chain[:], cycleNames, back)
	if n.Level == TooFew || d.Since == store.NoDay {
		n, g = norm(r.cycles, []key{{anyOf, anyOf, anyOf, anyOf}}, []Level{AllDeals}, back)
		a.From, a.Since = "created", d.Created
	}
	a.Cycle, a.Bins = n, histogram(g)
	groups := amountLevels(d.Product, r.region[d.Node])
	a.Amount, _ = norm(r.amounts, groups[:], amountNames, func(x float64) float64 { return math.Exp(min(x, 43)) })
	a.Versions = []Version{r.judge(&a, Version{Kind: Neutral, Close: d.Close, Amount: d.Amount})}
	if r.day < r.b.Today() {
		return a // custom fields have no history
	}
	if extra := r.b.Deal(d.Deal).Extra; len(extra) > 0 {
		for _, k := range []Kind{Optimistic, Pessimistic} {
			if v, ok := told(k, extra, d.Amount.Currency, r.b.Currency()); ok {
				a.Versions = append(a.Versions, r.judge(&a, v))
			}
		}
	}
	return a
}

// told reads a version from a deal's custom fields; ok is false when neither is there.
func told(k Kind, extra map[string]string, cur, home store.Currency) (v Version, ok bool) {
	day, has1 := extra[Fields[k][0]]
	money, has2 := extra[Fields[k][1]]
	v = Version{Kind: k, Close: store.NoDay}
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
		v.Red = v.Passed || v.Z != nil && math.Abs(*v.Z) > 2
	}
	if minor, ok := r.b.Converted(v.Amount); ok && minor > 0 {
		v.AmountZ = a.Amount.z(math.Log(float64(minor)))
		v.AmountRed = v.AmountZ != nil && math.Abs(*v.AmountZ) > 2
	}
	return v
}

// Red lists the open deals of s as of its day of which a version is red, the largest first. The scope's period plays no part.
func Red(b *analytics.Book, s analytics.Scope) List {
	s.Period = analytics.Period{}
	sel := b.Select(s)
	l := List{Stamp: b.Stamp(s), Scope: b.Named(s), Rows: []Answer{}}
	r := Learn(b, sel.AsOf)
	for d := range sel.Deals() {
		if !d.Open() {
			continue
		}
		a := r.Of(d)
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
		"usual_days", "usual_low", "usual_high", "similar", "similar_deals", "red"}}
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
		for _, v := range a.Versions {
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
				strconv.Itoa(a.Cycle.N), strings.Join(red, " ")})
		}
	}
	return t
}
