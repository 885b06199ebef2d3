package migration

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"flightdeck/analytics"
	"flightdeck/store"
)

// ledger is what the boards of several days share: since when each account was known and which of its deals were ever won.
type ledger struct {
	b       *analytics.Book
	rule    Rule
	derived bool
	sales   bool
	since   []analytics.Day // per account Code; only when derived
	wins    [][]win         // per account Code; only without sales lines
	grades  []store.Grade   // all that any source gave; only when not derived
}

// win is a deal that was ever won. Most never change again: those are fixed, and their amount is looked up once for all days.
type win struct {
	deal   analytics.Code
	first  analytics.Day // entered a won stage
	fixed  bool
	closed analytics.Day
	amount store.Money
	value  int64
}

// ledgerKey is the ledger's place among a Book's answers.
type ledgerKey struct{}

func newLedger(b *analytics.Book) *ledger {
	return analytics.Memo(b, ledgerKey{}, func() *ledger { return readLedger(b) })
}

func readLedger(b *analytics.Book) *ledger {
	l := &ledger{b: b, rule: RuleOf(b), derived: !b.HasGrades(), sales: b.HasSales()}
	n := analytics.Code(b.Accounts())
	if l.derived {
		l.since = make([]analytics.Day, n)
		for c := range n {
			l.since[c] = b.KnownSince(c)
		}
	} else {
		l.grades = b.GradeNames()
	}
	if !l.sales {
		l.wins = make([][]win, n)
		for c := range n {
			for _, d := range b.AccountDeals(c) {
				if first, ok := b.FirstWon(d); ok {
					w := win{deal: d, first: first}
					if st := b.DealAt(d, store.MaxDay); st.Kind == store.StageWon && st.Since == first && st.Closed <= first && b.LastChange(d) <= first {
						w.fixed, w.closed, w.amount, w.value = true, st.Closed, st.Amount, st.Value
					}
					l.wins[c] = append(l.wins[c], w)
				}
			}
		}
	}
	return l
}

// Board is every account's grade, and what it brought in, at the end of a day. It may be asked by several at once.
type Board struct {
	l     *ledger
	day   analytics.Day
	stand []standing // per account Code; only when derived
	place []int16    // per account Code, in ledger.grades; only when not
	// values are what sales lines brought in, but for the accounts that apart names; only with sales lines, from the first call of Value on.
	values func() ([]int64, map[analytics.Code]bool)
}

// BoardAt reads the grades at the end of day: those of the sources when any source grades, else those that the rule gives. Derived grades are ranked
// over the whole company, whoever asks, so that a customer has one grade and not one per viewer.
func BoardAt(b *analytics.Book, day analytics.Day) *Board { return newLedger(b).at(day)[0] }

// boardKey is a derived board's place among a Book's answers.
type boardKey struct{ day analytics.Day }

// at reads the boards of some days, in ascending order.
func (l *ledger) at(days ...analytics.Day) []*Board {
	boards := make([]*Board, len(days))
	var places [][]int16
	if !l.derived {
		places = l.b.GradesOn(days...)
	}
	for i, day := range days {
		d := &Board{l: l, day: day}
		if l.sales {
			d.values = sync.OnceValues(func() ([]int64, map[analytics.Code]bool) { return l.b.Brought(day, l.rule.Days) })
		}
		if l.derived {
			d.stand = analytics.Memo(l.b, boardKey{day}, func() []standing { return d.rank() })
		} else {
			d.place = places[i]
		}
		boards[i] = d
	}
	return boards
}

func (d *Board) rank() []standing {
	l, n := d.l, d.l.b.Accounts()
	values, codes := make([]int64, 0, n), make([]analytics.Code, 0, n)
	stand := make([]standing, n)
	for c := range analytics.Code(n) {
		if l.b.AccountLive(c) && l.since[c] <= d.day {
			codes = append(codes, c)
			values = append(values, d.Value(c).Money.Minor)
		}
	}
	for i, s := range l.rule.rank(values) {
		stand[codes[i]] = s
	}
	return stand
}

// Derived reports whether the grades come from the rule.
func (d *Board) Derived() bool { return d.l.derived }

// Grade returns an account's grade; empty: none, or not yet known on that day.
func (d *Board) Grade(account analytics.Code) store.Grade {
	if !d.l.derived {
		if p := d.place[account]; p != analytics.Ungraded {
			return d.l.grades[p]
		}
		return ""
	}
	return d.stand[account].grade
}

