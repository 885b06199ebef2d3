// Package storetest owns what tests of stores and of their users share: the contract [Suite] that every store passes, [Memory], a store without a
// file that passes it too, builders for records, and a generator of random batches.
//
// It refuses to know any real store: those import it. Memory is written the plain way (maps, copies, reflection) so that it can serve as the
// model that a faster store is compared with.
package storetest
