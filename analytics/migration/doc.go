// Package migration owns the month-over-month grade matrix (分级跃迁), in the manner of a credit-rating transition matrix: how many accounts moved from
// which grade to which, what they are worth, and why each did.
//
// No grade moves silently. Every account behind a square that is off the diagonal carries a cause: the source's own words, or for derived grades the
// figures that moved, or the plain statement that the source's history does not explain it, which is counted on the Answer and never hidden.
//
// It refuses to decide grades where a source does. Where none does (an ERP, a folder of sheets) grades are derived by [Rule], a
// static ranking, and the Answer says so.
//
// Decisions:
//
//   - The matrix compares two days: the end of last month and the as-of day, or the eve and the end of the period asked about. Steps back and forth in
//     between cancel out; Cause.Steps counts them.
//   - The flow compares month-ends, so that its last month equals the matrix of the usual period.
//   - Money is what an account brought in over the trailing twelve months (Rules.GradeDays) up to the later day: its sales lines, or where the store holds
//     none at all its won deals. It is as known then, so the past does not change when an old deal is reopened.
//   - A derived grade begins with the account: with its creation, or an earlier deal, sale or touch.
//   - An account has the grade that the whole company's ranking gives it, whoever asks and whatever they filter by.
package migration
