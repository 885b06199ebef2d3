// Package playbook says which customers are owed what by the playbook of their grade (分级资源配比): a monthly visit, a coaching call, content, and who did not get it.
//
// What a grade is owed stands in the rules, section grading. A debt begins anew with every touch through one of the play's channels, and with the grade: who was
// promoted to A yesterday is owed the visit of an A within its days from yesterday on, not since a year ago. Anybody's touch counts, since the customer does not mind
// which of us came; the list is of whoever owns the customer.
//
// It refuses to say anything where no source gives touches: that nobody came cannot be told from that nobody wrote it down.
package playbook

import (
	"strconv"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Owed is a customer to whom a play is due.
type Owed struct {
	Account     store.ID       `json:"account_id"`
	AccountName string         `json:"account"`
	Owner       store.PersonID `json:"owner_id"`
	OwnerName   string         `json:"owner"`
	Grade       store.Grade    `json:"grade"`
	Play        analytics.Text `json:"play"`
	Number      int            `json:"play_number"` // its place in the rules' playbook, from 0
	Every       int            `json:"every_days"`
	Last        analytics.Day  `json:"last"`      // the newest touch that counts; NoDay: none
	Due         analytics.Day  `json:"due"`       // by when it was owed; NoDay: it always was, since nobody knows since when the customer is one
	Late        int            `json:"late_days"` // from Due to the as-of day; 0: due today, -1: nobody knows
	Value       analytics.Sum  `json:"value_12_months"`
}

// Count is how one play stands in a scope.
type Count struct {
	Grade  store.Grade    `json:"grade"`
	Play   analytics.Text `json:"play"`
	Every  int            `json:"every_days"`
	Owed   int            `json:"owed"` // customers to whom it is due: today or since earlier
	Today  int            `json:"due_today"`
	Met    int            `json:"met"` // of the grade's customers: they got it in time
	Number int            `json:"play_number"`
}

// Answer is what is owed in a scope as of its day. Owed are the best grades first, within a grade by what the customer brings; they are made when they are looked at.
type Answer struct {
	Stamp analytics.Stamp      `json:"stamp"`
	Rules string               `json:"rules"`
	Scope string               `json:"scope"`
	Plays []Count              `json:"plays"`
	Owed  analytics.Rows[Owed] `json:"owed"`
	Today int                  `json:"due_today"`
	// Silent: no source gives touches, so that nothing is owed that anybody could tell.
	Silent bool `json:"no_touches,omitempty"`
}

// Table gives what is owed as raw cells.
func (a *Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"account_id", "account", "owner", "grade", "play", "play_en", "every_days", "last", "due", "late_days", "value_12_months", "currency"}}
	for i := range a.Owed.Len() {
		o := a.Owed.At(i)
		t.Rows = append(t.Rows, []string{string(o.Account), o.AccountName, o.OwnerName, string(o.Grade), o.Play.Zh, o.Play.En, strconv.Itoa(o.Every), o.Last.String(), o.Due.String(), strconv.Itoa(o.Late),
			o.Value.Cell(), string(o.Value.Money.Currency)})
	}
	return t
}
