package rule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"flightdeck/analytics/rule/document"
	"flightdeck/store"
)

// Revise puts a changed section in force: change is given the section as the file has it now, and what it changes is written to the file's text, of which everything else,
// comments included, stays as it is. Then it goes as in [Live.Save]: a change that is not accepted, or a file that is wrong already, changes nothing and is a *document.Error.
// It blocks on the disk. Whether a viewer may do it is judged by the caller.
func Revise[T any](ctx context.Context, l *Live, s *Section[T], change func(*T), by store.PersonID, name, note string) (*Pack, error) {
	if l.o.Path == "" {
		return nil, errNoFile
	}
	l.work.Lock()
	defer l.work.Unlock()
	text, err := read(l.o.Path)
	if errors.Is(err, fs.ErrNotExist) || err != nil && len(bytes.TrimSpace(text)) == 0 && isFile(l.o.Path) {
		text, err = fmt.Appendf(nil, "version: %d\n", formatVersion), nil
	}
	if err != nil {
		return nil, err
	}
	p, err := Amend(l.o.Schema, l.o.Path, text, l.known(), s, change)
	if err != nil {
		return nil, err
	}
	return l.save(ctx, p, by, name, note)
}

// Amend is what [Revise] would put in force: the pack of a text of the rules in which a section is changed and everything else is as it was. It writes nothing: the pack's Text is a
// proposal. path is named in errors.
func Amend[T any](schema *Schema, path string, text []byte, known map[string][]string, s *Section[T], change func(*T)) (*Pack, error) {
	was, err := schema.Parse(path, text, known)
	if err != nil {
		return nil, err
	}
	again, err := schema.Parse(path, text, known)
	if err != nil {
		return nil, err
	}
	to := s.Of(again)
	if to == s.none() {
		return nil, fmt.Errorf("save rules: this program's rules have no section %s", s.name)
	}
	change(to)
	if text, err = s.write(text, s.Of(was), to); err != nil {
		return nil, err
	}
	p, err := schema.Parse(path, text, known)
	if err == nil && p.YAML() == again.YAML() {
		return p, nil
	}
	if _, wrong := schema.Parse(path, []byte(again.YAML()), known); wrong != nil && err != nil {
		return nil, err // the change itself is not accepted
	}
	return nil, fmt.Errorf("save rules: %s: the section %s is written so that a change cannot be put into it; give each of its keys a line of its own, or change it there", path, s.name)
}

// entryAt finds an entry of a mapping; nil: there is none.
func entryAt(n ast.Node, key string) *ast.MappingValueNode {
	all, _ := document.Entries(n)
	for _, e := range all {
		if document.Key(e) == key {
			return e
		}
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// write puts into a text of the rules each key of the section whose value is another in to than in from.
func (s *Section[T]) write(text []byte, from, to *T) ([]byte, error) {
	a, b := reflect.ValueOf(from).Elem(), reflect.ValueOf(to).Elem()
	for i := range a.NumField() {
		name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		was, err := entry(name, a.Field(i).Interface())
		if err != nil {
			return nil, err
		}
		is, err := entry(name, b.Field(i).Interface())
		if err != nil {
			return nil, err
		}
		if was != is {
			text = put(text, s.name, name, is)
		}
	}
	return text, nil
}

// entry is a key and its value as lines of YAML.
func entry(name string, v any) (string, error) {
	b, err := yaml.MarshalWithOptions(yaml.MapSlice{{Key: name, Value: v}}, yaml.Indent(2), yaml.CustomMarshaler(func(f float64) ([]byte, error) { return []byte(decimal(f)), nil }))
	if err != nil {
		return "", fmt.Errorf("save rules: %s: %w", name, err)
	}
	return string(b), nil
}

// put sets a section's key in a text: lines is the entry as it stands at the left margin. It knows sections whose keys stand on lines of their own; whether the outcome is what
// was meant is seen by reading it.
func put(text []byte, section, key, lines string) []byte {
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	out := func(from, to, indent int) []byte {
		var b strings.Builder
		for _, l := range all[:from] {
			b.WriteString(l + "\n")
		}
		for l := range strings.Lines(lines) {
			b.WriteString(strings.Repeat(" ", indent) + l)
		}
		for _, l := range all[to:] {
			b.WriteString(l + "\n")
		}
		return []byte(b.String())
	}
	at := entryAt(document.Parse("", text).Body, section)
	if at == nil {
		lines = section + ":\n  " + strings.ReplaceAll(strings.TrimRight(lines, "\n"), "\n", "\n  ") + "\n"
		return out(len(all), len(all), 0)
	}
	line := at.Key.GetToken().Position.Line
	in, ok := document.Entries(at.Value)
	if ok && (len(in) == 0 || in[0].Key.GetToken().Position.Line == line) { // in braces: its keys get lines of their own
		var values yaml.MapSlice
		if err := yaml.NodeToValue(at.Value, &values, yaml.UseOrderedMap()); err != nil {
			return text // which is not what was meant, and is told so
		}
		for i := range values {
			if values[i].Key == key {
				values = append(values[:i:i], values[i+1:]...)
				break
			}
		}
		rest := ""
		if len(values) > 0 {
			if rest, _ = entry(section, values); rest != "" {
				_, rest, _ = strings.Cut(rest, "\n")
			}
		}
		lines = section + ":\n  " + strings.ReplaceAll(strings.TrimRight(lines, "\n"), "\n", "\n  ") + "\n" + rest
		return out(line-1, after(all, line-1), 0)
	}
	if !ok { // the section is empty
		return out(line, line, 2)
	}
	first := in[0].Key.GetToken().Position
	for _, e := range in {
		if document.Key(e) == key {
			from := e.Key.GetToken().Position.Line - 1
			return out(from, after(all, from), first.Column-1)
		}
	}
	return out(first.Line-1, first.Line-1, first.Column-1)
}

// after is the line that follows on what stands under the key on a line.
func after(all []string, at int) int {
	indent := func(l string) int { return len(l) - len(strings.TrimLeft(l, " ")) }
	own, end := indent(all[at]), at+1
	for i := at + 1; i < len(all); i++ {
		body := strings.TrimSpace(all[i])
		if body == "" || strings.HasPrefix(body, "#") {
			continue // of what comes, unless more of this follows
		}
		if indent(all[i]) <= own && !(indent(all[i]) == own && strings.HasPrefix(body, "- ")) {
			break
		}
		end = i + 1
	}
	return end
}
