package triage

import (
	"strconv"
	"strings"

	"flightdeck/analytics/triage"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

func (m *model) columns() {
	l := m.env.Locale
	m.list[viewQueue].SetColumns(
		table.Column{Title: l.T(locale.TriageFlag), Width: 15, Min: 10, Whole: true},
		table.Column{Title: l.T(locale.Deal), Width: 16, Min: 10, Grow: 2},
		table.Column{Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 3},
		table.Column{Title: l.T(locale.TriageRisk), Width: 10, Min: 9, Align: layout.Right},
		table.Column{Title: l.T(locale.TriageWhy), Width: 44, Min: 18, Grow: 4},
		table.Column{Title: l.T(locale.TriageAge), Width: 7, Min: 6, Align: layout.Right, Drop: 2},
		table.Column{Title: l.T(locale.Status), Width: 10, Min: 8, Drop: 1},
	)
	right := func(k locale.Key, w, drop int) table.Column {
		w = max(w, layout.Width(l.T(k)))
		return table.Column{Title: l.T(k), Width: w, Min: w, Align: layout.Right, Drop: drop}
	}
	m.list[viewBoard].SetColumns(
		table.Column{Title: l.T(locale.ForecastNode), Width: 24, Min: 12, Grow: 1}, right(locale.TriageOpen, 6, 0), right(locale.Deals, 6, 5), right(locale.TriageRisk, 10, 0),
		right(locale.TriageEscalated, 6, 0), right(locale.TriageMedian, 7, 2), right(locale.TriageOldest, 7, 0), right(locale.TriageAsked, 6, 3), right(locale.TriageLate, 6, 1),
		right(locale.TriageHeldN, 6, 4), right(locale.TriageDecayed, 10, 6),
	)
	m.list[viewTrail].SetColumns(
		table.Column{Title: "#", Width: 6, Min: 4, Align: layout.Right, Drop: 4}, table.Column{Title: l.T(locale.Time), Width: 16, Min: 16, Drop: 3}, table.Column{Title: l.T(locale.TriageWho), Width: 10, Min: 6},
		table.Column{Title: l.T(locale.TriageDecided), Width: 14, Min: 8}, table.Column{Title: l.T(locale.Deal), Width: 24, Min: 10, Grow: 2},
		table.Column{Title: l.T(locale.TriageFlag), Width: 10, Min: 8, Drop: 2}, table.Column{Title: l.T(locale.TriageWhat), Width: 20, Min: 8, Grow: 1}, table.Column{Title: l.T(locale.Note), Width: 24, Min: 8, Grow: 3, Drop: 1},
	)
}

func named(l *locale.Locale, r triage.Rule) string { n := r.Name(); return l.Pick(n.Zh, n.En) }

func (m *model) flags() table.Rows {
	rows := m.load.Value.queue.Flags
	return table.Rows{
		Len: rows.Len(), Key: rows.Key,
		Match: func(i int) string {
			f := rows.At(i)
			return f.Deal.Name + " " + f.Deal.Account.Name + " " + f.Deal.Owner.Name + " " + f.Assigned.Name + " " + f.Rule.Name().Zh + " " + f.Rule.Name().En + " " + f.Reason.Zh + " " + f.Reason.En
		},
		Cells: func(i int, c []table.Cell) {
			f, l, th := rows.At(i), m.env.Locale, m.env.Theme
			style := th.Warn
			if f.Escalated {
				style = th.Bad
			}
			c[0] = table.Cell{Text: named(l, f.Rule), Style: style}
			c[1].Text = f.Deal.Name
			c[2].Text = f.Deal.Owner.Name
			if f.Assigned.ID != "" {
				c[2] = table.Cell{Text: ">" + f.Assigned.Name, Style: th.Accent}
			}
			c[3] = table.Cell{Text: l.Money(f.AtRisk), Style: th.Strong}
			if f.Estimated {
				c[3].Text = "~" + c[3].Text
			}
			c[4] = table.Cell{Text: l.Pick(f.Reason.Zh, f.Reason.En), Style: th.Muted}
			c[5].Text = l.Days(f.Age)
			if f.Since == store.NoDay {
				c[5].Text = "-"
			}
			c[6] = table.Cell{Text: l.FlagState(string(f.State)), Style: stateStyle(th, f.State)}
			if f.Escalated && f.State == triage.Open {
				c[6] = table.Cell{Text: l.T(locale.TriageEscalated), Style: th.Bad}
			}
		},
	}
}

func stateStyle(th *theme.Theme, s triage.State) theme.Style {
	switch s {
	case triage.Unanswered, triage.Rejected:
		return th.Bad
	case triage.Requested, triage.Answered:
		return th.Accent
	case triage.Open:
		return ""
	}
	return th.Muted
}

func (m *model) lines() table.Rows {
	lines := m.load.Value.board.Lines
	return table.Rows{
		Len: len(lines), Key: func(i int) string { return string(lines[i].Node) + "|" + strconv.Itoa(lines[i].Depth) }, Match: func(i int) string { return lines[i].Name },
		Cells: func(i int, c []table.Cell) {
			x, l, th := &lines[i], m.env.Locale, m.env.Theme
			name := x.Name
			if name == "" && x.Depth == 0 {
				name = l.T(locale.Company)
			} else if name == "" {
				name = l.T(locale.Unassigned)
			}
			c[0].Text = layout.Blank(x.Depth) + name
			alarm := func(n int, style theme.Style) table.Cell {
				if n == 0 {
					return table.Cell{Text: "0", Style: th.Muted}
				}
				return table.Cell{Text: l.Int(n), Style: style}
			}
			c[1], c[2] = alarm(x.Open.Flags, th.Strong), alarm(x.Open.Deals, "")
			c[3].Text = row.SumShort(l, x.Open.AtRisk)
			c[4] = alarm(x.Escalated, th.Bad)
			c[5] = table.Cell{Text: "-", Style: th.Muted}
			if x.MedianAge >= 0 {
				c[5] = table.Cell{Text: l.Days(x.MedianAge)}
				c[6].Text = l.Days(x.OldestAge)
			}
			c[7], c[8], c[9] = alarm(x.Requested, ""), alarm(x.Late, th.Bad), alarm(x.Held, th.Muted)
			c[10] = table.Cell{Text: row.SumShort(l, x.Decayed), Style: th.Muted}
		},
	}
}

// decided words a decision's kind, or what it takes back.
func decided(l *locale.Locale, e *triage.Entry) string {
	if e.Undoes != 0 {
		return l.F(locale.TriageUndoes, strconv.FormatUint(e.Undoes, 10))
	}
	return l.Decision(e.Kind)
}

func (m *model) entries() table.Rows {
	es := m.load.Value.trail.Entries
	return table.Rows{
		Len: len(es), Key: func(i int) string { return strconv.FormatUint(es[i].Seq, 10) },
		Match: func(i int) string {
			return es[i].Name + " " + es[i].About + " " + es[i].Note + " " + es[i].What.Zh + " " + es[i].What.En
		},
		Cells: func(i int, c []table.Cell) {
			e, l, th := &es[i], m.env.Locale, m.env.Theme
			c[0] = table.Cell{Text: strconv.FormatUint(e.Seq, 10), Style: th.Muted}
			c[1] = table.Cell{Text: e.At, Style: th.Muted}
			c[2].Text = e.Name
			c[3] = table.Cell{Text: decided(l, e), Style: th.Strong}
			c[4].Text = e.About
			c[5] = table.Cell{Text: named(l, triage.Rule(e.Topic)), Style: th.Muted}
			c[6].Text = l.Pick(e.What.Zh, e.What.En)
			c[7] = table.Cell{Text: e.Note, Style: th.Muted}
		},
	}
}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	if m.load.Value.queue == nil {
		return layout.Card(m.env.Locale.T(locale.Empty), m.env.Theme.Muted, m.size)
	}
	return m.memo.View(m.env, m.size, m.load.Value.queue.Stamp.Rev, m.version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	lines := m.heading(th, l)
	body := layout.Size{W: m.size.W, H: max(0, m.size.H-len(lines))}
	t := m.list[m.view]
	if t.Len() == 0 {
		none := [views]locale.Key{locale.TriageNone, locale.TriageNone, locale.TriageNoTrail}[m.view]
		return layout.Frame(append(lines, layout.Lines(layout.Card(l.T(none), th.Muted, body))...), m.size)
	}
	if m.view == viewQueue && m.size.Wide() {
		parts := body.Columns(14, 6)
		t.SetSize(parts[0])
		return layout.Frame(append(lines, layout.Beside(layout.Lines(t.View(th)), parts[0].W, " ", m.about(th, l, parts[1]))...), m.size)
	}
	var about []string
	if room := min(6, body.H-7); m.view == viewQueue && room >= 2 {
		about = m.about(th, l, layout.Size{W: body.W, H: room})
	}
	t.SetSize(layout.Size{W: body.W, H: max(0, body.H-len(about))})
	return layout.Frame(append(append(lines, layout.Lines(t.View(th))...), about...), m.size)
}

// heading counts what is open and names the view.
func (m *model) heading(th *theme.Theme, l *locale.Locale) []string {
	q := m.load.Value.queue
	head := layout.NewRow(m.size.W).Gap(1)
	for i, k := range [views]locale.Key{locale.TriageQueue, locale.TriageBoard, locale.TriageTrail} {
		if i == m.view {
			head.Gap(1).Add(th.Strong, ">"+l.T(k))
		} else {
			head.Gap(1).Add(th.Muted, " "+l.T(k))
		}
	}
	if m.load.Err != nil {
		head.Gap(2).Add(th.Bad, l.F(locale.Failed, m.load.Err))
	}
	if m.held {
		head.Gap(2).Whole(th.Muted, l.T(locale.TriageHeldToo))
	}
	if m.busy {
		head.Gap(2).Whole(th.Muted, l.T(locale.TriageWriting))
	}
	text := l.F(locale.TriageCount, l.Int(q.Open.Flags), l.Int(q.Open.Deals), row.SumShort(l, q.Open.AtRisk))
	style := theme.Style("")
	sum := layout.NewRow(m.size.W).Gap(2).Add(style, text)
	if q.Escalated > 0 {
		sum.Gap(2).Whole(th.Bad, l.F(locale.TriageEscalatedN, l.Int(q.Escalated)))
	}
	if q.MedianAge >= 0 {
		sum.Gap(2).Whole(th.Muted, l.F(locale.TriageAges, l.Days(q.MedianAge), l.Days(q.OldestAge)))
	}
	if n := len(m.list[viewQueue].Marked()); n > 0 && m.view == viewQueue {
		sum.Gap(2).Whole(th.Mark, l.F(locale.TriageMarked, l.Int(n)))
	}
	return []string{head.String(), sum.String()}
}

// about says of the chosen flag all of its reason, and what was decided about the deal.
func (m *model) about(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	i, ok := m.list[viewQueue].Selected()
	if !ok || s.W < 20 || s.H < 2 {
		return nil
	}
	f := m.load.Value.queue.Flags.At(i)
	lines := []string{layout.NewRow(s.W).Add(th.Border, "--").Gap(1).Add(th.Strong, layout.Cut(f.Deal.Name, s.W*2/3)).Gap(2).Add(th.Muted, row.Money(l, f.Deal.Amount, m.load.Value.org)).String()}
	add := func(style theme.Style, text string) {
		for _, line := range layout.Wrap(text, s.W-3) {
			lines = append(lines, layout.NewRow(s.W).Gap(3).Add(style, line).String())
		}
	}
	add("", l.Pick(f.Reason.Zh, f.Reason.En))
	facts := []string{f.Deal.Account.Name, f.Deal.Owner.Name, row.Stage(l, f.Deal.Stage)}
	if f.Deal.Close != store.NoDay {
		facts = append(facts, l.F(locale.TriagePromised, l.Date(f.Deal.Close)))
	}
	if f.Since != store.NoDay {
		facts = append(facts, l.F(locale.TriageSince, l.Date(f.Since)))
	}
	facts = append(facts, l.F(locale.TriageDoubt, l.Percent(f.Doubt, 0), l.Money(f.Rank)))
	add(th.Muted, strings.Join(nonempty(facts), "  "))
	if f.State != triage.Open {
		t := l.FlagState(string(f.State))
		if f.Until != store.NoDay {
			t += " " + l.F(locale.TriageUntil, l.Date(f.Until))
		}
		add(stateStyle(th, f.State), strings.TrimSpace(t+"  "+f.By.Name+"  "+f.Note))
	}
	head := false
	for k := range m.load.Value.trail.Entries {
		e := &m.load.Value.trail.Entries[k]
		if e.Deal != f.Deal.ID || e.Topic != "" && e.Topic != string(f.Rule) && e.Kind != store.DecisionNote {
			continue
		}
		if !head {
			head = true
			if s.H > 8 {
				lines = append(lines, "", layout.NewRow(s.W).Gap(1).Add(th.Strong, l.T(locale.TriageTrail)).String())
			}
		}
		add(th.Muted, e.At+"  "+e.Name+"  "+decided(l, e)+"  "+strings.TrimSpace(l.Pick(e.What.Zh, e.What.En)+"  "+e.Note))
	}
	if len(lines) > s.H {
		lines = lines[:s.H]
	}
	return lines
}

func nonempty(all []string) (out []string) {
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
