// Package morning is what a team lead must know before the stand-up (晨会): where the period lands, which customers' grade or health moved and why, which forecasts
// turned red, what closed or slipped, which visits and calls are owed today, who has not logged, and how old each source's data is.
//
// It computes nothing that another analysis has: grades and causes are analytics/migration's, flags analytics/triage's, debts analytics/playbook's, the landing
// analytics/landing's. What is its own is the comparison of deals, health and logging with the day on which whoever asks looked last.
//
// Since when: facts have days, not all of them hours, so what is compared is the end of a day with now. Who looked yesterday morning has not seen what happened later
// that day; so the comparison begins with the end of the day before the last look, and nothing is lost, though some is told twice. Who looked today already
// sees what the first look of the day showed: otherwise a second glance would be empty. Who never looked is told what happened since the last working day began.
//
// A part that cannot be told, such as logging where no source gives touches, says so and is not empty.
package morning

import (
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/playbook"
	"flightdeck/analytics/source"
	"flightdeck/analytics/triage"
	"flightdeck/store"
)

// Question is what the morning is asked about. The scope's period is that of the landing, its product and stage play no part.
type Question struct {
	Scope   analytics.Scope
	Looked  time.Time        // when whoever asks looked last, before today; zero: never, or nobody knows
	Landing *landing.Landing // where the scope's period lands; nil: not learned (yet), the promises stand alone
	// Quick leaves out what a day's first question has to learn before it can be told: the red flags. A screen shows the rest meanwhile.
	Quick bool
}

// Answer is the morning of an org node. Lists hold the first Rules.Most of what there is, the counts beside them say of how many.
type Answer struct {
	Stamp analytics.Stamp `json:"stamp"`
	Rules string          `json:"rules"`
	Scope string          `json:"scope"`
	Node  string          `json:"node"` // its name; "": the company
	From  analytics.Day   `json:"from"` // what stood at the end of this day …
	Day   analytics.Day   `json:"day"`  // … against the end of this one, or now
	// Since is the day of the last look, or the working day that stands for it.
	Since  analytics.Day `json:"since"`
	Looked bool          `json:"looked"` // somebody looked then

	Landing Landing `json:"landing"`

	Grades    []migration.Move `json:"grades"`
	GradeUp   int              `json:"grades_up"`
	GradeDown int              `json:"grades_down"`
	Health    []HealthMove     `json:"health"` // of customers whose grade stayed
	Healthier int              `json:"health_up"`
	Sicker    int              `json:"health_down"`

	// Held are inputs of the rules that are not believed now, with since when and how many customers' grades are left alone for them; HeldCustomers is how many there are in all.
	Held          []Held `json:"held"`
	HeldCustomers int    `json:"held_customers"`

	// RulesWrong says what is wrong with the file of rules now, line by line; "": nothing, and what is told rests on that file. RulesWrongSince is since when.
	RulesWrong      string    `json:"rules_wrong,omitempty"`
	RulesWrongSince time.Time `json:"rules_wrong_since,omitzero"`

	// Waits are streams that are being read for the first time, so that customers are not judged yet, or some inputs stay as they were; Judged reports that any customer ever was.
	Waits  []grade.Wait `json:"grading_waits,omitempty"`
	Judged bool         `json:"judged"`

	Signals []Signal `json:"signals"` // seen outside the CRM since From, the newest first
	Signal  int      `json:"signals_new"`

	Judging bool          `json:"flags_not_judged,omitempty"` // by a Question that is Quick: nothing is said of flags
	Flags   []triage.Flag `json:"flags"`                      // that came up since From and are open
	Flag    triage.Count  `json:"flags_new"`
	Open    triage.Count  `json:"flags_open"` // all that are open
	Deals   []DealMove    `json:"deals"`
	Won     Moved         `json:"won"`
	Lost    Moved         `json:"lost"`
	Slips   Moved         `json:"slipped"` // promised for a later day than before; Out of them for one after the period
	Out     Moved         `json:"slipped_out"`
	Period  string        `json:"period"`

	Owed     []playbook.Owed  `json:"owed"`
	Plays    []playbook.Count `json:"plays"`
	Owing    int              `json:"owed_count"`
	DueToday int              `json:"due_today"`

	Workday  analytics.Day  `json:"workday"` // the last one before the day: for which it is asked who logged
	Unlogged []Unlogged     `json:"unlogged"`
	Silent   int            `json:"unlogged_count"`
	Logging  int            `json:"logging"`              // people who are expected to log
	NoTouch  bool           `json:"no_touches,omitempty"` // no source gives touches: neither debts nor logging can be told
	Sources  []source.Total `json:"sources"`
	Stale    int            `json:"stale_sources"` // failing, held, paused, or older than the rules allow
	at       time.Time
	staleFor time.Duration
}

