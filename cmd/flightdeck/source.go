package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/feed"
	"flightdeck/store/source/rest"
	"flightdeck/store/source/rpc"
	"flightdeck/store/source/sql"
	"flightdeck/store/syncer"
	"flightdeck/tui/layout"
)

// sampleRows is how many rows check looks at.
const sampleRows = 20

func (in *invocation) sourceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "source",
		Short: "Write, check and look at connectors: new, check, preview, list",
		Args:  cobra.NoArgs,
		RunE: in.do(func(*cobra.Command, []string) error {
			return usagef("source: want one of new, check, preview, list; see flightdeck source --help")
		}),
	}
	var dir string
	create := &cobra.Command{
		Use: "new NAME", Short: "Write a commented connector for a system that has none",
		Long: "Print the commented skeleton of a connector, a YAML file that says where a REST API has its rows and what becomes of them, with the configuration that\n" +
			"reads it in its head. With --dir, write NAME.yaml there, and a flightdeck.yaml beside it if there is none; nothing is overwritten.\n" +
			"Fill in what is marked with TODO, then: flightdeck source check NAME, flightdeck source preview NAME deals.",
		Args: cobra.ExactArgs(1),
		RunE: in.do(func(_ *cobra.Command, args []string) error { return in.sourceNew(args[0], dir) }),
	}
	create.Flags().StringVar(&dir, "dir", "", "write the files to this folder")
	_ = create.MarkFlagDirname("dir")
	check := &cobra.Command{
		Use: "check [ID]", Short: "Test credentials, permissions and fields of the configured sources",
		Long: "Ask every stream of every source, or of one, for its first rows, store nothing, and say what is missing: a credential, a permission, a field without\n" +
			"any value, names in the rows of which nothing is made. Exit status 1 when a stream fails.",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: in.completeSource,
		RunE: in.do(func(cmd *cobra.Command, args []string) error { return in.sourceCheck(cmd.Context(), args) }),
	}
	var rows int
	var asJSON bool
	preview := &cobra.Command{
		Use: "preview ID STREAM", Short: "Show the first rows of a stream as they come and what becomes of them; nothing is stored",
		Args: cobra.ExactArgs(2), ValidArgsFunction: in.completeSource,
		RunE: in.do(func(cmd *cobra.Command, args []string) error {
			if rows < 1 || rows > 100 {
				return usagef("--rows %d: want 1 to 100", rows)
			}
			return in.sourcePreview(cmd.Context(), store.SourceID(args[0]), store.Stream(args[1]), rows, asJSON)
		}),
	}
	preview.Flags().IntVar(&rows, "rows", 3, "how many")
	preview.Flags().BoolVar(&asJSON, "json", false, "as JSON, in full")
	var listJSON bool
	list := &cobra.Command{
		Use: "list [NAME]", Short: "The kinds of sources, their streams, what has checked them and what is missing in them",
		Long: "verified says what has checked a connector: real server, vendor specification (a mock made of it), recorded shapes (answers as documented) or nothing.\n" +
			"With NAME, of that kind alone, and what is known that it does not bring, or brings late.",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: completeKind,
		RunE: in.do(func(_ *cobra.Command, args []string) error { return in.sourceList(args, listJSON) }),
	}
	list.Flags().BoolVar(&listJSON, "json", false, "as JSON: name, kind, about, streams, verified, limits")
	c.AddCommand(create, check, preview, list)
	return c
}

// completeSource completes the first argument with the configured sources.
func (in *invocation) completeSource(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return in.sourceNames(), cobra.ShellCompDirectiveNoFileComp
}

// entry is a kind of source as source list prints it.
type entry struct {
	Name     string         `json:"name"`
	Kind     string         `json:"kind"` // of the package that reads it
	About    string         `json:"about"`
	Streams  []store.Stream `json:"streams"` // empty: those of the configuration
	Verified string         `json:"verified"`
	Limits   []string       `json:"limits"` // what it is known not to bring, or to bring late
}

