package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/grader"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/margin"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/sandbag"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/outbox"
	"flightdeck/store/source"
	"flightdeck/store/syncer"
	"flightdeck/tui/locale"
)

// app is the process that owns the store: the file, the engine that fills it and the Book that everybody asks. demo, sync, serve and the screen are
// made of it.
type app struct {
	cfg     *config.Config
	db      *bolt.DB
	desk    *bolt.Desk
	live    *analytics.Live
	decided *desk.Live
	landing *landing.Live
	rules   *rule.Live
	outbox  *outbox.Engine
	alerts  alerts
	grader  *grader.Grader
	words   *locale.Locale // of messages
	engine  *syncer.Engine

	readOnly bool   // the files cannot be written: nothing is read from sources, nobody is told, nothing is decided
	empty    func() // lets go of the desk that stands in for one that is not there; nil: there is one

	quotas sync.Mutex
	kept   *store.Batch // what keepQuotas wrote last
}

// wiring is what an app is made of beside the configuration.
type wiring struct {
	sources  []syncer.Entry           // in place of the configuration's
	only     store.SourceID           // of the configuration's; "": all
	done     func(syncer.Result)      // told of every run
	progress func(store.SourceStatus) // told of every page
	accept   []syncer.Target
	tries    int // per page; 0: the syncer's usual
	log      *slog.Logger
}

// open opens the store for writing, keeps the organisation in it and connects the sources. Nothing runs yet. The caller closes it.
func (in *invocation) open(ctx context.Context, cfg *config.Config, w wiring) (*app, error) {
	dir, err := in.folder(cfg)
	if err != nil {
		return nil, err
	}
	tell := func(string) {}
	if w.log != nil {
		tell = func(what string) { w.log.Info("store", "told", what) }
	}
	db, err := bolt.Open(dir, bolt.Options{Version: version(), Tell: tell})
	if err != nil {
		return nil, refused(err)
	}
	a := &app{cfg: cfg, db: db}
	if a.desk, err = bolt.OpenDesk(dir, bolt.Options{Version: version(), Tell: tell}); err != nil {
		return nil, errors.Join(refused(err), db.Close())
	}
	if err := a.keepOrganisation(ctx); bolt.OnlyWriting(err) { // what is there can be looked at; whoever writes is told
		tell("the organisation of the configuration is not kept: " + err.Error())
	} else if err != nil {
		return nil, errors.Join(fmt.Errorf("keep the organisation: %w", err), a.Close())
	}
	var all []source.Source
	if w.sources == nil {
		for _, s := range cfg.Sources {
			src := build(s)
			if all = append(all, src); w.only == "" || w.only == s.ID {
				w.sources = append(w.sources, syncer.Entry{Source: src, Every: s.Every})
			}
		}
	} else {
		for _, e := range w.sources {
			all = append(all, e.Source)
		}
	}
	if err := syncer.Enroll(ctx, db, all); bolt.OnlyWriting(err) {
		tell("the sources of the configuration are not entered: " + err.Error())
	} else if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	in.connect(ctx, a, w)
	return a, nil
}

// look opens the store of a folder that cannot be written, as on a disk that a fault made read-only, to be looked at. Nothing will be read from sources. The caller closes it.
func (in *invocation) look(ctx context.Context, cfg *config.Config, w wiring) (*app, error) {
	dir, err := in.folder(cfg)
	if err != nil {
		return nil, err
	}
	o := bolt.Options{ReadOnly: true, Version: version()}
	a := &app{cfg: cfg, readOnly: true}
	if a.db, err = bolt.Open(dir, o); err != nil {
		return nil, err
	}
	if a.desk, err = bolt.OpenDesk(dir, o); errors.Is(err, fs.ErrNotExist) {
		a.desk, a.empty, err = emptyDesk(o)
	}
	if err != nil {
		return nil, errors.Join(err, a.db.Close())
	}
	w.sources = nil
	in.connect(ctx, a, w)
	return a, nil
}

