package table

import (
	"slices"
	"strings"

	"flightdeck/store"
)

// header collects the lines above that of the column names, since spreadsheets merge cells there: a name that spans both lines stands in the upper one
// and leaves the lower one empty, and a name that spans several columns stands in the first of them.
type header struct {
	over []string // the lowest filled cell above each column
	wide []string // the name that spans each column in the line above, by merging or as its own
}

// above takes a line before that of the names.
func (h *header) above(cells []string) {
	h.wide = h.wide[:0]
	last := ""
	for i, c := range cells {
		if c = strings.TrimSpace(c); c != "" {
			last = c
			for len(h.over) <= i {
				h.over = append(h.over, "")
			}
			h.over[i] = c
		}
		h.wide = append(h.wide, last)
	}
}

// columns returns where each named column lies. An empty cell has the name above it. A column below one that spans several is also found by both names,
// "Amount Plan"; where a name comes twice the first has it alone. A title above everything spans all columns and harms nothing.
func (h *header) columns(cells []string) map[string]int {
	at := map[string]int{}
	put := func(name string, i int) {
		if name = fold(store.Clean(name, store.MaxName)); name == "" {
			return
		}
		if _, twice := at[name]; !twice {
			at[name] = i
		}
	}
	n := max(len(cells), len(h.over))
	names := slices.Grow(slices.Clone(cells), n-len(cells))[:n]
	for i := len(cells); i < n; i++ {
		names[i] = ""
	}
	for i, name := range names {
		if strings.TrimSpace(name) != "" {
			put(name, i)
		}
	}
	for i, name := range names {
		switch {
		case strings.TrimSpace(name) == "" && i < len(h.over):
			put(h.over[i], i)
		case i < len(h.wide) || len(h.wide) > 0:
			put(h.wide[min(i, len(h.wide)-1)]+" "+strings.TrimSpace(name), i)
		}
	}
	return at
}
