package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"flightdeck/store"
)

// Desk is a [store.Desk] in memory, for tests. It may be used from any goroutine.
type Desk struct {
	store.Notifier[store.Rev]
	// Now is the clock; nil: time.Now. Set it before use.
	Now func() time.Time

	mu    sync.Mutex
	state deskState
}

type deskState struct {
	rev       store.Rev
	decisions []store.Decision
	slots     map[store.Slot]int // → index
	marks     map[[2]string]store.Mark
	messages  []store.Message
	posted    map[string]bool
	causes    map[uint64][]uint64 // decision → messages
	rules     []store.RuleVersion
}

// NewDesk returns an empty one.
func NewDesk() *Desk {
	return &Desk{state: deskState{slots: map[store.Slot]int{}, marks: map[[2]string]store.Mark{}, posted: map[string]bool{}, causes: map[uint64][]uint64{}}}
}

func (s *deskState) clone() deskState {
	c := *s
	c.decisions, c.messages, c.rules = slices.Clone(s.decisions), slices.Clone(s.messages), slices.Clone(s.rules)
	c.slots, c.marks, c.posted, c.causes = maps.Clone(s.slots), maps.Clone(s.marks), maps.Clone(s.posted), maps.Clone(s.causes)
	for i := range c.messages {
		c.messages[i].Deliveries = slices.Clone(c.messages[i].Deliveries)
	}
	return c
}

