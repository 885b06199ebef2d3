// Package bolt keeps a store in one bbolt file, crm.db, in a folder of its own.
//
// It owns the file's layout: which buckets there are, how a record is encoded, the schema's version, the change log, and who may open the file. It
// refuses to interpret: no scope, no sum, no index. It refuses to touch a file that it does not fully understand.
//
//	meta           schema, writer (version), generation (random, new with the file), rev
//	cursor         source NUL stream → cursor, in the same transaction as the page that it covers
//	log            revision, part → what that commit wrote and deleted; the newest [Options.Log] entries
//	rec/<entity>   record ID → version byte, fixed header, strings
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
//   - flock tells that somebody holds the file, not who: the holder says so in owner.json beside it.
package bolt
