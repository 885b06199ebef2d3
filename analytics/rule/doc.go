// Package rule keeps an organisation's rules: the figures, lists and expressions by which analyses judge, in one YAML file that a sales-operations person edits while the program
// runs.
//
// An analysis declares a [Section]: a name, a Go struct with its defaults, and a check. A [Schema] is the list of all sections, made in cmd; [Schema.Parse] reads a
// file along it into a [Pack], or says everything that is wrong with file, line, field and what is accepted. A section, a field of one, or a field of an entry that the
// defaults have too (such as one limit of an input), that the file does not name has its default, so that an empty file is a valid one and a new version of the program reads old files. Sections are read with
// [Section.Of], at no cost, and are never written to.
//
//	version: 1
//	forecast:
//	  decay: {days: 5}          # everything else as it was
//
// A pack is immutable and carries its version: the number that it has in the version log ([store.RuleLog], where every text that was ever in force is kept) and the hash
// of its text. Every result that rests on rules carries [Pack.Version].
//
// [Live] follows the file. A text that is wrong changes nothing: the last good pack stays in force, with the error beside it in [Pack.Problem], and one alert is raised per wrong
// text; after a restart the last good text comes from the log. The file is watched with fsnotify, which wakes nobody while nothing happens; an editor's way of
// saving (write aside, rename) is why the folder is watched and not the file. Where nothing can be watched the file's time is looked at once a
// minute.
//
// Expressions are expr-lang/expr's: typed, without side effects, bounded in time and memory, with errors that name the column. What reads the clock is switched off, so that the same
// inputs give the same result when rules are replayed over the past.
package rule
