package touch

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// RowOf gives one touch with its names.
func RowOf(b *analytics.Book, i int) Row {
	t := b.Touch(i)
	r := Row{
		ID: t.ID, At: t.At.In(b.Location()), DayOnly: t.DayOnly, Rep: t.Rep, RepName: b.PersonName(t.Rep),
		Account: t.Account, AccountName: b.AccountName(t.Account), Deal: t.Deal, Contact: t.Contact,
		Channel: t.Channel, Sentiment: t.Sentiment, Topic: t.Topic, Note: t.Note, Minutes: t.Minutes, Area: t.Area, Delay: -1,
	}
	if c, ok := b.DealCode(t.Deal); ok {
		r.DealName = b.DealName(c)
	}
	if t.Contact != "" {
		for _, c := range b.Contacts(b.Touches().Account.At(i)) {
			if c.ID == t.Contact {
				r.ContactName = c.Name
				break
			}
		}
	}
	if !t.Logged.IsZero() && !t.DayOnly {
		r.Delay = max(0, int(t.Logged.Sub(t.At)/time.Minute))
	}
	return r
}

// Of gives the touches that s holds, newest first: those of s.Period, or all up to the as-of day when no period is chosen. At most limit; 0 is no limit.
func Of(b *analytics.Book, s analytics.Scope, limit int) List {
	sel := b.Select(s)
	p := s.Period
	if p.IsZero() {
		p = analytics.Period{From: store.MinDay, To: sel.AsOf}
	}
	type ref struct {
		at  int64
		row int
	}
	var refs []ref
	t := b.Touches()
	last := min(p.To, sel.AsOf)
	// the newest few are found in the last days: look there first, further back only while they are not enough
	for span := analytics.Day(7); ; span *= 4 {
		from := max(p.From, last-span)
		if limit <= 0 {
			from = p.From
		}
		refs = refs[:0]
		for i := range sel.Touches(analytics.Period{From: from, To: last}) {
			refs = append(refs, ref{t.At.At(i), i})
		}
		if from == p.From || len(refs) >= limit {
			break
		}
	}
	slices.SortFunc(refs, func(x, y ref) int {
		if x.at != y.at {
			return cmp.Compare(y.at, x.at)
		}
		return strings.Compare(string(t.ID(x.row)), string(t.ID(y.row)))
	})
	if limit > 0 && len(refs) > limit {
		refs = refs[:limit]
	}
	l := List{Stamp: b.Stamp(s), Subject: SubjectTouches, Rows: make([]Row, len(refs))}
	for n, r := range refs {
		l.Rows[n] = RowOf(b, r.row)
	}
	return l
}

// Table gives the rows.
func (l List) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"at", "rep", "account", "deal_name", "contact", "channel", "sentiment", "topic", "minutes", "area", "delay", "event",
		"from_stage", "to_stage", "note"}}
	for _, r := range l.Rows {
		at, channel, sentiment, delay := r.At.Format(time.RFC3339), r.Channel.String(), r.Sentiment.String(), strconv.Itoa(r.Delay)
		if r.DayOnly {
			at = r.At.Format(time.DateOnly)
		}
		if r.Event != "" {
			channel, sentiment = "", ""
		}
		t.Rows = append(t.Rows, []string{at, r.RepName, r.AccountName, r.DealName, r.ContactName, channel, sentiment, r.Topic, strconv.Itoa(r.Minutes),
			r.Area, delay, r.Event, string(r.From), string(r.To), r.Note})
	}
	return t
}
