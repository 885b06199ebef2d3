// Package store owns the domain's nouns and the contracts by which facts are kept and read.
//
// A source (store/source) turns what a CRM, an ERP, a database or a folder of sheets says into [Records]; the syncer hands
// them, page by page, to a [Writer] as a [Batch]; a [Reader] gives them back as a [Snapshot], from which analytics builds its
// Book. The package imports nothing of ours, so that every room of the house may import it.
//
// Decisions that hold everywhere:
//
//   - An [ID] names its source ("tryton:42"), so several systems fill one store without colliding.
//   - History is facts, not overwritten columns: a [Change] says what a deal's field was and became, At which moment it
//     happened and when we Seen it. Any answer can therefore be given as of any past day, and a forecast can be judged by what was
//     known then.
//   - Money is an exact count of minor units with its currency, never a float, and never added across currencies here.
//   - A [Day] is a date in the organisation's time zone.
//   - What a source says of itself (progress, age, errors: [SourceStatus]) and what it could not map ([Issue]) are records like
//     any other, so every face reads them from the same place and they survive a restart.
//   - What people write ([Desk]) is decisions in a journal that can only be added to ([Decision]), messages that are told once ([Message]), marks, and the versions
//     of the rules. Where several things must be together (a decision and the message that it causes) they are one transaction.
//   - Text that came from outside is passed through [Clean] before it is stored: nothing hostile reaches a terminal.
package store
