package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"

	"flightdeck/store"
)

// ErrDamaged says that a part of the file cannot be read. What can be is served; nothing more is written until somebody has decided what becomes of the rest.
var ErrDamaged = errors.New("the store is damaged")

// What to do about damage, of crm.db and of user.db, whose chain of hashes a repair would break.
const (
	remedy     = "see what can be saved with: flightdeck doctor --repair, or restore a backup"
	deskRemedy = "restore a backup of " + DeskFile
)

// damagedError names the part that cannot be read.
type damagedError struct {
	part   string
	err    error
	remedy string
}

func (e *damagedError) Error() string   { return fmt.Sprintf("%s: %v; %s", e.part, e.err, e.remedy) }
func (e *damagedError) Unwrap() []error { return []error{e.err, ErrDamaged} }

func damagedPart(part string, err error) error { return &damagedError{part, err, remedy} }

// remedyFor says what to do about damage of the file at path.
func remedyFor(path string) string {
	if filepath.Base(path) == DeskFile {
		return deskRemedy
	}
	return remedy
}

// guarded runs fn, which reads the map or works on it: bbolt panics on a damaged page, and one that the disk cannot give is a fault. Both become an
// ErrDamaged that names part. fn holds no locks of ours.
func guarded(part string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = damagedPart(part, fmt.Errorf("%v", r))
		}
	}()
	return fn()
}

// note keeps err in mind when it tells of damage, and returns it.
func (d *DB) note(err error) error {
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	d.damageMu.Lock()
	defer d.damageMu.Unlock()
	text := err.Error()
	if len(d.damage) < maxTold && !slices.ContainsFunc(d.damage, func(e error) bool { return e.Error() == text }) {
		d.damage = append(d.damage, err)
	}
	return err
}

const maxTold = 100

// Damage returns what was found damaged since the store was opened, each part once, the first hundred.
func (d *DB) Damage() []error {
	d.damageMu.Lock()
	defer d.damageMu.Unlock()
	return slices.Clone(d.damage)
}

// whole refuses to write to a file in which damage was found: what bbolt makes of a damaged page it would write back.
func (d *DB) whole() error {
	d.damageMu.Lock()
	defer d.damageMu.Unlock()
	if len(d.damage) == 0 {
		return nil
	}
	return fmt.Errorf("nothing is written to a damaged store: %w", d.damage[0])
}

// losses is what a reading of all records had to leave out, by entity.
type losses struct {
	count [len(kinds)]int
	first [len(kinds)]error
}

func (l *losses) add(e store.Entity, err error) {
	if l.count[e]++; l.first[e] == nil {
		l.first[e] = err
	}
}

// statuses tells of the losses as a source would of its own: whoever looks at where the figures come from sees that a part is missing, and which.
func (l *losses) statuses(r *store.Records) (n int) {
	for e, count := range l.count {
		if count == 0 {
			continue
		}
		text := l.first[e].Error()
		if count > 1 {
			text = fmt.Sprintf("%d places, the first: %s", count, text)
		}
		r.Statuses = append(r.Statuses, store.SourceStatus{
			Source: File, Kind: "bolt", Stream: store.Stream(store.Entity(e).String()), State: store.SyncFailed, Issues: count, Error: text,
		})
		n++
	}
	return n
}

// beside reads what is whole of a bucket of which a page is damaged, from the file and not from the map: everything after the key after. It tells lost of the gaps
// and, where pages of the tree are missing but the list of free pages is there, finds leaves that belonged to them: a sealed record says whose it is.
func (s *snapshot) beside(e store.Entity, root uint64, after []byte, leaf func(k, v []byte) error, lost func(gap)) error {
	if root == 0 {
		return nil
	}
	f, size := s.h.file, int64(s.h.bolt.Info().PageSize)
	p := &pages{r: f, size: size, end: uint64(s.tx.Size() / size)}
	var gaps []gap
	w := &walk{p: p, seen: map[uint64]int64{}, after: after,
		leaf: func(flags uint32, k, v []byte) error {
			if flags != 0 || bytes.Compare(k, after) <= 0 {
				return nil
			}
			return leaf(k, v)
		},
		lost: func(g gap) error {
			lost(g)
			gaps = append(gaps, g)
			return s.ctx.Err()
		}}
	if err := w.tree(root, nil, nil, 0); err != nil {
		return err
	}
	metas, errs := readMetas(f)
	for i, m := range metas {
		if errs[i] != nil || m.tx != uint64(s.tx.ID()) {
			continue
		}
		free, err := p.freePages(m.freelist)
		if err != nil {
			return nil //nolint:nilerr // what is lost was told, and of what cannot be found nothing more is known
		}
		return p.rescue(free, map[store.Entity][]gap{e: gaps}, func(_ store.Entity, k, v []byte) error {
			if bytes.Compare(k, after) <= 0 {
				return nil
			}
			return leaf(k, v)
		})
	}
	return nil
}

// rescue looks through the pages that are neither free nor at their place in a tree for leaves of the trees in which there are gaps. Where it is not known which are free
// (nil), it finds old versions as well.
func (p *pages) rescue(free map[uint64]bool, gaps map[store.Entity][]gap, found func(e store.Entity, k, v []byte) error) error {
	wanted := false
	for _, all := range gaps {
		for _, g := range all {
			wanted = wanted || g.kind == gapPages
		}
	}
	if !wanted {
		return nil
	}
	in := func(gaps []gap, k []byte) bool {
		return slices.ContainsFunc(gaps, func(g gap) bool { return g.kind == gapPages && g.has(k) })
	}
	order := slices.Sorted(maps.Keys(gaps))
	for id := uint64(2); id < p.end; id++ {
		if free[id] {
			continue
		}
		g, err := p.read(id)
		if err != nil || g.flags != flagLeaf {
			continue
		}
		for i := range g.count {
			flags, k, v, err := g.leaf(i)
			if err != nil || flags != 0 || len(v) == 0 || v[0]&sealFlag == 0 {
				continue
			}
			for n, e := range order {
				if in(gaps[e], k) && sealed(e, k, v) == nil {
					if err := found(e, k, v); err != nil {
						return err
					}
					order[0], order[n] = e, order[0] // the page's others are of the same
					break
				}
			}
		}
	}
	return nil
}
