package rule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"

	"flightdeck/store"
)

// Options are what a Live needs.
type Options struct {
	Schema *Schema
	Path   string        // of the file; "": there is none and the defaults are in force
	Log    store.RuleLog // where every version is kept; nil: nowhere
	// Known lists, at each reading, values that only the organisation knows, such as its stages under "stage"; nil: nothing is known.
	Known func() map[string][]string
	// Alert is called when the file holds a text that cannot be used, once for each such text. It may block.
	Alert func(context.Context, *Pack)
	// Name is who a change of the file is entered as in the journal; "": "file".
	Name string
	// Report is told of failures that leave everything as it is; nil: nobody is.
	Report func(error)
}

// Live keeps the pack in force. All sessions of a process share one. Its methods may be called from any goroutine.
type Live struct {
	o    Options
	pack atomic.Pointer[Pack]
	work sync.Mutex // held while the file is read

	readers store.Notifier[struct{}]
}

// NewLive returns a Live with the defaults in force until Load or Run has read the file.
func NewLive(o Options) *Live {
	if o.Name == "" {
		o.Name = "file"
	}
	l := &Live{o: o}
	l.pack.Store(o.Schema.Default())
	return l
}

// Pack returns the pack in force, never nil.
func (l *Live) Pack() *Pack { return l.pack.Load() }

// Load reads the file and puts it in force if it is good. If it is not, what was in force stays, or after a start the newest good version in the log, with Problem set; that is no error
// of Load's: it returns one only when ctx ended or the log cannot be read or written. It blocks on the disk.
func (l *Live) Load(ctx context.Context) (err error) {
	if l.o.Path == "" {
		return nil
	}
	l.work.Lock()
	defer l.work.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("load rules: panic: %v\n%s", p, debug.Stack())
		}
	}()
	was := l.pack.Load()
	text, err := read(l.o.Path)
	if err == nil && was.File != "" && was.Problem == nil && was.Hash == hashOf(text) {
		return nil
	}
	var p *Pack
	if err == nil {
		p, err = l.o.Schema.Parse(l.o.Path, text, l.known())
	}
	if err != nil {
		return l.keepLast(ctx, was, text, err)
	}
	if err := l.keep(ctx, p, store.RuleVersion{Name: l.o.Name}); err != nil {
		return err
	}
	l.publish(p)
	return nil
}

// read reads a file of rules.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > store.MaxRules {
		return nil, fmt.Errorf("read rules %s: %d bytes; want %d or fewer", path, info.Size(), store.MaxRules)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w; put the file back, or take rules_file out of the configuration", err)
	}
	if len(bytes.TrimSpace(b)) == 0 { // on its way to the disk, or cut off there: nobody asked for the defaults
		return b, fmt.Errorf("read rules %s: the file is empty; for the defaults write the line version: %d", path, formatVersion)
	}
	return b, nil
}

// written is when a file was written last; now, where it is gone.
func written(path string) time.Time {
	if info, err := os.Stat(path); err == nil {
		return info.ModTime()
	}
	return time.Now()
}

func (l *Live) known() map[string][]string {
	if l.o.Known == nil {
		return nil
	}
	return l.o.Known()
}

// keep gives p its number in the log.
func (l *Live) keep(ctx context.Context, p *Pack, v store.RuleVersion) error {
	if l.o.Log == nil {
		return nil
	}
	v.File, v.Text = p.File, p.Text
	kept, err := l.o.Log.KeepRules(ctx, v)
	if err != nil {
		return fmt.Errorf("load rules: %w", err)
	}
	p.Number, p.Since = kept.Number, kept.At
	return nil
}

// keepLast leaves the last good pack in force and says beside it what is wrong with the present text.
func (l *Live) keepLast(ctx context.Context, was *Pack, text []byte, problem error) error {
	wrong := hashOf(text)
	if was.Problem != nil && was.Wrong == wrong && was.Problem.Error() == problem.Error() {
		return nil
	}
	last := *was
	if was.File == "" && l.o.Log != nil { // we have just started
		good, err := Newest(ctx, l.o.Schema, l.o.Log)
		if err != nil {
			return err
		}
		if good != nil {
			last = *good
		}
	}
	last.Problem, last.Wrong, last.Broken = problem, wrong, was.Broken
	if was.Problem == nil {
		last.Broken = written(l.o.Path)
	}
	l.publish(&last)
	if l.o.Alert != nil {
		l.o.Alert(ctx, &last)
	}
	return nil
}

// Newest returns the newest version in a log that this program can read; nil when there is none.
func Newest(ctx context.Context, s *Schema, log store.RuleLog) (*Pack, error) {
	all, err := log.RuleVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	for i := len(all) - 1; i >= 0; i-- {
		v := all[i]
		if p, err := s.Parse(v.File, []byte(v.Text), nil); err == nil {
			p.Number, p.Since = v.Number, v.At
			return p, nil
		}
	}
	return nil, nil
}

// Save puts a text in force: it is checked, written to the file in one step and entered in the log as by's, with a note. A text that is wrong changes nothing and is a
// *document.Error. It blocks on the disk. Whether a viewer may do it is judged by the caller.
func (l *Live) Save(ctx context.Context, text []byte, by store.PersonID, name, note string) (*Pack, error) {
	if l.o.Path == "" {
		return nil, errNoFile
	}
	l.work.Lock()
	defer l.work.Unlock()
	p, err := l.o.Schema.Parse(l.o.Path, text, l.known())
	if err != nil {
		return nil, err
	}
	return l.save(ctx, p, by, name, note)
}

var errNoFile = errors.New("save rules: the configuration names no file for them; add rules_file: rules.yaml")

