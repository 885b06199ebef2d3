package rest

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"flightdeck/store"
	"flightdeck/store/source/record"
)

//go:embed specs/*.yaml
var builtin embed.FS

// Spec is a connector's file.
type Spec struct {
	Name     string            `yaml:"name"`
	Verified string            `yaml:"verified"`
	URL      string            `yaml:"url"`
	Vars     map[string]string `yaml:"vars"`
	Auth     Auth              `yaml:"auth"`
	Headers  map[string]string `yaml:"headers"`
	Rate     Rate              `yaml:"rate"`
	Timeout  time.Duration     `yaml:"timeout"`
	Errors   []ErrorRule       `yaml:"errors"`
	Stages   []Stage           `yaml:"stages"`
	Streams  []Stream          `yaml:"streams"`
}

// Auth says how a request is signed.
type Auth struct {
	Kind   string `yaml:"kind"`   // none, bearer, header, basic
	Name   string `yaml:"name"`   // the header's name
	Prefix string `yaml:"prefix"` // before the credential in the header, such as "token "
}

// Rate is how often the server may be asked. Zero: as often as we like.
type Rate struct {
	Requests int           `yaml:"requests"`
	Per      time.Duration `yaml:"per"`
	Burst    int           `yaml:"burst"`
}

// ErrorRule gives an answer another meaning than its status.
type ErrorRule struct {
	Status  int    `yaml:"status"`  // 0: any
	When    string `yaml:"when"`    // jq over the body; empty: always
	Class   string `yaml:"class"`   // limit, auth, denied, expired, fail
	Message string `yaml:"message"` // jq: the server's words
}

// Stage is one of the organisation's stages with the source's values for it.
type Stage struct {
	ID          string   `yaml:"id"`
	Name        string   `yaml:"name"`
	NameEn      string   `yaml:"name_en"`
	Order       int      `yaml:"order"`
	Kind        string   `yaml:"kind"`
	Probability int      `yaml:"probability"`
	Values      []string `yaml:"values"`
}

// Stream is one list of the API.
type Stream struct {
	Name        string `yaml:"name"`
	Part        `yaml:",inline"`
	Parts       []Part       `yaml:"parts"`
	Incremental *Incremental `yaml:"incremental"`
	Track       []string     `yaml:"track"`
	// Complete tells whether a pass from nothing names every record that exists; default true.
	Complete *bool `yaml:"complete"`
}

// Part is one request of a pass, repeated page by page.
type Part struct {
	Only     string            `yaml:"only"` // full, incremental, or empty for both
	Every    time.Duration     `yaml:"every"`
	Method   string            `yaml:"method"`
	Path     string            `yaml:"path"`
	Query    map[string]string `yaml:"query"`
	Body     string            `yaml:"body"` // jq, with $token, $watermark, $until, $limit, $offset, $page, $vars, $rows
	Limit    int               `yaml:"limit"`
	MaxLimit int               `yaml:"max_limit"`
	Pager    Pager             `yaml:"pager"`
	Rows     string            `yaml:"rows"`
	Total    string            `yaml:"total"`
	Then     *Then             `yaml:"then"`
	Records  []Record          `yaml:"records"`
	Deleted  *Deleted          `yaml:"deleted"`
}

// Pager says how the following page is asked for.
type Pager struct {
	Kind  string `yaml:"kind"`  // none, token, offset, page, link
	Next  string `yaml:"next"`  // jq over the body
	More  string `yaml:"more"`  // jq over the body
	Keep  bool   `yaml:"keep"`  // the last token is the next pass's first
	Start int    `yaml:"start"` // first page number
	Cap   int    `yaml:"cap"`   // rows that one query gives at most
	// Window begins a new query at the last time of change after every page, so that a row that moves during a pass pushes no other out of sight.
	Window bool `yaml:"window"`
}

// Incremental says how only what changed is asked for.
type Incremental struct {
	Field   string        `yaml:"field"`   // jq over a row: when it was last changed
	Format  string        `yaml:"format"`  // rfc3339, unix, unix_ms, date or a layout of package time, for {watermark} and {until}
	Overlap time.Duration `yaml:"overlap"` // how far a pass reaches back; default 2 minutes
	Sorted  bool          `yaml:"sorted"`  // the server gives rows in the order of Field
}

// Then asks for the details of a page's rows, which replace them.
type Then struct {
	Method string            `yaml:"method"`
	Path   string            `yaml:"path"`
	Query  map[string]string `yaml:"query"`
	Body   string            `yaml:"body"`
	Size   int               `yaml:"size"` // rows a request
	Rows   string            `yaml:"rows"`
}

// Record says what becomes of a row.
type Record struct {
	Entity  string                       `yaml:"entity"`
	Fields  map[string]string            `yaml:"fields"`
	Extra   map[string]string            `yaml:"extra"`
	When    string                       `yaml:"when"`    // jq over the row: false or null leaves the record out
	Deleted string                       `yaml:"deleted"` // jq over the row: true makes a tombstone of it
	Values  map[string]map[string]string `yaml:"values"`
	JQ      string                       `yaml:"jq"`
}

