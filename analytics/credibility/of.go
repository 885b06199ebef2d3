package credibility

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Deal judges one open deal as of the scope's day, by the rules in p and what was decided (v). Of the scope only Root and AsOf count. Its error is [store.ErrNotFound]
// when there is no such deal, it was not open that day, or the viewer may not see it.
func Deal(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope, id store.ID) (Answer, error) {
	s = analytics.Scope{Root: s.Root, AsOf: s.AsOf}
	sel := b.Select(s)
	code, ok := b.DealCode(id)
	var d analytics.DealState
	if ok {
		d, ok = sel.Deal(code)
	}
	if !ok || !d.Open() {
		return Answer{}, fmt.Errorf("deal %q: %w among the open deals", store.Clip(string(id), 80), store.ErrNotFound)
	}
	a := For(b, v, p, sel.AsOf).Of(&d)
	a.Stamp = b.Stamp(s)
	return a, nil
}

// Of puts a deal's standing into words. The deal stands as on j's day. The answer carries no stamp.
func (j *Judge) Of(d *analytics.DealState) Answer {
	var f finding
	j.find(d, &f)
	a := Answer{Rules: j.pack.Version(), Deal: deal.RowOf(j.b, d, j.day), Percent: f.percent, Weight: f.weight, Lost: []Loss{}, NoProofs: !j.proofs}
	left := 100
	lose := func(c Cause, step string, points int, since analytics.Day, zh, en string) {
		points = min(points, left) // below nothing there is nothing to lose
		left -= points
		a.Lost = append(a.Lost, Loss{c, step, points, since, analytics.Text{Zh: zh, En: en}})
	}
	whole := true
	var before *Step // the last one that a document backs
	for i := range j.rules.Steps {
		s, m := &j.rules.Steps[i], &f.marks[i]
		out := Step{ID: s.ID, Name: s.Name, NameEn: s.NameEn, State: m.state, Since: store.NoDay, Wants: s.Evidence}
		if m.state != Unclaimed {
			out.Since = j.since(d, int8(i))
		}
		if m.doc.Row >= 0 {
			e := j.b.DocumentAt(m.doc.Row)
			out.Proof = &deal.Evidence{ID: e.ID, Day: m.doc.Day, Kind: e.Kind, Title: e.Title, URL: e.URL, By: deal.Name{ID: e.By, Name: j.b.PersonName(e.By)}}
			out.Signer = deal.Name{ID: e.Signer, Name: j.b.PersonName(e.Signer)}
		}
		a.Steps = append(a.Steps, out)
		at := &a.Steps[i]
		if whole = whole && (m.state == Backed || m.state == Tendered || m.state == Unasked); whole {
			a.Credited = s.ID
		}
		if int8(i) <= f.claimed {
			a.Claimed = s.ID
		}
		switch m.state {
		case Unbacked:
			zh, en := wanted(s.Evidence)
			since := [2]string{}
			if at.Since != store.NoDay {
				since = [2]string{", " + at.Since.String() + " 起主张", ", claimed since " + at.Since.String()}
			}
			lose(Missing, s.ID, s.Lost, at.Since, fmt.Sprintf("第 %d 阶%s缺少%s%s", i+1, s.Name, zh, since[0]), fmt.Sprintf("no %s for step %d, %s%s", en, i+1, s.NameEn, since[1]))
		case Misplaced:
			kind, other := Kind(at.Proof.Kind), Kind(before.Proof.Kind)
			lose(Order, s.ID, j.rules.Order, at.Proof.Day,
				fmt.Sprintf("%s的%s (%s) 早于%s的%s (%s)", s.Name, kind.Zh, at.Proof.Day, before.Name, other.Zh, before.Proof.Day),
				fmt.Sprintf("the %s of %s (%s) is older than the %s of %s (%s)", kind.En, s.NameEn, at.Proof.Day, other.En, before.NameEn, before.Proof.Day))
		}
		if at.Proof != nil && m.state != Misplaced {
			before = at
		}
	}
	if f.signer != analytics.None {
		j.tellSigner(d, &f, lose)
	}
	if f.last > 0 {
		lose(Decay, "", f.base-f.percent, d.Close, fmt.Sprintf("承诺日 %s 已过, %d 天未更新, 权重 %d%%", d.Close, f.last, f.weight),
			fmt.Sprintf("promised for %s, %d days without an update: weight %d %%", d.Close, f.last, f.weight))
	}
	return a
}