// save writes the text of a pack to the file and puts it in force.
func (l *Live) save(ctx context.Context, p *Pack, by store.PersonID, name, note string) (*Pack, error) {
	if err := replace(l.o.Path, []byte(p.Text)); err != nil {
		return nil, fmt.Errorf("save rules: %w", err)
	}
	if err := l.keep(ctx, p, store.RuleVersion{By: by, Name: name, Note: note}); err != nil {
		return nil, err
	}
	l.publish(p)
	return p, nil
}

// replace writes a file in one step and keeps its mode.
func replace(path string, text []byte) (err error) {
	mode := os.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err := tmp.Write(text); err != nil {
		return err
	}
	if err := errors.Join(tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func (l *Live) publish(p *Pack) {
	l.pack.Store(p)
	l.readers.Notify(struct{}{})
}

// Subscribe returns a channel that says that another pack is in force, or something is wrong with the file, since it was last received from. It is closed when ctx ends.
func (l *Live) Subscribe(ctx context.Context) <-chan struct{} {
	return l.readers.Watch(ctx)
}

// settle is how long a file must be left alone before it is read: editors write in several steps.
const settle = 150 * time.Millisecond

// Run reads the file, and again whenever it changes, until ctx ends. It wakes only then.
func (l *Live) Run(ctx context.Context) error {
	if l.o.Path == "" {
		<-ctx.Done()
		return nil
	}
	changed, stop := watch(l.o.Path)
	defer stop()
	for {
		if !rested(ctx, l.o.Path) {
			return nil
		}
		if err := l.Load(ctx); err != nil && ctx.Err() == nil && l.o.Report != nil {
			l.o.Report(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		for quiet := false; !quiet; {
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
			case <-time.After(settle):
				quiet = true
			}
		}
	}
}

// rested waits until the file was left alone for as long as it must be, also when we have just begun to watch it: half a text may be a valid one. It returns false when ctx ended.
func rested(ctx context.Context, path string) bool {
	for {
		info, err := os.Stat(path)
		if err != nil {
			return ctx.Err() == nil // reading it tells
		}
		wait := settle - time.Since(info.ModTime())
		if wait <= 0 || wait > settle { // the time of a file in the future says nothing
			return ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// watch says when something happened to the file. Where the system cannot tell it, the file's time and size are looked at once a minute.
func watch(path string) (changed <-chan struct{}, stop func()) {
	out, done := make(chan struct{}, 1), make(chan struct{})
	tell := func() {
		select {
		case out <- struct{}{}:
		default:
		}
	}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		err = w.Add(filepath.Dir(path))
		if real, e := filepath.EvalSymlinks(path); e == nil && err == nil && filepath.Dir(real) != filepath.Dir(path) {
			_ = w.Add(filepath.Dir(real)) // a link into another folder: changes happen there
		}
		if err != nil {
			_ = w.Close()
		}
	}
	var ended sync.WaitGroup
	ended.Go(func() {
		defer func() { _ = recover() }() // nothing but a channel is touched here
		if err == nil {
			follow(w, path, tell)
			return
		}
		poll(done, path, tell)
	})
	return out, func() {
		close(done)
		if err == nil {
			_ = w.Close()
		}
		ended.Wait()
	}
}

func follow(w *fsnotify.Watcher, path string, tell func()) {
	base, target := filepath.Base(path), targetOf(path)
	for {
		select {
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			// "..data" is the link by which Kubernetes switches a mounted folder.
			if name := filepath.Base(e.Name); (name == base || name == target || name == "..data") && e.Op != fsnotify.Chmod {
				target = targetOf(path)
				tell()
			}
		case _, ok := <-w.Errors: // events were lost
			if !ok {
				return
			}
			tell()
		}
	}
}

// targetOf is the name of the file that a link leads to.
func targetOf(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return filepath.Base(real)
}

func poll(done <-chan struct{}, path string, tell func()) {
	last := stamp(path)
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			if now := stamp(path); now != last {
				last = now
				tell()
			}
		}
	}
}

// stamp is what changes when a file does.
func stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

// Look returns the pack that a process would have in force, without being that process: nothing is kept and nobody alerted. log may be nil.
func Look(ctx context.Context, s *Schema, path string, log store.RuleLog, known map[string][]string) (*Pack, error) {
	if path == "" {
		return s.Default(), nil
	}
	var newest *Pack
	var err error
	if log != nil {
		if newest, err = Newest(ctx, s, log); err != nil {
			return nil, err
		}
	}
	text, problem := read(path)
	if problem == nil {
		var p *Pack
		if p, problem = s.Parse(path, text, known); problem == nil {
			if newest != nil && newest.Hash == p.Hash {
				p.Number, p.Since = newest.Number, newest.Since
			}
			return p, nil
		}
	}
	if newest == nil {
		newest = s.Default()
	}
	newest.Problem, newest.Wrong, newest.Broken = problem, hashOf(text), written(path)
	return newest, nil
}

// DraftPath is where a text of the rules is looked for that somebody is at work on and that is not in force: rules.draft.yaml beside rules.yaml. "" where there is no file.
func (l *Live) DraftPath() string {
	if l.o.Path == "" {
		return ""
	}
	return DraftOf(l.o.Path)
}

// DraftOf is where the draft of a file of rules is looked for.
func DraftOf(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + ".draft" + ext
}

// Draft reads the text at [Live.DraftPath], checked as the rules themselves are. Nothing is kept and nothing changes. It blocks on the disk.
func (l *Live) Draft() (*Pack, error) {
	path := l.DraftPath()
	if path == "" {
		return nil, errNoFile
	}
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no draft yet; begin one: cp %s %s", l.o.Path, path)
	}
	if err != nil {
		return nil, err
	}
	return l.o.Schema.Parse(path, text, l.known())
}
