package document

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"flightdeck/store"
)

// Bounds are what a field's tags say of its values.
type Bounds struct {
	Min, Max string   // of a number, inclusive; "": none
	OneOf    []string // of a text
	Unit     string   // of a number, such as days or %
}

// BoundsOf reads a field's tags. It panics on tags that cannot be read: those are the program's own.
func BoundsOf(f reflect.StructField) (b Bounds) {
	if t := f.Tag.Get("bounds"); t != "" {
		var ok bool
		if b.Min, b.Max, ok = strings.Cut(t, ".."); !ok {
			panic("document: bounds of " + f.Name + ": want MIN..MAX")
		}
		for _, v := range []string{b.Min, b.Max} {
			if _, err := strconv.ParseFloat(v, 64); v != "" && err != nil {
				panic("document: bounds of " + f.Name + ": " + err.Error())
			}
		}
	}
	b.OneOf, b.Unit = strings.Fields(f.Tag.Get("oneof")), f.Tag.Get("unit")
	return b
}

// String says what is accepted, "" when anything is.
func (b Bounds) String() string {
	unit := ""
	if b.Unit != "" {
		unit = " " + b.Unit
	}
	switch {
	case b.Min != "" && b.Max != "":
		return b.Min + " to " + b.Max + unit
	case b.Min != "":
		return b.Min + unit + " or more"
	case b.Max != "":
		return b.Max + unit + " or less"
	case len(b.OneOf) > 0:
		return "one of " + strings.Join(b.OneOf, ", ")
	}
	return strings.TrimSpace(unit)
}

// bounds notes values outside what the field's tags accept: of a list each value, of a map each key against known and each value against the others.
func (d *Doc) bounds(n ast.Node, f reflect.StructField, at string) {
	if m, ok := Entries(n); ok {
		for _, e := range m {
			field := Join(at, store.Clip(Key(e), 40))
			if list := d.Known[f.Tag.Get("known")]; len(list) > 0 && !slices.Contains(list, Key(e)) {
				d.Add(e.Key.GetToken(), field, "unknown; want one of "+strings.Join(list, ", "))
				continue
			}
			d.one(e.Value, f, field, false)
		}
		return
	}
	if seq, ok := n.(*ast.SequenceNode); ok {
		for i, v := range seq.Values {
			d.one(v, f, fmt.Sprintf("%s[%d]", at, i), true)
		}
		return
	}
	d.one(n, f, at, true)
}

// one notes a single value outside what the tags accept.
func (d *Doc) one(n ast.Node, f reflect.StructField, at string, known bool) {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
	default:
		return
	}
	b, text := BoundsOf(f), n.GetToken().Value
	list := b.OneOf
	if known && len(list) == 0 {
		list = d.Known[f.Tag.Get("known")]
	}
	if len(list) > 0 && !slices.Contains(list, text) {
		d.Add(n.GetToken(), at, fmt.Sprintf("%q is unknown; want one of %s", store.Clip(text, 40), strings.Join(list, ", ")))
		return
	}
	if b.Min == "" && b.Max == "" {
		return
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	lo, _ := strconv.ParseFloat(b.Min, 64)
	hi, _ := strconv.ParseFloat(b.Max, 64)
	if err == nil && (b.Min != "" && !(v >= lo) || b.Max != "" && !(v <= hi)) { // not a number is in no bounds
		d.Add(n.GetToken(), at, fmt.Sprintf("%s: want %s", store.Clip(text, 40), b))
	}
}
