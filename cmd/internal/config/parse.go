package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"flightdeck/analytics"
	"flightdeck/analytics/rule/document"
	"flightdeck/store"
)

// Problem is one mistake in a configuration.
type Problem = document.Problem

// Error is all mistakes in a configuration.
type Error = document.Error

// tree is a configuration's document.
type tree struct{ *document.Doc }

// Parse reads a configuration; file is its path, for errors and for relative paths. The error is an [*Error].
func Parse(file string, b []byte, kinds []Kind) (cfg *Config, err error) {
	t := tree{document.Parse(file, b)}
	defer func() {
		if r := recover(); r != nil { // the library meets arbitrary values
			t.Add(nil, "", fmt.Sprintf("cannot be read as YAML (%v)", r))
			cfg, err = nil, t.Err()
		}
	}()
	c := &Config{Path: file}
	if t.Body == nil {
		if err := t.Err(); err != nil {
			return nil, err
		}
		return c, nil
	}
	t.expand(t.Body, "")
	dir := filepath.Dir(file)
	t.root(t.Body, c, kinds, dir)
	if c.Store.Dir != "" && !filepath.IsAbs(c.Store.Dir) {
		c.Store.Dir = filepath.Join(dir, c.Store.Dir)
	}
	for _, p := range []*string{&c.Serve.HostKey, &c.RulesFile} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	for i := range c.Serve.People {
		if p := &c.Serve.People[i].AuthorizedKeys; *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	if err := t.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// root reads the top level: sources apart, each along its kind's type.
func (t tree) root(body ast.Node, c *Config, kinds []Kind, dir string) {
	m, ok := document.Entries(body)
	if !ok {
		t.Add(body.GetToken(), "", "want keys such as organisation, store and sources; found "+document.Describe(body))
		return
	}
	var list ast.Node
	rest := m[:0:0]
	for _, e := range m {
		if document.Key(e) == "sources" {
			t.At["sources"] = e.Key.GetToken()
			list = e.Value
			continue
		}
		rest = append(rest, e)
	}
	good := rest[:0:0] // a section with a mistake in it is not decoded; the others are, so that all mistakes are told at once
	orgOK := true
	for _, e := range rest {
		before := len(t.Problems)
		t.Fields([]*ast.MappingValueNode{e}, reflect.TypeFor[Config](), "", nil)
		if len(t.Problems) == before {
			good = append(good, e)
		} else if document.Key(e) == "organisation" {
			orgOK = false
		}
	}
	t.Decode(body, good, c, "")
	if orgOK { // what fits an organisation is not known without it
		c.validate(t)
		orgOK = !slices.ContainsFunc(t.Problems, func(p Problem) bool { return strings.HasPrefix(p.Field, "organisation") })
	}
	if list == nil {
		return
	}
	if _, ok := list.(*ast.NullNode); ok {
		return
	}
	seq, ok := list.(*ast.SequenceNode)
	if !ok {
		t.Add(list.GetToken(), "sources", "want a list (- id: … per line); found "+document.Describe(list))
		return
	}
	seen := map[store.SourceID]int{}
	for i, n := range seq.Values {
		at := fmt.Sprintf("sources[%d]", i)
		t.At[at] = n.GetToken()
		s, ok := t.source(n, at, c, kinds, dir, orgOK)
		if !ok {
			continue
		}
		if line, twice := seen[s.ID]; twice {
			t.Problem(at+".id", fmt.Sprintf("%q is used twice, first in line %d; want a name of its own", s.ID, line))
		}
		seen[s.ID] = s.Line
		c.Sources = append(c.Sources, s)
	}
	if orgOK {
		t.stages(c, kinds)
	}
}

// stages notes where a source maps to a stage that nothing brings: its deals would be in no stage, and in no funnel.
func (t tree) stages(c *Config, kinds []Kind) {
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
				t.Problem(fmt.Sprintf("sources[%d].stages.%s", i, store.Clip(word, 40)), fmt.Sprintf("stage %q is unknown; %s", store.Clip(string(id), 40), want))
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
func (t tree) source(n ast.Node, at string, c *Config, kinds []Kind, dir string, orgOK bool) (s Source, ok bool) {
	m, isMap := document.Entries(n)
	if !isMap {
		t.Add(n.GetToken(), at, "want keys such as id and kind; found "+document.Describe(n))
		return s, false
	}
	before := len(t.Problems)
	var mine, theirs []*ast.MappingValueNode
	for _, e := range m {
		switch document.Key(e) {
		case "id", "kind", "every":
			mine = append(mine, e)
		default:
			theirs = append(theirs, e)
		}
	}
	var com common
	t.Fields(mine, reflect.TypeFor[common](), at, nil)
	if len(t.Problems) > before {
		return s, false
	}
	t.Decode(n, mine, &com, at)
	var names []string
	var kind *Kind
	for i := range kinds {
		names = append(names, kinds[i].Name)
		if kinds[i].Name == com.Kind {
			kind = &kinds[i]
		}
	}
	if com.ID == "" || !goodID.MatchString(com.ID) || com.ID == ConfigSource || com.ID == string(analytics.RulesSource) {
		t.Problem(at+".id", fmt.Sprintf("%q: want a short name of letters, digits, - _ and . (and neither %q nor %q)", store.Clip(com.ID, 40), ConfigSource, analytics.RulesSource))
	}
	if com.Every < 0 || com.Every > 0 && com.Every < time.Second {
		t.Problem(at+".every", fmt.Sprintf("%s: want one second or more, such as 5m", com.Every))
	}
	if kind == nil {
		t.Problem(at+".kind", fmt.Sprintf("%q: want one of %s", store.Clip(com.Kind, 40), strings.Join(names, ", ")))
		return s, false
	}
	cfg := kind.New()
	kindOK := len(t.Problems)
	t.Fields(theirs, reflect.TypeOf(cfg).Elem(), at, []string{"id", "kind", "every"})
	if len(t.Problems) > kindOK {
		return s, false
	}
	t.Decode(n, theirs, cfg, at)
	s = Source{ID: store.SourceID(com.ID), Kind: com.Kind, Every: com.Every, Config: cfg, Line: n.GetToken().Position.Line}
	if len(t.Problems) > before {
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
func (t tree) wrong(at string, err error) {
	for line := range strings.Lines(checked.ReplaceAllString(err.Error(), "")) {
		field, text := at, strings.TrimSpace(line)
		if m := wrongWith.FindStringSubmatch(text); m != nil && t.At[document.Join(at, m[1])] != nil || m != nil && m[2] == ": " {
			field, text = document.Join(at, m[1]), text[len(m[0]):]
		}
		t.Problem(field, text)
	}
}

// ConfigSource is the source of what the configuration itself says, such as quotas.
const ConfigSource = "config"
