package table_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"

	"flightdeck/analytics"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
	"flightdeck/tui/tuitest"
)

var th = theme.New(colorprofile.ANSI256, true)

func make3(n int, painted *int) *table.Table {
	t := table.New(
		table.Column{Title: "客户", Width: 20, Min: 6, Grow: 1},
		table.Column{Title: "金额", Width: 10, Align: layout.Right},
		table.Column{Title: "备注", Width: 16, Min: 8, Drop: 2},
		table.Column{Title: "日期", Width: 10, Drop: 1},
	)
	t.SetRows(list(0, n, painted))
	return t
}

// list is n rows with the keys from on.
func list(from, n int, painted *int) table.Rows {
	return table.Rows{Len: n, Key: func(i int) string { return fmt.Sprint("k", from+i) }, Match: func(i int) string { return fmt.Sprintf("ACME 客户%d", from+i) },
		Cells: func(i int, c []table.Cell) {
			if painted != nil {
				*painted++
			}
			c[0].Text, c[1].Text, c[2].Text, c[3].Text = fmt.Sprintf("客户%d有限责任公司", from+i), fmt.Sprint(1000*i), "备注十二列宽", "2026-09-18"
		}}
}

func TestTable_EverySize(t *testing.T) {
	for _, n := range []int{0, 1, 5, 500} {
		tb := make3(n, nil)
		for _, w := range tuitest.Widths {
			for _, h := range tuitest.Heights {
				s := layout.Size{W: w, H: h}
				tb.SetSize(s)
				tb.Update(tuitest.Key("end"))
				tuitest.Fits(t, fmt.Sprint(n, " rows"), tb.View(th), s)
				tb.Update(tuitest.Key("home"))
				tuitest.Fits(t, fmt.Sprint(n, " rows"), tb.View(th), s)
			}
		}
		tb.SetSize(layout.Size{})
		tb.View(th)
	}
	var zero table.Table
	zero.Update(tuitest.Key("down"))
	zero.SetSize(layout.Size{W: 10, H: 3})
	if _, ok := zero.Selected(); ok || zero.View(th) == "" {
		t.Error("an empty table selects something, or draws nothing")
	}
}

func TestTable_OnlyVisibleRowsArePainted(t *testing.T) {
	painted := 0
	tb := make3(100000, &painted)
	tb.SetSize(layout.Size{W: 80, H: 20})
	for range 50 {
		tb.Update(tuitest.Key("pgdown"))
	}
	painted = 0
	tb.View(th)
	if painted != 19 {
		t.Errorf("%d rows painted for 19 lines", painted)
	}
}

// Rows come in Update, where a row beyond those that are in order would wait for a million to be sorted.
func TestTable_OnlyOrderedRowsAreMeasured(t *testing.T) {
	tb := make3(1, nil)
	rows, last := list(0, 1_000_000, nil), 0
	cells := rows.Cells
	rows.Cells = func(i int, c []table.Cell) { last = max(last, i); cells(i, c) }
	tb.SetRows(rows)
	tb.SetSize(layout.Size{W: 160, H: 48})
	tb.View(th)
	if last >= analytics.Topmost || last < analytics.Topmost/2 {
		t.Errorf("row %d is looked at, %d are in order", last, analytics.Topmost)
	}
}

func TestTable_NarrowDropsTheLeastImportant(t *testing.T) {
	tb := make3(3, nil)
	for _, c := range []struct {
		w       int
		has, no string
	}{{80, "备注 日期", ""}, {32, "日期", "备注"}, {18, "金额", "日期"}} {
		tb.SetSize(layout.Size{W: c.w, H: 4})
		head := strings.Join(strings.Fields(layout.Plain(strings.Split(tb.View(th), "\n")[0])), " ")
		if !strings.Contains(head, c.has) || c.no != "" && strings.Contains(head, c.no) {
			t.Errorf("%d columns: heading %q, want %q and not %q", c.w, head, c.has, c.no)
		}
	}
}