// completeKind completes the first argument with the kinds of sources.
func completeKind(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	if all, err := catalog(); err == nil && len(args) == 0 {
		names = kindNames(all)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func kindNames(all []entry) (names []string) {
	for i := range all {
		names = append(names, all[i].Name)
	}
	return names
}

// catalog describes every kind.
func catalog() ([]entry, error) {
	all := []entry{
		{"table", "table", "CSV and Excel files in a folder", []store.Stream{}, "recorded shapes", []string{
			"a file is read whole whenever it changed; what no row names any more is removed", "history only where a file has it: else changes are noted as they are seen",
			"formulas are not calculated: what Excel stored last is taken", "of numbers of more than 15 digits Excel itself keeps no more, unless they stand as text",
		}},
		{"feed", "feed", "tender notices in an RSS, Atom or JSON feed", new(feed.Source).Streams(), "recorded shapes", []string{
			"what a feed forgot before it was read is never seen", "buyer, winner and region are taken out of prose by your expressions, and not known where these do not match",
		}},
		{"watch", "watch", "customers' pages, feeds and files: white papers, postings for a CTO", []store.Stream{}, "recorded shapes", []string{
			"the first look at a page or a file reports nothing: what has stood there is no news", "pages that are made by scripts in the browser have no text here",
		}},
		{"tryton", "rpc", "Tryton over JSON-RPC", new(rpc.Source).Streams(), new(rpc.Source).Verified(), new(rpc.Source).Limits()},
		{"odoo", "rpc", "Odoo over JSON-RPC or JSON-2", new(rpc.Odoo).Streams(), new(rpc.Odoo).Verified(), new(rpc.Odoo).Limits()},
		{"rest", "rest", "any HTTP API, by a connector of your own (flightdeck source new NAME)", []store.Stream{}, "nothing", []string{}},
	}
	for _, name := range sql.Kinds() {
		all = append(all, entry{name, "sql", "tables of a database, read only", []store.Stream{}, sql.Verified(name), sql.Limits(name)})
	}
	for _, name := range rest.Specs() {
		spec, err := rest.LoadSpec(name)
		if err != nil {
			return nil, err
		}
		all = append(all, entry{name, "rest", spec.About, spec.StreamNames(), spec.Verified, append([]string{}, spec.Limits...)})
	}
	return all, nil
}

func (in *invocation) sourceList(args []string, asJSON bool) error {
	all, err := catalog()
	if err != nil {
		return err
	}
	if len(args) > 0 {
		names := kindNames(all)
		i := slices.Index(names, args[0])
		if i < 0 {
			return usagef("kind %q: want one of %s", store.Clip(args[0], 40), strings.Join(names, ", "))
		}
		all = all[i : i+1]
	}
	if asJSON {
		e := json.NewEncoder(in.stdout)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	w := 0
	for _, e := range all {
		w = max(w, layout.Width(e.Name))
	}
	for _, e := range all {
		streams := "as configured"
		if len(e.Streams) > 0 {
			var names []string
			for _, s := range e.Streams {
				names = append(names, string(s))
			}
			streams = strings.Join(names, " ")
		}
		say(in.stdout, "%s  %s  %s  %s\n", layout.Fit(e.Name, w), layout.Fit(e.Kind, 5), layout.Fit(e.Verified, 20), streams)
		if e.About != "" {
			say(in.stdout, "%s  %s\n", layout.Blank(w), e.About)
		}
		if len(args) == 0 {
			continue
		}
		for _, l := range e.Limits {
			say(in.stdout, "%s  - %s\n", layout.Blank(w), l)
		}
	}
	return nil
}

func (in *invocation) sourceNew(name, dir string) error {
	spec, section, err := rest.Skeleton(name)
	if err != nil {
		return usageError{err}
	}
	if dir == "" {
		say(in.stdout, "# The connector of %s. Keep it as %s.yaml beside flightdeck.yaml, and add to that file's sources:\n#\n", name, name)
		for l := range strings.Lines(section) {
			say(in.stdout, "#   %s", l)
		}
		say(in.stdout, "\n%s", spec)
		return nil
	}
	var whole bytes.Buffer
	if err := writeConfig(&whole, preset{name: name, org: "我的公司", zone: "Asia/Shanghai", currency: "CNY"}, []byte(section), "source new "+name); err != nil {
		return err
	}
	file, conf := filepath.Join(dir, name+".yaml"), filepath.Join(dir, "flightdeck.yaml")
	if err := writeNew(file, []byte(spec)); err != nil {
		return err
	}
	say(in.stdout, "wrote %s: fill in what is marked with TODO\n", file)
	err = writeNew(conf, whole.Bytes())
	switch {
	case errors.Is(err, fs.ErrExist):
		say(in.stdout, "%s is there already; add to its sources:\n\n%s", conf, section)
	case err != nil:
		return err
	default:
		say(in.stdout, "wrote %s: fill in address and credential\n", conf)
	}
	say(in.stdout, "then: flightdeck source check %s\n", name)
	return nil
}

// writeNew writes a file that must not exist.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w; nothing is overwritten: move it away or choose another name", path, err)
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// configured returns the sources of the configuration, or the one called id.
func (in *invocation) configured(id store.SourceID) ([]config.Source, error) {
	cfg, err := in.load()
	if err != nil {
		return nil, err
	}
	if len(cfg.Sources) == 0 {
		return nil, usagef("no sources are configured; write a configuration with: flightdeck init folder > flightdeck.yaml")
	}
	if id == "" {
		return cfg.Sources, nil
	}
	var names []string
	for _, s := range cfg.Sources {
		if s.ID == id {
			return []config.Source{s}, nil
		}
		names = append(names, string(s.ID))
	}
	return nil, usagef("source %q: the configuration has none of that name; want one of %s", store.Clip(string(id), 40), strings.Join(names, ", "))
}

func (in *invocation) sourceCheck(ctx context.Context, args []string) error {
	id := store.SourceID("")
	if len(args) > 0 {
		id = store.SourceID(args[0])
	}
	all, err := in.configured(id)
	if err != nil {
		return err
	}
	failed := 0
	for _, s := range all {
		src := build(s)
		said := map[string]bool{}
		for _, st := range src.Streams() {
			note, err := in.checkStream(ctx, src, st)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				say(in.stdout, "ok    %s %s  %s\n", s.ID, st, note)
				continue
			}
			failed++
			why := ""
			for _, one := range parts(err) {
				if text := syncer.Explain(one); !said[text] { // a folder or a server that is not there is the same for every stream
					said[text] = true
					why += text + "\n        "
				}
			}
			if why == "" {
				why = "the same"
			}
			say(in.stdout, "fail  %s %s  %s\n", s.ID, st, strings.TrimSpace(why+note))
			var ra *source.RetryAfter
			if errors.Is(err, source.ErrAuth) || errors.As(err, &ra) {
				break // the other streams would say the same, and refused sign-ins lock accounts
			}
		}
	}
	for _, f := range weakCredentials() {
		say(in.stdout, "%s\n", f)
	}
	if failed > 0 {
		return quietError{fmt.Errorf("%d streams cannot be read", failed)}
	}
	return nil
}

// parts are the errors that were joined, each by itself.
func parts(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok && errors.Join(j.Unwrap()...).Error() == err.Error() {
		var all []error
		for _, e := range j.Unwrap() {
			all = append(all, parts(e)...)
		}
		return all
	}
	return []error{err}
}

// checkStream reads the first rows of a stream and says what is remarkable about them. With an error the note is of what could be read all the same; it may be empty.
func (in *invocation) checkStream(ctx context.Context, src source.Source, st store.Stream) (note string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the connector failed (panic: %v); please report it", r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 3*checkTimeout)
	defer cancel()
	got, err := sample(ctx, src, st, sampleRows)
	if err != nil {
		return "", err
	}
	note = "no rows: nothing is there, or the user may see none of it"
	if len(got.Rows) > 0 {
		note = fmt.Sprintf("%d rows read", len(got.Rows))
	}
	if len(got.Missing) > 0 {
		note += "\n        not there, or not readable for this user: " + strings.Join(got.Missing, ", ")
	}
	issues, values := map[string]string{}, map[string][]string{}
	for _, r := range got.Rows {
		for _, i := range r.Mapped.Issues {
			if issues[i.Field] = i.Problem; i.Value != "" && !slices.Contains(values[i.Field], i.Value) {
				values[i.Field] = append(values[i.Field], i.Value)
			}
		}
	}
	for _, f := range slices.Sorted(mapKeys(issues)) {
		note += "\n        cannot be read: " + f
		if all := values[f]; len(all) > 0 { // such as the numbers of stages that the configuration has yet to name
			slices.Sort(all)
			note += " " + store.Clip(strings.Join(all, ", "), 200)
		}
		note += ": " + store.Clip(issues[f], 160)
	}
	if len(got.Empty) > 0 {
		note += "\n        without any value: " + strings.Join(got.Empty, ", ")
	}
	if len(got.Unused) > 0 {
		note += "\n        not mapped: " + store.Clip(strings.Join(got.Unused, ", "), 600)
	}
	return note, errors.Join(got.Wrong...)
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// sample reads the first rows; of a source that cannot show them raw only what becomes of them.
func sample(ctx context.Context, src source.Source, st store.Stream, n int) (source.Sampling, error) {
	if s, ok := src.(source.Sampler); ok {
		return s.Sample(ctx, st, n)
	}
	p, err := src.Fetch(ctx, source.Request{Stream: st, Limit: n})
	if err != nil || p.Len() == 0 {
		return source.Sampling{}, err
	}
	return source.Sampling{Rows: []source.Sample{{Mapped: p}}}, nil
}

func (in *invocation) sourcePreview(ctx context.Context, id store.SourceID, st store.Stream, n int, asJSON bool) error {
	all, err := in.configured(id)
	if err != nil {
		return err
	}
	src := build(all[0])
	if streams := src.Streams(); !slices.Contains(streams, st) {
		if b, ok := src.(broken); ok {
			return b.err
		}
		return usagef("stream %q: %s has none of that name; want one of %v", store.Clip(string(st), 40), id, streams)
	}
	got, err := sample(ctx, src, st, n)
	if err != nil {
		return errors.New(syncer.Explain(err))
	}
	type pair struct {
		Raw    any            `json:"raw"`
		Mapped map[string]any `json:"mapped"`
		Issues []store.Issue  `json:"issues,omitempty"`
	}
	pairs := []pair{}
	for _, r := range got.Rows {
		issues := r.Mapped.Issues
		r.Mapped.Issues = nil
		m, err := given(r.Mapped.Records)
		if err != nil {
			return err
		}
		for _, d := range r.Mapped.Deleted {
			m["Deleted "+d.Entity.String()] = string(d.ID)
		}
		pairs = append(pairs, pair{r.Raw, m, issues})
	}
	if asJSON {
		e := json.NewEncoder(in.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(pairs)
	}
	if len(pairs) == 0 {
		say(in.stdout, "no rows: nothing is there, or the user may see none of it\n")
	}
	for i, p := range pairs {
		say(in.stdout, "%s row %d\n", st, i+1)
		left := []string{"(not shown by this kind of source)"}
		if p.Raw != nil {
			left = printable(p.Raw)
		}
		for _, l := range layout.Beside(left, rawWidth, "  ", printable(p.Mapped)) {
			say(in.stdout, "%s\n", strings.TrimRight(l, " "))
		}
		for _, is := range p.Issues {
			say(in.stdout, "! %s %q: %s\n", is.Field, is.Value, is.Problem)
		}
		say(in.stdout, "\n")
	}
	return nil
}

// rawWidth is the columns that a raw row gets in a preview; the mapped one stands at its right.
const rawWidth = 58

// printable is a value as indented lines without braces, safe for a terminal: what a server sends may hold anything.
func printable(v any) []string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for l := range strings.Lines(b.String()) {
		l = strings.TrimRight(l, "\n")
		body := strings.TrimLeft(l, " ")
		if len(lines) >= 80 {
			return append(lines, "… (all of it: --json)")
		}
		lines = append(lines, strings.Repeat(" ", len(l)-len(body))+store.Clean(body, 400))
	}
	return lines
}

// given is what stands in records, without what is empty.
func given(r store.Records) (map[string]any, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	prune(v)
	return v, nil
}

func prune(m map[string]any) {
	for k, v := range m {
		switch v := v.(type) {
		case map[string]any:
			if prune(v); len(v) == 0 {
				delete(m, k)
			}
		case []any:
			for _, e := range v {
				if o, ok := e.(map[string]any); ok {
					prune(o)
				}
			}
			if len(v) == 0 {
				delete(m, k)
			}
		case nil:
			delete(m, k)
		case string:
			if v == "" || v == "0001-01-01T00:00:00Z" {
				delete(m, k)
			}
		}
	}
}
