// Package column owns how the Book's rows lie in memory and on disk: columns of fixed width ([Col]), of text ([Text]), marks ([Bits]), the rows of each
// owner in order ([Runs]), the place of every ID ([Index]).
//
// It knows nothing of what a column means, and refuses to compute: kernels take blocks and walk them.
//
// Why so:
//
//   - A column is a list of blocks of [Rows] rows. One edited row copies a block of 8k values and the list, never the column, so a Book of twenty million
//     rows is advanced in what changed. A block is what fits into the first-level cache beside two others, and what a zone map speaks of.
//   - A published column is never written to. Edit gives a copy that shares all blocks; Set copies a block when it is first written to; Append goes on
//     in the memory behind the last block where the caller owns it (it says so), since no reader of the older column looks past its own length.
//   - A block is mapped memory or the heap's, and nobody can tell. Bytes in a chunk are those in memory (little-endian), so that a start copies nothing.
//     Text is one array of bytes with offsets: twenty million strings would be twenty million pointers for the collector to follow.
//   - No interface is called per row: types are parameters, At is a shift and two loads, Block is a slice.
package column
