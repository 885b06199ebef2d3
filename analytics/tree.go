package analytics

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"flightdeck/store"
)

// Node is one place in the org tree. Nodes stand in pre-order, so the subtree of node i is Nodes[i:End].
type Node struct {
	ID     store.ID // a Unit's or a Person's; "" for a company without a record of its own; NodeUnassigned
	Name   string
	Kind   string // company, region, team or person
	Parent int32  // -1 for the company
	Depth  int32
	End    int32 // first index after the subtree
	Person Code  // of a person's node; else None
}

// NodeUnassigned is the ID of the node that holds people without a unit and what belongs to nobody we know.
const NodeUnassigned store.ID = "unassigned"

// KindPerson is the Kind of a leaf that is one of us. The other kinds are those of [store.UnitKind].
const KindPerson = "person"

// tree is what follows from units, people and stages.
type tree struct {
	nodes      []Node
	nodeOf     map[store.ID]int32
	personNode []int32 // per person Code
	unassigned int32
	stageOrder []Code  // funnel order
	stageRank  []int32 // per stage Code: its index in stageOrder
	stageKind  []store.StageKind
	firstOpen  Code
}

type shapeKey struct{}

// Shape tells org trees apart: two Books of the same shape have the same nodes and people in the same places.
func (b *Book) Shape() uint64 {
	return Memo(b, shapeKey{}, func() uint64 {
		h := fnv.New64a()
		put := func(v int32) { _, _ = h.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}) }
		for _, n := range b.nodes {
			_, _ = h.Write([]byte(n.ID))
			put(n.Parent)
			put(n.Person)
		}
		for c := range Code(b.People()) {
			put(b.PersonNode(c))
		}
		return h.Sum64()
	})
}

// Nodes returns the org tree in pre-order; the company is first. The slice is the Book's: do not write to it.
func (b *Book) Nodes() []Node { return b.nodes }

// NodeOf returns the index of the node with this ID; the empty ID is the company.
func (b *Book) NodeOf(id store.ID) (int32, bool) {
	if id == "" {
		return 0, true
	}
	i, ok := b.nodeOf[id]
	return i, ok
}

// PersonNode returns the node where a person hangs; people who were never read, and None, are in the unassigned node.
func (b *Book) PersonNode(p Code) int32 {
	if p < 0 || int(p) >= len(b.personNode) {
		return b.unassigned
	}
	return b.personNode[p]
}

// RootOf returns the place in the org tree that a person may see: the outermost unit the person manages, else the person alone.
func (b *Book) RootOf(person store.PersonID) store.ID {
	person = b.Same(person)
	best, size := person, int32(0)
	for i := range b.units.rec {
		u := &b.units.rec[i]
		if !b.units.live[i] || person == "" || b.Same(u.Manager) != person {
			continue
		}
		if n, ok := b.nodeOf[u.ID]; ok {
			if s := b.nodes[n].End - n; s > size || s == size && u.ID < best {
				best, size = u.ID, s
			}
		}
	}
	return best
}

// Crew returns the people who hang in the subtree of a node, in a set order: what was added up of a node holds for a later Book only while they are the same
// ([Book.IsCrew]), for people change teams without any fact of theirs changing. Nil for the company, where everything counts whoever it is of.
func (b *Book) Crew(node int32) []Code {
	if node == 0 {
		return nil
	}
	crew := make([]Code, 0, b.nodes[node].End-node)
	for i := node; i < b.nodes[node].End; i++ {
		if c := b.nodes[i].Person; c != None {
			crew = append(crew, c)
		}
	}
	return crew
}

// IsCrew reports whether crew is what [Book.Crew] gives for node. It does so without allocating.
func (b *Book) IsCrew(node int32, crew []Code) bool {
	if node == 0 {
		return crew == nil
	}
	n := 0
	for i := node; i < b.nodes[node].End; i++ {
		c := b.nodes[i].Person
		if c == None {
			continue
		}
		if n == len(crew) || crew[n] != c {
			return false
		}
		n++
	}
	return n == len(crew) && crew != nil
}

