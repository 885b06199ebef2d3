// Package triage is the queue of red forecasts (红标分诊): every open deal whose promise a manager should not believe as it stands, one flag per deal and rule, with
// its reason in one line, since when it is so, what has been decided about it, and the money at risk.
//
// What raises a flag, by the rules' section forecast:
//
//	overdue      the promised date passed, and nothing was updated for more days than are excused (F2)
//	credibility  less of the deal is backed by documents than the limit (F1)
//	off_cycle    the promised date or amount lies more spreads from similar won deals than allowed (F3)
//	no_amount    no amount, or nought
//	no_rate      an amount in a currency without a rate: it is in no sum
//	odd_amount   a negative amount, or one of many times the largest deal ever won
//	no_date      no promised date
//	odd_date     promised for a day before the deal began (a date of 1970), or for one too far off
//	no_owner     nobody owns it, or somebody who is not in the organisation or has left
//	stale        nothing happened to it for longer than the rules allow
//	clustering   its owner's promises follow the calendar and not the customer (F7, analytics/sandbag), and this is one of them
//
// A date that is odd raises no flag of what follows from it. Flags are sorted by money at risk × doubt. At risk is the deal's value, whatever its sign; a deal without one
// counts with the usual amount of similar deals, and is marked as estimated. Doubt is the rule's weight, for credibility and overdue times the share that is lost.
//
// What people decided about a flag (package desk) is its [State]. A decision holds for the occasion on which it was made: a flag that was accepted and went, and comes up anew, is
// open again. What holds a flag back (a snooze, an acceptance, an override) hides it from the queue and from the board's counts, and nothing else does.
//
// Raising looks at every open deal once and is remembered per Book; what is decided is laid over it, so that a key press costs a walk over the flags.
package triage

