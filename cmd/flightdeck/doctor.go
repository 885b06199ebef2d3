package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/source"
	"flightdeck/store/syncer"
	"flightdeck/tui/layout"
)

const checkTimeout = 20 * time.Second

func (in *invocation) doctorCommand() *cobra.Command {
	var repair, yes bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, store, sources and terminal",
		Long: "One line each: ok or fail, what was looked at, and what to do. Exit status 1 when something fails. Nothing is changed.\n\n" +
			"With --repair it looks at the store alone, says what it would do about what is damaged, and does it when you agree, or with --yes. Nothing damaged is\n" +
			"deleted: the original is kept beside. Exit status 0 when nothing was to be done or all of it was, 1 when you did not agree or it failed.",
		Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error {
			if yes && !repair {
				return usagef("--yes: it goes with --repair")
			}
			if repair {
				return in.repair(cmd.Context(), yes)
			}
			return in.doctor(cmd.Context())
		}),
	}
	c.Flags().BoolVar(&repair, "repair", false, "say what could be done about a damaged store, and do it")
	c.Flags().BoolVar(&yes, "yes", false, "with --repair: do it without asking")
	return c
}

// finding is one line of doctor.
type finding struct {
	what string
	err  error // nil: ok
	note string
	warn bool // ok, but somebody should know the note
}

func (f finding) String() string {
	if f.err != nil {
		return fmt.Sprintf("fail  %-16s %s", f.what, strings.ReplaceAll(f.err.Error(), "\n", "\n      "))
	}
	if f.warn {
		return fmt.Sprintf("warn  %-16s %s", f.what, f.note)
	}
	return fmt.Sprintf("ok    %-16s %s", f.what, f.note)
}

func (in *invocation) doctor(ctx context.Context) error {
	failed := 0
	show := func(all ...finding) {
		for _, f := range all {
			if f.err != nil {
				failed++
			}
			say(in.stdout, "%s\n", f)
		}
	}
	cfg, err := in.load()
	switch {
	case err != nil:
		show(finding{what: "configuration", err: err})
	case cfg.Path == "":
		show(finding{what: "configuration", note: "none; write one with: flightdeck init folder > flightdeck.yaml"})
	default:
		show(finding{what: "configuration", note: cfg.Path})
	}
	show(in.checkStore(ctx, cfg), in.checkDesk(ctx, cfg))
	if cfg != nil {
		show(in.checkRulesFile(ctx, cfg), in.checkNotify(ctx, cfg))
		show(checkSources(ctx, cfg)...)
		show(weakCredentials()...)
	}
	show(in.checkTerminal(cfg)...)
	if failed > 0 {
		return quietError{fmt.Errorf("%d checks failed", failed)}
	}
	return nil
}

func (in *invocation) checkStore(ctx context.Context, cfg *config.Config) finding {
	f := finding{what: "store"}
	dir, err := in.folder(cfg)
	if err != nil {
		f.err = err
		return f
	}
	path := filepath.Join(dir, bolt.File)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		f.note = path + ": none yet; it is made by: flightdeck sync --once"
		return f
	}
	if err != nil {
		f.err = fmt.Errorf("%w; check the folder's permissions or name another with --store DIR", err)
		return f
	}
	f.note = fmt.Sprintf("%s, %.1f MB, mode %04o", path, float64(info.Size())/1e6, info.Mode().Perm())
	if info.Mode().Perm()&0o077 != 0 {
		f.err = fmt.Errorf("%s: others may read it (mode %04o); run chmod 600 %s", path, info.Mode().Perm(), path)
		return f
	}
	if w, err := os.OpenFile(path, os.O_RDWR, 0); err != nil {
		f.note += "; it can be read but not written: sync and the screen will fail"
		if cfg != nil && len(cfg.Sources) > 0 {
			f.err = refused(fmt.Errorf("%s: %w", path, errors.Unwrap(err)))
			return f
		}
	} else {
		_ = w.Close()
	}
	db, err := bolt.Open(dir, bolt.Options{ReadOnly: true, Version: version()})
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked):
		f.note += "; in use: " + locked.Error()
		return f
	case err != nil:
		f.err = err
		return f
	}
	is, err := db.Info()
	if err := errors.Join(err, db.Close()); err != nil {
		f.err = err
		return f
	}
	f.note += fmt.Sprintf(", schema %d, revision %d, written by %s", is.Schema, is.Rev, is.Writer)
	if room, known := bolt.Room(dir); known {
		f.note += fmt.Sprintf(", %.1f GB free on its disk", float64(room)/1e9)
		if room < leastRoom {
			f.err = fmt.Errorf("%s: %.1f MB are free on its disk: soon nothing more can be kept; make room there, or move the folder and name it with --store", path, float64(room)/1e6)
		}
	}
	if err := examine(ctx, dir, &f); err != nil { // every page: damage is found here and not in a meeting
		f.err = err
	}
	return f
}

// leastRoom is below what a commit of a full page of records or a fold may need.
const leastRoom = 64 << 20

