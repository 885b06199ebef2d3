// Package lookup finds accounts and deals by what a person types of their names, among those that the person may see: what the palette asks on every key.
//
// A hit is the better the less is left to chance: the whole name, its beginning, the beginning of a word, anywhere, and last the letters in order but apart. Only
// for these the fuzzy library (sahilm/fuzzy) is asked, which knows no such classes and takes a microsecond per name: a second per million. The others come from the sets of
// rows that the Book keeps per word ([analytics.Book.DealsNamed]), which whoever types on narrows, so that a million names are answered within a frame.
//
// Within a class accounts stand before deals, since most deals bear their account's name, and short names before long ones.
package lookup

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sahilm/fuzzy"
)

// Class is how well a name is hit; the least is the best.
type Class uint8

// The classes, letter case ignored in all.
const (
	Exact     Class = iota // it is the name
	Beginning              // the name begins with it
	Word                   // a later word of the name does
	Inside                 // it stands elsewhere in the name
	Apart                  // its letters stand in the name in this order
)

// Hit is a name that was found.
type Hit struct {
	Index int // in what was searched
	Class Class
	Group uint8 // within a class the lower come first: those of what was searched, from 0
	Score int   // of class Apart, the more the better; else 0
	Size  int   // characters of the name
}

// Compare orders hits, the best first.
func Compare(x, y Hit) int {
	return cmp.Or(cmp.Compare(x.Class, y.Class), cmp.Compare(y.Score, x.Score), cmp.Compare(x.Group, y.Group), cmp.Compare(x.Size, y.Size), cmp.Compare(x.Index, y.Index))
}

// query is what was typed, in lower case: as it stands in a name, and without blanks.
type query struct{ whole, letters string }

func parse(text string) query {
	words := strings.Fields(strings.ToLower(text))
	return query{strings.Join(words, " "), strings.Join(words, "")}
}

// class says how a name in lower case holds the query as it stands.
func (q query) class(name string) (Class, bool) {
	at := strings.Index(name, q.whole)
	switch {
	case at < 0:
		return 0, false
	case at == 0 && len(name) == len(q.whole):
		return Exact, true
	case at == 0:
		return Beginning, true
	}
	first, size := utf8.DecodeRuneInString(q.whole)
	for {
		if before, _ := utf8.DecodeLastRuneInString(name[:at]); begins(before, first) {
			return Word, true
		}
		next := strings.Index(name[at+size:], q.whole)
		if next < 0 {
			return Inside, true
		}
		at += size + next
	}
}

// begins reports whether a word begins between two characters: after what is neither letter nor digit, and between Chinese and other letters, which have no blank
// between them.
func begins(before, r rune) bool {
	if !unicode.IsLetter(before) && !unicode.IsDigit(before) {
		return true
	}
	return unicode.Is(unicode.Han, before) != unicode.Is(unicode.Han, r)
}

// apart reports whether a name in lower case holds the query's letters in order.
func (q query) apart(name string) bool {
	for _, r := range q.letters {
		at := strings.IndexRune(name, r)
		if at < 0 {
			return false
		}
		name = name[at+utf8.RuneLen(r):]
	}
	return true
}

// score asks the fuzzy library about n names and calls hit with those that it takes.
func (q query) score(n int, name func(i int) string, hit func(i, score int)) {
	for _, m := range fuzzy.FindFromNoSort(q.letters, names{n, name}) {
		hit(m.Index, m.Score)
	}
}

type names struct {
	n    int
	name func(i int) string
}

// String and Len are a fuzzy.Source.
func (s names) String(i int) string { return s.name(i) }

// Len is the other half of it.
func (s names) Len() int { return s.n }

// Among returns which of n names hold what was typed, the best first. It looks at every one: for some thousands.
func Among(text string, n int, name func(i int) string) []Hit {
	q := parse(text)
	if q.whole == "" {
		return nil
	}
	var hits []Hit
	var rest []int
	for i := range n {
		s := name(i)
		low := strings.ToLower(s)
		if c, ok := q.class(low); ok {
			hits = append(hits, Hit{Index: i, Class: c, Size: utf8.RuneCountInString(s)})
		} else if q.apart(low) {
			rest = append(rest, i)
		}
	}
	q.score(len(rest), func(k int) string { return name(rest[k]) }, func(k, score int) {
		hits = append(hits, Hit{Index: rest[k], Class: Apart, Score: score, Size: utf8.RuneCountInString(name(rest[k]))})
	})
	slices.SortFunc(hits, Compare)
	return hits
}
