package tui

import (
	"runtime/debug"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/theme"
)

// View implements tea.Model: title, body, footer.
func (s *Shell) View() tea.View {
	defer func() {
		if r := recover(); r != nil { // no command can be returned from here: Bubble Tea restores the terminal and prints this
			s.crashed(r, debug.Stack())
			panic(*s.crash)
		}
	}()
	text, cursor := s.draw()
	v := tea.NewView(text)
	v.AltScreen = true
	v.WindowTitle = "flightdeck"
	if e := s.current(); e != nil {
		v.WindowTitle += " - " + oneLine(e.pane.Title())
	}
	if cursor >= 0 {
		v.Cursor = tea.NewCursor(cursor, s.size.H-1)
	}
	return v
}

// draw returns exactly H lines, none wider than W, and the cursor's column in the last; -1 for none.
func (s *Shell) draw() (string, int) {
	size, l := s.size, s.env.Locale
	if size.Empty() {
		return "", -1
	}
	if size.TooSmall() {
		return layout.Card(l.F(locale.TooSmall, size.W, size.H, layout.MinW, layout.MinH), s.env.Theme.Strong, size), -1
	}
	middle := s.middle(s.body())
	foot, cursor := s.footer(size.W)
	if s.jump && s.overlay == nil { // all the places, over the end of the body if one line does not hold them
		hints := s.places(size.W)
		lines := layout.Lines(middle)
		for i, h := range hints[:len(hints)-1] {
			if at := len(lines) - len(hints) + 1 + i; at >= 0 {
				lines[at] = h
			}
		}
		middle, foot, cursor = strings.Join(lines, "\n"), hints[len(hints)-1], -1
	}
	return s.title(size.W) + "\n" + middle + "\n" + foot, cursor
}

func (s *Shell) middle(size layout.Size) string {
	th, l, b, e := s.env.Theme, s.env.Locale, s.env.Book(), s.current()
	if s.overlay != nil {
		if view, ok := s.overlay.body(s, size); ok {
			return view
		}
	}
	if b == nil || e == nil {
		return layout.Card(l.T(locale.BookLoading), th.Muted, size)
	}
	if b.Deals() == 0 && b.Accounts() == 0 && e.place.Kind != pane.Sources && e.place.Kind != pane.Issues {
		rows, busy := 0, false
		for _, st := range b.Status() {
			rows += max(st.Done, st.Records)
			busy = busy || st.State == store.SyncRunning
		}
		if busy || rows > 0 {
			return layout.Card(l.F(locale.FirstSync, l.Int(rows)), th.Accent, size)
		}
		return layout.Card(l.F(locale.NoData, s.keys.Jump.Help().Key), th.Warn, size)
	}
	return e.pane.View()
}

// title is one line: where one came from and is, the scope, the as-of day when it is past, whether the store can only be read, whether
// newer figures are on their way, the data's age.
func (s *Shell) title(w int) string {
	th, l, b := s.env.Theme, s.env.Locale, s.env.Book()
	if b == nil {
		return layout.NewRow(w).Add(th.Title, "flightdeck").String()
	}
	sc := s.Place().Scope
	var right []run
	if day := b.AsOf(sc); day < b.Now() {
		right = append(right, run{th.Past, " " + l.F(locale.AsOf, l.Date(day)) + " "})
	}
	if p := s.env.Pack(); p != nil && p.Problem != nil {
		right = append(right, run{th.Bad, l.T(locale.RulesWrongMark)})
	}
	if s.opts.ReadOnly {
		right = append(right, run{th.Warn, l.T(locale.ReadOnly)})
	}
	if e := s.current(); e != nil {
		if u, ok := e.pane.(pane.Updater); ok && u.Updating() {
			right = append(right, run{th.Muted, l.T(locale.Updating)})
		}
	}
	if age := b.Stamp(sc).Oldest; age.IsZero() {
		right = append(right, run{th.Warn, l.T(locale.DataNone)})
	} else {
		right = append(right, run{th.Muted, l.F(locale.DataAge, l.Ago(s.env.Now(), age))})
	}
	need := 0
	for _, x := range right {
		need += 2 + layout.Width(x.text)
	}
	scope := ""
	if scoped(s.Place().Kind) {
		scope = s.scope(b, sc)
	} else if !sc.Period.IsZero() {
		scope = b.Calendar().Name(sc.Period)
	}
	trail := s.trail()
	for i := range trail {
		trail[i] = oneLine(trail[i])
	}
	room := w - need - layout.Width(scope) - 2
	for len(trail) > 1 && layout.Width(strings.Join(trail, " > ")) > room {
		trail = trail[1:]
	}
	r := layout.NewRow(w)
	last := len(trail) - 1
	if last > 0 {
		r.Add(th.Muted, strings.Join(trail[:last], " > ")+" > ")
	}
	if last >= 0 {
		r.Add(th.Title, layout.Cut(trail[last], max(8, w-need-min(20, layout.Width(scope))-2-(w-r.Left()))))
	}
	r.Gap(2).Add(th.Accent, layout.Cut(scope, r.Left()-need))
	r.Gap(r.Left() - need)
	for _, x := range right {
		r.Gap(2).Add(x.style, x.text)
	}
	return r.String()
}

