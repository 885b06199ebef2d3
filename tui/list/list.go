// Package list is the panes that show the rows behind a figure: deals, touches, accounts, grade moves, and the rows that could not be mapped. They differ only in which analysis
// they ask, so one pane serves them all, and a list looks the same from wherever it was opened.
//
// Above the rows stands what they add up to; under them, for the selected row, what the columns have no room for: the reason of a flag, the note of a touch, the cause
// of a move, the values that would have been accepted. enter opens the record.
package list

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

// content is one loaded list. Its functions read the session's theme and language and are called on the Update goroutine only, but for what table.Rows says.
type content struct {
	rev    store.Rev
	rows   table.Rows
	shown  table.Narrowed // rows as they are to be shown: what the pane's load adds
	head   func() string
	none   locale.Key           // what an empty list says; 0: that nothing is there
	note   func() string        // what one must know of all of it; nil or "": nothing
	about  func(i int) []string // plain lines for the selected row
	open   func(i int) pane.Place
	copy   func(i int) string
	export func() analytics.Table
	settle func() // puts the rows that nobody sees yet in order, which takes a while where they are many; nil: they are
}

type kind struct {
	title   func(env *pane.Env, p pane.Place) string
	columns func(l *locale.Locale) []table.Column
	load    func(env *pane.Env, b *analytics.Book, p pane.Place) (content, error)
}

type model struct {
	kind
	env  *pane.Env
	at   pane.Place
	data pane.Loader[content]
	list *table.Table
	// The filter that was asked for. The list shows the one before it until found, or data when it was loaded meanwhile, has the rows.
	filter string
	found  pane.Loader[table.Narrowed]
	// Only the rows that a screen shows at first are in order. Once one has rested on the list for a moment, or looks further, the others are put in order too; the
	// key that asks for the last row is obeyed then.
	order   pane.Loader[bool]
	settled bool
	last    bool // that key was pressed
	rested  context.CancelFunc
	size    layout.Size
	memo    pane.Memo
}

// New returns the pane's constructor for one of the list kinds: Deals, Touches, Accounts, Moves or Issues; nil for another.
func New(k pane.Kind) pane.New {
	spec, ok := lists[k]
	if !ok {
		return nil
	}
	return func(env *pane.Env, p pane.Place) pane.Pane {
		m := &model{kind: spec, env: env, at: p, list: table.New()}
		m.list.SetColumns(m.columns(env.Locale)...)
		return m
	}
}

// reload asks for the rows anew, with the filter on them: a million rows are looked through, and the selected one is found again, where no key waits.
func (m *model) reload() tea.Cmd {
	env, at, load, filter := m.env, m.at, m.load, m.filter
	key, place := m.list.Wanted()
	if m.rested != nil {
		m.rested()
	}
	resting, cancel := context.WithCancel(cmp.Or(env.Ctx, context.Background()))
	m.rested = cancel
	return m.data.StartOn(env, at, nil, func(ctx context.Context, b *analytics.Book) (content, error) {
		c, err := load(env, b, at)
		if err != nil {
			return c, err
		}
		if c.settle != nil && c.rows.Len > near && c.rows.Len <= quick && b == env.Book() {
			go settle(resting, env, c.settle)
		}
		c.shown = table.Narrowed{Rows: c.rows, Filter: filter}
		if c.shown.View, err = table.Narrow(ctx, c.rows, filter, nil); err == nil {
			c.shown.Seek(key, place)
		}
		return c, err
	})
}

// narrow asks for the rows that hold the filter; while it is typed on, only those that held what there was before are looked at.
func (m *model) narrow() tea.Cmd {
	rows, filter, shown := m.data.Value.rows, m.filter, m.list.Filter()
	if !m.data.Ready || filter == shown { // without rows yet: Update asks again when they come
		m.found.Stop()
		return nil
	}
	var among *analytics.Picks
	if table.Continues(filter, shown) {
		among = m.list.Narrowing()
	}
	return m.found.Start(m.env, m.at, func(ctx context.Context) (table.Narrowed, error) {
		view, err := table.Narrow(ctx, rows, filter, among)
		return table.Narrowed{Filter: filter, View: view}, err
	})
}

// rest is how long one looks at a list before all of it is put in order: one that changes all the time, or is only passed through, never is.
const rest = 3 * time.Second

// quick is how many rows are put in order for somebody who may never look at them; more take so long that two hundred people's lists are all that a machine does.
const quick = 100_000

// near is how many rows are in order from the start. A walk of a quarter of them puts all in order: who holds a key is not to come to their end before that is done.
const near = analytics.Topmost

// settle puts the rows that nobody sees yet in order, unless the pane goes on before one has rested on it.
func settle(ctx context.Context, env *pane.Env, order func()) {
	defer func() {
		if r := recover(); r != nil && env.Report != nil {
			env.Report(r, debug.Stack())
		}
	}()
	select {
	case <-ctx.Done():
	case <-time.After(rest):
		order()
	}
}

// settle puts all rows in order now.
func (m *model) settle() tea.Cmd {
	order := m.data.Value.settle
	if order == nil || m.settled || m.order.Busy {
		return nil
	}
	return m.order.StartLong(m.env, m.at, func(context.Context) (bool, error) { order(); return true, nil })
}

