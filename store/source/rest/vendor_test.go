package rest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// spoken is a built-in connector with a small stateful server that speaks as its vendor does.
type spoken struct {
	spec  string
	speak func() sourcetest.Speech
	wait  time.Duration // that Throttle means
	vars  map[string]string
	// deletes: a pass that asks for what changed brings deletions too.
	deletes bool
	repeats bool
	calm    bool
	nothing int               // requests of a pull of nothing: more than one where deleted or archived records have lists of their own
	faults  []sourcetest.Kind // beyond those that every HTTP server has
}

// dialects are those that are read by the contract suite and by Play.
func dialects() []spoken {
	return []spoken{
		salesforceSpoken(), dynamicsSpoken(), zohoSpoken(), hubspotSpoken(), pipedriveSpoken(),
		espoSpoken(), twentySpoken(), frappeSpoken(), erpnextSpoken(), shopifySpoken(),
	}
}

// open makes the connector as a configuration would, with every credential the canary. It reads deals only: that is what the suites look at.
func (v spoken) open(t testing.TB, url string, streams ...string) *Source {
	t.Helper()
	spec := loaded(t, v.spec)
	cfg := Config{
		ID: "crm", Spec: v.spec, URL: url, Currency: "CNY", TimeZone: "Asia/Shanghai", PageSize: 10, Streams: streams, Vars: needed(spec), Secrets: map[string]source.Secret{},
		StageValues: map[string]string{"Prospecting": "lead", "Closed Won": "won", "Closed Lost": "lost"},
	}
	maps.Copy(cfg.Vars, v.vars)
	if len(spec.Stages) > 0 { // replaced as a configuration does
		cfg.Stages, cfg.StageValues = fakeStages, nil
	}
	for _, name := range spec.auths()[0].secrets() {
		if ref, _ := secretFile(t, canary); name == "" {
			cfg.Token = ref
		} else {
			cfg.Secrets[name] = ref
		}
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.limiter = nil // what the vendor grants a second, or a day, is not what is tested
	for _, m := range s.meters.all {
		m.limit *= 1e6
	}
	s.meters.all = slices.DeleteFunc(s.meters.all, func(m *meter) bool { return m.Per == "" })
	if st := s.stream("deals"); st != nil {
		for _, p := range st.parts {
			p.Every = 0
		}
	}
	if st := s.stream("deals"); st != nil && st.list != nil {
		st.list.parts[0].Every = 0 // what was deleted is to be seen at once
	}
	return s
}

var specs sync.Map // that were read, by name

// loaded is a built-in spec, to be looked at only.
func loaded(t testing.TB, name string) *Spec {
	t.Helper()
	if s, ok := specs.Load(name); ok {
		return s.(*Spec)
	}
	s, err := LoadSpec(name)
	if err != nil {
		t.Fatal(err)
	}
	specs.Store(name, s)
	return s
}

// fakeStages are the stages of the kit's deals.
var fakeStages = []Stage{
	{ID: "lead", Name: "线索", Order: 1, Kind: "open", Values: []string{"Prospecting"}}, {ID: "won", Name: "赢单", Order: 8, Kind: "won", Values: []string{"Closed Won"}},
	{ID: "lost", Name: "输单", Order: 9, Kind: "lost", Values: []string{"Closed Lost"}},
}

// needed fills in the settings that have no default.
func needed(spec *Spec) map[string]string {
	vars := map[string]string{}
	for k := range spec.Needs {
		vars[k] = "x"
	}
	for k := range spec.auths()[0].Needs {
		vars[k] = "x"
	}
	return vars
}

func (v spoken) serve(t testing.TB) *sourcetest.Server {
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(v.speak())
	return srv
}

// passes reads a first pass of every stream but some, in which nothing may be an issue, and returns all that came.
func passes(t testing.TB, s *Source, but ...store.Stream) (all source.Page) {
	t.Helper()
	for _, st := range s.Streams() {
		c := store.Cursor("")
		for more := !slices.Contains(but, st); more; {
			p, err := s.Fetch(t.Context(), source.Request{Stream: st, Cursor: c, Now: monday})
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range p.Issues {
				t.Errorf("%s: %+v", st, i)
			}
			all.Append(&p.Records)
			all.Deleted = append(all.Deleted, p.Deleted...)
			c, more = p.Next, p.More
		}
	}
	return all
}

// Every built-in connector keeps the contract of a source with a server that speaks its vendor's dialect.
func TestContract_Vendors(t *testing.T) {
	for _, v := range dialects() {
		t.Run(v.spec, func(t *testing.T) {
			t.Parallel()
			sourcetest.Run(t, sourcetest.Harness{
				Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Secret: canary, Repeats: v.repeats, Wait: v.wait, Nothing: v.nothing,
				Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
					srv := v.serve(t)
					w := worldOn(srv, func() *Source { return v.open(t, srv.URL, "deals") }, n, rows)
					if v.deletes {
						w.Delete = func() store.ID {
							srv.Delete("deals", "deal", "3")
							return "crm:3"
						}
					}
					return w
				},
				Faults: append(slices.Clone(v.faults), sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden,
					sourcetest.Hang, sourcetest.Drip, sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties),
			})
		})
	}
}

// People work in each vendor's system whose answers go wrong in the vendor's own words, until store and system agree: see [sourcetest.Play].
func TestPlay_Vendors(t *testing.T) {
	for _, v := range dialects() {
		t.Run(v.spec, func(t *testing.T) {
			t.Parallel()
			rnd := storetest.Rand(t)
			srv := v.serve(t)
			s := system(t, srv, playSpec("keep", bearer))
			s.Open = func() source.Source { return v.open(t, srv.URL, "deals") }
			s.Archives, s.Merges, s.Calm = false, false, v.calm
			s.Faults = append(slices.Clone(v.faults), sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden,
				sourcetest.Hang, sourcetest.Drip)
			sourcetest.Play(t, rnd, s)
		})
	}
}

// grant answers a request for a token by OAuth 2 that shows the server's secret, in the body, as one of the credentials that grants need.
func grant(d *sourcetest.Desk, r *http.Request, more sourcetest.Row) sourcetest.Reply {
	if r.ParseForm() != nil || r.Form.Get("client_secret") != d.Secret() && r.Form.Get("refresh_token") != d.Secret() {
		return sourcetest.Reply{Status: http.StatusBadRequest, Body: sourcetest.Row{"error": "invalid_client", "error_description": "invalid client credentials"}}
	}
	out := sourcetest.Row{"access_token": d.Grant(), "token_type": "Bearer"}
	maps.Copy(out, more)
	return sourcetest.Reply{Body: out}
}

func bearerOf(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}
