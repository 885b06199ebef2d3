// Package grader keeps customers' grades up to date while the program runs: it waits for data, days, signals, versions of the rules and decisions of people, has
// [grade.Evaluate] judge, and stores what follows. It is a package of its own because package grade is pure: that one may be asked by any pane at any moment and stores
// nothing, this one alone writes evaluations and grades, in one goroutine.
//
//   - All customers are judged as the rules' every says, on the present day; again when the rules have another version, when an input heals, and when a person says that
//     shifted values are right. A signal has its own customer judged. After a change of data only what differs from the last evaluation is stored.
//   - Between these the guards alone look at every commit, on their sample. An input that begins to be held has the customers whom it concerns entered as held, with
//     the grade that they have; nobody's moves.
//   - Nobody is judged before every stream that an input is made of was read to its end once: what grows from page to page is no shift. A source that is added later holds the inputs
//     that it feeds, and its own customers wait, until it was read (grade.Waits). The store's statuses tell it, which the syncer enters for every stream before it reads any.
//   - What is held, and up to where signals and days are dealt with ([State]), is the cursor of the stream "evaluations" of the source "rules": it is committed with the
//     evaluations that it belongs to, so that nothing is forgotten or done twice over a restart.
//   - One message is posted per cause: inputs that are held for one reason since one day, a source that fails, the grades that moved in one evaluation. It is posted before
//     what it tells of is stored, under a key made of the cause: a crash between the two repeats neither.
//   - A source that feeds inputs and fails for longer than the rules let it (guard.outage) is told once ([Outage]); what goes stale for it has no message of its own. When it is read
//     again that is told too, or the message taken back where it still waits.
//   - As long as the sources' grades count (decides: sources) evaluations are stored beside them and tell what the rules would say; no grade is.
//   - Who decides has a history among the grades (analytics.Book.RulesDecide). When it changes, every grade goes on where it was or moves in a step that says so.
package grader