func (j *Judge) tellSigner(d *analytics.DealState, f *finding, lose func(Cause, string, int, analytics.Day, string, string)) {
	p, step := j.b.Person(f.signer), &j.rules.Steps[f.signed]
	level := levels[0].name
	if int(f.signer) < len(j.ranks) {
		level = levels[j.ranks[f.signer]].name
	}
	if _, known := j.b.PersonCode(p.ID); !known {
		level = analytics.Text{Zh: "不在组织架构中", En: "not in the organisation"}
	}
	cur := j.b.Currency()
	limit, worth := Figure(store.Money{Minor: f.limit, Currency: cur}), Figure(store.Money{Minor: max(d.Value, -d.Value), Currency: cur})
	lose(Signer, step.ID, j.rules.Signer, j.signedOn(d, f), fmt.Sprintf("签署人%s (%s) 权限 %s, 此单 %s", p.Name, level.Zh, limit, worth),
		fmt.Sprintf("signed by %s (%s), who may sign up to %s; the deal is about %s", p.Name, level.En, limit, worth))
}

// since returns the first day of the run of stages, up to now, that claim step i.
func (j *Judge) since(d *analytics.DealState, i int8) analytics.Day {
	first := store.NoDay
	for _, s := range j.b.Way(d.Deal, j.day) {
		switch {
		case j.step(s.Stage) < i:
			first = store.NoDay
		case first == store.NoDay:
			first = s.Day
		}
	}
	return first
}

// wanted names documents of which one is enough.
func wanted(list []string) (zh, en string) {
	var z, e []string
	for _, k := range list {
		t := Kind(k)
		z, e = append(z, t.Zh), append(e, t.En)
	}
	return strings.Join(z, "或"), strings.Join(e, " or ")
}

// Figure writes an amount in whole units with its currency: 1,250,000 CNY.
func Figure(m store.Money) string {
	whole, _, _ := strings.Cut(m.Amount(), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + " " + string(m.Currency)
}

// ref is a deal in a list before anybody looks at it.
type ref struct {
	deal  analytics.Code
	doubt int64 // value × what is missing to 100 %; -1: it has no value
	lost  int
}

// share is so many per cent of an amount in minor units, rounded towards nothing.
func share(v int64, percent int) int64 {
	if v > math.MaxInt64/100 || v < math.MinInt64/100 {
		return v / 100 * int64(percent)
	}
	return v * int64(percent) / 100
}

// listed is a list's place among a Book's answers.
type listed struct {
	judge *Judge
	scope analytics.Scope
}

// Of judges every open deal of s as of its day. The scope's period plays no part. It looks at every open deal once, on all processors; rows are made when they are
// looked at.
func Of(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope) *List {
	s.Period = analytics.Period{}
	j := For(b, v, p, b.AsOf(s))
	return analytics.MemoList(b, listed{j, s}, func() *List { return j.list(s) })
}

func (j *Judge) list(s analytics.Scope) *List {
	b := j.b
	sel := b.Select(s)
	type bag struct {
		refs           []ref
		open, believed analytics.Adder
		bands          [5]int
		decayed, red   int
	}
	bags := make([]*bag, analytics.Parts())
	sel.ShareDeals(analytics.Period{From: sel.AsOf + 1, To: store.MaxDay}, func(part int, d *analytics.DealState) {
		if !d.Open() {
			return
		}
		g := bags[part]
		if g == nil {
			g = &bag{open: b.Adder(), believed: b.Adder()}
			bags[part] = g
		}
		percent, weight := j.Percent(d)
		r := ref{deal: d.Deal, lost: 100 - percent, doubt: -1}
		if g.open.AddDeal(d); d.HasValue() {
			r.doubt = share(max(d.Value, -d.Value), r.lost)
			g.believed.AddMinor(share(d.Value, percent))
		}
		g.refs = append(g.refs, r)
		g.bands[min(percent/25, 4)]++
		if weight < 100 {
			g.decayed++
		}
		if percent < j.rules.Red {
			g.red++
		}
	})
	l := &List{Stamp: b.Stamp(s), Rules: j.pack.Version(), Scope: b.Named(s), NoProofs: !j.proofs}
	open, believed := b.Adder(), b.Adder()
	var parts [][]ref
	for _, g := range bags {
		if g == nil {
			continue
		}
		parts = append(parts, g.refs)
		open.AddSum(g.open.Sum())
		believed.AddSum(g.believed.Sum())
		for i, n := range g.bands {
			l.Bands[i] += n
		}
		l.Decayed, l.Red = l.Decayed+g.decayed, l.Red+g.red
	}
	l.Open, l.Believed = open.Sum(), believed.Sum()
	rank := analytics.Rank(parts, func(x, y ref) int {
		if o := cmp.Or(cmp.Compare(y.doubt, x.doubt), cmp.Compare(y.lost, x.lost)); o != 0 {
			return o
		}
		return strings.Compare(string(b.DealID(x.deal)), string(b.DealID(y.deal)))
	})
	l.Count = rank.Len()
	l.Rows = analytics.NewRows(rank.Len(), func(i int) Answer {
		d := b.DealAt(rank.At(i).deal, j.day)
		return j.Of(&d)
	}, func(i int) string { return string(b.DealID(rank.At(i).deal)) })
	return l
}

// Top returns the list with its first n rows only; Count and the sums are of all.
func (l *List) Top(n int) *List {
	top, rows := *l, l.Rows
	top.Rows = analytics.NewRows(min(n, rows.Len()), rows.At, rows.Key)
	return &top
}

// Table gives the deals as raw cells, one row a deal.
func (l *List) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"deal", "deal_name", "owner", "stage", "value", "close", "credibility", "weight", "claimed", "credited", "lost_points", "lost_reasons"}}
	for _, a := range l.Rows.All() {
		t.Rows = append(t.Rows, a.cells())
	}
	return t
}

