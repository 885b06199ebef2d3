package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
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
		if !t.tab(b) {
			t.yaml(perr, nil, "")
		}
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

// tab notes the first line that is indented with a tab, of a file that could not be parsed: the library's words for it help nobody.
func (t *tree) tab(b []byte) bool {
	n := 0
	for line := range bytes.Lines(b) {
		n++
		text := bytes.TrimLeft(line, " \t")
		if i := bytes.IndexByte(line[:len(line)-len(text)], '\t'); i >= 0 && len(bytes.TrimSpace(text)) > 0 {
			t.add(&token.Token{Position: &token.Position{Line: n, Column: i + 1}}, "", "a tab in the indentation: YAML is indented with spaces")
			return true
		}
	}
	return false
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
	good := rest[:0:0] // a section with a mistake in it is not decoded; the others are, so that all mistakes are told at once
	orgOK := true
	for _, e := range rest {
		before := len(t.problems)
		t.fields([]*ast.MappingValueNode{e}, reflect.TypeFor[Config](), "", nil)
		if len(t.problems) == before {
			good = append(good, e)
		} else if key(e) == "organisation" {
			orgOK = false
		}
	}
	t.decode(body, good, c, "")
	if orgOK { // what fits an organisation is not known without it
		c.validate(t)
		orgOK = !slices.ContainsFunc(t.problems, func(p Problem) bool { return strings.HasPrefix(p.Field, "organisation") })
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
		s, ok := t.source(n, at, c, kinds, dir, orgOK)
		if !ok {
			continue
		}
		if line, twice := seen[s.ID]; twice {
			t.problem(at+".id", fmt.Sprintf("%q is used twice, first in line %d; want a name of its own", s.ID, line))
		}
		seen[s.ID] = s.Line
		c.Sources = append(c.Sources, s)
	}
	if orgOK {
		t.stages(c, kinds)
	}
}

// stages notes where a source maps to a stage that nothing brings: its deals would be in no stage, and in no funnel.
func (t *tree) stages(c *Config, kinds []Kind) {
	var known []store.ID
	for _, s := range c.Organisation.Stages {
		known = append(known, store.ID(s.ID))
	}
	uses := make([]StageUse, len(c.Sources))
	for i, s := range c.Sources {
		k := kinds[slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == s.Kind })]
		if k.Stages == nil {
			continue
		}
		if uses[i] = k.Stages(s.Config); uses[i].Open {
			return
		}
		known = append(known, uses[i].Brings...)
	}
	for i, u := range uses {
		for _, word := range slices.Sorted(maps.Keys(u.To)) {
			if id := u.To[word]; !slices.Contains(known, id) {
				want := "list it under organisation.stages"
				if len(known) > 0 {
					want = fmt.Sprintf("want one of %s, or %s", joinIDs(known), want)
				}
				t.problem(fmt.Sprintf("sources[%d].stages.%s", i, store.Clip(word, 40)), fmt.Sprintf("stage %q is unknown; %s", store.Clip(string(id), 40), want))
			}
		}
	}
}

func joinIDs(ids []store.ID) string {
	var words []string
	for _, id := range ids {
		if !slices.Contains(words, string(id)) {
			words = append(words, string(id))
		}
	}
	return strings.Join(words, ", ")
}

// common is what all sources have.
type common struct {
	ID    string        `yaml:"id"`
	Kind  string        `yaml:"kind"`
	Every time.Duration `yaml:"every"`
}

var goodID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$`)

// source reads one source. What the kind itself checks waits for a valid organisation (orgOK): it would find the organisation's mistake where nobody made one.
func (t *tree) source(n ast.Node, at string, c *Config, kinds []Kind, dir string, orgOK bool) (s Source, ok bool) {
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
	if kind.Check != nil && orgOK {
		if err := kind.Check(cfg); err != nil {
			t.wrong(at, err)
			return s, false
		}
	}
	return s, true
}

var (
	checked   = regexp.MustCompile(`^configure \w+ source \S+: `) // which source it is, the field says
	wrongWith = regexp.MustCompile(`^([a-z_]+(?:\[\d+\]|\.\w+)*)(: | )`)
)

// wrong notes what a kind found, one line per mistake, each beginning with its field where it has one: that field's line is told.
func (t *tree) wrong(at string, err error) {
	for line := range strings.Lines(checked.ReplaceAllString(err.Error(), "")) {
		field, text := at, strings.TrimSpace(line)
		if m := wrongWith.FindStringSubmatch(text); m != nil && t.at[join(at, m[1])] != nil || m != nil && m[2] == ": " {
			field, text = join(at, m[1]), text[len(m[0]):]
		}
		t.problem(field, text)
	}
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
