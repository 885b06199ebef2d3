package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// Source is one Tryton database. It implements [source.Source], [source.Lister] and [source.Checker].
type Source struct {
	cfg    Config
	zone   *time.Location
	stages map[string]store.ID
	c      *client

	mu      sync.Mutex
	history *bool           // whether the server keeps history of opportunities; nil: not asked yet
	prices  *store.Currency // of products' prices; nil: not asked yet
}

var (
	_ source.Source  = (*Source)(nil)
	_ source.Lister  = (*Source)(nil)
	_ source.Checker = (*Source)(nil)
)

// NewTryton makes a source of a configuration; it calls nobody.
func NewTryton(cfg Config) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return nil, err
	}
	return &Source{cfg: cfg, zone: zone, stages: cfg.StageMap(), c: newClient(&cfg)}, nil
}

// ID returns the configured name.
func (s *Source) ID() store.SourceID { return s.cfg.ID }

// Kind returns "tryton".
func (s *Source) Kind() string { return "tryton" }

// Requests implements [source.Counter].
func (s *Source) Requests() int { return int(s.c.asked.Load()) }

// Verified tells what has checked the reading: Tryton 6.0 on SQLite and on PostgreSQL.
func (s *Source) Verified() string { return "real server" }

// Limits tells what the reading does not bring, or brings late.
func (s *Source) Limits() []string {
	return []string{
		"no activities and no teams: Tryton knows only companies",
		"what was deleted is found when all ids are compared",
		"history costs one call for each moment at which a deal was changed",
		"a transaction that commits later than the overlap reaches back is seen with the next full pass",
		"a deal names no product: an opportunity's lines may have many",
	}
}

func allStreams() []store.Stream {
	return []store.Stream{"units", "people", "products", "accounts", "contacts", "deals", "changes", "sales"}
}

// Streams returns those that are configured.
func (s *Source) Streams() []store.Stream {
	if len(s.cfg.Streams) == 0 {
		return allStreams()
	}
	return slices.DeleteFunc(allStreams(), func(st store.Stream) bool { return !slices.Contains(s.cfg.Streams, st) })
}

// feed is a model whose writing dates tell that records of a stream changed.
type feed struct {
	model string
	key   string // its field with the record's identifier
	// via is the field by which the stream's records refer to what key names, "" where key names the records themselves; only rows that have a key count.
	via string
}

// merged are the parties that were put into another: what belonged to them was repointed past write_date.
var merged = feed{"party.party", "replaced_by", "party"}

// shape is how a stream is read.
type shape struct {
	model  string // whose ids the records have
	entity store.Entity
	feeds  []feed // none: the stream is small and read whole each time
	page   int    // wanted rows
}

var shapes = map[store.Stream]shape{
	"units":    {"company.company", store.EntityUnit, nil, 500},
	"people":   {"company.employee", store.EntityPerson, nil, 500},
	"products": {"product.product", store.EntityProduct, []feed{{"product.product", "id", ""}, {"product.template", "id", "template"}}, 500},
	"accounts": {"party.party", store.EntityAccount, []feed{{"party.party", "id", ""}, {"party.address", "party", ""}}, 500},
	"contacts": {"party.contact_mechanism", store.EntityContact, []feed{{"party.contact_mechanism", "id", ""}, merged}, 500},
	"deals":    {"sale.opportunity", store.EntityDeal, []feed{{"sale.opportunity", "id", ""}, merged}, 500},
	"changes":  {"sale.opportunity", store.EntityChange, []feed{{"sale.opportunity", "id", ""}}, 50},
	"sales":    {"sale.line", store.EntitySale, []feed{{"sale.line", "id", ""}, {"sale.sale", "id", "sale"}}, 500}, // of a sale that is confirmed its lines keep their date
}

// everything asks for deactivated records too: deals and history still refer to them.
var everything = map[string]any{"active_test": false}

// Check logs in and counts the rows of every model that is read.
func (s *Source) Check(ctx context.Context) error {
	for _, st := range s.Streams() {
		if _, err := s.c.call(ctx, "model."+shapes[st].model+".search_count", everything, []any{}); err != nil {
			return fmt.Errorf("check %s: %w", st, err)
		}
	}
	return nil
}

