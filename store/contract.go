package store

import (
	"context"
	"errors"
	"fmt"
)

// Reader gives consistent views of what is stored.
type Reader interface {
	// View calls fn with a snapshot that stays the same while fn runs. fn copies out what it needs and returns quickly: while a snapshot is held
	// the file cannot reuse its pages. It returns fn's error, or ctx's. It must not be called from inside fn.
	View(ctx context.Context, fn func(Snapshot) error) error
}

// Snapshot is a consistent view. It is valid only inside the [Reader.View] call that gave it and must stay on that goroutine.
type Snapshot interface {
	Rev() Rev
	// All calls fn with every record, in blocks of bounded size, entities in the order of [Entities]. The block is reused between calls. What is stored and
	// cannot be read any more is left out and told at the end, by failed statuses that name the part.
	All(fn func(*Records) error) error
	// Since calls fn with what was committed after rev, oldest first, one Delta for each commit that is reused between calls. It returns [ErrTrimmed]
	// before any call when the log does not reach back that far, or rev is one that this store never had: read All instead.
	Since(rev Rev, fn func(*Delta) error) error
	// IDs calls fn with the ID of every record of e that came from src, in order. [EntityStage] and [EntityOrg] have no source and give nothing.
	IDs(src SourceID, e Entity, fn func(ID) error) error
	// Status returns the stored status of every stream of every source, ordered by source, then stream.
	Status() ([]SourceStatus, error)
}

// Counter is what a Snapshot may be besides: it says how many records All will give, so that the room for them can be made at once.
type Counter interface {
	// Count returns how many records of e there are. It costs a small part of reading them.
	Count(e Entity) int
}

// Folder is what a store may be besides: it keeps chunks, columns that were made of the records, so that the next start maps them instead of reading every
// record. Chunks are never the only copy of anything: one that is damaged or missing is made anew from the records.
type Folder interface {
	// Chunks opens the newest complete set. It returns [ErrNotFound] when there is none that this format and this store's records can use. It does not
	// read the chunks themselves.
	Chunks(ctx context.Context, format string) (Chunks, error)
	// Fold puts a new set in place of the newest in one step: it tells the state after f.Rev. It blocks until that is durable; a fold that was
	// interrupted leaves the set as it was. The log is kept from the newest set's revision on, as far as the store's limit allows.
	Fold(ctx context.Context, f Fold) error
}

// Chunks is one complete set.
type Chunks interface {
	Rev() Rev
	// Names lists the chunks in the order in which they were folded.
	Names() []string
	// Bytes returns a chunk's content, aligned to 64 bytes, as read-only memory that stays valid until the process ends, also when the set is replaced:
	// whoever writes to it crashes. It checks no more than that the chunk is whole; an error names the file and the chunk.
	Bytes(name string) ([]byte, error)
	// Check reads a chunk whole and compares its checksum; an error names the file and the chunk. It is for a time when nobody waits.
	Check(name string) error
}

// Fold is what a new set of chunks consists of.
type Fold struct {
	Rev    Rev
	Format string  // of the chunks' content; who reads another format ignores the set
	Chunks []Chunk // all of the set, in order
}

// Chunk is one chunk of a [Fold].
type Chunk struct {
	Name string   // unique in the set
	Same bool     // the present set has it under this name and it stays as it is; Data and Make are ignored
	Data [][]byte // pieces, written one after the other
	// Make, if it is set, gives Data when the chunk's turn comes, so that a set larger than memory can be folded. It is called once, and from another
	// goroutine than the next chunk's may be.
	Make func() [][]byte
}

// Writer takes facts in. One process writes.
type Writer interface {
	// Cursor returns where (src, s) stands, or "" when it has never been read.
	Cursor(ctx context.Context, src SourceID, s Stream) (Cursor, error)
	// Apply commits b in one transaction: records, tombstones, derived history and the next cursor. It is idempotent: a record equal to the
	// stored one changes nothing and is not logged, and when nothing at all changed the Rev stays as it was. A touch that comes with a deal and without an account
	// has its deal's account, whichever comes first and wherever the deal moves. It blocks until the commit is durable.
	Apply(ctx context.Context, b *Batch) (Rev, error)
}

// Watcher tells when something was committed.
type Watcher interface {
	// Watch returns a channel that holds only the newest Rev; a slow reader misses the ones between. It is closed when ctx ends. The
	// subscription is in place when Watch returns.
	Watch(ctx context.Context) <-chan Rev
}

// Errors that callers tell apart with [errors.Is].
var (
	// ErrTrimmed: the log does not reach back to the asked revision.
	ErrTrimmed = errors.New("the change log no longer reaches back that far")
	// ErrNewer: the file was written by a newer version of flightdeck; nothing was touched.
	ErrNewer = errors.New("written by a newer version of flightdeck")
	// ErrNotFound: no such record, or none that the viewer may see; the two are not told apart on purpose.
	ErrNotFound = errors.New("not found")
)

// LockedError says that another process holds the store, and who.
type LockedError struct {
	Path   string
	PID    int    // 0 unknown
	User   string // "" unknown
	Socket string // where the owner serves screens; "" when it does not
}

// Error implements error.
func (e *LockedError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
		if e.User != "" {
			who += " of " + e.User
		}
	}
	return fmt.Sprintf("open %s: held by %s", e.Path, who)
}
