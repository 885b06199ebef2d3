package analytics_test

import (
	"slices"
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/plain"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func TestBook_DealsAsPlain(t *testing.T) {
	rng := storetest.Rand(t)
	for range 25 {
		w := plain.Random(rng, 30)
		b := w.Book()
		for range 12 {
			day := w.Day()
			for _, d := range w.Deals {
				code, ok := b.DealCode(d.ID)
				if !ok {
					t.Fatalf("%s is not in the book", d.ID)
				}
				got, want := b.DealAt(code, day), w.At(d, day)
				stage := b.Stage(got.Stage)
				if got.Exists != want.Exists || stage.ID != want.Deal.Stage || got.Since != want.Since || b.Person(got.Owner).ID != want.Owner ||
					got.Category != want.Category || got.Amount != want.Amount || got.Created != want.Created || got.Close != want.Close || got.Closed != want.Closed ||
					got.Kind != stage.Kind {
					t.Fatalf("%s on %s:\ngot  %+v stage %s owner %s\nwant %+v", d.ID, day, got, stage.ID, b.Person(got.Owner).ID, want)
				}
				var way []plain.Step
				for _, s := range b.Way(code, day) {
					way = append(way, plain.Step{Day: s.Day, Stage: b.Stage(s.Stage).ID})
				}
				if way2 := w.Way(d, day); !slices.Equal(way, way2) {
					t.Fatalf("%s up to %s went %v, want %v", d.ID, day, way, way2)
				}
				if got, want := b.LastTouch(code, day), w.LastTouch(d, day); got != want {
					t.Fatalf("%s last touched by %s: %s, want %s", d.ID, day, got, want)
				}
				if got, want := b.LastSign(code, day), w.LastSign(d, day); got != want {
					t.Fatalf("%s last sign by %s: %s, want %s", d.ID, day, got, want)
				}
			}
		}
	}
}

func TestBook_SelectionAsPlain(t *testing.T) {
	rng := storetest.Rand(t)
	hits := 0
	for range 40 {
		w := plain.Random(rng, 30)
		b := w.Book()
		for range 12 {
			s := w.Scope()
			sel := b.Select(s)
			var got, want []store.ID
			sum := b.Adder()
			for d := range sel.Deals() {
				got = append(got, b.Deal(d.Deal).ID)
				sum.AddDeal(d)
			}
			var amounts []store.Money
			for _, d := range w.Select(s, sel.AsOf) {
				want = append(want, d.ID)
				amounts = append(amounts, d.Amount)
			}
			hits += len(want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("scope root=%q %s as of %s\ngot  %v\nwant %v", s.Root, s, sel.AsOf, got, want)
			}
			if got, want := plain.Print(sum.Sum()), w.Total(amounts); got != want {
				t.Fatalf("scope root=%q %s adds up to %s, want %s", s.Root, s, got, want)
			}
		}
	}
	if hits == 0 {
		t.Fatal("no scope selected anything: the test says nothing")
	}
}

func TestBook_TreeIsWhole(t *testing.T) {
	rng := storetest.Rand(t)
	for range 40 {
		w := plain.Random(rng, 10)
		b := w.Book()
		nodes := b.Nodes()
		seen := map[store.ID]int{}
		for i, n := range nodes {
			seen[n.ID]++
			if n.End <= int32(i) || int(n.End) > len(nodes) {
				t.Fatalf("node %d %+v ends out of range", i, n)
			}
			if n.Parent >= 0 {
				p := nodes[n.Parent]
				if int(n.Parent) >= i || p.End < n.End || n.Depth != p.Depth+1 {
					t.Fatalf("node %d %+v does not fit into its parent %+v", i, n, p)
				}
			} else if i != 0 {
				t.Fatalf("node %d %+v has no parent", i, n)
			}
		}
		for _, u := range w.Units {
			if seen[u.ID] != 1 {
				t.Fatalf("unit %s stands %d times in the tree", u.ID, seen[u.ID])
			}
		}
		for _, p := range w.People {
			if seen[p.ID] != 1 {
				t.Fatalf("person %s stands %d times in the tree", p.ID, seen[p.ID])
			}
		}
	}
}

func TestFindNode(t *testing.T) {
	b := analytics.FromRecords(&store.Records{
		Units: []store.Unit{
			{ID: "t:e", Name: "华东", Kind: store.UnitRegion}, {ID: "t:s", Name: "华南", Kind: store.UnitRegion},
			{ID: "t:e1", Parent: "t:e", Name: "East One", Kind: store.UnitTeam},
		},
		People: []store.Person{{ID: "t:1", Name: "王伟", Unit: "t:e1"}, {ID: "t:2", Name: "王伟", Unit: "t:s"}, {ID: "t:3", Name: "李娜", Unit: "t:s"}},
	}, plain.Options())
	for _, c := range []struct {
		root       store.ID
		kind, text string
		want       store.ID
		err        string
	}{
		{"", "region", "华东", "t:e", ""},
		{"", "", "t:s", "t:s", ""},
		{"", "team", "east", "t:e1", ""},
		{"", "team", "one", "t:e1", ""},
		{"", "region", "华", "", "matches 2: 华东 (t:e), 华南 (t:s); give the ID"},
		{"", "person", "王伟", "", "matches 2"},
		{"t:s", "person", "王伟", "t:2", ""},
		{"t:e", "person", "李娜", "", "not found"},
		{"", "region", "华北", "", "there are 华东, 华南"},
		{"", "team", "华东", "", "not found"},
		{"t:nobody", "", "华东", "", "not found"},
		{"", "", "", "", "not found"},
	} {
		got, err := b.FindNode(c.root, c.kind, c.text)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !contains(err.Error(), c.err) {
			t.Errorf("FindNode(%q, %q, %q) = %q, %v; want %q, %q", c.root, c.kind, c.text, got, err, c.want, c.err)
		}
	}
}

func contains(s, part string) bool { return strings.Contains(s, part) }
