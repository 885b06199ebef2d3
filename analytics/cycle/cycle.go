// Package cycle holds what a rep promises for a deal beside what became of similar ones: the dual track (双轨制).
//
// Similar are deals that were won, by the as-of day, after standing in the deal's present stage: of its size (quarters of all won amounts), product and region,
// or, where there are fewer than the rules
// want (section forecast, dual_track: eight), of a coarser group, which the answer names: stage, size and product; stage and product; stage; last all won deals, from their first
// day. Measured are the days from entering the stage to being won, so that a deal far down the funnel is not held against the whole way. Amounts are held against
// those of won deals of the product and region, then the product, then all.
//
// Cycles are skewed, so everything is on the scale of log(1 + days), or log amount: centre and spread are the median and 1.4826 × the median absolute deviation
// (Rousseeuw and Croux 1993), each drawn to its parent group's as if that were eight deals more. Ties make the deviation 0; the parent's then stands in. A version more
// spreads from the centre than the rules say (two) is red; a promise that lies before the as-of day is red, too, since it can no longer be kept. A group under so many deals in
// all is said to be too few, and nothing is red by it.
//
// The rep's neutral version is the promised date and the amount. Optimistic and pessimistic ones are read from the custom fields that a source's mapping keeps
// under the names in [Fields]. Sources seldom have them, and none tells their history: the store keeps what each said and since when from its first sync on, so that a day before that has the
// neutral version alone. What versions said before stands beside what they say: a promise that was always kept in sight of its pessimistic version is another than one that ran away from it.
package cycle

import (
	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// Kind is which of the rep's versions.
type Kind string

// The versions.
const (
	Optimistic  Kind = "optimistic"
	Neutral     Kind = "neutral"
	Pessimistic Kind = "pessimistic"
)

// Fields are the names of the custom fields that hold the versions' dates (YYYY-MM-DD) and amounts (a decimal number in the deal's currency).
var Fields = map[Kind][2]string{
	Optimistic:  {store.FieldOptimisticClose.String(), store.FieldOptimisticAmount.String()},
	Pessimistic: {store.FieldPessimisticClose.String(), store.FieldPessimisticAmount.String()},
}

// Level is how alike the deals compared with are.
type Level string

// The levels of cycles, finest first, then those of amounts.
const (
	StageSizeProductRegion Level = "stage+size+product+region"
	StageSizeProduct       Level = "stage+size+product"
	StageProduct           Level = "stage+product"
	StageOnly              Level = "stage"
	AllDeals               Level = "all"
	ProductRegion          Level = "product+region"
	ProductOnly            Level = "product"
	TooFew                 Level = "too_few"
)

// Norm is what similar deals were like, in days or in minor units of the organisation's currency. Low and High are where red begins.
type Norm struct {
	Level  Level `json:"level"`
	N      int   `json:"n"`
	Centre int64 `json:"centre"`
	Low    int64 `json:"low"`
	High   int64 `json:"high"`

	centre, spread float64 // of the logarithms
}

// Bin counts similar deals whose cycle took From to To days; the last has no end, and To is 0.
type Bin struct {
	From int `json:"from"`
	To   int `json:"to"`
	N    int `json:"n"`
}

// Version is one of the rep's, held against the norms. Z is how many spreads it lies from the centre; null where it cannot be told.
type Version struct {
	Kind      Kind          `json:"version"`
	Close     analytics.Day `json:"close"`
	Days      int           `json:"days"` // from entering the stage; -1 unknown
	Z         *float64      `json:"z"`
	Red       bool          `json:"red"`
	Passed    bool          `json:"passed"` // the date lies before the as-of day
	Amount    store.Money   `json:"amount"`
	AmountZ   *float64      `json:"amount_z"`
	AmountRed bool          `json:"amount_red"`
	Told      analytics.Day `json:"told"`              // since when it says so; NoDay unknown
	Problem   string        `json:"problem,omitempty"` // what in the field could not be read
}

// Answer is one deal's two tracks. From says what days are counted from: stage, or created where no similar deal is known to have passed the stage.
type Answer struct {
	Stamp    analytics.Stamp `json:"stamp"`
	Deal     deal.Row        `json:"deal"`
	From     string          `json:"from"`
	Since    analytics.Day   `json:"since"` // the day that is
	Cycle    Norm            `json:"cycle_days"`
	Amount   Norm            `json:"amount_minor"`
	Bins     []Bin           `json:"histogram"`
	Versions []Version       `json:"versions"`
	Earlier  []Version       `json:"earlier"` // what they said before, the newest first, held against the same norms; not in lists
}

// Red reports whether any version is.
func (a *Answer) Red() bool {
	for i := range a.Versions {
		if a.Versions[i].Red || a.Versions[i].AmountRed {
			return true
		}
	}
	return false
}

// List is the deals of a scope with a red version, the largest first.
type List struct {
	Stamp  analytics.Stamp `json:"stamp"`
	Scope  string          `json:"scope"`
	Rows   []Answer        `json:"rows"`
	Judged int             `json:"judged"`  // open deals that were held against similar ones
	TooFew int             `json:"too_few"` // open deals for which there are none
}
