// Package document reads a YAML document along Go types, so that everything that is wrong with it is told at once, with file, line, column, field and what is accepted
// there: a decoder stops at its first error, and says it in its own words.
//
// [Parse] gives the syntax tree (github.com/goccy/go-yaml, which keeps positions) with aliases resolved; [Doc.Fields] checks a mapping against a struct; [Doc.Decode] fills the
// struct, which cannot fail on what was checked. Beside its type a field may say what it accepts:
//
//	bounds:"0..100"         a number's bounds, inclusive; either may be left out
//	oneof:"a b"             the texts that are accepted
//	known:"stage"           the texts that [Doc.Known] lists under this name
//	unit:"days"             named in what is told
//
// The configuration (cmd/internal/config) and the rules (analytics/rule) are read with it.
package document
