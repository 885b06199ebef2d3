// Package sql reads tables of PostgreSQL, MySQL, MariaDB, SQL Server and SQLite directly, for systems whose API is worse than their database or that have none.
//
// What tables and columns mean is configuration ([Config]); the package knows no product's tables, only how to read any table so that nothing is lost and
// nothing harmed:
//
//   - Rows are read page by page behind the last row's key, never by offset, so rows that come or go meanwhile push none out of sight, and a tie of any length
//     on one time of change has an order. The first pass walks all rows by key; later ones walk (time of change, key) from the last pass's newest change,
//     less the overlap, up to the server's clock at the pass's begin.
//   - A row is stamped when it is written and seen when its transaction commits. Where the server tells what was under way when a pass began, the next one
//     reaches back to before any of it can have begun: PostgreSQL by the numbers of its snapshot (no right is needed and no table is scanned, as a condition
//     on xmin would), MySQL by INNODB_TRX where the user may see it, SQL Server exactly by MIN_ACTIVE_ROWVERSION for version columns. Otherwise the overlap must
//     be longer than the longest transaction.
//   - The bookmark is the newest change that was read, never our clock nor the server's: a wrong time_zone or a clock that is off by minutes costs reading a
//     stretch again, not a row. Rows from the future are read in every pass and listed as issues; rows without a time of change too.
//   - What was deleted without a trace is found by comparing keys: the source is a [source.Lister].
//   - Sessions are read-only, statements have a time limit on the server, there is one connection, and we are the ones to give way in a deadlock. A configured
//     SELECT is checked for being one and nothing else.
//
// Each value goes from the driver to package record as it is: decimals as text, never through a float; times without a zone in the source's zone. SQLite
// alone keeps a NUMERIC of more than 15 digits as a float itself; amounts like that must stand there as text.
//
// The drivers are pgx, go-sql-driver/mysql, go-mssqldb and modernc's SQLite (in Go, so that the program stays one file without cgo). Their connections are made
// from fields, not from a connection string: no text with the password in it ever exists, so none can be printed.
package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// Source is one database. It implements [source.Source], [source.Lister], [source.Carrier] and [source.Checker].
type Source struct {
	cfg     Config
	d       *dialect
	zone    *time.Location
	streams []*stream // in the order of syncing
	track   store.Fields

	mu       sync.Mutex
	db       *stdsql.DB // nil until the first call and after the server refused the credentials
	password string
	untold   *bool
}

// stream is a configured stream and what was found out of its columns.
type stream struct {
	*Stream
	name   store.Stream
	entity store.Entity
	config string // fingerprint

	mu   sync.Mutex
	plan *plan
}

var (
	_ source.Source  = (*Source)(nil)
	_ source.Lister  = (*Source)(nil)
	_ source.Carrier = (*Source)(nil)
	_ source.Checker = (*Source)(nil)
)

// New makes a source of a configuration; it calls nobody. The error lists everything that is wrong.
func New(cfg Config) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, d: dialects[cfg.Kind], zone: zone, track: store.FieldsOf(store.FieldStage, store.FieldAmount, store.FieldClose, store.FieldOwner, store.FieldCategory)}
	for _, o := range streamOf {
		for i := range s.cfg.Streams {
			c := &s.cfg.Streams[i]
			if c.Entity != o.entity {
				continue
			}
			e, err := store.ParseEntity(c.Entity)
			if err != nil {
				return nil, err
			}
			text, err := json.Marshal([]any{c, cfg.TimeZone, cfg.Currency, cfg.Encoding, cfg.Stages, cfg.Kind})
			if err != nil {
				return nil, fmt.Errorf("configure database source %s: %w", cfg.ID, err)
			}
			sum := fnv.New64a()
			sum.Write(text)
			s.streams = append(s.streams, &stream{Stream: c, name: c.name(), entity: e, config: hex.EncodeToString(sum.Sum(nil))})
			if e == store.EntityChange {
				s.track &^= told(c.Fields["field"])
			}
		}
	}
	return s, nil
}

