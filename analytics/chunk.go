package analytics

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Format names what is in the chunks that a Book is folded into. It changes whenever the columns do; chunks of another format are made anew.
const Format = "book 8"

// inForceChunk is there where the organisation's rules ever decided about grades.
const inForceChunk = "gradesInForce"

// small, as gob since its texts for people are not read back, is what a folded Book keeps of the tables that are few: records, and the IDs of all rows in the order of their Codes.
type small struct {
	Org        store.Org
	Units      few[store.Unit]
	People     few[store.Person]
	Stages     few[store.Stage]
	Products   few[store.Product]
	Quotas     few[store.Quota]
	Tenders    few[store.Tender]
	Status     few[store.SourceStatus]
	Issues     few[store.Issue]
	Currencies []store.Currency
	Rows       map[string]int // by table
}

type few[T any] struct {
	IDs  []string
	Rec  []T
	Live []bool
}

func fewOf[T any](t *table[T]) few[T] { return few[T]{t.ids.texts(), t.rec, t.live} }

func (f few[T]) open(t *table[T]) error {
	if len(f.IDs) != len(f.Rec) || len(f.Rec) != len(f.Live) {
		return errors.New("its tables are not of one length")
	}
	t.ids, t.rec, t.live = dictOf(f.IDs), f.Rec, f.Live
	return nil
}

func (d *dict) texts() []string {
	out := make([]string, d.len())
	for i := range out {
		out[i] = d.ids.At(i)
	}
	return out
}

func dictOf(texts []string) (d dict) {
	for _, t := range texts {
		d.ids.Append(t)
	}
	d.index = column.NewIndex(&d.ids)
	d.seal(false)
	return d
}

// indexed is a table that finds its rows by ID.
type indexed struct {
	name string
	ids  *dict
	t    laned
	n    func() int
}

func (b *Book) indexed() []indexed {
	return []indexed{{"account", &b.accounts.ids, &b.accounts, b.accounts.len}, {"deal", &b.deals.ids, &b.deals, b.deals.len}}
}

// words lists the dicts of repeated text with the names of their chunks.
func (b *Book) words() map[string]*words {
	return map[string]*words{"industry": &b.industries, "topic": &b.topics, "area": &b.areas, "outlet": &b.outlets, "label": &b.labels}
}

// zoned lists the zones with the names of their chunks: measuring them again would read the columns.
func (b *Book) zoned() map[string]*[]Day {
	z := map[string]*[]Day{"deal.begun.min": &b.deals.begun.Min, "deal.begun.max": &b.deals.begun.Max, "deal.ended.min": &b.deals.ended.Min,
		"deal.ended.max": &b.deals.ended.Max}
	for _, t := range b.factTables() {
		z[t.name+".days.min"], z[t.name+".days.max"] = &t.fact.days.Min, &t.fact.days.Max
	}
	return z
}

func (b *Book) zonedCodes() map[string]*[]Code {
	return map[string]*[]Code{"deal.owners.min": &b.deals.owners.Min, "deal.owners.max": &b.deals.owners.Max, "touch.reps.min": &b.touch.reps.Min,
		"touch.reps.max": &b.touch.reps.Max, "sale.reps.min": &b.sale.reps.Min, "sale.reps.max": &b.sale.reps.Max}
}

// small returns what b keeps of the tables that are few.
func (b *Book) small() small {
	return small{Org: b.given, Units: fewOf(&b.units), People: fewOf(&b.people), Stages: fewOf(&b.stages), Products: fewOf(&b.products), Quotas: fewOf(&b.quotas), Tenders: fewOf(&b.tenders),
		Status: fewOf(&b.status), Issues: fewOf(&b.issues), Currencies: b.currencies, Rows: map[string]int{}}
}

// openBook makes a Book of chunks. It reads none of the columns: their pages come in when they are first asked.
func openBook(c store.Chunks, o Options) (b *Book, err error) {
	head, err := c.Bytes("small")
	if err != nil {
		return nil, err
	}
	var s small
	if err := gob.NewDecoder(bytes.NewReader(head)).Decode(&s); err != nil {
		return nil, fmt.Errorf("open chunk %q: %w", "small", err)
	}
	e := newEditor(o)
	b = e.b
	b.rev = c.Rev()
	e.org(s.Org)
	b.currencies = s.Currencies
	if err := errors.Join(s.Units.open(&b.units), s.People.open(&b.people), s.Stages.open(&b.stages), s.Products.open(&b.products), s.Quotas.open(&b.quotas), s.Tenders.open(&b.tenders),
		s.Status.open(&b.status), s.Issues.open(&b.issues)); err != nil {
		return nil, fmt.Errorf("open chunk %q: %w", "small", err)
	}
	open := func(name string, as func([]byte) error) {
		if err != nil {
			return
		}
		var data []byte
		if data, err = c.Bytes(name); err != nil {
			return
		}
		if fault := as(data); fault != nil {
			err = fmt.Errorf("open chunk %q: %w", name, fault)
		}
	}
	lanes := func(table string, t laned) {
		for _, l := range t.lanes() {
			open(table+"."+l.name, func(data []byte) error { return l.lane.Open(data, s.Rows[table]) })
		}
	}
	for name, w := range b.words() {
		*w = dict{}
		open("words."+name+".ids", func(data []byte) error { return w.ids.Open(data, s.Rows["words."+name]) })
		open("words."+name+".index", func(data []byte) error { return w.index.Open(data) })
	}
	for _, t := range b.indexed() {
		*t.ids = dict{}
		open(t.name+".ids", func(data []byte) error { return t.ids.ids.Open(data, s.Rows[t.name]) })
		open(t.name+".index", func(data []byte) error { return t.ids.index.Open(data) })
		lanes(t.name, t.t)
	}
	for _, t := range b.factTables() {
		lanes(t.name, t.lanes)
	}
	runs := func(name string, as func(off, rows []byte) error) {
		open(name+".off", func(off []byte) error {
			rows, err := c.Bytes(name + ".rows")
			if err != nil {
				return err
			}
			return as(off, rows)
		})
	}
	for _, g := range e.groupings() {
		runs(g.name, g.runs.Open)
	}
	runs("steps", b.steps.Open)
	for name, z := range b.zoned() {
		open(name, func(data []byte) (err error) { *z, err = column.Values[Day](data); return err })
	}
	for name, z := range b.zonedCodes() {
		open(name, func(data []byte) (err error) { *z, err = column.Values[Code](data); return err })
	}
	if err == nil {
		b.terms = b.ruled()
	}
	if len(b.terms) > 0 {
		runs(inForceChunk, b.inForce.Open)
	}
	if err != nil {
		return nil, err
	}
	b.as, b.doubt = b.joinPeople()
	b.dirs = b.directories()
	b.portray()
	b.growTree()
	b.orderStages()
	b.derive()
	b.folded = b.rows()
	return b, nil
}
