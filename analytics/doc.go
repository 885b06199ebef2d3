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
//   - Questions about all deals do not walk them. How each stands, and what it went through, lies in rows in the order of month and owner, made once for a line of
//     Books and corrected by the deals that changed since (Kept, Book.Moved): a quarter of a region is some tens of blocks. Making them anew on every
//     commit would take a second, keeping them sorted under every change more than looking at what changed. They hold for every as-of day, since a row tells
//     by days since when it is true; how the other deals stood on a past day is kept for a few days. Quarters of large units' sales lines likewise.
//   - A block of what is kept of which every row is meant is not read: it knows what it adds up to by stage, how long its deals' cycles and stays were, and which are the greatest
//     (Selection.ShareTotals); rows of deals that moved since are taken out again. So a company's year costs little more than a region's month, which two hundred people on two
//     cores made necessary: each question took 25 milliseconds of processor time there, and all waited for all.
//   - Touches are counted from the blocks for a rep or a team and from a cube of units × days × hours, reps × days and units × days × areas for more (heatmap); what waterfalls
//     look at is gathered once per line of Books (waterfall). What else is kept beside the Book is what many questions share: the grade of every account on a day
//     (Book.GradesOn), what it brought in per month (Book.Brought), the tale of all grade steps (Book.Teller). They outlive commits that do not concern them. Answers are kept per
//     Book where making them walks everything (Memo), and those of a screen for all sessions that look at the same (Shared).
//   - Whoever asks for much gives up its processor every millisecond (Share): the scheduler would let it go on for ten, and whoever asks for little would wait for all of them.
//   - A word that somebody types is looked for in names, never in rows: sets of deals, accounts, people, one bit each, kept per Book and word
//     (Book.DealsNamed and its like), from text columns whose blocks are searched as one string, in lower case only where a letter of the word has a case. A longer word
//     looks only at the rows of the shorter one. Lists and the palette combine these sets (deal.View.Find, package lookup).
//   - A list is put in order as far as a screen shows it; its rows are made when somebody looks ([Ranking], [Rows]).
package analytics
