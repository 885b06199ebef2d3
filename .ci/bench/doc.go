// Command flightdeck-bench asks flightdeck's analyses and the databases that one would otherwise use the same questions about the same company,
// checks that all answers are equal, and prints how the times compare in this one run.
//
// It is a module of its own, because DuckDB and SQLite need cgo and the product must not. It knows nothing of the Book's inside: ours are the
// public analyses, asked as a pane asks them, so that the Book may be rebuilt beneath it.
//
// The databases are given what a fair opponent would ask for. Whatever a warehouse would prepare when it loads is prepared: integer keys, money
// already in one currency, weekday and hour as one column, a deal's way as rows of stages reached and of completed stays, a month-end table of
// grades with trailing twelve-month sales, the day of a deal's last sign of life. Some of this is true as of today only, which is more
// than our analyses may take for granted: they answer as of any day. DuckDB's tables are sorted, SQLite's and PostgreSQL's have covering indices,
// by what the questions select. Each statement is tried prepared and as literal text, and the faster counts.
//
// The rows are derived from the generated records by code that shares nothing with the Book ([deriver]): equal answers check both.
package main
