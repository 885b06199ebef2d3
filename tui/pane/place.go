package pane

import (
	"fmt"
	"net/url"
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Kind says what is shown at a place. Its word is the command on the command line, the host command over SSH and the first part of a deep link.
type Kind uint8

// The kinds. What [Place.ID] means for each stands beside it; where nothing stands it is empty.
const (
	None        Kind = iota
	Funnel           // stages of the pipeline
	Heatmap          // touches by time or by area; ID: the view's own choice of axes, empty for its default
	Migration        // grades month over month; ID: the view's own choice of month, empty for the latest
	Forecast         // by org node
	Sources          // what is syncing; ID: empty for all, or a source and its stream, see StreamPlace
	Deals            // a list of deals; ID: the list's own filter words, empty for all deals in the scope
	Touches          // a list of touches; ID: the list's own filter words
	Accounts         // a list of accounts; ID: the list's own filter words
	Moves            // a list of grade changes; ID: the list's own filter words
	Deal             // one deal; ID: its store.ID
	Account          // one account; ID: its store.ID
	Person           // one of us; ID: a store.PersonID
	Issues           // rows that could not be mapped; ID: a source, or empty for all
	Landing          // the open deals behind where a period lands, and what if they were otherwise
	Triage           // the red queue; ID: empty for the queue, board or trail
	Sandbag          // promises that follow the calendar, per rep and unit
	Habits           // the deals behind the habits of the scope's node; ID: cases
	Tenders          // notices that seem to be about open deals
	Weights          // what customers are graded by, and who would move by other weights
	Sandbox          // rules that are tried on the past before they are in force
	Evaluations      // what was judged by the rules; ID: an account, or empty for all
	Potential        // who is promoted as high potential
	Owed             // who is owed a visit, a call, content by the playbook of their grade
	Deviation        // the largest misses of a month's forecast, with their causes
	Morning          // what a team lead must know before the stand-up
	Held             // inputs of grading that are held, and what people say of them
	kinds
)

var words = [kinds]string{"", "funnel", "heatmap", "migration", "forecast", "sources", "deals", "touches", "accounts", "moves", "deal", "account", "person", "issues", "landing", "triage", "sandbag", "habits", "tenders", "weights", "sandbox", "evaluations", "potential", "owed", "deviation", "morning", "held"}

// Kinds returns every kind, in the order of the help.
func Kinds() []Kind {
	ks := make([]Kind, 0, kinds-1)
	for k := None + 1; k < kinds; k++ {
		ks = append(ks, k)
	}
	return ks
}

// Valid reports whether k is a declared kind other than None.
func (k Kind) Valid() bool { return k > None && k < kinds }

// String returns the word of k.
func (k Kind) String() string {
	if k < kinds {
		return words[k]
	}
	return fmt.Sprintf("%d?", uint8(k))
}

// One reports whether a place of kind k needs an ID to show anything.
func (k Kind) One() bool { return k == Deal || k == Account || k == Person }

// ParseKind reads what String writes.
func ParseKind(s string) (Kind, error) {
	for k := None + 1; k < kinds; k++ {
		if s == words[k] {
			return k, nil
		}
	}
	return None, fmt.Errorf("parse place %q: want one of %s", store.Clip(s, 40), strings.Join(words[1:], ", "))
}

// Place is what is shown: the key of caches and history, a deep link, a command line's argument. It is comparable.
type Place struct {
	Kind  Kind
	Scope analytics.Scope
	ID    string
}

// String prints p as a deep link that ParsePlace reads back: deal/tryton:12?as-of=2026-09-30. The viewer's Root is not part of it.
func (p Place) String() string {
	s := p.Kind.String()
	if p.ID != "" {
		s += "/" + url.PathEscape(p.ID)
	}
	if q := p.Scope.String(); q != "" {
		s += "?" + q
	}
	return s
}

// ParsePlace reads a deep link. Scope.Root is left empty: the shell sets it on every Open.
func ParsePlace(s string) (Place, error) {
	path, query, _ := strings.Cut(s, "?")
	word, id, _ := strings.Cut(path, "/")
	k, err := ParseKind(word)
	if err != nil {
		return Place{}, err
	}
	p := Place{Kind: k}
	if p.ID, err = url.PathUnescape(id); err != nil {
		return Place{}, fmt.Errorf("parse place %q: %w", store.Clip(s, 60), err)
	}
	p.ID = store.Clean(p.ID, store.MaxName)
	if k.One() && p.ID == "" {
		return Place{}, fmt.Errorf("parse place %q: want an identifier, as in %s/SOURCE:ID", store.Clip(s, 60), k)
	}
	if p.Scope, err = analytics.ParseScope(query); err != nil {
		return Place{}, err
	}
	return p, nil
}

// At returns a place of kind k with p's scope: what a drill-down opens.
func (p Place) At(k Kind, id string) Place { return Place{Kind: k, Scope: p.Scope, ID: id} }