// told returns the fields of deals whose history a table tells, by where the name of the field comes from. Of a column of which nothing is said any field may
// come.
func told(v Value) store.Fields {
	var f store.Fields
	words := []string{v.Const}
	if v.Const == "" {
		words = nil
		for _, w := range v.Map {
			words = append(words, w)
		}
		if len(words) == 0 {
			return store.FieldsOf(store.FieldStage, store.FieldAmount, store.FieldClose, store.FieldOwner, store.FieldCategory)
		}
	}
	for _, w := range words {
		if field, err := store.ParseField(w); err == nil {
			f |= store.FieldsOf(field)
		}
	}
	return f
}

// ID returns the configured name.
func (s *Source) ID() store.SourceID { return s.cfg.ID }

// Kind returns postgresql, mysql, sqlserver or sqlite.
func (s *Source) Kind() string { return s.cfg.Kind }

// Verified tells what has checked the reading of this kind of server: real server, or nothing.
func (s *Source) Verified() string { return s.d.verified }

// Verified tells the same of a kind without a configuration; "nothing" of one that is not among [Kinds].
func Verified(kind string) string {
	if d := dialects[kind]; d != nil {
		return d.verified
	}
	return "nothing"
}

// Limits tells what the reading of a kind of server does not bring, or brings late.
func Limits(kind string) []string {
	all := []string{
		"what tables and columns mean is yours to say: no product's tables are known",
		"rows that were deleted without a trace are found when all keys are compared",
		"history only where a table keeps it: else changes are noted as they are seen",
	}
	if d := dialects[kind]; d != nil && d.limits != "" {
		all = append(all, d.limits)
	}
	return all
}

// Streams returns the configured streams, parents before children.
func (s *Source) Streams() []store.Stream {
	var all []store.Stream
	for _, st := range s.streams {
		all = append(all, st.name)
	}
	return all
}

// Carries returns the entity of a stream.
func (s *Source) Carries(name store.Stream) []store.Entity {
	if st := s.stream(name); st != nil {
		return []store.Entity{st.entity}
	}
	return nil
}

func (s *Source) stream(name store.Stream) *stream {
	if i := slices.IndexFunc(s.streams, func(st *stream) bool { return st.name == name }); i >= 0 {
		return s.streams[i]
	}
	return nil
}

// Close ends the connection; the next call makes a new one.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.db
	s.db = nil
	if db == nil {
		return nil
	}
	return db.Close()
}

// open returns the database with its single connection.
func (s *Source) open() (*stdsql.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != nil {
		return s.db, nil
	}
	password, err := s.cfg.Password.Resolve()
	if err != nil {
		return nil, source.Setup(err)
	}
	s.password = password
	c, err := s.d.connect(&s.cfg, password)
	if err != nil {
		return nil, source.Setup(err)
	}
	s.db = stdsql.OpenDB(c)
	s.db.SetMaxOpenConns(1)
	s.db.SetConnMaxIdleTime(2 * time.Minute)
	s.db.SetConnMaxLifetime(30 * time.Minute)
	return s.db, nil
}

// within calls fn in a transaction that reads only and is rolled back. Its errors are explained.
func (s *Source) within(ctx context.Context, fn func(t *reading) error) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	err = func() error {
		tx, err := db.BeginTx(ctx, &stdsql.TxOptions{Isolation: s.d.isolate, ReadOnly: s.d.readTx})
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // nothing was written
		t := &reading{s: s, tx: tx, reader: reader{d: s.d, zone: s.zone}}
		if t.charset, err = encodingOf(s.cfg.Encoding); err != nil {
			return err
		}
		if t.untold, err = s.bytesAreText(ctx, tx); err != nil {
			return err
		}
		return fn(t)
	}()
	if err = s.explain(ctx, err); errors.Is(err, source.ErrAuth) {
		_ = s.Close() // the credential may be mended in its file: read it again
	}
	return err
}

func (s *Source) bytesAreText(ctx context.Context, q querier) (bool, error) {
	if s.d.untold == nil {
		return false, nil
	}
	s.mu.Lock()
	known := s.untold
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	is, err := s.d.untold(ctx, q)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	s.untold = &is
	s.mu.Unlock()
	return is, nil
}