// Deleted says where a page lists tombstones.
type Deleted struct {
	Rows   string `yaml:"rows"`
	Entity string `yaml:"entity"`
	ID     string `yaml:"id"`
}

var (
	authKinds  = []string{"none", "bearer", "header", "basic"}
	pagerKinds = []string{"none", "token", "offset", "page", "link"}
	classes    = []string{"limit", "auth", "denied", "expired", "fail"}
	verifieds  = []string{"real server", "vendor specification", "recorded shapes", "nothing"}
)

// Specs returns the names of the built-in connectors.
func Specs() []string {
	files, _ := builtin.ReadDir("specs") // embedded: cannot fail
	var all []string
	for _, f := range files {
		all = append(all, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return all
}

// LoadSpec reads a built-in connector by name, or a file by path (with a slash or ending in .yaml), and checks it.
func LoadSpec(name string) (*Spec, error) {
	var b []byte
	var err error
	if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		if b, err = os.ReadFile(name); err != nil {
			return nil, fmt.Errorf("spec: %w", err)
		}
	} else if b, err = builtin.ReadFile(path.Join("specs", name+".yaml")); err != nil {
		return nil, fmt.Errorf("spec %q: want one of %s, or the path of a .yaml file", name, strings.Join(Specs(), ", "))
	}
	return ParseSpec(name, b)
}

// ParseSpec reads a connector's file; name is for errors.
func ParseSpec(name string, b []byte) (*Spec, error) {
	var s Spec
	if err := unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("spec %s: %s", name, yaml.FormatError(err, false, true))
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("spec %s: %w", name, err)
	}
	return &s, nil
}

// unmarshal decodes strictly. The library panics on a tag where a list should be (goccy/go-yaml 1.19.2, found by fuzzing).
func unmarshal(b []byte, s *Spec) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("not readable as YAML: probably a tag (!…) or an indentation in the wrong place")
		}
	}()
	return yaml.UnmarshalWithOptions(b, s, yaml.Strict())
}

func oneOf(field, v string, want []string) error {
	if slices.Contains(want, v) {
		return nil
	}
	return fmt.Errorf("%s: %q is unknown: want one of %s", field, v, strings.Join(want, ", "))
}

// validate checks all that needs no compiling and fills in defaults.
func (s *Spec) validate() error {
	if s.Auth.Kind == "" {
		s.Auth.Kind = "none"
	}
	if s.Timeout == 0 {
		s.Timeout = time.Minute
	}
	errs := []error{oneOf("verified", s.Verified, verifieds), oneOf("auth.kind", s.Auth.Kind, authKinds)}
	if s.Name == "" {
		errs = append(errs, errors.New("name: missing"))
	}
	if s.Auth.Kind == "header" && s.Auth.Name == "" {
		errs = append(errs, errors.New("auth.name: missing: the header that carries the credential"))
	}
	if (s.Rate.Requests > 0) != (s.Rate.Per > 0) {
		errs = append(errs, errors.New("rate: want both requests and per, such as {requests: 100, per: 10s}"))
	}
	for i, r := range s.Errors {
		errs = append(errs, oneOf(fmt.Sprintf("errors[%d].class", i), r.Class, classes))
	}
	if len(s.Streams) == 0 {
		errs = append(errs, errors.New("streams: missing"))
	}
	names := map[string]bool{}
	for i := range s.Streams {
		st := &s.Streams[i]
		if st.Name == "" || names[st.Name] {
			errs = append(errs, fmt.Errorf("streams[%d].name: %q is missing or used twice", i, st.Name))
		}
		names[st.Name] = true
		if err := st.validate(); err != nil {
			errs = append(errs, fmt.Errorf("streams[%d] (%s): %w", i, st.Name, err))
		}
	}
	errs = append(errs, validateStages(s.Stages))
	return errors.Join(errs...)
}

func validateStages(stages []Stage) error {
	var errs []error
	value := map[string]string{}
	for i, st := range stages {
		if st.ID == "" {
			errs = append(errs, fmt.Errorf("stages[%d].id: missing", i))
		}
		if _, err := store.ParseStageKind(st.Kind); err != nil {
			errs = append(errs, fmt.Errorf("stages[%d].kind: %w", i, err))
		}
		if st.Probability < 0 || st.Probability > 100 {
			errs = append(errs, fmt.Errorf("stages[%d].probability: %d: want a percentage from 0 to 100", i, st.Probability))
		}
		for _, v := range st.Values {
			if other, ok := value[v]; ok && other != st.ID {
				errs = append(errs, fmt.Errorf("stages[%d].values: %q belongs to the stage %s already", i, v, other))
			}
			value[v] = st.ID
		}
	}
	return errors.Join(errs...)
}

