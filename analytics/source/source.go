// Package source owns what is said about the sources themselves: what is syncing, how far, how old the data is, what failed and which rows could not be
// mapped.
//
// It refuses to reach any source: everything comes from the status and issue records that the store keeps like any other, so the
// screen, SSH and the command line agree and an answer survives a restart. Sources are visible to every viewer.
package source

import (
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Row is one stream of one source.
type Row struct {
	Source   store.SourceID  `json:"source"`
	Kind     string          `json:"kind"` // tryton, hubspot, table, …
	Stream   store.Stream    `json:"stream"`
	State    store.SyncState `json:"state"`
	Paused   bool            `json:"paused,omitempty"`       // by a person; State is what it was doing before
	Done     int             `json:"done"`                   // records of the stream that this pass has brought
	Total    int             `json:"total"`                  // expected in this pass; 0 unknown
	Permille int             `json:"permille,omitempty"`     // of this pass, never falling within it; 0 also while Total is unknown
	Left     int             `json:"left_seconds,omitempty"` // estimated when Done last grew; 0 also while nothing is under way or it cannot be said
	Records  int             `json:"records"`                // held in the store
	Issues   int             `json:"issues"`                 // rows or fields that could not be mapped
	Missing  int             `json:"missing,omitempty"`      // records that the source no longer names and that were not removed
	Kept     int             `json:"kept,omitempty"`         // so many of them by a person's decision
	Requests int             `json:"requests"`               // of the last run, or of this one so far
	Started  time.Time       `json:"started,omitzero"`       // of the last run
	Finished time.Time       `json:"finished,omitzero"`      // end of the last run, good or not
	Good     time.Time       `json:"good,omitzero"`          // end of the last good run; zero: never
	Retry    time.Time       `json:"retry,omitzero"`         // when the next attempt is due; zero: by schedule
	Error    string          `json:"error,omitempty"`        // of the last run
	Runs     []Run           `json:"runs,omitempty"`         // the last ones, the newest first

	status store.SourceStatus
}

// Run is one reading of a stream, or several in a row that were alike and unremarkable.
type Run struct {
	Started  time.Time       `json:"started"`
	Ended    time.Time       `json:"ended"`
	State    store.SyncState `json:"state"` // how it ended; running: it was interrupted
	Rows     int             `json:"rows"`
	Removed  int             `json:"removed"`
	Requests int             `json:"requests"`
	Times    int             `json:"times"`
	Note     string          `json:"note,omitempty"` // the error, or what one should know, such as that the stream was read anew and why
}

// Budget is what a source has used of what its server grants.
type Budget struct {
	Name    string    `json:"name"`
	Used    int64     `json:"used"`
	Limit   int64     `json:"limit"`          // 0: not known yet
	Reserve int64     `json:"reserve"`        // part of Limit that is left to others
	Until   time.Time `json:"until,omitzero"` // the end of the period; zero: it refills all the time
}

// TimeLeft estimates at now how long the pass under way still takes; ok is false when nothing is under way or it cannot be said, because the server does not
// tell how much there is or nothing has come yet.
func (r *Row) TimeLeft(now time.Time) (time.Duration, bool) { return r.status.Left(now) }

// Age returns how old the stream's data is at now; negative when it was never read well.
func (r Row) Age(now time.Time) time.Duration {
	if r.Good.IsZero() {
		return -1
	}
	return max(0, now.Sub(r.Good))
}

// Total is one source over all its streams.
type Total struct {
	Source  store.SourceID  `json:"source"`
	Kind    string          `json:"kind"`
	Streams int             `json:"streams"`
	State   store.SyncState `json:"state"` // the worst of the streams: held, failed, waiting, running, idle
	Done    int             `json:"done"`  // of the running streams
	Total   int             `json:"total"` // of the running streams; 0 when one of them does not know
	Records int             `json:"records"`
	Issues  int             `json:"issues"`
	Good    time.Time       `json:"good,omitzero"` // the least fresh stream's; zero: one was never read well
	Retry   time.Time       `json:"retry,omitzero"`
	Error   string          `json:"error,omitempty"` // the first stream's that has one
	// Requests are those of every stream's last run, or of this one so far: what a reading costs.
	Requests int      `json:"requests"`
	Paused   bool     `json:"paused,omitempty"`
	Budgets  []Budget `json:"budgets,omitempty"` // of the source's system, as of the newest run
	asOf     time.Time
}

// Age returns how old the source's least fresh data is at now; negative when a stream was never read well.
func (t Total) Age(now time.Time) time.Duration { return Row{Good: t.Good}.Age(now) }

// Answer is every stream of every source, ordered by source, then stream.
type Answer struct {
	analytics.Stamp `json:"stamp"`
	Rows            []Row   `json:"rows"`
	Totals          []Total `json:"totals"`
}

// Issue is one row, or field of a row, that could not be mapped.
type Issue struct {
	Source   store.SourceID `json:"source"`
	Stream   store.Stream   `json:"stream"`
	Where    string         `json:"where"` // file:line, or the source's record id
	Field    string         `json:"field"`
	Value    string         `json:"value"`
	Problem  string         `json:"problem"`
	Dropped  bool           `json:"dropped"`  // the whole row was left out
	Repeated int            `json:"repeated"` // further rows with the same field and value
}

// IssueList is the issues of a source, or of one of its streams.
type IssueList struct {
	analytics.Stamp `json:"stamp"`
	Source          store.SourceID `json:"source"`
	Stream          store.Stream   `json:"stream,omitempty"`
	Rows            []Issue        `json:"rows"`
	Count           int            `json:"count"` // issues including the repeated ones
}
