package sandbox

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

// trace is one customer as both rules judged it on each day.
type trace struct {
	*grade.Both
	account analytics.Code
	day     int // that was looked at when it was asked for, and for which the reasons are
}

// tracing is a trace on the screen: the days above or left, every value of the chosen day below or right.
type tracing struct {
	account analytics.Code
	trace
	ready  bool
	days   *table.Table
	detail *table.Table
	values bool // the values have the keys
}

// trace asks for one customer.
func (m *model) trace(account analytics.Code) tea.Cmd {
	m.stepped = &tracing{account: account}
	return m.retrace()
}

// retrace asks again for the customer that is looked at, by the newest replay.
func (m *model) retrace() tea.Cmd {
	c := m.load.Value.comparison
	if m.stepped == nil || c == nil {
		return nil
	}
	account, day := m.stepped.account, len(c.Days)-1-m.day
	return m.step.Start(m.env, m.at, func(context.Context) (trace, error) {
		return trace{c.Trace(account, day), account, day}, nil
	})
}

// stepIn puts what was asked for on the screen.
func (m *model) stepIn() {
	t := m.stepped
	if t == nil || !m.step.Ready || m.step.Value.account != t.account {
		return
	}
	first := !t.ready
	t.trace, t.ready = m.step.Value, true
	if t.days == nil {
		t.days, t.detail = table.New(), table.New()
	}
	l := m.env.Locale
	t.days.SetColumns([]table.Column{
		{Title: l.T(locale.Date), Width: 10},
		{Title: l.T(locale.SandboxWas), Width: 7, Align: layout.Right},
		{Title: l.T(locale.SandboxOld), Width: 9, Min: 6},
		{Title: l.T(locale.SandboxIs), Width: 9, Min: 7, Align: layout.Right},
		{Title: l.T(locale.SandboxNew), Width: 9, Min: 6},
	}...)
	t.days.SetRows(m.traceDays())
	if first {
		t.days.Select(m.load.Value.comparison.Days[len(t.New)-1-min(m.day, len(t.New)-1)].String())
	}
	t.detail.SetColumns([]table.Column{
		{Title: l.T(locale.SandboxInput), Width: 26, Min: 12, Grow: 1},
		{Title: l.T(locale.SandboxValue), Width: 22, Min: 14, Align: layout.Right},
		{Title: l.T(locale.SandboxState), Width: 12, Min: 9},
		{Title: l.T(locale.SandboxOfDay), Width: 10, Drop: 1},
		{Title: l.T(locale.SandboxScaled), Width: 6, Align: layout.Right},
		{Title: l.T(locale.SandboxWeights), Width: 14, Min: 14},
		{Title: l.T(locale.SandboxBounds), Width: 20, Min: 14, Drop: 3},
	}...)
	t.detail.SetRows(m.traceValues())
}

// at is the day that is chosen among the trace's.
func (t *tracing) at() int {
	if i, ok := t.days.Selected(); ok {
		return len(t.New) - 1 - i
	}
	return len(t.New) - 1
}

func (m *model) traceDays() table.Rows {
	t := m.stepped
	n := len(t.New)
	step := func(x *grade.Explanation) table.Cell {
		l, th := m.env.Locale, m.env.Theme
		switch {
		case x.Held:
			return table.Cell{Text: "! " + row.Grade(l, x.Next), Style: th.Warn}
		case x.Grade == "" || x.Next == x.Grade:
			return table.Cell{Text: row.Grade(l, x.Next), Style: th.Muted}
		}
		return row.MoveCell(l, th, x.Grade, x.Next)
	}
	return table.Rows{
		Len: n, Key: func(i int) string { return t.New[n-1-i].Stamp.AsOf.String() },
		Cells: func(i int, c []table.Cell) {
			l, th, old, is := m.env.Locale, m.env.Theme, &t.Old[n-1-i], &t.New[n-1-i]
			c[0].Text = l.Date(is.Stamp.AsOf)
			c[1] = table.Cell{Text: l.Float(old.Score, 1), Style: th.Muted}
			c[2], c[4] = step(old), step(is)
			c[3] = table.Cell{Text: l.Float(is.Score, 1), Style: th.Strong}
		},
	}
}

