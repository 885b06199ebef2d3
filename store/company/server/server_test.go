package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata"

	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/source"
	"flightdeck/store/source/rest"
)

var noon = time.Date(2026, 11, 24, 7, 30, 0, 0, time.UTC)

const token = "let-me-in"

func made(t testing.TB, size company.Size) (*Server, *store.Records) {
	t.Helper()
	cfg := company.Config{Seed: 4, Now: noon, Size: size}
	c, err := company.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	twin, err := company.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := New(c, token)
	now := noon
	s.now = func() time.Time { now = now.Add(2 * time.Second); return now }
	return s, twin.Take()
}

var little = company.Size{Regions: 2, Teams: 2, Reps: 6, Accounts: 40, Deals: 200, Touches: 2500, Sales: 400, Quarters: 4, Months: 6}

func ask(s *Server, method, path, bearer string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	if bearer != "" {
		r.Header.Set("Authorization", bearer)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestServer_Refuses(t *testing.T) {
	s, _ := made(t, little)
	for _, tc := range []struct {
		name, method, path, bearer string
		status                     int
	}{
		{"no token", "GET", "/v1/deals", "", 401},
		{"wrong token", "GET", "/v1/deals", "Bearer nonsense", 401},
		{"token without scheme", "GET", "/v1/deals", token, 401},
		{"unknown stream", "GET", "/v1/secrets", "Bearer " + token, 404},
		{"no stream", "GET", "/", "Bearer " + token, 404},
		{"write", "POST", "/v1/deals", "Bearer " + token, 405},
		{"limit in words", "GET", "/v1/deals?limit=many", "Bearer " + token, 400},
		{"limit zero", "GET", "/v1/deals?limit=0", "Bearer " + token, 400},
		{"cursor of another life", "GET", "/v1/deals?cursor=ABCDEFGHIJKL-0-5", "Bearer " + token, 410},
		{"cursor beyond the end", "GET", "/v1/deals?cursor=" + s.life + "-0-99999", "Bearer " + token, 410},
		{"cursor before itself", "GET", "/v1/deals?cursor=" + s.life + "-5-2", "Bearer " + token, 410},
		{"negative cursor", "GET", "/v1/deals?cursor=" + s.life + "--1-2", "Bearer " + token, 410},
		{"all well", "GET", "/v1/deals?limit=3", "Bearer " + token, 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(s, tc.method, tc.path, tc.bearer)
			if w.Code != tc.status {
				t.Errorf("status %d; want %d: %s", w.Code, tc.status, w.Body)
			}
			if strings.Contains(w.Body.String(), token) {
				t.Error("the answer repeats the token")
			}
		})
	}
	c, err := company.New(company.Config{Now: noon, Size: little})
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(New(c, ""), "GET", "/v1/deals", "Bearer "); w.Code != 401 {
		t.Errorf("a server without a token let somebody in: %d", w.Code)
	}
}

type got struct {
	Data []struct {
		ID string `json:"id"`
	} `json:"data"`
	Deleted []ref  `json:"deleted"`
	Next    string `json:"next"`
	More    bool   `json:"more"`
	Total   int    `json:"total"`
}

func read(t *testing.T, s *Server, path string) (g got) {
	t.Helper()
	w := ask(s, "GET", path, "Bearer "+token)
	if err := json.Unmarshal(w.Body.Bytes(), &g); err != nil || w.Code != 200 {
		t.Fatalf("%s: %d %v %s", path, w.Code, err, w.Body)
	}
	return g
}

// TestServer_RowsThatMoveDuringAPass: a client that reads page by page while the company lives ends with exactly what the server has.
func TestServer_RowsThatMoveDuringAPass(t *testing.T) {
	s, _ := made(t, little)
	for _, stream := range []store.Stream{"deals", "touches"} {
		have, next := map[string]bool{}, ""
		for pages := 0; ; pages++ {
			g := read(t, s, "/v1/"+string(stream)+"?limit=37&cursor="+next)
			for _, d := range g.Data {
				have[d.ID] = true
			}
			for _, d := range g.Deleted {
				delete(have, d.ID)
			}
			if len(g.Data)+len(g.Deleted) > 37 {
				t.Fatalf("%d rows on a page of 37", len(g.Data))
			}
			if next = g.Next; !g.More {
				break
			}
			if pages < 60 {
				for range 5 {
					s.Step()
				}
			}
		}
		if len(have) != s.Count(stream) {
			t.Errorf("%s: the client has %d, the server %d", stream, len(have), s.Count(stream))
		}
		if g := read(t, s, "/v1/"+string(stream)+"?cursor="+next); len(g.Data) != 0 || g.More || g.Next != next {
			t.Errorf("%s: nothing changed, yet the next pass brings %d rows and moves the cursor from %s to %s", stream, len(g.Data), next, g.Next)
		}
	}
}

func TestTable_DroppedAndPutAgain(t *testing.T) {
	key := func(v *store.Touch) store.ID { return v.ID }
	tb := newTable(store.EntityTouch, []store.Touch{{ID: "x:1"}, {ID: "x:2"}}, key, func(v *store.Touch) string { return string(v.ID) })
	if !tb.drop("x:1") || tb.drop("x:1") || tb.drop("x:9") || tb.count() != 1 {
		t.Errorf("after dropping one of two, %d are left", tb.count())
	}
	tb.put([]store.Touch{{ID: "x:1"}})
	var a answer
	write, next := tb.page(0, 10)
	b, err := write(&a)
	if err != nil || next != 4 || tb.count() != 2 || !strings.Contains(string(b), `"data":["x:2","x:1"],"deleted":[]`) {
		t.Errorf("page %s up to %d of %d rows, error %v", b, next, tb.count(), err)
	}
}

func source1(t testing.TB, s *Server, url string) *rest.Source {
	t.Helper()
	src, err := rest.New(rest.Config{
		ID: "demo", Spec: "demo", URL: url, TimeZone: company.TimeZone, Credential: func() (string, error) { return token, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// pull reads a stream from a cursor to the end of the pass.
func pull(t testing.TB, src *rest.Source, stream store.Stream, from store.Cursor) (store.Records, []store.Ref, store.Cursor, bool) {
	t.Helper()
	var all store.Records
	var gone []store.Ref
	for {
		p, err := src.Fetch(context.Background(), source.Request{Stream: stream, Cursor: from, Now: noon})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Issues) > 0 {
			t.Fatalf("%s: %+v", stream, p.Issues[0])
		}
		all.Append(&p.Records)
		gone = append(gone, p.Deleted...)
		if from = p.Next; !p.More {
			return all, gone, from, p.Full
		}
	}
}

// TestServer_ThroughTheRestSource: what comes out of the ordinary source is what the generator made, field by field, and after some steps exactly what
// these changed.
func TestServer_ThroughTheRestSource(t *testing.T) {
	s, want := made(t, little)
	url, err := s.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	src := source1(t, s, url)
	if err := src.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(src.Streams(), s.Streams()) {
		t.Fatalf("the connector reads %v; the server has %v", src.Streams(), s.Streams())
	}
	cursors := map[store.Stream]store.Cursor{}
	var have store.Records
	for _, stream := range src.Streams() {
		r, gone, next, full := pull(t, src, stream, "")
		if len(gone) > 0 || !full || next == "" {
			t.Errorf("%s: first pass with %d tombstones, full %v, cursor %q", stream, len(gone), full, next)
		}
		have.Append(&r)
		cursors[stream] = next
	}
	same(t, &have, want)

	steps := store.Delta{}
	for range 300 {
		d := s.Step()
		steps.Append(&d.Records)
		steps.Deleted = append(steps.Deleted, d.Deleted...)
	}
	newest := latest(&steps)
	var later store.Records
	var gone []store.Ref
	for _, stream := range src.Streams() {
		r, g, next, full := pull(t, src, stream, cursors[stream])
		if full {
			t.Errorf("%s: the second pass read everything", stream)
		}
		later.Append(&r)
		gone = append(gone, g...)
		cursors[stream] = next
	}
	if later.Len() < 200 || len(gone) == 0 {
		t.Errorf("300 steps brought %d records and %d tombstones", later.Len(), len(gone))
	}
	same(t, &later, newest)
	if !reflect.DeepEqual(byID(gone), byID(steps.Deleted)) {
		t.Errorf("tombstones %v; want %v", gone, steps.Deleted)
	}
	for _, stream := range src.Streams() {
		if r, g, _, _ := pull(t, src, stream, cursors[stream]); r.Len()+len(g) > 0 {
			t.Errorf("%s: nothing happened, yet %d records came", stream, r.Len()+len(g))
		}
	}
}

func byID(refs []store.Ref) map[store.Ref]bool {
	m := map[store.Ref]bool{}
	for _, r := range refs {
		m[r] = true
	}
	return m
}

// latest keeps of several versions of a deal the last, and leaves out what was deleted again.
func latest(d *store.Delta) *store.Records {
	r := d.Records
	r.Deals = nil
	seen := map[store.ID]bool{}
	for i := len(d.Deals) - 1; i >= 0; i-- {
		if !seen[d.Deals[i].ID] {
			seen[d.Deals[i].ID] = true
			r.Deals = append(r.Deals, d.Deals[i])
		}
	}
	gone := byID(d.Deleted)
	r.Touches = slices.DeleteFunc(slices.Clone(d.Touches), func(t store.Touch) bool { return gone[store.Ref{Entity: store.EntityTouch, ID: t.ID}] })
	return &r
}

// same compares two bags of records whatever their order.
func same(t *testing.T, have, want *store.Records) {
	t.Helper()
	a, b := lines(t, have), lines(t, want)
	if len(a) != len(b) {
		t.Errorf("%d records; want %d", len(a), len(b))
	}
	bad := 0
	for ref, line := range b {
		if a[ref] != line {
			if bad++; bad <= 5 {
				t.Errorf("%v arrived as\n%s\nwant\n%s", ref, a[ref], line)
			}
		}
	}
}

func lines(t *testing.T, r *store.Records) map[store.Ref]string {
	t.Helper()
	m := map[store.Ref]string{}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		rows := v.Field(i)
		if rows.Kind() != reflect.Slice {
			continue
		}
		for k := range rows.Len() {
			row := rows.Index(k)
			b, err := json.Marshal(row.Interface())
			if err != nil {
				t.Fatal(err)
			}
			id := row.FieldByName("ID")
			m[store.Ref{Entity: store.Entity(i + 1), ID: store.ID(id.String())}] = string(b)
		}
	}
	return m
}

func TestServer_AnotherLifeExpiresTheCursor(t *testing.T) {
	a, _ := made(t, little)
	b, _ := made(t, little)
	url, err := a.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _, next, _ := pull(t, source1(t, a, url), "deals", "")
	if url, err = b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := source1(t, b, url).Fetch(t.Context(), source.Request{Stream: "deals", Cursor: next}); !errors.Is(err, source.ErrExpired) {
		t.Errorf("a cursor of another life: %v; want %v", err, source.ErrExpired)
	}
	wrong, err := rest.New(rest.Config{ID: "demo", Spec: "demo", URL: url, Credential: func() (string, error) { return "nonsense", nil }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Fetch(t.Context(), source.Request{Stream: "deals"}); !errors.Is(err, source.ErrAuth) {
		t.Errorf("a wrong token: %v; want %v", err, source.ErrAuth)
	}
}

func TestServer_StartEndsWithItsContext(t *testing.T) {
	s, _ := made(t, little)
	ctx, cancel := context.WithCancel(t.Context())
	url, err := s.Start(ctx)
	if err != nil || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("started at %q, %v", url, err)
	}
	cancel()
	for range 500 {
		r, err := http.Get(url + "/v1/deals")
		if err != nil {
			return
		}
		r.Body.Close()
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the server still answers after its context ended")
}

func TestServer_Lives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := made(t, little)
		ctx, cancel := context.WithCancel(t.Context())
		s.Live(ctx, 0)
		time.Sleep(time.Hour)
		before := s.Count("changes") + s.Count("touches")
		s.Live(ctx, 2*time.Second)
		time.Sleep(10 * time.Minute)
		after := s.Count("changes") + s.Count("touches")
		if after < before+100 {
			t.Errorf("in ten minutes %d changes and touches became %d", before, after)
		}
		cancel()
		synctest.Wait()
		time.Sleep(time.Hour)
		if n := s.Count("changes") + s.Count("touches"); n != after {
			t.Errorf("after its end it went from %d to %d", after, n)
		}
	})
}

func TestServer_PanicInAStepIsToldToClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := made(t, little)
		s.now = func() time.Time { panic("no clock") }
		s.Live(t.Context(), time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
		w := ask(s, "GET", "/v1/deals", "Bearer "+token)
		if w.Code != 500 || !strings.Contains(w.Body.String(), "no clock") || strings.Contains(w.Body.String(), "goroutine") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if s.Err() == nil {
			t.Error("Err says all is well")
		}
	})
}

