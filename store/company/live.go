package company

import (
	"slices"
	"strconv"
	"time"

	"flightdeck/store"
)

// Company is an organisation that goes on living. It is not safe for concurrent use.
type Company struct {
	g        *gen
	records  *store.Records
	accounts []*account
	deals    []store.Deal // as they are now; index is the deal's number, holes have no ID
	open     []int        // numbers of the open deals
	nextDeal int
	recent   []store.ID // touches of the last steps
	steps    uint64
	last     time.Time
}

// New makes the company that cfg describes, as it is at cfg.Now.
func New(cfg Config) (*Company, error) {
	g, err := newGen(cfg)
	if err != nil {
		return nil, err
	}
	s := g.size
	out := &store.Records{ // about as much as comes
		Accounts: make([]store.Account, 0, s.Accounts), Contacts: make([]store.Contact, 0, 3*s.Accounts), Deals: make([]store.Deal, 0, s.Deals),
		Changes: make([]store.Change, 0, 8*s.Deals), Touches: make([]store.Touch, 0, s.Touches+s.Touches/16),
		Grades: make([]store.GradeChange, 0, 3*s.Accounts), Health: make([]store.Health, 0, (s.Months+12)*s.Accounts),
		Evidence: make([]store.Evidence, 0, 5*s.Deals/2), Sales: make([]store.Sale, 0, s.Sales+s.Sales/16), Readings: make([]store.Reading, 0, (s.Months+5)*s.Accounts),
	}
	c := &Company{g: g, records: out, nextDeal: s.Deals, last: g.Now, deals: make([]store.Deal, s.Deals)}
	g.frame(out)
	for i := range s.Accounts {
		c.accounts = append(c.accounts, g.account(i, out))
	}
	for _, d := range out.Deals {
		n := number(d.ID)
		c.deals[n] = d
		if stageNumber(d.Stage) < stageWon {
			c.open = append(c.open, n)
		}
	}
	return c, nil
}

// Take hands over the records as they were at the beginning; the caller owns them. A second call returns nil: a company keeps only what it
// needs to go on.
func (c *Company) Take() *store.Records {
	r := c.records
	c.records = nil
	return r
}

// Source returns the name in front of the company's IDs.
func (c *Company) Source() store.SourceID { return c.g.Source }

// number returns the zero-based number in an ID such as demo:d17.
func number(id store.ID) int {
	n, _ := strconv.Atoi(id.Native()[1:])
	return n - 1
}

func stageNumber(id store.ID) int {
	return slices.IndexFunc(stages[:], func(s store.Stage) bool { return s.ID == id })
}

// moment is a step being made.
type moment struct {
	*chance
	at    time.Time
	today store.Day
	n     int // the step's number, for IDs that nothing before had
	out   store.Delta
}

// firstLive is above all numbers that the generator gives within a deal or an account (days among them), so that a live ID is new.
const firstLive = 1_000_000

// Step is the next thing that happens, at now, or a millisecond after the step before when now is not later than that. It returns the records that are
// new or different, and what was deleted; Rev is the number of the step. What happens is determined by the seed and that number.
func (c *Company) Step(now time.Time) store.Delta {
	now = now.UTC().Truncate(time.Millisecond)
	if !now.After(c.last) {
		now = c.last.Add(time.Millisecond)
	}
	c.last = now
	c.steps++
	m := &moment{chance: c.g.c.set(c.g.Seed, laneStep, c.steps), at: now, today: dayOf(local(now)), n: firstLive + 4*int(c.steps)}
	m.out.Rev = store.Rev(c.steps)
	did := false
	for range 4 { // some things cannot be done just now
		if did = c.act(m); did {
			break
		}
	}
	if !did {
		c.begin(m)
	}
	return m.out
}

func (c *Company) act(m *moment) bool {
	acts := [...]struct {
		share float64
		do    func(*moment) bool
	}{
		{58, c.meet}, {12, c.advance}, {7, c.move}, {5, c.revalue}, {4, c.recall}, {6, c.begin}, {4, c.decide}, {2.5, c.regrade}, {2, c.invoice}, {.7, c.retract},
	}
	var w [len(acts)]float64
	for i := range acts {
		w[i] = acts[i].share
	}
	return acts[m.weigh(w[:])].do(m)
}

// any returns an open deal and its place in c.open; nil when there is none.
func (c *Company) any(m *moment) (*store.Deal, int) {
	if len(c.open) == 0 {
		return nil, 0
	}
	i := m.IntN(len(c.open))
	return &c.deals[c.open[i]], i
}

// far is any, but of two deals the one that has come further: things move faster near the end.
func (c *Company) far(m *moment) (*store.Deal, int) {
	d, i := c.any(m)
	if e, j := c.any(m); d != nil && stageNumber(e.Stage) > stageNumber(d.Stage) {
		return e, j
	}
	return d, i
}

// set changes a field of d and records it.
func (c *Company) set(m *moment, d *store.Deal, f store.Field, from, to string) {
	m.out.Changes = append(m.out.Changes, store.Change{
		ID: c.g.id('d', number(d.ID)+1, 'c', m.n+len(m.out.Changes)), Deal: d.ID, Field: f, From: from, To: to, At: m.at, Seen: m.at, By: d.Owner,
	})
	d.Modified = m.at
}