// press gives a key to the list, unless it asks for rows that are not in order yet: then it is obeyed when they are.
func (m *model) press(k tea.KeyPressMsg) (cmd tea.Cmd, used bool) {
	far := m.data.Value.settle != nil && !m.settled && m.list.Len() > near
	m.last = far && (k.String() == "end" || k.String() == "G")
	if m.last {
		return m.settle(), true
	}
	used = m.list.Update(k)
	if i, ok := m.list.Selected(); far && ok && i > near/4 {
		return m.settle(), used
	}
	return nil, used
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd { return m.reload() }

// Updating implements pane.Updater.
func (m *model) Updating() bool { return m.data.Updating() }

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	if m.data.Take(msg) {
		m.list.SetNarrowed(m.data.Value.shown)
		m.fit()
		m.settled = false
		m.order.Stop()    // of the rows before
		cmd := m.narrow() // one typed on meanwhile
		if m.last {
			cmd = tea.Batch(cmd, m.settle())
		}
		return cmd
	}
	if m.order.Take(msg) {
		m.settled = m.order.Err == nil
		if m.last {
			m.last = false
			m.list.Update(tea.KeyPressMsg{Code: tea.KeyEnd})
		}
		return nil
	}
	if m.found.Take(msg) {
		if m.found.Err == nil {
			m.list.SetView(m.found.Value.Filter, m.found.Value.View)
		}
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.reload()
	case pane.Themed:
		m.list.SetColumns(m.columns(m.env.Locale)...)
	case tea.KeyPressMsg:
		if cmd, used := m.press(msg); used {
			return cmd
		}
		if i, ok := m.list.Selected(); ok && msg.String() == "enter" && m.data.Value.open != nil {
			if p := m.data.Value.open(i); p.Kind != pane.None && p.ID != "" {
				return pane.Go(p)
			}
		}
	}
	return nil
}

// SetSize implements pane.Pane.
func (m *model) SetSize(s layout.Size) {
	m.size = s
	m.fit()
}

// detail is how many lines speak of the selected row, on a screen that has them to spare.
func (m *model) detail() int {
	if m.size.H < 12 || m.data.Value.about == nil {
		return 0
	}
	return 3
}

func (m *model) fit() {
	m.list.SetSize(layout.Size{W: m.size.W, H: max(0, m.size.H-1-m.detail())})
}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.data.Cover(m.env, m.size); ok {
		return v
	}
	if m.data.Value.rows.Len == 0 {
		none := m.data.Value.none
		if none == 0 {
			none = locale.Empty
		}
		text := m.env.Locale.T(none)
		if note := m.noted(); note != "" {
			text += "\n" + note
		}
		return layout.Card(text, m.env.Theme.Muted, m.size)
	}
	version := m.list.Version() << 1
	if m.data.Err != nil {
		version |= 1
	}
	return m.memo.View(m.env, m.size, m.data.Value.rev, version, m.draw)
}

func (m *model) noted() string {
	if m.data.Value.note == nil {
		return ""
	}
	return m.data.Value.note()
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	head := layout.NewRow(m.size.W).Gap(2)
	if m.data.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.data.Err)).Gap(2)
	}
	if note := m.noted(); note != "" {
		head.Add(th.Warn, note).Gap(2)
	}
	for i, part := range strings.Split(m.data.Value.head(), "  ") { // the first always, the others whole
		if i == 0 {
			head.Add(th.Muted, part)
			continue
		}
		head.Whole(th.Muted, "  "+part)
	}
	lines := []string{head.String()}
	lines = append(lines, layout.Lines(m.list.View(th))...)
	if m.list.Len() == 0 && len(lines) > 2 {
		lines[2] = layout.NewRow(m.size.W).Gap(2).Add(th.Muted, l.T(locale.SheetMatch)).String()
	}
	if i, ok := m.list.Selected(); ok && m.detail() > 0 {
		lines = append(lines, th.Border.Render("--"))
		for _, t := range m.data.Value.about(i) {
			for _, w := range layout.Wrap(t, m.size.W-3) {
				lines = append(lines, "   "+th.Muted.Render(w))
			}
		}
	}
	return layout.Frame(lines, m.size)
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	keys := []key.Binding{keymap.Move(m.env.Locale), keymap.Mark(m.env.Locale)}
	if m.data.Value.open == nil && m.data.Ready {
		return keys
	}
	return append([]key.Binding{keymap.Enter(m.env.Locale)}, keys...)
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.title(m.env, m.at) }

// SetFilter implements pane.Filterer.
func (m *model) SetFilter(text string) tea.Cmd {
	m.filter = text
	return m.narrow()
}

// Filter implements pane.Filterer.
func (m *model) Filter() string { return m.filter }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any {
	s := m.list.State()
	s.Filter = m.filter
	return s
}

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if st, ok := s.(table.State); ok {
		m.filter = st.Filter
		m.list.Restore(st)
	}
}

// Close implements pane.Closer.
func (m *model) Close() {
	m.data.Stop()
	m.found.Stop()
	m.order.Stop()
	if m.rested != nil {
		m.rested()
	}
}

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) {
	if !m.data.Ready || m.data.Value.export == nil {
		return analytics.Table{}, false
	}
	return m.data.Value.export(), true
}

// Copy implements pane.Copier.
func (m *model) Copy() string {
	if i, ok := m.list.Selected(); ok && m.data.Value.copy != nil {
		return m.data.Value.copy(i)
	}
	return ""
}

// unknown is the error of a Place.ID that no list has made.
func unknown(p pane.Place) error {
	return fmt.Errorf("open %s: no such list %q", p.Kind, store.Clip(p.ID, 60))
}
