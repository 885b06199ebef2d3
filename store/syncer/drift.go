package syncer

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
)

// Schemas drift: a vendor renames a field, and from then on every record comes without it, which no single record shows. So each pass is compared with the one
// before by which fields usually hold a value. It works on what was mapped, and so for every kind of source alike.

const (
	sampled  = 32 // records of a page that are looked at: looking at all would cost a tenth of a first load
	fewest   = 20 // records of which a pass can tell anything
	rare     = "?"
	schemaAt = "schema" // where the issues stand
)

// fill counts in how many of the records that were looked at each field held a value.
type fill struct {
	seen  map[string]int // by entity
	count map[string]int // by entity and field
}

// of is how many records could have had a field.
func (f *fill) of(field string) int {
	entity, _, _ := strings.Cut(field, ".")
	return f.seen[entity]
}

// look counts the fields of some of a page's records of the entities that the stream owns. The slices of store.Records stand in the order of the entities.
func (f *fill) look(r *store.Records, owned []store.Entity) {
	if f.count == nil {
		f.seen, f.count = map[string]int{}, map[string]int{}
	}
	all := reflect.ValueOf(r).Elem()
	for _, e := range owned {
		rows := all.Field(int(e) - 1)
		if rows.Kind() != reflect.Slice {
			continue
		}
		for i := range min(sampled, rows.Len()) {
			row := rows.Index(i)
			f.seen[e.String()]++
			for j := range row.NumField() {
				v, name := row.Field(j), row.Type().Field(j).Name
				switch {
				case v.Kind() == reflect.Map:
					for k, has := range v.Seq2() {
						if !has.IsZero() {
							f.count[e.String()+".extra."+k.String()]++
						}
					}
				case name != "ID" && name != "Seen" && !empty(v):
					f.count[e.String()+"."+strings.ToLower(name)]++
				}
			}
		}
	}
}

func empty(v reflect.Value) bool {
	switch x := v.Interface().(type) {
	case time.Time:
		return x.IsZero()
	case store.Day:
		return x == store.NoDay || x == 0
	case store.Money:
		return x.Minor == 0 // an amount without a number keeps its currency
	}
	return v.IsZero()
}

// drift compares what a pass brought with what usually comes. It tells of fields that no record has any more as issues, and of custom fields that are new in
// the run's note; neither is fatal. What usually comes is learned anew with a resync.
func (s *stream) drift(ctx context.Context, p *pass) error {
	if most := slices.Max(append(slices.Collect(maps.Values(p.fill.seen)), 0)); most < fewest {
		return nil
	}
	known := s.status.Fields
	var gone []store.Issue
	fields := map[string]bool{}
	for _, f := range known {
		name := strings.TrimSuffix(f, rare)
		fields[f] = true
		if f == name && p.fill.count[name] == 0 && p.fill.of(name) >= fewest {
			gone = append(gone, store.Issue{Source: s.w.id, Stream: s.name, Where: schemaAt, Field: name, Problem: fmt.Sprintf(
				"none of %d records has it any more; was it renamed or taken away in the source? Correct the mapping, or if it is meant run: flightdeck sync resync %s",
				p.fill.of(name), Target{s.w.id, s.name})})
		}
	}
	var fresh []string
	for name, n := range p.fill.count {
		usual, new := 2*n >= p.fill.of(name), !fields[name] && !fields[name+rare]
		if new && known != nil && strings.Contains(name, ".extra.") {
			fresh = append(fresh, name)
		}
		switch {
		case usual:
			delete(fields, name+rare)
			fields[name] = true
		case new:
			fields[name+rare] = true
		}
	}
	if len(fresh) > 0 {
		slices.Sort(fresh)
		s.addNote("new fields: " + strings.Join(fresh, ", "))
	}
	s.status.Fields = slices.Sorted(maps.Keys(fields))
	old, err := s.schemaIssues(ctx)
	if err != nil {
		return err
	}
	b := &store.Batch{Source: s.w.id, Seen: s.w.e.opt.Now()}
	for _, i := range gone {
		if !old[i.Key()] {
			s.w.e.opt.Log.Warn("a field has vanished", "source", s.w.id, "stream", s.name, "field", i.Field)
			s.addNote("vanished: " + i.Field)
			s.status.Issues++
			b.Issues = append(b.Issues, i)
		}
		delete(old, i.Key())
	}
	for id := range old { // it is back
		b.Deleted = append(b.Deleted, store.Ref{Entity: store.EntityIssue, ID: id})
		s.status.Issues = max(0, s.status.Issues-1)
	}
	if len(b.Issues) == 0 && len(b.Deleted) == 0 {
		return nil
	}
	if _, err := s.w.e.opt.Store.Apply(ctx, b); err != nil {
		return fmt.Errorf("note what has changed: %w", err)
	}
	return nil
}

func (s *stream) addNote(text string) {
	if s.note != "" {
		s.note += "; "
	}
	s.note += text
}

// schemaIssues are those that an earlier pass has left.
func (s *stream) schemaIssues(ctx context.Context) (map[store.ID]bool, error) {
	found := map[store.ID]bool{}
	if s.status.Issues == 0 {
		return found, nil
	}
	prefix := string(store.Issue{Source: s.w.id, Stream: s.name, Where: schemaAt}.Key())
	err := s.w.e.opt.Store.View(ctx, func(sn store.Snapshot) error {
		return sn.IDs(s.w.id, store.EntityIssue, func(id store.ID) error {
			if strings.HasPrefix(string(id), prefix) {
				found[id] = true
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read issues: %w", err)
	}
	return found, nil
}
