package landing

import (
	"math"

	"flightdeck/analytics/landing"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

// few is under how many past chances a share of them says little.
const few = 20

func columns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.Deal), Width: 26, Min: 12, Grow: 3},
		{Title: l.T(locale.Account), Width: 20, Min: 12, Grow: 2, Drop: 5},
		{Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 3},
		{Title: l.T(locale.Stage), Width: 12, Min: 8, Drop: 4, Whole: true},
		{Title: l.T(locale.Amount), Width: 11, Min: 10, Align: layout.Right},
		{Title: l.T(locale.Close), Width: 10, Min: 10},
		{Title: l.T(locale.LandChance), Width: 6, Min: 6, Align: layout.Right},
		{Title: l.T(locale.LandHeld), Width: 6, Min: 6, Align: layout.Right, Drop: 2},
		{Title: l.T(locale.LandExpected), Width: 10, Min: 9, Align: layout.Right, Drop: 1},
	}
}

func (m *model) rows() table.Rows {
	deals := m.load.Value.deals
	return table.Rows{
		Len: len(deals),
		Key: func(i int) string { return string(deals[i].ID) },
		Match: func(i int) string {
			d := &deals[i]
			return d.Name + " " + d.Account.Name + " " + d.Owner.Name + " " + d.Stage.Name + " " + d.Stage.NameEn
		},
		Cells: func(i int, c []table.Cell) {
			l, th := m.env.Locale, m.env.Theme
			d := m.deal(i)
			was := &deals[i]
			c[0].Text = d.Name
			switch _, tried := m.changed[d.ID]; {
			case m.change(d.ID).Drop:
				c[0] = table.Cell{Text: l.T(locale.LandDropped) + " " + d.Name, Style: th.Muted}
			case tried:
				c[0] = table.Cell{Text: "* " + d.Name, Style: th.Mark}
			}
			c[1] = table.Cell{Text: d.Account.Name, Style: th.Muted}
			c[2].Text = d.Owner.Name
			c[3] = table.Cell{Text: row.Stage(l, d.Stage), Style: th.Muted}
			c[4].Text, c[5].Text = row.Money(l, d.Amount, m.load.Value.org), l.Date(d.Close)
			if d.Amount != was.Amount {
				c[4].Style = th.Mark
			}
			if d.Close != was.Close {
				c[5].Style = th.Mark
			}
			c[6] = table.Cell{Text: l.Percent(d.Chance, 0), Style: th.Strong}
			c[7] = table.Cell{Text: "-", Style: th.Muted}
			if d.Held != nil && d.Held.N > 0 {
				c[7].Text = l.Percent(d.Held.Came, 0)
				if d.Held.N < few {
					c[7].Text += "?"
				}
			}
			c[8].Text = l.Money(d.Expected)
		},
	}
}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	return m.memo.View(m.env, m.size, 0, m.version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	if m.now == nil || len(m.now.Rows) == 0 {
		return layout.Card(l.T(locale.Empty), th.Muted, m.size)
	}
	lines := m.heading(th, l)
	if m.now.Basis == landing.Simple {
		h := &m.now.History
		text := l.F(locale.ForecastTooLittle, l.Int(h.Won+h.Lost), l.Int(h.Won), l.Int(h.NeedClose), l.Int(h.NeedWon))
		r := &m.now.Rows[0]
		text += "\n" + l.F(locale.LandSimple, row.SumShort(l, r.Closed), row.SumShort(l, r.Weighted))
		return layout.Frame(append(lines[:1], layout.Lines(layout.Card(text, th.Warn, layout.Size{W: m.size.W, H: max(0, m.size.H-1)}))...), m.size)
	}
	if len(m.load.Value.deals) == 0 {
		return layout.Frame(append(lines, "", layout.NewRow(m.size.W).Gap(1).Add(th.Muted, l.T(locale.LandNoDeals)).String()), m.size)
	}
	body := layout.Size{W: m.size.W, H: max(0, m.size.H-len(lines))}
	if m.size.Wide() {
		parts := body.Columns(13, 7)
		m.list.SetSize(parts[0])
		return layout.Frame(append(lines, layout.Beside(layout.Lines(m.list.View(th)), parts[0].W, " ", m.about(th, l, parts[1]))...), m.size)
	}
	about := m.about(th, l, layout.Size{W: body.W, H: max(0, min(7, body.H-6))})
	m.list.SetSize(layout.Size{W: body.W, H: max(0, body.H-len(about))})
	return layout.Frame(append(append(lines, layout.Lines(m.list.View(th))...), about...), m.size)
}

