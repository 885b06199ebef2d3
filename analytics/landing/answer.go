package landing

import (
	"strconv"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Basis says what a landing's figures are made of.
type Basis string

// The bases.
const (
	Modelled Basis = "model"  // learned from the company's own history, calibrated on its own past forecasts
	Simple   Basis = "simple" // too little history: only what is closed and the weighted pipeline, without a range
)

// Row is where one org node, with all that hangs under it, lands in the period. Money is in the organisation's currency.
type Row struct {
	Node   store.ID `json:"node"` // "" for a company without a record of its own
	Name   string   `json:"name"` // "" for the unassigned node and a nameless company: the face says it in its language
	Kind   string   `json:"kind"`
	Depth  int      `json:"depth"`  // 0 for the first row
	Parent int      `json:"parent"` // index into Answer.Rows; -1 for the first

	// P10, P50, P90: with one chance in ten, five in ten, nine in ten the period ends at or below. Null when the basis is simple. Quantiles of parts do not add up;
	// the draws that they are taken of do, and so do the means.
	P10  store.Money `json:"p10"`
	P50  store.Money `json:"p50"`
	P90  store.Money `json:"p90"`
	Mean store.Money `json:"mean"`

	Closed analytics.Sum `json:"closed"` // won in the period by the as-of day
	Open   store.Money   `json:"from_open"`
	New    store.Money   `json:"from_new"` // expected of deals that do not exist yet

	// What a manager has beside it; see package forecast.
	Commit   analytics.Sum `json:"commit"`
	BestCase analytics.Sum `json:"best_case"`
	Weighted analytics.Sum `json:"weighted"`
	HasQuota bool          `json:"has_quota"`
	Quota    analytics.Sum `json:"quota"`
	// Reach is the share of draws that reach the quota: Num of Den draws. Den is 0 without a quota, or without draws.
	Reach analytics.Ratio `json:"reach"`

	Deals    int           `json:"open_deals"`             // open ones, whatever they promise
	NoAmount int           `json:"no_amount"`              // of Deals: counted with what such deals have brought
	Wild     int           `json:"wild,omitempty"`         // of Deals: an amount far beyond any ever won, counted as the largest ever won
	Missing  []store.Money `json:"without_rate,omitempty"` // amounts of open deals in currencies without a rate: in no figure here
}

// Bin is how probabilities of one size have held: of N that were said to be about Said, Came of one hundred per cent came true.
type Bin struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"`
	Said float64 `json:"said"` // mean
	Came float64 `json:"came"` // share
}

// History says what the figures were learned from.
type History struct {
	Won       int           `json:"won"`  // closed deals by the as-of day
	Lost      int           `json:"lost"` //
	Since     analytics.Day `json:"since"`
	Origins   int           `json:"past_forecasts"` // past forecasts of such a window that the calibration rests on
	Pipeline  float64       `json:"pipeline_share"` // how much the pipeline counts against what a node usually brings, 0 to 1
	Plain     float64       `json:"stage_weighted"` // how much the stage-weighted pipeline counts against both, 0 to 1; 0 without promises or planning probabilities
	Bias      float64       `json:"bias"`           // what came over what was expected, in these; the figures are corrected by it
	Company   float64       `json:"company_shock"`  // standard deviations of the shared shocks, relative
	Team      float64       `json:"team_shock"`
	Bins      []Bin         `json:"reliability"`
	NeedWon   int           `json:"need_won"` // how many won and how many closed deals are the least to learn from
	NeedClose int           `json:"need_closed"`
}

// Answer is the landing. Rows are in pre-order from the node asked about down to people; people and units without anything are left out, the first row
// never is.
type Answer struct {
	Stamp      analytics.Stamp  `json:"stamp"`
	Scope      string           `json:"scope"`
	Period     analytics.Period `json:"-"`
	PeriodName string           `json:"period"`
	Basis      Basis            `json:"basis"`
	History    History          `json:"history"`
	Rows       []Row            `json:"rows"`
}

func amount(m store.Money) string {
	if !m.Given() {
		return ""
	}
	return m.Amount()
}

// Table gives the landing as raw cells, one row per org node.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"node", "name", "kind", "depth", "currency", "p10", "p50", "p90", "mean", "closed", "from_open", "from_new",
		"commit", "best_case", "weighted", "quota", "reach", "open_deals", "no_amount", "without_rate"}}
	for i := range a.Rows {
		r := &a.Rows[i]
		quota := ""
		if r.HasQuota {
			quota = r.Quota.Cell()
		}
		t.Rows = append(t.Rows, []string{string(r.Node), r.Name, r.Kind, strconv.Itoa(r.Depth), string(r.Closed.Money.Currency), amount(r.P10), amount(r.P50),
			amount(r.P90), amount(r.Mean), r.Closed.Cell(), amount(r.Open), amount(r.New), r.Commit.Cell(), r.BestCase.Cell(), r.Weighted.Cell(), quota,
			r.Reach.Cell(), strconv.Itoa(r.Deals), strconv.Itoa(r.NoAmount), analytics.Sum{Missing: r.Missing}.MissingCell()})
	}
	return t
}
