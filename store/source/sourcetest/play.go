package sourcetest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/source"
	"flightdeck/store/syncer"
)

// Deal is a deal as [Play] knows it, whatever the system under it calls its parts.
type Deal struct {
	ID       int
	Name     string
	Stage    string // a stage of the store's
	Cents    int64
	Archived bool
	Merged   string // ids of deals that were merged into this one, in the order in which it happened
}

// System is a CRM that people work in while it is read.
type System struct {
	ID     store.SourceID
	Open   func() source.Source // a source on it, as a new process makes one
	Now    func() time.Time     // the system's own clock
	Stages []string             // of the store's, that a deal of it can be in

	// Put creates or changes deals; tie: all at one instant.
	Put    func(tie bool, deals ...Deal)
	Delete func(id int)
	// Late changes a deal in a transaction that is seen only when commit is called, with the time of now; nil: the system has none.
	Late     func(d Deal) (commit func())
	Archives bool // deals can be archived: they exist still, but apart; kept as the custom field archived
	Merges   bool // deals say what was merged into them, kept as the custom field merged
	// Merge removes a deal for another, which has been changed already; nil: it is deleted.
	Merge func(winner, loser int)

	// Kept are the deals among the records of a store; nil: its deals. A system without deals says which of its records stand for them.
	Kept func(r *store.Records) []Deal

	Faults []Kind // of the answers
	Break  func(Fault)
	Heal   func()
	Secret string // the canary; empty: the source has none
	// Calm: the system's lists are paged by number, so that what happens in the middle of a pass can push a row out of sight: nothing does.
	Calm bool
}

// Play lets people work in a system whose answers go wrong, reads it with the real syncer into a real store through restarts, cancelled runs and clocks that
// differ by up to ten minutes, and demands after every fault that the store agrees with the system's truth within a few runs, to the cent. In the end one more
// reading must change nothing. rnd decides everything; each round is logged.
func Play(t *testing.T, rnd *rand.Rand, s System) {
	p := &play{System: s, t: t, rnd: rnd, truth: map[int]Deal{}, late: map[int]bool{}, dir: t.TempDir()}
	p.open()
	defer func() { _ = p.db.Close() }()
	for range 40 {
		p.put()
	}
	for round := range rounds {
		p.round(round)
	}
	before, whole := p.facts(), p.whole()
	p.run(true)
	p.secret()
	if after := p.facts(); !reflect.DeepEqual(before, after) || !reflect.DeepEqual(whole, p.whole()) {
		t.Errorf("a reading of nothing new changed the store:\n%+v\n%+v", before, after)
	}
}

type play struct {
	System
	t       *testing.T
	rnd     *rand.Rand
	truth   map[int]Deal
	next    int
	pending []func() // transactions that are not committed
	late    map[int]bool
	hangs   bool     // the fault is an answer that never comes
	did     []string // in this round
	dir     string
	db      *bolt.DB
	engine  *syncer.Engine
	skew    time.Duration // of our clock against the system's
	runs    int           // each takes a second of our clock
	pages   int           // until the run is cancelled; 0: never
	cancel  context.CancelFunc
	log     bytes.Buffer
}

func (p *play) note(format string, args ...any) { p.did = append(p.did, fmt.Sprintf(format, args...)) }

// open makes another process on the same store.
func (p *play) open() {
	p.t.Helper()
	if p.db != nil {
		if err := p.db.Close(); err != nil {
			p.t.Fatal(err)
		}
	}
	db, err := bolt.Open(p.dir, bolt.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	p.db = db
	p.engine = syncer.New(syncer.Options{
		Store: db, Sources: []syncer.Entry{{Source: p.Open()}}, Now: func() time.Time { return p.Now().Add(p.skew + time.Duration(p.runs)*time.Second) }, Log: slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Attempts: 2, Backoff: time.Millisecond, MaxBackoff: time.Millisecond, MaxWait: 5 * time.Millisecond, Relist: 1,
		Progress: func(store.SourceStatus) {
			if p.pages > 0 {
				if p.pages--; p.pages == 0 {
					p.cancel()
				}
			}
		},
	})
}

// run reads once; well: nothing goes wrong in it.
func (p *play) run(well bool) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	if p.hangs && !well { // quitting ends what would never end
		stop := time.AfterFunc(100*time.Millisecond, cancel)
		defer stop.Stop()
	}
	p.cancel = cancel
	p.runs++
	res := p.engine.Once(ctx)[0]
	if well && res.Err != nil {
		p.t.Fatalf("%v: though all is well: %v", p.did, res.Err)
	}
	if p.Secret != "" && (res.Err != nil && strings.Contains(syncer.Explain(res.Err), p.Secret) || strings.Contains(fmt.Sprintf("%+v", p.statuses()), p.Secret)) {
		p.t.Errorf("%v: the credential is in the error or the status", p.did)
	}
}

