package analytics

// Cluster lets a test ask the clustered Book without a store.
func Cluster(b *Book) *Book { return b.cluster() }

// Folded reports whether b, or a Book it was advanced from, was opened from chunks or clustered.
func Folded(b *Book) bool { return b.folded > 0 || b.rows() == 0 }
