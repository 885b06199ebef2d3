package tui

import (
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// jumps are the letters after g, in the order of the help.
var jumps = []struct {
	key  string
	kind pane.Kind
	name locale.Key
}{
	{"c", pane.Morning, locale.PaneMorning},
	{"f", pane.Funnel, locale.PaneFunnel},
	{"h", pane.Heatmap, locale.PaneHeatmap},
	{"m", pane.Migration, locale.PaneMigration},
	{"p", pane.Forecast, locale.PaneForecast},
	{"l", pane.Landing, locale.PaneLanding},
	{"r", pane.Triage, locale.PaneTriage},
	{"b", pane.Sandbag, locale.PaneSandbag},
	{"n", pane.Tenders, locale.PaneTenders},
	{"w", pane.Weights, locale.PaneWeights},
	{"x", pane.Sandbox, locale.PaneSandbox},
	{"o", pane.Owed, locale.PaneOwed},
	{"j", pane.Evaluations, locale.PaneLog},
	{"k", pane.Held, locale.PaneHeld},
	{"u", pane.Potential, locale.PanePotential},
	{"e", pane.Deviation, locale.PaneDeviation},
	{"s", pane.Sources, locale.PaneSources},
	{"d", pane.Deals, locale.PaneDeals},
	{"a", pane.Accounts, locale.PaneAccounts},
	{"t", pane.Touches, locale.PaneTouches},
	{"v", pane.Moves, locale.PaneMoves},
	{"i", pane.Issues, locale.PaneIssues},
}

// periods are what the digits choose, relative to the as-of day.
var periods = []struct {
	key  string
	name locale.Key
	of   func(c analytics.Calendar, d analytics.Day) analytics.Period
}{
	{"1", locale.PeriodWeek, func(c analytics.Calendar, d analytics.Day) analytics.Period { return c.Week(d, 0) }},
	{"2", locale.PeriodMonth, func(c analytics.Calendar, d analytics.Day) analytics.Period { return c.Month(d, 0) }},
	{"3", locale.PeriodQuarter, func(c analytics.Calendar, d analytics.Day) analytics.Period { return c.Quarter(d, 0) }},
	{"4", locale.PeriodYear, func(c analytics.Calendar, d analytics.Day) analytics.Period { return c.Year(d, 0) }},
	{"5", locale.PeriodLastWeek, func(c analytics.Calendar, d analytics.Day) analytics.Period { return c.Week(d, -1) }},
	{"6", locale.PeriodLastMonth, func(c analytics.Calendar, d analytics.Day) analytics.Period { return c.Month(d, -1) }},
	{"7", locale.PeriodLastQuarter, func(c analytics.Calendar, d analytics.Day) analytics.Period { return c.Quarter(d, -1) }},
	{"8", locale.PeriodLastYear, func(c analytics.Calendar, d analytics.Day) analytics.Period { return c.Year(d, -1) }},
	{"9", locale.PeriodLast90, func(_ analytics.Calendar, d analytics.Day) analytics.Period {
		return analytics.Period{From: d - 89, To: d}
	}},
	{"0", locale.PeriodDefault, func(analytics.Calendar, analytics.Day) analytics.Period { return analytics.Period{} }},
}

// key routes a key press: overlay, capturing pane, the shell's own, focused pane.
func (s *Shell) key(k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return tea.Quit
	}
	s.toast = ""
	if s.overlay != nil {
		return s.overlay.key(s, k)
	}
	e := s.current()
	if e != nil {
		if c, ok := e.pane.(pane.Capturer); ok && c.Capturing() {
			return e.pane.Update(k)
		}
	}
	if s.jump {
		s.jump = false
		return s.leap(k)
	}
	if cmd, ok := s.global(k); ok {
		return cmd
	}
	switch { // panes know enter alone
	case key.Matches(k, s.keys.Open):
		k = tea.KeyPressMsg{Code: tea.KeyEnter}
	case k.String() == "enter":
		return nil
	}
	if e != nil {
		return e.pane.Update(k)
	}
	return nil
}

// leap obeys the letter after g.
func (s *Shell) leap(k tea.KeyPressMsg) tea.Cmd {
	for _, j := range jumps {
		if j.key == k.String() {
			return s.visit(s.here(j.kind))
		}
	}
	if e := s.current(); e != nil && k.String() == "g" {
		return e.pane.Update(tea.KeyPressMsg{Code: tea.KeyHome})
	}
	return nil
}

// here is a place of another kind with what of the scope means the same there: not the stage, which a drill-down set.
func (s *Shell) here(k pane.Kind) pane.Place {
	p := pane.Place{Kind: k, Scope: s.Place().Scope}
	if s.Place().Kind.One() { // one record has no scope of its own: that of the list it was opened from goes on
		for i := s.at - 1; i >= 0 && !s.entries[i+1].fresh; i-- {
			if e := s.entries[i].place; !e.Kind.One() {
				day, period := p.Scope.AsOf, p.Scope.Period
				p.Scope = e.Scope
				p.Scope.AsOf, p.Scope.Period = day, period
				break
			}
		}
	}
	p.Scope.Stage = ""
	return p
}

