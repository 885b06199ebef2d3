package sheet

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
	"flightdeck/tui/tuitest"
)

// world is what the record under test loads next.
type world struct {
	rows  []string
	err   error
	pages int // how often the answer was worded
	cells int // how often a row was
}

var place = pane.DealPlace(analytics.Scope{AsOf: store.Date(2026, 9, 1)}, "t:1")

func (w *world) kind() Kind[[]string] {
	return Kind[[]string]{
		Word: locale.Deal,
		Load: func(*analytics.Book, pane.Place) ([]string, error) { return w.rows, w.err },
		Page: func(_ *pane.Env, p pane.Place, _ store.Currency, a *[]string) Page {
			w.pages++
			section := func(id string, right bool, names []string) Section {
				return Section{
					ID: id, Title: id, Empty: "empty " + id, Right: right,
					Columns: []table.Column{{Title: "Name", Width: 20, Grow: 1}},
					Rows: table.Rows{
						Len: len(names), Key: func(i int) string { return names[i] }, Match: func(i int) string { return names[i] },
						Cells: func(i int, c []table.Cell) { w.cells++; c[0].Text = names[i] },
					},
					Open: func(i int) pane.Place {
						if names[i] == "nobody" {
							return pane.PersonPlace(p.Scope, "")
						}
						return pane.AccountPlace(p.Scope, store.ID(id+names[i]))
					},
					Copy:  func(i int) string { return names[i] },
					Link:  func(i int) string { return map[string]string{"b": "https://b.example"}[names[i]] },
					About: func(i int) []string { return []string{"about " + names[i]} },
				}
			}
			return Page{
				Name: "the record", URL: "https://record.example", Copy: "record",
				Facts: []Fact{
					{Key: "1", Label: "Plain", Text: "opens nothing"}, {Key: "2", Label: "Account", Text: "acme", Open: pane.AccountPlace(p.Scope, "t:a")},
					{Key: "3", Label: "Left out", Open: pane.AccountPlace(p.Scope, "t:x")}, {Key: "4", Label: "Nobody", Text: "nobody", Open: pane.PersonPlace(p.Scope, "")},
					{Key: "5", Label: "Owner", Text: "li", Open: pane.PersonPlace(p.Scope, "t:p")},
				},
				Sections: []Section{section("left", false, *a), section("none", false, nil), section("right", true, *a)},
			}
		},
		Table: func(a *[]string) analytics.Table {
			t := analytics.Table{Columns: []string{"name"}}
			for _, n := range *a {
				t.Rows = append(t.Rows, []string{n})
			}
			return t
		},
	}
}

func (w *world) make(env *pane.Env) pane.Pane { return New(env, place, w.kind()) }

func drive(t *testing.T, w *world, size layout.Size) *tuitest.Pane {
	t.Helper()
	return tuitest.Drive(t, w.make(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)), size)
}

func opened(t *testing.T, d *tuitest.Pane) string {
	t.Helper()
	d.Sent = nil
	d.Keys("enter")
	p, ok := d.Opened()
	if !ok {
		return ""
	}
	if p.Scope != place.Scope {
		t.Errorf("%v: the scope was lost on the way", p)
	}
	return p.Kind.String() + "/" + p.ID
}

var usual = layout.Size{W: 80, H: 22}

func TestSheet_EveryStepOpensWhatIsChosen(t *testing.T) {
	d := drive(t, &world{rows: []string{"a", "b", "c", "nobody"}}, usual)
	for _, step := range []struct{ keys, want string }{
		{"", "account/t:a"}, {"down", "person/t:p"}, {"down", "person/t:p"}, {"up up", "account/t:a"}, {"G", "person/t:p"}, {"home", "account/t:a"},
		{"left", "account/t:a"}, {"tab", "account/lefta"}, {"space", "account/lefta"}, {"down j", "account/leftc"}, {"down", ""}, {"up", "account/leftc"}, {"right", ""}, {"l", "account/righta"}, {"l", "account/righta"},
		{"tab", "account/t:a"}, {"shift+tab", "account/righta"}, {"h h", "account/leftc"},
	} {
		d.Keys(strings.Fields(step.keys)...)
		if got := opened(t, d); got != step.want {
			t.Errorf("after %q enter opens %q, want %q", step.keys, got, step.want)
		}
	}
}

