package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// expr is a compiled jq expression. Plain paths and literals, which is most of every mapping, never enter the interpreter.
type expr struct {
	path    []step // direct look-up
	literal any
	code    *gojq.Code
	whole   bool   // the input itself
	column  string // a member that goes before path
}

// step is a member of an object, or with an empty key the element of a list.
type step struct {
	key   string
	index int
}

var (
	plainPath = regexp.MustCompile(`^(\.[A-Za-z_][A-Za-z0-9_]*|\."[^"\\]+"|\.?\["[^"\\]+"\]|\.?\[\d{1,4}\])+$`)
	plainStep = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)|"([^"\\]+)"|\[(\d+)\]`)
)

// compile compiles src, in which variables (with their $) may be used. nil for an empty src.
func compile(src string, variables ...string) (*expr, error) {
	return compileWith(nil, src, variables...)
}

// compileWith is compile with functions that src may call.
func compileWith(fs *functions, src string, variables ...string) (*expr, error) {
	src = strings.TrimSpace(src)
	switch {
	case src == "":
		return nil, nil
	case src == ".":
		return &expr{whole: true}, nil
	case src[0] == '.' && plainPath.MatchString(src):
		e := &expr{}
		for _, m := range plainStep.FindAllStringSubmatch(src, -1) {
			n, _ := strconv.Atoi(m[3])
			e.path = append(e.path, step{m[1] + m[2], n})
		}
		return e, nil
	}
	if v, err := decodeJSON([]byte(src)); err == nil {
		return &expr{literal: v}, nil
	}
	q, err := gojq.Parse(src)
	if err != nil {
		return nil, fmt.Errorf("jq %q: %w", src, err)
	}
	q.FuncDefs = append(fs.needed(src), q.FuncDefs...)
	code, err := gojq.Compile(q, append(hashes, gojq.WithVariables(variables))...)
	if err != nil {
		return nil, fmt.Errorf("jq %q: %w", src, err)
	}
	return &expr{code: code}, nil
}

// one returns the first result; nil for none.
func (e *expr) one(ctx context.Context, v any, values ...any) (any, error) {
	switch {
	case e == nil:
		return nil, nil
	case e.whole:
		return v, nil
	case e.column != "":
		if m, ok := v.(map[string]any); ok {
			if v, ok := m[e.column]; ok {
				return v, nil
			}
		}
		return lookUp(v, e.path)
	case e.path != nil:
		return lookUp(v, e.path)
	case e.code == nil:
		return e.literal, nil
	}
	out, ok := e.code.RunWithContext(ctx, v, values...).Next()
	if err, bad := out.(error); ok && bad {
		return nil, err
	}
	if !ok {
		return nil, nil
	}
	return out, nil
}

// each calls fn with all results.
func (e *expr) each(ctx context.Context, v any, fn func(any), values ...any) error {
	if e.code == nil {
		one, err := e.one(ctx, v)
		if err == nil {
			fn(one)
		}
		return err
	}
	iter := e.code.RunWithContext(ctx, v, values...)
	for {
		out, ok := iter.Next()
		if !ok {
			return nil
		}
		if err, bad := out.(error); bad {
			return err
		}
		fn(out)
	}
}

func lookUp(v any, path []step) (any, error) {
	for _, st := range path {
		switch c := v.(type) {
		case nil:
			return nil, nil
		case map[string]any:
			if st.key == "" {
				return nil, errors.New("expected a list")
			}
			v = c[st.key]
		case []any:
			if st.key != "" {
				return nil, fmt.Errorf("expected an object with %q", st.key)
			}
			if st.index >= len(c) {
				return nil, nil
			}
			v = c[st.index]
		default:
			return nil, fmt.Errorf("expected an object with %q", st.key)
		}
	}
	return v, nil
}

// truth is jq's: everything but false and null.
func truth(v any) bool { return v != nil && v != false }

// text is a template of literal text and {names}; what stands between {? and ?} is left out when one of the names in it is empty.
type text struct{ segments []segment }

type segment struct {
	parts    []string // odd ones are names
	optional bool
}

var (
	placeholder = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*(?::json)?)\}`)
	section     = regexp.MustCompile(`(?s)\{\?(.*?)\?\}`)
)

// inJSON is behind a name whose value stands in a JSON text between quotes.
const inJSON = ":json"

// insideQuotes writes a text as it stands between the quotes of a JSON string.
func insideQuotes(s string) string {
	b, _ := json.Marshal(s) // a string cannot fail
	return string(b[1 : len(b)-1])
}

func parseText(s string, known func(string) bool) (text, error) {
	var t text
	add := func(s string, optional bool) error {
		seg := segment{optional: optional}
		last := 0
		for _, m := range placeholder.FindAllStringSubmatchIndex(s, -1) {
			name := s[m[2]:m[3]]
			if !known(strings.TrimSuffix(name, inJSON)) {
				return fmt.Errorf("%q: {%s} is unknown: want %s, id (in then and each), one of the spec's vars, or in auth one of its secrets", s, name,
					strings.Join(places[:len(places)-1], ", "))
			}
			seg.parts = append(seg.parts, s[last:m[0]], name)
			last = m[1]
		}
		seg.parts = append(seg.parts, s[last:])
		t.segments = append(t.segments, seg)
		return nil
	}
	last := 0
	for _, m := range section.FindAllStringSubmatchIndex(s, -1) {
		if err := errors.Join(add(s[last:m[0]], false), add(s[m[2]:m[3]], true)); err != nil {
			return t, err
		}
		last = m[1]
	}
	return t, add(s[last:], false)
}

// fill returns the text with its names replaced. It is void when it has names outside of optional sections and none of them has a value, or when nothing is left.
func (t text) fill(value func(string) string) (s string, void bool) {
	var b strings.Builder
	names, given, sections := 0, 0, false
	for _, seg := range t.segments {
		start, missing := b.Len(), false
		for i, p := range seg.parts {
			if i%2 == 1 {
				name, quoted := strings.CutSuffix(p, inJSON)
				if p = value(name); quoted {
					p = insideQuotes(p)
				}
				missing = missing || p == ""
				if !seg.optional {
					names++
					if p != "" {
						given++
					}
				}
			}
			b.WriteString(p)
		}
		if sections = sections || seg.optional; seg.optional && missing {
			kept := b.String()[:start]
			b.Reset()
			b.WriteString(kept)
		}
	}
	s = b.String()
	return s, names > 0 && given == 0 || sections && s == ""
}

// fill fills parameters; those that come out void are left out.
func fill(all []param, value func(string) string) map[string]string {
	if len(all) == 0 {
		return nil
	}
	out := make(map[string]string, len(all))
	for _, p := range all {
		if v, void := p.value.fill(value); !void {
			out[p.name] = v
		}
	}
	return out
}
