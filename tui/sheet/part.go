package sheet

import (
	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

// Items is the section of what the source knows beside the facts: names and values.
func Items(env *pane.Env, items [][2]string) Section {
	l := env.Locale
	return Section{
		ID: "details", Title: l.T(locale.SheetDetail), Empty: l.T(locale.SheetNothing),
		Columns: []table.Column{{Title: l.T(locale.SheetName), Width: 16, Min: 8}, {Title: l.T(locale.SheetValue), Width: 40, Min: 12, Grow: 1}},
		Rows: table.Rows{
			Len:   len(items),
			Key:   func(i int) string { return items[i][0] },
			Match: func(i int) string { return items[i][0] + " " + items[i][1] },
			Cells: func(i int, c []table.Cell) {
				c[0] = table.Cell{Text: items[i][0], Style: env.Theme.Muted}
				c[1].Text = items[i][1]
			},
		},
		Copy:  func(i int) string { return items[i][1] },
		About: func(i int) []string { return items[i][1:] },
	}
}

// Contact fills the cells of a person from the third column on: influence (0 unknown, negative: none of ours to say), touches, last touch.
func Contact(l *locale.Locale, th *theme.Theme, c []table.Cell, influence, touches int, last analytics.Day) {
	switch {
	case influence > 0:
		c[2].Text = l.Int(influence)
	case influence == 0:
		c[2] = table.Cell{Text: "-", Style: th.Muted}
	}
	c[3].Text = l.Int(touches)
	if touches == 0 {
		c[3].Style = th.Muted
	}
	c[4].Text = l.Date(last)
	if last == store.NoDay {
		c[4] = table.Cell{Text: l.T(locale.SheetNever), Style: th.Muted}
	}
}

// Said keeps the lines that say something.
func Said(lines ...string) []string {
	var out []string
	for _, s := range lines {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Widen makes a column as wide as the widest of its n texts and at least as it may shrink to: a figure that does not fit would be shown as "###".
func Widen(c *table.Column, n int, text func(i int) string) {
	w := max(c.Min, layout.Width(c.Title))
	for i := range n {
		w = max(w, layout.Width(text(i)))
	}
	c.Width, c.Min = w, w
}

// Deals are columns and rows of deals, keep of those that row.DealColumns has.
func Deals(env *pane.Env, rows []deal.Row, org store.Currency, keep ...int) ([]table.Column, table.Rows) {
	cols := row.DealColumns(env.Locale)
	cols[0].Width, cols[3].Min, cols[3].Drop, cols[8].Width, cols[8].Min = 34, 9, 1, 16, 11
	Widen(&cols[4], len(rows), func(i int) string { return row.Money(env.Locale, rows[i].Amount, org) })
	return Pick(cols, row.Deals(env, analytics.RowsOf(rows, func(r *deal.Row) string { return string(r.ID) }), org), keep...)
}

// About says of a deal in a list why it is flagged, and its amount in full.
func About(l *locale.Locale, r *deal.Row) []string {
	out := []string{r.Name + "  " + l.MoneyExact(r.Amount)}
	why := ""
	for i, f := range r.Flags {
		if i > 0 {
			why += "; "
		}
		why += row.Reason(l, f)
	}
	return append(out, Said(why)...)
}

// Pick keeps some columns of a list that is made elsewhere, in the given order.
func Pick(cols []table.Column, rows table.Rows, keep ...int) ([]table.Column, table.Rows) {
	all, fill := make([]table.Cell, len(cols)), rows.Cells
	kept := make([]table.Column, len(keep))
	for i, k := range keep {
		kept[i] = cols[k]
	}
	rows.Cells = func(i int, c []table.Cell) {
		clear(all)
		fill(i, all)
		for p, k := range keep {
			c[p] = all[k]
		}
	}
	return kept, rows
}
