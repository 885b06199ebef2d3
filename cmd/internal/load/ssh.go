package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"flightdeck/store"
	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
)

// SSH is real sessions on one server, each with its own terminal, language and part of the organisation.
type SSH struct {
	N          int        `json:"n"`
	Separate   bool       `json:"clients_in_another_process"` // else their memory and work are counted as the server's
	Connect    Spread     `json:"connect"`                    // from dialling to the first still screen, eight at a time
	Before     Memory     `json:"memory_before"`
	Idle       Memory     `json:"memory_idle"`
	Session    Memory     `json:"memory_per_idle_session"`
	Used       Memory     `json:"memory_used"` // after the last phase
	Peak       int64      `json:"peak_resident_bytes"`
	PeakOwn    int64      `json:"peak_resident_bytes_but_mapped"`
	IdleCPU    Work       `json:"cpu_idle"`
	Packages   []Held     `json:"heap_per_session_by_package"`
	Functions  []Held     `json:"heap_per_session_by_function"`
	Phases     []SSHPhase `json:"phases"`
	UsedHeap   []Held     `json:"heap_per_used_session_by_function"`
	Resolution int        `json:"heap_profile_rate"`
}

// SSHPhase is every session pressing a key a second.
type SSHPhase struct {
	// Name is use: a mix of keys; ask: every key is a question; watch: nobody presses anything, and four commits a second make every screen ask again.
	Name     string   `json:"name"`
	Keys     int      `json:"keys"`
	Commits  int      `json:"commits,omitempty"`
	Bytes    float64  `json:"bytes_per_session_and_second"`
	CPU      Work     `json:"cpu"`
	Question Spread   `json:"question"` // asked beside the sessions, of the same Book, in the server's process
	Rows     []SSHRow `json:"rows"`
}

// SSHRow is one kind of key.
type SSHRow struct {
	Action  string `json:"action"`
	Pane    string `json:"pane"` // "": all
	Size    string `json:"size"` // "": all
	First   Spread `json:"first_byte"`
	Last    Spread `json:"last_byte"`
	Bytes   Sizes  `json:"bytes"`
	Nothing int    `json:"nothing"` // keys after which nothing on the screen changed
}

// jumps are the shell's letters for the panes that people stay on.
var jumps = []struct {
	letter string
	kind   pane.Kind
}{
	{"f", pane.Funnel}, {"h", pane.Heatmap}, {"m", pane.Migration}, {"p", pane.Forecast}, {"d", pane.Deals}, {"a", pane.Accounts}, {"t", pane.Touches},
}

func (r *run) ssh(ctx context.Context, o opened) (res SSH, err error) {
	if r.o.Screen == nil {
		return res, errors.New("load test over SSH: no screen")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer func() {
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = cause
		}
	}()
	go r.guard(ctx, cancel)
	res = SSH{N: r.o.SSH, Separate: len(r.o.Clients) > 0, Resolution: runtime.MemProfileRate}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return res, err
	}
	screen, done := r.o.Screen(ctx, o.db, o.live)
	defer done()
	people := r.people(o)
	srv, err := sshd.New(sshd.Options{
		Access: func(k gossh.PublicKey) (sshd.Viewer, bool) { v, ok := people[string(k.Marshal())]; return v, ok },
		Screen: screen, HostKey: filepath.Join(r.dir, "load-test-host-key"), MaxSessions: r.o.SSH + 1,
		Command: func(context.Context, sshd.Viewer, []string, []string, io.Reader, io.Writer, io.Writer) int { return 1 },
	})
	if err != nil {
		return res, errors.Join(err, l.Close())
	}
	serving, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	var served error
	wait.Go(func() { served = srv.Serve(serving, l) })
	defer func() { stop(); wait.Wait(); err = errors.Join(err, served) }()

	res.Before = memory()
	pkgs, fns := heap()
	c, err := r.clients(ctx)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	p := plan{Addr: l.Addr().String(), N: r.o.SSH, Seed: r.o.Seed}
	for _, j := range jumps {
		if r.o.Panes(j.kind) != nil && (len(r.o.On) == 0 || slices.Contains(r.o.On, j.kind)) {
			p.Jumps = append(p.Jumps, j.letter)
		}
	}
	rep, err := c.tell(p)
	if err != nil {
		return res, err
	}
	if rep.Connected < r.o.SSH {
		return res, fmt.Errorf("load test over SSH: %d of %d sessions came in: %s", rep.Connected, r.o.SSH, rep.Error)
	}
	res.Connect = spread(rep.First)

	res.Idle = memory()
	work := working()
	sleep(ctx, r.o.Time/2)
	res.IdleCPU = work()
	res.peak()
	res.Session = res.Idle.each(res.Before, r.o.SSH)
	pkgs2, fns2 := heap()
	res.Packages, res.Functions = grown(pkgs, pkgs2, r.o.SSH, 12), grown(fns, fns2, r.o.SSH, 20)

	for _, name := range []string{"use", "ask", "watch"} {
		r.o.Tell("%d sessions over SSH: %s", r.o.SSH, name)
		ph, err := r.phase(ctx, o, c, name, &res)
		if err != nil {
			return res, err
		}
		res.Phases = append(res.Phases, ph)
	}
	res.Used = memory()
	_, fns2 = heap()
	res.UsedHeap = grown(fns, fns2, r.o.SSH, 20)
	return res, nil
}

// peak notes what is resident now, if it was never more.
func (s *SSH) peak() {
	all, mapped := resident()
	s.Peak, s.PeakOwn = max(s.Peak, all), max(s.PeakOwn, all-mapped)
}

