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
)

//go:embed specs/*.yaml
var builtin embed.FS

// Spec is a connector's file.
type Spec struct {
	Name     string            `yaml:"name"`
	About    string            `yaml:"about"` // one line for lists
	Verified string            `yaml:"verified"`
	Limits   []string          `yaml:"limits"` // what it does not bring, or brings late, one line each
	URL      string            `yaml:"url"`
	Vars     map[string]string `yaml:"vars"`
	Needs    map[string]string `yaml:"needs"` // settings without a default → what they are; every configuration must give them under vars
	JQ       string            `yaml:"jq"`    // functions that all programs of the file may call
	Zone     string            `yaml:"zone"`  // of times without one; empty: the configuration's time_zone
	Auth     *Auth             `yaml:"auth"`
	Auths    []Auth            `yaml:"auths"` // several ways to sign in; the configuration's auth names one, else it is the first
	Headers  map[string]string `yaml:"headers"`
	Rate     Rate              `yaml:"rate"`
	Budgets  []Budget          `yaml:"budgets"`
	Timeout  time.Duration     `yaml:"timeout"`
	Errors   []ErrorRule       `yaml:"errors"`
	Stages   []Stage           `yaml:"stages"`
	Streams  []Stream          `yaml:"streams"`
}

// Rate is how often the server may be asked. Zero: as often as we like.
type Rate struct {
	Requests int           `yaml:"requests"`
	Per      time.Duration `yaml:"per"`
	Burst    int           `yaml:"burst"`
}

// ErrorRule gives an answer another meaning than its status.
type ErrorRule struct {
	Status  int           `yaml:"status"`  // 0: any
	When    string        `yaml:"when"`    // jq over the body, with $header and $size; empty: always
	Class   string        `yaml:"class"`   // see classes
	Message string        `yaml:"message"` // jq, the same: the server's words
	Wait    time.Duration `yaml:"wait"`    // of class limit: how long to wait where the server does not say
	After   string        `yaml:"after"`   // or jq, the same: seconds, as worked out from what it does say
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
	If          string `yaml:"if"` // jq over $vars: false leaves the stream out; of streams of one name at most one may be in
	Part        `yaml:",inline"`
	Parts       []Part       `yaml:"parts"`
	Incremental *Incremental `yaml:"incremental"`
	Track       []string     `yaml:"track"`
	// Complete tells whether a pass from nothing names every record that exists; default true.
	Complete *bool `yaml:"complete"`
	// List names all records cheaply, for an API that does not tell what was deleted.
	List *Listing `yaml:"list"`
	// Carries are the entities of which a complete pass, or list, names every record, where the stream's name does not say it: meetings carry touches.
	Carries []string `yaml:"carries"`
}

// Part is one request of a pass, repeated page by page.
type Part struct {
	Only     string            `yaml:"only"` // full, incremental, or empty for both
	Every    time.Duration     `yaml:"every"`
	Method   string            `yaml:"method"`
	Path     string            `yaml:"path"`
	Query    map[string]string `yaml:"query"`
	Headers  map[string]string `yaml:"headers"`
	Body     string            `yaml:"body"`    // jq, see bodyVariables
	Form     map[string]string `yaml:"form"`    // instead of body: application/x-www-form-urlencoded
	GraphQL  string            `yaml:"graphql"` // the query's text; body then gives its variables
	Limit    int               `yaml:"limit"`
	MaxLimit int               `yaml:"max_limit"`
	Cost     int               `yaml:"cost"` // of a request, in the units of the budgets; 0: 1
	Pager    Pager             `yaml:"pager"`
	Columns  []string          `yaml:"columns"` // asked for by {columns} or $columns; names the values of a row that is an array; with ? where not every organisation has it
	Describe *Describe         `yaml:"describe"`
	Rows     string            `yaml:"rows"`
	Total    string            `yaml:"total"`
	Each     *Each             `yaml:"each"`
	Collect  string            `yaml:"collect"` // jq over a row: an id for an each
	Feed     *Feed             `yaml:"feed"`
	Then     *Then             `yaml:"then"`
	Records  []Record          `yaml:"records"`
	Deleted  *Deleted          `yaml:"deleted"`
}

// Pager says how the following page is asked for.
type Pager struct {
	Kind  string `yaml:"kind"`  // see pagerKinds
	Next  string `yaml:"next"`  // jq over the body
	More  string `yaml:"more"`  // jq over the body
	Key   string `yaml:"key"`   // jq over a row: what the next request begins behind
	Delta string `yaml:"delta"` // jq over the body: what the next pass begins with
	Keep  bool   `yaml:"keep"`  // the last token is the next pass's first
	Start int    `yaml:"start"` // first page number
	Cap   int    `yaml:"cap"`   // rows that one query gives at most
	// Window begins a new query at the last time of change after every page, so that a row that moves during a pass pushes no other out of sight.
	Window bool `yaml:"window"`
	// Tie is jq over a row: the key by which the rows of one time of change are read when they are more than Cap.
	Tie string `yaml:"tie"`
}