// Landing is where the period lands against the quota.
type Landing struct {
	Period     string          `json:"period"`
	HasQuota   bool            `json:"has_quota"`
	Quota      analytics.Sum   `json:"quota"`
	Closed     analytics.Sum   `json:"closed"`
	Commit     analytics.Sum   `json:"commit"`
	Gap        store.Money     `json:"gap"` // quota − (closed + commit)
	Attainment analytics.Ratio `json:"attainment"`
	Learned    bool            `json:"learned"` // P10 to P90 are there
	P10        store.Money     `json:"p10"`
	P50        store.Money     `json:"p50"`
	P90        store.Money     `json:"p90"`
	Reach      analytics.Ratio `json:"reach"` // the quota, of the draws
	// Elapsed is how much of the period has passed, in days.
	Elapsed analytics.Ratio `json:"elapsed"`
}

// Colour is what a health index counts as, by the rules' lines.
type Colour string

// The colours, worst first.
const (
	Red    Colour = "red"
	Yellow Colour = "yellow"
	Green  Colour = "green"
)

// HealthMove is a customer whose health changed its colour, or moved far.
type HealthMove struct {
	Account     store.ID       `json:"account_id"`
	AccountName string         `json:"account"`
	Owner       store.PersonID `json:"owner_id"`
	OwnerName   string         `json:"owner"`
	Grade       store.Grade    `json:"grade"`
	Was         int            `json:"was"`
	Is          int            `json:"is"`
	From        Colour         `json:"from"`
	To          Colour         `json:"to"`
	Day         analytics.Day  `json:"day"` // of the newest index
	Why         analytics.Text `json:"why"` // as the source gave it, or the behaviours that moved it most; "": nobody said
	Value       analytics.Sum  `json:"value_12_months"`
}

// Held is an input that is not believed.
type Held struct {
	Input     string         `json:"input"`
	Name      analytics.Text `json:"name"`
	Since     analytics.Day  `json:"since"`
	Customers int            `json:"customers"`
}

// Signal is something that was seen of a customer outside the CRM: a white paper, a posting for a CTO.
type Signal struct {
	Account     store.ID      `json:"account_id"`
	AccountName string        `json:"account"`
	OwnerName   string        `json:"owner"`
	Kind        string        `json:"kind"`
	Title       string        `json:"title"`
	URL         string        `json:"url"`
	Day         analytics.Day `json:"day"`
}

// DealKind is what became of a deal.
type DealKind string

// The kinds, in the order in which they are told.
const (
	Lost    DealKind = "lost"
	Slipped DealKind = "slipped"
	Won     DealKind = "won"
)

// DealMove is a deal that closed or slipped.
type DealMove struct {
	Kind DealKind      `json:"kind"`
	Deal deal.Row      `json:"deal"`
	Was  analytics.Day `json:"was"` // what it was promised for; NoDay: nothing
	Days int           `json:"days"`
	Out  bool          `json:"out_of_period"` // it slipped to after the period
}

// Moved is how many deals, and their money.
type Moved struct {
	Deals int           `json:"deals"`
	Sum   analytics.Sum `json:"amount"`
}

// Unlogged is somebody who logged no touch on the last working day.
type Unlogged struct {
	Person store.PersonID `json:"person_id"`
	Name   string         `json:"person"`
	Unit   string         `json:"unit"`
	Last   analytics.Day  `json:"last"`     // the newest touch within the rules' days; NoDay: none
	Days   int            `json:"workdays"` // working days without, up to Workday; those of the rules' days where there is none at all
}
