// Package table reads folders of CSV, TSV and Excel files.
//
// What a folder's files and columns mean is configuration ([Config]); the package knows no organisation's files. A folder is polled: a pass over a
// stream begins only when one of its files differs from what the cursor remembers of it (size, time and hash), then reads all files of the
// stream whole, so that the syncer may remove what no row names any more.
//
// A file is believed or not as a whole. It is loaded into memory first, so that a program that writes to it meanwhile cannot give us half of the old
// and half of the new; one that was touched within the last seconds is waited for; one that is cut off, locked or not what it says it is
// fails the pass by name after all other files were read, and since the pass does not complete nothing of the bad file's earlier content is removed.
//
// What stands in a cell is read strictly by the declared notation. A cell that cannot be read is an issue with file, line and field; its row is
// loaded without it. It refuses to evaluate formulas (a workbook's stored results are taken) and to watch the folder, which is the syncer's rhythm.
package table

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Source is one folder. It implements [source.Source] and [source.Checker].
type Source struct {
	cfg     Config
	zone    *time.Location
	hash    string // of the configuration: another mapping makes everything new
	streams []store.Stream
	tracks  map[store.Stream]store.Fields

	mu     sync.Mutex
	passes map[store.Stream]*pass // a pass under way, so that the next page need not read from the start; lost, it is made again
	waits  map[store.Stream]int   // how often in a row the syncer was told to wait for an unsettled file
}

var (
	_ source.Source  = (*Source)(nil)
	_ source.Checker = (*Source)(nil)
)

// streamOf names each entity's usual stream, in the order of syncing.
var streamOf = []struct {
	entity string
	stream store.Stream
}{
	{"unit", "units"}, {"person", "people"}, {"stage", "stages"}, {"product", "products"}, {"account", "accounts"}, {"contact", "contacts"}, {"deal", "deals"},
	{"change", "changes"}, {"touch", "touches"}, {"grade", "grades"}, {"health", "health"}, {"evidence", "evidence"}, {"sale", "sales"}, {"quota", "quotas"},
	{"reading", "readings"}, {"signal", "signals"}, {"tender", "tenders"},
}

func (r *Rows) stream() store.Stream {
	for _, s := range streamOf {
		if s.entity == r.Entity && r.Stream == "" {
			return s.stream
		}
	}
	return r.Stream
}

// New makes a source of a configuration; it touches no file. The error lists everything that is wrong.
func New(cfg Config) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		return nil, fmt.Errorf("configure table source %s: %w", cfg.ID, err)
	}
	sum := sha256.Sum256(text)
	s := &Source{cfg: cfg, zone: zone, hash: hex.EncodeToString(sum[:8]), passes: map[store.Stream]*pass{}, waits: map[store.Stream]int{},
		tracks: map[store.Stream]store.Fields{}}
	for _, known := range streamOf {
		for i := range cfg.Files {
			for j := range cfg.Files[i].Rows {
				r := &cfg.Files[i].Rows[j]
				if r.Entity != known.entity {
					continue
				}
				if !slices.Contains(s.streams, r.stream()) {
					s.streams = append(s.streams, r.stream())
				}
				if r.Entity == "deal" { // of what the files give no history the store keeps one itself
					track := store.FieldsOf(store.FieldAmount, store.FieldClose, store.FieldOwner, store.FieldCategory)
					if len(r.History) == 0 {
						track |= store.FieldsOf(store.FieldStage)
					}
					s.tracks[r.stream()] |= track
				}
			}
		}
	}
	return s, nil
}

// ID returns the configured name.
func (s *Source) ID() store.SourceID { return s.cfg.ID }

// Kind returns "table".
func (s *Source) Kind() string { return "table" }

// Streams returns the streams that the mapping fills.
func (s *Source) Streams() []store.Stream { return slices.Clone(s.streams) }

// Check reports whether the folder can be read, every file that is not optional is there and each may be read: all that is wrong, one line each.
func (s *Source) Check(context.Context) error {
	var wrong []error
	said := map[string]bool{}
	add := func(err error) {
		if err != nil && !said[err.Error()] {
			said[err.Error()] = true
			wrong = append(wrong, err)
		}
	}
	for _, st := range s.streams {
		jobs, lookups, err := s.find(st)
		add(err)
		for _, j := range append(jobs, lookups...) {
			f, err := os.Open(filepath.Join(s.cfg.Dir, j.name))
			if err != nil {
				add(unreadable(filepath.Join(s.cfg.Dir, j.name), err))
				continue
			}
			_ = f.Close()
		}
	}
	return errors.Join(wrong...)
}

