package plain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"flightdeck/analytics"
	"flightdeck/store"
)

// State is a deal on a day, computed the plain way.
type State struct {
	store.Deal // Stage, Owner, Category, Amount, Close as they were
	Exists     bool
	Since      store.Day
	Closed     store.Day
}

// Step is a stage entered on a day.
type Step struct {
	Day   store.Day
	Stage store.ID
}

// Stage looks a stage up; undeclared ones are open.
func (w *World) Stage(id store.ID) (store.Stage, bool) {
	for _, s := range w.Stages {
		if s.ID == id {
			return s, true
		}
	}
	return store.Stage{ID: id}, false
}

// history is a deal's changes of a field; 0: of all that are the deal's own, which the rep's other versions are not.
func (w *World) history(d store.ID, f store.Field) (out []store.Change) {
	for _, c := range w.Changes {
		if c.Deal == d && (f == 0 && !c.Field.Version() || c.Field == f) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b store.Change) int { return a.At.Compare(b.At) })
	return out
}

// Began is the day a deal began to exist.
func (w *World) Began(d store.Deal) store.Day {
	h := w.history(d.ID, 0)
	if len(h) == 0 {
		return d.Created
	}
	if first := store.DayOf(h[0].At, Zone); d.Created == store.NoDay || first < d.Created {
		return first
	}
	return d.Created
}

// Way is a deal's steps through the stages up to day.
func (w *World) Way(d store.Deal, day store.Day) (out []Step) {
	h := w.history(d.ID, store.FieldStage)
	var way []Step
	add := func(day store.Day, s store.ID) {
		if len(way) == 0 || way[len(way)-1].Stage != s {
			way = append(way, Step{day, s})
		}
	}
	if len(h) > 0 && h[0].From != "" {
		add(w.Began(d), store.ID(h[0].From))
	}
	for _, c := range h {
		add(store.DayOf(c.At, Zone), store.ID(c.To))
	}
	now, _ := w.Stage(d.Stage)
	switch {
	case len(h) > 0:
		add(max(way[len(way)-1].Day, store.DayOf(d.Modified, Zone)), d.Stage)
	case now.Kind != store.StageOpen && d.Close != store.NoDay && d.Close > w.Began(d):
		add(w.Began(d), "lead")
		add(d.Close, d.Stage)
	default:
		add(w.Began(d), d.Stage)
	}
	for _, s := range way {
		if s.Day <= day {
			out = append(out, s)
		}
	}
	return out
}

// At is a deal at the end of day.
func (w *World) At(d store.Deal, day store.Day) State {
	s := State{Deal: d, Exists: w.Began(d) <= day, Closed: store.NoDay}
	s.Created = w.Began(d)
	value := func(f store.Field, now string) string {
		past, future := "", ""
		hasPast, hasFuture := false, false
		for _, c := range w.history(d.ID, f) {
			if store.DayOf(c.At, Zone) <= day {
				past, hasPast = c.To, true
			} else if !hasFuture {
				future, hasFuture = c.From, true
			}
		}
		switch {
		case !hasFuture:
			return now
		case hasPast:
			return past
		}
		return future
	}
	s.Owner = store.ID(value(store.FieldOwner, string(d.Owner)))
	s.Category, _ = store.ParseCategory(value(store.FieldCategory, d.Category.String()))
	s.Close, _ = store.ParseDay(value(store.FieldClose, d.Close.String()))
	s.Amount = store.Money{}
	if amount, cur, ok := strings.Cut(value(store.FieldAmount, d.Amount.String()), " "); ok {
		s.Amount, _ = store.ParseMoney(amount, store.Currency(cur))
	}
	way := w.Way(d, day)
	if len(way) == 0 {
		way = w.Way(d, store.MaxDay)[:1]
	}
	s.Deal.Stage, s.Since = way[len(way)-1].Stage, way[len(way)-1].Day
	k, _ := w.Stage(s.Deal.Stage)
	if now, _ := w.Stage(d.Stage); k.Kind == store.StageOpen && now.Kind != store.StageOpen {
		s.Close, _ = store.ParseDay(value(store.FieldClose, w.lastClose(d.ID)))
	}
	if k.Kind != store.StageOpen {
		if s.Closed = s.Close; s.Close == store.NoDay || s.Close > day {
			s.Closed = s.Since
		}
	}
	return s
}

func (w *World) lastClose(d store.ID) string {
	h := w.history(d, store.FieldClose)
	if len(h) == 0 {
		return ""
	}
	return h[len(h)-1].To
}

