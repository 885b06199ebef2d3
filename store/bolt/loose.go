package bolt

import (
	"bytes"
	"errors"
	"slices"

	"flightdeck/store"
)

// bucketLoose lists the touches that came with a deal and without an account, as deal NUL touch. They have the account of their deal, whichever of the two comes first and wherever
// the deal moves, and their records do not say that it is not their own. A key is true only if the touch still names that deal: whatever is put under a touch's ID with a deal
// writes or removes the key of that deal, and nothing else is kept up.
var bucketLoose = []byte("loose")

// present is the value of a key that says all.
var present = []byte{1}

func looseKey(deal, touch store.ID) []byte { return []byte(string(deal) + "\x00" + string(touch)) }

// findOwn tells the touches of the batch that have only a deal; the last of each ID counts.
func (w *work) findOwn() {
	for i := range w.b.Touches {
		if t := &w.b.Touches[i]; t.Deal != "" && t.Account == "" {
			if w.loose == nil {
				w.loose = map[store.ID]*store.Touch{}
			}
			w.loose[t.ID] = t
		} else if w.loose != nil {
			delete(w.loose, t.ID)
		}
	}
}

// place lists the others, with their deals.
func (w *work) place() {
	w.placed = make(map[store.ID]store.ID, len(w.b.Touches))
	for i := range w.b.Touches {
		if t := &w.b.Touches[i]; w.loose[t.ID] == nil {
			w.placed[t.ID] = t.Deal
		}
	}
}

// follow gives the touches without an account of their own that of their deal: those of the batch, and the stored ones of deals in it. The batch's deals have been put before.
func (w *work) follow() error {
	if len(w.rows[store.EntityDeal])+len(w.rows[store.EntityTouch]) == 0 {
		return nil
	}
	bucket := w.tx.Bucket(bucketLoose)
	var moved []store.ID
	if bucket == nil {
		var err error
		if bucket, err = w.tx.CreateBucket(bucketLoose); err != nil {
			return err
		}
		w.dirty = true
		if moved, err = w.findLoose(bucket.Put); err != nil {
			return err
		}
	}
	if first, _ := bucket.Cursor().First(); first != nil {
		w.place()
		for touch, deal := range w.placed {
			if err := w.alive(); err != nil {
				return err
			}
			if key := looseKey(deal, touch); deal != "" && bucket.Get(key) != nil {
				w.dirty = true
				if err := bucket.Delete(key); err != nil {
					return err
				}
			}
		}
		moved = append(moved, w.moved...)
		if err := w.moveTouches(moved); err != nil {
			return err
		}
	}
	for id, t := range w.loose {
		if err := w.alive(); err != nil {
			return err
		}
		if key := looseKey(t.Deal, id); bucket.Get(key) == nil {
			w.dirty = true
			if err := bucket.Put(key, present); err != nil {
				return err
			}
		}
	}
	rows := w.rows[store.EntityTouch]
	for i := range rows {
		t := w.loose[rows[i].key]
		if t == nil {
			continue
		}
		account, _, err := w.accountOf(t.Deal)
		if err != nil {
			return err
		}
		if account != "" {
			filled := *t // the caller's stays as it is
			if filled.Seen.IsZero() {
				filled.Seen = w.seen
			}
			filled.Account = account
			rows[i] = w.sealTouch(&filled)
		}
	}
	w.rows[store.EntityTouch] = distinct(append(rows, w.followers...))
	return nil
}

func (w *work) sealTouch(t *store.Touch) row {
	r := sealable(&w.c, t, touch)
	seal(store.EntityTouch, []byte(r.key), r.value)
	return r
}

// accountOf is the account of a stored deal.
func (w *work) accountOf(id store.ID) (account store.ID, ok bool, err error) {
	value := w.tx.Bucket(bucketOf(store.EntityDeal)).Get([]byte(id))
	if value == nil {
		return "", false, nil
	}
	var one store.Records
	var c coder
	if err := read(&c, store.EntityDeal, []byte(id), value, &one); err != nil {
		return "", false, err
	}
	return one.Deals[0].Account, true, nil
}

// moveTouches makes rows of the stored touches that no longer have the account of their deal, for the given deals.
func (w *work) moveTouches(deals []store.ID) error {
	bucket, touches := w.tx.Bucket(bucketLoose), w.tx.Bucket(bucketOf(store.EntityTouch))
	var stale [][]byte
	cur := bucket.Cursor()
	var c coder
	for _, deal := range deals {
		if err := w.alive(); err != nil {
			return err
		}
		prefix := looseKey(deal, "")
		k, _ := cur.Seek(prefix)
		if !bytes.HasPrefix(k, prefix) {
			continue
		}
		account, ok, err := w.accountOf(deal)
		if err != nil {
			return err
		}
		for ; ok && bytes.HasPrefix(k, prefix); k, _ = cur.Next() {
			id := store.ID(k[len(prefix):])
			if _, comes := w.placed[id]; comes || w.loose[id] != nil {
				continue
			}
			var one store.Records
			if value := touches.Get([]byte(id)); value != nil {
				if err := read(&c, store.EntityTouch, []byte(id), value, &one); err != nil {
					return err
				}
			}
			if len(one.Touches) == 0 || one.Touches[0].Deal != deal {
				stale = append(stale, slices.Clone(k))
			} else if t := &one.Touches[0]; t.Account != account {
				t.Account = account
				w.followers = append(w.followers, w.sealTouch(t))
			}
		}
	}
	for _, k := range stale {
		w.dirty = true
		if err := bucket.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// findLoose lists the touches of a store that was filled before there was a list, and returns their deals.
func (w *work) findLoose(put func(key, value []byte) error) (deals []store.ID, err error) {
	var one store.Records
	var c coder
	has := map[store.ID]bool{}
	var keys [][]byte
	err = w.tx.Bucket(bucketOf(store.EntityTouch)).ForEach(func(k, v []byte) error {
		one.Touches = one.Touches[:0]
		if err := errors.Join(w.alive(), read(&c, store.EntityTouch, k, v, &one)); err != nil {
			return err
		}
		if t := &one.Touches[0]; t.Account == "" && t.Deal != "" {
			keys = append(keys, looseKey(t.Deal, store.ID(k)))
			if !has[t.Deal] {
				has[t.Deal] = true
				deals = append(deals, t.Deal)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(keys, bytes.Compare)
	for _, k := range keys {
		if err := put(k, present); err != nil {
			return nil, err
		}
	}
	return deals, nil
}
