// Package analytics owns the [Book], the immutable in-memory picture of what the store holds, and what every analysis shares: [Scope], [Period],
// [Stamp], [Sum], [Table].
//
// An analysis is a pure function in a package of its own (analytics/funnel, analytics/heatmap, …): `funnel.Of(book, scope)` gives
// an Answer that carries its Stamp. Every face (pane, SSH session, command line, report) calls the same function, so every face shows the same figure.
// Nothing here knows how a figure is drawn or in which language.
package analytics
