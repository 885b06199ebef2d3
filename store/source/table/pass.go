package table

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// pass is one reading of all files of a stream, page by page.
type pass struct {
	s      *Source
	stream store.Stream
	m      mapper
	todo   []job
	broken []job // put off to the end
	why    []error
	read   map[string]fingerprint // including those looked up in
	done   []string
	now    *reading
	rows   int // of the current file, consumed
	book   *book
}

// reading is a file being read.
type reading struct {
	job
	rows    rows
	line    line
	recipes []*recipe
}

// begin starts a pass. The files that are looked up in are needed for every row: if one cannot be read there is no pass.
func (s *Source) begin(st store.Stream, jobs, lookups []job) (*pass, error) {
	p := &pass{s: s, stream: st, todo: slices.Clone(jobs), read: map[string]fingerprint{}}
	p.m = mapper{seed: maphash.MakeSeed(), seen: map[string]first{}, other: tables{},
		dec: record.Decoder{Source: s.cfg.ID, Stream: st, Location: s.zone, Currency: s.cfg.Currency, Stages: s.cfg.Stages}}
	var wrong []error
	for i := range s.cfg.Files {
		for j := range s.cfg.Files[i].Rows {
			if r := &s.cfg.Files[i].Rows[j]; r.stream() == st {
				r.values(func(v *Value) {
					v.lookups(func(l *Lookup) {
						if err := p.lookup(l, lookups); err != nil && !slices.ContainsFunc(wrong, func(w error) bool { return w.Error() == err.Error() }) {
							wrong = append(wrong, err)
						}
					})
				})
			}
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	p.todo = p.sheets(p.todo)
	return p, nil
}

// sheets puts in the place of each file of which several sheets are meant these sheets. One that cannot be opened stays, and fails when its turn comes.
func (p *pass) sheets(jobs []job) (out []job) {
	for _, j := range jobs {
		if len(j.file.Sheets) == 0 || !isWorkbook(j.name) {
			out = append(out, j)
			continue
		}
		_, b, err := p.load(j.name)
		var names []string
		if err == nil {
			names, err = b.wanted(j.file)
		}
		if err != nil {
			out = append(out, j)
			continue
		}
		for _, name := range names {
			is := job{name: j.name, file: j.file, sheet: name, found: true}
			if !slices.ContainsFunc(out, func(j job) bool { return j.id() == is.id() }) { // of two entries that mean it the first counts
				out = append(out, is)
			}
		}
	}
	return out
}

// load reads a file. The workbook that was opened last is kept open for its other sheets, which are then of one moment.
func (p *pass) load(name string) (*content, *book, error) {
	if p.book != nil && p.book.name == name {
		return p.book.content, p.book, nil
	}
	c, err := load(filepath.Join(p.s.cfg.Dir, name), name)
	if err != nil || !isWorkbook(name) {
		return c, nil, err
	}
	if err := recognise(c); err != nil {
		return nil, nil, err
	}
	b, err := openBook(c)
	if err != nil {
		return nil, nil, err
	}
	p.book.close()
	p.book = b
	return c, b, nil
}

// lookup loads a column of another file.
func (p *pass) lookup(l *Lookup, files []job) error {
	if p.m.other[l.name()] != nil {
		return nil
	}
	c := &column{by: map[string]string{}}
	for _, j := range files {
		if ok, _ := filepath.Match(l.File, j.name); !ok && l.File != j.name || j.asked != l.Sheet {
			continue
		}
		r, _, err := p.open(j)
		if err != nil {
			return err
		}
		c.tongue = r.line.tongue
		key := l.Key
		if key == "" { // only which values there are matters
			key = l.Column
		}
		for _, name := range []string{key, l.Column} {
			if !r.line.has(name) {
				return fmt.Errorf("read %s: no column %q; it has %s", j.id(), name, r.header())
			}
		}
		for {
			cells, _, err := r.rows.next()
			var bad *badRow
			if errors.As(err, &bad) {
				continue
			} else if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			r.line.cells = cells
			if k := r.line.cell(key); k != "" && c.by[k] == "" {
				c.by[k] = r.line.cell(l.Column)
			}
		}
	}
	c.all = sorted(c.by)
	p.m.other[l.name()] = c
	return nil
}

// open loads a file, makes sure that it is whole, and reads up to its header.
func (p *pass) open(j job) (*reading, *content, error) {
	c, book, err := p.load(j.name)
	if err != nil {
		return nil, nil, err
	}
	if was, again := p.read[j.name]; again && was.Hash != c.Hash {
		return nil, nil, fmt.Errorf("read %s: it changed while its sheets were read; it will be read once it is still", j.name)
	}
	f := p.s.cfg.Format.over(j.file.Format)
	how := form{encoding: f.Encoding, delimiter: f.Delimiter}
	var in rows
	date1904, sheet := false, ""
	if book != nil { // its checksums were checked on opening
		s, err := book.open(j.sheet)
		if err == nil && j.sheet == "" && len(j.file.Sheets) > 0 {
			_, err = book.wanted(j.file) // there are none
		}
		if err != nil {
			return nil, nil, err
		}
		in, sheet, date1904 = s, s.sheet, book.date1904
	} else {
		all, _, err := open(c, how)
		for err == nil {
			_, _, err = all.next()
			if bad := (*badRow)(nil); errors.As(err, &bad) {
				err = nil
			}
		}
		if !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
	}
	if book == nil {
		if in, _, err = open(c, how); err != nil {
			return nil, nil, err
		}
	}
	t, err := f.tongue(p.s, isWorkbook(j.name), date1904)
	if err != nil {
		return nil, nil, err
	}
	r := &reading{job: j, rows: in, line: line{file: j.id(), name: j.name, sheet: sheet, columns: map[string]int{}, rows: in, tongue: t}}
	var head header
	for {
		cells, at, err := in.next()
		if errors.Is(err, io.EOF) {
			if j.found { // one of many that is still empty
				break
			}
			return nil, nil, fmt.Errorf("read %s: no header in line %d: the file is empty or still being written", j.id(), max(j.file.Header, 1))
		} else if err != nil {
			return nil, nil, fmt.Errorf("read %s: header: %w", j.id(), err)
		}
		if blank(cells) {
			continue
		}
		if at < max(j.file.Header, 1) {
			head.above(cells)
			continue
		}
		r.line.number = at
		r.line.columns = head.columns(cells)
		break
	}
	for i := range j.file.Rows {
		if rec := &j.file.Rows[i]; rec.stream() == p.stream {
			r.recipes = append(r.recipes, newRecipe(rec))
		}
	}
	p.read[j.name] = c.fingerprint
	return r, c, nil
}

func (r *reading) header() string { return store.Clip(strings.Join(sorted(r.line.columns), ", "), 300) }

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// over returns f with what g says put over it.
func (f Format) over(g Format) Format {
	if len(g.Dates) > 0 {
		f.Dates = g.Dates
	}
	if g.Decimal != "" {
		f.Decimal = g.Decimal
	}
	if g.Thousands != nil {
		f.Thousands = g.Thousands
	}
	if g.Encoding != "" {
		f.Encoding = g.Encoding
	}
	if g.Delimiter != "" {
		f.Delimiter = g.Delimiter
	}
	return f
}

func (f Format) tongue(s *Source, sheet, date1904 bool) (*tongue, error) {
	d, err := newDates(f.Dates, s.zone)
	d.sheet, d.date1904 = sheet, date1904
	n := numbers{decimal: f.Decimal, group: ",", currency: s.cfg.Currency, sheet: sheet}
	if n.decimal == "" {
		n.decimal = "."
	}
	if n.decimal == "," {
		n.group = "."
	}
	if f.Thousands != nil {
		n.group = *f.Thousands
	}
	return &tongue{n, d}, err
}

// start opens j and lists the mapped columns that it lacks. A file without the column that tells its rows apart is not what the mapping means.
func (p *pass) start(j job, out *source.Page) error {
	r, _, err := p.open(j)
	if err != nil {
		return err
	}
	if len(r.line.columns) == 0 && j.found { // empty
		p.now, p.rows = r, 0
		return nil
	}
	lacking := map[string]bool{}
	for _, rec := range r.recipes {
		id := rec.Fields["id"]
		id.columns(func(c string) {
			if !r.line.has(c) && err == nil {
				err = fmt.Errorf("read %s: no column %q, which tells the rows apart; it has %s", j.id(), c, r.header())
			}
		})
		rec.Rows.values(func(v *Value) {
			v.columns(func(c string) {
				if !r.line.has(c) {
					lacking[c] = true
				}
			})
		})
	}
	if err != nil {
		delete(p.read, j.name)
		return err
	}
	for _, c := range sorted(lacking) {
		p.m.issue(out, &r.line, c, "", fmt.Sprintf("no column %q; the file has %s", c, r.header()), false)
	}
	p.now, p.rows = r, 0
	return nil
}

// step consumes one row, or moves to the next file. It returns false when the files are exhausted or only broken ones are left.
func (p *pass) step(out *source.Page) (more bool) {
	defer func() { // a workbook is other people's bytes in other people's parser; one bad file must not take the process down
		if v := recover(); v != nil {
			more = true
			p.fail(fmt.Errorf("read %s: it cannot be parsed: %v", p.current(), v))
		}
	}()
	if p.now == nil {
		if len(p.todo) == 0 {
			return false
		}
		j := p.todo[0]
		p.todo = p.todo[1:]
		if err := p.start(j, out); err != nil {
			p.broken, p.why = append(p.broken, j), append(p.why, err)
		}
		return true
	}
	cells, at, err := p.now.rows.next()
	p.now.line.number = at
	bad := (*badRow)(nil)
	switch {
	case errors.As(err, &bad):
		p.now.line.number = bad.line
		p.m.issue(out, &p.now.line, "", "", bad.problem+"; the row was left out", true)
	case errors.Is(err, io.EOF):
		p.done = append(p.done, p.now.id())
		p.now, p.rows = nil, 0
		return true
	case err != nil:
		p.fail(err)
		return true
	case !blank(cells):
		p.now.line.cells = cells
		if n := len(cells); n > len(p.now.line.columns) {
			p.beyond(cells, out)
		}
		for _, r := range p.now.recipes {
			p.m.row(r, &p.now.line, out)
		}
	}
	p.rows++
	return true
}

// beyond lists a row that has filled cells to the right of the header: most often a delimiter in a cell that was not quoted.
func (p *pass) beyond(cells []string, out *source.Page) {
	last := 0
	for _, i := range p.now.line.columns {
		last = max(last, i)
	}
	if len(cells) > last+1 && !blank(cells[last+1:]) {
		p.m.issue(out, &p.now.line, "", strings.Join(cells[last+1:], ", "), fmt.Sprintf("more cells than the header's %d columns", last+1), false)
	}
}

// fail gives up the current file in the middle and goes on with the next.
func (p *pass) fail(err error) {
	if p.now != nil {
		p.broken, p.why = append(p.broken, p.now.job), append(p.why, err)
		delete(p.read, p.now.name)
	}
	p.now, p.rows = nil, 0
}

func (p *pass) current() string {
	if p.now == nil {
		return p.s.cfg.Dir
	}
	return p.now.id()
}

// page reads about limit rows.
func (p *pass) page(ctx context.Context, limit int) (page source.Page, err error) {
	defer func() {
		if err != nil || !page.More {
			p.book.close()
			p.book = nil
		}
	}()
	out := source.Page{Full: true, Track: p.s.tracks[p.stream]}
	for n := 0; n < limit; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return source.Page{}, ctx.Err()
		}
		if !p.step(&out) {
			break
		}
	}
	switch {
	case p.now != nil || len(p.todo) > 0:
		out.Next, out.More = p.cursor(), true
	case len(p.broken) > 0 && (out.Len() > 0 || len(out.Issues) > 0): // what was read first, then the error
		out.Next, out.More = p.cursor(), true
	case len(p.broken) > 0:
		return source.Page{}, errors.Join(p.why...)
	default:
		out.Next = cursor{Config: p.s.hash, Files: p.read}.String()
	}
	return out, nil
}

