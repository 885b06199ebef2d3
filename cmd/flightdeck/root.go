package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"charm.land/fang/v2"
	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flightdeck/analytics/desk"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// invocation is one call of the program: the global flags and what surrounds it.
type invocation struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string

	configPath string
	storeDir   string
	lang       string
	asOf       string

	args  []string // as they were given
	owner *owner   // set when the process that owns the store answers for somebody else

	began bool // a command's own code ran: what fails from there on is not bad usage unless it says so
	exit  int
}

const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is bad usage: exit status 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// owner is the process that holds the store, answering a viewer's command: from what it has in memory, within the viewer's part of the organisation. Only questions
// can be asked this way, and the orders to the background work, by whom they are allowed to; nothing of the far side's choosing is opened.
type owner struct {
	cfg     *config.Config
	picture func() *picture
	root    store.ID      // the viewer's place in the org tree; "": the whole company
	box     store.Outbox  // nil: the viewer may not see the messages
	desk    *desk.Session // where the viewer decides; nil: nothing can be decided
	sync    pane.Syncer   // nil: the viewer may not order the background work about
	app     *app          // nil: the viewer may not have copies of the files, nor have them compacted
}

// run runs the program and returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	return (&invocation{stdin: stdin, stdout: stdout, stderr: stderr, environ: environ}).run(ctx, args)
}

func (in *invocation) run(ctx context.Context, args []string) int {
	in.args = args
	root := in.root()
	stdin, stdout, stderr := in.stdin, in.stdout, in.stderr
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if in.owner == nil {
		strict(root)
	}
	err := fang.Execute(ctx, root, fang.WithVersion(version()), fang.WithoutManpage(),
		fang.WithErrorHandler(func(io.Writer, fang.Styles, error) {})) // ours are told below, unwrapped and without a query to the terminal
	if err != nil {
		in.tell(err)
	}
	return in.exit
}

// tell writes an error and sets the exit status that it means.
func (in *invocation) tell(err error) {
	var usage usageError
	var conf *config.Error
	in.exit = exitFailed
	if errors.As(err, &usage) || errors.As(err, &conf) || !in.began {
		in.exit = exitUsage
	}
	var quiet quietError
	if errors.As(err, &quiet) {
		return
	}
	if errors.Is(err, context.Canceled) {
		say(in.stderr, "flightdeck: interrupted\n")
		return
	}
	say(in.stderr, "flightdeck: %v\n", err)
	var locked *store.LockedError
	if errors.As(err, &locked) {
		say(in.stderr, "End that process, or name another folder with --store DIR.\n")
	}
	if !in.began {
		say(in.stderr, "Try: flightdeck --help\n")
	}
}

// say writes what a person reads. That nobody reads any more is no failure.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// quietError is a failure that was told already.
type quietError struct{ error }

func (in *invocation) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "flightdeck",
		Short: "Sales cockpit for the terminal (销售驾驶舱)",
		Long: "flightdeck shows where the sales quarter stands: funnel, activity heat map, grade migration and forecast, from your CRM, ERP and sheets.\n\n" +
			"  Try it on a synthetic company: flightdeck demo\n  Start with your own data:      flightdeck init folder > flightdeck.yaml",
		Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error { return in.cockpit(cmd.Context()) }),
	}
	defer flow(root)
	f := root.PersistentFlags()
	f.StringVar(&in.lang, "lang", "", "language, zh or en (default: the configuration's, then the locale's)")
	f.StringVar(&in.asOf, "as-of", "", "ask as of the end of a day, YYYY-MM-DD (default: today)")
	_ = root.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(config.Languages, cobra.ShellCompDirectiveNoFileComp))
	root.AddCommand(in.questionCommands()...)
	root.AddCommand(in.issuesCommand(), in.sourcesCommand(), in.rulesCommand(), in.notifyCommand(), in.versionCommand())
	if in.owner != nil {
		root.AddCommand(in.syncCommand())
		if in.owner.app != nil {
			root.AddCommand(in.backupCommand(), in.compactCommand())
		}
		root.RunE = in.do(func(*cobra.Command, []string) error {
			return usagef("want a question, such as: funnel --period quarter")
		})
		root.CompletionOptions.DisableDefaultCmd = true
		return root
	}
	f.StringVar(&in.configPath, "config", "", "configuration file (default ./flightdeck.yaml, then the user's configuration folder)")
	f.StringVar(&in.storeDir, "store", "", "folder that holds the data (default: the configuration's, then the user's data folder)")
	_ = root.MarkPersistentFlagDirname("store")
	_ = root.MarkPersistentFlagFilename("config", "yaml", "yml")
	root.AddCommand(in.initCommand(), in.demoCommand(), in.syncCommand(), in.serveCommand(), in.doctorCommand(), in.sourceCommand(), in.backupCommand(),
		in.compactCommand(), in.loadTestCommand())
	return root
}

