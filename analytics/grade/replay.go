package grade

import (
	"context"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Course is what rules would have made of every account on each of many days.
type Course struct {
	Days  []Day
	Lines []store.Grade // best first
	// Grade is day → account Code → place in Lines; -1: no grade. Nothing may be written to it.
	Grade [][]int8
	Score [][]float32 // in the same places; 0 without a grade
	Holds [][]Hold    // by day

	m    *Model
	w    *walker
	held []holds
}

// MonthEnds returns the last days of the calendar months that end in a period, and the period's end where that is none.
func MonthEnds(from, to Day) (days []Day) {
	for d := from; d <= to; {
		y, mon, _ := d.Date()
		end := store.Date(y, mon+1, 1) - 1
		days = append(days, min(end, to))
		d = end + 1
	}
	return days
}

// Replay judges all accounts that were known at each of days, oldest first, from the readings alone, each day's grade following from the day's before. Customers' own
// fields (revenue, staff) have no history: they are taken as they are now. It stores nothing, and calls progress now and then with how many of how many accounts are done.
func Replay(ctx context.Context, b *analytics.Book, g *rule.Grading, days []Day, accepted Accepted, progress func(done, all int)) (*Course, error) {
	m := NewModel(b, g)
	w := newWalker(m, days)
	held := newGuard(m, w, nil).judge(days, nil, accepted)
	n := b.Accounts()
	out := &Course{Days: days, Lines: m.lines, Grade: make([][]int8, len(days)), Score: make([][]float32, len(days)), Holds: make([][]Hold, len(days)), m: m, w: w, held: held}
	for k := range days {
		out.Grade[k], out.Score[k], out.Holds[k] = make([]int8, n), make([]float32, n), held[k].list(m)
	}
	const batch = 16384
	for from := 0; from < n; from += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		size := min(batch, n-from)
		analytics.ShareBy(parcel, size, func(_, first, last int) {
			w := w.fork()
			for c := from + first; c < from+last; c++ {
				code := analytics.Code(c)
				if !b.AccountLive(code) {
					for k := range days {
						out.Grade[k][c] = -1
					}
					continue
				}
				prior, since := -1, b.KnownSince(code)
				w.walk(code, nil, func(k int) *holds { return &held[k] }, func(k int) {
					out.Grade[k][c] = -1
					if since.Valid() && since > days[k] {
						return
					}
					score, missing := m.score(&w.out, w.env)
					if 100*missing <= float64(g.Guard.Unknown) {
						if prior < 0 || m.unreliable(&w.out) == 0 {
							prior = m.step(prior, score)
						}
						out.Score[k][c] = float32(score)
					}
					out.Grade[k][c] = int8(prior)
				})
			}
		})
		if progress != nil {
			progress(from+size, n)
		}
	}
	return out, nil
}

// Trace judges one account again as the replay did, step by step on each of its days: every input and every value between. Grade is the grade before the day, Next the one after it,
// and Cause what moved the score since the day before. Days on which the account was not known yet have no inputs.
func (c *Course) Trace(account analytics.Code) []Explanation {
	m, b := c.m, c.m.b
	w, since := c.w.fork(), b.KnownSince(account)
	out := make([]Explanation, len(c.Days))
	prior := -1
	var was *store.Evaluation
	line := func(i int) store.Grade {
		if i < 0 {
			return ""
		}
		return m.lines[i]
	}
	w.walk(account, nil, func(k int) *holds { return &c.held[k] }, func(k int) {
		x := &out[k]
		*x = Explanation{Stamp: b.Stamp(analytics.Scope{AsOf: c.Days[k]}), Account: b.AccountID(account), Grade: line(prior), Next: line(prior), Holds: c.Holds[k], Health: -1, Missing: 1}
		_, x.AccountName = b.AccountLabel(account)
		if since.Valid() && since > c.Days[k] {
			return
		}
		m.fill(x, &w.out, w.env)
		if x.Would != "" {
			if x.Held = m.unreliable(&w.out) != 0; prior < 0 || !x.Held {
				prior = m.step(prior, x.Score)
			}
			x.Cause = m.reasons(was, &w.out, w.env)
		}
		x.Next = line(prior)
		was = &store.Evaluation{Day: c.Days[k], Score: x.Score}
		for i := range m.inputs {
			was.Inputs = append(was.Inputs, store.Input{Name: m.inputs[i].name, Value: w.out.value[i], State: w.out.state[i], Day: w.out.since[i]})
		}
	})
	return out
}