// cursor says how far the pass has come.
func (p *pass) cursor() store.Cursor {
	c := cursor{Config: p.s.hash, Files: p.read, Done: p.done, Inside: true}
	if p.now != nil {
		c.File, c.Row = p.now.id(), p.rows
	}
	return c.String()
}

// resume makes the pass again that c describes: in another process, or after the broken files were all that was left. What was read must still be
// what it was; otherwise the pass is void.
func (s *Source) resume(ctx context.Context, st store.Stream, jobs, lookups []job, c cursor) (*pass, error) {
	p, err := s.begin(st, jobs, lookups)
	if err != nil {
		return nil, err
	}
	void := func(name string) (*pass, error) {
		return nil, fmt.Errorf("fetch %s: %s changed half-way: %w", st, name, source.ErrExpired)
	}
	jobs, p.todo = p.todo, nil // the sheets of which are found
	again := slices.Clone(c.Done)
	if c.File != "" {
		again = append(again, c.File)
	}
	var scratch source.Page
	for _, name := range again {
		i := slices.IndexFunc(jobs, func(j job) bool { return j.id() == name })
		if i < 0 || p.start(jobs[i], &scratch) != nil {
			return void(name)
		}
		for p.now != nil && (name != c.File || p.rows < c.Row) {
			if p.rows%1024 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			p.step(&scratch)
			scratch = source.Page{}
		}
	}
	for name, was := range c.Files {
		if is, ok := p.read[name]; !ok || is.Hash != was.Hash {
			return void(name)
		}
	}
	for _, j := range jobs {
		if !slices.Contains(again, j.id()) {
			p.todo = append(p.todo, j)
		}
	}
	return p, nil
}
