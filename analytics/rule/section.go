package rule

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"flightdeck/analytics/rule/document"
	"flightdeck/store"
)

// Section is one part of the rules, of type T: what stands in the file under its name. It is made once, as a package's variable.
type Section[T any] struct {
	name  string
	about string
	def   func() *T
	check func(*T, *Report)
	envs  func(*T) map[string]Env
	none  func() *T // the defaults, shared, with their expressions ready
}

// NewSection declares a section. def makes the defaults anew at each call; the file's values are put over them (a list that is given replaces the default one; of a map
// that is given the keys are added or replaced, and none goes). check notes what types and tags (see package document) cannot say; nil: nothing. about is one line for people.
func NewSection[T any](name, about string, def func() *T, check func(*T, *Report)) *Section[T] {
	s := &Section[T]{name: name, about: about, def: def, check: check}
	s.none = sync.OnceValue(func() *T { return s.read(&document.Doc{At: map[string]*token.Token{}}, nil).(*T) })
	return s
}

// WithEnvs says which inputs expressions have: a field of type [Expr] with the tag env:"deal" is compiled against envs()["deal"]. It returns s.
func (s *Section[T]) WithEnvs(envs func(*T) map[string]Env) *Section[T] {
	s.envs = envs
	return s
}

// Of returns the section of a pack; the defaults when p is nil or its schema lacks the section. The value is the pack's: do not write to it.
func (s *Section[T]) Of(p *Pack) *T {
	if p != nil {
		if v, ok := p.values[s.name].(*T); ok {
			return v
		}
	}
	return s.none()
}

// Part is a Section of any type.
type Part interface {
	Name() string
	About() string
	read(d *document.Doc, n ast.Node) any
}

// Name returns the section's key in the file.
func (s *Section[T]) Name() string { return s.name }

// About returns one line for people.
func (s *Section[T]) About() string { return s.about }

// read reads what stands under the section's name; n nil: nothing does. What is wrong is noted in d.
func (s *Section[T]) read(d *document.Doc, n ast.Node) any {
	v := s.def()
	before := len(d.Problems)
	switch n := n.(type) {
	case nil, *ast.NullNode:
	default:
		if d.Check(n, reflect.TypeFor[T](), s.name); len(d.Problems) > before {
			return v
		}
		if err := yaml.NodeToValue(n, v, yaml.Strict()); err != nil {
			d.Problem(s.name, store.Clip(err.Error(), 300))
			return v
		}
		merge(reflect.ValueOf(v).Elem(), reflect.ValueOf(s.def()).Elem(), n)
	}
	var envs map[string]Env
	if s.envs != nil {
		envs = s.envs(v)
	}
	c := compiler{d, envs}
	c.walk(reflect.ValueOf(v).Elem(), reflect.StructField{}, s.name)
	if s.check != nil && len(d.Problems) == before {
		s.check(v, &Report{d, s.name})
	}
	return v
}

// merge adds what only the defaults have to the maps of v, and to the entries of such a map what the file does not say of them: the library puts what is given in place of the
// default. Who gives one limit of an input has not taken away where it comes from.
func merge(v, def reflect.Value, n ast.Node) {
	switch v.Kind() {
	case reflect.Struct:
		given := fields(n)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
				merge(v.Field(i), def.Field(i), given[name])
			}
		}
	case reflect.Map:
		given := fields(n)
		for _, k := range def.MapKeys() {
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			switch is := v.MapIndex(k); {
			case !is.IsValid():
				v.SetMapIndex(k, def.MapIndex(k))
			case is.Kind() == reflect.Struct:
				v.SetMapIndex(k, overlay(is, def.MapIndex(k), given[k.String()]))
			}
		}
	}
}

// overlay returns the default with the fields that n gives as they are in v; v itself where n is not plain keys.
func overlay(v, def reflect.Value, n ast.Node) reflect.Value {
	given := fields(n)
	if given == nil {
		return v
	}
	out := reflect.New(v.Type()).Elem()
	out.Set(def)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if _, ok := given[name]; ok && f.IsExported() {
			out.Field(i).Set(v.Field(i))
		}
	}
	return out
}

