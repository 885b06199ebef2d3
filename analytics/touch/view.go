package touch

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"flightdeck/analytics"
	"flightdeck/store"
)

// View is touches, newest first, whose rows are made when they are looked at. It holds the newest Deep of them, whole days: nobody scrolls further, and
// [View.List] makes the rest. Several may read it at once.
type View struct {
	Stamp   analytics.Stamp
	Subject string // SubjectTouches or SubjectDealEvents
	Rows    analytics.Rows[Row]
	Total   int // rows there are; Rows may hold fewer
	list    func() List
	all     func() [][]int32 // of touches: all rows, in parts
	b       *analytics.Book
	rank    *analytics.Ranking[ref] // nil: the rows are no touches
	notes   notes
}

// Share is how many of a list's touches are of one rep or one account.
type Share struct {
	Name string
	N    int
}

// Shares counts the touches by rep, or by account, and by channel. Names that several bear are one; those of nobody are "".
func (v *View) Shares(byAccount bool) (names []Share, channels map[store.Channel]int) {
	by := map[string]int{}
	channels = map[store.Channel]int{}
	if v.all == nil { // rows that are no touches
		for _, r := range v.Rows.All() {
			if byAccount {
				by[r.AccountName]++
			} else {
				by[r.RepName]++
			}
			channels[r.Channel]++
		}
	} else {
		t, b := v.b.Touches(), v.b
		codes, owner := make([]int, b.People()+1), &t.Rep
		if byAccount {
			codes, owner = make([]int, b.Accounts()+1), &t.Account
		}
		var how [256]int
		for _, p := range v.all() {
			for _, i := range p {
				codes[owner.At(int(i))+1]++
				how[t.Channel.At(int(i))]++
			}
		}
		for c, n := range codes {
			if n == 0 {
				continue
			}
			name := ""
			switch code := analytics.Code(c - 1); {
			case code == analytics.None:
			case byAccount:
				name = b.AccountName(b.AccountID(code))
			default:
				name = b.PersonName(b.Person(code).ID)
			}
			by[name] += n
		}
		for ch, n := range how {
			if n > 0 {
				channels[store.Channel(ch)] = n
			}
		}
	}
	for name, n := range by {
		names = append(names, Share{name, n})
	}
	return names, channels
}

// Deep is how many rows a View holds at least, where there are as many.
const Deep = 250_000

// List makes all rows.
func (v *View) List() List { return v.list() }

// ViewOf returns a View of rows that are there already.
func ViewOf(l List) *View {
	return &View{Stamp: l.Stamp, Subject: l.Subject, Total: len(l.Rows), Rows: analytics.RowsOf(l.Rows, func(r *Row) string { return string(r.ID) }),
		list: func() List { return l }}
}

type ref struct {
	at  int64
	row int32
}

// Newest returns the View of the rows in parts; s is the question's scope.
func Newest(b *analytics.Book, s analytics.Scope, parts [][]int32) *View {
	t, total := b.Touches(), 0
	for _, p := range parts {
		total += len(p)
	}
	from := since(t, parts, total)
	refs := make([][]ref, 1)
	for _, p := range parts {
		for _, i := range p {
			if t.Day().At(int(i)) >= from {
				refs[0] = append(refs[0], ref{t.At.At(int(i)), i})
			}
		}
	}
	return newest(b, s, total, rank(b, refs), func() [][]int32 { return parts })
}

// newest returns the View of so many touches, of which first are the newest and all gives every row.
func newest(b *analytics.Book, s analytics.Scope, total int, first *analytics.Ranking[ref], all func() [][]int32) *View {
	v := &View{Stamp: b.Stamp(s), Subject: SubjectTouches, Total: total, all: all, b: b, rank: first}
	v.Rows = rowsOf(b, v.rank)
	v.list = func() List {
		refs, t := make([][]ref, 1), b.Touches()
		for _, p := range all() {
			for _, i := range p {
				refs[0] = append(refs[0], ref{t.At.At(int(i)), i})
			}
		}
		return List{Stamp: v.Stamp, Subject: v.Subject, Rows: rowsOf(b, rank(b, refs)).List()}
	}
	return v
}