// cursor is what is remembered between pages and between passes.
type cursor struct {
	Config string                 `json:"c"`
	Files  map[string]fingerprint `json:"f"`           // what was read, or is being
	Done   []string               `json:"d,omitempty"` // within a pass: files read, in order
	File   string                 `json:"n,omitempty"` // within a pass: the file being read
	Row    int                    `json:"r,omitempty"` // and how many of its rows were
	Inside bool                   `json:"i,omitempty"` // within a pass
}

func (c cursor) String() store.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // a map of strings and numbers
	}
	return store.Cursor(b)
}

// job is a file, or a sheet of one, to read and how.
type job struct {
	name  string // of the file, within the folder
	file  *File
	sheet string // "": the first, or all that file.Sheets means, as long as nobody has looked which there are
	found bool   // it is there by a pattern
	asked string // of what is looked up in: the sheet that the lookup names
}

// id tells the jobs of a pass apart.
func (j job) id() string {
	if j.sheet == "" {
		return j.name
	}
	return j.name + "[" + j.sheet + "]"
}

// find returns the files that feed a stream, and those that are looked up in. Its error names all that are not there.
func (s *Source) find(st store.Stream) (jobs, lookups []job, err error) {
	wanted, said := map[[2]string]bool{}, map[string]bool{}
	var wrong []error
	glob := func(pattern string, optional bool) []string {
		names, err := s.glob(pattern, optional)
		if err != nil && !said[err.Error()] {
			said[err.Error()] = true
			wrong = append(wrong, err)
		}
		return names
	}
	for i := range s.cfg.Files {
		f := &s.cfg.Files[i]
		mine := false
		for j := range f.Rows {
			if r := &f.Rows[j]; r.stream() == st {
				mine = true
				r.values(func(v *Value) { v.lookups(func(l *Lookup) { wanted[[2]string{l.File, l.Sheet}] = true }) })
			}
		}
		if !mine {
			continue
		}
		for _, n := range glob(f.Name, f.Optional) {
			if !slices.ContainsFunc(jobs, func(j job) bool { return j.name == n && (f.sheets() == "" || f.sheets() == j.file.sheets()) }) { // of two patterns that fit the first counts
				j := job{name: n, file: f}
				if isWorkbook(n) {
					j.sheet = f.Sheet
				}
				jobs = append(jobs, j)
			}
		}
	}
	for _, w := range slices.SortedFunc(maps.Keys(wanted), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		for _, n := range glob(w[0], false) {
			f := s.declared(n, w[1])
			lookups = append(lookups, job{name: n, file: f, sheet: cmp.Or(w[1], f.Sheet), asked: w[1]})
		}
	}
	return jobs, lookups, errors.Join(wrong...)
}

// declared returns the settings of a file that is only looked up in, by the first pattern that fits it, of its sheet if there is one.
func (s *Source) declared(name, sheet string) *File {
	found := &File{Name: name}
	for i := range slices.Backward(s.cfg.Files) {
		f := &s.cfg.Files[i]
		if ok, _ := filepath.Match(f.Name, name); ok {
			found = f
			if sheet != "" && (f.Sheet == sheet || len(f.Sheets) > 0 && f.wants(sheet, false)) {
				return f
			}
		}
	}
	return found
}

func (s *Source) glob(pattern string, optional bool) ([]string, error) {
	if _, err := os.ReadDir(s.cfg.Dir); err != nil {
		return nil, source.Setup(fmt.Errorf("read folder %s: %w; correct dir in the configuration or its permissions", s.cfg.Dir, errors.Unwrap(err)))
	}
	paths, err := filepath.Glob(filepath.Join(escape(s.cfg.Dir), pattern))
	if err != nil {
		return nil, fmt.Errorf("read folder %s: %w", s.cfg.Dir, err)
	}
	var names []string
	for _, p := range paths {
		n, err := filepath.Rel(s.cfg.Dir, p)
		if base := filepath.Base(p); err != nil || base[0] == '.' || base[0] == '~' { // ~$book.xlsx is a workbook's lock file
			continue
		}
		names = append(names, n)
	}
	if len(names) == 0 && !optional {
		return nil, source.Setup(fmt.Errorf("read folder %s: no file %s; put it there, correct its name in the configuration or mark it optional", s.cfg.Dir, pattern))
	}
	slices.Sort(names)
	return names, nil
}

