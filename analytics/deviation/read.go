package deviation

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// five is what a reason that somebody entered weighs; negative a touch that the customer took badly.
const (
	five     = 5
	negative = 2
	plain    = 1
)

// lead is how many days before the period evidence counts.
const lead = 60

// shown is how many sentences a tag shows.
const shown = 3

// reader derives tags from what is known of deals.
type reader struct {
	b     *analytics.Book
	tags_ []rule.Tag
	words [][]string // by tag, in lower case
	from  analytics.Day
	end   analytics.Day
}

func newReader(b *analytics.Book, r *rule.Deviation, p analytics.Period, end analytics.Day) *reader {
	x := &reader{b: b, tags_: r.Tags, from: p.From - lead, end: end}
	for _, t := range r.Tags {
		var words []string
		for _, w := range t.Words {
			if w = strings.ToLower(strings.TrimSpace(w)); w != "" {
				words = append(words, w)
			}
		}
		x.words = append(x.words, words)
	}
	return x
}

// any reports whether text holds one of the tags' words anywhere.
func (r *reader) any(text string) bool {
	if text == "" {
		return false
	}
	lower := strings.ToLower(text)
	for _, words := range r.words {
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
	}
	return false
}

// tags returns the causes that a deal's evidence names, the weightiest first.
func (r *reader) tags(x *parted) []Tag {
	found := make([]Tag, len(r.tags_))
	weights := make([][]int, len(r.tags_))
	take := func(s Sentence, weight int) {
		lower := strings.ToLower(s.Text)
		for i, words := range r.words {
			for _, w := range words {
				if !holds(lower, w) {
					continue
				}
				s.Word = w
				found[i].Weight += weight
				found[i].Evidence, weights[i] = append(found[i].Evidence, s), append(weights[i], weight)
				break
			}
		}
	}
	touches := r.b.Touches()
	for _, row := range r.b.DealTouches(x.deal) {
		day := touches.Day().At(int(row))
		if day < r.from || day > r.end {
			continue
		}
		weight := plain
		switch touches.Sentiment.At(int(row)) {
		case store.SentimentPositive:
			continue
		case store.SentimentNegative:
			weight = negative
		}
		if !r.any(r.b.Topic(touches.Topic.At(int(row)))) && !r.any(touches.Notes().At(int(row))) { // most say nothing of the kind, and need not be taken apart
			continue
		}
		t := r.b.Touch(int(row))
		for _, s := range append([]string{t.Topic}, sentences(t.Note)...) {
			take(Sentence{Source: "touch", ID: t.ID, Day: day, By: r.b.PersonName(t.Rep), Text: s}, weight)
		}
	}
	for day, e := range r.b.Evidence(x.deal) {
		if day >= r.from && day <= r.end {
			take(Sentence{Source: "document", ID: e.ID, Day: day, By: r.b.PersonName(e.By), Text: e.Title}, plain)
		}
	}
	if x.kind == Lost {
		rec := r.b.Deal(x.deal)
		for _, f := range Fields {
			if v := rec.Extra[f]; v != "" {
				text, weight := v, five
				if f == "competitor" { // a name: that there is one is all it says
					text, weight = f+": "+v, plain
				}
				take(Sentence{Source: "field", ID: store.ID(f), Day: rec.Close, By: r.b.PersonName(rec.Owner), Text: text}, weight)
			}
		}
	}
	var out []Tag
	for i := range found {
		t := &found[i]
		if t.Weight == 0 {
			continue
		}
		t.ID, t.Name, t.NameEn = r.tags_[i].ID, r.tags_[i].Name, r.tags_[i].NameEn
		order := make([]int, len(t.Evidence))
		for k := range order {
			order[k] = k
		}
		slices.SortStableFunc(order, func(p, q int) int {
			return cmp.Or(cmp.Compare(weights[i][q], weights[i][p]), cmp.Compare(t.Evidence[q].Day, t.Evidence[p].Day))
		})
		top := make([]Sentence, 0, shown)
		for _, k := range order[:min(shown, len(order))] {
			top = append(top, t.Evidence[k])
		}
		t.Evidence = top
		out = append(out, *t)
	}
	slices.SortStableFunc(out, func(p, q Tag) int { return cmp.Compare(q.Weight, p.Weight) })
	return out
}

// sentences splits a note where Chinese and English sentences and clauses end. A full stop within a number or a word ends none.
func sentences(note string) (out []string) {
	from := 0
	for i, c := range note {
		end := strings.ContainsRune("。！？；!?;\n", c)
		if c == '.' {
			next, _ := utf8.DecodeRuneInString(note[i+1:])
			end = i+1 == len(note) || unicode.IsSpace(next)
		}
		if end {
			out = put(out, note[from:i])
			from = i + utf8.RuneLen(c)
		}
	}
	return put(out, note[from:])
}

func put(out []string, s string) []string {
	if s = strings.TrimSpace(s); s != "" {
		return append(out, s)
	}
	return out
}

// holds reports whether lower, which is in lower case, holds a word: one of Latin letters where a word begins, another anywhere.
func holds(lower, word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	for at := 0; ; {
		i := strings.Index(lower[at:], word)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(lower[:at+i])
		if first >= utf8.RuneSelf || at+i == 0 || before >= utf8.RuneSelf || !unicode.IsLetter(before) && !unicode.IsDigit(before) {
			return true
		}
		at += i + len(word)
	}
}
