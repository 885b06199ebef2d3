package weights

import (
	"strconv"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics/rule"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// note is what the viewer says of the version that is to be saved.
type note string

// saved is what became of it.
type saved struct {
	pack *rule.Pack
	err  error
}

// ask asks why, before what is tried becomes a version of the rules.
func (m *model) ask() tea.Cmd {
	l := m.env.Locale
	switch {
	case m.saving:
		return nil
	case m.changed() == 0 && m.tried.preset == "":
		return pane.Say(l.T(locale.WeightsSame))
	case m.env.Revise == nil:
		return pane.Say(l.T(locale.WeightsNotHere))
	}
	if f := m.weightless(); f != "" {
		return pane.Say(l.F(locale.WeightsNoWeight, l.GradeFactor(f)))
	}
	return pane.AskWhy(m.at, l.T(locale.WeightsNote), l.T(locale.WeightsWantNote), func(why string) tea.Msg { return note(why) })
}

// draft is what is tried, as a change of the section.
func (t trial) draft() rule.Draft {
	d := rule.Draft{Preset: t.preset}
	for id, w := range t.weights {
		d = d.With("weights."+id, w)
	}
	return d
}

// weightless is a factor of which no attribute has a weight; "" none.
func (m *model) weightless() string { return m.tried.draft().On(m.load.Value.rules).Weightless() }

// save puts what is tried into the rules. Other weights that the file has stay.
func (m *model) save(why string) tea.Cmd {
	if m.env.Revise == nil || m.saving {
		return nil
	}
	m.saving, m.failed = true, nil
	m.version++
	ctx, revise, at, draft := m.env.Ctx, m.env.Revise, m.at, m.tried.draft()
	return func() tea.Msg {
		p, err := revise(ctx, draft.Apply, why)
		return pane.To{Place: at, Msg: saved{p, err}}
	}
}

func (m *model) done(s saved) tea.Cmd {
	m.saving = false
	m.version++
	if s.err != nil {
		m.failed = s.err
		return nil
	}
	m.discard()
	version := ""
	if s.pack != nil {
		if version = s.pack.Version(); s.pack.Number > 0 {
			version = strconv.Itoa(s.pack.Number)
		}
	}
	return tea.Batch(pane.Say(m.env.Locale.F(locale.WeightsSaved, version)), m.Init())
}
