// Package company owns a synthetic sales organisation, 海川智控集团 / Haichuan Controls: its people, products, customers, deals with their whole
// history, touches, evidence, health, grades, sales lines and quotas. The demo, the tests and the benchmarks share it, at any size.
//
// It makes facts in the store's own nouns and knows nothing of how they travel: store/company/server puts a CRM's HTTP face on it, and from there they
// take the ordinary way through a source and the syncer. It refuses to know any analysis: what a pane says about this company must be
// found in the facts, not planted for it.
//
// How it is built, and why:
//
//   - Everything follows from a seed and a day. Each account has a random stream of its own, so [Generate] makes one account after the other,
//     with all that belongs to it, and holds no more than a block of them: 1,000,000 deals need no more memory than 4,000.
//   - A deal is simulated first (stages, then promises, amounts, categories, owners along its life) and its [store.Change] rows are the replay of
//     that simulation, so the history ends in the present state by construction.
//   - A grade is decided by a rule from the health row and the customer's revenue that stand in the same data, and its cause says so.
//   - Nothing lies after Config.Now but promised dates and quotas: what the simulation would do later is cut off. The same seed on the same day
//     plans the same life; a later Now shows more of it.
//   - What belongs to a deal or an account is numbered within it, in order. So the company of another day, in a store that has seen this one, is mostly the same
//     records with other contents, and not a mass deletion, before which a syncer rightly stops.
//   - [Company] goes on living: [Company.Step] is the next event, determined by the seed and the number of the step.
//
// Names are put together from word lists; persons and customers do not exist.
package company