func (st *Stream) validate() error {
	if len(st.Parts) == 0 {
		st.Parts = []Part{st.Part}
	} else {
		for i := range st.Parts {
			st.Parts[i].inherit(&st.Part)
		}
	}
	var errs []error
	for i := range st.Parts {
		if err := st.Parts[i].validate(st); err != nil {
			errs = append(errs, fmt.Errorf("part %d: %w", i, err))
		}
	}
	for _, f := range st.Track {
		if _, err := store.ParseField(f); err != nil {
			errs = append(errs, fmt.Errorf("track: %w", err))
		}
	}
	if in := st.Incremental; in != nil {
		if in.Overlap == 0 {
			in.Overlap = 2 * time.Minute
		}
		if in.Overlap < 0 || in.Field == "" {
			errs = append(errs, errors.New("incremental: want field, and an overlap that is not negative"))
		}
		if _, err := formatTime(time.Time{}, in.Format, time.UTC); err != nil {
			errs = append(errs, fmt.Errorf("incremental.format: %w", err))
		}
	}
	return errors.Join(errs...)
}

// inherit fills what the part leaves open from the stream.
func (p *Part) inherit(d *Part) {
	or(&p.Method, d.Method)
	or(&p.Path, d.Path)
	or(&p.Body, d.Body)
	or(&p.Rows, d.Rows)
	or(&p.Total, d.Total)
	or(&p.Limit, d.Limit)
	or(&p.MaxLimit, d.MaxLimit)
	or(&p.Pager, d.Pager)
	or(&p.Deleted, d.Deleted)
	if p.Query == nil {
		p.Query = d.Query
	}
	if p.Records == nil {
		p.Records = d.Records
	}
}

func or[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func (p *Part) validate(st *Stream) error {
	or(&p.Method, "GET")
	or(&p.Pager.Kind, "none")
	or(&p.Limit, 100)
	errs := []error{
		oneOf("only", p.Only, []string{"", "full", "incremental"}), oneOf("method", p.Method, []string{"GET", "POST"}),
		oneOf("pager.kind", p.Pager.Kind, pagerKinds),
	}
	if p.Limit < 1 || p.MaxLimit < 0 || p.Pager.Cap < 0 {
		errs = append(errs, errors.New("limit, max_limit and pager.cap: want positive numbers"))
	}
	if p.Pager.Kind == "token" && p.Pager.Next == "" {
		errs = append(errs, errors.New("pager.next: missing: where the answer has the next token"))
	}
	if p.Pager.Keep && (p.Pager.Kind != "token" || st.Incremental != nil || len(st.Parts) > 1) {
		errs = append(errs, errors.New("pager.keep: only for a stream with one part, of kind token, and without incremental"))
	}
	if (p.Pager.Cap > 0 || p.Pager.Window) && (st.Incremental == nil || !st.Incremental.Sorted) {
		errs = append(errs, errors.New("pager.cap, pager.window: only for a stream whose incremental is sorted"))
	}
	if p.Rows == "" {
		errs = append(errs, errors.New("rows: missing: where the answer has its list, or . when it is one"))
	}
	if len(p.Records) == 0 {
		errs = append(errs, errors.New("records: missing"))
	}
	for i, r := range p.Records {
		if err := r.validate(); err != nil {
			errs = append(errs, fmt.Errorf("records[%d]: %w", i, err))
		}
	}
	if p.Then != nil {
		or(&p.Then.Method, "GET")
		or(&p.Then.Size, 100)
		if p.Then.Rows == "" || p.Then.Size < 1 {
			errs = append(errs, errors.New("then: want rows and a positive size"))
		}
	}
	return errors.Join(errs...)
}

func (r *Record) validate() error {
	if r.JQ != "" {
		if r.Entity != "" || r.Fields != nil || r.Extra != nil || r.When != "" || r.Deleted != "" {
			return errors.New("want either jq or entity and fields")
		}
		return nil
	}
	var fields []string
	for f := range r.Fields {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	if r.Extra != nil {
		fields = append(fields, "extra")
	}
	if r.Deleted == `true` { // a list of deleted records: only the id matters
		fields = record.Fields(r.Entity)
	}
	return record.Check(r.Entity, fields...)
}

// formatTime writes a watermark as the server wants it.
func formatTime(t time.Time, format string, loc *time.Location) (string, error) {
	switch format {
	case "", "rfc3339":
		return t.UTC().Format("2006-01-02T15:04:05.999Z07:00"), nil
	case "unix":
		return fmt.Sprint(t.Unix()), nil
	case "unix_ms":
		return fmt.Sprint(t.UnixMilli()), nil
	case "date":
		return t.In(loc).Format(time.DateOnly), nil
	}
	if !strings.Contains(format, "2006") {
		return "", fmt.Errorf("%q: want rfc3339, unix, unix_ms, date or a layout such as 2006-01-02 15:04:05", format)
	}
	return t.In(loc).Format(format), nil
}
