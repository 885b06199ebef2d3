// Package pane is the contract between the shell and the panes: [Pane] with its optional abilities, [Place], the messages, the session's [Env],
// and the two things every pane needs, a [Loader] and a [Memo].
//
// A pane is a small thing that knows one place. It owns its messages and its drawing; it never blocks, never starts a goroutine, never imports another
// pane, and reaches other places only by returning Open. Whatever looks at more than a screen's rows is a load, off the Update goroutine; the loads of all sessions take
// turns. A question about the Book is asked by [Loader.StartOn], what stands beside a selection by [Loader.Follow]: of a large company some answers take seconds after every commit, and
// what was so a moment ago, said to be that, is worth more than an empty screen; while a key is held, only where it stops is looked at. The alternative, to correct each such answer by
// what changed, was weighed: six analyses would each need to know by which of their inputs a commit moves which row, and a seventh would forget it. The shell owns the stack, the keys that are the same everywhere, and the frame.
package pane

import (
	"context"
	"errors"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/metric"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/theme"
)

// Pane shows one Place. All methods are called on the session's Update goroutine.
type Pane interface {
	// Init starts the first load. The pane has no size yet.
	Init() tea.Cmd
	// Update takes a message in, changes the pane in place and returns effects only. It never blocks.
	Update(msg tea.Msg) tea.Cmd
	// SetSize says how many cells View has. It may be any size down to 0×0.
	SetSize(s layout.Size)
	// View returns exactly H lines, none wider than W (layout.Frame makes it so). It is called on every frame: memoise it with Memo.
	View() string
	// Keys returns the bindings that work now, the most useful first; footer and help are made from them.
	Keys() []key.Binding
	// Title is the pane's part of the breadcrumb, in the session's language.
	Title() string
}

// New makes the pane for a place. env outlives the pane and is the session's own.
type New func(env *Env, p Place) Pane

// Registry finds the constructor for a kind; nil when there is none.
type Registry func(Kind) New

// Filterer can narrow its rows to those that match a text; "" shows all. SetFilter looks through few rows itself, through many in the command that it returns: the rows
// of the text before stay until that is answered. Filter returns the text that was set last.
type Filterer interface {
	SetFilter(text string) tea.Cmd
	Filter() string
}

// Capturer takes every key but ctrl+c while Capturing, because the person is typing into it.
type Capturer interface{ Capturing() bool }

// Exporter gives what it shows as rows, as --csv does. ok is false while nothing is loaded.
type Exporter interface {
	Table() (t analytics.Table, ok bool)
}

// Restorer keeps what is not in the Place: selection, scroll offset, fold state. The shell calls Snapshot when the pane is left and Restore,
// before Init, on the new pane that takes its place. A snapshot is a value of the pane's own type; Restore ignores what it does not know.
type Restorer interface {
	Snapshot() any
	Restore(snapshot any)
}

// Copier gives the text for `y`; "" when there is nothing to copy.
type Copier interface{ Copy() string }

// Explainer shows the formulas of its figures in the help, as lines of plain text.
type Explainer interface{ Explain() []string }

// Escaper has something that esc discards before it goes back, such as a what-if. Escape discards it and reports whether there was any.
type Escaper interface{ Escape() bool }

// Closer is told when the shell lets go of the pane, after Snapshot: it stops its loads. The pane is not used again.
type Closer interface{ Close() }

// Formulas gives, for Explainer, the name and the formula of each metric, in the session's language. A key that is no metric is left out.
func Formulas(l *locale.Locale, keys ...string) []string {
	lang := l.Lang().String()
	var out []string
	for _, k := range keys {
		if x, ok := metric.Get(k); ok {
			out = append(out, x.Name(lang)+": "+x.Formula(lang))
		}
	}
	return out
}

// Requests, from a pane to the shell.
type (
	// Open asks for a place on top of the stack. The shell clamps its scope to the viewer's.
	Open struct{ Place Place }
	// Back asks for the place before.
	Back struct{}
	// Copy asks for text to go to the clipboard.
	Copy struct{ Text string }
	// Ask asks the person for a line of text in the footer. Check is called as they type: what it says (the name that is meant, what is wrong) stands behind the text,
	// and enter is obeyed once it gives no error; nil: any text. Answer makes the message that goes to Place; esc sends none. Both are called on the Update goroutine.
	Ask struct {
		Place  Place
		Prompt string
		Value  string
		Check  func(text string) (says string, err error)
		Answer func(text string) tea.Msg
	}
	// Toast shows one line above the footer until the next key.
	Toast struct{ Text string }
	// To carries a message to the panes at Place alone; commands use it to come home.
	To struct {
		Place Place
		Msg   tea.Msg
	}
)

