// Package desk gives analyses what people decided ([store.Journal]) beside what the sources say (the Book), as of any past day, and is the one door through which
// a viewer's decisions go in.
//
// A [Desk] is immutable and shared by all sessions, as a Book is: [Live] follows the journal, makes the next Desk of what was entered and publishes it
// through an atomic pointer. It is small (one entry per decision) and read whole at the start. Analyses take a [View], a Desk as it stood at the end of
// a day, next to their Book: `triage.Of(book, view, scope)`.
//
// [Live.Decide] refuses what lies outside a viewer's part of the org tree and enters who decided from the session, never from what a pane says. It returns when
// the decision is durable and the newest Desk has it, so that whoever decided sees it at once.
package desk
