package sheet

import (
	"context"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

// Fact is one labelled thing known of the record. One that opens a place can be chosen.
type Fact struct {
	Key   string // identity among the facts, not shown
	Label string
	Text  string // "" leaves the fact out
	Style theme.Style
	Open  pane.Place // Kind None: opens nothing
}

// Note is a sentence that must not be overlooked.
type Note struct {
	Text  string
	Style theme.Style
}

// Section is a list that belongs to the record. The functions are called on the Update goroutine only.
type Section struct {
	ID      string // identity across loads and languages
	Title   string
	Count   string // "" is the number of rows
	Empty   string // what is said instead of no rows
	Right   bool   // stands in the right column of a wide screen
	Columns []table.Column
	Rows    table.Rows
	Above   func(s layout.Size) []string // a picture of the rows, where there is room; may be nil
	Open    func(i int) pane.Place       // what enter opens; nil: nothing
	Copy    func(i int) string           // for y; nil: nothing
	Link    func(i int) string           // the row's own address outside; nil: the record's
	About   func(i int) []string         // what the columns have no room for, plain lines; may be nil
}

// Page is a record as a session reads it.
type Page struct {
	Name     string
	Tail     string // after the name, muted
	Notes    []Note
	Facts    []Fact
	Picture  func(w int) []string // under the facts, where there is room; may be nil
	Sections []Section            // those that stand left first
	Left     int                  // per cent of a wide screen for the left column; 0: 45
	URL      string               // the record in its source; "" none
	Copy     string               // for y while the facts are chosen
}

// Kind says what a record's screen is made of.
type Kind[T any] struct {
	Word locale.Key // what the record is, until its name is known
	// Load asks the analysis. It runs off the Update goroutine and must not read the session's theme or language. [store.ErrNotFound] becomes the card
	// that says so.
	Load func(b *analytics.Book, p pane.Place) (T, error)
	// More, if there is one, adds what takes longer, once the answer is on the screen; it runs and may do as Load does. Carry brings what More added to an older answer
	// into a newer one, so that it stays on the screen until it is made anew.
	More  func(ctx context.Context, env *pane.Env, b *analytics.Book, p pane.Place, a T) (T, error)
	Carry func(from, to *T)
	// Page words an answer. It runs on the Update goroutine. org is the organisation's currency.
	Page    func(env *pane.Env, p pane.Place, org store.Currency, a *T) Page
	Table   func(a *T) analytics.Table // what is exported
	Metrics []string                   // keys of analytics/metric that the help explains
}