import (
	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// Rule is what raised a flag: one of [rule.ForecastFlags].
type Rule string

// The rules; see the package comment.
const (
	Overdue     Rule = "overdue"
	Credibility Rule = "credibility"
	OffCycle    Rule = "off_cycle"
	NoAmount    Rule = "no_amount"
	NoRate      Rule = "no_rate"
	OddAmount   Rule = "odd_amount"
	NoDate      Rule = "no_date"
	OddDate     Rule = "odd_date"
	NoOwner     Rule = "no_owner"
	Stale       Rule = "stale"
	Clustering  Rule = "clustering"
)

var rules = [...]Rule{Overdue, Credibility, OffCycle, NoAmount, NoRate, OddAmount, NoDate, OddDate, NoOwner, Stale, Clustering}

// Rules returns all of them.
func Rules() []Rule { return rules[:] }

var names = map[Rule]analytics.Text{
	Overdue: {Zh: "逾期未更新", En: "overdue"}, Credibility: {Zh: "可信度低", En: "low credibility"}, OffCycle: {Zh: "偏离同类", En: "off the usual"},
	NoAmount: {Zh: "无金额", En: "no amount"}, NoRate: {Zh: "无汇率", En: "no rate"}, OddAmount: {Zh: "金额异常", En: "odd amount"}, NoDate: {Zh: "无成交日", En: "no date"},
	OddDate: {Zh: "日期异常", En: "odd date"}, NoOwner: {Zh: "无负责人", En: "no owner"}, Stale: {Zh: "停滞", En: "stale"}, Clustering: {Zh: "压单扎堆", En: "calendar promise"},
}

// Name names a rule for people.
func (r Rule) Name() analytics.Text { return names[r] }

// State is what became of a flag.
type State string

// The states. Those that hold a flag back are Snoozed, Overridden and Accepted.
const (
	Open       State = "open"
	Requested  State = "requested"  // an update was asked for, and there is none yet
	Answered   State = "answered"   // it came, and the flag is still there
	Unanswered State = "unanswered" // it is late
	Rejected   State = "rejected"   // a manager does not take the forecast as it is
	Snoozed    State = "snoozed"    // until a day
	Overridden State = "overridden" // somebody put another forecast in its place
	Accepted   State = "accepted"   // it is taken as it is
)

var states = [...]State{Open, Requested, Answered, Unanswered, Rejected, Snoozed, Overridden, Accepted}

// States returns all of them.
func States() []State { return states[:] }

// Held reports whether a flag in that state is held back: not in the queue, and not counted as open.
func (s State) Held() bool { return s == Snoozed || s == Overridden || s == Accepted }

// Flag is one reason to look at a deal's forecast. Since is the day on which it came up, as far as can be told, else NoDay; Age the days from then to the as-of day, 0 where that is
// unknown. Rank is AtRisk × Doubt.
type Flag struct {
	Deal      deal.Row       `json:"deal"`
	Rule      Rule           `json:"rule"`
	Reason    analytics.Text `json:"reason"`
	Since     analytics.Day  `json:"since"`
	Age       int            `json:"age"`
	AtRisk    store.Money    `json:"at_risk"` // in the organisation's currency; null: nobody knows
	Estimated bool           `json:"estimated"`
	Doubt     float64        `json:"doubt"` // 0–1
	Rank      store.Money    `json:"rank"`
	State     State          `json:"state"`
	Escalated bool           `json:"escalated"` // open for longer than the rules allow
	Until     analytics.Day  `json:"until"`     // snoozed until, an answer due on; NoDay: neither
	Assigned  deal.Name      `json:"assigned"`  // whose business it is, where somebody said so
	By        deal.Name      `json:"by"`        // who decided last; the name under which they came in where they are none of us
	At        string         `json:"decided,omitempty"`
	Note      string         `json:"note,omitempty"`
	Decision  uint64         `json:"decision,omitempty"` // its place in the journal
	Override  *Override      `json:"override,omitempty"`
}

// Override is the forecast that somebody put in place of a deal's own; what is not given stays.
type Override struct {
	Amount   store.Money    `json:"amount"`
	Close    analytics.Day  `json:"close"` // NoDay: as it is
	Category store.Category `json:"category"`
	Percent  int            `json:"percent"` // by which the amount counts; 0: as computed
}

// Key names the occasion: this flag of this deal, since that day. Messages about it carry it, so that each is told once.
func (f *Flag) Key() string {
	return "flag|" + string(f.Deal.ID) + "|" + string(f.Rule) + "|" + f.Since.String()
}

// Filter narrows a queue. Its parts combine with AND.
type Filter struct {
	Rule     Rule // "": any
	State    State
	Held     bool           // also those that are held back; a State that is held back implies it
	Assigned store.PersonID // whose business it is: assigned to them, or theirs as owner and assigned to nobody
	Deal     store.ID
	After    analytics.Day // those that came up after this day, as far as can be told; 0: any
}

// Count is how many flags there are of a kind, on how many deals, and the money at risk in those deals, each counted once.
type Count struct {
	Flags  int           `json:"flags"`
	Deals  int           `json:"deals"`
	AtRisk analytics.Sum `json:"at_risk"`
}

// Queue is the flags of a scope, the most money in doubt first. Open counts those that are not held back; the other counts are of all flags in scope, whatever
// the filter. Flags are made when they are looked at.
type Queue struct {
	Stamp     analytics.Stamp      `json:"stamp"`
	Rules     string               `json:"rules"`
	Scope     string               `json:"scope"`
	Count     int                  `json:"count"` // flags that the filter takes, however many Flags holds
	Flags     analytics.Rows[Flag] `json:"flags"`
	Listed    Count                `json:"listed"` // what the filter takes
	Open      Count                `json:"open"`
	ByRule    map[Rule]int         `json:"by_rule"` // open ones
	ByState   map[State]int        `json:"by_state"`
	Escalated int                  `json:"escalated"`
	MedianAge int                  `json:"median_age"` // days, of open flags; -1: there is none
	OldestAge int                  `json:"oldest_age"`

	occasion func(i int) Flag // of a flag what its key and its state need, for walking all of them
}

// Line is one org node on the director's board.
type Line struct {
	Node      store.ID      `json:"node"`
	Name      string        `json:"name"`
	Kind      string        `json:"kind"`
	Depth     int           `json:"depth"`
	Open      Count         `json:"open"`
	Held      int           `json:"held"`
	Escalated int           `json:"escalated"`
	MedianAge int           `json:"median_age"` // -1: none is open
	OldestAge int           `json:"oldest_age"`
	Requested int           `json:"requested"`
	Late      int           `json:"late"`    // answers that are overdue
	Decayed   analytics.Sum `json:"decayed"` // money whose promise has passed without an update (F2)
}

// Board is what is open and for how long, per org node down to teams (people below a team).
type Board struct {
	Stamp analytics.Stamp `json:"stamp"`
	Rules string          `json:"rules"`
	Scope string          `json:"scope"`
	Lines []Line          `json:"lines"`
}