// toStage moves d and attaches most of the documents that the stage asks for.
func (c *Company) toStage(m *moment, d *store.Deal, stage int) {
	c.set(m, d, store.FieldStage, string(d.Stage), string(stages[stage].ID))
	d.Stage, d.NextStep = stages[stage].ID, pick(m.chance, nextSteps[stage])
	for _, p := range proofs {
		if p.stage != stage || !m.yes(p.share) {
			continue
		}
		id, yuan := c.g.id('d', number(d.ID)+1, 'e', m.n+len(m.out.Evidence)), float64(d.Amount.Minor)/100
		if d.Amount.Currency == "USD" {
			yuan *= 7.1
		}
		m.out.Evidence = append(m.out.Evidence, store.Evidence{
			ID: id, Deal: d.ID, Kind: p.kind, Title: c.of(d).short + " " + p.title, URL: "https://crm.haichuan.example/files/" + id.Native() + p.ext,
			By: d.Owner, Signer: c.g.signer(m.chance, p.kind, number(d.Owner), yuan), At: m.at, Seen: m.at,
		})
	}
}

func (c *Company) of(d *store.Deal) *account { return c.accounts[number(d.Account)] }

// said publishes d as it is now.
func (m *moment) said(d *store.Deal) bool {
	row := *d
	row.Extra = nil
	for k, v := range d.Extra {
		if row.Extra == nil {
			row.Extra = map[string]string{}
		}
		row.Extra[k] = v
	}
	m.out.Deals = append(m.out.Deals, row)
	return true
}

// meet is a touch: of a deal, or of a customer.
func (c *Company) meet(m *moment) bool {
	a, deal, since := pick(m.chance, c.accounts), store.ID(""), m.at.Add(-20*time.Minute)
	rep, t := c.g.holder(a.owner, m.today), &careTalk
	if d, _ := c.any(m); d != nil && m.yes(.85) {
		a, deal, rep = c.of(d), d.ID, number(d.Owner)
		if d.Modified.After(since) {
			since = d.Modified
		}
		t = &talks[min(stageNumber(d.Stage), stageNegotiation)]
	}
	row, _ := c.g.touch(m.chance, a, c.g.id('a', a.i+1, 't', m.n), deal, rep, local(m.at), t, .1)
	if !since.Before(m.at) || dayOf(local(since)) <= a.created {
		return false
	}
	row.At = m.at.Add(-time.Duration(m.Int64N(int64(m.at.Sub(since))))).Truncate(time.Millisecond)
	row.Minutes = min(row.Minutes, 20)
	row.Logged, row.Seen = m.at, m.at
	m.out.Touches = append(m.out.Touches, row)
	if c.recent = append(c.recent, row.ID); len(c.recent) > 50 {
		c.recent = slices.Delete(c.recent, 0, 1)
	}
	return true
}

// retract takes back a touch that was logged by mistake.
func (c *Company) retract(m *moment) bool {
	if len(c.recent) == 0 {
		return false
	}
	i := m.IntN(len(c.recent))
	m.out.Deleted = append(m.out.Deleted, store.Ref{Entity: store.EntityTouch, ID: c.recent[i]})
	c.recent = slices.Delete(c.recent, i, i+1)
	return true
}

// advance moves a deal one stage on, or decides it when it was in the last one.
func (c *Company) advance(m *moment) bool {
	d, i := c.far(m)
	if d == nil {
		return false
	}
	s := stageNumber(d.Stage)
	if s == stageNegotiation {
		return c.close(m, d, i, m.yes(.8))
	}
	c.toStage(m, d, s+1)
	if want := store.CategoryBestCase; s+1 >= stageQuoted && d.Category < want && m.yes(.6) {
		c.category(m, d, want)
	}
	return m.said(d)
}

// decide ends a deal that is not certain to.
func (c *Company) decide(m *moment) bool {
	d, i := c.far(m)
	if d == nil {
		return false
	}
	return c.close(m, d, i, stageNumber(d.Stage) >= stageQuoted && m.yes(.65))
}

func (c *Company) close(m *moment, d *store.Deal, place int, won bool) bool {
	to, cat := stageLost, store.CategoryOmitted
	if won {
		to, cat = stageWon, store.CategoryCommit
	}
	c.toStage(m, d, to)
	if d.Close != m.today {
		c.set(m, d, store.FieldClose, d.Close.String(), m.today.String())
		d.Close = m.today
	}
	if d.Category != cat {
		c.category(m, d, cat)
	}
	if !won {
		extra := map[string]string{"lost_reason": pick(m.chance, lostReasons)}
		if rival := d.Extra["competitor"]; rival != "" {
			extra["competitor"] = rival
		}
		d.Extra = extra
	}
	c.open[place] = c.open[len(c.open)-1]
	c.open = c.open[:len(c.open)-1]
	return m.said(d)
}

