package rule

import (
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
	"github.com/goccy/go-yaml/token"

	"flightdeck/analytics/rule/document"
	"flightdeck/store"
)

// Env is the inputs of an expression: name → a value of the input's type (0.0 a number, "" a text, false a truth, []string{} a list of texts).
type Env map[string]any

// Expr is an expression in a section, such as "amount > 1e6 && not signed". It is compiled when the rules are read: what is unknown in it, or of another type than its field's
// tag returns:"bool" (or "number", "text") says, is told with line and column. The zero Expr is none. It may be evaluated on many goroutines.
type Expr struct {
	text    string
	program *vm.Program
}

// Inline returns an expression that is not compiled yet, for a section's defaults.
func Inline(text string) Expr { return Expr{text: text} }

// String returns the expression as it was written.
func (e Expr) String() string { return e.text }

// IsZero reports that there is none.
func (e Expr) IsZero() bool { return e.text == "" }

// MarshalText returns the expression as it was written.
func (e Expr) MarshalText() ([]byte, error) { return []byte(e.text), nil }

// UnmarshalText takes an expression, which the section then compiles.
func (e *Expr) UnmarshalText(b []byte) error {
	e.text, e.program = string(b), nil
	return nil
}

// Bool evaluates an expression whose field returns bool.
func (e Expr) Bool(in map[string]any) (bool, error) {
	v, err := e.run(in)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("evaluate %q: it gave %v, not true or false", store.Clip(e.text, 60), v)
	}
	return b, nil
}

// Number evaluates an expression whose field returns number. A result that is infinite or not a number is an error: it would spoil every sum that it goes into.
func (e Expr) Number(in map[string]any) (float64, error) {
	v, err := e.run(in)
	if err != nil {
		return 0, err
	}
	var f float64
	switch v := v.(type) {
	case float64:
		f = v
	case int:
		f = float64(v)
	case int64:
		f = float64(v)
	default:
		return 0, fmt.Errorf("evaluate %q: it gave %v, not a number", store.Clip(e.text, 60), v)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("evaluate %q: it gave %v; guard its divisions", store.Clip(e.text, 60), f)
	}
	return f, nil
}

// Text evaluates an expression whose field returns text.
func (e Expr) Text(in map[string]any) (string, error) {
	v, err := e.run(in)
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("evaluate %q: it gave %v, not a text", store.Clip(e.text, 60), v)
	}
	return s, nil
}

func (e Expr) run(in map[string]any) (v any, err error) {
	if e.program == nil {
		return nil, errors.New("evaluate: the expression was not compiled")
	}
	if v, err = expr.Run(e.program, in); err != nil {
		return nil, fmt.Errorf("evaluate %q: %s", store.Clip(e.text, 60), firstLine(err))
	}
	return v, nil
}

// maxNodes bounds an expression's size.
const maxNodes = 500

// compile checks e against its inputs.
func (e *Expr) compile(env Env, returns string) error {
	opts := []expr.Option{expr.Env(map[string]any(env)), expr.MaxNodes(maxNodes), expr.DisableBuiltin("now")}
	switch returns {
	case "bool":
		opts = append(opts, expr.AsBool())
	case "text":
		opts = append(opts, expr.AsKind(reflect.String))
	default:
		opts = append(opts, expr.AsFloat64())
	}
	p, err := expr.Compile(e.text, opts...)
	if err != nil {
		return err
	}
	e.program = p
	return nil
}

// compiler compiles every expression in a section.
type compiler struct {
	doc  *document.Doc
	envs map[string]Env
}

var exprType = reflect.TypeFor[Expr]()

// walk looks for expressions in v, which stands at at under the tags of f.
func (c *compiler) walk(v reflect.Value, f reflect.StructField, at string) {
	if v.Type() == exprType {
		if e := v.Addr().Interface().(*Expr); !e.IsZero() {
			c.compile(e, f, at)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c.walk(v.Elem(), f, at)
		}
	case reflect.Struct:
		_, fields := document.Accepted(v.Type())
		for _, name := range sorted(fields) {
			field := fields[name]
			c.walk(v.FieldByName(field.Name), field, document.Join(at, name))
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.walk(v.Index(i), f, fmt.Sprintf("%s[%d]", at, i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			elem := reflect.New(v.Type().Elem()).Elem() // what is in a map cannot be changed there
			elem.Set(v.MapIndex(k))
			c.walk(elem, f, document.Join(at, store.Clip(k.String(), 40)))
			v.SetMapIndex(k, elem)
		}
	}
}

func (c *compiler) compile(e *Expr, f reflect.StructField, at string) {
	name := f.Tag.Get("env")
	env, ok := c.envs[name]
	if !ok {
		panic(fmt.Sprintf("rule: %s has an expression with env %q, which its section does not declare", at, name))
	}
	err := e.compile(env, f.Tag.Get("returns"))
	if err == nil {
		return
	}
	text := fmt.Sprintf("%s; the inputs are %s", firstLine(err), joined(sorted(env)))
	var where *file.Error
	tk := c.doc.At[at]
	if tk == nil || tk.Position == nil || !errors.As(err, &where) {
		c.doc.Problem(at, text)
		return
	}
	moved := *tk.Position // to the place inside the expression; a block of text begins on the line after its sign
	if tk.Type == token.LiteralType || tk.Type == token.FoldedType {
		moved.Line += where.Line
		moved.Column = 1
	} else {
		moved.Column += where.Column
		if tk.Type == token.DoubleQuoteType || tk.Type == token.SingleQuoteType {
			moved.Column++
		}
	}
	c.doc.Add(&token.Token{Position: &moved}, at, text)
}

// firstLine is what an error of the library says; the lines after it draw an arrow.
func firstLine(err error) string {
	var where *file.Error
	if errors.As(err, &where) {
		return store.Clip(where.Message, 200)
	}
	return store.Clip(err.Error(), 200)
}

func joined(words []string) (s string) {
	for i, w := range words {
		if i == 30 {
			return s + ", …"
		}
		if i > 0 {
			s += ", "
		}
		s += w
	}
	return s
}
