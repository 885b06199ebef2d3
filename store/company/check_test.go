package company

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
)

// faults reports the first few of many and counts the rest.
type faults struct {
	t *testing.T
	n int
}

func (f *faults) add(format string, args ...any) {
	f.t.Helper()
	if f.n++; f.n <= 20 {
		f.t.Errorf(format, args...)
	}
}

// check holds every promise of the package comment against a whole company.
func check(t *testing.T, r *store.Records, now time.Time, org store.Org) {
	t.Helper()
	f := &faults{t: t}
	today := dayOf(local(now))
	ids := map[store.Ref]bool{}
	r.Refs(func(ref store.Ref) bool {
		if ids[ref] {
			f.add("%v is there twice", ref)
		}
		ids[ref] = true
		return true
	})
	need := func(where store.ID, e store.Entity, id store.ID) {
		if id != "" && !ids[store.Ref{Entity: e, ID: id}] {
			f.add("%s names the %s %s, which does not exist", where, e, id)
		}
	}
	must := func(where store.ID, e store.Entity, id store.ID) {
		if id == "" {
			f.add("%s names no %s", where, e)
		}
		need(where, e, id)
	}
	past := func(where store.ID, what string, at time.Time) {
		if at.IsZero() || at.After(now) {
			f.add("%s: %s is %v, now is %v", where, what, at, now)
		}
	}
	for _, u := range r.Units {
		need(u.ID, store.EntityUnit, u.Parent)
		must(u.ID, store.EntityPerson, u.Manager)
		if (u.Parent == "") != (u.Kind == store.UnitCompany) || (u.Kind == store.UnitCompany) != (u.ID == Root(u.ID.Source())) {
			f.add("unit %+v is out of place", u)
		}
	}
	gone := map[store.ID]bool{}
	for _, p := range r.People {
		must(p.ID, store.EntityUnit, p.Unit)
		gone[p.ID] = p.Inactive
		clean(f, p.ID, p.Name, p.Title, p.Email)
	}
	accounts := map[store.ID]store.Account{}
	for _, a := range r.Accounts {
		accounts[a.ID] = a
		must(a.ID, store.EntityPerson, a.Owner)
		need(a.ID, store.EntityAccount, a.Parent)
		past(a.ID, "modified", a.Modified)
		clean(f, a.ID, a.Name, a.Industry, a.City, a.Region)
		if a.Created >= today || gone[a.Owner] || a.Parent == a.ID || a.Staff <= 0 || a.Revenue.Minor <= 0 {
			f.add("account %+v", a)
		}
	}
	contacts := map[store.ID]store.ID{}
	for _, c := range r.Contacts {
		must(c.ID, store.EntityAccount, c.Account)
		contacts[c.ID] = c.Account
		if clean(f, c.ID, c.Name, c.Role); c.Influence < 1 || c.Influence > 100 {
			f.add("contact %+v", c)
		}
	}
	deals := map[store.ID]*store.Deal{}
	for i, d := range r.Deals {
		deals[d.ID] = &r.Deals[i]
		must(d.ID, store.EntityAccount, d.Account)
		must(d.ID, store.EntityPerson, d.Owner)
		must(d.ID, store.EntityStage, d.Stage)
		must(d.ID, store.EntityProduct, d.Product)
		past(d.ID, "modified", d.Modified)
		clean(f, d.ID, d.Name, d.Lead, d.NextStep)
		if d.Created <= accounts[d.Account].Created || d.Created > today || d.Close < d.Created || !d.Close.Valid() || d.Amount.Minor <= 0 {
			f.add("deal %+v of account %+v", d, accounts[d.Account])
		}
		if d.Stage == "lost" != (d.Extra["lost_reason"] != "") {
			f.add("deal %s in stage %s has the lost reason %q", d.ID, d.Stage, d.Extra["lost_reason"])
		}
		if stageNumber(d.Stage) < stageWon && gone[d.Owner] {
			f.add("open deal %s is still with %s, who has left", d.ID, d.Owner)
		}
		if o := org.Currency; d.Amount.Currency != o && org.Rates[d.Amount.Currency] == "" {
			f.add("deal %s is in %s, which has no rate", d.ID, d.Amount.Currency)
		}
	}
	checkHistory(f, r, deals, today, past)
	for _, x := range r.Touches {
		must(x.ID, store.EntityAccount, x.Account)
		must(x.ID, store.EntityPerson, x.Rep)
		need(x.ID, store.EntityDeal, x.Deal)
		past(x.ID, "at", x.At)
		past(x.ID, "logged", x.Logged)
		clean(f, x.ID, x.Topic, x.Note, x.Area)
		if x.Contact != "" && contacts[x.Contact] != x.Account {
			f.add("touch %s of account %s names the contact %s of %s", x.ID, x.Account, x.Contact, contacts[x.Contact])
		}
		if d := deals[x.Deal]; d != nil {
			if d.Account != x.Account || dayOf(local(x.At)) < d.Created {
				f.add("touch %+v of deal %+v", x, d)
			}
		}
		if dayOf(local(x.At)) <= accounts[x.Account].Created || x.Logged.Before(x.At) || x.Minutes < 1 || !x.Channel.Valid() || !x.Sentiment.Valid() {
			f.add("touch %+v", x)
		}
		if (x.Area == "") != (x.Lat == 0 && x.Lng == 0) || x.Area != "" && (x.Lat < 18 || x.Lat > 54 || x.Lng < 73 || x.Lng > 135 || strings.Count(x.Area, "/") != 2) {
			f.add("touch %s at %q %v %v", x.ID, x.Area, x.Lat, x.Lng)
		}
	}
	for _, e := range r.Evidence {
		must(e.ID, store.EntityDeal, e.Deal)
		must(e.ID, store.EntityPerson, e.By)
		need(e.ID, store.EntityPerson, e.Signer)
		past(e.ID, "at", e.At)
		if d := deals[e.Deal]; d == nil || dayOf(local(e.At)) < d.Created {
			f.add("evidence %+v", e)
		}
	}
	checkGrades(f, r, accounts, past)
	checkSales(f, r, deals, accounts, today, must)
	checkQuotas(f, r, need)
	if f.n > 20 {
		t.Errorf("… and %d faults more", f.n-20)
	}
}