func (c *Company) category(m *moment, d *store.Deal, to store.Category) {
	c.set(m, d, store.FieldCategory, d.Category.String(), to.String())
	d.Category = to
}

// recall changes the rep's call.
func (c *Company) recall(m *moment) bool {
	d, _ := c.any(m)
	if d == nil || stageNumber(d.Stage) < stageDemo {
		return false
	}
	to := pick(m.chance, []store.Category{store.CategoryPipeline, store.CategoryBestCase, store.CategoryCommit})
	if to == d.Category {
		return false
	}
	c.category(m, d, to)
	return m.said(d)
}

// move changes a promised date: mostly later.
func (c *Company) move(m *moment) bool {
	d, _ := c.any(m)
	if d == nil {
		return false
	}
	to := c.g.snap(m.chance, max(d.Close, m.today)+store.Day(m.between(7, 35)), m.today)
	if m.yes(.25) {
		to = max(m.today, d.Close-store.Day(m.between(4, 15)))
	}
	if to == d.Close {
		return false
	}
	c.set(m, d, store.FieldClose, d.Close.String(), to.String())
	restated(d)
	d.Close = to
	return m.said(d)
}

// revalue changes an amount by up to a fifth, to a round figure.
func (c *Company) revalue(m *moment) bool {
	d, _ := c.any(m)
	if d == nil {
		return false
	}
	to := store.Money{Minor: max(10_000, int64(float64(d.Amount.Minor)*(.82+.36*m.Float64()))/10_000*10_000), Currency: d.Amount.Currency}
	if to == d.Amount {
		return false
	}
	c.set(m, d, store.FieldAmount, d.Amount.String(), to.String())
	restated(d)
	d.Amount = to
	return m.said(d)
}

// begin is a new deal.
func (c *Company) begin(m *moment) bool {
	a := pick(m.chance, c.accounts)
	if a.created >= m.today {
		return false
	}
	n := m.weigh(productWeights[:])
	p := plan{account: a, n: c.nextDeal, product: n, owner: c.g.holder(a.owner, m.today), yuan: float64(products[n].price) * a.ind.amount * m.spread(.6)}
	p.slow, p.style = a.ind.cycle, c.g.people[p.owner].style
	d := store.Deal{
		ID: c.g.id('d', p.n+1, 0, 0), Name: a.short + " " + products[n].name, Account: a.id, Owner: c.g.people[p.owner].id, Product: c.g.id('s', n+1, 0, 0),
		Category: store.CategoryPipeline, Amount: store.Money{Minor: p.entered(p.yuan), Currency: a.currency}, Created: m.today,
		Close: c.g.estimate(m.chance, &p, m.today, 0), Lead: pick(m.chance, leads), URL: "https://crm.haichuan.example/deals/d" + strconv.Itoa(p.n+1),
	}
	c.toStage(m, &d, stageLead)
	c.open = append(c.open, c.nextDeal)
	c.nextDeal++
	c.deals = append(c.deals, d)
	return m.said(&d)
}

// regrade is a customer whose health moved so far that the grade moves with it.
func (c *Company) regrade(m *moment) bool {
	for range 20 {
		a := pick(m.chance, c.accounts)
		if a.grade == "" || a.felt >= m.today {
			continue
		}
		dir := 1
		if m.yes(.6) {
			dir = -1
		}
		size := sizeScore(a.revenue)
		for by := 1; by <= 18; by++ {
			h := a.health + dir*by
			if h < 0 || h > 100 {
				break
			}
			to := gradeFor(a.grade, index(h, size))
			if to == a.grade || (to < a.grade) != (dir > 0) {
				continue
			}
			k := pick(m.chance, components[:])
			note := k.strong
			if dir < 0 {
				note = k.weak
			}
			m.out.Health = append(m.out.Health, store.Health{ID: c.g.id('a', a.i+1, 'h', int(m.today)), Account: a.id, Day: m.today, Score: h, Note: note, Seen: m.at})
			m.out.Grades = append(m.out.Grades, store.GradeChange{
				ID: c.g.id('a', a.i+1, 'g', m.n), Account: a.id, From: a.grade, To: to, Cause: gradeCause(a.grade, a.health, h, size, note),
				Rule: gradeRule, At: m.at, Seen: m.at,
			})
			a.health, a.felt, a.grade = h, m.today, to
			return true
		}
	}
	return false
}

// invoice is a sales line of today.
func (c *Company) invoice(m *moment) bool {
	a := pick(m.chance, c.accounts)
	what := m.weigh(productWeights[:])
	if !products[what].runs || a.created >= m.today {
		return false
	}
	outlets := c.g.places(m.chance, a, 2)
	c.g.sale(m.chance, a, c.g.id('a', a.i+1, 's', m.n), what, c.g.holder(a.owner, m.today), pick(m.chance, outlets), m.today,
		int64(3_000+m.IntN(20_000))*100, &m.out.Records)
	return true
}

// restated takes the rep's other versions away: they went with the promise that has just been replaced.
func restated(d *store.Deal) {
	for _, k := range []string{"optimistic_close", "optimistic_amount", "pessimistic_close", "pessimistic_amount"} {
		delete(d.Extra, k)
	}
}
