package grade

import (
	"slices"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Wait is a stream that feeds inputs and was never read to its end. What of it has come grows from page to page, so that nothing is concluded from it.
type Wait struct {
	Source   store.SourceID  `json:"source"`
	Stream   store.Stream    `json:"stream"`
	State    store.SyncState `json:"state"`
	Permille int             `json:"permille"` // of the first reading; 0 also while nobody knows
	Paused   bool            `json:"paused"`
	Error    string          `json:"error,omitempty"` // of the last run
	// Inputs are what waits, in order. A stream of customers or of the grades before has none: for it only those customers wait who were never judged.
	Inputs []string `json:"inputs"`
}

// Feed is a stream that an input is made of, and how long the input stays fresh without it.
type Feed struct {
	store.SourceStatus
	Inputs []string      // in order
	Fresh  time.Duration // the shortest limit of an input that it feeds; 0: none has one
}

// entities are what an input is made of. An amount is of sales lines, or of won deals where a store has none.
func (in *input) entities() []store.Entity {
	switch in.kind {
	case fromReading:
		return []store.Entity{store.EntityReading}
	case fromRevenue, fromStaff, fromExtra, fromAge:
		return []store.Entity{store.EntityAccount}
	case fromSalesYear, fromSalesGrowth, fromLifetime, fromSalesQuarter:
		return []store.Entity{store.EntitySale, store.EntityDeal, store.EntityChange}
	case fromOpenDeals:
		return []store.Entity{store.EntityDeal, store.EntityChange}
	case fromTouches, fromSilence:
		return []store.Entity{store.EntityTouch}
	case fromContacts:
		return []store.Entity{store.EntityContact}
	}
	return nil
}

// Feeds are the streams that the rules' inputs are made of, by source and stream.
func Feeds(b *analytics.Book, g *rule.Grading) (out []Feed) {
	m := NewModel(b, g)
	for _, s := range b.Status() {
		f := Feed{SourceStatus: s}
		for i := range m.inputs {
			in := &m.inputs[i]
			if !slices.ContainsFunc(in.entities(), s.Brings) {
				continue
			}
			f.Inputs = append(f.Inputs, in.name)
			if d := time.Duration(in.Fresh) * 24 * time.Hour; d > 0 && (f.Fresh == 0 || d < f.Fresh) {
				f.Fresh = d
			}
		}
		if len(f.Inputs) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// Waits are the streams without which judging has to wait, by source and stream; none once each was read. What waits is said of all customers; those of a source that waits, and everybody
// before all customers were judged for the first time, are not judged at all.
func Waits(b *analytics.Book, g *rule.Grading) []Wait { return NewModel(b, g).waits }

// waiting is what is waited for on a day: of the past nothing is known any more.
func (m *Model) waiting(day Day) []Wait {
	if day < m.b.Now() {
		return nil
	}
	return m.waits
}

// awaits finds the streams that were never read: what waits of which, and the sources that they are of.
func (m *Model) awaits() {
	all := m.b.Status()
	if m.g.Decides != "rules" && !m.b.HasReadings() && !slices.ContainsFunc(all, func(s store.SourceStatus) bool { return s.Brings(store.EntityReading) }) {
		return // nobody is judged here anyway
	}
	given := map[string]bool{} // the measures that come from a stream that was read
	for i := range all {
		if s := &all[i]; !s.Unread() && s.Brings(store.EntityReading) {
			for _, f := range s.Fields {
				if name, ok := strings.CutPrefix(strings.TrimSuffix(f, "?"), "reading.extra."); ok {
					given[name] = true
				}
			}
		}
	}
	for i := range all {
		s := &all[i]
		if !s.Unread() {
			continue
		}
		feeds := s.Brings(store.EntityAccount) || s.Brings(store.EntityGrade)
		w := Wait{Source: s.Source, Stream: s.Stream, State: s.State, Permille: s.Permille, Paused: s.Paused, Error: s.Error, Inputs: []string{}}
		for k := range m.inputs {
			in := &m.inputs[k]
			if !slices.ContainsFunc(in.entities(), s.Brings) {
				continue
			}
			feeds = true
			// Another customer's fields change nobody's, and a measure that somebody else gives does not come from here.
			if slices.Contains(in.entities(), store.EntityAccount) || in.kind == fromReading && given[strings.TrimPrefix(in.From, "reading.")] {
				continue
			}
			w.Inputs = append(w.Inputs, in.name)
			m.unread |= 1 << k
		}
		if feeds {
			m.waits = append(m.waits, w)
			if m.strange == nil {
				m.strange = map[store.SourceID]bool{}
			}
			m.strange[s.Source] = true
		}
	}
}

// early reports that a customer was never judged and is of a source that is being read for the first time.
func (m *Model) early(c analytics.Code, was *store.Evaluation) bool {
	return was == nil && len(m.strange) > 0 && m.strange[m.b.AccountID(c).Source()]
}
