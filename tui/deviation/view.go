package deviation

import (
	"strings"

	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
)

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	return m.memo.View(m.env, m.size, m.load.Value.Stamp.Rev, m.version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	lines := m.head()
	lines = lines[:min(len(lines), max(1, m.size.H/4))]
	if m.list.Len() == 0 {
		return layout.Frame(append(lines, layout.Lines(layout.Card(l.T(locale.DeviationNone), th.Muted, layout.Size{W: m.size.W, H: max(0, m.size.H-len(lines))}))...), m.size)
	}
	var about []string
	if room := m.size.H - len(lines) - min(m.list.Len()+1, max(6, m.size.H/2)); room >= 2 {
		about = m.about(layout.Size{W: m.size.W, H: room})
	}
	rows := max(0, m.size.H-len(lines)-len(about))
	if len(about) > 0 { // what is about a row stands right under the rows
		rows = min(rows, m.list.Len()+1)
	}
	m.list.SetSize(layout.Size{W: m.size.W, H: rows})
	return layout.Frame(append(append(lines, layout.Lines(m.list.View(th))...), about...), m.size)
}

// head is what the misses add up to, what explains the shortfall, and how often people kept what was derived.
func (m *model) head() []string {
	l, th, a := m.env.Locale, m.env.Theme, &m.load.Value
	runs := []layout.Run{}
	if m.load.Err != nil {
		runs = append(runs, layout.Run{Style: th.Bad, Text: l.F(locale.Failed, m.load.Err)})
	}
	short := store.Money{Minor: -a.Shortfall.Minor, Currency: a.Shortfall.Currency}
	runs = append(runs, layout.Run{Style: th.Strong, Text: l.F(locale.DeviationHead, a.Name, l.Money(a.Promised), l.Money(a.Actual))},
		layout.Run{Style: th.Strong, Text: l.F(locale.DeviationParted, l.Money(short), l.Money(a.Surplus))})
	if a.Running {
		runs = append(runs, layout.Run{Style: th.Warn, Text: l.T(locale.DeviationRunning)})
	}
	runs = append(runs, layout.Run{Style: th.Muted, Text: l.F(locale.DeviationMissed, l.Int(a.Missed))})
	for _, c := range a.Causes {
		runs = append(runs, layout.Run{Style: th.Accent, Text: l.Pick(c.Name, c.NameEn) + " " + l.Percent(c.Part, 0)})
	}
	if a.Corrected > 0 {
		runs = append(runs, layout.Run{Text: l.F(locale.DeviationCorrected, l.Int(a.Corrected), l.Int(a.Kept))})
	}
	if a.NoValue > 0 {
		runs = append(runs, layout.Run{Style: th.Warn, Text: l.F(locale.DeviationNoValue, l.Int(a.NoValue))})
	}
	return layout.Flow(m.size.W, runs...)
}

// about shows the chosen miss: its causes, and the sentences of the chosen one.
func (m *model) about(s layout.Size) []string {
	i, ok := m.list.Selected()
	if !ok {
		return nil
	}
	l, th, x := m.env.Locale, m.env.Theme, &m.load.Value.Misses[i]
	lines := []string{layout.NewRow(s.W).Add(th.Border, "--").Gap(1).Add(th.Strong, x.Deal.Name).Gap(2).Add(th.Muted, x.Deal.Account.Name+"  "+row.Stage(l, x.Deal.Stage)).String()}
	put := func(t string) {
		for _, line := range layout.Wrap(t, s.W-3) {
			lines = append(lines, layout.NewRow(s.W).Gap(3).Add(th.Muted, line).String())
		}
	}
	if c := x.Correction; c != nil {
		put(strings.TrimSpace(l.F(locale.DeviationBy, c.By, strings.SplitN(c.At, "T", 2)[0], m.names(c.Tags)) + "  " + c.Note))
	}
	if x.Pushes > 0 {
		put(l.F(locale.DeviationPushes, l.Int(x.Pushes)))
	}
	switch {
	case len(x.Tags) > 0:
		at := min(m.tag, len(x.Tags)-1)
		runs := make([]layout.Run, 0, len(x.Tags))
		for k, t := range x.Tags {
			r := layout.Run{Style: th.Muted, Text: " " + l.Pick(t.Name, t.NameEn) + " "}
			if k == at { // brackets, since colour alone says nothing
				r = layout.Run{Style: th.Strong, Text: "[" + l.Pick(t.Name, t.NameEn) + "]"}
			}
			runs = append(runs, r)
		}
		lines = append(lines, layout.Flow(s.W, runs...)...)
		for _, e := range x.Tags[at].Evidence {
			put(strings.Join([]string{l.Date(e.Day), l.SaidIn(e.Source), e.By, e.Text}, "  "))
		}
	case x.Diff.Minor < 0 && x.Correction == nil:
		put(l.T(locale.DeviationNoEvidence))
	case x.Diff.Minor >= 0:
		put(l.T(locale.DeviationSurplus))
	}
	return lines[:min(len(lines), s.H)]
}
