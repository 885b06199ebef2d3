package config

import (
	"fmt"
	"os"
	"regexp"

	"github.com/goccy/go-yaml/ast"

	"flightdeck/store"
)

// pointing are the keys whose values point somewhere: there, and nowhere else, ${NAME} is replaced from the environment.
var pointing = map[string]bool{"dir": true, "url": true, "path": true, "file": true, "spec": true, "listen": true, "host_key": true, "authorized_keys": true,
	"database": true, "address": true, "ca": true}

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