func (a *Answer) cells() []string {
	points, why := 0, make([]string, len(a.Lost))
	for i, l := range a.Lost {
		points += l.Points
		why[i] = l.Reason.En + " (-" + strconv.Itoa(l.Points) + ")"
	}
	value := ""
	if a.Deal.Value.Given() {
		value = a.Deal.Value.Amount()
	}
	return []string{string(a.Deal.ID), a.Deal.Name, a.Deal.Owner.Name, string(a.Deal.Stage.ID), value, a.Deal.Close.String(), strconv.Itoa(a.Percent), strconv.Itoa(a.Weight),
		a.Claimed, a.Credited, strconv.Itoa(points), strings.Join(why, "; ")}
}

// Table gives the deal's steps as raw cells, one row a step, and what the passing of its date takes as a last row.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"backing_step", "name", "name_en", "step_state", "step_since", "document_kind", "document", "day", "signer", "lost_points", "lost_reasons"}}
	for i := range a.Steps {
		s := &a.Steps[i]
		row := []string{s.ID, s.Name, s.NameEn, string(s.State), s.Since.String(), "", "", "", s.Signer.Name}
		if p := s.Proof; p != nil {
			row[5], row[6], row[7] = p.Kind, p.Title, p.Day.String()
		}
		t.Rows = append(t.Rows, append(row, a.lost(i)...))
	}
	if a.Weight < 100 {
		row := []string{string(Decay), "预测衰减", "Decay", string(Decay), a.Deal.Close.String(), "", "", "", ""}
		t.Rows = append(t.Rows, append(row, a.lost(len(a.Steps))...))
	}
	return t
}

// LostBy returns what row i of [Answer.Table] lost.
func (a *Answer) LostBy(i int) (out []Loss) {
	step := ""
	if i < len(a.Steps) {
		step = a.Steps[i].ID
	}
	for _, l := range a.Lost {
		if l.Step == step {
			out = append(out, l)
		}
	}
	return out
}

// lost returns the points of a row and the reasons.
func (a *Answer) lost(row int) []string {
	points, why := 0, []string{}
	for _, l := range a.LostBy(row) {
		points += l.Points
		why = append(why, l.Reason.En)
	}
	return []string{strconv.Itoa(points), strings.Join(why, "; ")}
}
