package document

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"flightdeck/store"
)

// Problem is one mistake in a document.
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

// Error is everything that is wrong with a document, in the order of its lines.
type Error struct{ Problems []Problem }

// Error implements error, one line per problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxFile is the largest document that is read.
const maxFile = 1 << 20

// Parse reads a document; file is its path, for what is told of it. What is wrong with it as YAML, or with its aliases, is in [Doc.Err]; Body is then nil.
func Parse(file string, b []byte) (d *Doc) {
	d = &Doc{File: file, At: map[string]*token.Token{}}
	defer func() {
		if r := recover(); r != nil { // the parser meets arbitrary bytes
			d.Body = nil
			d.Add(nil, "", fmt.Sprintf("cannot be read as YAML (%v)", r))
		}
	}()
	if len(b) > maxFile {
		d.Add(nil, "", "larger than 1 MiB; that is no such file")
		return d
	}
	parsed, err := parser.ParseBytes(b, 0)
	if err != nil {
		if !d.tab(b) {
			d.yaml(err, nil, "")
		}
		return d
	}
	if len(parsed.Docs) > 1 {
		d.Add(parsed.Docs[1].Body.GetToken(), "", "a second document (---): want one per file")
	}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		return d
	}
	body := parsed.Docs[0].Body
	switch body.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		return d
	}
	if body, _ = d.resolve(body, map[string]anchor{}); len(d.Problems) == 0 {
		d.Body = body
	}
	return d
}

// Doc walks a syntax tree along Go types.
type Doc struct {
	File     string
	Body     ast.Node // nil: there is nothing in it, or it cannot be read
	Problems []Problem
	At       map[string]*token.Token // field → where it stands
	// Known lists, by the name in a field's tag known, the values that are accepted there; where it lists none, all are.
	Known map[string][]string
}

// Add notes what is wrong at a token; nil: with the file as a whole.
func (d *Doc) Add(tk *token.Token, field, text string) {
	p := Problem{File: d.File, Field: field, Text: text}
	if tk != nil && tk.Position != nil {
		p.Line, p.Column = tk.Position.Line, tk.Position.Column
	}
	d.Problems = append(d.Problems, p)
}

// Problem notes what is wrong with a field, or with the nearest thing around it that stands in the file.
func (d *Doc) Problem(field, text string) {
	f := field
	for d.At[f] == nil && f != "" {
		i := strings.LastIndexAny(f, ".[")
		f = f[:max(i, 0)]
	}
	d.Add(d.At[f], field, text)
}

// Err returns an [*Error] of all that was noted, in the order of lines; nil when there is nothing.
func (d *Doc) Err() error {
	if len(d.Problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.Problems, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return &Error{slices.Compact(d.Problems)}
}

// yaml notes an error of the YAML library.
func (d *Doc) yaml(err error, tk *token.Token, field string) {
	text := err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		text = y.GetMessage()
		if y.GetToken() != nil {
			tk = y.GetToken()
		}
	}
	d.Add(tk, field, store.Clip(text, 300))
}

// tab notes the first line that is indented with a tab, of a file that could not be parsed: the library's words for it help nobody.
func (d *Doc) tab(b []byte) bool {
	n := 0
	for line := range bytes.Lines(b) {
		n++
		text := bytes.TrimLeft(line, " \t")
		if i := bytes.IndexByte(line[:len(line)-len(text)], '\t'); i >= 0 && len(bytes.TrimSpace(text)) > 0 {
			d.Add(&token.Token{Position: &token.Position{Line: n, Column: i + 1}}, "", "a tab in the indentation: YAML is indented with spaces")
			return true
		}
	}
	return false
}

// Decode fills v from the entries, which were checked before; what the check could not see is noted here.
func (d *Doc) Decode(around ast.Node, m []*ast.MappingValueNode, v any, at string) {
	if len(m) == 0 {
		return
	}
	err := yaml.NodeToValue(ast.Mapping(around.GetToken(), false, m...), v, yaml.Strict())
	if err != nil {
		d.yaml(err, around.GetToken(), at)
	}
}
