package company

import (
	"strconv"

	"flightdeck/store"
)

// state is where a replay has come to.
type state struct{ stage, amount, close, owner, category int64 }

func (s *state) field(f store.Field) *int64 {
	switch f {
	case store.FieldStage:
		return &s.stage
	case store.FieldAmount:
		return &s.amount
	case store.FieldClose:
		return &s.close
	case store.FieldOwner:
		return &s.owner
	}
	return &s.category
}

// text writes a field's value in the store's notation; an absent one is empty.
func (g *gen) text(f store.Field, v int64, cur store.Currency) string {
	switch f {
	case store.FieldStage:
		if v < 0 {
			return ""
		}
		return string(stages[v].ID)
	case store.FieldAmount:
		var b [32]byte
		x := strconv.AppendInt(b[:0], v/100, 10)
		x = append(x, '.', byte('0'+v/10%10), byte('0'+v%10), ' ')
		return string(append(x, cur...))
	case store.FieldClose:
		return store.Day(v).String()
	case store.FieldOwner:
		return string(g.people[v].id)
	}
	return store.Category(v).String()
}

// replay turns the events into changes and the deal's present state.
func (g *gen) replay(c *chance, p *plan, out *store.Records) {
	s := state{-1, p.amount, int64(p.promised), int64(p.owner), int64(store.CategoryPipeline)}
	id := g.id('d', p.n+1, 0, 0)
	last, n := p.created, 0
	for _, e := range g.evs {
		if e.at > g.now {
			break
		}
		v := s.field(e.field)
		if *v == e.value {
			continue
		}
		n++
		out.Changes = append(out.Changes, store.Change{
			ID: g.id('d', p.n+1, 'c', n), Deal: id, Field: e.field, From: g.text(e.field, *v, p.currency), To: g.text(e.field, e.value, p.currency),
			At: instant(e.at), Seen: instant(e.at), By: g.people[s.owner].id,
		})
		*v, last = e.value, e.at
	}
	d := store.Deal{
		ID: id, Name: p.short + " " + products[p.product].name, Account: p.id, Owner: g.people[s.owner].id, Product: g.id('s', p.product+1, 0, 0),
		Stage: stages[s.stage].ID, Category: store.Category(s.category), Amount: store.Money{Minor: s.amount, Currency: p.currency},
		Created: dayOf(p.created), Close: store.Day(s.close), Modified: instant(last), Lead: pick(c, leads), NextStep: pick(c, nextSteps[s.stage]),
		URL: "https://crm.haichuan.example/deals/d" + strconv.Itoa(p.n+1),
	}
	reason, rival := pick(c, lostReasons), pick(c, competitors)
	if s.stage == stageLost {
		d.Extra = map[string]string{"lost_reason": reason}
	}
	if rivalled := c.yes(.3); rivalled && s.stage >= stageDemo {
		if d.Extra == nil {
			d.Extra = map[string]string{}
		}
		d.Extra["competitor"] = rival
	}
	if s.stage < stageWon && c.yes(.45) {
		versions(c, p.style, &d)
	}
	out.Deals = append(out.Deals, d)
	if s.stage == stageWon {
		won := g.path[len(g.path)-1].at
		g.dealSales(c, p, int(s.owner), dayOf(won), s.amount, out)
	}
}

// ownerAt returns who had the deal at a moment.
func (g *gen) ownerAt(p *plan, at int64) int {
	n := p.owner
	for _, e := range g.evs {
		if e.at > at {
			break
		}
		if e.field == store.FieldOwner {
			n = int(e.value)
		}
	}
	return n
}

// versions adds the rep's optimistic and pessimistic date and amount beside the promised ones: who pads sees no worse, who sandbags no better.
func versions(c *chance, style int, d *store.Deal) {
	sooner, later, more, less := c.between(5, 25), c.between(10, 60), 1.02+.2*c.Float64(), .97-.3*c.Float64()
	switch style {
	case styleSandbag:
		sooner, later, more = 0, later+30, 1
	case stylePad:
		sooner, later, less = sooner+15, 3, .99
	}
	if d.Extra == nil {
		d.Extra = map[string]string{}
	}
	for name, v := range map[string]struct {
		day   store.Day
		share float64
	}{"optimistic": {max(d.Created, d.Close-store.Day(sooner)), more}, "pessimistic": {d.Close + store.Day(later), less}} {
		d.Extra[name+"_close"] = v.day.String()
		yuan := int64(float64(d.Amount.Minor)*v.share) / 100 // whole units, as people write them
		d.Extra[name+"_amount"] = strconv.FormatInt(max(1, yuan), 10)
	}
}
