package analytics

// Folded reports whether b, or a Book it was advanced from, was opened from chunks.
func Folded(b *Book) bool { return b.folded > 0 || b.rows() == 0 }

// StrayAfter has what is kept made anew after so many changes, and every past day kept; restore ends it.
func StrayAfter(n int) (restore func()) {
	was, past := strayMany, pastMany
	strayMany, pastMany = n, 1
	return func() { strayMany, pastMany = was, past }
}

// KeptShift sets the size of the blocks of what is kept; restore ends it.
func KeptShift(n int) (restore func()) {
	was := keptShift
	keptShift = n
	return func() { keptShift = was }
}
