// Package analytics owns the [Book], the immutable picture of what the store holds, and what every analysis shares: [Scope], [Period],
// [Stamp], [Sum], [Table], [Rows].
//
// An analysis is a pure function in a package of its own (analytics/funnel, analytics/heatmap, …): `funnel.Of(book, scope)` gives
// an Answer that carries its Stamp. Every face (pane, SSH session, command line, report) calls the same function, so every face shows the same figure.
// Nothing here knows how a figure is drawn or in which language.
//
// How the Book is built, and why:
//
//   - Everything of which there are many is columns (package column): numbers in blocks of 8k rows, text as bytes. With records and strings in the heap a
//     hundred thousand deals and two million touches took 3.6 GB and 2.3 s to read; as columns they take a tenth of either.
//   - A Book is advanced by the deltas of commits: blocks that change are copied, the rest is shared, readers of the older Book notice nothing. Facts
//     (touches, changes, sales …) keep no index from ID to row: a delta tells what stood there before, so the row is found among its owner's, which are in order.
//   - When many rows have come, [Live] folds the Book into the store's chunks: rows in the order in which questions want them (people as in the org tree, accounts
//     and deals by owner, touches and sales lines by calendar month and rep), each column made only when it is written. The next start maps the files and
//     reads nothing; what came since is advanced from the log. Chunks are never the only copy: damaged ones are reported and made anew from the records.
//   - Every block has zones: the days, reps and owners in it. A question about a team or a quarter passes by all other blocks. Within a block rows are chosen into
//     a list of numbers and counted from there; where there is much to do, all processors share it ([Selection.ShareDeals] and its like).
//   - There is no cube of day × team × hour: with zones a team's month is two blocks, a company's year some milliseconds. What is kept beside the Book is what many
//     questions share: the grade of every account on a day ([Book.GradesOn]), what it brought in per month ([Book.Brought]). Both outlive commits that do not
//     concern them. Answers are kept per Book where making them walks everything ([Memo]).
//   - A list is put in order as far as a screen shows it; its rows are made when somebody looks ([Ranking], [Rows]).
package analytics