// Fetch implements [source.Source].
func (s *Source) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	st := s.stream(r.Stream)
	if st == nil {
		return source.Page{}, fmt.Errorf("fetch %s %s: no such stream", s.cfg.ID, r.Stream)
	}
	c, err := parseCursor(r.Cursor, st.config)
	if err != nil {
		return source.Page{}, fmt.Errorf("fetch %s %s: %w", s.cfg.ID, r.Stream, err)
	}
	limit := s.cfg.pageSize()
	if r.Limit > 0 {
		limit = min(limit, r.Limit)
	}
	var page source.Page
	if err := s.within(ctx, func(t *reading) error { return t.page(ctx, st, &c, limit, r.Cursor, &page) }); err != nil {
		st.forget()
		if ctx.Err() != nil {
			return source.Page{}, ctx.Err()
		}
		return source.Page{}, fmt.Errorf("fetch %s %s: %w", s.cfg.ID, r.Stream, err)
	}
	return page, nil
}

// listPage is how many rows List names at once.
const listPage = 5000

// List implements [source.Lister]. Facts that their table does not number have no list; nor need those that are read whole.
func (s *Source) List(ctx context.Context, name store.Stream, from store.Cursor) (refs []store.Ref, next store.Cursor, err error) {
	st := s.stream(name)
	if st == nil {
		return nil, "", fmt.Errorf("list %s %s: no such stream", s.cfg.ID, name)
	}
	if _, ok := st.Fields["id"]; !ok || !st.incremental() || st.entity == store.EntityStage {
		return nil, "", fmt.Errorf("list %s %s: %w", s.cfg.ID, name, errors.ErrUnsupported)
	}
	var at []scalar
	if from != "" {
		if err := json.Unmarshal([]byte(from), &at); err != nil || len(at) != len(st.key()) {
			return nil, "", fmt.Errorf("list %s %s: cursor %q: %w", s.cfg.ID, name, store.Clip(string(from), 60), source.ErrExpired)
		}
	}
	err = s.within(ctx, func(t *reading) error {
		p, err := t.plan(ctx, st)
		if err != nil {
			return err
		}
		got, err := t.rows(ctx, p, wanted{at: at}, listPage)
		if err != nil {
			return err
		}
		dec := s.decoder(st)
		id := st.Fields["id"]
		for i := range got.rows {
			if st.Deleted.gone(&got.rows[i]) {
				continue
			}
			if ref, err := dec.Ref(st.Entity, id.of(&got.rows[i])); err == nil { // one without an id is none of ours
				refs = append(refs, ref)
			}
		}
		if got.more {
			b, err := json.Marshal(got.at)
			next = store.Cursor(b)
			return err
		}
		return nil
	})
	if err != nil {
		st.forget()
		return nil, "", fmt.Errorf("list %s %s: %w", s.cfg.ID, name, err)
	}
	return refs, next, nil
}

// Check connects, looks for every configured table and column and reads one row of each stream: all that is wrong, one line each.
func (s *Source) Check(ctx context.Context) error {
	var errs []error
	for _, st := range s.streams {
		err := s.within(ctx, func(t *reading) error {
			p, err := t.plan(ctx, st)
			if err != nil {
				return err
			}
			if len(p.missing) > 0 {
				return setupf("%s", p.lacks())
			}
			_, err = t.rows(ctx, p, wanted{}, 1)
			return err
		})
		if err == nil {
			continue
		}
		st.forget()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		errs = append(errs, fmt.Errorf("check %s %s: %w", s.cfg.ID, st.name, err))
		if !errors.Is(err, source.ErrDenied) && !errors.Is(err, source.ErrSetup) {
			break // the other streams would say the same
		}
	}
	return errors.Join(errs...)
}

func (s *Source) decoder(st *stream) *record.Decoder {
	return &record.Decoder{Source: s.cfg.ID, Stream: st.name, Location: s.zone, Currency: s.cfg.Currency, Stages: s.cfg.Stages}
}
