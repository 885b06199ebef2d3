package tender

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// matched is a suggestion before anybody looks at it.
type matched struct {
	notice                           int32 // among the matches' young
	deal                             analytics.Code
	score, customer, product, region float64
	account                          string
}

// asked is the matches' place among a Book's answers.
type asked struct {
	pack *rule.Pack
	day  analytics.Day
}

type matches struct {
	all   []matched
	young []store.Tender
}

func newCustomers(b *analytics.Book, day analytics.Day) *customers {
	deals := map[analytics.Code][]analytics.DealState{}
	for d := range b.Select(analytics.Scope{AsOf: day}).DealsIn(analytics.Period{From: day + 1, To: store.MaxDay}) {
		if d.Open() && d.Account != analytics.None {
			deals[d.Account] = append(deals[d.Account], *d)
		}
	}
	codes := slices.Sorted(maps.Keys(deals))
	known := map[string]string{} // there are few places and many customers
	where := func(s string) string {
		p, ok := known[s]
		if !ok {
			p = placeOf(s)
			known[s] = p
		}
		return p
	}
	var n namer
	for _, a := range codes {
		rec := b.Account(a)
		where(rec.City)
		where(rec.Region)
	}
	for _, p := range known {
		if len([]rune(p)) >= 2 && !slices.Contains(n.places, p) {
			n.places = append(n.places, p)
		}
	}
	slices.SortFunc(n.places, func(x, y string) int { return cmp.Or(cmp.Compare(len(y), len(x)), strings.Compare(x, y)) })
	c := newIndex(n)
	for _, a := range codes {
		rec := b.Account(a)
		c.put(customer{code: a, called: rec.Name, name: c.namer.of(b.AccountName(b.AccountID(a))), deals: deals[a]}, where(rec.City), where(rec.Region))
	}
	return c
}

// placeOf is a place's name without what kind of place it is.
func placeOf(s string) string {
	s = fold(strings.TrimSpace(s))
	for _, unit := range []string{"特别行政区", "自治区", "省", "市", "区", "县"} {
		if rest := strings.TrimSuffix(s, unit); len([]rune(rest)) >= 2 {
			s = rest
		}
	}
	return s
}

// find matches the notices of a Book as of a day, once.
func find(b *analytics.Book, p *rule.Pack, day analytics.Day) *matches {
	return analytics.Memo(b, asked{p, day}, func() *matches {
		m := &matches{}
		rules := &rule.ForecastSection.Of(p).Tender
		for _, t := range b.Tenders() {
			if on := store.DayOf(t.At, b.Location()); on <= day && int(day-on) <= rules.Days {
				m.young = append(m.young, t)
			}
		}
		if len(m.young) == 0 {
			return m
		}
		c, w := newCustomers(b, day), weightsOf(rules)
		read := make([]notes, analytics.Parts())
		analytics.ShareBy(parcel, len(m.young), func(part, first, last int) {
			n := &read[part]
			if n.seen == nil {
				*n = c.notes()
			}
			for i := first; i < last; i++ {
				c.match(n, b, w, rules, int32(i), &m.young[i])
			}
		})
		for i := range read {
			m.all = append(m.all, read[i].out...)
		}
		slices.SortFunc(m.all, func(x, y matched) int {
			return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.notice, y.notice), strings.Compare(string(b.DealID(x.deal)), string(b.DealID(y.deal))))
		})
		return m
	})
}

// Of returns the suggestions for the open deals of s as of its day, by the rules in p (nil: the defaults); decided: also those that v says were accepted or rejected. The scope's period
// plays no part. Nothing in it may be written to.
func Of(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope, decided bool) Answer {
	s.Period = analytics.Period{}
	type listed struct {
		view    desk.View
		pack    *rule.Pack
		scope   analytics.Scope
		decided bool
	}
	return analytics.MemoList(b, listed{v, p, s, decided}, func() Answer { return answer(b, v, p, s, decided) })
}

func answer(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope, decided bool) Answer {
	sel := b.Select(s)
	m := find(b, p, sel.AsOf)
	rules := &rule.ForecastSection.Of(p).Tender
	a := Answer{Stamp: b.Stamp(s), Rules: p.Version(), Scope: b.Named(s), Notices: len(m.young), Suggestions: []Suggestion{}}
	seen, own := map[int32]bool{}, ownNames(b)
	for i := range m.all {
		x := &m.all[i]
		d, ok := sel.Deal(x.deal)
		if !ok {
			continue
		}
		if !seen[x.notice] {
			seen[x.notice] = true
			a.Matched++
		}
		g := x.suggest(b, rules, own, &m.young[x.notice], &d, sel.AsOf)
		if dec, ok := v.Suggestion(g.Deal.ID, string(g.Tender)); ok {
			if !decided {
				continue
			}
			if g.State = Rejected; dec.After.Verdict == store.VerdictAccepted {
				g.State = Accepted
			}
			g.By, g.At, g.Note, g.Decision = cmp.Or(b.PersonName(dec.By), dec.Name), dec.At.In(b.Location()).Format("2006-01-02T15:04:05Z07:00"), dec.Note, dec.Seq
		}
		a.Suggestions = append(a.Suggestions, g)
	}
	return a
}