func FuzzCursor(f *testing.F) {
	s := &Server{life: "LIFE"}
	for _, seed := range []string{"", "LIFE-0-0", "LIFE-3-7", "LIFE-7-3", "LIFE--1-2", "LIFE-1", "OTHER-0-0", "LIFE-0-99999999999999999999", "LIFE-+1-2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const end = 50
		c, ok := s.parse(text, end)
		if !ok {
			return
		}
		if c.begin < 0 || c.begin > c.at || c.at > end {
			t.Fatalf("%q was read as %+v", text, c)
		}
		if again, ok := s.parse(s.cursor(c), end); !ok || again != c {
			t.Fatalf("%q was read as %+v, and its own cursor as %+v", text, c, again)
		}
	})
}

// BenchmarkServeDemo guards the first pull: the whole demo company written as JSON.
func BenchmarkServeDemo(b *testing.B) {
	s, _ := made(b, company.Demo)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, stream := range s.Streams() {
			for from := 0; from < s.tables[stream].end(); {
				write, next := s.tables[stream].page(from, MaxLimit)
				body, err := write(&answer{})
				if err != nil {
					b.Fatal(err)
				}
				n, from = n+len(body), next
			}
		}
		b.SetBytes(int64(n))
	}
}

// BenchmarkPullDemo is the same through HTTP and the ordinary source.
func BenchmarkPullDemo(b *testing.B) {
	s, _ := made(b, company.Demo)
	url, err := s.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	src := source1(b, s, url)
	for b.Loop() {
		for _, stream := range src.Streams() {
			pull(b, src, stream, "")
		}
	}
}

func TestLater_FoundsOnceWhenAsked(t *testing.T) {
	times := 0
	s := Later(func() (*company.Company, error) {
		times++
		return company.New(company.Config{Seed: 5, Now: noon, Size: little})
	}, "t")
	if times != 0 {
		t.Fatal("founded before anybody asked")
	}
	if s.Step(); s.Count("deals") == 0 || len(s.Streams()) == 0 || times != 1 {
		t.Errorf("%d deals after %d foundings", s.Count("deals"), times)
	}
}

func TestLater_AFailureIsEveryAnswer(t *testing.T) {
	s := Later(func() (*company.Company, error) { return nil, errors.New("no seed") }, "t")
	if d := s.Step(); d.Len() != 0 {
		t.Errorf("a company that never began did %v", d)
	}
	w := ask(s, http.MethodGet, "/v1/deals", "Bearer t")
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "no seed") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
