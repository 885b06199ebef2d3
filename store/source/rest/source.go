package rest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// Config names a connector and says where its server is.
type Config struct {
	ID    store.SourceID `yaml:"id"`
	Spec  string         `yaml:"spec"`  // a built-in connector's name, or the path of a file
	URL   string         `yaml:"url"`   // empty: the spec's
	Auth  string         `yaml:"auth"`  // the way to sign in, where the spec has several; empty: its first
	Token source.Secret  `yaml:"token"` // credential; of basic authentication the password
	User  string         `yaml:"user"`  // who signs in, for ways to sign in that need a name
	// Secrets are the credentials of ways to sign in that need several, by the names that the spec gives them.
	Secrets map[string]source.Secret `yaml:"secrets"`
	// PlainHTTP allows http to another machine, which sends the credential readable.
	PlainHTTP bool              `yaml:"plain_http"`
	Vars      map[string]string `yaml:"vars"`      // settings that the spec declares
	PageSize  int               `yaml:"page_size"` // 0: the spec's
	Currency  store.Currency    `yaml:"currency"`  // of amounts without one
	TimeZone  string            `yaml:"time_zone"` // of times without one; empty: UTC
	Streams   []string          `yaml:"streams"`   // empty: all
	// Extra names custom fields by stream; they are asked for where the connector names its columns, and kept in [store.Deal.Extra] and its like.
	Extra   map[string][]string `yaml:"extra"`
	Budgets map[string]int      `yaml:"budgets"` // replaces the limits of the spec's budgets
	// Stages replaces the spec's stages; StageValues adds source value → stage id to whichever are in force.
	Stages      []Stage           `yaml:"stages"`
	StageValues map[string]string `yaml:"stage_values"`

	// Credential, where set, is asked instead of Token: for servers inside this process.
	Credential func() (string, error) `yaml:"-"`
	// Transport, where set, is used instead of a new one.
	Transport http.RoundTripper `yaml:"-"`
}

// Source is one configured system. It implements [source.Source] and [source.Checker].
type Source struct {
	id         store.SourceID
	cfg        Config
	spec       *Spec
	functions  *functions // of the spec
	base       *url.URL
	loc        *time.Location
	zone       *time.Location // of times without one
	origins    []*url.URL     // where else than to base requests may go
	client     *http.Client
	signer     *signer
	limiter    *rate.Limiter
	meters     *meters
	asked      atomic.Int64 // requests sent
	rules      []rule
	stages     []store.Stage
	openStages bool // the API tells more of them
	streams    []*stream
	vars       map[string]any
	listed     listed
	hidden     struct { // what no error may show
		sync.Mutex
		values []string
	}
}

var (
	_ source.Source  = (*Source)(nil)
	_ source.Checker = (*Source)(nil)
	_ source.Lister  = (*Source)(nil)
	_ source.Counter = (*Source)(nil)
)

// StreamStages is the stream that gives the organisation's stages, so that a store can be read without a configuration.
const StreamStages store.Stream = "stages"

// New checks cfg and compiles its connector. It asks no server and reads no credential. Its error lists all that is wrong by field, with the
// accepted values.
func New(cfg Config) (*Source, error) {
	s, err := newSource(cfg)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", cfg.ID, err)
	}
	return s, nil
}

// Validate reports everything that is wrong with the configuration, one line each. It reads the spec and touches no network.
func (c *Config) Validate() error {
	_, err := newSource(*c)
	return err
}

// StageIDs returns the stages that a source of this valid configuration brings, in their order; open says that the API gives more.
func (c *Config) StageIDs() (ids []store.ID, open bool) {
	s, err := newSource(*c)
	if err != nil {
		return nil, true
	}
	for _, st := range s.stages {
		ids = append(ids, st.ID)
	}
	return ids, s.stream(StreamStages) != nil
}

