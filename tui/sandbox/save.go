package sandbox

import (
	"maps"
	"slices"
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

// presets are the names of the sets of weights, in order.
func presets(g *rule.Grading) []string { return slices.Sorted(maps.Keys(g.Presets)) }

// ask asks why, before the draft becomes a version of the rules.
func (m *model) ask() tea.Cmd {
	l := m.env.Locale
	switch {
	case m.saving:
		return nil
	case len(m.load.Value.rules.Differs(m.tried())) == 0:
		return pane.Say(l.T(locale.WeightsSame))
	case m.env.Revise == nil:
		return pane.Say(l.T(locale.WeightsNotHere))
	}
	if f := m.tried().Weightless(); f != "" {
		return pane.Say(l.F(locale.WeightsNoWeight, l.GradeFactor(f)))
	}
	return pane.AskWhy(m.at, l.T(locale.WeightsNote), l.T(locale.WeightsWantNote), func(why string) tea.Msg { return note(why) })
}

// save puts the draft into the rules. What else the file has stays.
func (m *model) save(why string) tea.Cmd {
	if m.env.Revise == nil || m.saving {
		return nil
	}
	m.saving, m.failed = true, nil
	m.version++
	ctx, revise, at, change := m.env.Ctx, m.env.Revise, m.at, m.draft.Apply
	if m.file != nil {
		to := m.tried()
		change = func(g *rule.Grading) { *g = *to }
	}
	return func() tea.Msg {
		p, err := revise(ctx, change, why)
		return pane.To{Place: at, Msg: saved{p, err}}
	}
}

func (m *model) kept(s saved) tea.Cmd {
	m.saving = false
	m.version++
	if s.err != nil {
		m.failed = s.err
		return nil
	}
	m.file, m.draft, m.before, m.by = nil, rule.Draft{}, nil, ""
	version := ""
	if s.pack != nil {
		if version = s.pack.Version(); s.pack.Number > 0 {
			version = strconv.Itoa(s.pack.Number)
		}
	}
	return tea.Batch(pane.Say(m.env.Locale.F(locale.WeightsSaved, version)), m.replay())
}

// drafted is what stands in the draft file.
type drafted struct {
	pack *rule.Pack
	err  error
}

// read asks for the draft file.
func (m *model) read() tea.Cmd {
	read, at := m.env.Draft, m.at
	if read == nil {
		return pane.Say(m.env.Locale.T(locale.WeightsNotHere))
	}
	return func() tea.Msg {
		p, err := read()
		return pane.To{Place: at, Msg: drafted{p, err}}
	}
}

// drafted begins the draft with the file, or, when it is what one has begun with, with the rules in force again. What was tried by keys is given up: it was of other rules.
func (m *model) drafted(d drafted) tea.Cmd {
	m.version++
	if m.failed = d.err; d.err != nil {
		return nil
	}
	if m.file != nil && m.file.Hash == d.pack.Hash {
		m.file = nil
	} else {
		m.file = d.pack
	}
	m.draft, m.before, m.by = rule.Draft{}, nil, ""
	return m.replay()
}