// traceValues are the attributes of the chosen day with the inputs that they rest on, by factor, then the inputs that no weight rests on.
func (m *model) traceValues() table.Rows {
	t := m.stepped
	k := t.at()
	old, is, g := &t.Old[k], &t.New[k], m.tried()
	type line struct {
		part  *grade.Part
		was   *grade.Part
		input *grade.InputValue
	}
	input := func(name string) *grade.InputValue {
		for i := range is.Inputs {
			if is.Inputs[i].Name == name {
				return &is.Inputs[i]
			}
		}
		return nil
	}
	var lines []line
	used := map[string]bool{}
	for _, f := range rule.Factors() {
		for i := range is.Parts {
			p := &is.Parts[i]
			if p.Factor != f {
				continue
			}
			x := line{part: p}
			for j := range old.Parts {
				if old.Parts[j].ID == p.ID {
					x.was = &old.Parts[j]
				}
			}
			for j := range g.Attributes {
				if g.Attributes[j].ID == p.ID {
					used[g.Attributes[j].Input] = true
					x.input = input(g.Attributes[j].Input)
				}
			}
			lines = append(lines, x)
		}
	}
	for i := range is.Inputs {
		if !used[is.Inputs[i].Name] {
			lines = append(lines, line{input: &is.Inputs[i]})
		}
	}
	return table.Rows{
		Len: len(lines),
		Cells: func(i int, c []table.Cell) {
			l, th, x := m.env.Locale, m.env.Theme, &lines[i]
			if x.part != nil {
				c[0].Text = l.Pick(x.part.Title, x.part.TitleEn)
				c[4] = table.Cell{Text: "-", Style: th.Muted}
				if x.part.Scaled.Known() {
					c[4] = table.Cell{Text: l.Float(100*float64(x.part.Scaled), 0), Style: th.Strong}
				}
				was := 0.
				if x.was != nil {
					was = x.was.Weight
				}
				c[5].Text = l.Float(x.part.Weight, 2)
				if was != x.part.Weight {
					c[5] = table.Cell{Text: l.Float(was, 2) + " > " + l.Float(x.part.Weight, 2), Style: th.Mark}
				}
			} else {
				c[0] = table.Cell{Text: l.Pick(x.input.Title, x.input.TitleEn), Style: th.Muted}
			}
			in := x.input
			if in == nil {
				return
			}
			c[1].Text = row.Value(l, in.Value)
			if in.Value.Known() && in.Unit != "" {
				c[1].Text += " " + in.Unit
			}
			c[2] = table.Cell{Text: l.InputState(in.State), Style: th.Muted}
			if in.State != store.InputFresh && in.State != store.InputUnknown {
				c[2] = table.Cell{Text: "! " + l.InputState(in.State), Style: th.Warn}
			}
			if in.State != store.InputUnknown {
				c[3] = table.Cell{Text: l.Date(in.Day), Style: th.Muted}
			}
			if in.Min != nil && in.Max != nil {
				c[6] = table.Cell{Text: row.Value(l, grade.Number(*in.Min)) + " - " + row.Value(l, grade.Number(*in.Max)), Style: th.Muted}
			}
		},
	}
}

func (m *model) pressTrace(msg tea.KeyPressMsg) tea.Cmd {
	t := m.stepped
	switch msg.String() {
	case "tab":
		t.values = !t.values
		return nil
	case "enter":
		if t.ready {
			return pane.Go(pane.AccountPlace(m.at.Scope, t.Account))
		}
		return nil
	}
	if !t.ready {
		return nil
	}
	if t.values {
		t.detail.Update(msg)
		return nil
	}
	if t.days.Update(msg) {
		t.detail.SetRows(m.traceValues())
	}
	return nil
}

// drawTrace draws the customer step by step.
func (m *model) drawTrace(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	t := m.stepped
	if !t.ready {
		return layout.Lines(layout.Card(l.T(locale.Loading), th.Muted, s))
	}
	lines := []string{layout.NewRow(s.W).Gap(1).Add(th.Strong, l.F(locale.SandboxStep, t.AccountName)).String()}
	k := t.at()
	said := m.sum(th, l, k, s.W)
	if s.Wide() {
		parts := layout.Size{W: s.W, H: s.H - 1}.Columns(4, 9)
		high := min(max(0, parts[1].H-len(said)-1), m.stepped.detail.Len()+1)
		right := append(append(m.values(th, layout.Size{W: parts[1].W, H: high}), ""), said...)
		return append(lines, layout.Beside(m.traced(th, parts[0]), parts[0].W, " ", right)...)
	}
	if len(said) > s.H/3 {
		said = said[:s.H/3]
	}
	high := max(3, min(len(t.New)+1, (s.H-1-len(said))/3))
	lines = append(lines, m.traced(th, layout.Size{W: s.W, H: high})...)
	lines = append(lines, m.values(th, layout.Size{W: s.W, H: max(0, s.H-len(lines)-len(said))})...)
	return append(lines, said...)
}

func (m *model) traced(th *theme.Theme, s layout.Size) []string {
	m.stepped.days.SetSize(s)
	if m.stepped.values {
		return layout.Lines(m.stepped.days.Still(th))
	}
	return layout.Lines(m.stepped.days.View(th))
}

func (m *model) values(th *theme.Theme, s layout.Size) []string {
	if s.H < 2 {
		return nil
	}
	m.stepped.detail.SetSize(s)
	if m.stepped.values {
		return layout.Lines(m.stepped.detail.View(th))
	}
	return layout.Lines(m.stepped.detail.Still(th))
}

// sum says how the factors make the score, what held, what moved it since the day before, and what the draft does to it.
func (m *model) sum(th *theme.Theme, l *locale.Locale, k, w int) (lines []string) {
	t := m.stepped
	say := func(style theme.Style, text string) {
		for _, x := range layout.Wrap(text, w-2) {
			lines = append(lines, layout.NewRow(w).Gap(1).Add(style, x).String())
		}
	}
	for i, x := range []*grade.Explanation{&t.Old[k], &t.New[k]} {
		if len(x.Factors) == 3 {
			f := func(i int) string { return l.Float(float64(x.Factors[i].Value)*100, 0) + "%" }
			word := l.T([]locale.Key{locale.SandboxOld, locale.SandboxNew}[i])
			say("", word+": "+l.F(locale.SandboxProduct, f(0), f(1), f(2), l.Float(x.Score, 1))+"  "+row.Move(l, x.Grade, x.Next))
		}
	}
	if k == t.day {
		if text := m.because(l, t.Why, t.Line); text != "" {
			say(th.Mark, text)
		}
	}
	if cause := row.Moved(l, t.New[k].Cause, m.load.Value.rules); cause != "" && k > 0 {
		say(th.Muted, l.F(locale.SandboxCause, cause))
	}
	return lines
}
