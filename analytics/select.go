package analytics

import (
	"iter"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Selection is a Scope resolved against a Book, once per question. The org node is the intersection of Root and Node: a Node outside Root,
// or an ID that nobody has, selects nothing, never more.
type Selection struct {
	b        *Book
	Scope    Scope
	Node     int32 // the node asked about; -1: nothing is selected
	Lo, Hi   int32 // its subtree, [Lo, Hi)
	AsOf     Day
	Period   Period
	product  Code // None: any
	stage    Code
	industry Code
	nothing  bool
	on       func(Day) bool // nil: any day
}

// On narrows the touches, and nothing else, to days for which on is true. It is asked on several goroutines.
func (s *Selection) On(on func(day Day) bool) { s.on = on }

// Select resolves s.
func (b *Book) Select(s Scope) *Selection {
	sel := &Selection{b: b, Scope: s, Node: -1, AsOf: b.AsOf(s), Period: b.Period(s), product: None, stage: None, industry: None}
	root, ok1 := b.NodeOf(s.Root)
	node, ok2 := b.NodeOf(s.Node)
	if s.Node == "" {
		node = root
	}
	if !ok1 || !ok2 || node < root || node >= b.nodes[root].End {
		sel.nothing = true
		return sel
	}
	sel.Node, sel.Lo, sel.Hi = node, node, b.nodes[node].End
	find := func(d *dict, id string, into *Code) {
		if id == "" {
			return
		}
		c, ok := d.find(store.ID(id))
		if !ok {
			sel.nothing = true
		}
		*into = c
	}
	find(&b.products.ids, string(s.Product), &sel.product)
	find(&b.stages.ids, string(s.Stage), &sel.stage)
	find(&b.industries, s.Industry, &sel.industry)
	return sel
}

// Empty reports whether nothing can match.
func (s *Selection) Empty() bool { return s.nothing }

// Filtered reports whether something narrows the deals beside the org node, so that a figure of the node as a whole, such as its quota,
// would not fit beside the others.
func (s *Selection) Filtered() bool {
	return s.product != None || s.stage != None || s.industry != None
}

// Narrowed reports whether something narrows the deals that has no history: a product or an industry.
func (s *Selection) Narrowed() bool { return s.product != None || s.industry != None }

// Staged reports whether a stage narrows the deals.
func (s *Selection) Staged() bool { return s.stage != None }

// Coarse tests a deal, as it is now, against what has no history: whether it is live, its product and its account's industry.
func (s *Selection) Coarse(deal Code) bool { return s.coarse(deal) }

// Owners returns the least and the greatest Code of those who hang in the subtree, for comparing zones with. With the unassigned among them it is every Code
// and [None].
func (s *Selection) Owners() (lo, hi Code) { return s.reps() }

// Whole reports whether everybody with a Code from lo to hi hangs in the subtree; it may say no where finding out would take long.
func (s *Selection) Whole(lo, hi Code) bool { return !s.nothing && (s.Lo == 0 || s.whole(lo, hi)) }

// Inside reports whether an org node lies in the subtree asked about.
func (s *Selection) Inside(node int32) bool { return !s.nothing && node >= s.Lo && node < s.Hi }

// Deals calls yield with every deal that existed at the end of the as-of day and matches, as it stood then. Owner and stage are those of
// that day.
func (s *Selection) Deals() iter.Seq[*DealState] { return s.DealsAt(s.AsOf) }

// DealsAt is Deals as of another day. The state is reused between calls: copy what you keep.
func (s *Selection) DealsAt(day Day) iter.Seq[*DealState] {
	return func(yield func(*DealState) bool) {
		s.walk(0, column.Blocks(s.b.deals.len()), day, store.NoDay, yield)
	}
}

// DealsIn is Deals without those that were won or lost, and of which nothing more became, before p began: a question about p, such as what was won in it or
// what it may still bring, has no use for them, and they are most.
func (s *Selection) DealsIn(p Period) iter.Seq[*DealState] {
	return func(yield func(*DealState) bool) {
		s.walk(0, column.Blocks(s.b.deals.len()), s.AsOf, p.From, yield)
	}
}

// walk calls yield with the matching deals of blocks [first, last) as of day, without those that were over before from.
func (s *Selection) walk(first, last int, day, from Day, yield func(*DealState) bool) {
	if s.nothing {
		return
	}
	b, c := s.b, &s.b.deals
	lo, hi := s.reps()
	var d DealState
	for k := first; k < last; k++ {
		if k < len(c.begun.Min) && (c.begun.Min[k] > day || c.ended.Max[k] < from && c.ended.Max[k] <= day) || !c.owners.Meets(k, lo, hi) {
			continue
		}
		lives, created, over := c.live.Block(k), c.created.Block(k), c.over.Block(k)
		changed, stepped, owner := c.changed.Block(k), c.stepped.Block(k), c.owner.Block(k)
		created, over, changed, stepped, owner = created[:len(lives)], over[:len(lives)], changed[:len(lives)], stepped[:len(lives)], owner[:len(lives)]
		for j, live := range lives {
			if !live || created[j] > day || over[j] < from && over[j] <= day {
				continue
			}
			if changed[j] <= day && s.Lo != 0 { // the owner of that day is today's
				if n := b.PersonNode(owner[j]); n < s.Lo || n >= s.Hi {
					continue
				}
			}
			i := Code(k<<column.Shift + j)
			if !s.coarse(i) {
				continue
			}
			if changed[j] <= day && stepped[j] <= day { // it stands as it stood then, so that nothing of its history is read
				b.dealNow(k, j, day, &d)
			} else {
				b.dealAt(i, day, &d)
			}
			if s.match(&d) && !yield(&d) {
				return
			}
		}
	}
}

// All returns the states of the matching deals: Deals, copied.
func (s *Selection) All() []DealState {
	var out []DealState
	for d := range s.Deals() {
		out = append(out, *d)
	}
	return out
}

// coarse tests what has no history.
func (s *Selection) coarse(i Code) bool {
	b := s.b
	if !b.deals.live.At(int(i)) || s.product != None && b.deals.product.At(int(i)) != s.product {
		return false
	}
	return s.industry == None || b.industryOf(b.deals.account.At(int(i))) == s.industry
}

func (b *Book) industryOf(account Code) Code {
	if account < 0 {
		return None
	}
	return b.accounts.industry.At(int(account))
}

func (s *Selection) match(d *DealState) bool {
	return d.Exists && d.Node >= s.Lo && d.Node < s.Hi && (s.stage == None || d.Stage == s.stage)
}

// Deal returns one deal as of the as-of day, and whether it matches.
func (s *Selection) Deal(i Code) (DealState, bool) {
	var d DealState
	if s.nothing || !s.b.deals.isLive(i) || !s.coarse(i) {
		return d, false
	}
	s.b.dealAt(i, s.AsOf, &d)
	return d, s.match(&d)
}

// Touches calls yield with every touch in p, up to the as-of day, whose rep hangs in the subtree and that matches: a product or a stage is
// the touch's deal's (a touch without a deal then does not match), an industry its account's.
func (s *Selection) Touches(p Period) iter.Seq[int] {
	return func(yield func(int) bool) {
		s.TouchBlocks(p, func(_ int, rows []int32) bool {
			for _, i := range rows {
				if !yield(int(i)) {
					return false
				}
			}
			return true
		})
	}
}

// MatchTouch tests one touch against everything but the period.
func (s *Selection) MatchTouch(i int) bool {
	t := &s.b.touch
	return !s.nothing && !t.dead.Has(i) && t.day.At(i) <= s.AsOf && s.Inside(s.b.PersonNode(t.Rep.At(i))) && s.touch(i)
}

func (s *Selection) touch(i int) bool {
	t := &s.b.touch
	if s.industry != None && s.b.industryOf(t.Account.At(i)) != s.industry {
		return false
	}
	if s.product == None && s.stage == None {
		return true
	}
	d := t.Deal.At(i)
	if !s.b.deals.isLive(d) || s.product != None && s.b.deals.product.At(int(d)) != s.product {
		return false
	}
	if s.stage == None {
		return true
	}
	var st DealState
	s.b.dealAt(d, s.AsOf, &st)
	return st.Exists && st.Stage == s.stage
}

// Accounts calls yield with every account that counts as the subtree's: its owner hangs there, or, when nobody we know owns it, one of its
// deals' owners or touches' reps does. So the regions' accounts add up to the company's wherever accounts have owners. Industry narrows;
// product and stage do not.
func (s *Selection) Accounts() iter.Seq[Code] {
	return func(yield func(Code) bool) {
		if s.nothing {
			return
		}
		for i := range s.b.accounts.len() {
			if s.Account(Code(i)) && !yield(Code(i)) {
				return
			}
		}
	}
}

// Account reports whether one account matches, as Accounts says.
func (s *Selection) Account(a Code) bool {
	b := s.b
	if s.nothing || !b.accounts.isLive(a) || s.industry != None && b.accounts.industry.At(int(a)) != s.industry {
		return false
	}
	if s.Node == 0 {
		return true
	}
	if o := b.accounts.owner.At(int(a)); b.people.isLive(o) {
		return s.Inside(b.PersonNode(o))
	}
	return b.works(a, s.Lo, s.Hi)
}

// works reports whether a deal's owner or a touch's rep of the account hangs in [lo, hi).
func (b *Book) works(a Code, lo, hi int32) bool {
	in := func(p Code) bool { n := b.PersonNode(p); return n >= lo && n < hi }
	for _, d := range b.AccountDeals(a) {
		if b.deals.isLive(d) && in(b.deals.owner.At(int(d))) {
			return true
		}
	}
	for _, t := range b.AccountTouches(a) {
		if in(b.touch.Rep.At(int(t))) {
			return true
		}
	}
	return false
}

// SeesDeal reports whether a viewer at root may see a deal as of a day: whoever owned it then hangs in the viewer's subtree.
func (b *Book) SeesDeal(root store.ID, deal Code, asOf Day) bool {
	s := b.Select(Scope{Root: root, AsOf: asOf})
	_, ok := s.Deal(deal)
	return ok
}

// SeesAccount reports whether a viewer at root may see an account: its owner, the owner of one of its deals, or the rep of one of its
// touches hangs in the viewer's subtree.
func (b *Book) SeesAccount(root store.ID, account Code) bool {
	n, ok := b.NodeOf(root)
	if !ok || !b.accounts.isLive(account) {
		return false
	}
	lo, hi := n, b.nodes[n].End
	if o := b.PersonNode(b.accounts.owner.At(int(account))); o >= lo && o < hi {
		return true
	}
	return b.works(account, lo, hi)
}

// SeesPerson reports whether a viewer at root may see a person: the person hangs in the viewer's subtree.
func (b *Book) SeesPerson(root store.ID, person Code) bool {
	n, ok := b.NodeOf(root)
	p := b.PersonNode(person)
	return ok && p >= n && p < b.nodes[n].End
}
