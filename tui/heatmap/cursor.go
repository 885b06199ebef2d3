package heatmap

import "flightdeck/analytics/heatmap"

// cursor is the chosen cell by the keys of its labels, "" for a total; zero: not chosen yet, which is the fullest cell.
type cursor struct {
	set      bool
	row, col string
}

// answer is a map and which of its columns are shown: hours outside the day without any touch are not.
type answer struct {
	heatmap.Answer
	cols   []int    // indices into Cols, ascending
	hidden []string // the hours left out, as ranges such as 01-06
}

// The hours that are always shown.
const (
	morning = 8
	evening = 20
)

func (a *answer) crop() {
	hours := a.Query.View == heatmap.WeekdayHour && !a.NoHour
	first := -1 // of the run of hidden hours
	for j := range a.Cols {
		if hours && (j < morning || j >= evening) && a.ColTotals[j] == 0 {
			if first < 0 {
				first = j
				a.hidden = append(a.hidden, "")
			}
			if a.hidden[len(a.hidden)-1] = a.Cols[first].Key; j > first {
				a.hidden[len(a.hidden)-1] += "-" + a.Cols[j].Key
			}
			continue
		}
		first = -1
		a.cols = append(a.cols, j)
	}
}

// pos finds a column among the shown ones: the nearest from it on; their number is the totals'.
func (a *answer) pos(j int) int {
	for p, c := range a.cols {
		if c >= j {
			return p
		}
	}
	if j < len(a.Cols) {
		return len(a.cols) - 1
	}
	return len(a.cols)
}

// col is the opposite of pos.
func (a *answer) col(p int) int {
	if p < len(a.cols) {
		return a.cols[max(p, 0)]
	}
	return len(a.Cols)
}

// cell names what the cursor stands on.
func (m *model) cell() heatmap.Cell {
	a := &m.load.Value
	i, j := m.i, m.j
	if i >= len(a.Rows) {
		i = -1
	}
	if j >= len(a.Cols) {
		j = -1
	}
	return a.Cell(i, j)
}

// count is the figure under the cursor.
func (m *model) count(i, j int) int {
	a := &m.load.Value
	switch {
	case i < len(a.Rows) && j < len(a.Cols):
		return a.At(i, j)
	case i < len(a.Rows):
		return a.RowTotals[i]
	case j < len(a.Cols):
		return a.ColTotals[j]
	}
	return a.Total
}

// seek finds the cursor's keys in a new answer. A key that is gone leaves the cursor where it stood.
func (m *model) seek() {
	m.version++
	a := &m.load.Value
	if !m.cursor.set {
		m.i, m.j = 0, 0
		for i := range a.Rows {
			for j := range a.Cols {
				if a.At(i, j) > a.At(m.i, m.j) {
					m.i, m.j = i, j
				}
			}
		}
	} else {
		m.i, m.j = find(a.Rows, m.cursor.row, m.i), find(a.Cols, m.cursor.col, m.j)
	}
	m.move(m.i, m.j)
}

func find(labels []heatmap.Label, key string, was int) int {
	if key == "" {
		return len(labels)
	}
	for i, l := range labels {
		if l.Key == key {
			return i
		}
	}
	return min(was, len(labels)-1)
}

// move puts the cursor into the shown part of the map, totals included, and reports whether it moved.
func (m *model) move(i, j int) bool {
	a := &m.load.Value
	if len(a.Rows) == 0 || len(a.Cols) == 0 {
		return false
	}
	i = max(0, min(i, len(a.Rows)))
	m.i, m.j = i, a.col(a.pos(j))
	was := m.cursor
	m.cursor = cursor{set: true}
	if i < len(a.Rows) {
		m.cursor.row = a.Rows[i].Key
	}
	if m.j < len(a.Cols) {
		m.cursor.col = a.Cols[m.j].Key
	}
	if was == m.cursor {
		return false
	}
	m.version++
	return true
}
