package account

import (
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/touch"
	"flightdeck/store"
)

// Facts is what the sources say of the account itself. Unknown is empty or zero.
type Facts struct {
	ID         store.ID          `json:"id"`
	Name       string            `json:"name"`
	Parent     store.ID          `json:"parent_id,omitempty"`
	ParentName string            `json:"parent,omitempty"`
	Owner      store.PersonID    `json:"owner_id"`
	OwnerName  string            `json:"owner"`
	Industry   string            `json:"industry"`
	Region     string            `json:"region"`
	City       string            `json:"city"`
	Revenue    store.Money       `json:"revenue"` // the customer's own yearly revenue
	Staff      int               `json:"staff"`
	Created    analytics.Day     `json:"created"` // NoDay unknown
	Extra      map[string]string `json:"extra,omitempty"`
}

// GradeStep is one change of grade, newest first in an Answer.
type GradeStep struct {
	At    time.Time   `json:"at"` // in the organisation's time zone
	From  store.Grade `json:"from"`
	To    store.Grade `json:"to"`
	Cause string      `json:"cause"`
	Rule  string      `json:"rule"`
}

// HealthPoint is the health index on a day.
type HealthPoint struct {
	Day   analytics.Day `json:"day"`
	Score int           `json:"score"` // 0–100
	Note  string        `json:"note"`
}

// Contact is a person at the customer, with when we last touched them.
type Contact struct {
	ID        store.ID      `json:"id"`
	Name      string        `json:"name"`
	Role      string        `json:"role"`
	Influence int           `json:"influence"` // 0–100, 0 unknown
	Email     string        `json:"email"`
	Phone     string        `json:"phone"`
	Last      analytics.Day `json:"last_touch"` // NoDay: never
	Touches   int           `json:"touches"`    // up to the as-of day
}

// Signal is something that was seen of the account outside the CRM: a white paper, a posting for a CTO.
type Signal struct {
	Day   analytics.Day `json:"day"`
	Kind  string        `json:"kind"`
	Title string        `json:"title"`
	Text  string        `json:"text"` // the lines that fired
	URL   string        `json:"url"`
	Watch string        `json:"watch"` // the name of what is watched
}

// MonthSum is what a calendar month brought in.
type MonthSum struct {
	Month analytics.Period `json:"month"`
	Sum   analytics.Sum    `json:"sum"`
}

// Row is one account in a list.
type Row struct {
	ID         store.ID       `json:"id"`
	Name       string         `json:"name"`
	Owner      store.PersonID `json:"owner_id"`
	OwnerName  string         `json:"owner"`
	Industry   string         `json:"industry"`
	City       string         `json:"city"`
	Grade      store.Grade    `json:"grade"`  // on the as-of day; empty: none
	Health     int            `json:"health"` // latest up to the as-of day; -1 unknown
	OpenDeals  int            `json:"open_deals"`
	Open       analytics.Sum  `json:"open_value"`
	Won        analytics.Sum  `json:"won_12_months"` // sales lines, or won deals when the store has no sales lines
	LastTouch  analytics.Day  `json:"last_touch"`    // NoDay: never
	SilentDays int            `json:"silent_days"`   // from LastTouch to the as-of day; -1: never touched
	NextClose  analytics.Day  `json:"next_close"`    // the earliest promised close of an open deal; NoDay: none
}

// List is the accounts that the scope holds, by open value, highest first.
type List struct {
	analytics.Stamp `json:"stamp"`

	Scope   string `json:"scope"`
	Derived bool   `json:"derived"` // the grades come from the rule of analytics/migration, no source grades
	Rows    []Row  `json:"rows"`
}

// Answer is everything about one account.
type Answer struct {
	analytics.Stamp `json:"stamp"`
	Facts           Facts `json:"facts"`
	Row             Row   `json:"summary"`
	Derived         bool  `json:"derived"` // Row.Grade comes from a rule, no source grades
	// Grades newest first, Health oldest first, Contacts by influence, highest first.
	Grades   []GradeStep   `json:"grades"`
	Health   []HealthPoint `json:"health"`
	Contacts []Contact     `json:"contacts"`
	// Signals are the latest, newest first, at most MaxSignals.
	Signals []Signal `json:"signals"`
	// Deals that the viewer may see, open ones first, each part by value.
	Deals []deal.Row `json:"deals"`
	// Touches are the latest that the viewer may see, newest first, at most MaxTouches; TouchCount is all of them.
	Touches    []touch.Row `json:"touches"`
	TouchCount int         `json:"touch_count"`
	// Sales per calendar month, Months of them, oldest first; SalesFrom says of what: SalesLines or WonDeals.
	Sales     []MonthSum `json:"sales"`
	SalesFrom string     `json:"sales_from"`
}

// Bounds of an Answer.
const (
	MaxTouches = 200
	MaxSignals = 50
	Months     = 24
)

// What MonthSum adds up.
const (
	SalesLines = "sales"
	WonDeals   = "won_deals" // where the store holds no sales line at all
)
