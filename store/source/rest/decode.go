package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// decodeJSON decodes exactly one value with exact numbers ([json.Number]) into maps, lists, strings, booleans and nil. Text that is not UTF-8 becomes U+FFFD, of two
// members of one name the later counts, and ten thousand levels are the most, as in encoding/json.
//
// The tokens are read by jsontext, the reader that is to become encoding/json's second version: encoding/json itself takes two to three times as long for the
// same values and was most of a first load. What it lacks is only the building of values, in which the names of members, the same in every row, are kept once.
func decodeJSON(b []byte) (any, error) { return decodeRows(b, nil, nil) }

// decodeRows is decodeJSON which, where only is given, leaves out what nobody looks at, and takes maps from a supply where there is one.
func decodeRows(b []byte, only *lookedAt, supply *mapSupply) (any, error) {
	d := decoder{
		Decoder: jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), names: map[string]string{}, supply: supply,
	}
	v, err := d.value(only)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}

type decoder struct {
	*jsontext.Decoder
	names map[string]string // as they stand in the text → as they are
	size  int               // members of the last object: the next one is probably like it

	supply *mapSupply
}

// lookedAt is the part of a value that somebody looks at; nil: all of it. A list is looked at as its elements are.
type lookedAt struct {
	members map[string]*lookedAt // nil: whatever they are called, only the element is meant
	rest    bool                 // other members are kept too
}

// mapSupply are objects of rows that nobody looks at any more, to be filled again: making them was most of decoding. It belongs to one caller at a time.
type mapSupply struct {
	free, used []map[string]any
}

var mapSupplies = sync.Pool{New: func() any { return new(mapSupply) }}

// maxFree bounds what is kept, and an object with many members is not.
const maxFree = 1 << 14

func (s *mapSupply) take(size int) map[string]any {
	var m map[string]any
	if n := len(s.free); n > 0 {
		m, s.free = s.free[n-1], s.free[:n-1]
	} else {
		m = make(map[string]any, size)
	}
	s.used = append(s.used, m)
	return m
}

// giveBack ends the use of all that was taken.
func (s *mapSupply) giveBack() {
	for _, m := range s.used {
		if len(m) <= 64 && len(s.free) < maxFree {
			clear(m)
			s.free = append(s.free, m)
		}
	}
	clear(s.used)
	s.used = s.used[:0]
	mapSupplies.Put(s)
}

// maxNames bounds what one answer may make us remember of its names.
const maxNames = 4096

func (d *decoder) value(only *lookedAt) (any, error) {
	switch d.PeekKind() {
	case '{':
		if _, err := d.ReadToken(); err != nil {
			return nil, err
		}
		var m map[string]any
		if d.supply != nil {
			m = d.supply.take(d.size)
		} else {
			m = make(map[string]any, d.size)
		}
		for d.PeekKind() == '"' {
			raw, err := d.ReadValue()
			if err != nil {
				return nil, err
			}
			k, ok := d.names[string(raw)]
			if !ok {
				k = unquoted(raw)
				if len(d.names) < maxNames {
					d.names[string(raw)] = k
				}
			}
			var inner *lookedAt
			if only != nil && only.members != nil {
				if inner, ok = only.members[k]; !ok && !only.rest {
					if err := d.SkipValue(); err != nil {
						return nil, err
					}
					continue
				}
			}
			v, err := d.value(inner)
			if err != nil {
				return nil, err
			}
			m[k] = v
		}
		d.size = min(len(m), 64)
		_, err := d.ReadToken() // the closing brace, or what is wrong
		return m, err
	case '[':
		if _, err := d.ReadToken(); err != nil {
			return nil, err
		}
		a := []any{}
		for k := d.PeekKind(); k != ']' && k != 0; k = d.PeekKind() {
			v, err := d.value(only)
			if err != nil {
				return nil, err
			}
			a = append(a, v)
		}
		_, err := d.ReadToken()
		return a, err
	}
	raw, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	switch raw[0] {
	case '"':
		return unquoted(raw), nil
	case 't':
		return true, nil
	case 'f':
		return false, nil
	case 'n':
		return nil, nil
	}
	return json.Number(raw), nil
}

