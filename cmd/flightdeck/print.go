package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/metric"
	"flightdeck/analytics/migration"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
)

// format is how an answer is printed.
type format struct{ json, csv, plain bool }

func (f *format) flags(c *cobra.Command) {
	c.Flags().BoolVar(&f.json, "json", false, "everything, exact, as JSON")
	c.Flags().BoolVar(&f.csv, "csv", false, "the table as CSV; columns are metric names")
	c.Flags().BoolVar(&f.plain, "plain", false, "an aligned table in your language (the default)")
}

func (f *format) check() error {
	n := 0
	for _, on := range []bool{f.json, f.csv, f.plain} {
		if on {
			n++
		}
	}
	if n > 1 {
		return usagef("want only one of --json, --csv and --plain")
	}
	return nil
}

func (f *format) print(w io.Writer, a answer, b *analytics.Book, l *locale.Locale) error {
	switch {
	case f.json:
		return printJSON(w, a, b)
	case f.csv:
		return printCSV(w, a.table)
	}
	if a.text != "" {
		_, err := io.WriteString(w, a.text)
		return err
	}
	if _, err := io.WriteString(w, stampLine(a, b, l)); err != nil {
		return err
	}
	return a.sheet.print(w)
}

// printJSON writes all of an answer. Its scope is a link, made of IDs; what they are called stands beside it.
func printJSON(w io.Writer, a answer, b *analytics.Book) error {
	names := map[string]string{}
	for _, n := range b.Nodes() {
		if n.ID == a.scope.Node && n.ID != "" {
			names["node"] = n.Name
		}
		if n.ID == a.scope.Root && n.ID != "" { // no part of the link: whoever follows it has a place of their own
			names["root"] = n.Name
		}
	}
	for c := range analytics.Code(b.Products()) {
		if p := b.Product(c); p.ID == a.scope.Product && p.ID != "" {
			names["product"] = p.Name
		}
	}
	for _, c := range b.Stages() {
		if st := b.Stage(c); st.ID == a.scope.Stage && st.ID != "" {
			names["stage"] = st.Name
		}
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(a.value); err != nil {
		return err
	}
	if rest, ok := bytes.CutPrefix(text.Bytes(), []byte("{")); ok && len(names) > 0 {
		var head bytes.Buffer
		e := json.NewEncoder(&head)
		e.SetEscapeHTML(false)
		if err := e.Encode(names); err != nil {
			return err
		}
		text = *bytes.NewBuffer(slices.Concat([]byte(`{"scope_names":`), bytes.TrimSpace(head.Bytes()), []byte(","), rest))
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text.Bytes(), "", "  "); err != nil {
		return err
	}
	_, err := out.WriteTo(w)
	return err
}

// printCSV writes t. Text that a spreadsheet would take for a formula gets an apostrophe in front: it came from outside.
func printCSV(w io.Writer, t analytics.Table) error {
	text := make([]bool, len(t.Columns))
	for i, c := range t.Columns {
		m, ok := metric.Get(c)
		text[i] = !ok || m.Unit == metric.UnitText || m.Unit == metric.UnitID
	}
	out := csv.NewWriter(w)
	_ = out.Write(t.Columns) // Flush reports
	for _, r := range t.Rows {
		row := slices.Clone(r)
		for i, cell := range row {
			if text[i] && cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[i] = "'" + cell
			}
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

// stampLine says on what the answer rests.
func stampLine(a answer, b *analytics.Book, l *locale.Locale) string {
	parts := []string{l.F(locale.AsOf, l.Date(a.stamp.AsOf))}
	if a.stamp.Oldest.IsZero() {
		parts = append(parts, l.T(locale.DataNone))
	} else {
		parts = append(parts, l.F(locale.DataAge, l.Ago(time.Now(), a.stamp.Oldest)))
	}
	parts = append(parts, fmt.Sprintf("%s %d", l.Pick("版本", "revision"), a.stamp.Rev))
	if !a.scope.Period.IsZero() {
		parts = append(parts, b.Calendar().Name(a.scope.Period))
	}
	if node := cmp.Or(a.scope.Node, a.scope.Root); node != "" {
		for _, n := range b.Nodes() {
			if n.ID == node {
				parts = append(parts, n.Name)
				break
			}
		}
	}
	if name := b.Org().Name; name != "" {
		parts = append(parts, name)
	}
	if cur := b.Currency(); cur != "" {
		parts = append(parts, string(cur))
	}
	if a.note != "" {
		parts = append(parts, a.note)
	}
	return "# " + layout.Plain(strings.Join(parts, "  ")) + "\n"
}

// sheet is a table for reading.
type sheet struct {
	head  []string
	right []bool // figures
	rows  [][]string
}

// print writes the sheet aligned by terminal columns; a Chinese character takes two.
func (s sheet) print(w io.Writer) error {
	width := make([]int, len(s.head))
	for _, r := range append([][]string{s.head}, s.rows...) {
		for i, cell := range r {
			width[i] = max(width[i], layout.Width(cell))
		}
	}
	var out strings.Builder
	for _, r := range append([][]string{s.head}, s.rows...) {
		var line strings.Builder
		for i, cell := range r {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", width[i]-layout.Width(cell))
			if s.right[i] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// columns makes a sheet of an answer's table: headings and figures in the reader's language, names instead of identifiers, without columns that say
// nothing here.
func columns(t analytics.Table, l *locale.Locale) sheet {
	at := map[string]int{}
	for i, c := range t.Columns {
		at[c] = i
	}
	var s sheet
	var keep []int
	for i, c := range t.Columns {
		m, _ := metric.Get(c)
		_, named := at["name"]
		switch {
		case c == "name_en" || c == "currency" || c == "depth": // in the name, the stamp line, the indent
			continue
		case m.Unit == metric.UnitID && named, named && (c == "stage" || c == "node"):
			continue
		case m.Unit == metric.UnitID && at[strings.TrimSuffix(c, "_id")] > 0:
			continue
		case len(t.Rows) > 0 && !slices.ContainsFunc(t.Rows, func(r []string) bool { return r[i] != "" }):
			continue
		}
		keep = append(keep, i)
		name := c
		if m.Key != "" {
			name = m.Name(l.Lang().String())
		}
		s.head = append(s.head, name)
		s.right = append(s.right, slices.Contains([]metric.Unit{metric.UnitCount, metric.UnitMoney, metric.UnitPercent, metric.UnitRatio, metric.UnitDays,
			metric.UnitMinutes, metric.UnitScore}, m.Unit))
	}
	for _, r := range t.Rows {
		row := make([]string, 0, len(keep))
		for _, i := range keep {
			c := t.Columns[i]
			m, _ := metric.Get(c)
			cell := word(c, figure(r[i], m.Unit, l), l)
			if en, ok := at["name_en"]; ok && c == "name" {
				cell = l.Pick(r[i], r[en])
			}
			if d, ok := at["depth"]; ok && c == "name" {
				n, _ := strconv.Atoi(r[d])
				if cell == "" && n == 0 {
					cell = l.T(locale.Company)
				} else if cell == "" {
					cell = l.T(locale.Unknown)
				}
				cell = strings.Repeat("  ", n) + cell
			}
			row = append(row, layout.Plain(cell))
		}
		s.rows = append(s.rows, row)
	}
	return s
}

// figure writes a raw cell for reading: exact still, with separators.
func figure(cell string, u metric.Unit, l *locale.Locale) string {
	switch u {
	case metric.UnitCount:
		if n, err := strconv.Atoi(cell); err == nil {
			return l.Int(n)
		}
	case metric.UnitMoney:
		return separated(cell)
	case metric.UnitRatio:
		if f, err := strconv.ParseFloat(cell, 64); err == nil {
			return l.Percent(f, 1)
		}
	case metric.UnitPercent:
		if cell != "" {
			return cell + "%"
		}
	case metric.UnitTime:
		if t, err := time.Parse(time.RFC3339, cell); err == nil {
			return l.Time(t, t.Location())
		}
	}
	return cell
}

// separated puts thousands separators into a decimal number.
func separated(s string) string {
	whole, frac, point := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		whole += "." + frac
	}
	return sign + whole
}

// word says an enumeration's value in the reader's language.
func word(column, cell string, l *locale.Locale) string {
	switch column {
	case "kind":
		if k, err := store.ParseStageKind(cell); err == nil {
			return l.StageKind(k)
		}
		if k, err := store.ParseUnitKind(cell); err == nil {
			return l.UnitKind(k)
		}
		if cell == "person" {
			return l.Pick("个人", "person")
		}
	case "state":
		if s, err := store.ParseSyncState(cell); err == nil {
			return l.SyncState(s)
		}
	}
	return cell
}

// heat lays the map out as one.
func heat(a *heatmap.Answer, l *locale.Locale) sheet {
	label := func(x heatmap.Label) string {
		if i := slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, x.Key); i >= 0 {
			return l.Weekday(time.Weekday(i))
		}
		switch {
		case x.Key == heatmap.None:
			return l.T(locale.None)
		case x.From != 0:
			return l.DateShort(x.From)
		}
		return layout.Plain(x.Name)
	}
	s := sheet{head: []string{""}, right: []bool{false}}
	for _, c := range a.Cols {
		s.head, s.right = append(s.head, label(c)), append(s.right, true)
	}
	s.head, s.right = append(s.head, l.T(locale.Total)), append(s.right, true)
	for i, r := range a.Rows {
		row := []string{label(r)}
		for j := range a.Cols {
			row = append(row, l.Int(a.At(i, j)))
		}
		s.rows = append(s.rows, append(row, l.Int(a.RowTotals[i])))
	}
	row := []string{l.T(locale.Total)}
	for j := range a.Cols {
		row = append(row, l.Int(a.ColTotals[j]))
	}
	s.rows = append(s.rows, append(row, l.Int(a.Total)))
	if a.Unplaced > 0 {
		row := make([]string, len(s.head))
		row[0], row[len(row)-1] = l.Pick("无法定位", "not placed"), l.Int(a.Unplaced)
		s.rows = append(s.rows, row)
	}
	return s
}

// grades lays the matrix out as one: from the grade on the left to the grade above.
func grades(a *migration.Answer, l *locale.Locale) sheet {
	n := len(a.Grades)
	s := sheet{head: []string{l.T(locale.MoveMatrix)}, right: []bool{false}}
	for j := range n + 1 {
		name := l.T(locale.MoveLost)
		if j < n {
			name = string(a.Grades[j])
		}
		s.head, s.right = append(s.head, name), append(s.right, true)
	}
	for i := range n + 1 {
		row := []string{l.T(locale.MoveNew)}
		if i < n {
			row[0] = string(a.Grades[i])
		}
		for j := range n + 1 {
			row = append(row, l.Int(a.At(i, j).Count))
		}
		s.rows = append(s.rows, row)
	}
	return s
}