func clean(f *faults, id store.ID, texts ...string) {
	for _, s := range texts {
		if s != store.Clean(s, store.MaxName) {
			f.add("%s: %q would be changed by cleaning", id, s)
		}
	}
}

// checkHistory replays every deal's changes.
func checkHistory(f *faults, r *store.Records, deals map[store.ID]*store.Deal, today store.Day, past func(store.ID, string, time.Time)) {
	type key struct {
		deal  store.ID
		field store.Field
	}
	now := map[key]string{}
	at := map[key]time.Time{}
	stageAt := map[store.ID]time.Time{}
	rows := slices.Clone(r.Changes)
	slices.SortStableFunc(rows, func(a, b store.Change) int { return a.At.Compare(b.At) })
	for _, c := range rows {
		k := key{c.Deal, c.Field}
		past(c.ID, "at", c.At)
		d := deals[c.Deal]
		if d == nil {
			f.add("change %s of the unknown deal %s", c.ID, c.Deal)
			continue
		}
		was, seen := now[k]
		switch {
		case c.From == c.To, c.To == "" && c.Field != store.FieldCategory:
			f.add("change %+v changes nothing", c)
		case seen && was != c.From:
			f.add("change %+v: before it stood %q", c, was)
		case !seen && c.Field == store.FieldStage && (c.From != "" || dayOf(local(c.At)) != d.Created):
			f.add("the first stage of deal %s, created %s, is %+v", c.Deal, d.Created, c)
		case dayOf(local(c.At)) < d.Created, c.At.Before(at[key{c.Deal, store.FieldStage}]):
			f.add("change %+v lies before the deal or its stage", c)
		case at[k].Equal(c.At):
			f.add("change %+v happens at one moment with another of its field", c)
		}
		now[k], at[k] = c.To, c.At
		if c.Field == store.FieldStage {
			stageAt[c.Deal] = c.At
		}
	}
	for id, d := range deals {
		for _, x := range []struct {
			field store.Field
			is    string
		}{
			{store.FieldStage, string(d.Stage)}, {store.FieldAmount, d.Amount.String()}, {store.FieldClose, d.Close.String()},
			{store.FieldOwner, string(d.Owner)}, {store.FieldCategory, d.Category.String()},
		} {
			if was, ok := now[key{id, x.field}]; ok && was != x.is || !ok && x.field == store.FieldStage {
				f.add("the history of %s ends with %s %q, the deal has %q", id, x.field, was, x.is)
			}
			if t := at[key{id, x.field}]; t.After(d.Modified) {
				f.add("deal %s was modified %v, but its %s changed %v", id, d.Modified, x.field, t)
			}
		}
		if stageNumber(d.Stage) >= stageWon && (dayOf(local(stageAt[id])) != d.Close || d.Close > today) {
			f.add("deal %s is %s, closed %s, its last stage change was %v", id, d.Stage, d.Close, stageAt[id])
		}
	}
}