// secret: after all that happened the credential, and what was obtained for it, is neither in the log nor in any file of the store.
func (p *play) secret() {
	p.t.Helper()
	if p.Secret == "" {
		return
	}
	if strings.Contains(p.log.String(), p.Secret) {
		p.t.Error("the credential is in the log")
	}
	err := fs.WalkDir(os.DirFS(p.dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(p.dir, path))
		if bytes.Contains(b, []byte(p.Secret)) {
			p.t.Errorf("the credential is in %s", path)
		}
		return err
	})
	if err != nil {
		p.t.Error(err)
	}
}

func (p *play) statuses() (all []store.SourceStatus) {
	err := p.db.View(p.t.Context(), func(sn store.Snapshot) (err error) {
		all, err = sn.Status()
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// retryAfters are the forms of the header that servers send, and some that they should not.
var retryAfters = []string{"1", "0", "-5", "", "soon", "1e99", "9999999999999", "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 31 Dec 2999 23:59:59 GMT", "120"}

// round works in the system, lets a fault happen, and then demands agreement.
func (p *play) round(n int) {
	p.did = nil
	for range p.rnd.IntN(8) {
		p.work()
	}
	var f *Fault
	if len(p.Faults) > 0 && p.rnd.IntN(4) > 0 {
		f = &Fault{Kind: p.Faults[p.rnd.IntN(len(p.Faults))], Page: 1 + p.rnd.IntN(7), RetryAfter: retryAfters[p.rnd.IntN(len(retryAfters))]}
		p.note("%s from request %d on %q", f.Kind, f.Page, f.RetryAfter)
		p.hangs = f.Kind == Hang || f.Kind == Drip
		p.Break(*f)
	}
	p.skew = time.Duration(p.rnd.IntN(21)-10) * time.Minute
	if p.rnd.IntN(3) == 0 {
		p.pages = 1 + p.rnd.IntN(6)
		p.note("cancelled after %d pages", p.pages)
	}
	p.note("our clock is %s off", p.skew)
	p.restart()
	p.run(false)
	p.pages = 0
	p.ghosts()
	if f != nil {
		p.Heal()
	}
	if !p.Calm {
		for range p.rnd.IntN(4) {
			p.work()
		}
	}
	p.restart()
	for _, commit := range p.pending {
		commit()
	}
	p.pending, p.late = nil, map[int]bool{}
	diff := ""
	for range 3 { // the pass that was interrupted, one with what happened meanwhile, and one for what a comparison found
		p.run(true)
		if diff = p.diff(); diff == "" {
			p.t.Logf("round %d: %s", n, strings.Join(p.did, "; "))
			return
		}
	}
	p.t.Fatalf("round %d: %s:\n%s", n, strings.Join(p.did, "; "), diff)
}

func (p *play) restart() {
	if p.rnd.IntN(3) == 0 {
		p.note("restart")
		p.open()
	}
}

// work does one thing that people do.
func (p *play) work() {
	var ids []int
	for _, id := range slices.Sorted(maps.Keys(p.truth)) {
		if !p.late[id] { // whoever changes it has it locked
			ids = append(ids, id)
		}
	}
	switch p.rnd.IntN(10) {
	case 0, 1:
		p.put()
	case 2, 3, 4: // a change
		d := p.truth[ids[p.rnd.IntN(len(ids))]]
		p.change(&d)
		p.note("%d changes", d.ID)
		p.Put(false, d)
		p.truth[d.ID] = d
	case 5: // many at one instant
		var all []Deal
		for range 5 + p.rnd.IntN(12) {
			all = append(all, p.deal())
		}
		p.note("%d at one instant from %d on", len(all), all[0].ID)
		p.Put(true, all...)
		for _, d := range all {
			p.truth[d.ID] = d
		}
	case 6:
		id := ids[p.rnd.IntN(len(ids))]
		p.note("%d is deleted", id)
		p.Delete(id)
		delete(p.truth, id)
	case 7:
		if p.Archives {
			d := p.truth[ids[p.rnd.IntN(len(ids))]]
			d.Archived = !d.Archived
			p.note("%d archived: %v", d.ID, d.Archived)
			p.Put(false, d)
			p.truth[d.ID] = d
		}
	case 8:
		p.merge(ids)
	case 9:
		if p.Late != nil {
			d := p.deal()
			p.note("%d is committed late", d.ID)
			p.pending, p.late[d.ID] = append(p.pending, p.Late(d)), true
			p.truth[d.ID] = d
		}
	}
}

// merge makes one deal of two.
func (p *play) merge(ids []int) {
	w, l := ids[p.rnd.IntN(len(ids))], ids[p.rnd.IntN(len(ids))]
	if w == l {
		return
	}
	d := p.truth[w]
	d.Merged = strings.TrimPrefix(d.Merged+","+fmt.Sprint(l), ",")
	d.Cents += p.truth[l].Cents
	p.note("%d is merged into %d", l, w)
	p.Put(false, d)
	p.truth[w] = d
	if p.Merge != nil {
		p.Merge(w, l)
	} else {
		p.Delete(l)
	}
	delete(p.truth, l)
}

func (p *play) deal() Deal {
	p.next++
	d := Deal{ID: p.next, Name: fmt.Sprintf("扩容项目 %d", p.next)}
	p.change(&d)
	return d
}

func (p *play) change(d *Deal) {
	d.Stage = p.Stages[p.rnd.IntN(len(p.Stages))]
	d.Cents = p.rnd.Int64N(1e17) // seventeen digits and no float
}

func (p *play) put() {
	d := p.deal()
	p.note("%d is new", d.ID)
	p.Put(false, d)
	p.truth[d.ID] = d
}

// facts are the stored deals by id.
func (p *play) facts() map[store.ID]Deal {
	p.t.Helper()
	kept := p.Kept
	if kept == nil {
		kept = deals
	}
	all := map[store.ID]Deal{}
	err := p.db.View(p.t.Context(), func(sn store.Snapshot) error {
		return sn.All(func(r *store.Records) error {
			for _, d := range kept(r) {
				all[store.MakeID(p.ID, fmt.Sprint(d.ID))] = d
			}
			return nil
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// whole are the deals with all that is stored of them but when they were changed.
func (p *play) whole() map[store.ID]store.Deal {
	p.t.Helper()
	all := map[store.ID]store.Deal{}
	err := p.db.View(p.t.Context(), func(sn store.Snapshot) error {
		return sn.All(func(r *store.Records) error {
			for _, d := range r.Deals {
				d.Modified, d.Extra = time.Time{}, maps.Clone(d.Extra)
				all[d.ID] = d
			}
			return nil
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// deals are a store's deals as Play knows them. One whose identifier is no number keeps the number 0, which never existed.
func deals(r *store.Records) []Deal {
	var all []Deal
	for _, d := range r.Deals {
		n, _ := strconv.Atoi(d.ID.Native())
		all = append(all, Deal{ID: n, Name: d.Name, Stage: string(d.Stage), Cents: d.Amount.Minor, Archived: d.Extra["archived"] == "true", Merged: d.Extra["merged"]})
	}
	return all
}

// ghosts: also in the middle of everything the store has no deal that never was.
func (p *play) ghosts() {
	p.t.Helper()
	for id, d := range p.facts() {
		if d.ID < 1 || d.ID > p.next {
			p.t.Errorf("%v: %s never existed", p.did, id)
		}
	}
}

// diff says where the store and the truth part.
func (p *play) diff() string {
	p.t.Helper()
	stored := p.facts()
	var out []string
	for _, n := range slices.Sorted(maps.Keys(p.truth)) {
		want, id := p.truth[n], store.MakeID(p.ID, fmt.Sprint(n))
		got, ok := stored[id]
		delete(stored, id)
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s is missing", id))
		case got.Name != want.Name || got.Stage != want.Stage || got.Cents != want.Cents:
			out = append(out, fmt.Sprintf("%s is %q %s %d, want %q %s %d", id, got.Name, got.Stage, got.Cents, want.Name, want.Stage, want.Cents))
		case got.Archived != want.Archived || p.Merges && got.Merged != want.Merged:
			out = append(out, fmt.Sprintf("%s: archived %v, merged %q, want %v, %q", id, got.Archived, got.Merged, want.Archived, want.Merged))
		}
	}
	for id := range stored {
		out = append(out, fmt.Sprintf("%s is stored, but was deleted", id))
	}
	for _, st := range p.statuses() {
		if st.State != store.SyncIdle || st.Error != "" {
			out = append(out, fmt.Sprintf("%s is %s: %s", st.Stream, st.State, st.Error))
		}
	}
	slices.Sort(out)
	return strings.Join(out[:min(len(out), 10)], "\n")
}
