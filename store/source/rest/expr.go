package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/itchyny/gojq"
)

// expr is a compiled jq expression. Plain paths and literals, which is most of every mapping, never enter the interpreter.
type expr struct {
	path    []string // direct look-up
	literal any
	code    *gojq.Code
	whole   bool // the input itself
}

var plainPath = regexp.MustCompile(`^(\.[A-Za-z_][A-Za-z0-9_]*)+$`)

// compile compiles src, in which variables (with their $) may be used. nil for an empty src.
func compile(src string, variables ...string) (*expr, error) {
	src = strings.TrimSpace(src)
	switch {
	case src == "":
		return nil, nil
	case src == ".":
		return &expr{whole: true}, nil
	case plainPath.MatchString(src):
		return &expr{path: strings.Split(src[1:], ".")}, nil
	}
	if v, err := decodeJSON([]byte(src)); err == nil {
		return &expr{literal: v}, nil
	}
	q, err := gojq.Parse(src)
	if err != nil {
		return nil, fmt.Errorf("jq %q: %w", src, err)
	}
	code, err := gojq.Compile(q, gojq.WithVariables(variables))
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

func lookUp(v any, path []string) (any, error) {
	for _, k := range path {
		m, ok := v.(map[string]any)
		if !ok {
			if v == nil {
				return nil, nil
			}
			return nil, fmt.Errorf("expected an object with %q", k)
		}
		v = m[k]
	}
	return v, nil
}

// decodeJSON decodes exactly one value with exact numbers.
func decodeJSON(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}

// truth is jq's: everything but false and null.
func truth(v any) bool { return v != nil && v != false }

// text is a template of literal text and {names}.
type text struct{ parts []string } // odd ones are names

var placeholder = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

func parseText(s string, known func(string) bool) (text, error) {
	var t text
	last := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(s, -1) {
		name := s[m[2]:m[3]]
		if !known(name) {
			return t, fmt.Errorf("%q: {%s} is unknown: want token, watermark, until, limit, offset, page, id (in then) or one of the spec's vars", s, name)
		}
		t.parts = append(t.parts, s[last:m[0]], name)
		last = m[1]
	}
	t.parts = append(t.parts, s[last:])
	return t, nil
}

// fill returns the text with its names replaced, and whether it has names at all of which none had a value.
func (t text) fill(value func(string) string) (s string, void bool) {
	var b strings.Builder
	void = len(t.parts) > 1
	for i, p := range t.parts {
		if i%2 == 1 {
			if p = value(p); p != "" {
				void = false
			}
		}
		b.WriteString(p)
	}
	return b.String(), void
}
