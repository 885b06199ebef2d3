package document

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"flightdeck/store"
)

// anchor is a value that is named for use elsewhere in the file, and how many nodes it holds.
type anchor struct {
	node ast.Node
	size int
}

// maxNodes is how large a document may become by its aliases: a small file must not stand for a large one.
const maxNodes = 200_000

// resolve returns n with aliases and merge keys replaced by what they name, and how many nodes that are. What stands behind an alias is shared, not copied.
func (d *Doc) resolve(n ast.Node, known map[string]anchor) (ast.Node, int) {
	size := 1
	switch n := n.(type) {
	case *ast.AnchorNode:
		v, size := d.resolve(n.Value, known)
		known[n.Name.GetToken().Value] = anchor{v, size}
		return v, size
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		a, ok := known[name]
		if !ok {
			d.Add(n.GetToken(), "", fmt.Sprintf("alias *%s: nothing before it is marked &%s", store.Clip(name, 40), store.Clip(name, 40)))
			return &ast.NullNode{BaseNode: &ast.BaseNode{}, Token: n.GetToken()}, 1
		}
		return a.node, a.size
	case *ast.MappingValueNode:
		m, size := d.resolve(ast.Mapping(n.GetToken(), false, n), known)
		return m, size
	case *ast.MappingNode:
		own := map[string]bool{}
		for _, e := range n.Values {
			own[Key(e)] = true
		}
		var all []*ast.MappingValueNode
		for _, e := range n.Values {
			v, s := d.resolve(e.Value, known)
			size += s
			if _, merge := e.Key.(*ast.MergeKeyNode); merge {
				m, ok := Entries(v)
				if !ok {
					d.Add(e.Key.GetToken(), "", "<<: want an alias of keys")
				}
				for _, in := range m {
					if !own[Key(in)] {
						own[Key(in)] = true
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
			n.Values[i], s = d.resolve(v, known)
			size += s
		}
	}
	if size > maxNodes {
		if len(d.Problems) == 0 {
			d.Add(n.GetToken(), "", "aliases make this file larger than any can be")
		}
		return &ast.NullNode{BaseNode: &ast.BaseNode{}, Token: n.GetToken()}, 1
	}
	return n, size
}
