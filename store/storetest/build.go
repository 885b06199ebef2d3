package storetest

import (
	"time"

	"flightdeck/store"
)

// Noon is the moment from which the builders count: 2026-03-02, a Monday, 12:00 UTC.
var Noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// Deal returns an open deal of 1,000.00 CNY in stage "lead"; with changes it.
func Deal(id store.ID, with ...func(*store.Deal)) store.Deal {
	d := store.Deal{
		ID: id, Name: "deal " + id.Native(), Stage: "lead", Amount: store.Money{Minor: 100_000, Currency: "CNY"},
		Created: store.DayOf(Noon, time.UTC) - 30, Close: store.DayOf(Noon, time.UTC) + 30, Modified: Noon,
	}
	for _, w := range with {
		w(&d)
	}
	return d
}

// Account returns a customer; with changes it.
func Account(id store.ID, with ...func(*store.Account)) store.Account {
	a := store.Account{ID: id, Name: "account " + id.Native(), Created: store.DayOf(Noon, time.UTC) - 300, Modified: Noon}
	for _, w := range with {
		w(&a)
	}
	return a
}

// Touch returns a visit at Noon, seen an hour later; with changes it.
func Touch(id store.ID, with ...func(*store.Touch)) store.Touch {
	t := store.Touch{ID: id, At: Noon, Seen: Noon.Add(time.Hour), Channel: store.ChannelVisit, Minutes: 30, Topic: "touch " + id.Native()}
	for _, w := range with {
		w(&t)
	}
	return t
}

// Batch returns a page of src's stream with the cursor that follows, seen at Noon.
func Batch(src store.SourceID, s store.Stream, next store.Cursor, r store.Records) *store.Batch {
	return &store.Batch{Source: src, Stream: s, Next: next, Records: r, Seen: Noon}
}
