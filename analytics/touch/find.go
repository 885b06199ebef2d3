package touch

import (
	"strings"
	"sync"

	"flightdeck/analytics"
	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Find returns what says of each row whether word is found in a name of its rep, account, deal or contact, in its topic, note or area, or in its channel as a face
// writes it. word is in lower case and holds no blank. It blocks until the rows are in order and the names were looked through, and returns nil where the rows
// are no touches; what it returns may be asked on several goroutines.
func (v *View) Find(word string, channel func(store.Channel) bool) func(i int) bool {
	if v.rank == nil {
		return nil
	}
	b, t, refs := v.b, v.b.Touches(), v.rank.Sorted()
	people, accounts, deals := b.PeopleNamed(word), b.AccountsNamed(word), b.DealsNamed(word)
	topics, areas, contacts := b.TopicsNamed(word), b.AreasNamed(word), b.AccountsOfContact(word)
	needle := column.NewNeedle(word)
	notes := v.notes.holding(v, needle, word)
	var channels [256]bool
	for c := range channels {
		channels[c] = channel(store.Channel(c))
	}
	return func(i int) bool {
		r := int(refs[i].row)
		account := t.Account.At(r)
		if people.Has(t.Rep.At(r)) || accounts.Has(account) || channels[t.Channel.At(r)] || topics.Has(t.Topic.At(r)) || areas.Has(t.Area.At(r)) ||
			deals.Has(t.Deal.At(r)) || notes.Has(int32(r)) {
			return true
		}
		return contacts.Has(account) && needle.In(b.ContactName(account, t.Contact(r)))
	}
}

// notes finds words in what was noted at a view's touches. Nobody else looks there, and all notes are most of a Book's bytes: so they are put in lower case for a view alone,
// where somebody looks for letters, and the last word's rows are kept for whoever types on.
type notes struct {
	folded column.Folded
	mu     sync.Mutex
	last   string
	marks  column.Marks // of last; of "": all rows of the view
}

// holding returns the rows of the Book's touches that are in v and whose note holds word.
func (n *notes) holding(v *View, needle column.Needle, word string) column.Marks {
	t := v.b.Touches()
	n.mu.Lock()
	within := n.marks
	if n.last != "" && !strings.Contains(word, n.last) {
		within = nil
	}
	n.mu.Unlock()
	if within == nil {
		within = column.NewMarks(t.Len())
		for _, r := range v.rank.Sorted() {
			within.Mark(int(r.row))
		}
	}
	marks := column.NewMarks(t.Len())
	analytics.Share(column.Blocks(t.Len()), func(first, last int) { needle.Mark(&n.folded, t.Notes(), within, marks, first, last) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last, n.marks = word, marks
	return marks
}
