package tui

import (
	"context"
	"reflect"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/pane"
	"flightdeck/tui/theme"
)

// Options are what a session may choose. The zero Options start at the funnel of everything the viewer may see.
type Options struct {
	Start pane.Place          // None: the funnel
	Keys  map[string][]string // remapped keys by name, see keymap.New; New fails on a bad one
	// Commits tells of new revisions; Env.Book must return the new book before its Rev is sent. The shell receives from it for as long as Env.Ctx lives. nil:
	// the program sends pane.Committed itself, or nothing changes.
	Commits <-chan store.Rev
	// Export writes a table and returns where; it may block. nil: this session may not write files (SSH).
	Export func(name string, t analytics.Table) (path string, err error)
	// Theme is kept even when the terminal tells its background; else the terminal decides until the person does.
	KeepTheme bool
	// ReadOnly says on every screen that the store cannot be written: nothing is synced, and what a person enters is refused.
	ReadOnly bool
	// Still stops the minute's timer: for tests and pictures.
	Still bool
}

// Shell is the Bubble Tea model of one session.
type Shell struct {
	env   *pane.Env
	panes pane.Registry
	opts  Options
	keys  keymap.Map
	size  layout.Size // of the screen

	history
	overlay overlay // nil: none
	jump    bool    // g was pressed
	toast   string
	picked  bool // the person chose dark or light
	crash   *Crash
}

// New makes a session's shell. env is the session's own; the shell sets its Theme and Locale when they are switched. It fails on a bad
// key remapping only.
func New(env *pane.Env, panes pane.Registry, o Options) (*Shell, error) {
	if env.Ctx == nil {
		env.Ctx = context.Background()
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	if !o.Start.Kind.Valid() {
		o.Start.Kind = pane.Funnel
	}
	keys, err := keymap.New(env.Locale, o.Keys)
	if err != nil {
		return nil, err
	}
	return &Shell{env: env, panes: panes, opts: o, keys: keys, picked: o.KeepTheme}, nil
}

// tick is the minute's timer.
type tick struct{}

func (s *Shell) tick() tea.Cmd {
	if s.opts.Still {
		return nil
	}
	return tea.Every(time.Minute, func(time.Time) tea.Msg { return tick{} })
}

// Init starts the session: it asks the terminal what it is without waiting for an answer, and opens the first place if there is a book.
func (s *Shell) Init() tea.Cmd {
	cmds := []tea.Cmd{s.tick(), s.commits(), s.begin(), s.measure()}
	if !s.opts.KeepTheme {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	if p := s.env.Theme.Profile; p == colorprofile.ANSI || p == colorprofile.ANSI256 { // over SSH nobody says COLORTERM
		cmds = append(cmds, tea.RequestCapability("RGB"), tea.RequestCapability("Tc"))
	}
	return s.guard(tea.Batch(cmds...))
}

// measure asks for the screen's size once more when the program has started: Bubble Tea reads it before it listens for changes, and a change in between, as by a
// window manager that tiles a new window, would be missed.
func (s *Shell) measure() tea.Cmd {
	if s.opts.Still {
		return nil
	}
	return func() tea.Msg {
		time.Sleep(150 * time.Millisecond)
		return tea.RequestWindowSize()
	}
}

// begin opens the start place once there is a book.
func (s *Shell) begin() tea.Cmd {
	if s.current() != nil || s.env.Book() == nil {
		return nil
	}
	return s.open(s.opts.Start)
}

// Update implements tea.Model.
func (s *Shell) Update(msg tea.Msg) (m tea.Model, cmd tea.Cmd) {
	if s.crash != nil {
		return s, tea.Quit
	}
	defer func() {
		if r := recover(); r != nil {
			m, cmd = s, s.crashed(r, debug.Stack())
		}
	}()
	return s, s.guard(s.update(msg))
}

func (s *Shell) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return s.key(msg)
	case tea.PasteMsg:
		if s.overlay != nil {
			return s.overlay.paste(s, msg.Content)
		}
	case tea.WindowSizeMsg:
		s.resize(layout.Size{W: max(0, msg.Width), H: max(0, msg.Height)})
		return nil
	case tea.BackgroundColorMsg:
		if !s.picked && msg.IsDark() != s.env.Theme.Dark {
			return s.paint(s.env.Theme.Profile, msg.IsDark())
		}
		return nil
	case tea.ColorProfileMsg:
		if msg.Profile != s.env.Theme.Profile {
			return s.paint(msg.Profile, s.env.Theme.Dark)
		}
		return nil
	case tick:
		return s.tick()
	case next:
		return s.refresh(msg)
	case pane.Committed:
		return s.committed(msg)
	case pane.To:
		return s.deliver(msg)
	case pane.Open:
		return s.open(msg.Place)
	case pane.Back:
		return s.back()
	case pane.Copy:
		return s.copy(msg.Text)
	case pane.Ask:
		s.overlay = newAsk(msg)
		return nil
	case pane.Toast:
		s.toast = msg.Text
		return nil
	case Crash:
		s.crash = &msg
		return tea.Quit
	}
	if e := s.current(); e != nil {
		return e.pane.Update(msg)
	}
	return nil
}

func (s *Shell) committed(msg pane.Committed) tea.Cmd {
	if s.current() == nil {
		return s.begin()
	}
	return s.broadcast(msg)
}

// paint switches the theme.
func (s *Shell) paint(p colorprofile.Profile, dark bool) tea.Cmd {
	s.env.Theme = theme.New(p, dark)
	return s.broadcast(pane.Themed{})
}

func (s *Shell) speak() tea.Cmd {
	s.env.Locale = s.env.Locale.Other()
	if k, err := keymap.New(s.env.Locale, s.opts.Keys); err == nil { // it was good with the same keys before
		s.keys = k
	}
	return s.broadcast(pane.Themed{})
}

func (s *Shell) resize(size layout.Size) {
	s.size = size
	if e := s.current(); e != nil {
		e.pane.SetSize(s.body())
	}
}

// body is what the frame leaves to the pane: all but the title and the footer.
func (s *Shell) body() layout.Size { return layout.Size{W: s.size.W, H: max(0, s.size.H-2)} }

// Err returns the panic that ended the session, after the program has; nil when it ended well.
func (s *Shell) Err() error {
	if s.crash == nil {
		return nil
	}
	return *s.crash
}

// Place returns where the session is; the start place before the first book.
func (s *Shell) Place() pane.Place {
	if e := s.current(); e != nil {
		return e.place
	}
	return s.opts.Start
}

func (s *Shell) crashed(r any, stack []byte) tea.Cmd {
	c := Crash{}
	if s.env.Report != nil {
		c.Path = s.env.Report(r, stack)
	}
	s.crash = &c
	return tea.Quit
}

// guard makes a command, and those it leads to, end in a Crash instead of a panic, so that the program quits in order, the terminal is restored and the
// report is named, over SSH too.
func (s *Shell) guard(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	report := s.env.Report
	var wrap func(tea.Cmd) tea.Cmd
	wrap = func(cmd tea.Cmd) tea.Cmd {
		if cmd == nil {
			return nil
		}
		return func() (msg tea.Msg) {
			defer func() {
				if r := recover(); r != nil {
					c := Crash{}
					if report != nil {
						c.Path = report(r, debug.Stack())
					}
					msg = c
				}
			}()
			msg = cmd()
			// Batches and sequences; the latter's type is not exported.
			if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
				for i := range v.Len() {
					inner, _ := v.Index(i).Interface().(tea.Cmd)
					v.Index(i).Set(reflect.ValueOf(wrap(inner)))
				}
			}
			return msg
		}
	}
	return wrap(cmd)
}
