// Package syncer owns the background work that keeps the store current: when each source is read, how a page becomes a commit, what happens when a
// server is slow, wrong or gone, and which records are removed because their source no longer has them.
//
// It refuses to know any CRM: a source only answers "one page of this stream from this cursor". It refuses to know the file as well: it is given
// a [store.Writer] and a [store.Reader].
//
// How it is built, and why:
//
//   - One goroutine per source, streams of a source in order, so that a dead source delays nobody and parents come before children.
//   - A page, its cursor and the stream's status are one commit. A process killed at any moment continues at the page after the last commit.
//   - While a page is being stored the next is being read: two of them are in memory. Nothing of it is taken before the one before is stored; where that fails it is dropped, and
//     asked for again. BenchmarkOnce_LoadAndReload tells what that gains; it takes off the server's own time, which now overlaps with ours, so the gain on the clock is less.
//   - Retries, back-off and the circuit breaker are failsafe-go's: a page is tried a few times; when several streams in a row get no answer the
//     breaker opens and the rest of the source is not asked; the next run is put off exponentially. A
//     server that gives no answer at all, or one that never ends, has 90 seconds in a run and not the time limit of every try of every stream; the next run then begins with
//     the streams that were not asked. Request budgets (x/time/rate) belong to the
//     source kinds, which alone know what a request costs.
//   - What a source no longer names is removed only by comparing identifiers after a complete pass, and not at all when suspiciously much would
//     go: an empty export or a lost permission must not empty the cockpit. Such a stream is held until a person accepts it.
//     The answer is accept or refuse, stream by stream: refusing keeps what is missing and is asked about again only when still more goes missing.
//   - What a person wants to know of a stream, its progress, cost, budgets and last runs, stands in its status, in the same commit as the page it tells of: the screen,
//     SSH and the command line read the store and agree, and no second record can go out of step. Runs that were alike are one, so that twenty remember weeks.
//   - Progress is that of a pass, not of a run: a pass that goes on after a failure or a restart does not begin at nothing. Its share never falls; a total that
//     turned out wrong is unknown from then on rather than corrected backwards.
//   - A pause, a refusal and a budget's use outlive the process: whoever stopped a source meant the source, not this process.
//   - A renamed field shows in no single record, so passes are compared by which fields usually hold a value; what has vanished is told, and ends nothing.
//   - A failure never changes SourceStatus.Good: the age of the data on every pane stays honest.
//   - Every promise that a sync makes is listed with the tests that fail when it is broken, in promise_test.go.
//   - Idle means idle: between two runs of a source nothing wakes but its one timer, and a run that brought nothing commits at most once a minute.
package syncer