// add adds what an account brought in, as Value has it.
func (d *Board) add(sum *analytics.Adder, account analytics.Code) {
	if d.l.sales {
		if values, apart := d.values(); !apart[account] {
			sum.AddMinor(values[account])
			return
		}
	}
	sum.AddSum(d.Value(account))
}

// Minor is the Money of Value in minor units of the organisation's currency, for those who ask about all accounts.
func (d *Board) Minor(account analytics.Code) int64 {
	if d.l.sales {
		if values, apart := d.values(); !apart[account] {
			return values[account]
		}
	}
	return d.Value(account).Money.Minor
}

// minors are what sales lines brought in, by account, where every account's can be read so; nil: Value has to be asked.
func (d *Board) minors() []int64 {
	if !d.l.sales {
		return nil
	}
	values, apart := d.values()
	if len(apart) > 0 {
		return nil
	}
	return values
}

// purse adds up what accounts brought in: amounts that are not huge in one register, since an [analytics.Adder] that looks at every account for an overflow takes half of a matrix' time.
type purse struct {
	adder  analytics.Adder
	board  *Board
	minors []int64
	sum    int64
}

// handful is below which so many amounts as there can be accounts fit into an int64.
const handful = 1 << 40

func (p *purse) add(account analytics.Code) {
	if p.minors == nil {
		p.board.add(&p.adder, account)
		return
	}
	if v := p.minors[account]; v < handful && v > -handful {
		p.sum += v
	} else {
		p.adder.AddMinor(v)
	}
}

// flush adds what was added since the last call to into.
func (p *purse) flush(into *analytics.Adder) {
	p.adder.AddMinor(p.sum)
	into.AddSum(p.adder.Sum())
	p.adder, p.sum = p.board.l.b.Adder(), 0
}

func (d *Board) purse() purse { return purse{adder: d.l.b.Adder(), board: d, minors: d.minors()} }

// Value returns what an account brought in over the trailing days of the rule up to the day, as known then: its sales lines, or when the store holds none
// its deals that stood won at the end of the day and closed within those days.
func (d *Board) Value(account analytics.Code) analytics.Sum {
	b, sum := d.l.b, d.l.b.Adder()
	p := analytics.Period{From: d.day - analytics.Day(d.l.rule.Days) + 1, To: d.day}
	if d.l.sales {
		if values, apart := d.values(); !apart[account] {
			sum.AddMinor(values[account])
			return sum.Sum()
		}
		for day, s := range b.Sales(account) {
			if p.Contains(day) {
				sum.Add(s.Amount)
			}
		}
		return sum.Sum()
	}
	for _, w := range d.l.wins[account] {
		if w.first > p.To {
			continue
		}
		if w.fixed {
			if p.Contains(w.closed) {
				sum.AddDeal(&analytics.DealState{Amount: w.amount, Value: w.value})
			}
			continue
		}
		if x := b.DealAt(w.deal, p.To); x.Exists && x.Kind == store.StageWon && p.Contains(x.Closed) {
			sum.AddDeal(&x)
		}
	}
	return sum.Sum()
}

// order sorts grades best first: the S family that some organisations put above A, then letters, + before the bare letter before -.
func order(grades []store.Grade) {
	rank := func(g store.Grade) (class, sign int, letter string) {
		letter = strings.TrimRight(string(g), "+-")
		switch {
		case strings.HasSuffix(string(g), "+"):
			sign = -1
		case strings.HasSuffix(string(g), "-"):
			sign = 1
		}
		if letter != "" && strings.Trim(letter, "S") == "" {
			return -len(letter), sign, ""
		}
		return 0, sign, letter
	}
	slices.SortFunc(grades, func(x, y store.Grade) int {
		c1, s1, l1 := rank(x)
		c2, s2, l2 := rank(y)
		return cmp.Or(cmp.Compare(c1, c2), strings.Compare(l1, l2), cmp.Compare(s1, s2), strings.Compare(string(x), string(y)))
	})
}

// grades lists what the matrix has rows for: whatever any account was ever graded.
func grades(b *analytics.Book, derived bool) []store.Grade {
	if derived {
		return slices.Clone(derivedGrades)
	}
	list := slices.Clone(b.GradeNames())
	if list == nil {
		list = []store.Grade{}
	}
	order(list)
	return list
}
