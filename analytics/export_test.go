package analytics

// Folded reports whether b, or a Book it was advanced from, was opened from chunks.
func Folded(b *Book) bool { return b.folded > 0 || b.rows() == 0 }
