package sandbox

import (
	"flightdeck/analytics/grade"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
)

func (m *model) columns() []table.Column {
	l := m.env.Locale
	if m.view == viewDays {
		return []table.Column{
			{Title: l.T(locale.Date), Width: 10},
			{Title: l.T(locale.SandboxAgreed), Width: 6, Align: layout.Right},
			{Title: l.T(locale.SandboxUp), Width: 6, Align: layout.Right},
			{Title: l.T(locale.SandboxDown), Width: 6, Align: layout.Right},
			{Title: l.T(locale.SandboxFrozen), Width: 40, Min: 10, Grow: 1},
		}
	}
	return []table.Column{
		{Title: l.T(locale.Account), Width: 24, Min: 14, Grow: 2},
		{Title: l.T(locale.GradeMove), Width: 9, Min: 7},
		{Title: l.T(locale.SandboxWas), Width: 6, Align: layout.Right, Drop: 2},
		{Title: l.T(locale.SandboxIs), Width: 9, Min: 6, Align: layout.Right},
		{Title: l.T(locale.Won12), Width: 12, Min: 10, Align: layout.Right, Drop: 1},
		{Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 3},
	}
}

// mover is the customer in a row of the list.
func (m *model) mover(i int) grade.Mover {
	if m.view == viewAll {
		return m.load.Value.verdict.At(i)
	}
	return m.load.Value.verdict.Movers[i]
}

func (m *model) rows() table.Rows {
	v := m.load.Value.verdict
	switch {
	case v == nil:
		return table.Rows{}
	case m.view == viewDays:
		return m.dayRows()
	}
	n, of := len(v.Movers), func(i int) grade.Mover { return v.Movers[i] } // rows stay those of their own answer
	if m.view == viewAll {
		n, of = v.Len(), v.At
	}
	org := m.load.Value.org.Currency()
	return table.Rows{
		Len: n,
		Key: func(i int) string { return string(of(i).Account) },
		Match: func(i int) string {
			x := of(i)
			return x.AccountName + " " + x.Owner + " " + string(x.From) + ">" + string(x.To)
		},
		Cells: func(i int, c []table.Cell) {
			l, th, x := m.env.Locale, m.env.Theme, of(i)
			c[0].Text = x.AccountName
			switch {
			case x.From == "" && x.To == "":
				c[1] = table.Cell{Text: "-", Style: th.Muted}
			case x.From == "" || x.To == "":
				c[1] = table.Cell{Text: row.Grade(l, x.From) + " > " + row.Grade(l, x.To), Style: th.Warn}
			default:
				c[1] = row.MoveCell(l, th, x.From, x.To)
			}
			c[2] = table.Cell{Text: l.Float(x.Was, 1), Style: th.Muted}
			c[3] = table.Cell{Text: l.Float(x.Score, 1), Style: th.Strong}
			c[4].Text = l.Money(store.Money{Minor: x.Money, Currency: org})
			c[5] = table.Cell{Text: x.Owner, Style: th.Muted}
		},
	}
}

// dayRows are the days of the replay, newest first.
func (m *model) dayRows() table.Rows {
	a := &m.load.Value
	c, n, days := a.comparison, len(a.comparison.Days), a.days
	return table.Rows{
		Len: n,
		Key: func(i int) string { return c.Days[n-1-i].String() },
		Cells: func(i int, cells []table.Cell) {
			l, th, d := m.env.Locale, m.env.Theme, days[n-1-i]
			cells[0].Text = l.Date(c.Days[n-1-i])
			cells[1] = table.Cell{Text: l.Ratio(int64(d.Same), int64(d.Same+d.Up+d.Down)), Style: th.Strong}
			cells[2], cells[3] = table.Cell{Text: l.Int(d.Up), Style: th.Good}, table.Cell{Text: l.Int(d.Down), Style: th.Bad}
			cells[4] = table.Cell{Text: row.BothHolds(l, c.Old.Holds[n-1-i], c.New.Holds[n-1-i], a.rules, m.begun()), Style: th.Warn}
		},
	}
}

// holds names what is held, and why.
func (m *model) holds(all []grade.Hold) string {
	return row.Holds(m.env.Locale, all, m.load.Value.rules, m.begun())
}
