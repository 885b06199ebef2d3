package morning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// indexOf returns what gives an account's health index on a day, -1 unknown: the rules' where they decide, else the source's; where one has none, the other's.
func indexOf(b *analytics.Book, g *rule.Grading) func(analytics.Code, analytics.Day) int {
	source := func(c analytics.Code, day analytics.Day) int {
		if x, ok := b.HealthAt(c, day); ok {
			return x
		}
		return -1
	}
	if b.Judged() == 0 {
		return source
	}
	rules := func(c analytics.Code, day analytics.Day) int {
		x, _, _ := b.JudgedAt(c, day)
		return x
	}
	first, second := source, rules
	if g.Decides == "rules" {
		first, second = rules, source
	}
	return func(c analytics.Code, day analytics.Day) int {
		if x := first(c, day); x >= 0 {
			return x
		}
		return second(c, day)
	}
}

// why is the day of an account's newest health index and what is said of it: the source's own words, else the behaviours that moved the rules' index most since From.
func (a *Answer) why(b *analytics.Book, g *rule.Grading, account analytics.Code) (day analytics.Day, why analytics.Text) {
	day = store.NoDay
	for d, v := range b.Health(account) {
		if d <= a.Day {
			day, why = d, analytics.Text{Zh: v.Note, En: v.Note}
		}
	}
	if day != store.NoDay && g.Decides != "rules" {
		return day, why
	}
	from, to := b.EvaluationAt(account, a.From), b.EvaluationAt(account, a.Day)
	if from == nil || to == nil {
		return day, why
	}
	return to.Day, moved(g, from, to)
}

// mostNamed is how many behaviours are named.
const mostNamed = 2

// moved names the behaviours that moved the index most in the direction in which it went, with their values.
func moved(g *rule.Grading, from, to *store.Evaluation) (t analytics.Text) {
	value := func(v *store.Evaluation, name string) (float64, bool) {
		for _, in := range v.Inputs {
			if in.Name == name && in.State != store.InputUnknown {
				return in.Value, true
			}
		}
		return 0, false
	}
	type step struct {
		in      rule.Input
		was, is float64
		by      float64
	}
	var steps []step
	down := to.Health < from.Health
	for _, h := range g.Health.Behaviours {
		w, ok1 := value(from, h.Input)
		x, ok2 := value(to, h.Input)
		if !ok1 || !ok2 || h.Best == h.Worst {
			continue
		}
		part := func(v float64) float64 { return max(0, min(1, (v-h.Worst)/(h.Best-h.Worst))) }
		if by := h.Weight * (part(x) - part(w)); by != 0 && (by < 0) == down {
			in := g.Inputs[h.Input]
			in.Name, in.NameEn = cmp.Or(in.Name, in.NameEn, h.Input), cmp.Or(in.NameEn, in.Name, h.Input)
			steps = append(steps, step{in, w, x, max(by, -by)})
		}
	}
	slices.SortStableFunc(steps, func(x, y step) int { return cmp.Compare(y.by, x.by) })
	var zh, en []string
	for _, s := range steps[:min(len(steps), mostNamed)] {
		zh = append(zh, fmt.Sprintf("%s %s > %s", s.in.Name, grade.Number(s.was), grade.Number(s.is)))
		en = append(en, fmt.Sprintf("%s %s > %s", s.in.NameEn, grade.Number(s.was), grade.Number(s.is)))
	}
	return analytics.Text{Zh: strings.Join(zh, ", "), En: strings.Join(en, ", ")}
}

// lookedInto is in how many of the customers that are held it is looked for the reason: an incident holds all of them for the same one.
const lookedInto = 500

// held finds which inputs are not believed now and since when, as the newest evaluations tell.
func (a *Answer) held(b *analytics.Book, sel *analytics.Selection, g *rule.Grading) {
	if a.Day >= b.Now() {
		a.Waits = grade.Waits(b, g)
	}
	if a.Judged = b.Judged() > 0; !a.Judged || sel.Empty() {
		return
	}
	parts := make([][]analytics.Code, analytics.Parts())
	b.ShareAccounts(func(part int, first, last analytics.Code) {
		for c := first; c < last; c++ {
			if _, held, ok := b.JudgedAt(c, a.Day); ok && held && sel.Account(c) {
				parts[part] = append(parts[part], c)
			}
		}
	})
	all := slices.Concat(parts...)
	slices.Sort(all)
	a.HeldCustomers = len(all)
	by := map[string]*Held{}
	looked := min(len(all), lookedInto)
	for i := range looked {
		_, inputs := grade.HeldSince(b, all[i*len(all)/looked], a.Day)
		for name, since := range inputs {
			if slices.ContainsFunc(a.Waits, func(w grade.Wait) bool { return slices.Contains(w.Inputs, name) }) {
				continue // nothing is wrong with it
			}
			h := by[name]
			if h == nil {
				in := g.Inputs[name]
				h = &Held{Input: name, Name: analytics.Text{Zh: cmp.Or(in.Name, in.NameEn, name), En: cmp.Or(in.NameEn, in.Name, name)}, Since: since}
				by[name] = h
			}
			h.Since = min(h.Since, since)
			h.Customers++
		}
	}
	for _, h := range by {
		h.Customers = h.Customers * len(all) / looked
		a.Held = append(a.Held, *h)
	}
	slices.SortFunc(a.Held, func(x, y Held) int {
		return cmp.Or(cmp.Compare(y.Customers, x.Customers), cmp.Compare(x.Since, y.Since), strings.Compare(x.Input, y.Input))
	})
}