// AskWhy asks for a reason, which is not optional: want says so of an empty one. answer gets it without the blanks around it.
func AskWhy(at Place, prompt, want string, answer func(why string) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		return Ask{
			Place: at, Prompt: prompt,
			Check: func(text string) (string, error) {
				if strings.TrimSpace(text) == "" {
					return "", errors.New(want)
				}
				return "", nil
			},
			Answer: func(text string) tea.Msg { return answer(strings.TrimSpace(text)) },
		}
	}
}

// Facts, from outside or the shell to the panes.
type (
	// Committed says that Env.Book now returns the book of Rev, or, when that is the one it returned before, that Env.Desk or Env.Landing has something new or other rules
	// are in force. Visible panes
	// load again; hidden ones do when they are shown.
	Committed struct{ Rev store.Rev }
	// Themed says that the theme or the language changed: texts and styles held by the pane are stale. Memo notices by itself.
	Themed struct{}
)

// Go returns a command that asks for p.
func Go(p Place) tea.Cmd { return func() tea.Msg { return Open{p} } }

// Say returns a command that shows text for a moment.
func Say(text string) tea.Cmd { return func() tea.Msg { return Toast{text} } }

// Env is what a session gives its panes. The shell changes Theme and Locale while it runs, on the Update goroutine; a command, which runs on another,
// must not read those two.
type Env struct {
	Ctx     context.Context        // ends with the session
	Viewer  store.PersonID         // "" nobody in particular
	Root    store.ID               // the viewer's place in the org tree; "" the whole company. Every Scope carries it.
	Book    func() *analytics.Book // the newest book; panes are made when there is one. Safe on any goroutine.
	Asked   *Asked                 // what takes long is shown as it was before the newest commit, until it is worked out; nil: one waits
	Desk    *desk.Session          // what people decided, and the door for what the viewer decides; nil: none, which its methods take
	Landing *landing.Live          // what the past teaches of the open deals, learned in the background; nil: learned by whoever asks
	Rules   func() *rule.Pack      // the rules in force; nil, or a nil pack: the defaults, see Env.Pack. Safe on any goroutine.
	// Revise changes the rules by which customers are graded, as a new version with the viewer's note (see rule.Revise); nil: the viewer may not, or there are no rules here. It
	// blocks on the disk.
	Revise func(ctx context.Context, change func(*rule.Grading), note string) (*rule.Pack, error)
	// Draft reads the text of the rules that somebody is at work on beside those in force (see rule.Live.Draft); nil: there are no rules here. It blocks on the disk.
	Draft func() (*rule.Pack, error)
	// Holds tells which inputs of grading are held now, as the grader left it; nil: nobody grades here. It reads the store and blocks.
	Holds  func(ctx context.Context) ([]grade.Hold, error)
	Theme  *theme.Theme
	Locale *locale.Locale
	Told   *locale.Locale                                  // the language of messages to others; nil: the session\'s
	Rest   time.Duration                                   // how long a selection must rest for what follows it, while a key is held; 0: not at all, see Loader.Follow
	Now    func() time.Time                                // the clock; tests fix it
	Report func(recovered any, stack []byte) (path string) // writes a report of a panic; nil: none is written
	Sync   Syncer                                          // nil: the viewer may not order the background work about, or nothing runs
}

// Syncer is what a session may ask of the background work. It returns at once and is safe on any goroutine, but it may log: call it in a command.
type Syncer interface {
	// Order asks for pull, pause, resume, resync, accept or refuse; stream "" means all of the source's, and is all that pull, pause and resume know.
	Order(name string, source store.SourceID, stream store.Stream) error
}

// Pack returns the rules in force for a section's Of; nil stands for the defaults.
func (e *Env) Pack() *rule.Pack {
	if e.Rules == nil {
		return nil
	}
	return e.Rules()
}

// Memo keeps one drawn view while nothing it depends on has changed. The zero Memo is empty.
type Memo struct {
	key  memoKey
	full bool
	view string
}

type memoKey struct {
	size    layout.Size
	rev     store.Rev
	version uint64
	theme   *theme.Theme
	locale  *locale.Locale
}

// View returns the kept view if size, rev, version and the session's theme and language are those it was drawn for, else it calls draw and keeps what
// draw returns. Every mutator of the pane that changes the picture must bump version.
func (m *Memo) View(env *Env, size layout.Size, rev store.Rev, version uint64, draw func() string) string {
	k := memoKey{size, rev, version, env.Theme, env.Locale}
	if !m.full || m.key != k {
		m.view, m.key, m.full = draw(), k, true
	}
	return m.view
}