// fields returns what stands under the keys of n; nil where n is not plain keys, or takes some from an anchor.
func fields(n ast.Node) map[string]ast.Node {
	entries, ok := document.Entries(n)
	if !ok {
		return nil
	}
	out := map[string]ast.Node{}
	for _, e := range entries {
		if document.Key(e) == "<<" {
			return nil
		}
		out[document.Key(e)] = e.Value
	}
	return out
}

// Report takes what a check finds wrong.
type Report struct {
	doc *document.Doc
	at  string
}

// Problem notes what is wrong with a field of the section, such as credibility.stages[1].points, and what is accepted there.
func (r *Report) Problem(field, format string, args ...any) {
	r.doc.Problem(document.Join(r.at, field), fmt.Sprintf(format, args...))
}

// Known returns the values that are known under a name, such as "stage"; nil when nothing is known.
func (r *Report) Known(name string) []string { return r.doc.Known[name] }

// Schema is the list of all sections.
type Schema struct{ parts []Part }

// NewSchema makes one. It panics when two sections have one name.
func NewSchema(parts ...Part) *Schema {
	seen := map[string]bool{"version": true}
	for _, p := range parts {
		if seen[p.Name()] {
			panic("rule: two sections are called " + p.Name())
		}
		seen[p.Name()] = true
	}
	return &Schema{parts}
}

// Parts returns the sections in their order.
func (s *Schema) Parts() []Part { return s.parts }

// formatVersion is of the file's format.
const formatVersion = 1

// Parse reads a text of the rules; file is its path, for errors. known lists values that only the organisation knows, such as its stages under "stage"; what it does not list is not
// checked. The error is a [*document.Error].
func (s *Schema) Parse(file string, text []byte, known map[string][]string) (p *Pack, err error) {
	d := document.Parse(file, text)
	d.Known = known
	defer func() {
		if r := recover(); r != nil { // libraries meet arbitrary values
			d.Add(nil, "", fmt.Sprintf("cannot be read (%v)", r))
			p, err = nil, d.Err()
		}
	}()
	given := map[string]ast.Node{}
	if d.Body != nil {
		m, ok := document.Entries(d.Body)
		if !ok {
			d.Add(d.Body.GetToken(), "", "want keys "+strings.Join(s.names(), ", ")+"; found "+document.Describe(d.Body))
		}
		for _, e := range m {
			k := document.Key(e)
			if !slices.Contains(s.names(), k) {
				d.Add(e.Key.GetToken(), store.Clip(k, 40), "unknown key; want one of "+strings.Join(s.names(), ", "))
				continue
			}
			d.At[k], given[k] = e.Key.GetToken(), e.Value
		}
	}
	if n := given["version"]; n != nil {
		var v int
		if d.Check(n, reflect.TypeFor[int](), "version"); len(d.Problems) == 0 {
			_ = yaml.NodeToValue(n, &v)
			if v != formatVersion {
				d.Problem("version", fmt.Sprintf("%d is not known to this flightdeck; want %d, or a newer flightdeck", v, formatVersion))
			}
		}
	}
	p = &Pack{File: file, Text: string(text), Hash: hashOf(text), values: map[string]any{}, schema: s}
	for _, part := range s.parts {
		p.values[part.Name()] = part.read(d, given[part.Name()])
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (s *Schema) names() []string {
	names := []string{"version"}
	for _, p := range s.parts {
		names = append(names, p.Name())
	}
	return names
}

// Default returns the pack of an empty file. Its hash is that of the defaults themselves, so that results of two programs with different defaults differ in their version.
func (s *Schema) Default() *Pack {
	p, err := s.Parse("", nil, nil)
	if err != nil {
		panic("rule: the defaults are not valid: " + err.Error())
	}
	p.Hash = hashOf([]byte(p.YAML()))
	return p
}

// sorted returns the keys of a section's map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