// guard ends the sessions before they take the machine down.
func (r *run) guard(ctx context.Context, cancel context.CancelCauseFunc) {
	limit := total() / 10 * 7
	for limit > 0 && ctx.Err() == nil {
		if all, mapped := resident(); all-mapped > limit {
			n := all - mapped
			cancel(fmt.Errorf("load test over SSH: stopped, since %d sessions made this process hold %d MiB of the machine's %d; ask for fewer with --ssh, or for others with --ssh-panes",
				r.o.SSH, n>>20, total()>>20))
			return
		}
		sleep(ctx, time.Second/5)
	}
}

// phase has all sessions press a key a second, and asks twenty questions a second beside them.
func (r *run) phase(ctx context.Context, o opened, c *clients, name string, res *SSH) (SSHPhase, error) {
	ph := SSHPhase{Name: name}
	asking, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	var asked []time.Duration
	wait.Go(func() {
		s := newSampler(r.o.Seed, 300, o.live.Book())
		for due := time.Now(); asking.Err() == nil; due = due.Add(time.Second / 20) {
			sleep(asking, time.Until(due))
			if s2 := time.Now(); due.Before(s2.Add(-time.Second)) {
				due = s2 // far behind: the sessions are what is measured
			}
			s.any(o.live.Book(), "")
			asked = append(asked, time.Since(due))
			res.peak()
		}
	})
	var failed error
	if name == "watch" {
		wait.Go(func() { failed = o.live.Run(asking) })
		wait.Go(func() {
			rng := rand.New(rand.NewPCG(r.o.Seed, 88)) //nolint:gosec // not for secrets
			for ; asking.Err() == nil; sleep(asking, time.Second/4) {
				if _, err := o.db.Apply(asking, change(rng, o.live.Book(), ph.Commits, time.Now().UTC())); err != nil {
					return // asking is over
				}
				ph.Commits++
			}
		})
	}
	work, at := working(), time.Now()
	rep, err := c.tell(phase{name, r.o.Time.Seconds()})
	ph.CPU = work()
	ph.Bytes = float64(rep.Bytes) / float64(max(1, rep.Connected)) / time.Since(at).Seconds()
	stop()
	wait.Wait()
	if err = errors.Join(err, failed); err != nil {
		return ph, err
	}
	ph.Keys, ph.Question = len(rep.Samples), spread(asked)
	ph.Rows = table(rep.Samples)
	return ph, nil
}

// table groups samples by action, then by pane and size too.
func table(samples []sample) []SSHRow {
	kinds := map[string]string{}
	for _, j := range jumps {
		kinds[j.letter] = j.kind.String()
	}
	type key struct{ action, pane, size string }
	groups := map[key][]sample{}
	for _, s := range samples {
		for _, k := range []key{{action: s.Action}, {s.Action, kinds[s.Pane], s.Size}} {
			groups[k] = append(groups[k], s)
		}
	}
	var rows []SSHRow
	for k, g := range groups {
		row := SSHRow{Action: k.action, Pane: k.pane, Size: k.size}
		var first, last []time.Duration
		var bytes []int
		for _, s := range g {
			if s.Bytes == 0 {
				row.Nothing++
				continue
			}
			first, last, bytes = append(first, s.First), append(last, s.Last), append(bytes, s.Bytes)
		}
		row.First, row.Last, row.Bytes = spread(first), spread(last), sizes(bytes)
		rows = append(rows, row)
	}
	sortRows(rows)
	return rows
}

// people gives each client's key a place in the organisation.
func (r *run) people(o opened) map[string]sshd.Viewer {
	s := newSampler(r.o.Seed, 400, o.live.Book())
	all := map[string]sshd.Viewer{}
	for i := range r.o.SSH {
		pub, err := gossh.NewPublicKey(clientKey(r.o.Seed, i).Public())
		if err != nil {
			continue
		}
		v := sshd.Viewer{Name: fmt.Sprintf("client%d", i)}
		for v.Root = s.node(); r.person(o, v.Root); v.Root = s.node() { // who manages looks; one's own figures alone are few
		}
		all[string(pub.Marshal())] = v
	}
	return all
}

func (r *run) person(o opened, id store.ID) bool {
	_, ok := o.live.Book().PersonCode(id)
	return ok
}

// clients is the other side, in a process of its own or in this one.
type clients struct {
	to   *json.Encoder
	from *json.Decoder
	end  func() error
}

func (r *run) clients(ctx context.Context) (*clients, error) {
	if len(r.o.Clients) == 0 {
		in, to := io.Pipe()
		from, out := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			err := ServeClients(in, out)
			_ = out.CloseWithError(err)
			ended <- err
		}()
		return &clients{json.NewEncoder(to), json.NewDecoder(from), func() error { _ = to.Close(); return <-ended }}, nil
	}
	cmd := exec.CommandContext(ctx, r.o.Clients[0], r.o.Clients[1:]...) //nolint:gosec // our own program
	cmd.Stderr = os.Stderr
	to, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	return &clients{json.NewEncoder(to), json.NewDecoder(from), func() error { _ = to.Close(); return cmd.Wait() }}, nil
}

func (c *clients) tell(what any) (rep reply, err error) {
	if err = c.to.Encode(what); err == nil {
		err = c.from.Decode(&rep)
	}
	if err != nil {
		err = fmt.Errorf("load test clients: %w", err)
	}
	return rep, err
}

func (c *clients) close() error { return c.end() }

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
