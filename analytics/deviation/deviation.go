// Package deviation reports where a month's forecast and what came of it parted (预测归因报告): the largest misses, each with the causes that its evidence names and
// the sentence that names them.
//
// Expected of a deal is its amount on the eve of the period, if it was open then and promised for the period; what came is its amount, if it was won in the period. The difference is its
// miss, and the misses of all deals add up to what came less what was promised, without residue. A deal counts for who owned it at the period's end (or the as-of day, when
// that comes first); deals without an amount, or without a rate, are counted and in no sum.
//
// Causes are tags of the rules (section forecast, deviation): each lists words, and fires on a sentence that holds one. Sentences are taken from the topics and notes of touches that
// name the deal, from the titles of its documents, and, of a lost deal, from the custom fields in [Fields], all from sixty days before the period to its end. What customers take well
// (a positive touch) is no cause. A reason that somebody entered weighs five, a negative touch two, anything else one; a deal's tags are in the order of their weight. A word of
// Latin letters must begin where a word begins. A miss that nothing explains says so, and the report says how much of the missed money that is. Only shortfalls are explained.
//
// People correct tags; a correction is a decision ([store.DecisionTag]) of the deal and the period, kept with who and when, and the report counts how often the first derived tag was
// kept. What is derived stays beside it.
package deviation

import (
	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// Fields are the custom fields in which sources keep why a deal was lost.
var Fields = []string{"lost_reason", "loss_reason", "competitor"}

// Kind is how a deal parted from its forecast.
type Kind string

// The kinds. Those of a shortfall come first.
const (
	Slipped Kind = "slipped" // promised, and still open
	Lost    Kind = "lost"
	Shrunk  Kind = "shrunk"  // won for less
	Grown   Kind = "grown"   // won for more
	Early   Kind = "early"   // won, and promised for another time, or for none
	Fresh   Kind = "created" // won, and not even there on the eve
)

// Tag is a cause of a miss with the sentences that named it, the weightiest first.
type Tag struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	NameEn   string     `json:"name_en"`
	Weight   int        `json:"weight"`
	Evidence []Sentence `json:"evidence"`
}

// Sentence is where a tag fired. Source is touch, document or field; ID the touch's or document's, or the field's name.
type Sentence struct {
	Source string        `json:"source"`
	ID     store.ID      `json:"id"`
	Day    analytics.Day `json:"day"`
	By     string        `json:"by"`
	Text   string        `json:"text"`
	Word   string        `json:"word"`
}

// Correction is what somebody put in place of the derived tags.
type Correction struct {
	Tags     []string `json:"tags"`
	By       string   `json:"by"`
	At       string   `json:"at"`
	Note     string   `json:"note"`
	Decision uint64   `json:"decision"`
}

// Miss is one deal's. Expected and Actual are in the organisation's currency; Diff is Actual − Expected. Promised is the date on the eve, Now the one at the end (of a closed deal the actual).
type Miss struct {
	Deal       deal.Row      `json:"deal"`
	Kind       Kind          `json:"kind"`
	Expected   store.Money   `json:"expected"`
	Actual     store.Money   `json:"actual"`
	Diff       store.Money   `json:"diff"`
	Promised   analytics.Day `json:"promised"`
	Now        analytics.Day `json:"now"`
	Pushes     int           `json:"pushes"` // of the promise within the period
	Tags       []Tag         `json:"tags"`   // derived
	Correction *Correction   `json:"correction"`
}

// Causes returns the tags that hold: the corrected ones, else the derived ones; none: unexplained.
func (m *Miss) Causes() []string {
	if m.Correction != nil {
		return m.Correction.Tags
	}
	var ids []string
	for _, t := range m.Tags {
		ids = append(ids, t.ID)
	}
	return ids
}

// Share is how much of the shortfall has a cause as its first. ID "" is what nothing explains.
type Share struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	NameEn string      `json:"name_en"`
	Deals  int         `json:"deals"`
	Money  store.Money `json:"money"`
	Part   float64     `json:"part"` // of the shortfall, 0–1
}

// Answer is a period's report. Shortfall is the sum of the misses below nought, Surplus of those above; Promised + Shortfall + Surplus = Actual. Misses are the largest first, whatever
// their sign, so many as the rules say.
type Answer struct {
	Stamp     analytics.Stamp  `json:"stamp"`
	Rules     string           `json:"rules"`
	Scope     string           `json:"scope"`
	Period    analytics.Period `json:"period"`
	Name      string           `json:"period_name"`
	Running   bool             `json:"running"` // it has not ended on the as-of day
	Promised  store.Money      `json:"promised"`
	Actual    store.Money      `json:"actual"`
	Shortfall store.Money      `json:"shortfall"`
	Surplus   store.Money      `json:"surplus"`
	Missed    int              `json:"missed"`   // deals with a miss
	NoValue   int              `json:"no_value"` // promised or won without an amount, or without a rate
	Misses    []Miss           `json:"misses"`
	Causes    []Share          `json:"causes"`
	Corrected int              `json:"corrected"` // shortfalls whose tags somebody corrected
	Kept      int              `json:"kept"`      // of these, first derived tags that stayed
}

// Topic is under which the tags of a period are corrected.
func Topic(name string) string { return "deviation/" + name }
