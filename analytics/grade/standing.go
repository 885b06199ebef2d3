package grade

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Grade returns the grade in a row under these weights, as a place in Lines; -1 none.
func (st *Standing) Grade(row int) int { return int(st.grade[row]) }

// Score returns the score in a row, 0–100.
func (st *Standing) Score(row int) float64 { return scoreOf(st.product[row]) }

// Top returns the rows of the n highest scores, highest first; where scores are equal, in the order of the rows.
func (st *Standing) Top(n int) []int {
	n = min(n, len(st.product))
	if n <= 0 {
		return nil
	}
	// The n-th highest product is found on the bits of the numbers, which order as they do: one pass to count by their upper half, one to collect.
	bins := make([]int32, 1<<16)
	for _, p := range st.product {
		bins[math.Float32bits(p)>>16]++
	}
	least, sum := len(bins)-1, 0
	for ; least > 0; least-- {
		if sum += int(bins[least]); sum >= n {
			break
		}
	}
	rows := make([]int, 0, max(n, sum))
	for row, p := range st.product {
		if int(math.Float32bits(p)>>16) >= least {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b int) int { return cmp.Or(cmp.Compare(st.product[b], st.product[a]), a-b) })
	return rows[:min(n, len(rows))]
}

// Movers returns the rows whose grade would be another, by money, most first; the n with the most money, all of them for n 0. On its way it passes over all customers once.
func (st *Standing) Movers(n int) []int {
	bd := st.Board
	h := byMoney{bd, nil}
	for row, g := range st.grade {
		if prior := bd.prior[row]; prior < 0 || g == prior || g < 0 {
			continue
		}
		switch {
		case n <= 0 || len(h.rows) < n:
			h.rows = append(h.rows, row)
			if len(h.rows) == n {
				heap.Init(&h)
			}
		case bd.money[row] > bd.money[h.rows[0]]:
			h.rows[0] = row
			heap.Fix(&h, 0)
		}
	}
	slices.SortFunc(h.rows, func(a, b int) int { return cmp.Or(cmp.Compare(bd.money[b], bd.money[a]), a-b) })
	return h.rows
}

// Square is the customers who have one grade in force and would have another, or the same.
type Square struct {
	Count int   `json:"count"`
	Money int64 `json:"money"` // brought in over a year, in minor units of the organisation's currency
}

// Matrix is row-major over Lines: from the grade in force to that under these weights. Customers without one of the two are in none of its squares.
func (st *Standing) Matrix() []Square {
	n := len(st.Board.Lines)
	out := make([]Square, n*n)
	for row, g := range st.grade {
		if prior := st.Board.prior[row]; prior >= 0 && g >= 0 {
			sq := &out[int(prior)*n+int(g)]
			sq.Count++
			sq.Money += st.Board.money[row]
		}
	}
	return out
}

// byMoney is a heap with the row of the least money on top; of equal ones the last.
type byMoney struct {
	board *Board
	rows  []int
}

func (h *byMoney) Len() int { return len(h.rows) }
func (h *byMoney) Less(i, j int) bool {
	a, b := h.rows[i], h.rows[j]
	return cmp.Or(cmp.Compare(h.board.money[a], h.board.money[b]), b-a) < 0
}
func (h *byMoney) Swap(i, j int) { h.rows[i], h.rows[j] = h.rows[j], h.rows[i] }

// Push implements heap.Interface.
func (h *byMoney) Push(x any) { h.rows = append(h.rows, x.(int)) }

// Pop implements heap.Interface.
func (h *byMoney) Pop() any {
	last := h.rows[len(h.rows)-1]
	h.rows = h.rows[:len(h.rows)-1]
	return last
}

// Table gives rows of the board under these weights, as the pane of the weights lists them.
func (st *Standing) Table(rows []int) analytics.Table {
	bd := st.Board
	line := func(i int) string {
		if i < 0 {
			return ""
		}
		return string(bd.Lines[i])
	}
	t := analytics.Table{Columns: []string{"account_id", "account", "owner", "from_grade", "to_grade", "grade_score", "held_grade", "value_12_months"}}
	for _, r := range rows {
		t.Rows = append(t.Rows, []string{string(bd.ID(r)), bd.Name(r), bd.Owner(r), line(bd.Prior(r)), line(st.Grade(r)), strconv.FormatFloat(st.Score(r), 'f', 2, 64),
			strconv.FormatBool(bd.Held(r)), store.Money{Minor: bd.Money(r), Currency: bd.Currency()}.Amount()})
	}
	return t
}

// ID is of the customer in a row.
func (bd *Board) ID(row int) store.ID { return bd.model.b.AccountID(bd.code[row]) }

// Name is the name of the customer in a row.
func (bd *Board) Name(row int) string { return bd.model.b.AccountName(bd.ID(row)) }

// Owner is the name of who owns the customer in a row, "" nobody.
func (bd *Board) Owner(row int) string {
	b := bd.model.b
	return b.Person(b.AccountOwner(bd.code[row])).Name
}

// Currency is the organisation's.
func (bd *Board) Currency() store.Currency { return bd.model.b.Currency() }

// Part is the place of the customer in a row between the worst and the best of an attribute, 0–1, by the attribute's index; not a number when it is unknown.
func (bd *Board) Part(attribute, row int) float64 {
	if x := bd.part[attribute][row]; x >= 0 {
		return float64(x)
	}
	return math.NaN()
}

// InForce returns how many customers have each grade now, in the order of Lines, and how many have none.
func (bd *Board) InForce() (counts []int, none int) {
	counts = make([]int, len(bd.Lines))
	for _, g := range bd.prior {
		if g < 0 {
			none++
			continue
		}
		counts[g]++
	}
	return counts, none
}
