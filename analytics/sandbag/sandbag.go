// Package sandbag finds promises that follow the calendar and not the customer (压单, 灌水), per rep and unit, with the deals behind it and a fair test.
//
// Three habits are looked for among the deals of the last months (rules, section forecast, clustering), each against chance:
//
//   - Clustered: the days of the month for which won deals had been promised against those on which they closed. The distance is the earth mover's on the circle of 31
//     days (the 30th lies next to the 1st); how far chance gets is seen by swapping promise and close within deals at random, which is what "the promise says what the
//     customer does" would allow. Only promises that gather in the rule's days more than the closes do are a finding.
//   - Over: pushes of a promise that land in the first days after the end of the quarter in which it lay. A push of L days with no eye on the calendar does so with probability
//     min(L, days)/91; the count is held against the mean of these by the binomial distribution.
//   - Rush: wins in the last days of a quarter, by the binomial distribution against the rate of everybody else in the company, since whole companies close late, or
//     the calendar's where that is higher.
//
// Each is a one-sided test. Over all people, and over all units, findings are kept below the rule's rate of false ones (Benjamini and Hochberg 1995, [Test.Q]). Under the
// rule's number of deals, or pushes, nothing is said ("too few"), and the test does not count among those corrected for. Permutations stop once twenty were as extreme
// (Besag and Clifford 1991); of more than a thousand deals a thousand, evenly spread, are taken, which is ample; they are drawn from a source seeded with the node's ID, so that the same facts give the same figure.
//
// The promise held against a close is the one that stood on the day before it; a deal without a history of promises has none. Deals count for who owned them on the as-of day.
package sandbag

import (
	"flightdeck/analytics"
	"flightdeck/store"
)

// Finding is a habit.
type Finding string

// The findings.
const (
	Clustered Finding = "clustered"
	Over      Finding = "over"
	Rush      Finding = "rush"
)

// Test is one habit of one node. K of N are so; Share is K/N, and Expected what chance gives. P is the test's, Q after correction for how many were tested; both 1 where it was not made.
type Test struct {
	N        int     `json:"n"`
	K        int     `json:"k"`
	Share    float64 `json:"share"`
	Expected float64 `json:"expected"`
	P        float64 `json:"p"`
	Q        float64 `json:"q"`
	TooFew   bool    `json:"too_few"`
	Red      bool    `json:"red"`
}

// Row is one person or unit. Of Clustered, K counts promises in the rule's days and Expected is the share of closes there. Distance is the earth mover's, in days. Early is the median of
// promised − actual in days: above 0 deals close before their promise, as with somebody who holds back. Raised is the median of won amount ÷ the amount 30 days before, 0 where
// nothing is known.
type Row struct {
	Node     store.ID `json:"node"`
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Deals    int      `json:"deals"` // won ones with a promise
	Distance float64  `json:"distance"`
	Actual   float64  `json:"actual_share"` // of closes in the rule's actual days
	Cluster  Test     `json:"clustered"`
	Over     Test     `json:"over"`
	Rush     Test     `json:"rush"`
	Early    int      `json:"median_early"`
	Raised   float64  `json:"raised"`
}

// Red reports whether any habit was found.
func (r *Row) Red() bool { return r.Cluster.Red || r.Over.Red || r.Rush.Red }

// TooFew reports whether nothing could be tested.
func (r *Row) TooFew() bool { return r.Cluster.TooFew && r.Over.TooFew && r.Rush.TooFew }

// Answer is the nodes of a scope: first those with findings, the surest first.
type Answer struct {
	Stamp  analytics.Stamp  `json:"stamp"`
	Rules  string           `json:"rules"`
	Scope  string           `json:"scope"`
	Window analytics.Period `json:"window"`
	Least  int              `json:"least"` // fewer say nothing
	Rows   []Row            `json:"rows"`
	People int              `json:"people"`  // with a deal or a push in the window
	TooFew int              `json:"too_few"` // of whom nothing can be said
	Red    int              `json:"red"`     // of whom a habit was found
}

// Case is one deal behind a finding. From and To are the promise before and after a push, or the promise and the actual close; Day is when it happened.
type Case struct {
	Finding Finding        `json:"finding"`
	Deal    store.ID       `json:"deal"`
	Name    string         `json:"name"`
	Owner   string         `json:"owner"`
	Day     analytics.Day  `json:"day"`
	From    analytics.Day  `json:"from"`
	To      analytics.Day  `json:"to"`
	Value   store.Money    `json:"value"`
	Reason  analytics.Text `json:"reason"`
}

// CaseList is the deals behind a node's figures, the newest first.
type CaseList struct {
	Stamp analytics.Stamp `json:"stamp"`
	Row   Row             `json:"row"`
	Cases []Case          `json:"cases"`
}