func TestTable_ColumnsAreAsWideAsWhatStandsInThem(t *testing.T) {
	rows := func(n int, texts ...string) table.Rows {
		return table.Rows{Len: n, Cells: func(_ int, c []table.Cell) {
			for i := range c {
				c[i].Text = texts[i]
			}
		}}
	}
	tb := table.New(
		table.Column{Title: "Deal", Width: 10, Min: 6, Grow: 1},
		table.Column{Title: "Mood", Width: 8, Min: 4, Drop: 2, Whole: true},
		table.Column{Title: "Flags", Width: 20, Min: 10, Drop: 1},
	)
	tb.SetSize(layout.Size{W: 40, H: 2})
	line := func() string { return strings.TrimRight(layout.Plain(strings.Split(tb.View(th), "\n")[1]), " ") }
	tb.SetRows(rows(1, "a deal with a long name", "negative", ""))
	if got := line(); got != "> a deal with a long name negative" {
		t.Errorf("an empty column takes the name's room: %q", got)
	}
	tb.SetRows(rows(1, "short", "good", "stale 12d"))
	if got := line(); got != "> short               good     stale 12d" {
		t.Errorf("the columns moved more than the new text needs: %q", got)
	}
	tb.SetRows(rows(3000, "a deal with a long name", "negative", "stale 120d"))
	for w := range 60 {
		tb.SetSize(layout.Size{W: w, H: 2})
		if got := line(); strings.Contains(got, "nega") && !strings.Contains(got, "negative") && w > 16 {
			t.Errorf("%d columns: a word of a fixed set is cut: %q", w, got)
		}
	}
}

// A column in which nothing stands goes while a name would be cut for it, and not before.
func TestTable_EmptyColumnsGoFirst(t *testing.T) {
	tb := table.New(table.Column{Title: "Deal", Width: 10, Min: 6, Grow: 1}, table.Column{Title: "Flags", Width: 8, Drop: 1}, table.Column{Title: "Mood", Width: 4, Drop: 2})
	flag := ""
	rows := table.Rows{Len: 3, Key: func(i int) string { return fmt.Sprint(i) }, Cells: func(i int, c []table.Cell) {
		c[0].Text, c[1].Text, c[2].Text = "a deal with a long name", flag, "-"
	}}
	tb.SetRows(rows)
	shown := func(w int) string {
		tb.SetSize(layout.Size{W: w, H: 4})
		return layout.Plain(tb.View(th))
	}
	if v := shown(25); !strings.Contains(v, "a deal with a long name") || strings.Contains(v, "Flags") || strings.Contains(v, "Mood") {
		t.Errorf("an empty column takes a name's room:\n%s", v)
	}
	if v := shown(60); !strings.Contains(v, "Flags") || !strings.Contains(v, "Mood") {
		t.Errorf("an empty column goes although there is room:\n%s", v)
	}
	flag = "overdue"
	tb.SetRows(rows)
	if v := shown(25); !strings.Contains(v, "overdue") || strings.Contains(v, "Mood") {
		t.Errorf("a flag came and is not shown:\n%s", v)
	}
}

func TestTable_ExtrasComeOnlyWithRoom(t *testing.T) {
	tb := table.New(
		table.Column{Title: "Deal", Width: 20, Min: 6, Grow: 1},
		table.Column{Title: "Touch", Width: 10, Drop: table.Extra},
	)
	tb.SetRows(table.Rows{Len: 1, Cells: func(_ int, c []table.Cell) { c[0].Text, c[1].Text = "a deal of 18 cells", "2026-11-24" }})
	for w, extra := range map[int]bool{20: false, 30: false, 31: true, 80: true} {
		tb.SetSize(layout.Size{W: w, H: 2})
		got := layout.Plain(tb.View(th))
		if strings.Contains(got, "Touch") != extra || !strings.Contains(got, "a deal of 18 cells") {
			t.Errorf("%d columns:\n%s", w, got)
		}
	}
}

func TestTable_SelectionFollowsItsRow(t *testing.T) {
	tb := make3(50, nil)
	tb.SetSize(layout.Size{W: 80, H: 10})
	for range 20 {
		tb.Update(tuitest.Key("j"))
	}
	tb.SetRows(list(-5, 60, nil)) // five rows came before
	if i, ok := tb.Selected(); !ok || i != 25 {
		t.Errorf("after a reload row %d is selected, want 25", i)
	}
	tb.SetRows(list(1000, 10, nil)) // it is gone
	if i, ok := tb.Selected(); !ok || i != 9 {
		t.Errorf("after its row went, row %d is selected, want the last", i)
	}
	tb.SetRows(table.Rows{})
	if _, ok := tb.Selected(); ok {
		t.Error("something is selected in nothing")
	}
}

