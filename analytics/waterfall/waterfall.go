// Package waterfall answers how what is open for a period came from what it was on an earlier day to what it is: created, won, lost, slipped, pulled in, grown,
// shrunk (瀑布图). The steps add up exactly, in money and in deals, from one day's forecast to the other's.
//
// A deal is open for a period on a day as package forecast has it: it promises to close within it, on that day or later, an overdue one counting in the period that the day
// lies in. Both ends are read as they stood at the end of their day; nothing in between counts but a win. A deal that was won since comes in first, if it was not there,
// grows or shrinks to what it was won with, and leaves as won: so the step is the money that came. One that came and was lost in between leaves no trace. What comes in or
// goes because its owner, or, where the scope names a stage, its stage is another, is told apart as moved in or out: so the parts of an org node add up to it but for
// what moved between them.
//
// A deal that enters the period only because nobody moved its date when it passed counts as pulled in by time, one whose period has ended as slipped.
package waterfall

import (
	"slices"
	"strconv"
	"sync"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// Kind is why a deal's money came or went.
type Kind string

// The kinds, in the order in which they are shown: what comes, what changes, what goes.
const (
	Created  Kind = "created"
	Reopened Kind = "reopened" // it was won or lost on the first day
	PulledIn Kind = "pulled_in"
	MovedIn  Kind = "moved_in" // from another owner or stage
	Grown    Kind = "grown"
	Shrunk   Kind = "shrunk"
	MovedOut Kind = "moved_out"
	Slipped  Kind = "slipped"
	Lost     Kind = "lost"
	Won      Kind = "won"
)

// Kinds lists them.
func Kinds() []Kind {
	return []Kind{Created, Reopened, PulledIn, MovedIn, Grown, Shrunk, MovedOut, Slipped, Lost, Won}
}

// Step is what came or went for one reason. Money that goes is negative.
type Step struct {
	Kind  Kind          `json:"kind"`
	Deals int           `json:"deals"`
	Sum   analytics.Sum `json:"amount"`
}

// Level is what was open for the period at the end of a day.
type Level struct {
	Day   analytics.Day `json:"day"`
	Deals int           `json:"deals"`
	Sum   analytics.Sum `json:"amount"`
}

// Answer is the way from one day to another: From.Sum + Σ Steps = To.Sum. Steps are all kinds in their order, also those of which nothing came.
type Answer struct {
	Stamp      analytics.Stamp  `json:"stamp"`
	Scope      string           `json:"scope"`
	Period     analytics.Period `json:"-"`
	PeriodName string           `json:"period"`
	From       Level            `json:"from"`
	Steps      []Step           `json:"steps"`
	To         Level            `json:"to"`
}

// kernel resolves one question.
type kernel struct {
	b      *analytics.Book
	sel    *analytics.Selection // the scope's
	wide   *analytics.Selection // all of the company: what left the scope is found, too
	stage  analytics.Code
	period analytics.Period
	since  analytics.Day
}

func newKernel(b *analytics.Book, s analytics.Scope, since analytics.Day) *kernel {
	k := &kernel{b: b, sel: b.Select(s), stage: analytics.None, since: since}
	k.period = k.sel.Period
	k.wide = b.Select(analytics.Scope{Product: s.Product, Industry: s.Industry, AsOf: s.AsOf, Period: s.Period})
	if c, ok := b.StageCode(s.Stage); ok && s.Stage != "" {
		k.stage = c
	}
	return k
}

// here reports whether a deal belongs to the scope as it stood.
func (k *kernel) here(d *analytics.DealState) bool {
	return k.sel.Inside(d.Node) && (k.stage == analytics.None || d.Stage == k.stage)
}

// open reports whether a deal was open for the period on a day.
func (k *kernel) open(d *analytics.DealState, day analytics.Day) bool {
	return d.Open() && d.Close != store.NoDay && k.period.Contains(max(d.Close, day))
}

// move is one thing that happened to a deal's money: value in minor units of the organisation's currency, or, without a rate, money as it is.
type move struct {
	kind  Kind
	money store.Money
	value int64
	rated bool
}

// of is a deal's whole money that comes, or, sign -1, goes.
func of(kind Kind, d *analytics.DealState, sign int64) move {
	if !d.Amount.Given() || d.HasValue() {
		m := move{kind: kind, rated: true}
		if d.HasValue() {
			m.value = sign * d.Value
		}
		return m
	}
	return move{kind: kind, money: store.Money{Minor: sign * d.Amount.Minor, Currency: d.Amount.Currency}}
}

func (m *move) add(to *analytics.Adder) {
	if m.rated {
		to.AddMinor(m.value)
	} else {
		to.Add(m.money)
	}
}

// maxMoves is how many moves a deal can make: an amount without a rate that is now another currency's goes and comes before the deal leaves.
const maxMoves = 4

// moves says what became of a deal between the two days, and whether it was open for the period on each.
func (k *kernel) moves(was, is *analytics.DealState) (out [maxMoves]move, n int, before, after bool) {
	before, after = k.here(was) && k.open(was, k.since), k.here(is) && k.open(is, k.sel.AsOf)
	won := is.Exists && is.Kind == store.StageWon && k.here(is) && is.Closed > k.since && (before || k.period.Contains(is.Closed))
	if won && was.Exists && was.Kind == store.StageWon { // it was won already and got a later date
		won = false
	}
	put := func(m move) { out[n] = m; n++ }
	if !before && (after || won) {
		kind := PulledIn
		switch {
		case !was.Exists:
			kind = Created
		case !was.Open():
			kind = Reopened
		case !k.here(was):
			kind = MovedIn
		}
		put(of(kind, is, 1))
	}
	if before && (after || won) && was.Amount != is.Amount {
		switch goes, comes := of(Shrunk, was, -1), of(Grown, is, 1); {
		case goes.rated && comes.rated && comes.value+goes.value >= 0:
			comes.value += goes.value
			put(comes)
		case goes.rated && comes.rated:
			goes.value += comes.value
			put(goes)
		default: // what has no rate stands apart
			put(goes)
			put(comes)
		}
	}
	switch {
	case won:
		put(of(Won, is, -1))
	case !before || after:
	case is.Exists && is.Kind == store.StageLost:
		put(of(Lost, was, -1))
	case is.Exists && !k.here(is):
		put(of(MovedOut, was, -1))
	default:
		put(of(Slipped, was, -1))
	}
	return out, n, before, after
}

// each calls fn with every deal that may have moved, on several goroutines, each by its part.
func (k *kernel) each(fn func(part int, was, is *analytics.DealState)) int {
	all, moved := k.candidates(), k.b.Moved()
	stayed := all.stayed[all.first[k.sel.Lo]:all.first[k.sel.Hi]]
	n := len(stayed) + len(all.moved)
	var late []analytics.Code
	moved.Each(func(i int) { late = append(late, analytics.Code(i)) })
	return analytics.ShareBy(parcel, n+len(late), func(part, first, last int) {
		for i := first; i < last; i++ {
			var deal analytics.Code
			switch {
			case i < len(stayed):
				deal = stayed[i]
			case i < n:
				x := all.moved[i-len(stayed)]
				if !k.sel.Inside(x.was) && !k.sel.Inside(x.is) {
					continue
				}
				deal = x.deal
			}
			if i < n && moved.Has(int(deal)) {
				continue
			}
			if i >= n {
				if deal = late[i-n]; !k.wide.Coarse(deal) {
					continue
				}
			}
			is := k.b.DealAt(deal, k.sel.AsOf)
			was := k.before(&is)
			if i < n || k.meant(&was, &is) && (k.sel.Inside(was.Node) || k.sel.Inside(is.Node)) {
				fn(part, &was, &is)
			}
		}
	})
}

// meant reports whether a deal is a candidate: it was open for the period on either day, or was won in it or from it.
func (k *kernel) meant(was, is *analytics.DealState) bool {
	return is.Exists && (k.open(was, k.since) || k.open(is, k.sel.AsOf) || is.Kind == store.StageWon && is.Closed > k.since && k.period.Contains(is.Closed))
}

// before is how a deal stood on the first day.
func (k *kernel) before(is *analytics.DealState) analytics.DealState {
	if is.Created > k.since || k.b.LastChange(is.Deal) > k.since || is.Since > k.since {
		return k.b.DealAt(is.Deal, k.since)
	}
	return *is
}

// parcel is how many deals one goroutine takes at a time.
const parcel = 1024

// candidates are the deals that some scope's answer counts, of those that have not moved since they were gathered (see [analytics.Book.Moved]). Those that stood in the same
// node on both days lie in the order of their nodes, so that a team's are found without looking at the company's.
type candidates struct {
	stayed []analytics.Code
	first  []int32 // by node: its first one in stayed; one more than there are nodes
	moved  []candidate
}

// candidate is such a deal, and the nodes in which it stood on the two days.
type candidate struct {
	deal    analytics.Code
	was, is int32
}

// walked is what candidates depend on beside the deals: who goes from node to node asks for the same of all the company.
type walked struct {
	scope       analytics.Scope
	period      analytics.Period
	since, asOf analytics.Day
	shape       uint64
}

// walks are the candidates of the questions that were asked last, for a whole line of Books: looking for them among a million deals after every commit would keep a processor busy.
type walks struct {
	mu   sync.Mutex
	have []*walk // the newest asked for last
}

type walk struct {
	key  walked
	at   int // how many deals had moved
	by   *kernel
	once sync.Once
	all  candidates
}

// walksKept bounds how many are kept; a company with a million deals has some hundred thousand candidates.
const walksKept = 8

type walksKey struct{}

// candidates returns those of the scope's question.
func (k *kernel) candidates() *candidates {
	key, at := walked{k.wide.Scope, k.period, k.since, k.sel.AsOf, k.b.Shape()}, k.b.Moved().Count()
	w, ok := analytics.Kept(k.b, walksKey{}, func(*analytics.Book) *walks { return &walks{} })
	if !ok || k.wide.Narrowed() { // an account's industry may change without its deals
		all := analytics.MemoList(k.b, key, k.walk)
		return &all
	}
	w.mu.Lock()
	var x *walk
	if i := slices.IndexFunc(w.have, func(x *walk) bool { return x.key == key }); i >= 0 {
		x = w.have[i]
		w.have = slices.Delete(w.have, i, i+1)
	}
	if x == nil || x.at > at { // somebody still looks at an older Book
		x = &walk{key: key, at: at, by: k}
	}
	if w.have = append(w.have, x); len(w.have) > walksKept {
		w.have = slices.Delete(w.have, 0, 1)
	}
	w.mu.Unlock()
	x.once.Do(func() { x.all, x.by = x.by.walk(), nil })
	return &x.all
}

// walk finds the candidates.
func (k *kernel) walk() candidates {
	parts := make([][]candidate, analytics.Parts())
	kinds := make([]store.StageKind, len(k.b.Stages())+1) // by stage Code + 1
	for c := range kinds[1:] {
		kinds[c+1] = k.b.Stage(analytics.Code(c)).Kind
	}
	n := k.wide.ShareStates(analytics.Want{Closed: analytics.Ever, Due: analytics.Ever}, func(part int, st *analytics.States, rows []int32) {
		for _, j := range rows {
			deal, due, node := st.Deal[j], st.Close[j], k.b.PersonNode(st.Owner[j])
			kind := kinds[st.Stage[j]+1]
			dated := kind == store.StageOpen && due != store.NoDay
			after := dated && k.period.Contains(max(due, k.sel.AsOf))
			switch {
			case st.Same(j, k.since): // it stood then as it stands now
				if after || dated && k.period.Contains(max(due, k.since)) {
					parts[part] = append(parts[part], candidate{deal, node, node})
				}
			case after, kind == store.StageWon && st.Closed[j] > k.since && k.period.Contains(st.Closed[j]):
				parts[part] = append(parts[part], candidate{deal, k.b.PersonNode(k.b.OwnerOn(deal, k.since)), node})
			case st.Created[j] > k.since: // then there was none
			default:
				if was := k.b.DealAt(deal, k.since); k.open(&was, k.since) {
					parts[part] = append(parts[part], candidate{deal, was.Node, node})
				}
			}
		}
	})
	all := candidates{first: make([]int32, len(k.b.Nodes())+1)}
	for _, part := range parts[:n] {
		for _, x := range part {
			if x.was == x.is {
				all.first[x.is+1]++
			} else {
				all.moved = append(all.moved, x)
			}
		}
	}
	for i := 1; i < len(all.first); i++ {
		all.first[i] += all.first[i-1]
	}
	all.stayed = make([]analytics.Code, all.first[len(all.first)-1])
	next := slices.Clone(all.first)
	for _, part := range parts[:n] {
		for _, x := range part {
			if x.was == x.is {
				all.stayed[next[x.is]] = x.deal
				next[x.is]++
			}
		}
	}
	return all
}

// tally is what one goroutine adds up.
type tally struct {
	from, to   analytics.Adder
	nFrom, nTo int
	sum        map[Kind]*analytics.Adder
	n          map[Kind]int
}

// Of answers s from the end of day since to the end of the scope's day: what is open for its period, the fiscal quarter of the as-of day unless it has one. since on or after
// that day gives steps of which nothing came. All sessions that ask the same share the answer; nothing in it may be written to.
func Of(b *analytics.Book, s analytics.Scope, since analytics.Day) Answer {
	return analytics.Memo(b, asked{s, since}, func() Answer { return answer(b, s, since) })
}

// asked is an answer's place among a Book's.
type asked struct {
	scope analytics.Scope
	since analytics.Day
}

func answer(b *analytics.Book, s analytics.Scope, since analytics.Day) Answer {
	k := newKernel(b, s, min(since, b.AsOf(s)))
	parts := make([]*tally, analytics.Parts())
	fresh := func() *tally {
		t := &tally{from: b.Adder(), to: b.Adder(), sum: map[Kind]*analytics.Adder{}, n: map[Kind]int{}}
		for _, kind := range Kinds() {
			x := b.Adder()
			t.sum[kind] = &x
		}
		return t
	}
	if k.sel.Node >= 0 && !k.sel.Empty() {
		k.each(func(part int, was, is *analytics.DealState) {
			t := parts[part]
			if t == nil {
				t = fresh()
				parts[part] = t
			}
			moves, n, before, after := k.moves(was, is)
			if before {
				t.from.AddDeal(was)
				t.nFrom++
			}
			if after {
				t.to.AddDeal(is)
				t.nTo++
			}
			for _, m := range moves[:n] {
				m.add(t.sum[m.kind])
				t.n[m.kind]++
			}
		})
	}
	all := fresh()
	for _, t := range parts {
		if t == nil {
			continue
		}
		all.from.AddSum(t.from.Sum())
		all.to.AddSum(t.to.Sum())
		all.nFrom, all.nTo = all.nFrom+t.nFrom, all.nTo+t.nTo
		for kind, x := range t.sum {
			all.sum[kind].AddSum(x.Sum())
			all.n[kind] += t.n[kind]
		}
	}
	a := Answer{Stamp: b.Stamp(s), Scope: b.Named(s), Period: k.period, PeriodName: b.Calendar().Name(k.period),
		From: Level{k.since, all.nFrom, all.from.Sum()}, To: Level{k.sel.AsOf, all.nTo, all.to.Sum()}}
	for _, kind := range Kinds() {
		a.Steps = append(a.Steps, Step{kind, all.n[kind], all.sum[kind].Sum()})
	}
	return a
}

// listed is a list's place among a Book's answers.
type listed struct {
	scope analytics.Scope
	since analytics.Day
	kind  Kind
}

// Look lists the deals behind a step, or, kind "", behind all of them, as they stand on the scope's day, each with the step as its Reason. A deal that the viewer may no
// longer see is counted in the step and not listed.
func Look(b *analytics.Book, s analytics.Scope, since analytics.Day, kind Kind) *deal.View {
	return analytics.MemoList(b, listed{s, since, kind}, func() *deal.View {
		k, c := newKernel(b, s, min(since, b.AsOf(s))), deal.Collect(b, s)
		sees := b.Select(analytics.Scope{Root: s.Root, AsOf: s.AsOf})
		kinds := Kinds()
		if k.sel.Node >= 0 && !k.sel.Empty() {
			k.each(func(part int, was, is *analytics.DealState) {
				moves, n, _, _ := k.moves(was, is)
				for _, m := range moves[:n] {
					if kind != "" && m.kind != kind || !sees.Inside(is.Node) {
						continue
					}
					note := int32(0)
					for i := range kinds {
						if kinds[i] == m.kind {
							note = int32(i)
						}
					}
					c.Add(part, is, note, 0)
				}
			})
		}
		return c.View(func(r *deal.Row, _ *analytics.DealState, note int32) { r.Reason = string(kinds[note]) })
	})
}

// Table gives the steps as raw cells, between the two levels.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"step", "day", "deals", "amount", "currency", "without_rate"}}
	row := func(name, day string, n int, s analytics.Sum) {
		t.Rows = append(t.Rows, []string{name, day, strconv.Itoa(n), s.Cell(), string(s.Money.Currency), s.MissingCell()})
	}
	row("from", a.From.Day.String(), a.From.Deals, a.From.Sum)
	for _, s := range a.Steps {
		row(string(s.Kind), "", s.Deals, s.Sum)
	}
	row("to", a.To.Day.String(), a.To.Deals, a.To.Sum)
	return t
}
