package desk

import (
	"context"
	"errors"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Session is one viewer at the desk: what a pane or a command of theirs may read and do. Its methods may be called from any goroutine. A nil Session is a desk that is
// empty and takes nothing, as in a picture that was made of records alone.
type Session struct {
	Viewer Viewer
	Live   *Live
	Book   func() *analytics.Book // the newest; nil as long as the store has not been read
	Marker store.Marker
}

var errNoDesk = errors.New("decide: nothing can be decided here; open the cockpit on a store of its own")

// View returns what was decided up to the end of the day as of which s is asked.
func (s *Session) View(b *analytics.Book, scope analytics.Scope) View {
	if s == nil {
		return View{}
	}
	return Of(s.Live.Desk(), b, scope)
}

// Now returns all that was decided.
func (s *Session) Now() View {
	if s == nil {
		return View{}
	}
	return s.Live.Desk().Now()
}

// Decide is [Live.Decide] for this viewer. It blocks on the disk: a pane calls it in a command.
func (s *Session) Decide(ctx context.Context, ds []store.Decision, ms ...store.Message) ([]store.Decision, error) {
	if s == nil {
		return nil, errNoDesk
	}
	return s.Live.Decide(ctx, s.Book(), s.Viewer, ds, ms...)
}

// Undo takes back what the viewer decided last and still stands, with all that they decided in the same moment: what was done to many at once is undone at once. It returns
// the entries that took it back, none when there is nothing. It blocks on the disk.
func (s *Session) Undo(ctx context.Context) ([]store.Decision, error) {
	if s == nil {
		return nil, errNoDesk
	}
	var ds []store.Decision
	for _, d := range s.Now().Latest(s.Viewer) {
		ds = append(ds, store.Decision{Undoes: d.Seq})
	}
	if len(ds) == 0 {
		return nil, nil
	}
	return s.Decide(ctx, ds)
}

// Marks returns the viewer's marks by name. It blocks on the disk.
func (s *Session) Marks(ctx context.Context) ([]store.Mark, error) {
	if s == nil {
		return nil, nil
	}
	return s.Marker.Marks(ctx, s.Viewer.ID())
}

// Mark keeps m for the viewer; whose it says that it is does not count. It blocks on the disk.
func (s *Session) Mark(ctx context.Context, m store.Mark) error {
	if s == nil {
		return nil
	}
	m.Person = s.Viewer.ID()
	return s.Marker.Mark(ctx, m)
}
