// Package backtest answers how well the landing would have been forecast in every past period, had flightdeck been asked then.
//
// The origin rolls (Tashman 2000): for each period that has ended, the model is learned anew as of the evening before it began, and again after a third and two
// thirds of it, from what was known on that day and nothing later; what it said then is held against what came. A test shuffles everything after an origin
// and finds the same forecast. The present Outlook's own calibration rolls the same way inside each origin, so no figure here was fitted to itself.
//
// Accuracy = 1 − |F − A| / A of the median forecast F and the actual A, per org node; a node without an actual in a period has none and is counted apart.
// It may be negative, and medians are taken over nodes and periods. Beside it stand what a plain method would have said on the same day
// (landing.Baseline), how often the range from P10 to P90 held (80 % is right), the pinball loss as a share of the actual, and of the probabilities of single deals
// the Brier score, with Murphy's decomposition (1973): reliability − resolution + uncertainty, over ten bins.
//
// Periods before the first twenty closed deals are told as skipped. An org tree has no history, so people count where they hang now.
package backtest

import (
	"fmt"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/store"
)

// Length is how long the forecast periods are.
type Length string

// The lengths.
const (
	Month   Length = "month"
	Quarter Length = "quarter"
)

// Level is the kind of org node that is judged.
type Level string

// The levels.
const (
	Company Level = "company"
	Region  Level = "region"
	Team    Level = "team"
	Rep     Level = "rep"
)

// Query is what to judge. Zero values mean quarters and teams.
type Query struct {
	Length Length
	By     Level
}

// Parse reads a query's words. Its errors name the accepted ones.
func Parse(length, by string) (Query, error) {
	q := Query{Quarter, Team}
	switch l := Length(length); l {
	case "":
	case Month, Quarter:
		q.Length = l
	default:
		return q, fmt.Errorf("period %q: want month or quarter", store.Clip(length, 40))
	}
	switch l := Level(by); l {
	case "":
	case Company, Region, Team, Rep:
		q.By = l
	default:
		return q, fmt.Errorf("by %q: want company, region, team or rep", store.Clip(by, 40))
	}
	return q, nil
}

// Score is how a number of forecasts held.
type Score struct {
	N        int      `json:"n"`               // forecasts with an actual to hold them against
	Median   *float64 `json:"accuracy_median"` // null without any
	Mean     *float64 `json:"accuracy_mean"`
	Coverage *float64 `json:"coverage80"` // share of actuals from P10 to P90, of all forecasts, also those of which nothing came
	Pinball  *float64 `json:"pinball"`    // mean pinball loss of P10, P50 and P90 over the mean actual
	// Baselines are the median accuracies of plain methods on the same forecasts; a method that had nothing to say is not there.
	Baselines map[string]float64 `json:"baselines"`
}

// Brier is the mean square error of the probabilities said of single deals, and what it is made of.
type Brier struct {
	N           int           `json:"n"`
	Score       float64       `json:"score"`
	Reliability float64       `json:"reliability"`
	Resolution  float64       `json:"resolution"`
	Uncertainty float64       `json:"uncertainty"`
	Bins        []landing.Bin `json:"bins"`
}

// Summary is what the forecasts made before their periods began came to.
type Summary struct {
	Score
	Length  Length   `json:"period"`
	By      Level    `json:"by"`
	Periods int      `json:"periods"`
	Brier   *float64 `json:"brier"`
	Spread  float64  `json:"accuracy_p25"` // a quarter of the forecasts were worse
	NoData  int      `json:"no_actual"`    // nodes and periods in which nothing was won: accuracy means nothing there
	Skipped []string `json:"skipped"`      // periods that began with too little history
}

// Case is one forecast of one org node.
type Case struct {
	Period   analytics.Period `json:"-"`
	Name     string           `json:"period"`
	Origin   analytics.Day    `json:"origin"`  // the day as of whose end it was made
	Elapsed  int              `json:"elapsed"` // per cent of the period that had passed
	Node     store.ID         `json:"node"`
	NodeName string           `json:"name"`
	Actual   store.Money      `json:"actual"`
	P10      store.Money      `json:"p10"`
	P50      store.Money      `json:"p50"`
	P90      store.Money      `json:"p90"`
	Accuracy *float64         `json:"accuracy"` // null without an actual
	Inside   bool             `json:"inside"`   // the actual lies from P10 to P90
	// Baselines are the amounts of the plain methods, by name.
	Baselines map[string]store.Money `json:"baselines"`
}

// Part is the score of one node, or of one point in the period.
type Part struct {
	Node    store.ID `json:"node,omitempty"`
	Name    string   `json:"name,omitempty"`
	Elapsed int      `json:"elapsed"`
	Score
}

// Answer is the backtest.
type Answer struct {
	Stamp    analytics.Stamp `json:"stamp"`
	Scope    string          `json:"scope"`
	Summary  Summary         `json:"summary"`
	Horizons []Part          `json:"horizons"` // by how much of the period had passed
	Nodes    []Part          `json:"nodes"`    // at the period's start
	Deals    Brier           `json:"deals"`
	Cases    []Case          `json:"cases"`
}
