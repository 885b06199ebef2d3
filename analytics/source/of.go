package source

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Of gives every stream of every source as the Book holds them. It costs no more than their number and is cheap enough for every frame.
func Of(b *analytics.Book) Answer {
	a := Answer{Stamp: b.Stamp(analytics.Scope{}), Rows: []Row{}, Totals: []Total{}}
	for _, s := range b.Status() {
		r := Row{
			Source: s.Source, Kind: s.Kind, Stream: s.Stream, State: s.State, Paused: s.Paused, Done: s.Done, Total: s.Total, Permille: s.Permille,
			Records: s.Records, Issues: s.Issues, Missing: s.Missing, Kept: s.Kept, Requests: s.Requests,
			Started: in(s.Started, b), Finished: in(s.Finished, b), Good: in(s.Good, b), Retry: in(s.Retry, b), Error: s.Error, status: s,
		}
		if left, ok := s.Left(s.Updated); ok {
			r.Left = int(math.Ceil(left.Seconds()))
		}
		for _, run := range slices.Backward(s.Runs) {
			r.Runs = append(r.Runs, Run{Started: in(run.Started, b), Ended: in(run.Ended, b), State: run.State, Rows: run.Rows, Removed: run.Removed,
				Requests: run.Requests, Times: max(1, run.Times), Note: run.Note})
		}
		a.Rows = append(a.Rows, r)
	}
	a.total()
	for i := range a.Totals {
		for j := range a.Totals[i].Budgets {
			u := &a.Totals[i].Budgets[j].Until
			*u = in(*u, b)
		}
	}
	return a
}

// in shows a moment in the organisation's time zone and leaves "never" alone.
func in(t time.Time, b *analytics.Book) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.In(b.Location())
}

// urgency orders states by how much they want a person's eye.
var urgency = [...]int{store.SyncIdle: 0, store.SyncRunning: 1, store.SyncWaiting: 2, store.SyncFailed: 3, store.SyncHeld: 4}

func (a *Answer) total() {
	at := map[store.SourceID]int{}
	for _, r := range a.Rows {
		i, ok := at[r.Source]
		if !ok {
			i = len(a.Totals)
			at[r.Source] = i
			a.Totals = append(a.Totals, Total{Source: r.Source, Kind: r.Kind, Good: r.Good})
		}
		t := &a.Totals[i]
		t.Streams++
		t.Records += r.Records
		t.Issues += r.Issues
		t.Requests += r.Requests
		t.Paused = t.Paused || r.Paused
		if r.status.Budgets != nil && !r.Started.Before(t.asOf) {
			t.asOf, t.Budgets = r.Started, nil
			for _, b := range r.status.Budgets {
				t.Budgets = append(t.Budgets, Budget{Name: b.Name, Used: b.Used, Limit: b.Limit, Reserve: b.Reserve, Until: b.Until})
			}
		}
		if rank(r.State) > rank(t.State) {
			t.State = r.State
		}
		if r.Good.IsZero() || !t.Good.IsZero() && r.Good.Before(t.Good) {
			t.Good = r.Good
		}
		if t.Error == "" {
			t.Error = r.Error
		}
		if !r.Retry.IsZero() && (t.Retry.IsZero() || r.Retry.Before(t.Retry)) {
			t.Retry = r.Retry
		}
		if r.State == store.SyncRunning && t.Total >= 0 {
			t.Done += r.Done
			t.Total += r.Total
			if r.Total == 0 {
				t.Total = -1
			}
		}
	}
	for i := range a.Totals {
		a.Totals[i].Total = max(0, a.Totals[i].Total)
	}
}

func rank(s store.SyncState) int {
	if int(s) < len(urgency) {
		return urgency[s]
	}
	return len(urgency)
}

// Issues gives what could not be mapped of a source; of all its streams when stream is empty, of all sources when source is empty too.
func Issues(b *analytics.Book, source store.SourceID, stream store.Stream) IssueList {
	l := IssueList{Stamp: b.Stamp(analytics.Scope{}), Source: source, Stream: stream, Rows: []Issue{}}
	for _, i := range b.Issues() {
		if source != "" && i.Source != source || stream != "" && i.Stream != stream {
			continue
		}
		l.Rows = append(l.Rows, Issue(i))
		l.Count += 1 + i.Repeated
	}
	slices.SortStableFunc(l.Rows, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Stream, b.Stream), byLine(a.Where, b.Where))
	})
	return l
}

// byLine orders places as a person reads a file: line 9 before line 10.
func byLine(a, b string) int {
	placeA, lineA := line(a)
	placeB, lineB := line(b)
	return cmp.Or(cmp.Compare(placeA, placeB), cmp.Compare(lineA, lineB), cmp.Compare(a, b))
}

// line cuts a place before the number that it ends with.
func line(where string) (place string, n int) {
	place = strings.TrimRight(where, "0123456789")
	n, err := strconv.Atoi(where[len(place):])
	if err != nil { // none, or one that is no line's
		return where, 0
	}
	return place, n
}

// Table gives the streams.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"source", "kind", "stream", "state", "paused", "done", "total", "left_seconds", "records", "issues", "missing", "requests",
		"started", "finished", "good", "retry", "error"}}
	for _, r := range a.Rows {
		t.Rows = append(t.Rows, []string{string(r.Source), r.Kind, string(r.Stream), r.State.String(), flag(r.Paused), strconv.Itoa(r.Done),
			strconv.Itoa(r.Total), figure(r.Left), strconv.Itoa(r.Records), strconv.Itoa(r.Issues), figure(r.Missing), strconv.Itoa(r.Requests), stamp(r.Started), stamp(r.Finished), stamp(r.Good), stamp(r.Retry), r.Error})
	}
	return t
}

// Table gives the stream's last runs, the newest first.
func (r *Row) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"started", "finished", "state", "rows", "removed", "requests", "times", "note"}}
	for _, x := range r.Runs {
		t.Rows = append(t.Rows, []string{stamp(x.Started), stamp(x.Ended), x.State.String(), strconv.Itoa(x.Rows), strconv.Itoa(x.Removed), strconv.Itoa(x.Requests),
			strconv.Itoa(x.Times), x.Note})
	}
	return t
}

// Table gives the issues.
func (l IssueList) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"source", "stream", "where", "field", "raw_value", "problem", "dropped", "repeated"}}
	for _, i := range l.Rows {
		t.Rows = append(t.Rows, []string{string(i.Source), string(i.Stream), i.Where, i.Field, i.Value, i.Problem, strconv.FormatBool(i.Dropped),
			strconv.Itoa(i.Repeated)})
	}
	return t
}

// flag and figure leave out what is not so: a column without a word in it is not printed.
func flag(v bool) string {
	if v {
		return "true"
	}
	return ""
}

func figure(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
