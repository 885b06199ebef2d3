package load

import (
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/store/bolt"
	"flightdeck/store/company"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
)

// Small is a tenth of the large organisation: a store that is filled within a minute or two.
var Small = company.Size{
	Regions: 8, Teams: 40, Reps: 400, Accounts: 20_000, Deals: 100_000, Touches: 2_000_000, Sales: 2_000_000, Quarters: 8, Months: 24,
}

// Options say what to measure.
type Options struct {
	Dir      string       // of the store; empty: a temporary one, removed at the end
	Size     company.Size // zero: company.Demo
	Seed     uint64
	Scopes   int           // questions asked of each kind; 0: 200
	Budget   time.Duration // for each row of questions and keys; 0: 2 s
	Time     time.Duration // of each part that lasts: publication, sessions, each phase over SSH; 0: 10 s
	Sessions int           // simulated; 0: none
	SSH      int           // real sessions; 0: none
	On       []pane.Kind   // where those are; empty: everywhere
	Only     bool          // nothing but the store's filling and, if asked for, SSH
	Version  string        // of the program, kept in the store
	Profile  string        // a file for a CPU profile of all but the filling; empty: none
	Panes    pane.Registry
	Locale   *locale.Locale
	// Screen makes what the SSH server needs to build the screens over a Live; done ends it.
	Screen func(ctx context.Context, db *bolt.DB, live *analytics.Live) (screen func(sshd.Session) tea.Model, done func())
	// Clients is the command line of a process that runs [ServeClients]; empty: the clients run in this one, and count as the server's memory and work.
	Clients []string
	// Tell is told how far it is; nil: nobody.
	Tell func(format string, args ...any)
}

// Report is what was measured. Durations end in _ms or _seconds, all others are counts or bytes.
type Report struct {
	Version   string       `json:"version"`
	Go        string       `json:"go"`
	System    string       `json:"system"`
	CPUs      int          `json:"cpus"`
	At        time.Time    `json:"at"`
	Seed      uint64       `json:"seed"`
	Size      company.Size `json:"size"`
	Fill      Fill         `json:"fill"`
	Warm      *Start       `json:"start_warm,omitempty"`
	Cold      *Start       `json:"start_cold,omitempty"`
	Loaded    Memory       `json:"memory_loaded"` // with one Book and nobody looking
	Ready     float64      `json:"ready_seconds"` // from there until one question of each kind was answered and what is kept beside the Book was there
	Asked     Memory       `json:"memory_ready"`  // then
	Questions []Question   `json:"questions,omitempty"`
	Keys      []Key        `json:"keys,omitempty"`
	Publish   *Publish     `json:"publish,omitempty"`
	Sessions  *Sessions    `json:"sessions,omitempty"`
	SSH       *SSH         `json:"ssh,omitempty"`
	Targets   []Target     `json:"targets"`
}

type run struct {
	o       Options
	dir     string
	landing *landing.Live // from ready on
	asked   pane.Asked
}

// Run fills the store and measures. It blocks for as long as that takes; ctx ends it early, with what was measured until then and ctx's error.
func Run(ctx context.Context, o Options) (rep Report, err error) {
	if o.Size == (company.Size{}) {
		o.Size = company.Demo
	}
	if o.Scopes <= 0 {
		o.Scopes = 200
	}
	if o.Budget <= 0 {
		o.Budget = 2 * time.Second
	}
	if o.Time <= 0 {
		o.Time = 10 * time.Second
	}
	if o.Tell == nil {
		o.Tell = func(string, ...any) {}
	}
	if err := o.Size.Valid(); err != nil {
		return rep, err
	}
	r := &run{o: o, dir: o.Dir}
	if r.dir == "" {
		if r.dir, err = os.MkdirTemp("", "flightdeck-load-"); err != nil {
			return rep, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	}
	rep = Report{Version: o.Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0), At: time.Now().UTC(),
		Seed: o.Seed, Size: o.Size}
	defer func() { rep.judge() }()

	db, err := bolt.Open(r.dir, bolt.Options{Version: o.Version})
	if err != nil {
		return rep, err
	}
	rep.Fill, err = fill(ctx, r.dir, db, company.Config{Seed: o.Seed, Now: rep.At, Source: Source, Size: o.Size}, o.Tell)
	if err == nil {
		o.Tell("fold")
		err = fold(ctx, db, &rep.Fill)
	}
	if err == nil {
		rep.Fill.File, err = fileSize(r.dir)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return rep, err
	}
	runtime.GC()
	debug.FreeOSMemory()
	end, err := profile(o.Profile)
	if err != nil {
		return rep, err
	}
	defer func() { err = errors.Join(err, end()) }()
	if !o.Only {
		o.Tell("start-up")
		// The cold one first, and once: a page that this process has mapped and read stays in memory.
		cold, err := r.starts(ctx, 1, true)
		if err != nil {
			return rep, err
		}
		warm, err := r.starts(ctx, 3, false)
		if err != nil {
			return rep, err
		}
		rep.Warm, rep.Cold = &warm, &cold
	}
	op, _, err := r.open(ctx)
	if err != nil {
		return rep, err
	}
	defer func() { err = errors.Join(err, op.db.Close()) }()
	rep.Loaded = memory()
	o.Tell("first questions")
	rep.Ready = r.ready(op.live).Seconds()
	rep.Asked = memory()
	if !o.Only {
		o.Tell("questions")
		rep.Questions = askAll(ctx, op.live.Book(), o.Seed, o.Scopes, o.Budget)
		o.Tell("keys")
		if rep.Keys, err = r.pressAll(ctx, op); err != nil {
			return rep, err
		}
		o.Tell("publication")
		p, err := r.publish(ctx, op, o.Time)
		if err != nil {
			return rep, err
		}
		rep.Publish = &p
	}
	if o.Sessions > 0 {
		o.Tell("%d sessions", o.Sessions)
		s := r.sessions(ctx, op.live, o.Sessions, o.Time)
		rep.Sessions = &s
	}
	if o.SSH > 0 {
		o.Tell("%d sessions over SSH", o.SSH)
		s, err := r.ssh(ctx, op)
		rep.SSH = &s // as far as it came
		if err != nil {
			return rep, err
		}
	}
	return rep, ctx.Err()
}

// profile writes a CPU profile to path until the returned function is called.
func profile(path string) (end func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path) //nolint:gosec // the caller's own
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}