// FindNode finds an org node as a person names it: its ID, its name, or the only name that begins with or contains the text, case ignored.
// kind narrows to company, region, team or person; "" takes any. Only nodes inside root are looked at. Several matches are an error that
// lists them.
func (b *Book) FindNode(root store.ID, kind, text string) (store.ID, error) {
	fail := func(format string, a ...any) (store.ID, error) {
		what := kind
		if what == "" {
			what = "org node"
		}
		return "", fmt.Errorf("find %s %q: "+format, append([]any{what, store.Clip(text, 40)}, a...)...)
	}
	lo, ok := b.NodeOf(root)
	if !ok || text == "" {
		return fail("%w", store.ErrNotFound)
	}
	in := b.nodes[lo:b.nodes[lo].End]
	want := strings.ToLower(text)
	for _, match := range []func(n *Node) bool{
		func(n *Node) bool {
			return string(n.ID) == text || n.Person != None && slices.Contains(b.Also(n.Person), store.ID(text))
		},
		func(n *Node) bool { return strings.ToLower(n.Name) == want },
		func(n *Node) bool { return strings.HasPrefix(strings.ToLower(n.Name), want) },
		func(n *Node) bool { return strings.Contains(strings.ToLower(n.Name), want) },
	} {
		var hits []*Node
		for i := range in {
			if n := &in[i]; (kind == "" || n.Kind == kind) && match(n) {
				hits = append(hits, n)
			}
		}
		switch {
		case len(hits) == 1:
			return hits[0].ID, nil
		case len(hits) > 1:
			names := make([]string, 0, 6)
			for _, n := range hits {
				if len(names) == 5 {
					names = append(names, "…")
					break
				}
				names = append(names, fmt.Sprintf("%s (%s)", n.Name, n.ID))
			}
			return fail("matches %d: %s; give the ID", len(hits), strings.Join(names, ", "))
		}
	}
	var names []string
	for i := range in {
		if n := &in[i]; kind == "" && n.Kind != KindPerson || n.Kind == kind {
			if names = append(names, n.Name); len(names) == 8 {
				break
			}
		}
	}
	return fail("%w; there are %s", store.ErrNotFound, strings.Join(names, ", "))
}

