// Package deal gives deals as rows: the list behind any figure of another analysis, and everything about one deal for its screen.
//
// It decides nothing about stages or forecasts. It names things (stages, people, accounts) so that no face has to look anything up, and it
// flags what a manager must see, each flag with since when and by how much. A deal that the viewer may not see is [store.ErrNotFound], the
// same as one that does not exist.
package deal

import (
	"flightdeck/analytics"
	"flightdeck/store"
)

// FlagKind is a reason to look at a deal.
type FlagKind string

// The flags, only ever on open deals.
const (
	Overdue  FlagKind = "overdue"   // the promised close has passed: Days since then
	Stale    FlagKind = "stale"     // no touch and no change for more than Rules.StaleDays: Days since the last
	NoAmount FlagKind = "no_amount" // counts, but adds nothing to any sum
	NoClose  FlagKind = "no_close"  // nobody promised a date: it is in no period's forecast
)

// Flag is a reason with its measure. Days is 0 and Since NoDay where there is none to give.
type Flag struct {
	Kind  FlagKind      `json:"kind"`
	Days  int           `json:"days"`
	Since analytics.Day `json:"since"`
}

// Name is a thing by ID and name.
type Name struct {
	ID   store.ID `json:"id"`
	Name string   `json:"name"`
}

// Stage is a stage as a row shows it.
type Stage struct {
	ID          store.ID        `json:"id"`
	Name        string          `json:"name"`
	NameEn      string          `json:"name_en"`
	Kind        store.StageKind `json:"kind"`
	Order       int             `json:"order"` // its place in funnel order, from 0; -1 when nobody declared it
	Probability int             `json:"probability"`
}

// Row is one deal as it stood at the end of the as-of day.
type Row struct {
	ID          store.ID       `json:"id"`
	Name        string         `json:"name"`
	Account     Name           `json:"account"`
	Owner       Name           `json:"owner"`
	Product     Name           `json:"product"`
	Stage       Stage          `json:"stage"`
	Category    store.Category `json:"category"`    // the rep's own call; "" when the source has none
	Amount      store.Money    `json:"amount"`      // as agreed, in its own currency
	Value       store.Money    `json:"value"`       // in the organisation's currency; null when not given or without a rate
	Probability int            `json:"probability"` // per cent, the stage's planning figure
	Created     analytics.Day  `json:"created"`
	Close       analytics.Day  `json:"close"` // promised while open, actual once closed
	StageSince  analytics.Day  `json:"stage_since"`
	DaysInStage int            `json:"days_in_stage"` // -1 unknown
	Age         int            `json:"age"`           // days from Created to as of, or to the close; -1 unknown
	LastTouch   analytics.Day  `json:"last_touch"`    // NoDay: never
	Flags       []Flag         `json:"flags,omitempty"`
	// Reason says why the deal is in this list, in words a list's maker defines (forecast: closed, commit, best_case, pipeline, omitted); ""
	// elsewhere.
	Reason string `json:"reason,omitempty"`
}

// List is deals with their sum. Rows are by value, the largest first; those without one last.
type List struct {
	Stamp      analytics.Stamp  `json:"stamp"`
	Scope      string           `json:"scope"`
	Period     analytics.Period `json:"-"`
	PeriodName string           `json:"period"` // Period as the fiscal calendar names it
	Rows       []Row            `json:"rows"`
	Sum        analytics.Sum    `json:"amount"`
	NoAmount   int              `json:"no_amount"` // rows without an amount: counted in Rows, nothing in Sum
}

// Event is one step of a deal's history, newest last, as text that a person can read; Old and New hold names, amounts and days in full.
type Event struct {
	Day     analytics.Day `json:"day"`
	At      string        `json:"at"` // RFC 3339 in the organisation's time zone; a bare date when the hour is unknown
	Field   store.Field   `json:"field"`
	Old     string        `json:"old"`
	New     string        `json:"new"`
	OldEn   string        `json:"old_en,omitempty"` // stages: the English name
	NewEn   string        `json:"new_en,omitempty"`
	By      Name          `json:"by"`
	SeenDay analytics.Day `json:"seen"` // when we learned it
}

// Touch is one contact with the customer about this deal, or about its account without naming another deal.
type Touch struct {
	ID        store.ID        `json:"id"`
	Day       analytics.Day   `json:"day"`
	Minute    int             `json:"minute"` // of the day in the organisation's time zone; -1: the hour is unknown
	Rep       Name            `json:"rep"`
	Channel   store.Channel   `json:"channel"`
	Sentiment store.Sentiment `json:"sentiment"`
	Topic     string          `json:"topic"`
	Note      string          `json:"note"`
	Area      string          `json:"area"`
	Minutes   int             `json:"minutes"`
	Account   bool            `json:"account_only"` // it names the account, not this deal
}

// Evidence is a document that supports the deal.
type Evidence struct {
	ID    store.ID      `json:"id"`
	Day   analytics.Day `json:"day"`
	Kind  string        `json:"kind"`
	Title string        `json:"title"`
	URL   string        `json:"url"`
	By    Name          `json:"by"`
}

// Contact is one of the customer's people.
type Contact struct {
	ID        store.ID      `json:"id"`
	Name      string        `json:"name"`
	Role      string        `json:"role"`
	Influence int           `json:"influence"` // 0–100, 0 unknown
	Email     string        `json:"email"`
	Phone     string        `json:"phone"`
	LastTouch analytics.Day `json:"last_touch"` // NoDay: never
	Touches   int           `json:"touches"`
}

// Colleague is one of us who had to do with the deal: owns it, owned it, or touched it.
type Colleague struct {
	Name
	Owner     bool          `json:"owner"` // owns it as of the day
	Touches   int           `json:"touches"`
	LastTouch analytics.Day `json:"last_touch"`
}

// Answer is everything about one deal. Touches are the newest first, at most MaxTouches; TouchCount says how many there are.
type Answer struct {
	Stamp      analytics.Stamp   `json:"stamp"`
	Row        Row               `json:"deal"`
	History    []Event           `json:"history"`
	Touches    []Touch           `json:"touches"`
	TouchCount int               `json:"touch_count"`
	Evidence   []Evidence        `json:"evidence"`
	Contacts   []Contact         `json:"contacts"`
	Colleagues []Colleague       `json:"colleagues"`
	Lead       string            `json:"lead,omitempty"`
	NextStep   string            `json:"next_step,omitempty"`
	URL        string            `json:"url,omitempty"` // the record in its source
	Extra      map[string]string `json:"extra,omitempty"`
}

// MaxTouches bounds Answer.Touches.
const MaxTouches = 500