// Above lists the org nodes that a person's figures count in, the person first, the company ("") last.
func (w *World) Above(person store.ID) []store.ID {
	units := map[store.ID]store.Unit{}
	company := []store.ID{}
	for _, u := range w.Units {
		units[u.ID] = u
		if u.Kind == store.UnitCompany {
			company = append(company, u.ID)
		}
	}
	end := []store.ID{""}
	if len(company) == 1 {
		end = append(company, "")
	}
	var p *store.Person
	for i := range w.People {
		if w.People[i].ID == person {
			p = &w.People[i]
		}
	}
	if p == nil {
		return append([]store.ID{analytics.NodeUnassigned}, end...)
	}
	at := p.Unit
	if _, ok := units[at]; !ok {
		var led []store.ID
		for _, u := range w.Units {
			if u.Manager == p.ID {
				led = append(led, u.ID)
			}
		}
		slices.Sort(led)
		if at = analytics.NodeUnassigned; len(led) > 0 {
			at = led[0]
		}
	}
	out := []store.ID{person}
	for {
		u, ok := units[at]
		if at == analytics.NodeUnassigned {
			out = append(out, at)
		}
		if !ok || slices.Contains(end, at) {
			return append(out, end...)
		}
		out = append(out, at)
		seen := map[store.ID]bool{}
		for x := u.Parent; units[x].ID != "" && !seen[x]; x = units[x].Parent {
			seen[x] = true
		}
		if seen[at] { // on a circle
			return append(out, end...)
		}
		at = u.Parent
	}
}

// Select gives the deals of a scope on its day, the plain way.
func (w *World) Select(s analytics.Scope, day store.Day) (out []State) {
	for _, d := range w.Deals {
		st := w.At(d, day)
		if !st.Exists || !w.Within(s, st.Owner) || s.Industry != "" && w.Industry(d.Account) != s.Industry ||
			s.Product != "" && d.Product != s.Product || s.Stage != "" && st.Deal.Stage != s.Stage {
			continue
		}
		out = append(out, st)
	}
	return out
}

// Within reports whether a person's figures count under the scope's Root and Node.
func (w *World) Within(s analytics.Scope, person store.ID) bool {
	above := w.Above(person)
	return slices.Contains(above, s.Root) && slices.Contains(above, s.Node) && (s.Node == "" || w.under(s.Node, s.Root))
}

// Industry is an account's.
func (w *World) Industry(id store.ID) string {
	for _, a := range w.Accounts {
		if a.ID == id {
			return a.Industry
		}
	}
	return ""
}

// Deal finds a deal.
func (w *World) Deal(id store.ID) (store.Deal, bool) {
	for _, d := range w.Deals {
		if d.ID == id {
			return d, true
		}
	}
	return store.Deal{}, false
}

// under reports whether node lies in root's subtree.
func (w *World) under(node, root store.ID) bool {
	if root == "" || node == root {
		return true
	}
	for _, p := range w.People { // a unit's ancestors are those of a person put into it
		if p.ID == node {
			return slices.Contains(w.Above(node), root)
		}
	}
	probe := World{Records: w.Records}
	probe.People = []store.Person{{ID: "probe", Unit: node}}
	if node == analytics.NodeUnassigned {
		probe.People[0].Unit = ""
	}
	return slices.Contains(probe.Above("probe"), root)
}

// Total adds amounts up as an analysis prints them: "1.00 CNY", then what has no rate.
func (w *World) Total(amounts []store.Money) string {
	total := decimal.Zero
	missing := map[store.Currency]decimal.Decimal{}
	for _, m := range amounts {
		rate := w.Org.Rates[m.Currency]
		switch {
		case !m.Given():
		case m.Currency == w.Org.Currency:
			total = total.Add(m.Decimal())
		case rate == "":
			missing[m.Currency] = missing[m.Currency].Add(m.Decimal())
		default:
			total = total.Add(m.Decimal().Mul(decimal.RequireFromString(rate)).RoundBank(w.Org.Currency.Digits()))
		}
	}
	out := total.StringFixed(2) + " " + string(w.Org.Currency)
	for _, c := range slices.Sorted(maps.Keys(missing)) {
		out += fmt.Sprintf(" + %s %s", missing[c].StringFixed(c.Digits()), c)
	}
	return out
}

// Print gives a Sum as Total does.
func Print(s analytics.Sum) string {
	out := s.Money.String()
	for _, m := range s.Missing {
		out += " + " + m.String()
	}
	return out
}

// LastTouch is the last day up to day on which a touch named the deal, or its account and no deal.
func (w *World) LastTouch(d store.Deal, day store.Day) store.Day {
	last := store.NoDay
	for _, v := range w.Touches {
		if at := store.DayOf(v.At, Zone); at <= day && (v.Deal == d.ID || v.Deal == "" && d.Account != "" && v.Account == d.Account) {
			last = max(last, at)
		}
	}
	return last
}

// LastSign is the last day up to day on which anything happened to the deal.
func (w *World) LastSign(d store.Deal, day store.Day) store.Day {
	last := w.LastTouch(d, day)
	for _, c := range w.history(d.ID, 0) {
		if at := store.DayOf(c.At, Zone); at <= day {
			last = max(last, at)
		}
	}
	if began := w.Began(d); began <= day {
		last = max(last, began)
	}
	return last
}
