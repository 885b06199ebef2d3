package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"flightdeck/store"
)

// Problem is one mistake in a configuration.
type Problem struct {
	File   string
	Line   int // from 1; 0: the file as a whole
	Column int
	Field  string // such as sources[0].dir
	Text   string // what is wrong and what is accepted
}

func (p Problem) String() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d:%d", p.Line, p.Column)
	}
	if p.Field != "" {
		s += ": " + p.Field
	}
	return s + ": " + p.Text
}

// Error is everything that is wrong with a configuration, in the order of its lines.
type Error struct{ Problems []Problem }

// Error implements error, one line per problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxFile is the largest configuration that is read.
const maxFile = 1 << 20

// Parse reads a configuration; file is its path, for errors and for relative paths. The error is an [*Error].
func Parse(file string, b []byte, kinds []Kind) (cfg *Config, err error) {
	t := &tree{file: file, at: map[string]*token.Token{}}
	defer func() {
		if r := recover(); r != nil { // the parser meets arbitrary bytes
			t.add(nil, "", fmt.Sprintf("cannot be read as YAML (%v)", r))
			cfg, err = nil, t.err()
		}
	}()
	if len(b) > maxFile {
		t.add(nil, "", "larger than 1 MiB; this is no configuration")
		return nil, t.err()
	}
	parsed, perr := parser.ParseBytes(b, 0)
	if perr != nil {
		t.yaml(perr, nil, "")
		return nil, t.err()
	}
	c := &Config{Path: file}
	if len(parsed.Docs) > 1 {
		t.add(parsed.Docs[1].Body.GetToken(), "", "a second document (---): want one configuration per file")
	}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		return c, t.err()
	}
	body := parsed.Docs[0].Body
	if _, ok := body.(*ast.NullNode); ok {
		return c, nil
	}
	if _, ok := body.(*ast.CommentGroupNode); ok {
		return c, nil
	}
	if body, _ = t.resolve(body, map[string]anchor{}); len(t.problems) > 0 {
		return nil, t.err()
	}
	t.expand(body, "")
	dir := filepath.Dir(file)
	t.root(body, c, kinds, dir)
	if len(t.problems) == 0 || c.Version > 1 {
		c.validate(t)
	}
	if c.Store.Dir != "" && !filepath.IsAbs(c.Store.Dir) {
		c.Store.Dir = filepath.Join(dir, c.Store.Dir)
	}
	for _, p := range []*string{&c.Serve.HostKey} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	for i := range c.Serve.People {
		if p := &c.Serve.People[i].AuthorizedKeys; *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	if err := t.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// tree walks a syntax tree along Go types.
type tree struct {
	file     string
	problems []Problem
	at       map[string]*token.Token // field → where it stands
}

func (t *tree) add(tk *token.Token, field, text string) {
	p := Problem{File: t.file, Field: field, Text: text}
	if tk != nil && tk.Position != nil {
		p.Line, p.Column = tk.Position.Line, tk.Position.Column
	}
	t.problems = append(t.problems, p)
}

// problem notes what is wrong with a field, or with the nearest thing around it that stands in the file.
func (t *tree) problem(field, text string) {
	f := field
	for t.at[f] == nil && f != "" {
		i := strings.LastIndexAny(f, ".[")
		f = f[:max(i, 0)]
	}
	t.add(t.at[f], field, text)
}

func (t *tree) err() error {
	if len(t.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(t.problems, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return &Error{slices.Compact(t.problems)}
}

// yaml notes an error of the YAML library.
func (t *tree) yaml(err error, tk *token.Token, field string) {
	text := err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		text = y.GetMessage()
		if y.GetToken() != nil {
			tk = y.GetToken()
		}
	}
	t.add(tk, field, store.Clip(text, 300))
}

// root reads the top level: sources apart, each along its kind's type.
func (t *tree) root(body ast.Node, c *Config, kinds []Kind, dir string) {
	m, ok := entries(body)
	if !ok {
		t.add(body.GetToken(), "", "want keys such as organisation, store and sources; found "+describe(body))
		return
	}
	var list ast.Node
	rest := m[:0:0]
	for _, e := range m {
		if key(e) == "sources" {
			t.at["sources"] = e.Key.GetToken()
			list = e.Value
			continue
		}
		rest = append(rest, e)
	}
	t.fields(rest, reflect.TypeFor[Config](), "", nil)
	if len(t.problems) == 0 {
		t.decode(body, rest, c, "")
	}
	if list == nil {
		return
	}
	if _, ok := list.(*ast.NullNode); ok {
		return
	}
	seq, ok := list.(*ast.SequenceNode)
	if !ok {
		t.add(list.GetToken(), "sources", "want a list (- id: … per line); found "+describe(list))
		return
	}
	seen := map[store.SourceID]int{}
	for i, n := range seq.Values {
		at := fmt.Sprintf("sources[%d]", i)
		t.at[at] = n.GetToken()
		s, ok := t.source(n, at, c, kinds, dir)
		if !ok {
			continue
		}
		if line, twice := seen[s.ID]; twice {
			t.problem(at+".id", fmt.Sprintf("%q is used twice, first in line %d; want a name of its own", s.ID, line))
		}
		seen[s.ID] = s.Line
		c.Sources = append(c.Sources, s)
	}
}

// common is what all sources have.
type common struct {
	ID    string        `yaml:"id"`
	Kind  string        `yaml:"kind"`
	Every time.Duration `yaml:"every"`
}

var goodID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$`)

func (t *tree) source(n ast.Node, at string, c *Config, kinds []Kind, dir string) (s Source, ok bool) {
	m, isMap := entries(n)
	if !isMap {
		t.add(n.GetToken(), at, "want keys such as id and kind; found "+describe(n))
		return s, false
	}
	before := len(t.problems)
	var mine, theirs []*ast.MappingValueNode
	for _, e := range m {
		switch key(e) {
		case "id", "kind", "every":
			mine = append(mine, e)
		default:
			theirs = append(theirs, e)
		}
	}
	var com common
	t.fields(mine, reflect.TypeFor[common](), at, nil)
	if len(t.problems) > before {
		return s, false
	}
	t.decode(n, mine, &com, at)
	var names []string
	var kind *Kind
	for i := range kinds {
		names = append(names, kinds[i].Name)
		if kinds[i].Name == com.Kind {
			kind = &kinds[i]
		}
	}
	if com.ID == "" || !goodID.MatchString(com.ID) || com.ID == ConfigSource {
		t.problem(at+".id", fmt.Sprintf("%q: want a short name of letters, digits, - _ and . (and not %q)", store.Clip(com.ID, 40), ConfigSource))
	}
	if com.Every < 0 || com.Every > 0 && com.Every < time.Second {
		t.problem(at+".every", fmt.Sprintf("%s: want one second or more, such as 5m", com.Every))
	}
	if kind == nil {
		t.problem(at+".kind", fmt.Sprintf("%q: want one of %s", store.Clip(com.Kind, 40), strings.Join(names, ", ")))
		return s, false
	}
	cfg := kind.New()
	kindOK := len(t.problems)
	t.fields(theirs, reflect.TypeOf(cfg).Elem(), at, []string{"id", "kind", "every"})
	if len(t.problems) > kindOK {
		return s, false
	}
	t.decode(n, theirs, cfg, at)
	s = Source{ID: store.SourceID(com.ID), Kind: com.Kind, Every: com.Every, Config: cfg, Line: n.GetToken().Position.Line}
	if len(t.problems) > before {
		return s, false
	}
	if kind.Fill != nil {
		kind.Fill(cfg, s.ID, c.Organisation, dir)
	}
	if kind.Check != nil {
		if err := kind.Check(cfg); err != nil {
			t.problem(at, err.Error())
			return s, false
		}
	}
	return s, true
}

// ConfigSource is the source of what the configuration itself says, such as quotas.
const ConfigSource = "config"

// decode fills v from the entries, which were checked before; what the check could not see is noted here.
func (t *tree) decode(around ast.Node, m []*ast.MappingValueNode, v any, at string) {
	if len(m) == 0 {
		return
	}
	err := yaml.NodeToValue(ast.Mapping(around.GetToken(), false, m...), v, yaml.Strict())
	if err != nil {
		t.yaml(err, around.GetToken(), at)
	}
}

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

// pointing are the keys whose values point somewhere: there, and nowhere else, ${NAME} is replaced from the environment.
var pointing = map[string]bool{"dir": true, "url": true, "path": true, "file": true, "spec": true, "listen": true, "host_key": true, "authorized_keys": true, "database": true}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// anchor is a value that is named for use elsewhere in the file, and how many nodes it holds.
type anchor struct {
	node ast.Node
	size int
}

// maxNodes is how large a configuration may become by its aliases: a small file must not stand for a large one.
const maxNodes = 200_000

// resolve returns n with aliases and merge keys replaced by what they name, and how many nodes that are. What stands behind an alias is shared, not copied.
func (t *tree) resolve(n ast.Node, known map[string]anchor) (ast.Node, int) {
	size := 1
	switch n := n.(type) {
	case *ast.AnchorNode:
		v, size := t.resolve(n.Value, known)
		known[n.Name.GetToken().Value] = anchor{v, size}
		return v, size
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		a, ok := known[name]
		if !ok {
			t.add(n.GetToken(), "", fmt.Sprintf("alias *%s: nothing before it is marked &%s", store.Clip(name, 40), store.Clip(name, 40)))
			return &ast.NullNode{BaseNode: &ast.BaseNode{}, Token: n.GetToken()}, 1
		}
		return a.node, a.size
	case *ast.MappingValueNode:
		m, size := t.resolve(ast.Mapping(n.GetToken(), false, n), known)
		return m, size
	case *ast.MappingNode:
		own := map[string]bool{}
		for _, e := range n.Values {
			own[key(e)] = true
		}
		var all []*ast.MappingValueNode
		for _, e := range n.Values {
			v, s := t.resolve(e.Value, known)
			size += s
			if _, merge := e.Key.(*ast.MergeKeyNode); merge {
				m, ok := entries(v)
				if !ok {
					t.add(e.Key.GetToken(), "", "<<: want an alias of keys")
				}
				for _, in := range m {
					if !own[key(in)] {
						own[key(in)] = true
						all = append(all, in)
					}
				}
				continue
			}
			e.Value = v
			all = append(all, e)
		}
		n.Values = all
	case *ast.SequenceNode:
		for i, v := range n.Values {
			var s int
			n.Values[i], s = t.resolve(v, known)
			size += s
		}
	}
	if size > maxNodes {
		if len(t.problems) == 0 {
			t.add(n.GetToken(), "", "aliases make this configuration larger than any can be")
		}
		return &ast.NullNode{BaseNode: &ast.BaseNode{}, Token: n.GetToken()}, 1
	}
	return n, size
}

// expand replaces ${NAME} in values that point somewhere.
func (t *tree) expand(n ast.Node, at string) {
	m, ok := entries(n)
	if !ok {
		if seq, ok := n.(*ast.SequenceNode); ok {
			for i, v := range seq.Values {
				t.expand(v, fmt.Sprintf("%s[%d]", at, i))
			}
		}
		return
	}
	for _, e := range m {
		field := join(at, key(e))
		s, ok := e.Value.(*ast.StringNode)
		if !ok {
			t.expand(e.Value, field)
			continue
		}
		if !pointing[key(e)] {
			continue
		}
		text := variable.ReplaceAllStringFunc(s.Value, func(ref string) string {
			name := ref[2 : len(ref)-1]
			v, ok := os.LookupEnv(name)
			if !ok {
				t.add(s.GetToken(), field, fmt.Sprintf("the environment variable %s is not set; export it or write the value", name))
			}
			return v
		})
		if text != s.Value {
			s.Value = text
			tk := *s.Token
			tk.Value = text
			s.Token = &tk
		}
	}
}