// cursor is the position within a pass, and between passes the moment up to which everything was read.
type cursor struct {
	Since  int64 `json:"s,omitempty"` // Unix microseconds on the server's clock; 0: from the beginning
	Until  int64 `json:"u,omitempty"` // within a pass: its end
	Feed   int   `json:"f,omitempty"`
	Edited bool  `json:"e,omitempty"` // which of the feed's two lists
	At     int64 `json:"t,omitempty"` // the last row's time, and
	ID     int64 `json:"i,omitempty"` // its id
	Total  int   `json:"n,omitempty"`
	Inside bool  `json:"p,omitempty"`
	Blind  bool  `json:"b,omitempty"` // within a pass: no clock can be believed, so the next pass begins where this one did
}

func (c cursor) String() store.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers
	}
	return store.Cursor(b)
}

// ahead is how far the server's clock may be ahead of ours before it is not believed: a watermark in the future would silence the stream.
const ahead = 2 * time.Hour

// Fetch implements [source.Source].
func (s *Source) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	sh, ok := shapes[r.Stream]
	if !ok || !slices.Contains(s.Streams(), r.Stream) {
		return source.Page{}, fmt.Errorf("fetch %s: this source does not read it", r.Stream)
	}
	var c cursor
	if r.Cursor != "" {
		if err := json.Unmarshal([]byte(r.Cursor), &c); err != nil || c.Feed < 0 || c.Feed > len(sh.feeds) {
			return source.Page{}, fmt.Errorf("fetch %s: cursor %q: %w", r.Stream, store.Clip(string(r.Cursor), 60), source.ErrExpired)
		}
	}
	limit := sh.page
	if r.Limit > 0 && r.Limit < limit {
		limit = r.Limit
	}
	var page source.Page
	var err error
	if len(sh.feeds) == 0 {
		page, err = s.whole(ctx, r, sh, c, limit)
	} else {
		page, err = s.changed(ctx, r, sh, c, limit)
	}
	if err != nil {
		return source.Page{}, fmt.Errorf("fetch %s: %w", r.Stream, err)
	}
	return page, nil
}

// whole reads a page of a small stream by id.
func (s *Source) whole(ctx context.Context, r source.Request, sh shape, c cursor, limit int) (source.Page, error) {
	ids, err := s.search(ctx, sh.model, []any{[]any{"id", ">", c.ID}}, limit)
	if err != nil {
		return source.Page{}, err
	}
	page := source.Page{Full: true, More: len(ids) == limit}
	if page.More {
		page.Next = cursor{ID: ids[len(ids)-1]}.String()
	}
	return page, s.read(ctx, r.Stream, r.Now, ids, cursor{}, &page)
}