func (m *matched) suggest(b *analytics.Book, r *rule.Tender, own []name, t *store.Tender, d *analytics.DealState, day analytics.Day) Suggestion {
	g := Suggestion{Tender: t.ID, Kind: t.Kind.String(), Title: t.Title, Buyer: t.Buyer, Winner: t.Winner, URL: t.URL, Day: store.DayOf(t.At, b.Location()), Due: store.NoDay,
		Deal: deal.RowOf(b, d, day), Score: m.score, Customer: round(m.customer), Product: round(m.product), Region: round(m.region), State: Suggested}
	if t.Due != 0 {
		g.Due = t.Due
	}
	g.To = move(b, r, own, t, d)
	g.Reason = m.word(&g)
	return g
}

func round(v float64) float64 { return math.Round(v*100) / 100 }

// move is the stage to which a notice moves a deal; its ID is "" where it moves none.
func move(b *analytics.Book, r *rule.Tender, own []name, t *store.Tender, d *analytics.DealState) deal.Stage {
	none := deal.Stage{Order: -1}
	stage := func(c analytics.Code) deal.Stage {
		s := b.Stage(c)
		return deal.Stage{ID: s.ID, Name: s.Name, NameEn: s.NameEn, Kind: s.Kind, Order: int(b.StageRank(c)), Probability: s.Probability}
	}
	if t.Kind == store.TenderAward && t.Winner != "" && !ours(own, t.Winner) {
		for _, c := range b.Stages() {
			if b.Stage(c).Kind == store.StageLost {
				return stage(c)
			}
		}
		return none
	}
	from, ok := r.Move[t.Kind.String()]
	if !ok || t.Kind == store.TenderAward && t.Winner == "" { // an award to nobody knows whom
		return none
	}
	for _, c := range b.Stages() {
		if s := b.Stage(c); s.Kind == store.StageOpen && s.Probability >= from {
			if d.Stage != analytics.None && b.StageRank(c) <= d.Rank {
				return none
			}
			return stage(c)
		}
	}
	return none
}

// ownNames are the names that the organisation's own stands for, in Chinese and English.
func ownNames(b *analytics.Book) (own []name) {
	n := namer{}
	for _, s := range append(strings.Fields(b.Org().Name), b.Org().Name) {
		own = append(own, n.of(s))
	}
	return own
}

// ours reports whether a winner is the organisation itself.
func ours(own []name, winner string) bool {
	n := namer{}
	w := n.of(winner)
	return slices.ContainsFunc(own, func(o name) bool { return alike(w, o) >= .7 })
}

func (m *matched) word(g *Suggestion) analytics.Text {
	zh := []string{fmt.Sprintf("采购方 %s 与客户 %s 相似 %.0f%%", cmp.Or(g.Buyer, "(见正文)"), m.account, m.customer*100)}
	en := []string{fmt.Sprintf("buyer %s is %.0f %% like the customer %s", cmp.Or(g.Buyer, "(in the text)"), m.customer*100, m.account)}
	if m.product >= 0 {
		zh, en = append(zh, fmt.Sprintf("产品 %s %.0f%%", g.Deal.Product.Name, m.product*100)), append(en, fmt.Sprintf("product %s %.0f %%", g.Deal.Product.Name, m.product*100))
	}
	if m.region >= 0 {
		same := [2]string{"地区不符", "another region"}
		if m.region == 1 {
			same = [2]string{"地区一致", "the same region"}
		}
		zh, en = append(zh, same[0]), append(en, same[1])
	}
	return analytics.Text{Zh: strings.Join(zh, ", "), En: strings.Join(en, ", ")}
}

// Table gives the suggestions as raw cells.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"tender", "tender_kind", "tender_title", "buyer", "winner", "day", "tender_due", "deal", "deal_name", "owner", "stage", "score", "tender_stage", "tender_state", "decided_by", "score_reason"}}
	for _, g := range a.Suggestions {
		t.Rows = append(t.Rows, []string{string(g.Tender), g.Kind, g.Title, g.Buyer, g.Winner, g.Day.String(), g.Due.String(), string(g.Deal.ID), g.Deal.Name, g.Deal.Owner.Name, string(g.Deal.Stage.ID),
			strconv.FormatFloat(g.Score, 'f', 2, 64), string(g.To.ID), string(g.State), g.By, g.Reason.En})
	}
	return t
}
