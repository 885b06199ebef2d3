package touch

import (
	"cmp"
	"slices"
	"strings"

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
	parts   [][]int32 // all rows
	b       *analytics.Book
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
	if v.parts == nil { // rows that are no touches
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
		for _, p := range v.parts {
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
	v := &View{Stamp: b.Stamp(s), Subject: SubjectTouches, parts: parts, b: b}
	t := b.Touches()
	for _, p := range parts {
		v.Total += len(p)
	}
	v.list = func() List {
		refs := make([][]ref, 1)
		for _, p := range parts {
			for _, i := range p {
				refs[0] = append(refs[0], ref{t.At.At(int(i)), i})
			}
		}
		return List{Stamp: v.Stamp, Subject: v.Subject, Rows: rowsOf(b, refs).List()}
	}
	from := since(t, parts, v.Total)
	refs := make([][]ref, 1)
	for _, p := range parts {
		for _, i := range p {
			if t.Day().At(int(i)) >= from {
				refs[0] = append(refs[0], ref{t.At.At(int(i)), i})
			}
		}
	}
	v.Rows = rowsOf(b, refs)
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

func rowsOf(b *analytics.Book, refs [][]ref) analytics.Rows[Row] {
	t := b.Touches()
	rank := analytics.Rank(refs, func(x, y ref) int {
		if x.at != y.at {
			return cmp.Compare(y.at, x.at)
		}
		return strings.Compare(string(t.ID(int(x.row))), string(t.ID(int(y.row))))
	})
	return analytics.NewRows(rank.Len(), func(i int) Row { return RowOf(b, int(rank.At(i).row)) }, func(i int) string { return string(t.ID(int(rank.At(i).row))) })
}

// looked is a list's place among a Book's answers.
type looked struct{ scope analytics.Scope }

// Look gives the touches that s holds, newest first: those of s.Period, or all up to the as-of day when no period is chosen.
func Look(b *analytics.Book, s analytics.Scope) *View {
	return analytics.Memo(b, looked{s}, func() *View {
		sel := b.Select(s)
		p := s.Period
		if p.IsZero() {
			p = analytics.Period{From: store.MinDay, To: sel.AsOf}
		}
		parts := make([][]int32, analytics.Parts())
		sel.ShareTouches(p, func(part, _ int, rows []int32) { parts[part] = append(parts[part], rows...) })
		return Newest(b, s, parts)
	})
}