// changed reads a page of what was written since the last pass.
func (s *Source) changed(ctx context.Context, r source.Request, sh shape, c cursor, limit int) (source.Page, error) {
	if !c.Inside {
		var err error
		var quiet bool
		if c, quiet, err = s.begin(ctx, r.Now, sh, c.Since); err != nil {
			return source.Page{}, err
		}
		if quiet {
			return source.Page{Next: cursor{Since: c.Until}.String()}, nil
		}
	}
	f := sh.feeds[min(c.Feed, len(sh.feeds)-1)]
	fields := []string{"id", "create_date", "write_date"}
	if f.key != "id" {
		fields = append(fields, f.key)
	}
	column := "create_date"
	if c.Edited {
		column = "write_date"
	}
	domain := s.window(c, column)
	if f.via != "" {
		domain = append(domain, []any{f.key, "!=", nil})
	}
	a, err := s.c.call(ctx, "model."+f.model+".search_read", everything, domain, 0, limit,
		[]any{[]any{column, "ASC"}, []any{"id", "ASC"}}, fields)
	if err != nil {
		return source.Page{}, err
	}
	rows := a.list()
	page := source.Page{Total: c.Total, More: true}
	var ids []int64
	for _, row := range rows {
		at, ok := row[column].(time.Time)
		id, ok2 := number(row["id"])
		if !ok || !ok2 {
			return source.Page{}, fmt.Errorf("%s gave a row without id or %s; this server cannot be read by time", f.model, column)
		}
		c.At, c.ID = at.UnixMicro(), id
		if key, ok := number(row[f.key]); ok && !slices.Contains(ids, key) {
			ids = append(ids, key)
		}
		if c.Until > 0 && c.At > c.Until {
			page.Issues = append(page.Issues, store.Issue{Source: s.cfg.ID, Stream: r.Stream, Where: fmt.Sprintf("%s %d", f.model, id), Field: column,
				Value: at.Format(time.RFC3339), Problem: "written in the future: the clock of whoever wrote it was wrong; the row is read anew in every pass"})
		}
	}
	if f.via != "" && len(ids) > 0 {
		if ids, err = s.search(ctx, sh.model, []any{[]any{f.via, "in", ids}}, nil); err != nil {
			return source.Page{}, err
		}
	}
	if err := s.read(ctx, r.Stream, r.Now, ids, c, &page); err != nil {
		return source.Page{}, err
	}
	if len(rows) < limit { // this list is at its end
		c.At, c.ID = 0, 0
		if c.Edited {
			c.Feed++
		}
		c.Edited = !c.Edited
	}
	if c.Feed == len(sh.feeds) || c.Feed > 0 && c.Since == 0 { // the first pass named every record by the first feed
		since := c.Until
		if c.Blind {
			since = c.Since
		}
		page.More, c = false, cursor{Since: since}
	}
	page.Next = c.String()
	return page, nil
}

// window is the domain of one of a feed's two lists, after the position of c.
func (s *Source) window(c cursor, column string) []any {
	// What lies far in the future was written with a wrong clock. It is outside of every window, so it is taken along always.
	domain := []any{[]any{"OR", []any{column, "<=", moment(time.UnixMicro(c.Until))}, []any{column, ">", moment(time.UnixMicro(c.Until).Add(24 * time.Hour))}}}
	if !c.Edited {
		domain = append(domain, []any{"write_date", "=", nil})
	}
	if c.Since > 0 {
		domain = append(domain, []any{column, ">=", moment(s.low(c))})
	}
	if c.At > 0 {
		at := moment(time.UnixMicro(c.At))
		domain = append(domain, []any{"OR", []any{column, ">", at}, []any{[]any{column, "=", at}, []any{"id", ">", c.ID}}})
	}
	return domain
}

// low is the earliest moment that a pass reads.
func (s *Source) low(c cursor) time.Time { return time.UnixMicro(c.Since).Add(-s.cfg.overlap()) }

// begin fixes the end of a pass on the server's clock. Its clock is the Date of its answers; where that is missing or cannot be true, the newest row's. quiet: nothing was
// written since the last pass, which is found out by one count of each feed and not by its two lists.
func (s *Source) begin(ctx context.Context, now time.Time, sh shape, since int64) (_ cursor, quiet bool, err error) {
	written := []any{}
	if since > 0 {
		low := moment(s.low(cursor{Since: since}))
		written = []any{[]any{"OR", []any{"write_date", ">=", low}, []any{[]any{"write_date", "=", nil}, []any{"create_date", ">=", low}}}}
	}
	a, err := s.c.call(ctx, "model."+sh.feeds[0].model+".search_count", everything, written)
	if err != nil {
		return cursor{}, false, err
	}
	c := cursor{Since: since, Inside: true}
	if since == 0 {
		n, _ := number(a.result)
		c.Total = int(n)
	}
	at := a.at
	if at.IsZero() || !now.IsZero() && (at.Sub(now) > ahead || now.Sub(at) > ahead) {
		if at, err = s.newest(ctx, sh, now); err != nil {
			return cursor{}, false, err
		}
		if at.IsZero() {
			c.Blind, c.Until = true, max(a.at.UnixMicro(), now.Add(ahead).UnixMicro(), since)
			return c, false, nil
		}
	}
	at = at.Truncate(time.Second).Add(time.Second) // Date has whole seconds; what was written in this one is wanted now, and again by the overlap
	if since > at.Add(s.cfg.overlap()).UnixMicro() {
		return cursor{}, false, fmt.Errorf("what was read last lies at %s, but the server's clock says %s: %w", time.UnixMicro(since).UTC().Format(time.RFC3339),
			at.UTC().Format(time.RFC3339), source.ErrExpired)
	}
	c.Until = max(at.UnixMicro(), since)
	if n, ok := number(a.result); since == 0 || !ok || n > 0 {
		return c, false, nil
	}
	for _, f := range sh.feeds[1:] {
		domain := written
		if f.via != "" {
			domain = append(slices.Clone(written), []any{f.key, "!=", nil})
		}
		a, err := s.c.call(ctx, "model."+f.model+".search_count", everything, domain)
		if err != nil {
			return cursor{}, false, err
		}
		if n, ok := number(a.result); !ok || n > 0 {
			return c, false, nil
		}
	}
	return c, true, nil
}