// heading says where the period lands, and where it would.
func (m *model) heading(th *theme.Theme, l *locale.Locale) []string {
	base, r := &m.load.Value.base.Rows[0], &m.now.Rows[0]
	head := layout.NewRow(m.size.W).Gap(2).Add(th.Strong, m.now.PeriodName).Gap(2)
	if r.Name != "" {
		head.Add("", layout.Cut(r.Name, m.size.W/3)).Gap(2)
	}
	if m.load.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.load.Err)).Gap(2)
	}
	h := &m.now.History
	if m.now.Basis == landing.Modelled {
		head.Whole(th.Muted, l.F(locale.ForecastFrom, l.Int(h.Won+h.Lost), l.Int(h.Origins), l.Percent(math.Abs(h.Bias-1), 0)))
	}
	lines := []string{head.String()}
	if !r.P50.Given() {
		return lines
	}
	top := float64(max(base.P90.Minor, r.P90.Minor))
	quota := 0.
	if r.HasQuota {
		quota = float64(r.Quota.Money.Minor)
	}
	top = max(top, quota)
	strip := func(word string, x *landing.Row, style theme.Style) string {
		text := l.F(locale.LandRange, l.Money(x.P50), l.Money(x.P10), l.Money(x.P90))
		if x.Reach.OK() {
			text += "  " + l.F(locale.LandReach, l.Ratio(int64(x.Reach.Num), int64(x.Reach.Den)))
		}
		bar := m.size.W - layout.Width(word) - layout.Width(text) - 5
		line := layout.NewRow(m.size.W).Gap(2).Add(style, word).Gap(1)
		if bar < 10 {
			return line.Add("", text).String()
		}
		draw := chart.Strip{Past: float64(x.Closed.Money.Minor), Low: float64(x.P10.Minor), Mid: float64(x.P50.Minor), High: float64(x.P90.Minor), Target: quota, Top: top}.Draw(th, min(bar, 90))
		return line.String() + draw + " " + layout.NewRow(m.size.W).Add("", text).String()
	}
	lines = append(lines, strip(l.Pick("现在", "now "), base, th.Muted))
	if len(m.changed) > 0 {
		lines = append(lines, strip(l.Pick("假如", "if  "), r, th.Past))
		diff := store.Money{Minor: r.P50.Minor - base.P50.Minor, Currency: r.P50.Currency}
		mean := store.Money{Minor: r.Mean.Minor - base.Mean.Minor, Currency: r.Mean.Currency}
		line := layout.NewRow(m.size.W).Gap(2).Add(th.Strong, l.F(locale.LandDiff, l.MoneySigned(diff), l.MoneySigned(mean)))
		if r.Reach.OK() {
			points := float64(r.Reach.Num)/float64(r.Reach.Den) - float64(base.Reach.Num)/float64(base.Reach.Den)
			line.Gap(2).Whole("", l.F(locale.LandReachDiff, l.Signed(int(math.Round(points*100)))))
		}
		line.Gap(2).Whole(th.Muted, l.F(locale.LandTried, l.Int(len(m.changed))))
		lines = append(lines, line.String())
	}
	if m.failed != nil {
		lines = append(lines, layout.NewRow(m.size.W).Gap(2).Add(th.Bad, layout.Plain(m.failed.Error())).String())
	}
	count := l.F(locale.LandCount, l.Int(m.load.Value.count))
	if m.load.Value.count > len(m.load.Value.deals) {
		count = l.F(locale.LandSome, l.Int(m.load.Value.count), l.Int(len(m.load.Value.deals)))
	}
	return append(lines, layout.NewRow(m.size.W).Gap(2).Add(th.Muted, count).String())
}

// about says of the chosen deal why its chance is what it is.
func (m *model) about(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	d, ok := m.selected()
	if !ok || s.H < 2 || s.W < 20 {
		return nil
	}
	lines := []string{layout.NewRow(s.W).Add(th.Border, "--").Gap(1).Add(th.Strong, layout.Cut(d.Name, s.W/2)).Gap(2).Add(th.Muted, row.Money(l, d.Amount, m.load.Value.org)).String()}
	held := l.F(locale.LandHeldNone, l.Percent(d.Chance, 0))
	if d.Held != nil && d.Held.N > 0 {
		if held = l.F(locale.LandHeldOf, l.Percent(d.Chance, 0), l.Int(d.Held.N), l.Percent(d.Held.Low, 0)+"-"+l.Percent(d.Held.High, 0), l.Percent(d.Held.Came, 0)); d.Held.N < few {
			held += l.T(locale.LandFew)
		}
	}
	facts := []layout.Run{{Style: "", Text: held}}
	if d.Half != store.NoDay {
		facts = append(facts, layout.Run{Style: th.Muted, Text: l.F(locale.LandHalf, l.Percent(d.Ever, 0), l.Date(d.Half))})
	}
	if d.Odd != "" {
		facts = append(facts, layout.Run{Style: th.Warn, Text: l.Odd(d.Odd)})
	}
	for _, f := range facts {
		for _, line := range layout.Wrap(f.Text, s.W-2) {
			lines = append(lines, layout.NewRow(s.W).Gap(2).Add(f.Style, line).String())
		}
	}
	lines = append(lines, row.Factors(th, l, m.env.Book(), d.Factors, layout.Size{W: s.W, H: s.H - len(lines)})...)
	if len(lines) > s.H {
		lines = lines[:s.H]
	}
	return lines
}
