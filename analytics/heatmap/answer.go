package heatmap

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// View is which two axes the map has.
type View uint8

// The views.
const (
	WeekdayHour View = iota // Monday … Sunday × 0 … 23 h
	RepWeek                 // rep × ISO week
	Area                    // next area level under Query.Area × ISO week
)

var views = [...]string{"weekday-hour", "rep-week", "area"}

// Views returns all views in order.
func Views() []View { return []View{WeekdayHour, RepWeek, Area} }

// String returns weekday-hour, rep-week or area.
func (v View) String() string {
	if v.Valid() {
		return views[v]
	}
	return fmt.Sprintf("%d?", uint8(v))
}

// Valid reports whether v is a declared view.
func (v View) Valid() bool { return int(v) < len(views) }

// MarshalText implements [encoding.TextMarshaler].
func (v View) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// ParseView reads what String writes.
func ParseView(s string) (View, error) {
	if i := slices.Index(views[:], s); i >= 0 {
		return View(i), nil
	}
	return 0, fmt.Errorf("parse heat map view %q: want one of %s", store.Clip(s, 40), strings.Join(views[:], ", "))
}

// Query is what the map asks beyond the scope. It is comparable.
type Query struct {
	View    View   `json:"view"`
	Channel string `json:"channel,omitempty"` // a store.Channel's name; empty: all channels
	Area    string `json:"area,omitempty"`    // only touches at or under this area, such as 广东省/深圳市; empty: everywhere
}

// String prints q in the form that ParseQuery reads: a query string such as view=area&area=广东省, escaped.
func (q Query) String() string { return Cell{Query: q}.String() }

// ParseQuery reads what Query.String prints; the bare name of a view is accepted too.
func ParseQuery(s string) (Query, error) {
	if v, err := ParseView(s); err == nil {
		return Query{View: v}, nil
	}
	c, err := ParseCell(s)
	if err == nil && (c.Row != "" || c.Col != "") {
		err = fmt.Errorf("parse heat map query %q: row and col name a cell, not a map; want view, channel and area", store.Clip(s, 80))
	}
	return c.Query, err
}

// Cell names one square of a map by the keys of its labels. It is comparable. An empty Row is the whole column, an empty Col the whole row,
// both empty the whole map; [None] opens what could not be placed on that axis.
type Cell struct {
	Query Query  `json:"query"`
	Row   string `json:"row"`
	Col   string `json:"col"`
}

// None is the key of what has no place on an axis: no hour, no area, nobody known.
const None = "none"

// String prints c in the form that ParseCell reads.
func (c Cell) String() string {
	s := "view=" + c.Query.View.String()
	for _, kv := range [...][2]string{{"channel", c.Query.Channel}, {"area", c.Query.Area}, {"row", c.Row}, {"col", c.Col}} {
		if kv[1] != "" {
			s += "&" + kv[0] + "=" + url.QueryEscape(kv[1])
		}
	}
	return s
}

// ParseCell reads what Cell.String prints. An unknown key is an error that names the accepted ones. Row and Col are not checked against any map:
// a key that no map has opens an empty list.
func ParseCell(s string) (Cell, error) {
	var c Cell
	v, err := url.ParseQuery(s)
	if err != nil {
		return c, fmt.Errorf("parse heat map cell %q: %w", store.Clip(s, 80), err)
	}
	for k := range v {
		val := v.Get(k)
		switch k {
		case "view":
			if c.Query.View, err = ParseView(val); err != nil {
				return Cell{}, err
			}
		case "channel":
			if val != "" {
				if _, err = store.ParseChannel(val); err != nil {
					return Cell{}, err
				}
			}
			c.Query.Channel = val
		case "area":
			c.Query.Area = val
		case "row":
			c.Row = val
		case "col":
			c.Col = val
		default:
			return Cell{}, fmt.Errorf("parse heat map cell %q: unknown key %q; want view, channel, area, row or col", store.Clip(s, 80), store.Clip(k, 20))
		}
	}
	return c, nil
}

// Label names a row or a column.
type Label struct {
	Key  string        `json:"key"`            // mon … sun; 00 … 23; a person's ID; 2026-W07; an area's full path; or [None]
	Name string        `json:"name"`           // a person's or area's name; else the key, which the locale words
	From analytics.Day `json:"from,omitempty"` // Monday of a week; 0 on other axes
}

// Answer is a map. Counts is row-major: row i, column j is Counts[i*len(Cols)+j].
type Answer struct {
	analytics.Stamp `json:"stamp"`
	Scope           string           `json:"scope"` // as analytics.Scope.String prints it
	Period          analytics.Period `json:"-"`
	PeriodName      string           `json:"period"` // Period as the fiscal calendar names it
	Query           Query            `json:"query"`
	// Subject is touch.SubjectTouches, or touch.SubjectDealEvents when the store holds no touch at all and the deals' creations and stage changes
	// stand in for them. A face must say which.
	Subject string `json:"subject"`
	// NoHour: nothing in the period has an hour, so that a weekday-hour map has one column, [None], instead of 24 empty ones.
	NoHour bool `json:"no_hour,omitempty"`
	// ByAccount: no touch in the store says where it was, so that the areas are the accounts' own: region/city.
	ByAccount bool    `json:"area_of_account,omitempty"`
	Rows      []Label `json:"rows"`
	Cols      []Label `json:"cols"`
	Counts    []int   `json:"counts"`
	RowTotals []int   `json:"row_totals"`
	ColTotals []int   `json:"col_totals"`
	Max       int     `json:"max"`      // the highest count
	Total     int     `json:"total"`    // sum of Counts
	Unplaced  int     `json:"unplaced"` // in the period, but without an hour, an area below Query.Area, or a rep we know: opened by [None]
}

// At returns the count of row i, column j.
func (a *Answer) At(i, j int) int { return a.Counts[i*len(a.Cols)+j] }

// Cell returns the name of row i, column j; a negative index means the whole row or column.
func (a *Answer) Cell(i, j int) Cell {
	c := Cell{Query: a.Query}
	if i >= 0 {
		c.Row = a.Rows[i].Key
	}
	if j >= 0 {
		c.Col = a.Cols[j].Key
	}
	return c
}