func (s *Shell) global(k tea.KeyPressMsg) (tea.Cmd, bool) {
	m, e := &s.keys, s.current()
	switch {
	case key.Matches(k, m.Quit):
		return tea.Quit, true
	case key.Matches(k, m.Redraw):
		return tea.ClearScreen, true
	case key.Matches(k, m.Language):
		return s.speak(), true
	case key.Matches(k, m.Theme):
		return s.darken(), true
	case key.Matches(k, m.Help):
		s.overlay = newHelp()
		return nil, true
	}
	if e == nil { // no book yet
		return nil, key.Matches(k, m.Back)
	}
	switch {
	case key.Matches(k, m.Back):
		if x, ok := e.pane.(pane.Escaper); ok && x.Escape() {
			return nil, true
		}
		if f, ok := e.pane.(pane.Filterer); ok && f.Filter() != "" {
			return f.SetFilter(""), true
		}
		return s.back(), true
	case key.Matches(k, m.Backward):
		return s.back(), true
	case key.Matches(k, m.Forward):
		return s.forward(), true
	case key.Matches(k, m.Jump):
		s.jump = true
		return nil, true
	case key.Matches(k, m.Palette):
		return s.palette(), true
	case key.Matches(k, m.Scope):
		return s.scopes(), true
	case key.Matches(k, m.AsOf):
		s.overlay = newAsOf(s)
		return nil, true
	case key.Matches(k, m.Filter):
		s.filterPrompt()
		return nil, true
	case key.Matches(k, m.Period):
		return s.period(k.String()), true
	case key.Matches(k, m.Copy):
		return s.copyPane(), true
	case key.Matches(k, m.Export):
		return s.export(), true
	}
	return nil, false
}

func (s *Shell) filterPrompt() {
	f, ok := s.current().pane.(pane.Filterer)
	if !ok {
		s.toast = s.env.Locale.T(locale.FilterNone)
		return
	}
	s.overlay = newFilter(s, f)
}

func (s *Shell) darken() tea.Cmd {
	s.picked = true
	word := locale.Light
	if !s.env.Theme.Dark {
		word = locale.Dark
	}
	s.toast = s.env.Locale.F(locale.ThemeSet, s.env.Locale.T(word))
	return s.paint(s.env.Theme.Profile, !s.env.Theme.Dark)
}

func (s *Shell) period(digit string) tea.Cmd {
	b, p := s.env.Book(), s.Place()
	for _, x := range periods {
		if x.key != digit || b == nil {
			continue
		}
		p.Scope.Period = x.of(b.Calendar(), b.AsOf(p.Scope))
		if p.Scope.Period.IsZero() {
			s.toast = s.env.Locale.T(locale.PeriodUsual)
		} else {
			s.toast = s.env.Locale.F(locale.PeriodSet, s.env.Locale.T(x.name)+" "+s.env.Book().Calendar().Name(p.Scope.Period))
		}
		return s.replace(p)
	}
	return nil
}

func (s *Shell) copyPane() tea.Cmd {
	text := s.Place().String() // a deep link, when the pane has nothing better
	if c, ok := s.current().pane.(pane.Copier); ok {
		if t := c.Copy(); t != "" {
			text = t
		}
	}
	return s.copy(text)
}

// copy puts text on the clipboard of the terminal that the person sits at (OSC 52), not of the machine this runs on.
func (s *Shell) copy(text string) tea.Cmd {
	if text == "" {
		s.toast = s.env.Locale.T(locale.NothingToCopy)
		return nil
	}
	shown := text
	if utf8.RuneCountInString(shown) > 60 {
		shown = string([]rune(shown)[:60]) + "~"
	}
	s.toast = s.env.Locale.F(locale.Copied, oneLine(shown))
	return tea.SetClipboard(text)
}

func (s *Shell) export() tea.Cmd {
	l := s.env.Locale
	x, ok := s.current().pane.(pane.Exporter)
	if !ok {
		s.toast = l.T(locale.ExportNone)
		return nil
	}
	if s.opts.Export == nil {
		s.toast = l.T(locale.ExportAway)
		return nil
	}
	t, ok := x.Table()
	if !ok {
		s.toast = l.T(locale.ExportNone)
		return nil
	}
	write, name := s.opts.Export, s.Place().Kind.String()
	return func() tea.Msg {
		path, err := write(name, t)
		if err != nil {
			return pane.Toast{Text: l.F(locale.ExportFailed, err)}
		}
		return pane.Toast{Text: l.F(locale.Exported, path)}
	}
}