func TestSheet_LinkAndCopyAreOfWhatIsChosen(t *testing.T) {
	d := drive(t, &world{rows: []string{"a", "b"}}, usual)
	link := func() string {
		d.Sent = nil
		d.Keys("o")
		if len(d.Sent) == 1 {
			if c, ok := d.Sent[0].(pane.Copy); ok {
				return c.Text
			}
		}
		return fmt.Sprint(d.Sent)
	}
	y := func() string { return d.P.(pane.Copier).Copy() }
	if link() != "https://record.example" || y() != "record" {
		t.Errorf("of the record: %s, %s", link(), y())
	}
	d.Keys("tab")
	if link() != "https://record.example" || y() != "a" {
		t.Errorf("of a row without a link: %s, %s", link(), y())
	}
	d.Keys("down")
	if link() != "https://b.example" || y() != "b" {
		t.Errorf("of a row with a link: %s, %s", link(), y())
	}
}

func TestSheet_CommitKeepsTheRowByIdentity(t *testing.T) {
	w := &world{rows: []string{"a", "b", "c"}}
	d := drive(t, w, usual)
	d.Keys("tab", "down")
	w.rows = []string{"new", "a", "b", "c"}
	d.Send(pane.Committed{})
	if got := opened(t, d); got != "account/leftb" {
		t.Errorf("after a commit the chosen row is %s", got)
	}
	w.rows = nil
	d.Send(pane.Committed{})
	if got := opened(t, d); got != "" {
		t.Errorf("a row that is gone opens %s", got)
	}
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "empty left") {
		t.Errorf("an empty section does not say so:\n%s", v)
	}
}

func TestSheet_SnapshotRestores(t *testing.T) {
	for _, keys := range []string{"down", "tab down down", "shift+tab down", ""} {
		w := &world{rows: []string{"aa", "ab", "ac"}}
		d := drive(t, w, usual)
		d.Keys(strings.Fields(keys)...)
		d.Filter("a")
		want := d.P.View()
		p := w.make(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English))
		p.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
		if again := p.(pane.Restorer).Snapshot(); fmt.Sprint(again) != fmt.Sprint(d.P.(pane.Restorer).Snapshot()) {
			t.Errorf("%q: left before its load the pane forgets: %v", keys, again)
		}
		p.(pane.Restorer).Restore("not ours")
		again := tuitest.Drive(t, p, usual)
		if got := again.P.View(); layout.Plain(got) != layout.Plain(want) || again.P.(pane.Filterer).Filter() != "a" {
			t.Errorf("%q: restored to\n%s\nwant\n%s", keys, layout.Plain(got), layout.Plain(want))
		}
	}
}

func TestSheet_FilterNarrowsEverySection(t *testing.T) {
	d := drive(t, &world{rows: []string{"apple", "pear", "plum"}}, layout.Size{W: 160, H: 48})
	d.Filter("pear")
	v := layout.Plain(d.P.View())
	if strings.Contains(v, "apple") || strings.Count(v, "pear") != 2 || strings.Count(v, "1 of 3") != 2 {
		t.Errorf("filtered:\n%s", v)
	}
	d.Filter("none such")
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "no row matches") {
		t.Errorf("nothing matches:\n%s", v)
	}
	d.Filter("")
	if v := layout.Plain(d.P.View()); strings.Count(v, "apple") != 2 {
		t.Errorf("cleared:\n%s", v)
	}
}

func TestSheet_ErrorStandsBesideTheData(t *testing.T) {
	w := &world{rows: []string{"a"}}
	d := drive(t, w, usual)
	w.err = errors.New("disk on fire")
	d.Send(pane.Committed{})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "disk on fire") || !strings.Contains(v, "acme") {
		t.Errorf("an error covers the data or is not said:\n%s", v)
	}
	w.err = nil
	d.Send(pane.Committed{})
	if v := layout.Plain(d.P.View()); strings.Contains(v, "fire") {
		t.Errorf("the error stays:\n%s", v)
	}
}

func TestSheet_GoneIsNotFound(t *testing.T) {
	w := &world{rows: []string{"secret"}}
	d := drive(t, w, usual)
	d.Keys("tab")
	w.err = fmt.Errorf("deal x: %w", store.ErrNotFound)
	d.Send(pane.Committed{})
	v := layout.Plain(d.P.View())
	_, exports := d.P.(pane.Exporter).Table()
	if !strings.Contains(v, "not found, or outside what you may see") || strings.Contains(v, "deal x") || exports || d.P.(pane.Copier).Copy() != "" || d.P.Title() != "Deal" {
		t.Errorf("after it is gone (exports %t):\n%s", exports, v)
	}
	d.Keys("tab", "down", "o", "G")
	if got := opened(t, d); got != "" {
		t.Errorf("opened %s", got)
	}
	w.err = nil
	d.Send(pane.Committed{})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "acme") {
		t.Errorf("it came back:\n%s", v)
	}
}

