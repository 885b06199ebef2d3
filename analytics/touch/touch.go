// Package touch owns how one customer touch is shown: the row behind a heat map's cell, a deal's, an account's or a person's latest contacts.
//
// It refuses to count or judge; it only joins a touch with the names of those concerned, once, so that every face that opens a list of touches
// shows the same columns.
package touch

import (
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Subjects of a [List] and of a heat map.
const (
	SubjectTouches    = "touches"     // contacts with customers
	SubjectDealEvents = "deal_events" // creations and stage changes of deals: what stands in when no source gives touches
)

// Row is one touch, or one deal event, with the names of those concerned. Names are empty where the source gives none.
type Row struct {
	ID          store.ID        `json:"id"`
	At          time.Time       `json:"at"`       // in the organisation's time zone
	DayOnly     bool            `json:"day_only"` // the hour is unknown; At is the day's first instant
	Rep         store.PersonID  `json:"rep_id"`
	RepName     string          `json:"rep"`
	Account     store.ID        `json:"account_id"`
	AccountName string          `json:"account"`
	Deal        store.ID        `json:"deal_id"`
	DealName    string          `json:"deal"`
	Contact     store.ID        `json:"contact_id"`
	ContactName string          `json:"contact"`
	Channel     store.Channel   `json:"channel"`
	Sentiment   store.Sentiment `json:"sentiment"`
	Topic       string          `json:"topic"`
	Note        string          `json:"note"`
	Minutes     int             `json:"minutes"` // duration, 0 unknown
	Area        string          `json:"area"`    // province/city/district
	Delay       int             `json:"delay"`   // whole minutes from At until the rep wrote it down; -1 unknown
	// Event is empty for a touch, else what happened to the deal: "created" or "stage".
	Event string `json:"event,omitempty"`
	// From and To are the stage IDs of a "stage" event; To is also the first stage of a "created" one, if known.
	From store.ID `json:"from,omitempty"`
	To   store.ID `json:"to,omitempty"`
}

// List is touches, newest first.
type List struct {
	analytics.Stamp `json:"stamp"`
	Subject         string `json:"subject"` // SubjectTouches or SubjectDealEvents
	Rows            []Row  `json:"rows"`
}
