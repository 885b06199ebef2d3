package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// hasHistory reports whether the server keeps history tables of opportunities (module sale_opportunity alone does). Without, the store makes one of what
// it sees change. It is found out once, from the first opportunities there are.
func (s *Source) hasHistory(ctx context.Context, ids []int64) (bool, error) {
	s.mu.Lock()
	known := s.history
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	if len(ids) == 0 {
		return true, nil // an empty page; nothing hangs on it
	}
	a, err := s.c.call(ctx, "model.sale.opportunity.history_revisions", nil, ids)
	var f *fault
	if err != nil && (!errors.As(err, &f) || errors.Is(err, source.ErrDenied)) {
		return false, err
	}
	list, _ := a.result.([]any)
	has := err == nil && len(list) > 0
	s.mu.Lock()
	s.history = &has
	s.mu.Unlock()
	return has, nil
}

// revision is a moment at which an opportunity was written.
type revision struct {
	id int64
	at time.Time
}

// state is what an opportunity was at a revision.
type state struct {
	stage, currency, amount, close string
	owner                          int64
}

// changes appends the history of these opportunities since the pass's low bound.
func (s *Source) changes(ctx context.Context, ids []int64, c cursor, page *source.Page) error {
	has, err := s.hasHistory(ctx, ids)
	if err != nil || !has {
		return err
	}
	low := time.Time{}
	if c.Since > 0 {
		low = s.low(c)
	}
	revisions, err := s.revisions(ctx, ids, low)
	if err != nil {
		return err
	}
	states, err := s.states(ctx, revisions, page)
	if err != nil {
		return err
	}
	currencies, err := s.currencies(ctx, ids)
	if err != nil {
		return err
	}
	dec := s.decoder("changes")
	for _, id := range ids {
		var last *state
		for i, r := range revisions[id] {
			now, ok := states[r]
			if !ok {
				continue
			}
			now.currency = currencies[id]
			if i > 0 || low.IsZero() || !r.at.Before(low) { // the one before the bound only says what it was
				for _, ch := range s.diff(last, &now) {
					ch["deal"], ch["at"] = id, r.at
					dec.Decode("change", ch, fmt.Sprintf("sale.opportunity %d at %s", id, r.at.Format(time.RFC3339)), page)
				}
			}
			last = &now
		}
	}
	return nil
}

// diff names what differs between two states. Of the first known state only the stage is told: the others are what the next change comes from.
// States that are one stage to the organisation are no change.
func (s *Source) diff(was, is *state) (changes []map[string]any) {
	add := func(field string, from, to any) {
		changes = append(changes, map[string]any{"field": field, "from": from, "to": to, "currency": is.currency})
	}
	if was == nil {
		add("stage", nil, is.stage)
		return changes
	}
	if s.stages[was.stage] != s.stages[is.stage] {
		add("stage", was.stage, is.stage)
	}
	if is.amount != "" && !sameAmount(was.amount, is.amount) {
		add("amount", was.amount, is.amount)
	}
	if was.close != is.close && is.close != "" {
		add("close", was.close, is.close)
	}
	if was.owner != is.owner && is.owner != 0 {
		from := any(nil)
		if was.owner != 0 {
			from = was.owner
		}
		add("owner", from, is.owner)
	}
	return changes
}

// sameAmount reports whether two amounts are one, however many zeros their data base writes.
func sameAmount(a, b string) bool {
	x, err := store.ParseMoney(a, "XXX")
	y, err2 := store.ParseMoney(b, "XXX")
	return a == b || err == nil && err2 == nil && x == y
}

// revisions returns each opportunity's revisions since low, oldest first, preceded by the one before them.
func (s *Source) revisions(ctx context.Context, ids []int64, low time.Time) (map[int64][]revision, error) {
	a, err := s.c.call(ctx, "model.sale.opportunity.history_revisions", nil, ids)
	if err != nil {
		return nil, err
	}
	all := map[int64][]revision{}
	list, _ := a.result.([]any)
	for _, v := range list {
		triple, _ := v.([]any)
		if len(triple) < 2 {
			continue
		}
		at, ok := triple[0].(time.Time)
		id, ok2 := number(triple[1])
		if ok && ok2 {
			all[id] = append(all[id], revision{id, at})
		}
	}
	for id, revs := range all {
		slices.SortFunc(revs, func(a, b revision) int { return a.at.Compare(b.at) })
		revs = slices.Compact(revs)
		first := slices.IndexFunc(revs, func(r revision) bool { return !r.at.Before(low) })
		switch {
		case first < 0:
			revs = nil // written outside of the history, as by SQL
		case first > 0:
			revs = revs[first-1:]
		}
		all[id] = revs
	}
	return all, nil
}

var historic = []string{"state", "amount", "end_date", "employee"}

// states reads the opportunities as they were at their revisions: one call per moment. An opportunity that cannot be read at one of its moments is an
// issue and does not stop the others.
func (s *Source) states(ctx context.Context, revisions map[int64][]revision, page *source.Page) (map[revision]state, error) {
	moments := map[time.Time][]int64{}
	for _, revs := range revisions {
		for _, r := range revs {
			moments[r.at] = append(moments[r.at], r.id)
		}
	}
	states := map[revision]state{}
	order := make([]time.Time, 0, len(moments))
	for at := range moments {
		order = append(order, at)
	}
	slices.SortFunc(order, time.Time.Compare)
	for _, at := range order {
		ids := moments[at]
		slices.Sort(ids)
		rows, err := s.readAt(ctx, ids, at)
		var f *fault
		if errors.As(err, &f) { // that the model may be read is known by now
			rows = nil
			for _, id := range ids {
				one, err := s.readAt(ctx, []int64{id}, at)
				if errors.As(err, &f) {
					page.Issues = append(page.Issues, store.Issue{Source: s.cfg.ID, Stream: "changes", Where: fmt.Sprintf("sale.opportunity %d", id),
						Field: "history", Value: at.Format(time.RFC3339Nano), Problem: store.Clip(f.Error(), 300), Dropped: true})
					continue
				} else if err != nil {
					return nil, err
				}
				rows = append(rows, one...)
			}
		} else if err != nil {
			return nil, err
		}
		for _, row := range rows {
			id, ok := number(row["id"])
			if !ok {
				continue
			}
			st := state{}
			st.stage, _ = row["state"].(string)
			st.close, _ = row["end_date"].(string)
			st.owner, _ = number(row["employee"])
			if n, ok := row["amount"].(json.Number); ok {
				st.amount = n.String()
			}
			states[revision{id, at}] = st
		}
	}
	return states, nil
}

func (s *Source) readAt(ctx context.Context, ids []int64, at time.Time) ([]map[string]any, error) {
	a, err := s.c.call(ctx, "model.sale.opportunity.read", map[string]any{"_datetime": moment(at)}, ids, historic)
	return a.list(), err
}

// currencies returns the currency of each opportunity, which is its company's and has no history.
func (s *Source) currencies(ctx context.Context, ids []int64) (map[int64]string, error) {
	a, err := s.c.call(ctx, "model.sale.opportunity.search_read", everything, []any{[]any{"id", "in", ids}}, 0, nil, nil, []string{"currency.code"})
	if err != nil {
		return nil, err
	}
	m := map[int64]string{}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		m[id], _ = dot(row, "currency", "code").(string)
	}
	return m, nil
}
