package sources

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics/source"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// orders are the keys by which a person orders the background work about.
type orders struct {
	env   *pane.Env
	at    pane.Place
	asked store.ID // the stream whose removal waits for the second press
}

// ordered is what became of an order: the background work has taken it, or why not.
type ordered struct {
	what string
	err  error
}

// key takes a press for the stream r; not taken: it is none of these keys.
func (o *orders) key(k string, r *source.Row) (cmd tea.Cmd, taken bool) {
	asked := o.asked
	o.asked = ""
	name, l := "", o.env.Locale
	switch k {
	case "u":
		name = "pull"
	case "R":
		name = "resync"
	case "p":
		name = "pause"
		if r.Paused {
			name = "resume"
		}
	case "d":
		name = "accept"
	case "n":
		name = "refuse"
	default:
		return nil, false
	}
	id := store.MakeID(r.Source, string(r.Stream))
	switch {
	case o.env.Sync == nil:
		return pane.Say(l.T(locale.SourcesMayNot)), true
	case (name == "accept" || name == "refuse") && r.Missing == 0:
		return pane.Say(l.T(locale.SourcesNothing)), true
	case name == "accept" && asked != id: // what is removed does not come back by a key
		o.asked = id
		return pane.Say(l.F(locale.SourcesAsk, l.Int(r.Missing), string(r.Source)+"/"+string(r.Stream))), true
	}
	sync, at, src, stream := o.env.Sync, o.at, r.Source, r.Stream
	what := map[string]locale.Key{"pull": locale.SourcesPull, "resync": locale.SourcesResync, "pause": locale.SourcesPause, "resume": locale.SourcesPause,
		"accept": locale.SourcesAccept, "refuse": locale.SourcesRefuse}[name]
	text := l.F(locale.SourcesOrdered, l.T(what)+" "+string(src))
	return func() tea.Msg { return pane.To{Place: at, Msg: ordered{text, sync.Order(name, src, stream)}} }, true
}

// answer shows what became of an order.
func (o *orders) answer(m ordered) tea.Cmd {
	if m.err != nil {
		return pane.Say(m.err.Error())
	}
	return pane.Say(m.what)
}

// bindings are for footer and help.
func (o *orders) bindings() []key.Binding {
	l := o.env.Locale
	return []key.Binding{keymap.Bind(l.T(locale.SourcesPull), "u"), keymap.Bind(l.T(locale.SourcesPause), "p"), keymap.Bind(l.T(locale.SourcesResync), "R"),
		keymap.Bind(l.T(locale.SourcesAccept), "d"), keymap.Bind(l.T(locale.SourcesRefuse), "n")}
}
