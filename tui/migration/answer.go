package migration

import (
	"flightdeck/analytics"
	"flightdeck/analytics/migration"
	"flightdeck/store"
)

// answer is the matrix with its totals, and the twelve months that the flow shows.
type answer struct {
	migration.Answer
	total    []migration.Square // per row, then per column, then of everything
	up, down analytics.Sum
	months   []migration.Month
	month    int // of the matrix among months; -1: its period is not one of them
	org      store.Currency
}

// at returns a square or, with i or j one past the matrix, a total.
func (a *answer) at(i, j int) migration.Square {
	n := len(a.Grades) + 1
	switch {
	case i < n && j < n:
		return a.At(i, j)
	case i < n:
		return a.total[i]
	case j < n:
		return a.total[n+j]
	}
	return a.total[2*n]
}

// cell names row i, column j, one past the matrix being a total.
func (a *answer) cell(i, j int) migration.Cell {
	if i > len(a.Grades) {
		i = -1
	}
	if j > len(a.Grades) {
		j = -1
	}
	return a.Cell(i, j)
}

func of(b *analytics.Book, s analytics.Scope) answer {
	a := answer{Answer: analytics.Shared(b, s, struct{}{}, migration.Of), org: b.Currency()}
	n := len(a.Grades) + 1
	a.total = make([]migration.Square, 2*n+1)
	sums := make([]analytics.Adder, len(a.total))
	for k := range sums {
		sums[k] = b.Adder()
	}
	up, down := b.Adder(), b.Adder()
	for i := range n {
		for j := range n {
			sq := a.At(i, j)
			for _, k := range [...]int{i, n + j, 2 * n} {
				a.total[k].Count += sq.Count
				sums[k].AddSum(sq.Money)
			}
			switch move(i, j, len(a.Grades)) {
			case rise:
				up.AddSum(sq.Money)
			case fall:
				down.AddSum(sq.Money)
			}
		}
	}
	for k := range sums {
		a.total[k].Money = sums[k].Sum()
	}
	a.up, a.down = up.Sum(), down.Sum()

	// The flow stays where it is while one steps through its months: the twelve up to the as-of day, if they hold this one.
	a.months = a.Flow
	if last := a.Flow[len(a.Flow)-1].Period; !last.Contains(a.AsOf) {
		usual := s
		usual.Period = analytics.Period{}
		if f := analytics.Shared(b, usual, struct{}{}, migration.Of).Flow; f[0].Period.From <= last.From {
			a.months = f
		}
	}
	a.month = -1
	for k := range a.months {
		if p := a.months[k].Period; p.From == a.From+1 && p.To == a.To {
			a.month = k
		}
	}
	return a
}

// kind is what a square of the matrix means.
type kind uint8

const (
	stay kind = iota
	rise
	fall
	came
	left
)

func move(i, j, grades int) kind {
	switch {
	case i == grades:
		return came
	case j == grades:
		return left
	case j < i:
		return rise
	case j > i:
		return fall
	}
	return stay
}
