package analytics

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"flightdeck/store"
)

// Scope says which rows a question is about. It is comparable, so that it keys caches and history; the zero Scope is everything, as of
// today. Filters combine with AND.
type Scope struct {
	// Root is the viewer's own place in the org tree: nobody gets rows outside it. It is set by whoever knows the viewer, before any function is called,
	// and no parser reads it. Empty: the whole company.
	Root store.ID
	// Node is the org node asked about, a Unit's or a Person's ID. Empty: all of Root.
	Node store.ID
	// Product, Stage: IDs; empty: any.
	Product store.ID
	Stage   store.ID
	// Industry: the account's; empty: any.
	Industry string
	// Period of the question; zero: each analysis takes its usual one (see Book.Period).
	Period Period
	// AsOf is the day at whose end the question is asked; 0: now. (Day 0 is 1970-01-01, before any store.)
	AsOf Day
}

// String prints s in a short form that ParseScope reads back. Root is not printed: a link must not widen what its reader may see.
func (s Scope) String() string {
	var b strings.Builder
	add := func(k, v string) {
		if v == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(k + "=" + url.QueryEscape(v))
	}
	add("node", string(s.Node))
	add("product", string(s.Product))
	add("stage", string(s.Stage))
	add("industry", s.Industry)
	add("period", s.Period.String())
	if s.AsOf != 0 {
		add("as-of", s.AsOf.String())
	}
	return b.String()
}

// ParseScope reads what String prints. An unknown key is an error that names the accepted ones.
func ParseScope(str string) (Scope, error) {
	var s Scope
	q, err := url.ParseQuery(str)
	if err != nil {
		return s, fmt.Errorf("parse scope %q: %w", store.Clip(str, 60), err)
	}
	for k := range q {
		v := q.Get(k)
		switch k {
		case "node":
			s.Node = store.ID(v)
		case "product":
			s.Product = store.ID(v)
		case "stage":
			s.Stage = store.ID(v)
		case "industry":
			s.Industry = v
		case "period":
			if s.Period, err = (Calendar{}).Parse(v, 0); err != nil {
				return s, err
			}
			if later, _ := (Calendar{}).Parse(v, 40000); later != s.Period { // "quarter" in a link would mean another one to its reader
				return s, fmt.Errorf("parse scope %q: period %q is relative; want 2026, 2026Q3, 2026-09 or FROM..TO", store.Clip(str, 60), store.Clip(v, 40))
			}
		case "as-of":
			if s.AsOf, err = store.ParseDay(v); err != nil {
				return s, err
			}
		default:
			return s, fmt.Errorf("parse scope %q: unknown key %q; want node, product, stage, industry, period or as-of", store.Clip(str, 60), store.Clip(k, 20))
		}
	}
	return s, nil
}

// Stamp says on what an answer rests. It stands on every answer.
type Stamp struct {
	Rev    store.Rev `json:"revision"`
	AsOf   Day       `json:"as_of"`
	Oldest time.Time `json:"oldest,omitzero"` // when the least fresh source last finished well; zero, and not there in JSON: one never did, or there is none
}

// Sum is money added up in the organisation's currency. What could not be converted for want of a rate stands apart, per currency, and is never in
// Money.
type Sum struct {
	Money   store.Money   `json:"money"`
	Missing []store.Money `json:"without_rate,omitempty"`
}

// Table is an answer as rows and columns, for --csv, --plain and export. Cells are raw: exact decimals, ISO dates, plain words; columns are
// metric names (analytics/metric), in the order of the pane.
type Table struct {
	Columns []string
	Rows    [][]string
}
