package server

import (
	"encoding/json"

	"flightdeck/store"
)

// list is a stream's rows, whatever their type. Its methods are called with the server locked, but for the function that page returns.
type list interface {
	// page returns the rows of the log from begin on, at most limit, and how to write them; next is the log's position behind them.
	page(from, limit int) (write func(*answer) ([]byte, error), next int)
	end() int // the log's length
	count() int
	// drop makes a tombstone of the row with this ID; false: there is none.
	drop(id store.ID) bool
}

// ref is a tombstone as it is sent.
type ref struct {
	Entity string `json:"entity"`
	ID     string `json:"id"`
}

// answer is a page as it is sent; Data goes before it.
type answer struct {
	Deleted []ref  `json:"deleted"`
	Next    string `json:"next"`
	More    bool   `json:"more"`
	Total   int    `json:"total"`
}

// table keeps rows of type T, which are sent as W.
type table[T, W any] struct {
	entity store.Entity
	key    func(*T) store.ID
	wire   func(*T) W
	rows   []T
	// log lists row numbers in the order of their last change; the complement of a number is the tombstone of that row. An entry that is not
	// the row's last one, at[row], is passed over.
	log   []int32
	at    []int32
	index map[store.ID]int32 // made when a row first changes
	gone  int
}

func newTable[T, W any](e store.Entity, rows []T, key func(*T) store.ID, wire func(*T) W) *table[T, W] {
	t := &table[T, W]{entity: e, key: key, wire: wire, rows: rows, log: make([]int32, len(rows)), at: make([]int32, len(rows))}
	for i := range rows {
		t.log[i], t.at[i] = int32(i), int32(i)
	}
	return t
}

func (t *table[T, W]) end() int   { return len(t.log) }
func (t *table[T, W]) count() int { return len(t.rows) - t.gone }

func (t *table[T, W]) find(id store.ID) (int32, bool) {
	if t.index == nil {
		t.index = make(map[store.ID]int32, len(t.rows))
		for i := range t.rows {
			t.index[t.key(&t.rows[i])] = int32(i)
		}
	}
	i, ok := t.index[id]
	return i, ok
}

// put adds rows, or replaces those of the same ID.
func (t *table[T, W]) put(rows []T) {
	for k := range rows {
		id := t.key(&rows[k])
		i, ok := t.find(id)
		if !ok {
			i = int32(len(t.rows))
			t.rows, t.at = append(t.rows, rows[k]), append(t.at, 0)
			t.index[id] = i
		} else {
			if t.log[t.at[i]] < 0 {
				t.gone--
			}
			t.rows[i] = rows[k]
		}
		t.at[i] = int32(len(t.log))
		t.log = append(t.log, i)
	}
}

func (t *table[T, W]) drop(id store.ID) bool {
	i, ok := t.find(id)
	if !ok || t.log[t.at[i]] < 0 {
		return false
	}
	t.at[i] = int32(len(t.log))
	t.log = append(t.log, ^i)
	t.gone++
	return true
}

func (t *table[T, W]) page(from, limit int) (func(*answer) ([]byte, error), int) {
	data := make([]W, 0, min(limit, len(t.log)-from))
	deleted := []ref{}
	pos := from
	for ; pos < len(t.log) && len(data)+len(deleted) < limit; pos++ {
		i := t.log[pos]
		switch {
		case i >= 0 && t.at[i] == int32(pos):
			data = append(data, t.wire(&t.rows[i]))
		case i < 0 && t.at[^i] == int32(pos):
			deleted = append(deleted, ref{t.entity.String(), t.key(&t.rows[^i]).Native()})
		}
	}
	return func(a *answer) ([]byte, error) {
		a.Deleted = deleted
		return json.Marshal(struct {
			Data []W `json:"data"`
			*answer
		}{data, a})
	}, pos
}
