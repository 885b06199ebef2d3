package playbook

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// play is a rule's play with its channels as the store has them.
type play struct {
	*rule.Play
	number   int
	channels uint32 // bit per store.Channel; 0: any
}

func (p *play) takes(c store.Channel) bool { return p.channels == 0 || p.channels&(1<<c) != 0 }

// plays are the rules' plays by grade.
func plays(g *rule.Grading) map[store.Grade][]play {
	out := map[store.Grade][]play{}
	for i := range g.Playbook {
		p := play{Play: &g.Playbook[i], number: i}
		for _, word := range p.Channel {
			if c, err := store.ParseChannel(word); err == nil { // the rules were checked
				p.channels |= 1 << c
			}
		}
		out[store.Grade(p.Grade)] = append(out[store.Grade(p.Grade)], p)
	}
	return out
}

// ref is one debt.
type ref struct {
	account   analytics.Code
	number    int32
	last, due analytics.Day
	value     int64
}

type owedKey struct {
	scope analytics.Scope
	rules *rule.Grading
}

// Of answers s as of its day, by the playbook in p (nil: the defaults). The scope's period, product and stage play no part.
func Of(b *analytics.Book, p *rule.Pack, s analytics.Scope) *Answer {
	s.Period, s.Product, s.Stage = analytics.Period{}, "", ""
	g := rule.GradingSection.Of(p)
	return analytics.MemoList(b, owedKey{s, g}, func() *Answer { return of(b, p, g, s) })
}

func of(b *analytics.Book, pack *rule.Pack, g *rule.Grading, s analytics.Scope) *Answer {
	a := &Answer{Stamp: b.Stamp(s), Rules: pack.Version(), Scope: b.Named(s), Plays: []Count{}, Silent: b.Touches().Len() == 0}
	for i := range g.Playbook {
		p := &g.Playbook[i]
		a.Plays = append(a.Plays, Count{Grade: store.Grade(p.Grade), Play: analytics.Text{Zh: cmp.Or(p.Name, p.NameEn), En: cmp.Or(p.NameEn, p.Name)}, Every: p.Every, Number: i})
	}
	sel := b.Select(s)
	board, day := migration.BoardAt(b, sel.AsOf), sel.AsOf
	var rank *analytics.Ranking[ref]
	if a.Silent || sel.Empty() || len(g.Playbook) == 0 {
		rank = analytics.Rank([][]ref{}, func(ref, ref) int { return 0 })
	} else {
		rank = debts(b, g, sel, board, a)
	}
	a.Owed = analytics.NewRows(rank.Len(), func(i int) Owed {
		r := rank.At(i)
		c := &a.Plays[r.number]
		o := Owed{Account: b.AccountID(r.account), Grade: c.Grade, Play: c.Play, Number: c.Number, Every: c.Every, Last: r.last, Due: r.due, Late: -1, Value: board.Value(r.account)}
		if r.due != store.NoDay {
			o.Late = int(day - r.due)
		}
		_, o.AccountName = b.AccountLabel(r.account)
		if owner := b.Person(b.AccountOwner(r.account)); owner.ID != "" {
			o.Owner, o.OwnerName = owner.ID, owner.Name
		}
		return o
	}, func(i int) string {
		r := rank.At(i)
		return string(b.AccountID(r.account)) + "|" + strconv.Itoa(int(r.number))
	})
	return a
}

// debts collects what is owed and counts into a.
func debts(b *analytics.Book, g *rule.Grading, sel *analytics.Selection, board *migration.Board, a *Answer) *analytics.Ranking[ref] {
	by := plays(g)
	refs, met := make([][]ref, analytics.Parts()), make([][]int, analytics.Parts())
	b.ShareAccounts(func(part int, first, last analytics.Code) {
		if met[part] == nil {
			met[part] = make([]int, len(g.Playbook))
		}
		for c := first; c < last; c++ {
			ps := by[board.Grade(c)]
			if len(ps) == 0 || b.KnownSince(c) > sel.AsOf || !sel.Account(c) {
				continue
			}
			since := graded(b, c, sel.AsOf)
			for k := range ps {
				p := &ps[k]
				touched := lastThrough(b, c, sel.AsOf, p)
				due := max(touched, since)
				if due != store.NoDay {
					due += analytics.Day(p.Every)
				}
				if due > sel.AsOf {
					met[part][p.number]++
					continue
				}
				refs[part] = append(refs[part], ref{c, int32(p.number), touched, due, board.Value(c).Money.Minor})
			}
		}
	})
	for _, counts := range met {
		for i, n := range counts {
			a.Plays[i].Met += n
		}
	}
	for _, part := range refs {
		for i := range part {
			n := &a.Plays[part[i].number]
			if n.Owed++; part[i].due == sel.AsOf {
				n.Today++
				a.Today++
			}
		}
	}
	order := make([]int, len(g.Playbook)) // of the plays' grades
	for i := range g.Playbook {
		order[i] = slices.IndexFunc(g.Grades, func(l rule.GradeLine) bool { return l.Grade == g.Playbook[i].Grade })
	}
	return analytics.Rank(refs, func(x, y ref) int {
		if o := cmp.Or(cmp.Compare(order[x.number], order[y.number]), cmp.Compare(y.value, x.value), cmp.Compare(x.due, y.due)); o != 0 {
			return o
		}
		return cmp.Or(strings.Compare(string(b.AccountID(x.account)), string(b.AccountID(y.account))), cmp.Compare(x.number, y.number))
	})
}

// graded is since when an account has the grade that it has on day: the day of its last step up to then, else since when it is known. A step from a grade to the same one, as when the
// rules take over from the sources, begins nothing: otherwise nobody were owed anything on that day.
func graded(b *analytics.Book, account analytics.Code, day analytics.Day) analytics.Day {
	g, steps := b.Graded(), b.GradeSteps(account)
	for k := len(steps) - 1; k >= 0; k-- {
		if d := g.Day().At(int(steps[k])); d <= day {
			if from, to, _ := g.Step(int(steps[k])); from != to {
				return d
			}
		}
	}
	return b.KnownSince(account)
}

// lastThrough is the day of an account's newest touch up to day that counts for a play; NoDay: there is none.
func lastThrough(b *analytics.Book, account analytics.Code, day analytics.Day, p *play) analytics.Day {
	t, rows := b.Touches(), b.AccountTouches(account)
	for k := len(rows) - 1; k >= 0; k-- {
		i := int(rows[k])
		if d := t.Day().At(i); d <= day && !t.Dead(i) && p.takes(t.Channel.At(i)) {
			return d
		}
	}
	return store.NoDay
}
