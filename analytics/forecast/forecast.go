// Package forecast answers, per node of the org tree down to the person: what was to come in, what has come in, what is promised, what is
// missing.
//
// A deal is in the forecast of a period when it was won and closed within it, or when it is open as of the day and can still come within it: its
// promised close lies there, on the as-of day or later. An open deal whose promised close has passed is overdue: it has not come, and counts in the
// period that the as-of day lies in until somebody moves its date; a past or a future period does not get it, not even the one that it was promised
// for. A period that has ended thus holds nothing but what was won, its gap is final, and quarters add up to their year. Each deal is in exactly one
// part: closed, commit, best case, pipeline or omitted. The rep's own category decides; where the source has none the stage's probability does
// (Rules.CommitAt, Rules.BestCaseAt). Parts are given separately, never cumulatively.
//
// A sum's amounts without a rate stand apart; those of Weighted are not multiplied.
//
// Weighted = closed + Σ value × probability over the open deals, omitted ones left out. The probability is the stage's planning figure;
// when the organisation gives none for any open stage, it is the stage's own history: of the deals that had reached it and have since
// closed, the share that was won (as of the day, the same scope's root, all periods).
//
// A node's quota is its own record for the period; without one the sum of its children's, marked partial when a child with deals has none.
// A record for exactly the period wins; else records within it that cover it are added; else the shortest one that contains it is taken pro rata by
// days; else records that cover a part of it are added, and the quota is marked partial: no attainment of a year may look like one of its quarter's.
// With a product, stage or industry filter there is no quota, for it is not of these deals alone.
package forecast

import (
	"flightdeck/analytics"
	"flightdeck/store"
)

// The parts, as [flightdeck/analytics/deal.Row].Reason names them.
const (
	Closed   = "closed"
	Commit   = "commit"
	BestCase = "best_case"
	Pipeline = "pipeline"
	Omitted  = "omitted"
)

// Row is one org node with all that hangs under it.
type Row struct {
	Node   store.ID `json:"node"` // "" for a company without a record of its own
	Name   string   `json:"name"` // "" for the unassigned node and a nameless company: the face says it in its language
	Kind   string   `json:"kind"`
	Depth  int      `json:"depth"`  // 0 for the first row
	Parent int      `json:"parent"` // index into Answer.Rows; -1 for the first

	HasQuota     bool          `json:"has_quota"`
	Quota        analytics.Sum `json:"quota"`
	QuotaPartial bool          `json:"quota_partial,omitempty"` // added up from children of which some have none, or from records for part of the period

	Closed   analytics.Sum `json:"closed"`
	Commit   analytics.Sum `json:"commit"`
	BestCase analytics.Sum `json:"best_case"`
	Pipeline analytics.Sum `json:"pipeline"`
	Omitted  analytics.Sum `json:"omitted"`
	Weighted analytics.Sum `json:"weighted"`
	// Gap: quota - (closed + commit); negative when over. Null without a quota.
	Gap store.Money `json:"gap"`
	// Attainment: closed of quota: Num and Den are ten thousandths, as many as a table shows, so 1.25 is 12500 of 10000. Den is 0 without a quota.
	Attainment analytics.Ratio `json:"attainment"`

	Deals    int `json:"deals"` // in the forecast, closed ones included
	Won      int `json:"won"`
	Open     int `json:"open"`
	Overdue  int `json:"overdue"`   // of Open: promised close passed
	Stale    int `json:"stale"`     // of Open: nothing happened for Rules.StaleDays
	NoAmount int `json:"no_amount"` // of Deals: counted, but adding nothing
	NoClose  int `json:"no_close"`  // open deals that promise no date: in no forecast, so not in Deals
}

// Answer is the forecast. Rows are in pre-order from the node asked about down to people; people and units without quota and deals are left
// out, the first row never is.
type Answer struct {
	Stamp      analytics.Stamp  `json:"stamp"`
	Scope      string           `json:"scope"`
	Period     analytics.Period `json:"-"`
	PeriodName string           `json:"period"` // Period as the fiscal calendar names it
	Rows       []Row            `json:"rows"`
	// Historic: no stage carries a planning probability, so weights come from the stages' own history.
	Historic bool `json:"historic_probability,omitempty"`
}