func TestTable_FilterMarksAndState(t *testing.T) {
	tb := make3(50, nil)
	tb.SetSize(layout.Size{W: 80, H: 10})
	tb.Update(tuitest.Key("space"))
	tb.SetFilter("acme 客户4")
	if n, of := tb.Position(); n != 1 || of != 11 { // 4, 40 … 49
		t.Errorf("position %d of %d", n, of)
	}
	tb.Update(tuitest.Key("down"))
	tb.Update(tuitest.Key("space"))
	if got := tb.Marked(); len(got) != 1 || got[0] != 40 {
		t.Errorf("marked in view: %v", got)
	}
	state := tb.State()
	again := make3(0, nil)
	again.SetSize(layout.Size{W: 80, H: 10})
	again.Restore(state)
	again.SetRows(table.Rows{}) // still loading
	again.SetRows(list(0, 50, nil))
	if i, _ := again.Selected(); i != 41 || again.Filter() != "acme 客户4" || len(again.Marked()) != 1 {
		t.Errorf("restored: row %d, filter %q, marks %v", i, again.Filter(), again.Marked())
	}
	tb.SetFilter("zzz")
	if _, ok := tb.Selected(); ok || tb.Len() != 0 {
		t.Error("a filter that nothing passes leaves rows")
	}
	tb.SetFilter("")
	if tb.Len() != 50 || len(tb.Marked()) != 2 {
		t.Errorf("%d rows, %d marks after the filter went", tb.Len(), len(tb.Marked()))
	}
}

func TestTable_EveryChangeBumpsVersion(t *testing.T) {
	tb := make3(50, nil)
	for name, change := range map[string]func(){
		"size": func() { tb.SetSize(layout.Size{W: 70, H: 9}) }, "rows": func() { tb.SetRows(list(0, 40, nil)) }, "filter": func() { tb.SetFilter("4") },
		"move": func() { tb.Update(tuitest.Key("down")) }, "mark": func() { tb.Update(tuitest.Key("space")) }, "select": func() { tb.Select("k14") },
		"columns": func() {
			tb.SetColumns(table.Column{Title: "y", Width: 5}, table.Column{}, table.Column{}, table.Column{})
		}, "restore": func() { tb.Restore(table.State{Filter: "7"}) },
	} {
		before := tb.Version()
		change()
		if tb.Version() == before {
			t.Errorf("%s does not bump the version: a kept view would be stale", name)
		}
	}
}

func BenchmarkView_200x50(b *testing.B) {
	tb := make3(10000, nil)
	tb.SetSize(layout.Size{W: 200, H: 50})
	b.ReportAllocs()
	for b.Loop() {
		tb.View(th)
	}
}

// TestTable_TypingOn: narrowing what matched before gives what a table gives that was told the whole text at once, the selection included.
func TestTable_TypingOn(t *testing.T) {
	r := storetest.Rand(t)
	letters := []rune("aAb 客户12")
	word := func(n int) string {
		w := make([]rune, r.IntN(n+1))
		for i := range w {
			w[i] = letters[r.IntN(len(letters))]
		}
		return string(w)
	}
	for range 200 {
		texts := make([]string, 60)
		for i := range texts {
			texts[i] = word(12)
		}
		rows := table.Rows{Len: len(texts), Key: func(i int) string { return fmt.Sprint(i) }, Match: func(i int) string { return texts[i] }, Cells: func(int, []table.Cell) {}}
		typed, text := table.New(table.Column{Title: "x", Width: 5}), ""
		typed.SetRows(rows)
		for _, letter := range word(6) {
			if text += string(letter); r.IntN(5) == 0 {
				text = word(3) // or another text altogether
			}
			typed.SetFilter(text)
			want := []string{}
			for i, s := range texts {
				ok := true
				for _, w := range strings.Fields(strings.ToLower(text)) {
					ok = ok && strings.Contains(strings.ToLower(s), w)
				}
				if ok {
					want = append(want, fmt.Sprint(i))
				}
			}
			if _, of := typed.Position(); of != len(want) {
				t.Fatalf("%q: %d rows, want %d of %q", text, of, len(want), texts)
			}
			for _, k := range want {
				if !typed.Select(k) {
					t.Fatalf("%q: row %s is missing of %q", text, k, texts)
				}
			}
		}
	}
}

// TestSeek_LongList: a row that is gone from a long list is not looked for beyond those that are in order at once, and one that stood further down is found wherever it went.
func TestSeek_LongList(t *testing.T) {
	const n = 200_000
	asked := 0
	rows := table.Rows{Len: n, Key: func(i int) string { asked = max(asked, i); return strconv.Itoa(i) }, Cells: func(int, []table.Cell) {}}
	for _, c := range []struct {
		key      string
		at, want int
		far      bool
	}{
		{"7", 3, 7, false}, {"gone", 3, -1, false}, {"150000", 3, -1, false}, {"150000", 9_000, 150_000, true}, {"gone", 9_000, -1, true},
	} {
		asked = 0
		x := table.Narrowed{Rows: rows}
		if x.Seek(c.key, c.at); x.At != c.want {
			t.Errorf("%s near %d: at %d, want %d", c.key, c.at, x.At, c.want)
		}
		if far := asked >= analytics.Topmost; far != c.far {
			t.Errorf("%s near %d: asked for row %d", c.key, c.at, asked)
		}
	}
}