func newSource(cfg Config) (*Source, error) {
	spec, err := LoadSpec(cfg.Spec)
	if err != nil {
		return nil, err
	}
	s := &Source{id: cfg.ID, cfg: cfg, spec: spec, loc: time.UTC}
	s.functions, _ = readFunctions(spec.JQ) // validated
	var errs []error
	if cfg.ID == "" || strings.ContainsAny(string(cfg.ID), ": ") {
		errs = append(errs, errors.New("id: want a name without blanks and colons"))
	}
	if s.base, err = baseURL(cfg.URL, spec.URL); err != nil {
		errs = append(errs, err)
	}
	if cfg.TimeZone != "" {
		if s.loc, err = time.LoadLocation(cfg.TimeZone); err != nil {
			errs = append(errs, fmt.Errorf("time_zone: %q is unknown: want an IANA name such as Asia/Shanghai", cfg.TimeZone))
			s.loc = time.UTC
		}
	}
	if cfg.Currency != "" && !cfg.Currency.Valid() {
		errs = append(errs, fmt.Errorf("currency: %q: want a three-letter ISO 4217 code such as CNY", cfg.Currency))
	}
	if cfg.PageSize < 0 {
		errs = append(errs, fmt.Errorf("page_size: %d: want a positive number of rows", cfg.PageSize))
	}
	s.zone = s.loc
	if spec.Zone != "" {
		s.zone, _ = time.LoadLocation(spec.Zone) // validated
	}
	auth, err := s.chooseAuth()
	errs = append(errs, err)
	if s.base != nil && s.base.Scheme == "http" && auth.Kind != "none" && !cfg.PlainHTTP && !source.Loopback(s.base.Hostname()) {
		errs = append(errs, errors.New("url: http would send the credential readable; use https, or set plain_http: true where the network is trusted"))
	}
	vars := maps.Clone(spec.Vars)
	if vars == nil {
		vars = map[string]string{}
	}
	for _, needs := range []map[string]string{spec.Needs, auth.Needs} {
		for _, k := range slices.Sorted(maps.Keys(needs)) {
			vars[k] = ""
			if cfg.Vars[k] == "" {
				errs = append(errs, fmt.Errorf("vars.%s: missing: %s", k, needs[k]))
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(cfg.Vars)) {
		if _, ok := vars[k]; !ok {
			errs = append(errs, fmt.Errorf("vars.%s: unknown: want one of %s", k, strings.Join(slices.Sorted(maps.Keys(vars)), ", ")))
			continue
		}
		vars[k] = cfg.Vars[k]
	}
	s.vars = map[string]any{}
	for k, v := range vars {
		if slices.Contains(places, k) || k == "user" {
			errs = append(errs, fmt.Errorf("spec %s: vars.%s: the name is taken by the engine", cfg.Spec, k))
		}
		s.vars[k] = v
	}
	s.origins, err = s.findOrigins()
	errs = append(errs, err)
	values, err := s.useStages()
	errs = append(errs, err)
	for i := range spec.Streams {
		st := &spec.Streams[i]
		if len(cfg.Streams) > 0 && !slices.Contains(cfg.Streams, st.Name) || len(cfg.Stages) > 0 && st.Name == string(StreamStages) {
			continue // whoever gives stages wants no others
		}
		if in, err := s.chosen(st); err != nil {
			errs = append(errs, fmt.Errorf("spec %s: streams[%d] (%s): if: %w", cfg.Spec, i, st.Name, err))
			continue
		} else if !in {
			continue
		}
		if s.stream(store.Stream(st.Name)) != nil {
			errs = append(errs, fmt.Errorf("spec %s: streams[%d] (%s): chosen twice", cfg.Spec, i, st.Name))
			continue
		}
		c, err := s.compileStream(st, values)
		if err != nil {
			errs = append(errs, fmt.Errorf("spec %s: streams[%d] (%s): %w", cfg.Spec, i, st.Name, err))
			continue
		}
		s.streams = append(s.streams, c)
	}
	for _, name := range cfg.Streams {
		if !slices.ContainsFunc(spec.Streams, func(st Stream) bool { return st.Name == name }) {
			var all []string
			for _, st := range spec.Streams {
				all = append(all, st.Name)
			}
			errs = append(errs, fmt.Errorf("streams: %q is unknown: want some of %s", name, strings.Join(all, ", ")))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Extra)) {
		if !slices.ContainsFunc(spec.Streams, func(st Stream) bool { return st.Name == name }) {
			errs = append(errs, fmt.Errorf("extra.%s: the connector has no such stream", name))
		}
	}
	if s.rules, err = compileRules(s.functions, spec.Errors); err != nil {
		errs = append(errs, fmt.Errorf("spec %s: %w", cfg.Spec, err))
	}
	if s.meters, err = s.newMeters(); err != nil {
		errs = append(errs, fmt.Errorf("spec %s: %w", cfg.Spec, err))
	}
	if s.signer, err = s.newSigner(auth); err != nil {
		errs = append(errs, fmt.Errorf("spec %s: %w", cfg.Spec, err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if r := spec.Rate; r.Requests > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(float64(r.Requests)/r.Per.Seconds()), max(1, r.Burst))
	}
	s.client = s.newClient()
	return s, nil
}

func baseURL(override, spec string) (*url.URL, error) {
	if override == "" {
		override = spec
	}
	u, err := url.Parse(strings.TrimRight(override, "/"))
	switch {
	case override == "":
		return nil, errors.New("url: missing: the server's address, such as https://crm.example.com")
	case err != nil: // not repeated: it may hold a password
		return nil, errors.New("url: not readable: want an address such as https://crm.example.com")
	case u.User != nil:
		return nil, errors.New("url: has a user or password in it; give the credential as token: env:NAME or file:/path")
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("url: %q: want http:// or https://, a host and at most a path", store.Clip(override, 100))
	}
	return u, nil
}

func (s *Source) newClient() *http.Client {
	rt := s.cfg.Transport
	if rt == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
		t.TLSHandshakeTimeout = 10 * time.Second
		t.MaxResponseHeaderBytes = 1 << 20
		t.MaxIdleConnsPerHost = 4
		rt = t
	}
	return &http.Client{Transport: rt, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 5 {
			return errors.New("more than five redirects; correct the url")
		}
		if !sameOrigin(r.URL, via[0].URL) {
			return elsewhere(r.URL)
		}
		return nil
	}}
}

// useStages takes the stages in force and returns the source's value → stage.
func (s *Source) useStages() (map[string]store.ID, error) {
	stages := s.spec.Stages
	for i := range s.spec.Streams {
		if st := &s.spec.Streams[i]; st.Name == string(StreamStages) {
			if in, err := s.chosen(st); err == nil && in { // the API's own replace the file's
				s.openStages, stages = true, nil
			}
		}
	}
	if len(s.cfg.Stages) > 0 {
		s.openStages = false
		stages = s.cfg.Stages
		if err := validateStages(stages); err != nil {
			return nil, err
		}
	}
	values := map[string]store.ID{}
	known := map[string]bool{}
	var ids []string
	for _, st := range stages {
		kind, _ := store.ParseStageKind(st.Kind) // validated
		s.stages = append(s.stages, store.Stage{
			ID: store.ID(st.ID), Name: store.Clean(st.Name, store.MaxName), NameEn: store.Clean(st.NameEn, store.MaxName), Order: st.Order, Kind: kind,
			Probability: st.Probability,
		})
		ids = append(ids, st.ID)
		known[st.ID] = true
		values[st.ID] = store.ID(st.ID)
		for _, v := range st.Values {
			values[v] = store.ID(st.ID)
		}
	}
	var errs []error
	for _, v := range slices.Sorted(maps.Keys(s.cfg.StageValues)) {
		id := s.cfg.StageValues[v]
		if len(stages) > 0 && !known[id] {
			errs = append(errs, fmt.Errorf("stage_values.%s: stage %q is unknown: want one of %s", v, id, strings.Join(ids, ", ")))
		}
		values[v] = store.ID(id)
	}
	return values, errors.Join(errs...)
}

// chosen tells whether the settings let a stream in.
func (s *Source) chosen(st *Stream) (bool, error) {
	e, err := compile(st.If, "$vars")
	if err != nil || e == nil {
		return err == nil, err
	}
	v, err := e.one(context.Background(), nil, s.vars)
	return truth(v), err
}

// ID implements [source.Source].
func (s *Source) ID() store.SourceID { return s.id }

// Kind implements [source.Source]; it is the connector's name.
func (s *Source) Kind() string { return s.spec.Name }

// Requests implements [source.Counter]: those of the sign-in count too.
func (s *Source) Requests() int { return int(s.asked.Load()) }

// Verified tells what has checked the connector: real server, vendor specification, recorded shapes or nothing.
func (s *Source) Verified() string { return s.spec.Verified }

// Streams implements [source.Source]. The stages come first, unless the API itself has a stream of that name.
func (s *Source) Streams() []store.Stream {
	var all []store.Stream
	if s.ownStages() {
		all = append(all, StreamStages)
	}
	for _, st := range s.streams {
		all = append(all, st.name)
	}
	return all
}

func (s *Source) ownStages() bool { return len(s.stages) > 0 && s.stream(StreamStages) == nil }

func (s *Source) stream(name store.Stream) *stream {
	for _, st := range s.streams {
		if st.name == name {
			return st
		}
	}
	return nil
}

// decoder makes what reads the mapped objects of a stream.
func (s *Source) decoder(name string, stages map[string]store.ID, values map[string]map[string]string) *record.Decoder {
	return &record.Decoder{
		Source: s.id, Stream: store.Stream(name), Location: s.loc, Zone: s.zone, Currency: s.cfg.Currency, Stages: stages, OpenStages: s.openStages, Values: values,
	}
}