// checkGrades decides every grade again from the rows that a reader of the data has.
func checkGrades(f *faults, r *store.Records, accounts map[store.ID]store.Account, past func(store.ID, string, time.Time)) {
	health := map[store.ID][]store.Health{}
	for _, h := range r.Health {
		past(h.ID, "seen", h.Seen)
		if _, ok := accounts[h.Account]; !ok || h.Score < 0 || h.Score > 100 || h.Note == "" || h.Day < accounts[h.Account].Created {
			f.add("health %+v", h)
		}
		health[h.Account] = append(health[h.Account], h)
	}
	grade := map[store.ID]store.Grade{}
	rows := slices.Clone(r.Grades)
	slices.SortStableFunc(rows, func(a, b store.GradeChange) int { return a.At.Compare(b.At) })
	for _, g := range rows {
		past(g.ID, "at", g.At)
		h := health[g.Account]
		slices.SortFunc(h, func(a, b store.Health) int { return int(a.Day - b.Day) })
		var last store.Health
		for _, x := range h {
			if !x.Seen.After(g.At) {
				last = x
			}
		}
		a := accounts[g.Account]
		size := sizeScore(float64(a.Revenue.Minor) / 1e8)
		want := gradeFor(g.From, index(last.Score, size))
		if g.From != grade[g.Account] || g.To == g.From || g.To != want || g.Rule == "" {
			f.add("grade %+v: it stood at %q, and health %d with size %d says %s", g, grade[g.Account], last.Score, size, want)
		}
		if !strings.Contains(g.Cause, tenths(index(last.Score, size))) {
			f.add("grade %s: the cause %q does not give the figure that decided", g.ID, g.Cause)
		}
		grade[g.Account] = g.To
	}
}

func checkSales(f *faults, r *store.Records, deals map[store.ID]*store.Deal, accounts map[store.ID]store.Account, today store.Day,
	must func(store.ID, store.Entity, store.ID)) {
	sold := map[store.ID]int64{}
	for _, s := range r.Sales {
		must(s.ID, store.EntityAccount, s.Account)
		must(s.ID, store.EntityProduct, s.Product)
		must(s.ID, store.EntityPerson, s.Rep)
		if s.Day > today || s.Day < accounts[s.Account].Created || s.Outlet == "" || s.Amount.Currency != s.Cost.Currency {
			f.add("sale %+v of account %+v", s, accounts[s.Account])
		}
		if a, c := s.Amount.Minor, s.Cost.Minor; a == 0 || (a > 0) != (s.Quantity > 0) || a > 0 && (c <= 0 || c >= a) || a < 0 && (c >= 0 || c <= a) {
			f.add("sale %+v", s)
		}
		if id := s.ID.Native(); id[0] == 'd' && s.Amount.Minor > 0 {
			n, _, _ := strings.Cut(id, ".")
			deal := deals[store.MakeID(s.ID.Source(), n)]
			if deal == nil || deal.Stage != "won" || s.Day <= deal.Close || s.Account != deal.Account || s.Product != deal.Product {
				f.add("sale %+v of deal %+v", s, deal)
				continue
			}
			if sold[deal.ID] += s.Amount.Minor; sold[deal.ID] > deal.Amount.Minor {
				f.add("deal %s over %s has been invoiced %d", deal.ID, deal.Amount, sold[deal.ID])
			}
		}
	}
}

// checkQuotas: every node has one quota a quarter, and parts add up to the whole within a tenth.
func checkQuotas(f *faults, r *store.Records, need func(store.ID, store.Entity, store.ID)) {
	type key struct {
		node store.ID
		from store.Day
	}
	have := map[key]int64{}
	for _, q := range r.Quotas {
		if q.From > q.To || q.Amount.Minor <= 0 || q.From != quarterOf(q.From, 0) || q.To != quarterOf(q.From, 1)-1 {
			f.add("quota %+v", q)
		}
		have[key{q.Node, q.From}] = q.Amount.Minor
	}
	parts := map[key]int64{}
	active := 0
	for _, u := range r.Units {
		for k, v := range have {
			if k.node == u.ID && u.Parent != "" {
				parts[key{u.Parent, k.from}] += v
			}
		}
	}
	for _, p := range r.People {
		for k, v := range have {
			if k.node == p.ID {
				parts[key{p.Unit, k.from}] += v
				active++
			}
		}
	}
	for _, u := range r.Units {
		for k, whole := range have {
			if k.node != u.ID {
				continue
			}
			if ratio := float64(parts[k]) / float64(whole); ratio < .97 || ratio > 1.1 {
				f.add("unit %s from %s: the parts are %.2f of the whole", u.ID, k.from, ratio)
			}
		}
	}
	if active < len(r.People)*3 {
		f.add("only %d quotas for %d people", active, len(r.People))
	}
}
