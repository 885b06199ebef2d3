package config

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

// entries returns a mapping's entries.
func entries(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func key(e *ast.MappingValueNode) string {
	if s, ok := e.Key.(*ast.StringNode); ok {
		return s.Value
	}
	if e.Key == nil || e.Key.GetToken() == nil {
		return ""
	}
	return e.Key.GetToken().Value
}

func describe(n ast.Node) string {
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

// accepted lists the keys of a struct with their types, embedded ones included.
func accepted(typ reflect.Type) (names []string, fields map[string]reflect.Type) {
	fields = map[string]reflect.Type{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			n, in := accepted(inner)
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
			fields[name] = f.Type
		}
	}
	return names, fields
}

// fields checks a mapping against a struct. skip are keys of the surroundings, named in the list of what is accepted.
func (t *tree) fields(m []*ast.MappingValueNode, typ reflect.Type, at string, skip []string) {
	names, types := accepted(typ)
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(skip, n) })
	names = append(slices.Clone(skip), names...)
	for _, e := range m {
		k := key(e)
		field := join(at, k)
		typ, ok := types[k]
		if !ok || slices.Contains(skip, k) {
			t.add(e.Key.GetToken(), join(at, store.Clip(k, 40)), "unknown key; want one of "+strings.Join(names, ", "))
			continue
		}
		t.at[field] = e.Value.GetToken()
		t.check(e.Value, typ, field)
	}
}

func join(at, k string) string {
	if at == "" {
		return k
	}
	return at + "." + k
}

// check notes where n does not fit typ.
func (t *tree) check(n ast.Node, typ reflect.Type, at string) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := func(what string) { t.add(n.GetToken(), at, "want "+what+"; found "+describe(n)) }
	switch n.(type) {
	case *ast.NullNode:
		return // nothing given: the default
	case *ast.TagNode:
		t.add(n.GetToken(), at, "tags such as !!str are not accepted; write the plain value")
		return
	}
	for _, own := range ownTypes {
		if reflect.PointerTo(typ).Implements(own) {
			t.own(n, typ, at)
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
		m, ok := entries(n)
		if !ok {
			names, _ := accepted(typ)
			want("keys " + strings.Join(names, ", "))
			return
		}
		t.fields(m, typ, at, nil)
	case reflect.Map:
		m, ok := entries(n)
		if !ok {
			want("keys with values")
			return
		}
		for _, e := range m {
			field := join(at, store.Clip(key(e), 40))
			t.at[field] = e.Key.GetToken()
			t.check(e.Value, typ.Elem(), field)
		}
	case reflect.Slice:
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			want("a list")
			return
		}
		for i, v := range seq.Values {
			field := fmt.Sprintf("%s[%d]", at, i)
			t.at[field] = v.GetToken()
			t.check(v, typ.Elem(), field)
		}
	case reflect.String:
		switch n.(type) {
		case *ast.StringNode, *ast.LiteralNode, *ast.IntegerNode, *ast.FloatNode:
		case *ast.BoolNode:
			t.add(n.GetToken(), at, fmt.Sprintf("want text; put %s in quotes if it is meant", n.GetToken().Value))
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
func (t *tree) own(n ast.Node, typ reflect.Type, at string) {
	v := reflect.New(typ).Interface()
	if text, ok := v.(encoding.TextUnmarshaler); ok {
		switch n.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		default:
			t.add(n.GetToken(), at, "want one value; found "+describe(n))
			return
		}
		if err := text.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
			t.add(n.GetToken(), at, store.Clip(err.Error(), 300))
		}
		return
	}
	if err := yaml.NodeToValue(n, v, yaml.Strict()); err != nil {
		t.yaml(err, n.GetToken(), at)
	}
}