func TestSheet_DrawsOnlyWhatChanged(t *testing.T) {
	w := &world{rows: []string{"a", "b", "c"}}
	d := drive(t, w, usual)
	first := d.P.View()
	cells, pages := w.cells, w.pages
	for range 5 {
		d.P.View()
	}
	d.Keys("x")
	if d.P.View() != first || w.cells != cells || w.pages != pages {
		t.Errorf("drawn again without a reason: %d cells, %d pages more", w.cells-cells, w.pages-pages)
	}
	for _, change := range []func(){
		func() { d.Keys("down") }, func() { d.Keys("tab") }, func() { d.Keys("down") }, func() { d.Filter("b") },
		func() { w.rows = []string{"b2"}; d.Send(pane.Committed{}) }, func() { d.P.SetSize(layout.Size{W: 81, H: 21}) },
	} {
		before := d.P.View()
		if change(); d.P.View() == before {
			t.Errorf("an old picture stays:\n%s", layout.Plain(before))
		}
	}
	pages = w.pages
	d.Send(pane.Themed{})
	if w.pages != pages+1 {
		t.Error("another language leaves the words")
	}
}

func TestSheet_LongNameStandsInFull(t *testing.T) {
	w := &world{rows: []string{"a"}}
	k := w.kind()
	page := k.Page
	long := strings.Repeat("很长的名字", 10)
	k.Page = func(env *pane.Env, p pane.Place, c store.Currency, a *[]string) Page {
		x := page(env, p, c, a)
		x.Name = long
		return x
	}
	d := tuitest.Drive(t, New(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.Chinese), place, k), layout.Size{W: 160, H: 30})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, long) {
		t.Errorf("the title line cuts it and the pane does not say it:\n%s", v)
	}
}

func TestSheet_Geometry(t *testing.T) {
	rows := make([]string, 300)
	for i := range rows {
		rows[i] = fmt.Sprint(strings.Repeat("长", i%90), i)
	}
	b := tuitest.Company(t, tuitest.Small)
	tuitest.Geometry(t, b, (&world{rows: rows}).make)
	tuitest.Geometry(t, b, (&world{}).make)
	tuitest.Geometry(t, b, func(env *pane.Env) pane.Pane { // with a section chosen
		p := (&world{rows: rows}).make(env)
		p.(pane.Restorer).Restore(restored{section: "right", filter: "1", rows: map[string]table.State{"right": {At: 70, Filter: "1"}}})
		return p
	})
}

func TestSheet_WideShowsEverySection(t *testing.T) {
	d := drive(t, &world{rows: []string{"a"}}, layout.Size{W: 120, H: 28})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "left 1") || !strings.Contains(v, "empty none") || !strings.Contains(v, "right 1") {
		t.Errorf("not all sections are in sight:\n%s", v)
	}
}

func TestPick(t *testing.T) {
	cols := []table.Column{{Title: "0"}, {Title: "1"}, {Title: "2"}}
	got, rows := Pick(cols, table.Rows{Len: 2, Cells: func(i int, c []table.Cell) {
		if i == 0 {
			c[2].Text = "only on the first"
		}
		c[0].Text = fmt.Sprint(i)
	}}, 2, 0)
	for i, want := range []string{"only on the first 0", " 1"} {
		c := make([]table.Cell, 2)
		rows.Cells(i, c)
		if s := c[0].Text + " " + c[1].Text; s != want || got[0].Title != "2" || got[1].Title != "0" {
			t.Errorf("row %d: %q under %v, want %q", i, s, got, want)
		}
	}
}

func TestSheet_NoBook(t *testing.T) {
	d := tuitest.Drive(t, (&world{}).make(tuitest.Env(t, nil, locale.English)), usual)
	d.Keys("tab", "enter", "o")
	if v := d.P.View(); !strings.Contains(v, "not found") {
		t.Errorf("without a book:\n%s", v)
	}
	d.Send(tea.KeyPressMsg{})
}