// scope writes a scope in words: node, filters, period.
func (s *Shell) scope(b *analytics.Book, sc analytics.Scope) string {
	l := s.env.Locale
	id := sc.Node
	if id == "" {
		id = sc.Root
	}
	words := []string{l.T(locale.Company)}
	if i, ok := b.NodeOf(id); ok && id != "" && int(i) < len(b.Nodes()) {
		words[0] = b.Nodes()[i].Name
	}
	if c, ok := b.StageCode(sc.Stage); ok && sc.Stage != "" {
		st := b.Stage(c)
		words = append(words, l.Pick(st.Name, st.NameEn))
	}
	if sc.Product != "" {
		name := sc.Product.Native()
		for c := range analytics.Code(b.Products()) { // a price list is short
			if p := b.Product(c); p.ID == sc.Product {
				name = p.Name
				break
			}
		}
		words = append(words, name)
	}
	if sc.Industry != "" {
		words = append(words, sc.Industry)
	}
	if !sc.Period.IsZero() { // each pane has its own usual period, and says it
		words = append(words, b.Calendar().Name(sc.Period))
	}
	return oneLine(strings.Join(words, " "))
}

// footer is one line: what the overlay asks, what was just said, or the most useful keys: four of them, on a wide screen more.
func (s *Shell) footer(w int) (string, int) {
	th, l := s.env.Theme, s.env.Locale
	r := layout.NewRow(w)
	switch {
	case s.overlay != nil:
		return s.overlay.footer(s, w)
	case s.toast != "":
		return r.Add(th.Accent, oneLine(s.toast)).String(), -1
	}
	helpKey := s.keys.Help.Help()
	end := helpKey.Key + " " + helpKey.Desc
	shown, most := 0, 4
	if w >= 100 {
		most = 8
	}
	show := func(bs ...key.Binding) {
		for _, b := range bs {
			k, desc := s.shown(b), " "+b.Help().Desc
			if shown < most && b.Enabled() && k != "" && layout.Width(k+desc+end)+2 <= r.Left() {
				r.Add(th.Strong, k).Add(th.Muted, desc).Gap(2)
				shown++
			}
		}
	}
	if e := s.current(); e != nil {
		if f, ok := e.pane.(pane.Filterer); ok && f.Filter() != "" {
			r.Add(th.Warn, l.F(locale.FilterOn, oneLine(f.Filter()), s.keys.Back.Help().Key)).Gap(2)
		}
		var last []key.Binding // what everybody tries anyway, and what few need
		for _, b := range e.pane.Keys() {
			if slices.Contains(b.Keys(), "down") || slices.Contains(b.Keys(), "space") {
				last = append(last, b)
				continue
			}
			show(b)
		}
		if _, ok := e.pane.(pane.Filterer); ok {
			show(s.keys.Filter)
		}
		if scoped(e.place.Kind) {
			show(s.keys.Scope)
		}
		show(s.keys.Palette, s.keys.Jump, s.keys.AsOf, s.keys.Period)
		show(last...)
	}
	if n := layout.Width(end); r.Left() > n {
		r.Gap(r.Left()-n).Add(th.Muted, end)
	}
	return r.String(), -1
}

// places are the lines that say what may follow the jump key.
func (s *Shell) places(w int) []string {
	th, l := s.env.Theme, s.env.Locale
	r := layout.NewRow(w).Add(th.Accent, l.T(locale.JumpWhere))
	indent := w - r.Left()
	var out []string
	for _, j := range jumps {
		if s.panes(j.kind) == nil {
			continue
		}
		if name := " " + l.T(j.name); layout.Width(j.key+name) > r.Left() && r.Left() < w-indent {
			out = append(out, r.String())
			r = layout.NewRow(w).Gap(indent)
		}
		r.Add(th.Strong, j.key).Add(th.Muted, " "+l.T(j.name)).Gap(2)
	}
	return append(out, r.String())
}

// shown is a binding's key as it is written: a pane's enter is whatever opens here.
func (s *Shell) shown(b key.Binding) string {
	if b.Help().Key == "enter" {
		return s.keys.Open.Help().Key
	}
	return b.Help().Key
}

// run is a piece of a row.
type run struct {
	style theme.Style
	text  string
}