// update changes a copy of the state and keeps it when fn succeeds.
func (d *Desk) update(ctx context.Context, fn func(*deskState, time.Time) (tell bool, err error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now
	if d.Now != nil {
		now = d.Now
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	next := d.state.clone()
	tell, err := fn(&next, now())
	if err != nil {
		return err
	}
	if tell {
		next.rev++
	}
	d.state = next
	if tell {
		d.Notify(next.rev)
	}
	return nil
}

func (d *Desk) view(ctx context.Context) (deskState, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state.clone(), ctx.Err()
}

// Decide implements [store.Journal].
func (d *Desk) Decide(ctx context.Context, ds []store.Decision, ms ...store.Message) (out []store.Decision, err error) {
	err = d.update(ctx, func(s *deskState, at time.Time) (bool, error) {
		if out, err = s.enter(at, ds); err != nil {
			return false, err
		}
		for _, v := range out {
			s.withdraw(v.Undoes)
		}
		n, err := s.post(at, ms, out...)
		return len(out)+n > 0, err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *deskState) enter(at time.Time, ds []store.Decision) (out []store.Decision, err error) {
	if n := len(s.decisions); n > 0 && s.decisions[n-1].At.After(at) {
		at = s.decisions[n-1].At
	}
	last := func(slot store.Slot) (store.Decision, bool, error) {
		i, ok := s.slots[slot]
		if !ok {
			return store.Decision{}, false, nil
		}
		return s.decisions[i], true, nil
	}
	entry := func(seq uint64) (store.Decision, error) {
		if seq == 0 || seq > uint64(len(s.decisions)) {
			return store.Decision{}, store.ErrNotFound
		}
		return s.decisions[seq-1], nil
	}
	for _, v := range ds {
		if v, err = v.Entered(uint64(len(s.decisions))+1, at, last, entry); err != nil {
			return nil, err
		}
		s.slots[v.Slot] = len(s.decisions)
		s.decisions = append(s.decisions, v)
		out = append(out, v)
	}
	return out, nil
}

// Decisions implements [store.Journal].
func (d *Desk) Decisions(ctx context.Context, seq uint64, fn func(store.Decision) error) error {
	s, err := d.view(ctx)
	if err != nil {
		return err
	}
	for i := seq; i < uint64(len(s.decisions)); i++ {
		if err := fn(s.decisions[i]); err != nil {
			return err
		}
	}
	return nil
}

// Verify implements [store.Journal].
func (d *Desk) Verify(ctx context.Context) (head store.Head, err error) {
	s, err := d.view(ctx)
	sum := sha256.New()
	for _, v := range s.decisions {
		b, err := json.Marshal(v)
		if err != nil {
			return head, err
		}
		sum.Write(b)
		head = store.Head{Seq: v.Seq, Hash: hex.EncodeToString(sum.Sum(nil))}
	}
	return head, err
}

// Mark implements [store.Marker].
func (d *Desk) Mark(ctx context.Context, m store.Mark) error {
	if m.Person == "" || m.Name == "" {
		return fmt.Errorf("mark: want a person and a name: %w", store.ErrInvalid)
	}
	return d.update(ctx, func(s *deskState, _ time.Time) (bool, error) {
		key := [2]string{string(m.Person), m.Name}
		if m.At = m.At.Round(0).UTC(); m.At.IsZero() && m.Text == "" {
			delete(s.marks, key)
		} else {
			s.marks[key] = m
		}
		return false, nil
	})
}

// Marks implements [store.Marker].
func (d *Desk) Marks(ctx context.Context, person store.PersonID) (out []store.Mark, err error) {
	s, err := d.view(ctx)
	for key, m := range s.marks {
		if key[0] == string(person) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b store.Mark) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// Post implements [store.Outbox].
func (d *Desk) Post(ctx context.Context, ms ...store.Message) (n int, err error) {
	err = d.update(ctx, func(s *deskState, at time.Time) (bool, error) {
		n, err = s.post(at, ms)
		return n > 0, err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// withdraw takes back what a decision caused and nobody was told yet.
func (s *deskState) withdraw(decision uint64) {
	for _, seq := range s.causes[decision] {
		if m := &s.messages[seq-1]; m.Open() && m.Withdraw() {
			delete(s.posted, m.Key)
		}
	}
}

func (s *deskState) post(at time.Time, ms []store.Message, ds ...store.Decision) (n int, err error) {
	for _, m := range ms {
		if m, err = m.Posted(uint64(len(s.messages))+1, at, len(ds)); err != nil {
			return 0, err
		}
		if s.posted[m.Key] {
			continue
		}
		s.posted[m.Key] = true
		if n++; m.Routed {
			continue
		}
		if m.Decision > 0 {
			seq := ds[m.Decision-1].Seq
			s.causes[seq] = append(slices.Clip(s.causes[seq]), m.Seq)
		}
		m.Decision = 0
		s.messages = append(s.messages, m)
	}
	return n, nil
}

// Known implements [store.Outbox].
func (d *Desk) Known(ctx context.Context, key string) (bool, error) {
	s, err := d.view(ctx)
	if err != nil {
		return false, err
	}
	return s.posted[store.Clean(key, store.MaxName)], nil
}

// Withdraw implements [store.Outbox].
func (d *Desk) Withdraw(ctx context.Context, keys ...string) (untold int, err error) {
	err = d.update(ctx, func(s *deskState, _ time.Time) (bool, error) {
		found := false
		for i := range s.messages {
			m := &s.messages[i]
			if !m.Open() || !slices.ContainsFunc(keys, func(k string) bool { return store.Clean(k, store.MaxName) == m.Key }) {
				continue
			}
			if found = true; m.Withdraw() {
				delete(s.posted, m.Key)
				untold++
			}
		}
		return found, nil
	})
	return untold, err
}

// Waiting implements [store.Outbox].
func (d *Desk) Waiting(ctx context.Context, fn func(store.Message) error) error {
	s, err := d.view(ctx)
	for i := 0; i < len(s.messages) && err == nil; i++ {
		if s.messages[i].Open() {
			err = fn(s.messages[i])
		}
	}
	return err
}

// Messages implements [store.Outbox].
func (d *Desk) Messages(ctx context.Context, seq uint64, fn func(store.Message) error) error {
	s, err := d.view(ctx)
	for _, m := range slices.Backward(s.messages) {
		if err == nil && (seq == 0 || m.Seq < seq) {
			err = fn(m)
		}
	}
	return err
}

// Record implements [store.Outbox].
func (d *Desk) Record(ctx context.Context, seq uint64, ds ...store.Delivery) error {
	return d.update(ctx, func(s *deskState, _ time.Time) (bool, error) {
		if seq == 0 || seq > uint64(len(s.messages)) {
			return false, store.ErrNotFound
		}
		s.messages[seq-1].Merge(ds...)
		return false, nil
	})
}

// Retry implements [store.Outbox].
func (d *Desk) Retry(ctx context.Context, seqs ...uint64) (n int, err error) {
	err = d.update(ctx, func(s *deskState, _ time.Time) (bool, error) {
		n = 0
		if len(seqs) == 0 {
			for i := range s.messages {
				seqs = append(seqs, uint64(i)+1)
			}
		}
		for _, seq := range seqs {
			if seq == 0 || seq > uint64(len(s.messages)) {
				return false, store.ErrNotFound
			}
			if s.messages[seq-1].Again() {
				n++
			}
		}
		return n > 0, nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// KeepRules implements [store.RuleLog].
func (d *Desk) KeepRules(ctx context.Context, v store.RuleVersion) (out store.RuleVersion, err error) {
	if v, err = v.Kept(); err != nil {
		return v, err
	}
	err = d.update(ctx, func(s *deskState, at time.Time) (bool, error) {
		if n := len(s.rules); n > 0 && s.rules[n-1].Hash == v.Hash {
			out = s.rules[n-1]
			return false, nil
		}
		out = v
		out.Number = len(s.rules) + 1
		entered, err := s.enter(at, []store.Decision{out.Decision()})
		if err != nil {
			return false, err
		}
		out.At = entered[0].At
		s.rules = append(s.rules, out)
		return true, nil
	})
	return out, err
}

// RuleVersions implements [store.RuleLog].
func (d *Desk) RuleVersions(ctx context.Context) ([]store.RuleVersion, error) {
	s, err := d.view(ctx)
	return s.rules, err
}