// Incremental says how only what changed is asked for.
type Incremental struct {
	Field   string        `yaml:"field"`   // jq over a row: when it was last changed
	Format  string        `yaml:"format"`  // rfc3339, unix, unix_ms, date or a layout of package time, for {watermark} and {until}
	Zone    string        `yaml:"zone"`    // of a format without one; empty: that of the source's times
	Overlap time.Duration `yaml:"overlap"` // how far a pass reaches back; default 2 minutes
	Sorted  bool          `yaml:"sorted"`  // the server gives rows in the order of Field
	Clock   string        `yaml:"clock"`   // jq over a pass's first answer: the server's time, where its Date header is not to be trusted
}

// Feed gives a part a watermark of its own, for a list of deletions that tells how far it reaches.
type Feed struct {
	Mark string        `yaml:"mark"` // jq over the body: up to where the answer is complete; empty: up to what was asked
	Span time.Duration `yaml:"span"` // the longest window that the server accepts; 0: any
	Keep time.Duration `yaml:"keep"` // how long the server remembers; 0: for ever. What is older needs a full pass
}

// Each repeats a part once per id.
type Each struct {
	Start string `yaml:"start"` // jq over $vars: the first ids; empty: what an earlier part has collected
	Walk  bool   `yaml:"walk"`  // ids that the part itself collects are asked for too
	Max   int    `yaml:"max"`   // more ids are an error; default 20,000
}

// Then asks for the details of a page's rows, which replace them or are attached to them.
type Then struct {
	Method  string            `yaml:"method"`
	Path    string            `yaml:"path"`
	Query   map[string]string `yaml:"query"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
	Form    map[string]string `yaml:"form"`
	Size    int               `yaml:"size"` // rows a request
	Cost    int               `yaml:"cost"`
	Rows    string            `yaml:"rows"`
	When    string            `yaml:"when"` // jq over a row: false or null leaves it as it is
	ID      string            `yaml:"id"`   // jq over a row: {id}, with size 1, or what by names; default .id
	Into    string            `yaml:"into"` // the answer's rows become this field of the row
	By      string            `yaml:"by"`   // with into and a size of more than 1: jq over a row of the answer: the ID of the row that it belongs to
	Then    *Then             `yaml:"then"` // details of the details
	Next    string            `yaml:"next"` // with into: jq over the body: {token} of the following request for the same rows
}

// Listing names all records of a stream. What it leaves open is the stream's.
type Listing struct {
	Part   `yaml:",inline"`
	ID     string `yaml:"id"`     // jq over a row
	Entity string `yaml:"entity"` // what the rows are, where that is not what the stream's first record says
}

// Record says what becomes of a row.
type Record struct {
	Entity  string                       `yaml:"entity"`
	Fields  map[string]string            `yaml:"fields"`
	Extra   map[string]string            `yaml:"extra"`
	Custom  string                       `yaml:"custom"`  // jq over the row: an object whose single values are kept as extra too
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
	pagerKinds = []string{"none", "token", "offset", "page", "link", "key"}
	// limit: wait; auth: the credential is refused; token: what was obtained with it has died, obtain another; denied: this list may not be read; expired: the
	// cursor is no longer known, begin anew; columns: one of the columns is not there or may not be read; missing: nothing there; empty: no rows; setup: a person must
	// change a setting; fail: anything else.
	classes   = []string{"limit", "auth", "token", "denied", "expired", "columns", "missing", "empty", "setup", "fail"}
	verifieds = []string{"real server", "vendor specification", "recorded shapes", "nothing"}
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

// StreamNames returns the streams that a source of the spec has, in the order in which they are read.
func (s *Spec) StreamNames() []store.Stream {
	var all []store.Stream
	for _, st := range s.Streams {
		if name := store.Stream(st.Name); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if len(s.Stages) > 0 && !slices.Contains(all, StreamStages) {
		all = slices.Insert(all, 0, StreamStages)
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
		return nil, fmt.Errorf("spec %s", misread(name, err))
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("spec %s: %w", name, err)
	}
	return &s, nil
}

// misread says in one line where a file cannot be read, and what is the usual cause.
func misread(name string, err error) string {
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil || y.GetToken().Position == nil {
		return name + ": " + err.Error()
	}
	at, hint := y.GetToken().Position, ""
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		hint = ` (here or some lines above; a jq program with quotes, commas, braces or ": " in it stands between quotes: '.a | gsub(","; "")')`
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", name, at.Line, at.Column, store.Clip(y.GetMessage(), 300), hint)
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