// emptyDesk makes a desk on which nothing was ever written, and nothing can be.
func emptyDesk(o bolt.Options) (d *bolt.Desk, remove func(), err error) {
	dir, remove, err := temporary()
	if err != nil {
		return nil, nil, err
	}
	d, err = bolt.OpenDesk(dir, bolt.Options{Version: o.Version})
	if err == nil {
		err = d.Close()
	}
	if err == nil {
		d, err = bolt.OpenDesk(dir, o)
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	return d, remove, nil
}

// connect makes what works on a's files.
func (in *invocation) connect(ctx context.Context, a *app, w wiring) {
	cfg, db := a.cfg, a.db
	report := func(error) {}
	if w.log != nil {
		report = func(err error) { w.log.Error("book", "err", err) }
	}
	a.decided = desk.NewLive(a.desk, report)
	a.live = analytics.NewLive(db, db, analytics.Options{Rules: cfg.Rules, Report: report, Ask: askFirst})
	a.landing = landing.NewLive(a.live, report)
	a.words = in.messageLocale(cfg)
	a.followRules(a.words, report)
	a.deliver(report)
	a.grader = grader.New(grader.Options{Books: a.live, Desk: a.decided, Rules: a.rules, Store: db, Post: a.desk.Post, Withdraw: a.desk.Withdraw, Word: said(a.words), Report: report})
	a.engine = syncer.New(syncer.Options{Store: db, Sources: w.sources, Log: w.log, Accept: w.accept, Attempts: w.tries, Progress: w.progress, Done: func(r syncer.Result) {
		if err := a.keepQuotas(ctx); err != nil && w.log != nil {
			w.log.Error("quotas", "err", err)
		}
		if w.done != nil {
			w.done(r)
		}
	}})
}

// Close lets the files go.
func (a *app) Close() error {
	err := errors.Join(a.desk.Close(), a.db.Close())
	if a.empty != nil {
		a.empty()
	}
	return err
}

// once runs every source once.
func (a *app) once(ctx context.Context) ([]syncer.Result, error) {
	res := a.engine.Once(ctx)
	err := errors.Join(a.keepQuotas(ctx), a.rules.Load(ctx))
	if err == nil {
		err = errors.Join(a.live.Refresh(ctx), a.decided.Refresh(ctx))
	}
	if err == nil {
		err = errors.Join(a.grader.Step(ctx), a.alert(ctx))
		if len(a.cfg.Notify.To) > 0 { // else the morning is sent to nobody
			_, told := a.brief(ctx, time.Now())
			err = errors.Join(err, told)
		}
	}
	_, failed := a.outbox.Round(ctx) // what is due goes out; what waits does so for the next start
	return res, errors.Join(err, failed)
}

// keepOrganisation writes the configured organisation and stages into the store, so that it can be read without a configuration.
func (a *app) keepOrganisation(ctx context.Context) error {
	b := &store.Batch{Source: config.ConfigSource}
	o := a.cfg.Organisation
	if o.Name != "" || o.TimeZone != "" || o.Currency != "" || o.FiscalYearStart != 0 || len(o.Rates) > 0 {
		b.Org = a.cfg.Org()
	}
	b.Stages = a.cfg.Stages()
	if b.Len() == 0 {
		return nil
	}
	_, err := a.db.Apply(ctx, b)
	return err
}

// keepQuotas writes the configured quotas. Their nodes are named as people name them, so they are found in what the sources brought; those that are not
// there (yet) are listed as issues.
func (a *app) keepQuotas(ctx context.Context) error {
	a.quotas.Lock() // every source's goroutine comes here after its run
	defer a.quotas.Unlock()
	if len(a.cfg.Quotas) == 0 && a.kept != nil {
		return nil
	}
	if len(a.cfg.Quotas) > 0 {
		if err := a.live.Refresh(ctx); err != nil {
			return err
		}
	}
	book := a.live.Book()
	b := &store.Batch{Source: config.ConfigSource, Stream: "quotas", ClearIssues: true}
	keep := map[store.ID]bool{}
	for i, q := range a.cfg.Quotas {
		where := fmt.Sprintf("quotas[%d]", i)
		problem := func(field, value string, err error) {
			b.Issues = append(b.Issues, store.Issue{Source: b.Source, Stream: b.Stream, Where: where, Field: field, Value: store.Clip(value, 80),
				Problem: err.Error(), Dropped: true})
		}
		node, err := book.FindNode("", "", q.Node)
		if err != nil {
			problem("node", q.Node, err)
			continue
		}
		p, err := book.Calendar().Parse(q.Period, book.Now())
		if err != nil {
			problem("period", q.Period, err)
			continue
		}
		cur := q.Curr
		fallback(&cur, a.cfg.Organisation.Currency)
		m, err := store.ParseMoney(string(q.Amount), cur)
		if err != nil {
			problem("amount", string(q.Amount), err)
			continue
		}
		quota := store.Quota{ID: store.MakeID(config.ConfigSource, string(node)+" "+p.String()), Node: node, From: p.From, To: p.To, Amount: m}
		keep[quota.ID] = true
		b.Quotas = append(b.Quotas, quota)
	}
	err := a.db.View(ctx, func(s store.Snapshot) error {
		return s.IDs(config.ConfigSource, store.EntityQuota, func(id store.ID) error {
			if !keep[id] {
				b.Deleted = append(b.Deleted, store.Ref{Entity: store.EntityQuota, ID: id})
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	if reflect.DeepEqual(a.kept, b) { // no commit for nothing
		return nil
	}
	if _, err := a.db.Apply(ctx, b); err != nil {
		return fmt.Errorf("keep quotas: %w", err)
	}
	a.kept = b
	return nil
}

// folder returns the store's folder and refuses one that is none.
func (in *invocation) folder(cfg *config.Config) (string, error) {
	dir := in.dir(cfg)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return "", usagef("store %s: it is a file; want a folder, named with --store DIR or as store.dir in the configuration", dir)
	}
	return dir, nil
}

// unwritable reports that the system lets us read at most.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// refused says what to do about a store that the system keeps from us.
func refused(err error) error {
	if unwritable(err) {
		return fmt.Errorf("%w; check the folder's permissions, or name another with --store DIR; what can be read, the screen and the printing commands show (flightdeck, flightdeck funnel)", err)
	}
	return err
}

// picture is all that a question is answered from.
type picture struct {
	book     *analytics.Book
	desk     *desk.Desk
	rules    *rule.Pack
	versions []store.RuleVersion // of the rules, oldest first
	grading  grader.State        // what is held
	landing  *landing.Live       // nil: nothing is learned in the background here
	marks    []store.Mark        // of whoever runs the program, where the store was opened for this question
}

// read opens the store for reading only and returns what it holds; nothing stays open. A store held by another process is a *store.LockedError: whoever can
// ask that process through its socket does so there.
func (in *invocation) read(ctx context.Context, cfg *config.Config) (*picture, error) {
	dir, err := in.folder(cfg)
	if err != nil {
		return nil, err
	}
	db, err := bolt.Open(dir, bolt.Options{ReadOnly: true, Version: version()})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: there is no store yet; fill one with: flightdeck sync --once, or: flightdeck demo --once --store %s", dir, dir)
	}
	if err != nil {
		return nil, refused(err)
	}
	defer db.Close() //nolint:errcheck // read only
	book, err := in.book(ctx, db, dir, cfg)
	if err != nil {
		return nil, err
	}
	if damage := db.Damage(); len(damage) > 0 { // an answer from what is left must not pass for a whole one
		say(in.stderr, "flightdeck: warning: the answer is without what cannot be read: %v\n", damage[0])
	}
	p := &picture{book: book}
	if p.grading, err = grader.StateOf(ctx, db); err != nil {
		return nil, err
	}
	if err := in.readDesk(ctx, dir, cfg, p); err != nil {
		return nil, err
	}
	return p, nil
}

// readDesk reads what people wrote, and the rules; in a store in which nobody wrote anything yet there is no file.
func (in *invocation) readDesk(ctx context.Context, dir string, cfg *config.Config, p *picture) error {
	d, err := bolt.OpenDesk(dir, bolt.Options{ReadOnly: true, Version: version()})
	var log store.RuleLog
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.desk = new(desk.Desk)
	case err != nil:
		return refused(err)
	default:
		defer d.Close() //nolint:errcheck // read only
		log = d
		if p.desk, err = desk.Read(ctx, d); err != nil {
			return err
		}
		if p.versions, err = d.RuleVersions(ctx); err != nil {
			return err
		}
		if p.marks, err = d.Marks(ctx, desk.Viewer{Name: cmp.Or(userName(), "local")}.ID()); err != nil {
			return err
		}
	}
	path := ""
	if cfg != nil {
		path = cfg.RulesFile
	}
	p.rules, err = rule.Look(ctx, schema(), path, log, knownTo(p.book))
	return err
}

// readWhole is up to which size of a store's file, in bytes, a question reads all records, which finds whatever is damaged. A larger one is answered from what was folded, as the
// cockpit answers: reading sixty million records takes minutes and all of the memory.
var readWhole int64 = 256 << 20

// book reads all of a store. A damaged page makes the library below panic, or worse, fault; both are told as what they are.
func (in *invocation) book(ctx context.Context, db *bolt.DB, dir string, cfg *config.Config) (book *analytics.Book, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // the file is mapped into memory
	defer func() {
		if r := recover(); r != nil {
			book, err = nil, fmt.Errorf("read %s: the file is damaged (%v); see what can be saved with: flightdeck doctor --repair, or restore a backup", dir, r)
		}
	}()
	var rules analytics.Rules
	if cfg != nil {
		rules = cfg.Rules
	}
	if info, e := os.Stat(filepath.Join(dir, bolt.File)); e == nil && info.Size() > readWhole {
		live := analytics.NewLive(db, db, analytics.Options{Rules: rules, Report: func(err error) { say(in.stderr, "flightdeck: warning: %v\n", err) }})
		err, book = live.Refresh(ctx), live.Book()
	} else {
		err = db.View(ctx, func(s store.Snapshot) (err error) {
			book, err = analytics.Build(s, analytics.Options{Rules: rules})
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	return book, nil
}

// askFirst asks of the whole company what the panes ask, in the order in which people come to them, so that what is kept beside a large Book is there when they do.
func askFirst(b *analytics.Book) {
	var s analytics.Scope
	analytics.Shared(b, s, struct{}{}, funnel.Of)
	analytics.Shared(b, s, struct{}{}, forecast.Of)
	analytics.Shared(b, s, struct{}{}, migration.Of)
	deal.Look(b, s, deal.Filter{})
	heatmap.Of(b, s, heatmap.Query{})
	margin.Of(b, s, "")
	sandbag.Of(b, nil, s) // for triage and the morning
	b.Settle()
}
