// Package bolt keeps a store in a folder of its own: what sources say in one bbolt file, crm.db ([DB]), and what people write in another, user.db ([Desk]), so that a key press
// never waits behind a sync (BenchmarkDecide_WhileSyncing). What follows is about the first; the second is described at its type.
//
// It owns the file's layout: which buckets there are, how a record is encoded, the schema's version, the change log, and who may open the file. It
// refuses to interpret: no scope, no sum, no index. It refuses to touch a file that it does not fully understand.
//
//	meta           schema, writer (version), generation (random, new with the file), rev
//	cursor         source NUL stream → cursor, in the same transaction as the page that it covers
//	log            revision, part → what that commit wrote and deleted, and what stood there before; see [Options]
//	loose          deal NUL touch: the touches that came without an account and have their deal's
//	rec/<entity>   record ID → version byte, fixed header, strings, seal
//	chunk          which files in the folder chunks are the newest set
//
// Why so:
//
//   - Records stand under their own ID, sorted before they are written: a source's page is then a run of neighbours, and an equal record is found
//     and left alone without an index beside it. Indices are built in memory by the readers.
//   - The log holds parts of up to 32 KiB, not entries: at the end of a B+ tree they cost one write each, and trimming drops whole parts. A commit
//     longer than the log leaves the log empty, since no reader could follow it anyway. Since is exact: a revision that lost a part is ErrTrimmed.
//   - Read transactions hold back page reuse and, when the map must grow, the writer: the map begins at a gigabyte of address space, and views copy out.
//   - bbolt advises the kernel that access is random, which makes a cold start ten times slower; so the file is read once, in order, on open.
//   - Before anything is opened for writing it is looked at read-only: a newer schema, a foreign or a damaged file stays bit for bit as it was.
//   - Chunks are files beside crm.db and not values in it: a value cannot be referenced beyond its transaction, so that every start would copy them out
//     (BenchmarkChunks_FileOrValue, 400 MB, warm: mapping and touching every page 3 ms, copying 261 ms). A file is immutable and switched by one
//     transaction; nothing is ever unmapped, so that a set in use stays whole after its files are unlinked. With chunks in place the file is not read on
//     open. A backup leaves them out: whoever opens it finds none and makes them anew.
//   - Every record ends with a seal, a checksum that covers its entity and key as well, because bbolt has checksums of nothing but its two meta pages: a flipped bit
//     would be another amount. It costs 4 bytes and 4 % of a reading. It also says of a stray page whose records it holds.
//   - What cannot be read is left out, told (failed statuses of the source crm.db, [DB.Damage]) and makes the store read-only until somebody decides: bbolt would
//     write back what it makes of a damaged page. [Diagnose] and its Repair do not use bbolt for reading; its own tools give up a bucket at the first bad page and
//     print, for experts. A repair writes a new file of what is whole, compares it, and keeps the original beside it; with records lost, the sources' cursors
//     are dropped, or what is lost would never be asked for again. Leaves below a lost page are found by their seals; a repair finds them also without the list of
//     free pages, which tells old versions from new (of a file cut short it is mostly gone, with all roots): an older version of a record is corrected when its source
//     is read anew, history that nobody can tell again would be lost for good. Not found: a page that leads to an old version of another, until Diagnose compares;
//     both meta pages gone is the end. One gone may be a loss of power: the start tells that a commit may be missing, and goes on.
//   - A compaction beside screens swaps the open file: who reads ends on the old one, nobody waits for it (BenchmarkView_BesideWork). Commits do wait.
//   - Open changes nothing of what it finds but leftovers of interrupted work, which nothing refers to, and says so ([Options.Tell]).
//   - flock tells that somebody holds the file, not who: the holder says so in owner.json beside it.
package bolt
