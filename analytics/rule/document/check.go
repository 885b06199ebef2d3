package document

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"flightdeck/store"
)

// Entries returns a mapping's entries.
func Entries(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// Key returns an entry's key as text.
func Key(e *ast.MappingValueNode) string {
	if s, ok := e.Key.(*ast.StringNode); ok {
		return s.Value
	}
	if e.Key == nil || e.Key.GetToken() == nil {
		return ""
	}
	return e.Key.GetToken().Value
}

// Describe names what stands at n, as a person would.
func Describe(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + store.Clip(n.GetToken().Value, 40)
	case *ast.BoolNode:
		return n.GetToken().Value
	case *ast.StringNode:
		return fmt.Sprintf("the text %q", store.Clip(n.Value, 40))
	case *ast.LiteralNode:
		return "a block of text"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias"
	}
	return strings.ToLower(n.Type().String())
}

var (
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	ownTypes     = []reflect.Type{textType, reflect.TypeFor[yaml.InterfaceUnmarshaler](), reflect.TypeFor[yaml.BytesUnmarshaler](), reflect.TypeFor[yaml.NodeUnmarshaler]()}
	durationType = reflect.TypeFor[time.Duration]()
)

// Accepted lists the keys of a struct with their fields, embedded ones included.
func Accepted(typ reflect.Type) (names []string, fields map[string]reflect.StructField) {
	fields = map[string]reflect.StructField{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			n, in := Accepted(inner)
			names = append(names, n...)
			for k, v := range in {
				fields[k] = v
			}
		case name == "-" || !f.IsExported():
		default:
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			names = append(names, name)
			fields[name] = f
		}
	}
	return names, fields
}

// Fields checks a mapping against a struct, tags of its fields included. skip are keys of the surroundings, named in the list of what is accepted.
func (d *Doc) Fields(m []*ast.MappingValueNode, typ reflect.Type, at string, skip []string) {
	names, known := Accepted(typ)
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(skip, n) })
	names = append(slices.Clone(skip), names...)
	for _, e := range m {
		k := Key(e)
		field := Join(at, k)
		f, ok := known[k]
		if !ok || slices.Contains(skip, k) {
			d.Add(e.Key.GetToken(), Join(at, store.Clip(k, 40)), "unknown key; want one of "+strings.Join(names, ", "))
			continue
		}
		d.At[field] = e.Value.GetToken()
		before := len(d.Problems)
		if d.Check(e.Value, f.Type, field); len(d.Problems) == before {
			d.bounds(e.Value, f, field)
		}
	}
}

// Join returns the field k of what stands at at.
func Join(at, k string) string {
	if at == "" {
		return k
	}
	return at + "." + k
}

// Check notes where n does not fit typ.
func (d *Doc) Check(n ast.Node, typ reflect.Type, at string) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := func(what string) { d.Add(n.GetToken(), at, "want "+what+"; found "+Describe(n)) }
	switch n.(type) {
	case *ast.NullNode:
		return // nothing given: the default
	case *ast.TagNode:
		d.Add(n.GetToken(), at, "tags such as !!str are not accepted; write the plain value")
		return
	}
	for _, own := range ownTypes {
		if reflect.PointerTo(typ).Implements(own) {
			d.own(n, typ, at)
			return
		}
	}
	if typ == durationType {
		s := n.GetToken().Value
		if d, err := time.ParseDuration(s); err != nil || d == 0 && s != "0" && s != "0s" {
			want("a duration such as 30s, 5m or 1h")
		}
		return
	}
	switch typ.Kind() {
	case reflect.Struct:
		m, ok := Entries(n)
		if !ok {
			names, _ := Accepted(typ)
			want("keys " + strings.Join(names, ", "))
			return
		}
		d.Fields(m, typ, at, nil)
	case reflect.Map:
		m, ok := Entries(n)
		if !ok {
			want("keys with values")
			return
		}
		for _, e := range m {
			field := Join(at, store.Clip(Key(e), 40))
			d.At[field] = e.Key.GetToken()
			d.Check(e.Value, typ.Elem(), field)
		}
	case reflect.Slice:
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			want("a list")
			return
		}
		for i, v := range seq.Values {
			field := fmt.Sprintf("%s[%d]", at, i)
			d.At[field] = v.GetToken()
			d.Check(v, typ.Elem(), field)
		}
	case reflect.String:
		switch n.(type) {
		case *ast.StringNode, *ast.LiteralNode, *ast.IntegerNode, *ast.FloatNode:
		case *ast.BoolNode:
			d.Add(n.GetToken(), at, fmt.Sprintf("want text; put %s in quotes if it is meant", n.GetToken().Value))
		default:
			want("text")
		}
	case reflect.Bool:
		if _, ok := n.(*ast.BoolNode); !ok {
			want("true or false")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if _, ok := n.(*ast.IntegerNode); !ok {
			want("a whole number")
			return
		}
		if err := yaml.NodeToValue(n, reflect.New(typ).Interface()); err != nil {
			want("a whole number in range")
		}
	case reflect.Float32, reflect.Float64:
		switch n.(type) {
		case *ast.IntegerNode, *ast.FloatNode:
		default:
			want("a number")
		}
	}
}

// own tries a type that reads itself.
func (d *Doc) own(n ast.Node, typ reflect.Type, at string) {
	v := reflect.New(typ).Interface()
	if text, ok := v.(encoding.TextUnmarshaler); ok {
		var value string
		switch n := n.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			value = n.GetToken().Value
		case *ast.LiteralNode:
			value = n.Value.Value
		default:
			d.Add(n.GetToken(), at, "want one value; found "+Describe(n))
			return
		}
		if err := text.UnmarshalText([]byte(value)); err != nil {
			d.Add(n.GetToken(), at, store.Clip(err.Error(), 300))
		}
		return
	}
	if err := yaml.NodeToValue(n, v, yaml.Strict()); err != nil {
		d.yaml(err, n.GetToken(), at)
	}
}
