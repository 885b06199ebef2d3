// Package rpc reads systems that are called by remote procedure: Tryton over JSON-RPC, and Odoo over JSON-RPC or, from its version 19 on, JSON-2. Neither
// tells what changed nor what was deleted. The sources ask for what was written since the pass before, and are a [source.Lister]: the syncer compares.
//
// # Tryton
//
// Rows are ordered by their last writing, read page by page from a position that stands for one row ((write_date, id), not an offset, so that rows that
// move do not push others out of sight), up to a fixed moment of the server's clock. Three of its habits shape the code:
//
//   - write_date is null until the first edit. A pass therefore walks two lists, the never edited by create_date and the edited by write_date; a row
//     is in exactly one of them, and one that changes lists meanwhile has left the window and belongs to the next pass.
//   - write_date is the begin of the transaction, which may commit long after. Every pass reads again what was written in the last minutes (Overlap);
//     rows that did not change cost nothing in the store.
//   - a merge of parties repoints what belonged to the one that goes in SQL, past write_date, and leaves it behind, out of use, with the one that replaces
//     it. That mark is a feed of deals and contacts, and such a party is no account any more.
//
// Stage, amount, close and owner history is read from Tryton's own history tables: one call for the revisions of a page of opportunities, then one
// per moment at which any of them changed. A deal names no product, because an opportunity's lines may have many of them. Sales are the lines of sales that are
// confirmed, whose rep is the opportunity's from which a sale was made; Tryton itself knows no activities and no teams, only companies.
//
// # Odoo
//
// verified: recorded shapes. No Odoo can be had where this was written; the code follows the vendor's documentation and source (14 to 19).
//
//   - write_date leaves in whole seconds and is kept in microseconds, so that a position in time cannot be written down. Pages are therefore taken by id
//     within everything written since a fixed moment (>=, less the overlap). What is written while a pass runs belongs to the next, which begins at the
//     moment at which this one did.
//   - what a row is read through counts as the row: an opportunity comes again when its customer is written. A merge of customers repoints what belonged
//     to those that go in SQL, past write_date, and writes the one that stays, so that this is what finds its opportunities and contacts.
//   - lost is active = false at a probability of 0 and becomes a stage, with its reason; archived otherwise is out of Odoo's pipeline too and is left out,
//     or gets a stage that the configuration names; deleted, and merged into another, is what a list with active_test = false does not name.
//   - which fields there are differs by version, module and right, so every model is asked (fields_get) and no more is read than it has. A model that is
//     not there, or may not be read, takes its own stream out and no other. Fields that people added (x_…) are kept as Extra.
//   - what is tracked of an opportunity (mail.tracking.value) may be read with the right Settings only. Without it, and for fields that the organisation
//     does not track, the store keeps the history of what it sees change.
//   - messages that may not be read are taken away after a page was counted off: a short page, even an empty one, is not the last.
//
// Amounts leave Odoo as floating-point numbers, so that beyond 15 digits the last are the server's rounding.
//
// The package refuses to write: every method called is a read.
package rpc