// newest returns the latest moment at which a row of the stream's feeds was written, as far as it is not in our future.
func (s *Source) newest(ctx context.Context, sh shape, now time.Time) (time.Time, error) {
	var newest time.Time
	for _, f := range sh.feeds {
		for _, column := range []string{"create_date", "write_date"} {
			domain := []any{[]any{column, "!=", nil}}
			if !now.IsZero() {
				domain = append(domain, []any{column, "<=", moment(now.Add(ahead))})
			}
			a, err := s.c.call(ctx, "model."+f.model+".search_read", everything, domain, 0, 1, []any{[]any{column, "DESC"}}, []string{column})
			if err != nil {
				return newest, err
			}
			for _, row := range a.list() {
				if at, ok := row[column].(time.Time); ok && at.After(newest) {
					newest = at
				}
			}
		}
	}
	return newest, nil
}

// search returns ids; limit nil: all.
func (s *Source) search(ctx context.Context, model string, domain []any, limit any) ([]int64, error) {
	a, err := s.c.call(ctx, "model."+model+".search", everything, domain, 0, limit, []any{[]any{"id", "ASC"}})
	if err != nil {
		return nil, err
	}
	return a.ids(), nil
}

// listPage is how many ids List asks for at once.
const listPage = 2000

// List implements [source.Lister]. History has no list of its own: it is removed with its deal.
func (s *Source) List(ctx context.Context, st store.Stream, from store.Cursor) ([]store.Ref, store.Cursor, error) {
	sh, ok := shapes[st]
	if !ok || sh.entity == store.EntityChange {
		return nil, "", fmt.Errorf("list %s: %w", st, errors.ErrUnsupported)
	}
	after := int64(0)
	if from != "" {
		var err error
		if after, err = strconv.ParseInt(string(from), 10, 64); err != nil {
			return nil, "", fmt.Errorf("list %s: cursor %q: %w", st, store.Clip(string(from), 60), source.ErrExpired)
		}
	}
	domain := []any{[]any{"id", ">", after}}
	if st == "accounts" {
		domain = append(domain, []any{"replaced_by", "=", nil})
	}
	ids, err := s.search(ctx, sh.model, domain, listPage)
	if err != nil {
		return nil, "", fmt.Errorf("list %s: %w", st, err)
	}
	next := store.Cursor("")
	if len(ids) == listPage {
		next = store.Cursor(strconv.FormatInt(ids[len(ids)-1], 10))
	}
	if st == "accounts" {
		if ids, err = s.customers(ctx, ids); err != nil {
			return nil, "", fmt.Errorf("list %s: %w", st, err)
		}
	}
	refs := make([]store.Ref, 0, len(ids))
	for _, id := range ids {
		refs = append(refs, store.Ref{Entity: sh.entity, ID: store.MakeID(s.cfg.ID, native(sh.entity, id))})
	}
	return refs, next, nil
}

// native is the identifier of a record: units are marked, since people and units share the quotas' name space.
func native(e store.Entity, id int64) string {
	if e == store.EntityUnit {
		return "company-" + strconv.FormatInt(id, 10)
	}
	return strconv.FormatInt(id, 10)
}

func (s *Source) decoder(st store.Stream) *record.Decoder {
	return &record.Decoder{Source: s.cfg.ID, Stream: st, Location: s.zone, Currency: s.cfg.Currency, Stages: s.stages}
}
