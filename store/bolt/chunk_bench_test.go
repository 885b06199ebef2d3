package bolt

import (
	"fmt"
	"testing"

	"go.etcd.io/bbolt"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// BenchmarkChunks_FileOrValue guards the choice of files for chunks: what a start pays for 100 chunks of 4 MB, of which it then reads one byte a page, as mapped
// files and as values that are copied out of a bbolt bucket.
func BenchmarkChunks_FileOrValue(b *testing.B) {
	const n, size = 100, 4 << 20
	dir := b.TempDir()
	d := open(b, dir, Options{})
	f := store.Fold{Format: "v1"}
	for i := range n {
		f.Chunks = append(f.Chunks, store.Chunk{Name: fmt.Sprint(i), Data: [][]byte{make([]byte, size)}})
	}
	storetest.Fold(b, d, 0, f.Format, f.Chunks...)
	for i := range n {
		if err := d.bolt().Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("values"))
			if err != nil {
				return err
			}
			return bucket.Put([]byte(fmt.Sprint(i)), make([]byte, size))
		}); err != nil {
			b.Fatal(err)
		}
	}
	touch := func(c []byte) (sum byte) {
		for i := 0; i < len(c); i += 4096 {
			sum += c[i]
		}
		return sum
	}
	b.Run("mapped files", func(b *testing.B) {
		for b.Loop() {
			d.maps = mappings{} // a start
			c, err := d.Chunks(b.Context(), f.Format)
			if err != nil {
				b.Fatal(err)
			}
			for _, name := range c.Names() {
				v, err := c.Bytes(name)
				if err != nil {
					b.Fatal(err)
				}
				touch(v)
			}
		}
	})
	b.Run("copied values", func(b *testing.B) {
		for b.Loop() {
			if err := d.bolt().View(func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("values")).ForEach(func(_, v []byte) error {
					own := make([]byte, len(v))
					copy(own, v)
					touch(own)
					return nil
				})
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
