package analytics

// Cluster lets a test ask the clustered Book without a store.
func Cluster(b *Book) *Book { return b.cluster() }