// growTree lays the org tree flat. A unit whose parents form a circle, or do not exist, hangs under the company: no unit is lost and none is
// visited twice.
func (b *Book) growTree() {
	t := &b.tree
	units := b.units.sorted()
	people := b.everybody()
	byName := func(a, b *store.Unit) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name), strings.Compare(string(a.ID), string(b.ID)))
	}
	index := make(map[store.ID]*store.Unit, len(units))
	var tops []*store.Unit
	for i := range units {
		index[units[i].ID] = &units[i]
	}
	kids := map[store.ID][]*store.Unit{}
	for i := range units {
		u := &units[i]
		if parent, ok := index[u.Parent]; ok && !circular(index, u) {
			kids[parent.ID] = append(kids[parent.ID], u)
		} else {
			tops = append(tops, u)
		}
	}
	root := Node{Name: b.org.Name, Kind: store.UnitCompany.String(), Parent: -1, Person: None}
	companies := slices.DeleteFunc(slices.Clone(tops), func(u *store.Unit) bool { return u.Kind != store.UnitCompany })
	if len(companies) == 1 { // the company has a record of its own: it is the root
		c := companies[0]
		root.ID = c.ID
		if root.Name == "" {
			root.Name = c.Name
		}
		tops = slices.DeleteFunc(tops, func(u *store.Unit) bool { return u == c })
		kids[c.ID] = append(kids[c.ID], tops...)
	} else {
		kids[""] = tops
	}
	leads := map[store.ID]store.ID{} // manager → unit, for managers without a unit
	for i := range units {
		u := &units[i]
		if m := b.Same(u.Manager); m != "" && leads[m] == "" {
			leads[m] = u.ID
		}
	}
	members := map[store.ID][]*store.Person{}
	for i := range people {
		p := &people[i]
		at := NodeUnassigned
		if _, ok := index[p.Unit]; ok {
			at = p.Unit
		} else if u, ok := leads[p.ID]; ok {
			at = u
		} else if len(units) == 0 {
			at = root.ID
		}
		members[at] = append(members[at], p)
	}
	t.nodes = make([]Node, 0, len(units)+len(people)+2)
	t.nodeOf = make(map[store.ID]int32, cap(t.nodes))
	t.personNode = make([]int32, len(b.people.rec))
	var grow func(n Node)
	grow = func(n Node) {
		i := int32(len(t.nodes))
		t.nodes = append(t.nodes, n)
		if _, ok := t.nodeOf[n.ID]; !ok {
			t.nodeOf[n.ID] = i
		}
		below := kids[n.ID]
		slices.SortFunc(below, byName)
		for _, u := range below {
			grow(Node{ID: u.ID, Name: u.Name, Kind: u.Kind.String(), Parent: i, Depth: n.Depth + 1, Person: None})
		}
		own := members[n.ID]
		slices.SortFunc(own, func(a, b *store.Person) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.ID), string(b.ID)))
		})
		for _, p := range own {
			c, _ := b.PersonCode(p.ID)
			at := int32(len(t.nodes))
			t.nodes = append(t.nodes, Node{ID: p.ID, Name: p.Name, Kind: KindPerson, Parent: i, Depth: n.Depth + 1, End: at + 1, Person: c})
			if _, ok := t.nodeOf[p.ID]; !ok {
				t.nodeOf[p.ID] = at
			}
			for _, id := range b.Also(c) {
				if _, ok := t.nodeOf[id]; !ok {
					t.nodeOf[id] = at
				}
			}
		}
		if i == 0 {
			t.unassigned = int32(len(t.nodes))
			grow(Node{ID: NodeUnassigned, Kind: store.UnitTeam.String(), Parent: 0, Depth: 1, Person: None})
		}
		t.nodes[i].End = int32(len(t.nodes))
	}
	grow(root)
	for c := range t.personNode {
		t.personNode[c] = t.unassigned
	}
	for i := range t.nodes {
		if p := t.nodes[i].Person; p != None {
			t.personNode[p] = int32(i)
		}
	}
	for c, p := range b.as {
		t.personNode[c] = t.personNode[p]
	}
}

// circular reports whether following u's parents comes back to u.
func circular(index map[store.ID]*store.Unit, u *store.Unit) bool {
	at := u
	for range len(index) + 1 {
		p, ok := index[at.Parent]
		if !ok {
			return false
		}
		if p == u {
			return true
		}
		at = p
	}
	return false // a circle further up: whoever is on it hangs under the company
}

// orderStages ranks the stages: open ones by Order, then won, then lost, then those that were never declared.
func (b *Book) orderStages() {
	t := &b.tree
	n := len(b.stages.rec)
	t.stageKind = make([]store.StageKind, n)
	t.stageRank = make([]int32, n)
	t.stageOrder = make([]Code, 0, n)
	for c := range n {
		s := b.Stage(Code(c))
		t.stageKind[c] = s.Kind
		t.stageOrder = append(t.stageOrder, Code(c))
	}
	slices.SortFunc(t.stageOrder, func(x, y Code) int {
		a, c := b.Stage(x), b.Stage(y)
		if dx, dy := b.stages.live[x], b.stages.live[y]; dx != dy {
			if dx {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Kind, c.Kind), cmp.Compare(a.Order, c.Order), strings.Compare(string(a.ID), string(c.ID)))
	})
	t.firstOpen = None
	for i, c := range t.stageOrder {
		t.stageRank[c] = int32(i)
		if t.firstOpen == None && t.stageKind[c] == store.StageOpen && b.stages.live[c] {
			t.firstOpen = c
		}
	}
}