// examine looks at all of the store and returns what is damaged; what is good to know goes into the note.
func examine(ctx context.Context, dir string, f *finding) error {
	d, err := bolt.Diagnose(ctx, dir, bolt.Options{ReadOnly: true, Version: version()})
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // read only
	for _, n := range d.Notes() {
		f.note += "; " + n
	}
	for _, path := range d.Leftovers() {
		f.note += "; " + path + " is left by work that was interrupted, the next start removes it"
	}
	damage := d.Damage()
	if len(damage) == 0 {
		return nil
	}
	return fmt.Errorf("%s is damaged\n%s\nsee what can be saved with: flightdeck doctor --repair, or restore a backup", dir, strings.Join(damage, "\n"))
}

// checkDesk proves that what people decided is as it was entered. The head that it prints, kept elsewhere, also proves it against somebody who can write the file.
func (in *invocation) checkDesk(ctx context.Context, cfg *config.Config) finding {
	f := finding{what: "decisions"}
	dir, err := in.folder(cfg)
	if err != nil {
		f.err = err
		return f
	}
	path := filepath.Join(dir, bolt.DeskFile)
	d, err := bolt.OpenDesk(dir, bolt.Options{ReadOnly: true, Version: version()})
	var locked *store.LockedError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.note = path + ": none yet"
		return f
	case errors.As(err, &locked):
		f.note = path + ": in use, " + locked.Error() + "; end that process to check them"
		return f
	case err != nil:
		f.err = refused(err)
		return f
	}
	defer d.Close() //nolint:errcheck // read only
	head, err := d.Verify(ctx)
	if err != nil {
		f.err = err
		return f
	}
	f.note = fmt.Sprintf("%s, %d entered", path, head.Seq)
	if head.Seq > 0 {
		f.note += ", head " + head.Hash
	}
	return f
}

// weakCredentials warns of those that were read for the checks before and are too short to be hidden.
func weakCredentials() []finding {
	all := source.Weak()
	if len(all) == 0 {
		return nil
	}
	return []finding{{what: "credentials", warn: true, note: strings.Join(all, ", ") +
		": under six bytes; so short a one is guessed, and where a server quotes it inside of a word it cannot be told from text and hidden in messages; choose a longer one"}}
}

// checkSources asks every source that can be asked, all at the same time.
func checkSources(ctx context.Context, cfg *config.Config) []finding {
	if len(cfg.Sources) == 0 {
		return []finding{{what: "sources", note: "none configured"}}
	}
	out := make([]finding, len(cfg.Sources))
	var wg sync.WaitGroup
	for i, s := range cfg.Sources {
		wg.Go(func() {
			f := finding{what: "source " + string(s.ID), note: s.Kind}
			defer func() {
				if r := recover(); r != nil {
					f.err = fmt.Errorf("the connector failed (panic: %v); please report it", r)
				}
				out[i] = f
			}()
			src := build(s)
			c, ok := src.(source.Checker)
			if !ok {
				f.note += ", cannot be tested without reading it"
				return
			}
			ctx, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			if err := c.Check(ctx); err != nil {
				f.err = errors.New(syncer.Explain(err))
			}
		})
	}
	wg.Wait()
	return out
}

func (in *invocation) checkTerminal(cfg *config.Config) []finding {
	get := func(name string) string {
		for _, kv := range in.environ {
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				return v
			}
		}
		return ""
	}
	lang := finding{what: "locale"}
	value := ""
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value = get(name); value != "" {
			break
		}
	}
	lang.note = fmt.Sprintf("%s, speaking %s", cmp.Or(value, "none set"), in.locale(cfg).Lang())
	out, isFile := in.stdout.(*os.File)
	if !isFile || !term.IsTerminal(int(out.Fd())) {
		return []finding{lang, {what: "terminal", note: "output is no terminal; the screen needs one, the printing commands do not"}}
	}
	if up := strings.ToUpper(value); !strings.Contains(up, "UTF-8") && !strings.Contains(up, "UTF8") {
		lang.err = fmt.Errorf("%q is not UTF-8: Chinese text and lines will be garbled; run export LANG=zh_CN.UTF-8 or another UTF-8 locale", value)
	}
	t := finding{what: "terminal"}
	w, h, err := term.GetSize(int(out.Fd()))
	profile := colorprofile.Detect(out, in.environ)
	t.note = fmt.Sprintf("TERM=%s, %dx%d, %s", get("TERM"), w, h, profile)
	switch name := get("TERM"); {
	case name == "" || name == "dumb":
		t.err = fmt.Errorf("TERM is %q: the screen cannot be drawn; run export TERM=xterm-256color if your terminal is like most", name)
	case err != nil:
		t.err = fmt.Errorf("its size is unknown: %w", err)
	case (layout.Size{W: w, H: h}).TooSmall():
		t.err = fmt.Errorf("%dx%d is small; the screen needs %dx%d or more: enlarge the window", w, h, layout.MinW, layout.MinH)
	}
	return []finding{lang, t}
}