// unquoted is the text of a JSON string.
func unquoted(raw []byte) string {
	if body := raw[1 : len(raw)-1]; bytes.IndexByte(body, '\\') < 0 && utf8.Valid(body) {
		return string(body)
	}
	b, _ := jsontext.AppendUnquote(nil, raw) // invalid UTF-8 is told, and replaced all the same
	return string(b)
}

// findLookedAt works out what of an answer the part looks at in its rows; nil when programs may look at anything. Around the rows everything is kept.
func (st *stream) findLookedAt(p *part, rules []ErrorRule, budgets []Budget) *lookedAt {
	if p.rows == nil || p.rows.path == nil || p.then != nil || len(p.columns) > 0 || p.everything {
		return nil
	}
	row := &lookedAt{members: map[string]*lookedAt{}}
	all := []*expr{p.key, p.tie, p.collect, st.changed}
	for _, r := range p.records {
		if r.jq != nil {
			return nil
		}
		all = append(all, r.when, r.deleted, r.custom)
		for _, f := range append(r.fields, r.extra...) {
			all = append(all, f.expr)
		}
	}
	for _, e := range all {
		if !row.add(e) {
			return nil
		}
	}
	last := p.rows.path[len(p.rows.path)-1].key
	programs := []string{p.Pager.Next, p.Pager.More, p.Pager.Delta, p.Total}
	if p.Feed != nil {
		programs = append(programs, p.Feed.Mark)
	}
	if p.Deleted != nil {
		programs = append(programs, p.Deleted.Rows)
	}
	if st.spec.Incremental != nil {
		programs = append(programs, st.spec.Incremental.Clock)
	}
	for _, r := range rules {
		programs = append(programs, r.When, r.Message, r.After)
	}
	for _, b := range budgets {
		programs = append(programs, b.Left, b.Used, b.Max, b.Reset, b.Refund, b.Rate)
	}
	for _, src := range programs { // one that names the rows, or walks through everything, may look into them
		if last == "" || strings.Contains(src, last) || strings.Contains(src, "..") || strings.Contains(src, "[]") || strings.Contains(src, "tostring") {
			return nil
		}
	}
	for i := len(p.rows.path) - 1; i >= 0; i-- {
		if p.rows.path[i].key == "" {
			return nil
		}
		row = &lookedAt{members: map[string]*lookedAt{p.rows.path[i].key: row}, rest: true}
	}
	return row
}

// add notes what an expression looks at; false when that is not known.
func (l *lookedAt) add(e *expr) bool {
	switch {
	case e == nil || e.path == nil && e.code == nil && !e.whole: // nothing, or a literal
		return true
	case e.column != "":
		l.members[e.column] = nil
	case e.path == nil:
		return false
	}
	for at, i := l, 0; i < len(e.path); i++ {
		k := e.path[i].key
		if k == "" { // an element is looked at as its list is
			return i > 0 && e.path[i-1].key != "" && l.whole(e.path[:i])
		}
		inner, known := at.members[k]
		if known && inner == nil { // all of it is kept already
			return true
		}
		if i == len(e.path)-1 {
			at.members[k] = nil
			return true
		}
		if inner == nil {
			inner = &lookedAt{members: map[string]*lookedAt{}}
			at.members[k] = inner
		}
		at = inner
	}
	return true
}

// whole keeps all of what stands at a path of names.
func (l *lookedAt) whole(path []step) bool {
	for i, st := range path {
		if i == len(path)-1 {
			l.members[st.key] = nil
			return true
		}
		if l = l.members[st.key]; l == nil {
			return true
		}
	}
	return true
}