// since returns the day from which on the newest Deep rows are.
func since(t *analytics.Touches, parts [][]int32, total int) analytics.Day {
	if total <= Deep {
		return store.NoDay
	}
	count := map[analytics.Day]int{}
	for _, p := range parts {
		last, n := store.NoDay, 0
		for _, i := range p { // rows lie near each other in time
			if d := t.Day().At(int(i)); d != last {
				count[last] += n
				last, n = d, 0
			}
			n++
		}
		count[last] += n
	}
	days := make([]analytics.Day, 0, len(count))
	for d := range count {
		days = append(days, d)
	}
	slices.SortFunc(days, func(x, y analytics.Day) int { return cmp.Compare(y, x) })
	n := 0
	for _, d := range days {
		if n += count[d]; n >= Deep {
			return d
		}
	}
	return store.NoDay
}

func rank(b *analytics.Book, refs [][]ref) *analytics.Ranking[ref] {
	return analytics.Rank(refs, order(b))
}

// order puts the newest first.
func order(b *analytics.Book) func(x, y ref) int {
	t := b.Touches()
	return func(x, y ref) int {
		if x.at != y.at {
			return cmp.Compare(y.at, x.at)
		}
		return strings.Compare(string(t.ID(int(x.row))), string(t.ID(int(y.row))))
	}
}

func rowsOf(b *analytics.Book, rank *analytics.Ranking[ref]) analytics.Rows[Row] {
	return analytics.NewRows(rank.Len(), func(i int) Row { return RowOf(b, int(rank.At(i).row)) }, func(i int) string { return string(b.Touches().ID(int(rank.At(i).row))) })
}

// Settle puts the rows beyond the first few hundred in order: for a goroutine that nobody waits for. [View.Find] then has it.
func (v *View) Settle() {
	if v.rank != nil {
		v.rank.Settle()
	}
}

// looked is a list's place among a Book's answers.
type looked struct{ scope analytics.Scope }

// Look gives the touches that s holds, newest first: those of s.Period, or all up to the as-of day when no period is chosen.
func Look(b *analytics.Book, s analytics.Scope) *View {
	return analytics.MemoList(b, looked{s}, func() *View {
		sel := b.Select(s)
		p := s.Period
		if p.IsZero() {
			p = analytics.Period{From: store.MinDay, To: sel.AsOf}
		}
		all := sync.OnceValue(func() [][]int32 {
			parts := make([][]int32, analytics.Parts())
			sel.ShareTouches(p, func(part, _ int, rows []int32) { parts[part] = append(parts[part], rows...) })
			return parts
		})
		return newest(b, s, sel.CountTouches(p), last(b, sel, p), all)
	})
}

// last returns the newest Deep touches of p, and all others of their days, in order as far as a screen shows them. The rows lie by month, so that days further back
// are not looked at before the later ones turn out to be too few.
func last(b *analytics.Book, sel *analytics.Selection, p analytics.Period) *analytics.Ranking[ref] {
	t, before := b.Touches(), order(b)
	p.From, p.To = max(p.From, t.First()), min(p.To, sel.AsOf)
	deep, n := analytics.Period{From: p.To + 1, To: p.To}, 0
	for span := analytics.Day(7); deep.From > p.From && n < Deep; span *= 4 {
		some := analytics.Period{From: max(p.From, deep.From-span), To: deep.From - 1}
		n += sel.CountTouches(some)
		deep.From = some.From
	}
	tops := make([]*analytics.Top[ref], analytics.Parts())
	for at, found, span := deep.To+1, 0, analytics.Day(1); at > deep.From && found < analytics.Topmost; span *= 4 {
		some := analytics.Period{From: max(deep.From, at-span), To: at - 1}
		counts := make([]int, len(tops))
		sel.ShareTouches(some, func(part, _ int, rows []int32) {
			if tops[part] == nil {
				tops[part] = analytics.NewTop(before)
			}
			counts[part] += len(rows)
			for _, i := range rows {
				tops[part].Add(ref{t.At.At(int(i)), i})
			}
		})
		for _, c := range counts {
			found += c
		}
		at = some.From
	}
	return analytics.RankLater(tops, n, func() []ref {
		parts := make([][]ref, analytics.Parts())
		sel.ShareTouches(deep, func(part, _ int, rows []int32) {
			for _, i := range rows {
				parts[part] = append(parts[part], ref{t.At.At(int(i)), i})
			}
		})
		return slices.Concat(parts...)
	}, before)
}
