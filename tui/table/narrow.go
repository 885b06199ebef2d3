package table

import (
	"context"
	"strings"

	"flightdeck/analytics"
)

// Narrow returns which rows hold every word of text, as SetFilter has it; nil stands for all. It blocks while it looks, may be called on any goroutine, and ends early
// with ctx's error. among is its answer for the same rows and a text that this one Continues: only those are looked at; nil looks at all.
func Narrow(ctx context.Context, r Rows, text string, among *analytics.Picks) (*analytics.Picks, error) {
	words := strings.Fields(strings.ToLower(text))
	if text == "" || r.Match == nil {
		return nil, nil
	}
	if r.Find != nil {
		tests := make([]func(int) bool, 0, len(words))
		for _, w := range words {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			test := r.Find(w)
			if test == nil {
				break
			}
			tests = append(tests, test)
		}
		if len(tests) == len(words) {
			return analytics.Pick(ctx, r.Len, among, func(i int) bool {
				for _, test := range tests {
					if !test(i) {
						return false
					}
				}
				return true
			})
		}
	}
	return analytics.Pick(ctx, r.Len, among, func(i int) bool {
		s := strings.ToLower(r.Match(i))
		for _, w := range words {
			if !strings.Contains(s, w) {
				return false
			}
		}
		return true
	})
}

// Continues reports whether whoever typed before typed on until text: each word before is the beginning of one now, so that rows are only lost.
func Continues(text, before string) bool { return before != "" && strings.HasPrefix(text, before) }

// Narrowed is rows with a filter that was applied to them, and where in them a row stands: what a load makes off the Update goroutine for SetNarrowed.
type Narrowed struct {
	Rows   Rows
	Filter string
	View   *analytics.Picks // Narrow's of Rows and Filter
	Key    string           // the row that was selected when the load began; "": none
	At     int              // its position in the view; -1: it is not there
}

// Seek completes what a load made: it looks for the row with n.Key, at first near the position at. It may be called on any goroutine.
func (n *Narrowed) Seek(key string, at int) {
	t := Table{rows: n.Rows, view: n.View}
	n.Key, n.At = key, -1
	if key == "" {
		return
	}
	if p, ok := t.find(key, at); ok {
		n.At = p
	}
}

// SetNarrowed is SetRows and SetFilter in one, without a walk over the rows. What Restore gave is applied.
func (t *Table) SetNarrowed(n Narrowed) {
	want, at := t.Wanted()
	t.restore(n.Rows.Len > 0)
	t.filter = n.Filter
	t.put(n.Rows, n.View)
	t.at = at
	switch {
	case want == "" || t.keyAt(at) == want:
	case want == n.Key && n.At >= 0:
		t.at = n.At
	case want != n.Key: // one moved on while the load was under way: not far, else it is let go
		if p, ok := t.near(want, at); ok {
			t.at = p
		}
	}
	t.clamp()
}

// Wanted returns the selected row, or the one that Restore wants selected when rows come, and its position: what Seek looks for.
func (t *Table) Wanted() (key string, at int) {
	if t.wanted != nil {
		return t.wanted.Key, t.wanted.At
	}
	return t.keyAt(t.at), t.at
}

// SetView puts the view of another filter in place: Narrow's answer for the rows that are there and text.
func (t *Table) SetView(text string, view *analytics.Picks) {
	if t.wanted != nil {
		t.wanted.Filter = text
	}
	t.show(text, view)
}

// Narrowing returns what was picked for the filter that is shown: what Narrow takes as among. nil: all rows are shown.
func (t *Table) Narrowing() *analytics.Picks { return t.view }
