package storetest

import (
	"cmp"
	"iter"
	"maps"
	"reflect"
	"slices"
	"time"

	"flightdeck/store"
)

// A row is a record of any kind as a value. The slices of store.Records stand in the order of store.Entities, so an entity's number finds its slice.

func compareRefs(a, b store.Ref) int {
	return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.ID, b.ID))
}

// rowsOf gives every record of r under its reference.
func rowsOf(r *store.Records) iter.Seq2[store.Ref, any] {
	return func(yield func(store.Ref, any) bool) {
		v := reflect.ValueOf(r).Elem()
		i, e := 0, store.Entity(0)
		r.Refs(func(ref store.Ref) bool {
			if ref.Entity != e {
				i, e = 0, ref.Entity
			}
			f := v.Field(int(e) - 1)
			if f.Kind() == reflect.Pointer {
				return yield(ref, f.Elem().Interface())
			}
			i++
			return yield(ref, f.Index(i-1).Interface())
		})
	}
}

// addRow appends a copy of row to the slice that it belongs to.
func addRow(r *store.Records, row any) {
	if org, ok := row.(store.Org); ok {
		org.Rates = maps.Clone(org.Rates)
		r.Org = &org
		return
	}
	v := reflect.ValueOf(r).Elem()
	t := reflect.SliceOf(reflect.TypeOf(row))
	for i := range v.NumField() {
		if f := v.Field(i); f.Type() == t {
			f.Set(reflect.Append(f, reflect.ValueOf(copied(row))))
			return
		}
	}
	panic("storetest: no slice for " + t.String())
}

// addRows appends copies of the rows of from in the order of their references.
func addRows(r, from *store.Records) {
	rows := map[store.Ref]any{}
	n := 0
	for ref, row := range rowsOf(from) {
		rows[ref] = row
		n++
	}
	if n != len(rows) {
		panic("storetest: a record is told twice")
	}
	for _, ref := range slices.SortedFunc(maps.Keys(rows), compareRefs) {
		addRow(r, rows[ref])
	}
}

// copied returns row with maps and slices of its own.
func copied(row any) any {
	v := reflect.New(reflect.TypeOf(row)).Elem()
	v.Set(reflect.ValueOf(row))
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && !f.IsNil() {
			f.Set(reflect.AppendSlice(reflect.MakeSlice(f.Type(), 0, f.Len()), f))
		}
		switch m := v.Field(i).Interface().(type) {
		case map[string]string:
			v.Field(i).Set(reflect.ValueOf(maps.Clone(m)))
		case map[store.Currency]string:
			v.Field(i).Set(reflect.ValueOf(maps.Clone(m)))
		}
	}
	return v.Interface()
}

// inUTC puts the times of a slice's element into UTC.
func inUTC(v reflect.Value) {
	for i := 0; v.Kind() == reflect.Struct && i < v.NumField(); i++ {
		if t, ok := v.Field(i).Interface().(time.Time); ok {
			v.Field(i).Set(reflect.ValueOf(t.Round(0).UTC()))
		}
	}
}

// normal returns row as a store gives it back: times in UTC, no empty maps, the ID and the Seen that it had left to the store.
func normal(ref store.Ref, row any, seen time.Time) any {
	v := reflect.New(reflect.TypeOf(row)).Elem()
	v.Set(reflect.ValueOf(copied(row)))
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Slice {
			if f.Len() == 0 {
				f.SetZero()
			}
			for j := range f.Len() {
				inUTC(f.Index(j))
			}
			continue
		}
		switch t, isTime := f.Interface().(time.Time); {
		case isTime && t.IsZero() && v.Type().Field(i).Name == "Seen":
			f.Set(reflect.ValueOf(seen.Round(0).UTC()))
		case isTime:
			f.Set(reflect.ValueOf(t.Round(0).UTC()))
		case f.Kind() == reflect.Map && f.Len() == 0:
			f.SetZero()
		}
	}
	if id := v.FieldByName("ID"); id.IsValid() {
		id.SetString(string(ref.ID))
	}
	return v.Interface()
}

func withSeen(row any, seen time.Time) any {
	v := reflect.New(reflect.TypeOf(row)).Elem()
	v.Set(reflect.ValueOf(row))
	if f := v.FieldByName("Seen"); f.IsValid() {
		f.Set(reflect.ValueOf(seen))
	}
	return v.Interface()
}

// Rows calls fn with every record of r as a value, under its reference.
func Rows(r *store.Records, fn func(store.Ref, any)) {
	for ref, row := range rowsOf(r) {
		fn(ref, row)
	}
}
