// Package source owns the contract that every kind of source fulfils: a list of streams, each read page by page from a cursor.
//
// A source knows its system's API and nothing else. It starts no goroutine, never sleeps, writes nothing and keeps no state
// that matters between two calls beside a session token: when to call again, how long to wait, how often to retry a page and what to do with the
// rows is the syncer's business. Credentials are resolved by the caller and handed to the source's constructor.
package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"flightdeck/store"
)

// Request asks for one page.
type Request struct {
	Stream store.Stream
	// Cursor is what the page before ended with, or what the last complete pass ended with, or "" for everything.
	Cursor store.Cursor
	// Now is the syncer's clock, for fixed upper bounds where the server does not give its own time.
	Now time.Time
	// Limit is the wanted number of rows; 0 leaves it to the source. A source may give fewer or more.
	Limit int
}

// Page is one answer. The caller owns it.
type Page struct {
	store.Records
	Deleted []store.Ref
	// Track: see [store.Batch].
	Track store.Fields
	// Next is where the following page begins when More, else where the next pass begins. With a stream that the server does not sort, Next keeps the
	// old watermark until the last page.
	Next store.Cursor
	More bool
	// Full: this pass began at nothing and, once a page without More has been read, has named every record of the stream that exists. The syncer
	// then removes what the pass did not name, unless suspiciously much would go. Records of the stream are those of the entity that it is named
	// for, or that [Carrier] names; others that come along (an account made from a deal's column) are never removed for not being named.
	Full bool
	// Total is how many rows this pass is expected to bring; 0 unknown.
	Total int
}

// Source is one configured system. Its methods may be called from any goroutine, one at a time per stream.
type Source interface {
	ID() store.SourceID
	// Kind is the connector's name, such as tryton, hubspot or table.
	Kind() string
	// Streams lists what can be read, parents before children: the order in which they are synced.
	Streams() []store.Stream
	// Fetch reads one page. It blocks for as long as the server takes and returns promptly when ctx ends. Its errors are [*RetryAfter], [ErrAuth],
	// [ErrExpired], [ErrDenied], [ErrSetup], or anything else, which the syncer retries with back-off; they never carry a credential.
	Fetch(ctx context.Context, r Request) (Page, error)
}

// Lister is the ability to name all records of a stream cheaply, for systems that do not tell what was deleted.
type Lister interface {
	// List returns one page of the references that exist now. The pass is complete when next is "".
	List(ctx context.Context, s store.Stream, cursor store.Cursor) (refs []store.Ref, next store.Cursor, err error)
}

// Carrier is the ability of a source to say which entities each of its streams brings, where the stream's name does not say it or where two streams
// bring the same. What the syncer removes after a complete pass rests on it.
type Carrier interface {
	Carries(s store.Stream) []store.Entity // nil: what the stream's name says
}

// Checker is the ability to test a source without reading it: credentials, reachability, permissions. doctor uses it.
type Checker interface {
	Check(ctx context.Context) error
}

// Budget is what a source has used of what its server grants in the present period.
type Budget = store.Budget

// Metered is the ability of a source to say what it costs. Its methods touch no network, do not wait, and may be called at any time.
type Metered interface {
	// Budgets are shared by all streams of the source.
	Budgets() []Budget
	// Restore tells a new process what a former one had used, before the first Fetch: a month's calls are not given anew by a restart.
	Restore(was []Budget)
}

// Counter is the ability of a source to say how many requests (statements, files) it has made since it was made, failed ones included; without it the syncer
// counts its own calls. Requests may be called at any time.
type Counter interface {
	Requests() int
}

// RetryAfter is returned when the server told us to wait.
type RetryAfter struct {
	Wait time.Duration // from now; 0: the server did not say how long
	Err  error
}

// Error implements error.
func (e *RetryAfter) Error() string {
	if e.Wait <= 0 {
		return fmt.Sprintf("told to wait: %v", e.Err)
	}
	return fmt.Sprintf("told to wait %s: %v", e.Wait.Round(time.Second), e.Err)
}

// Unwrap returns the cause.
func (e *RetryAfter) Unwrap() error { return e.Err }

// Errors that the syncer tells apart with [errors.Is].
var (
	// ErrAuth: the server refused the credentials. Retrying at the usual pace would lock the account; a person must act.
	ErrAuth = errors.New("credentials refused")
	// ErrExpired: the cursor is no longer known to the server; the stream must be read anew.
	ErrExpired = errors.New("cursor expired")
	// ErrDenied: this stream may not be read with these credentials; the others go on.
	ErrDenied = errors.New("permission denied")
	// ErrSetup: what was asked for is not there or not as the configuration says; trying again at once mends nothing, a person must. Made by [Setup].
	ErrSetup = errors.New("not set up")
)

// Loopback reports whether host is this machine: there a credential may travel over plain HTTP.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Setup marks err as an [ErrSetup] and leaves its words alone, which say what to do.
func Setup(err error) error { return &setupError{err} }

type setupError struct{ err error }

func (e *setupError) Error() string   { return e.err.Error() }
func (e *setupError) Unwrap() []error { return []error{e.err, ErrSetup} }
