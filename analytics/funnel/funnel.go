// Package funnel answers N1: per stage, how many deals and how much money stand there, how many came in, how many went on, and how long
// they stayed.
//
// Every figure is defined so that it opens: [Deals] gives the rows behind any of them, from the same kernel. The definitions are those of
// the [Stage] fields; the rules they share:
//
//   - A deal's way through the stages is its stage changes. Created opens it: before the first change it stood where that change came from.
//     A source that gives no stage history gives one entry: the current stage, since Created. (A closed deal without stage history entered
//     the first open stage at Created and the closed stage at Close.)
//   - Stages are in funnel order: open ones by Order, then won, then lost, then any that nobody declared. A deal has reached a stage when
//     it stood there or, without going to lost, in a later one: a jump reaches every stage that it skips, at the moment of the jump. A deal
//     created in a late stage thus has reached the earlier ones on that day. So conversion never exceeds 100 %. Lost is reached by standing
//     there and implies no other stage.
//   - Going backward reaches nothing new; coming forward again neither: a deal counts once per stage, at its first time. A reopened deal
//     (won or lost, then open again) keeps what it had reached, and counts as won or lost only while it is so as of the day.
package funnel

import (
	"flightdeck/analytics"
	"flightdeck/store"
)

// Stage is one stage's figures.
type Stage struct {
	ID          store.ID        `json:"id"`
	Name        string          `json:"name"`
	NameEn      string          `json:"name_en"`
	Kind        store.StageKind `json:"kind"`
	Probability int             `json:"probability"` // per cent
	// Count and Amount: for an open stage the deals that stand in it as of the day, whatever the period; for won and lost those that closed
	// within the period and are won or lost as of the day.
	Count    int           `json:"count"`
	Amount   analytics.Sum `json:"amount"`
	NoAmount int           `json:"no_amount"` // of Count, those without an amount
	// Entered: deals that first reached this stage within the period (up to the as-of day).
	Entered int `json:"entered"`
	// Advanced: of Entered, those that by the as-of day had reached a later stage other than lost. Always 0 for won and lost.
	Advanced int `json:"advanced"`
	// Lost: of Entered, those that are lost as of the day and did not advance: they were lost here.
	Lost int `json:"lost_here"`
	// Remaining: Entered - Advanced - Lost.
	Remaining int `json:"remaining"`
	// Conversion: Advanced of Entered.
	Conversion analytics.Ratio `json:"conversion"`
	// MedianDays: the median length of the completed stays that ended within the period: from the day a deal stepped into the stage to the day it
	// stepped out, in days; -1 when there is none. A stage that was skipped has no stay; one that was visited twice has two. The median
	// of an even number is the mean of the middle two.
	MedianDays float64 `json:"median_days"`
	Stays      int     `json:"stays"`
}

// Answer is the funnel.
type Answer struct {
	Stamp      analytics.Stamp  `json:"stamp"`
	Scope      string           `json:"scope"`
	Period     analytics.Period `json:"-"`
	PeriodName string           `json:"period"` // Period as the fiscal calendar names it
	Stages     []Stage          `json:"stages"`
	// Open: all open deals that stand as of the day.
	Open       int           `json:"open"`
	OpenAmount analytics.Sum `json:"open_amount"`
	// NoStage: deals of the scope that stand in no stage as of the day, since their source gives none; they are in no other figure.
	NoStage int `json:"no_stage"`
	// WinRate: won of all that closed within the period.
	WinRate analytics.Ratio `json:"win_rate"`
	// MedianCycle: the median days from Created to the close of the deals won within the period; -1 when there is none.
	MedianCycle float64 `json:"median_cycle_days"`
}

// Set names the deals behind a figure of a stage.
type Set string

// The sets: Standing is Count.
const (
	Standing Set = "standing"
	Entered  Set = "entered"
	Advanced Set = "advanced"
	Lost     Set = "lost"
	Stays    Set = "stays"
)
