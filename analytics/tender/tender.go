// Package tender matches public notices of purchases to open deals (采购节奏库): who buys, what, and where, with a score and its reason. A match from the rules' score on is
// suggested, of one notice the few likeliest of the whole company (forecast.tender.most: a notice is about one purchase, and names that are a little alike fill a list by the
// thousand); nothing is moved until a person says so, and what they say is a decision ([store.DecisionSuggestion]) of the deal and the notice.
//
// The score is the mean of three likenesses, weighed by the rules (section forecast, tender); what is not known of either side does not count:
//
//   - customer: names without brackets, legal forms and case, folded to one width. Likeness is Dice's coefficient of character bigrams (Dice 1945). A place at the
//     beginning of only one of the two names is left out; two different places are part of the names. A notice that names no buyer is looked through for the customer's name.
//     Under [floor] there is no match, whatever the rest says.
//   - product: the deal's product and its category, as words in the notice's title and text; of Chinese names the share of their bigrams that is there.
//   - region: the customer's city or region, in the notice's region, title or buyer.
//
// A notice moves a deal to the first open stage of the planning probability that the rules name for its kind, if the deal is not there yet; an award to somebody else
// to the first lost stage. An accepted move is what package credibility counts as proof. Amendments move nothing.
package tender

import (
	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// floor is the least likeness of names that makes a match.
const floor = 0.5

// State is what a person said of a suggestion.
type State string

// The states.
const (
	Suggested State = "suggested"
	Accepted  State = "accepted"
	Rejected  State = "rejected"
)

// Suggestion is a notice that seems to be about an open deal. Customer, Product and Region are likenesses, 0–1; -1: not known. To is the stage to which it moves the deal; ID "": none.
type Suggestion struct {
	Tender   store.ID       `json:"tender"`
	Kind     string         `json:"kind"`
	Title    string         `json:"title"`
	Buyer    string         `json:"buyer"`
	Winner   string         `json:"winner"`
	URL      string         `json:"url"`
	Day      analytics.Day  `json:"day"` // published
	Due      analytics.Day  `json:"due"` // NoDay: not told
	Deal     deal.Row       `json:"deal"`
	Score    float64        `json:"score"`
	Customer float64        `json:"customer"`
	Product  float64        `json:"product"`
	Region   float64        `json:"region"`
	Reason   analytics.Text `json:"reason"`
	To       deal.Stage     `json:"to"`
	State    State          `json:"state"`
	By       string         `json:"by,omitempty"`
	At       string         `json:"decided,omitempty"`
	Note     string         `json:"note,omitempty"`
	Decision uint64         `json:"decision,omitempty"`
}

// Answer is the suggestions of a scope, the likeliest first. Notices counts those young enough, Matched those of them with a deal in the scope, decided ones included.
type Answer struct {
	Stamp       analytics.Stamp `json:"stamp"`
	Rules       string          `json:"rules"`
	Scope       string          `json:"scope"`
	Notices     int             `json:"notices"`
	Matched     int             `json:"matched"`
	Suggestions []Suggestion    `json:"suggestions"`
}

// Decide is the decision that accepts or rejects a suggestion; accepting it moves the credited stage.
func (s *Suggestion) Decide(accept bool, note string) store.Decision {
	d := store.Decision{Slot: store.Slot{Kind: store.DecisionSuggestion, Subject: store.Ref{Entity: store.EntityDeal, ID: s.Deal.ID}, Topic: string(s.Tender)},
		After: store.Ruling{Verdict: store.VerdictRejected}, Note: note}
	if accept {
		d.After.Verdict, d.After.Stage = store.VerdictAccepted, s.To.ID
	}
	return d
}
