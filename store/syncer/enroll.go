package syncer

import (
	"context"
	"fmt"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Enroll enters every stream of sources in the store before anything is read, so that whoever draws conclusions from the store sees what is still to come. sources are all that
// are configured: what stands there of others and was never read to its end is forgotten, since nobody ever will.
func Enroll(ctx context.Context, st Store, sources []source.Source) error {
	known, configured := map[store.ID]bool{}, map[store.SourceID]bool{}
	for _, src := range sources {
		configured[src.ID()] = true
	}
	b := &store.Batch{}
	err := st.View(ctx, func(s store.Snapshot) error {
		all, err := s.Status()
		for _, x := range all {
			known[x.Key()] = true
			if !configured[x.Source] && x.Unread() {
				b.Deleted = append(b.Deleted, store.Ref{Entity: store.EntityStatus, ID: x.Key()})
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("enrol sources: %w", err)
	}
	for _, src := range sources {
		for _, name := range src.Streams() {
			if x := (store.SourceStatus{Source: src.ID(), Stream: name, Kind: src.Kind(), Carries: carried(src, name)}); !known[x.Key()] {
				b.Statuses = append(b.Statuses, x)
			}
		}
	}
	if len(b.Deleted)+len(b.Statuses) == 0 {
		return nil
	}
	if _, err := st.Apply(ctx, b); err != nil {
		return fmt.Errorf("enrol sources: %w", err)
	}
	return nil
}