func escape(dir string) string {
	var b bytes.Buffer
	for i := range len(dir) {
		if c := dir[i]; c == '*' || c == '?' || c == '[' {
			b.WriteByte('\\')
		}
		b.WriteByte(dir[i])
	}
	return b.String()
}

// Fetch implements [source.Source].
func (s *Source) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	if !slices.Contains(s.streams, r.Stream) {
		return source.Page{}, fmt.Errorf("fetch %s: no file is mapped to this stream", r.Stream)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var c cursor
	if r.Cursor != "" {
		if err := json.Unmarshal([]byte(r.Cursor), &c); err != nil {
			return source.Page{}, fmt.Errorf("fetch %s: cursor %q: %w", r.Stream, store.Clip(string(r.Cursor), 40), source.ErrExpired)
		}
		if c.Config != s.hash {
			if c.Inside {
				return source.Page{}, fmt.Errorf("fetch %s: the mapping was changed half-way: %w", r.Stream, source.ErrExpired)
			}
			c = cursor{}
		}
	}
	jobs, lookups, err := s.find(r.Stream)
	if err != nil {
		return source.Page{}, err
	}
	p := s.passes[r.Stream]
	if !c.Inside {
		same, err := s.same(&c, append(slices.Clone(jobs), lookups...))
		if err != nil {
			return source.Page{}, err
		}
		if same {
			return source.Page{Next: c.String()}, nil
		}
		if err := s.settled(r, append(slices.Clone(jobs), lookups...)); err != nil {
			return source.Page{}, err
		}
		if p, err = s.begin(r.Stream, jobs, lookups); err != nil {
			return source.Page{}, err
		}
	} else if p == nil || p.cursor() != r.Cursor {
		if p, err = s.resume(ctx, r.Stream, jobs, lookups, c); err != nil {
			return source.Page{}, err
		}
	}
	s.passes[r.Stream] = p
	page, err := p.page(ctx, cmp.Or(r.Limit, 5000))
	if err != nil || !page.More {
		delete(s.passes, r.Stream)
	}
	return page, err
}

// same reports whether the files are those that c remembers. Where only a file's time changed c is brought up to date.
func (s *Source) same(c *cursor, jobs []job) (bool, error) {
	names := map[string]bool{}
	for _, j := range jobs {
		names[j.name] = true
	}
	if len(c.Files) != len(names) || c.Config != s.hash {
		return false, nil
	}
	for name := range names {
		known, ok := c.Files[name]
		if !ok {
			return false, nil
		}
		path := filepath.Join(s.cfg.Dir, name)
		info, err := os.Stat(path)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", path, errors.Unwrap(err))
		}
		if known.looks(info) {
			continue
		}
		if known.Size != info.Size() {
			return false, nil
		}
		now, err := load(path, name)
		if err != nil {
			return false, nil //nolint:nilerr // it comes again when the pass reads the file, after the others
		}
		if now.Hash != known.Hash {
			return false, nil
		}
		c.Files[name] = now.fingerprint
	}
	return true, nil
}

// maxWaits is how often a pass is put off for a file that keeps changing, before the others are read without it.
const maxWaits = 3

// settled asks the syncer to come back when a file was written so lately that its writer may not be done. A time in the future says nothing.
func (s *Source) settled(r source.Request, jobs []job) error {
	settle := cmp.Or(s.cfg.Settle, 2*time.Second)
	for _, j := range jobs {
		info, err := os.Stat(filepath.Join(s.cfg.Dir, j.name))
		if err != nil {
			continue
		}
		if age := r.Now.Sub(info.ModTime()); age >= 0 && age < settle && s.waits[r.Stream] < maxWaits {
			s.waits[r.Stream]++
			return &source.RetryAfter{Wait: settle - age, Err: fmt.Errorf("read %s: it was just written; waiting until it is left alone", j.name)}
		}
	}
	s.waits[r.Stream] = 0
	return nil
}