// flow lets the paragraphs of what commands say of themselves be as wide as the screen is. Lines that begin with a space stay lines.
func flow(c *cobra.Command) {
	c.Long = paragraphs(c.Long)
	for _, sub := range c.Commands() {
		flow(sub)
	}
}

func paragraphs(s string) string {
	lines := strings.Split(s, "\n")
	out := lines[:1]
	for _, line := range lines[1:] {
		last := &out[len(out)-1]
		if line == "" || *last == "" || line[0] == ' ' || (*last)[0] == ' ' {
			out = append(out, line)
			continue
		}
		*last += " " + line
	}
	return strings.Join(out, "\n")
}

// strict makes bad usage of what the library adds bad usage: it would show a help text and exit with 0. The library notes here where it is to write.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Args = func(_ *cobra.Command, args []string) error {
				if _, rest, err := root.Find(args); err != nil || len(rest) > 0 {
					return usagef("help: there is no command %q", store.Clip(strings.Join(args, " "), 40))
				}
				return nil
			}
		case "completion":
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(c *cobra.Command, args []string) error {
				if len(args) == 0 {
					return c.Help()
				}
				return usagef("completion %q: want one of bash, zsh, fish, powershell", store.Clip(args[0], 40))
			}
		}
	}
}

// do makes a cobra function of ours: it checks the global flags first, and keeps errors from the library's printing.
func (in *invocation) do(fn func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		in.began = true
		if in.lang != "" && !slices.Contains(config.Languages, in.lang) {
			in.tell(usagef("--lang %q: want %s", store.Clip(in.lang, 20), strings.Join(config.Languages, " or ")))
			return nil
		}
		if err := noneEmpty(cmd); err != nil {
			in.tell(err)
			return nil
		}
		if err := fn(cmd, args); err != nil {
			in.tell(err)
		}
		return nil
	}
}

// noneEmpty refuses a flag with an empty value: in a script that is a variable nobody set, and the answer would silently be about everything.
func noneEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.String() == "" && err == nil {
			err = usagef("--%s: empty; give a value or leave the flag out", f.Name)
		}
	})
	return err
}

// load reads the configuration; without one it gives the defaults.
func (in *invocation) load() (*config.Config, error) {
	if in.owner != nil {
		return in.owner.cfg, nil
	}
	path, err := config.Find(in.configPath)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(path, kinds())
	var conf *config.Error
	if err != nil && !errors.As(err, &conf) {
		return nil, usageError{err}
	}
	return cfg, err
}

// dir returns the store's folder.
func (in *invocation) dir(cfg *config.Config) string {
	switch {
	case in.storeDir != "":
		return in.storeDir
	case cfg != nil && cfg.Store.Dir != "":
		return cfg.Store.Dir
	}
	return filepath.Join(xdg.DataHome, "flightdeck")
}

// locale returns the language to speak.
func (in *invocation) locale(cfg *config.Config) *locale.Locale {
	for _, s := range []string{in.lang, confLang(cfg)} {
		if l, err := locale.Parse(s); s != "" && err == nil {
			return locale.New(l)
		}
	}
	return locale.New(locale.Detect(in.environ))
}

func confLang(cfg *config.Config) string {
	if cfg == nil {
		return ""
	}
	return cfg.Language
}

// day reads --as-of; 0 when it was not given.
func (in *invocation) day(today store.Day) (store.Day, error) {
	if in.asOf == "" {
		return 0, nil
	}
	d, err := store.ParseDay(in.asOf)
	if err != nil {
		return 0, usagef("--as-of: %w", err)
	}
	if d > today {
		return 0, usagef("--as-of %s: lies in the future; want %s or before", d, today)
	}
	return d, nil
}

func (in *invocation) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: in.do(func(*cobra.Command, []string) error {
		_, err := fmt.Fprintln(in.stdout, "flightdeck", version())
		return err
	})}
}

// version is the module's, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v != "" && v != "(devel)" {
		return v
	}
	v = "dev"
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v += "-" + s.Value[:min(12, len(s.Value))]
		case "vcs.time":
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				v += t.Format("-20060102")
			}
		}
	}
	return v
}
