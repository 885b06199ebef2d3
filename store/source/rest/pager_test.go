package rest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/storetest"
)

// readAll reads passes to their end: the cursor of the next one, what came and how many requests a pass may take at most.
func readAll(t testing.TB, s *Source, stream store.Stream, c store.Cursor, now time.Time, limit int) (store.Cursor, []string, []string, error) {
	t.Helper()
	var got, gone []string
	for range 1000 {
		p, err := s.Fetch(t.Context(), source.Request{Stream: stream, Cursor: c, Now: now, Limit: limit})
		if err != nil {
			return c, got, gone, err
		}
		for _, i := range p.Issues {
			t.Errorf("issue: %+v", i)
		}
		p.Refs(func(r store.Ref) bool {
			got = append(got, r.ID.Native())
			return true
		})
		for _, r := range p.Deleted {
			gone = append(gone, r.ID.Native())
		}
		if c = p.Next; !p.More {
			return c, got, gone, nil
		}
	}
	t.Fatal("no end")
	return "", nil, nil, nil
}

func distinct(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// item is a row of a server that sorts by (time, id).
type item struct {
	ID int
	At time.Time
}

func (i item) row() map[string]any {
	return map[string]any{"id": fmt.Sprintf("%05d", i.ID), "at": i.At.UTC().Format("2006-01-02T15:04:05.000Z")}
}

// ties makes n rows, k to each second, the last hour of them before monday.
func ties(n, k int) []item {
	var all []item
	for i := range n {
		all = append(all, item{i, monday.Add(time.Duration(i/k-n/k) * time.Second)})
	}
	return all
}

// A server in the manner of SOQL: a query text that the engine makes, answered by what stands in it.
const soqlSpec = `
name: soql
verified: nothing
streams:
  - name: deals
    path: query
    columns: [Id, At]
    query:
      q: "SELECT {columns} FROM D{? WHERE At >= {watermark}?}{? AND (At > {watermark} OR At = {watermark} AND Id > '{token}')?}{? AND At <= {until}?} ORDER BY At, Id LIMIT {limit}"
    rows: .records
    pager: {kind: key, key: .id, window: true}
    incremental: {field: .at, sorted: true, overlap: 10s}
    records: [{entity: deal, fields: {id: .id, modified: .at}}]
`

func soqlServer(t *testing.T, rows []item, asked *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.FormValue("q")
		if *asked = append(*asked, q); strings.ContainsAny(q, "{}?") {
			t.Errorf("a place was left open: %s", q)
		}
		cond := func(prefix, stop string) string {
			_, rest, ok := strings.Cut(q, prefix)
			if !ok {
				return ""
			}
			v, _, _ := strings.Cut(rest, stop)
			return v
		}
		from, key, limit := cond("At >= ", " "), cond("Id > '", "'"), cond("LIMIT ", " ")
		until := cond("At <= ", " ")
		n, _ := strconv.Atoi(limit)
		out := []any{}
		for _, it := range rows {
			o := it.row()
			at := o["at"].(string)
			from := strings.Replace(from, "Z", ".000Z", 1)
			if at < from && len(from) > 0 || key != "" && !(at > from || at == from && o["id"].(string) > key) || until != "" && at > strings.Replace(until, "Z", ".000Z", 1) {
				continue
			}
			if len(out) < n {
				out = append(out, o)
			}
		}
		w.Header().Set("Date", monday.Format(http.TimeFormat))
		_ = json.NewEncoder(w).Encode(map[string]any{"records": out})
	}
}

// (time, id) go on together: no row twice, none lost, however many share one time of change, and a pull of nothing is one request.
func TestPager_KeyTieBreak(t *testing.T) {
	for _, k := range []int{1, 7, 300} {
		var asked []string
		rows := ties(300, k)
		s := tiny(t, strings.Replace(soqlSpec, "\n    pager", "\n    limit: 40\n    pager", 1), soqlServer(t, rows, &asked))
		// The first pass has no watermark: the tie-break leans on From, which only an incremental pass has.
		c, got, _, err := readAll(t, s, "deals", cursor{V: cursorVersion, Mark: monday.Add(-time.Hour)}.String(), monday, 0)
		if err != nil {
			t.Fatalf("%d ties: %v", k, err)
		}
		if len(got) != 300 || len(distinct(got)) != 300 {
			t.Errorf("%d ties: %d rows came, %d of them different; want 300 once each", k, len(got), len(distinct(slices.Clone(got))))
		}
		asked = nil
		if _, _, _, err = readAll(t, s, "deals", c, monday.Add(time.Hour), 0); err != nil || len(asked) == 0 {
			t.Errorf("%d ties: %v", k, err)
		}
	}
}

// A row that somebody changes while we read comes again behind the others, also at the end of a page whose last row it was before, and after that once more: that is no
// circle, and its last state is what comes last.
func TestPager_KeyComesAgainLater(t *testing.T) {
	rng := storetest.Rand(t)
	for _, limit := range []int{1, 2, 7} {
		for _, edits := range []int{1, 3, 40} { // that many requests long somebody works: on the row that was read last, or on any
			var asked []string
			rows := ties(30, 4)
			answer := soqlServer(t, rows, &asked)
			requests := 0
			s := tiny(t, soqlSpec, func(w http.ResponseWriter, r *http.Request) {
				answer(w, r)
				if requests++; requests > edits {
					return
				}
				i := rng.IntN(len(rows))
				if _, key, ok := strings.Cut(asked[len(asked)-1], "Id > '"); ok && rng.IntN(2) == 0 {
					last, _ := strconv.Atoi(key[:5])
					i = slices.IndexFunc(rows, func(it item) bool { return it.ID == last })
				}
				rows[i].At = monday.Add(time.Duration(requests) * time.Second)
				slices.SortFunc(rows, func(x, y item) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID, y.ID)) })
			})
			seen := map[string]string{}
			c := store.Cursor("")
			for n := 0; ; n++ {
				p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Now: monday, Limit: limit})
				if err != nil || n > 200 {
					t.Fatalf("limit %d, %d edits: request %d: %v", limit, edits, requests, err)
				}
				for _, d := range p.Records.Deals {
					seen[d.ID.Native()] = d.Modified.UTC().Format(time.DateTime)
				}
				if c = p.Next; !p.More {
					break
				}
			}
			for _, it := range rows {
				if o := it.row(); seen[o["id"].(string)] != it.At.UTC().Format(time.DateTime) {
					t.Errorf("limit %d, %d edits: %v came last as of %q", limit, edits, o, seen[o["id"].(string)])
				}
			}
		}
	}
}

// A server that gives its pages in a circle, whatever it is asked, is found out, be the circle long or short, and whether time goes on in it or not.
func TestPager_KeyCircle(t *testing.T) {
	for _, spec := range []string{soqlSpec, strings.NewReplacer(", window: true", "", "sorted: true, ", "").Replace(soqlSpec)} {
		for _, pages := range []int{1, 2, 3, 5, 17} {
			for _, k := range []int{1, 100} {
				rows, requests := ties(2*pages, k), 0
				s := tiny(t, spec, func(w http.ResponseWriter, _ *http.Request) {
					i := 2 * (requests % pages)
					requests++
					_ = json.NewEncoder(w).Encode(map[string]any{"records": []any{rows[i].row(), rows[i+1].row()}})
				})
				if _, _, _, err := readAll(t, s, "deals", "", monday, 2); !errors.Is(err, errLoop) || requests > 4*pages+4 {
					t.Errorf("%d pages, %d rows to a second: %v after %d requests", pages, k, err, requests)
				}
			}
		}
	}
}

// From nothing as well: the conditions that need a watermark are left out of the first request and stand in all others.
func TestPager_KeyFromNothing(t *testing.T) {
	var asked []string
	s := tiny(t, soqlSpec, soqlServer(t, ties(95, 3), &asked))
	_, got, _, err := readAll(t, s, "deals", "", monday, 10)
	if err != nil || len(distinct(got)) != 95 || len(got) != 95 {
		t.Errorf("%d rows, %v", len(got), err)
	}
	if asked[0] != "SELECT Id,At FROM D ORDER BY At, Id LIMIT 10" {
		t.Errorf("first request: %s", asked[0])
	}
}

// Custom fields that the configuration names are asked for and kept.
func TestColumns_Extra(t *testing.T) {
	var asked string
	spec := specFile(t, soqlSpec)
	srv := tiny(t, soqlSpec, func(w http.ResponseWriter, r *http.Request) {
		asked = r.FormValue("q")
		_, _ = w.Write([]byte(`{"records":[{"id":"1","Budget__c":"12345678901234567.89","Owner":{"Team__c":"华东"},"a.b":"exact","empty":null}]}`))
	})
	s, err := New(Config{ID: "crm", Spec: spec, URL: srv.base.String(), Extra: map[string][]string{"deals": {"Budget__c", "Owner.Team__c", "a.b", "empty"}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err != nil || len(p.Deals) != 1 {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Deals[0].Extra); got != "map[Budget__c:12345678901234567.89 Owner.Team__c:华东 a.b:exact]" {
		t.Errorf("extra %s", got)
	}
	if !strings.HasPrefix(asked, "SELECT Id,At,Budget__c,Owner.Team__c,a.b,empty FROM") {
		t.Errorf("asked %s", asked)
	}
}

// Kingdee's answers are lists of values in the order that was asked for, and a custom field is one column more.
func TestColumns_Positions(t *testing.T) {
	spec := specFile(t, `
name: k3
verified: nothing
vars: {form: SAL_OPP}
streams:
  - name: deals
    path: ExecuteBillQuery
    columns: [FID, "FCustId.FNumber", FAmount]
    body: '{data: {FormId: $vars.form, FieldKeys: ($columns | join(",")), StartRow: $offset, Limit: $limit}}'
    rows: .
    pager: {kind: offset}
    records: [{entity: deal, fields: {id: .FID, account: '."FCustId.FNumber"', amount: '.["FAmount"]'}, custom: '{third: .FAmount, none: null, list: [1]}'}]
`)
	var bodies []string
	srv := tiny(t, tinySpec, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		if strings.Contains(string(b), `"StartRow":0`) {
			_, _ = w.Write([]byte(`[[100001,"C7",12345678901234567.89,"华东"],[100002,"C8",null,""]]`))
			return
		}
		_, _ = w.Write([]byte(`[]`))
	})
	s, err := New(Config{ID: "crm", Spec: spec, URL: srv.base.String(), Currency: "CNY", Extra: map[string][]string{"deals": {"F_Region"}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err != nil || len(p.Deals) != 2 || len(p.Issues) != 0 {
		t.Fatalf("%v, %+v", err, p.Issues)
	}
	d := p.Deals[0]
	if d.ID != "crm:100001" || d.Account != "crm:C7" || d.Amount.String() != "12345678901234567.89 CNY" || fmt.Sprint(d.Extra) != "map[F_Region:华东 third:12345678901234567.89]" {
		t.Errorf("%+v", d)
	}
	if !strings.Contains(bodies[0], `"FieldKeys":"FID,FCustId.FNumber,FAmount,F_Region"`) {
		t.Errorf("asked %s", bodies[0])
	}
	if !p.More {
		t.Error("a short page is no proof of the end")
	}
}

// OData: nextLink within a pass, deltaLink for the next one, tombstones among the rows, 410 when the server has forgotten.
func TestPager_Delta(t *testing.T) {
	var asked []string
	var s *Source
	forgotten := false
	s = tiny(t, `
name: odata
verified: nothing
streams:
  - name: deals
    path: api/opportunities
    headers: {Prefer: "odata.track-changes,odata.maxpagesize={limit}"}
    rows: .value
    pager: {kind: link, next: '."@odata.nextLink"', delta: '."@odata.deltaLink"'}
    records: [{entity: deal, fields: {id: '.opportunityid // .id'}, deleted: '.reason == "deleted"'}]
`, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		if r.Header.Get("Prefer") != "odata.track-changes,odata.maxpagesize=50" {
			t.Errorf("Prefer: %q", r.Header.Get("Prefer"))
		}
		here := "http://" + r.Host
		switch {
		case forgotten:
			w.WriteHeader(http.StatusGone)
		case r.FormValue("$deltatoken") == "d2":
			fmt.Fprintf(w, `{"value":[],"@odata.deltaLink":"%s/api/opportunities?$deltatoken=d2"}`, here)
		case r.FormValue("$deltatoken") == "d1":
			fmt.Fprintf(w, `{"value":[{"opportunityid":"3"},{"@odata.context":"x/$deletedEntity","id":"1","reason":"deleted"}],"@odata.deltaLink":"%s/api/opportunities?$deltatoken=d2"}`, here)
		case r.FormValue("$skiptoken") != "":
			fmt.Fprintf(w, `{"value":[{"opportunityid":"2"}],"@odata.deltaLink":"%s/api/opportunities?$deltatoken=d1"}`, here)
		default:
			fmt.Fprintf(w, `{"value":[{"opportunityid":"1"}],"@odata.nextLink":"%s/api/opportunities?$skiptoken=s"}`, here)
		}
	})
	c, got, gone, err := readAll(t, s, "deals", "", monday, 50)
	if err != nil || fmt.Sprint(got, gone) != "[1 2] []" {
		t.Fatalf("first pass: %v %v, %v", got, gone, err)
	}
	c, got, gone, err = readAll(t, s, "deals", c, monday, 50)
	if err != nil || fmt.Sprint(got, gone) != "[3] [1]" {
		t.Fatalf("second pass: %v %v, %v", got, gone, err)
	}
	before := len(asked)
	if c, got, _, err = readAll(t, s, "deals", c, monday, 50); err != nil || len(got) != 0 || len(asked) != before+1 {
		t.Errorf("nothing new: %v, %v, %d requests", got, err, len(asked)-before)
	}
	forgotten = true
	if _, _, _, err = readAll(t, s, "deals", c, monday, 50); !errors.Is(err, source.ErrExpired) {
		t.Errorf("forgotten: %v", err)
	}
}

// More rows of one time of change than the server lets out for a query are read by key.
func TestPager_MoreTiesThanCap(t *testing.T) {
	const spec = `
name: capped
verified: nothing
streams:
  - name: deals
    path: search
    body: |
      if $tie then {eq: $tie, after_id: $token, sort: "id", limit: $limit}
      else {since: $watermark, after: ($token // "0"), sort: "at", limit: $limit} end
    rows: .data
    limit: 10
    pager: {kind: token, next: .next, cap: 30, window: true, tie: .id}
    incremental: {field: .at, sorted: true, overlap: 1s}
    records: [{entity: deal, fields: {id: .id}}]
`
	for _, k := range []int{1, 29, 100, 200} {
		rows := ties(200, k)
		requests := 0
		s := tiny(t, spec, func(w http.ResponseWriter, r *http.Request) {
			var q struct {
				Eq, Since, After string
				AfterID          string `json:"after_id"`
				Limit            int
			}
			requests++
			_ = json.NewDecoder(r.Body).Decode(&q)
			off, _ := strconv.Atoi(q.After)
			if q.Eq == "" && off+q.Limit > 30 {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			match := []any{}
			for _, it := range rows {
				o := it.row()
				parse := func(v string) time.Time { t, _ := time.Parse(time.RFC3339, v); return t }
				if q.Eq != "" && (!it.At.Equal(parse(q.Eq)) || o["id"].(string) <= q.AfterID) || q.Eq == "" && it.At.Before(parse(q.Since)) {
					continue
				}
				match = append(match, o)
			}
			out := map[string]any{"data": match[min(off, len(match)):min(off+q.Limit, len(match))]}
			if q.Eq == "" && off+q.Limit < len(match) {
				out["next"] = strconv.Itoa(off + q.Limit)
			}
			_ = json.NewEncoder(w).Encode(out)
		})
		_, got, _, err := readAll(t, s, "deals", "", monday, 10)
		if err != nil || len(distinct(got)) != 200 {
			t.Errorf("%d ties: %d of 200 rows, %v, %d requests", k, len(distinct(got)), err, requests)
		}
	}
}

// Where rows are not sorted by change, a window with more rows than the cap is halved until it fits.
func TestPager_WindowIsSplit(t *testing.T) {
	const spec = `
name: capped
verified: nothing
streams:
  - name: deals
    path: search
    query: {since: "{watermark}", until: "{until}", offset: "{offset}", limit: "{limit}"}
    rows: .data
    total: .total
    limit: 10
    pager: {kind: offset, cap: 30}
    incremental: {field: .at, overlap: 1s, format: unix}
    records: [{entity: deal, fields: {id: .id}}]
`
	for _, tt := range []struct {
		n, k int
		ok   bool
	}{{20, 1, true}, {300, 1, true}, {300, 12, true}, {300, 40, false}} {
		rows := ties(tt.n, tt.k)
		s := tiny(t, spec, func(w http.ResponseWriter, r *http.Request) {
			num := func(k string) int64 { n, _ := strconv.ParseInt(r.FormValue(k), 10, 64); return n }
			off, limit := int(num("offset")), int(num("limit"))
			if off+limit > 30 {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			match := []any{}
			for i := range rows { // in no order of time
				it := rows[(i*7919)%len(rows)]
				if it.At.Unix() >= num("since") && (r.FormValue("until") == "" || it.At.Unix() <= num("until")) {
					match = append(match, it.row())
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"data": match[min(off, len(match)):min(off+limit, len(match))], "total": len(match)})
		})
		_, got, _, err := readAll(t, s, "deals", "", monday, 10)
		if tt.ok && (err != nil || len(distinct(got)) != tt.n) || !tt.ok && (err == nil || !strings.Contains(err.Error(), "same time of change")) {
			t.Errorf("%+v: %d rows, %v", tt, len(distinct(got)), err)
		}
	}
}

// A feed of deletions has a watermark of its own: as far as the server says, in windows as long as it accepts, and never beyond what it remembers.
func TestFeed(t *testing.T) {
	const spec = `
name: sf
verified: nothing
streams:
  - name: deals
    incremental: {field: .at, overlap: 1m}
    rows: .records
    records: [{entity: deal, fields: {id: .id}}]
    parts:
      - {path: deals, query: {since: "{watermark}"}}
      - path: deleted
        only: incremental
        query: {start: "{watermark}", end: "{until}"}
        rows: .deletedRecords
        feed: {mark: .latestDateCovered, span: 360h, keep: 720h}
        records: [{entity: deal, fields: {id: .id}, deleted: "true"}]
`
	var windows []string
	covered := monday.Add(-time.Hour)
	s := tiny(t, spec, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "") // none: the syncer's clock counts
		if r.URL.Path == "/deals" {
			_, _ = w.Write([]byte(`{"records":[{"id":1,"at":"2026-02-01T00:00:00Z"}]}`))
			return
		}
		windows = append(windows, r.FormValue("start")+" "+r.FormValue("end"))
		fmt.Fprintf(w, `{"deletedRecords":[{"id":"d%d"}],"latestDateCovered":%q}`, len(windows), covered.Format("2006-01-02T15:04:05.000+0000"))
	})
	c, _, gone, err := readAll(t, s, "deals", "", monday, 0)
	if err != nil || len(gone) != 0 || len(windows) != 0 {
		t.Fatalf("first pass: %v, %v", gone, err)
	}
	// A day later: one window, from the beginning of the full pass; the server has got to half an hour before.
	covered = monday.Add(24*time.Hour - 30*time.Minute)
	c, _, gone, err = readAll(t, s, "deals", c, monday.Add(24*time.Hour), 0)
	if err != nil || !slices.Equal(gone, []string{"d1"}) || windows[0] != "2026-03-02T07:59:00Z 2026-03-03T08:00:00Z" {
		t.Fatalf("second pass: %v, %q, %v", gone, windows, err)
	}
	// Twenty days later: more than one window may be long; it begins where the server had got to.
	later := monday.Add(21 * 24 * time.Hour)
	covered = later
	c, _, gone, err = readAll(t, s, "deals", c, later, 0)
	if err != nil || len(gone) != 2 || windows[1] != "2026-03-03T07:29:00Z 2026-03-18T07:29:00Z" || windows[2] != "2026-03-18T07:29:00Z 2026-03-23T08:00:00Z" {
		t.Fatalf("third pass: %v, %q, %v", gone, windows[1:], err)
	}
	// Forty days later the server has forgotten: everything is read anew.
	if _, _, _, err = readAll(t, s, "deals", c, later.Add(40*24*time.Hour), 0); !errors.Is(err, source.ErrExpired) {
		t.Errorf("beyond its memory: %v", err)
	}
}

// DingTalk's way: departments one level at a time, then the people of every department found.
const walkSpec = `
name: org
verified: nothing
streams:
  - name: people
    carries: [unit, person]
    parts:
      - path: dept
        body: '{dept_id: ($id | tonumber)}'
        rows: .result
        each: {start: "[1]", walk: true}
        collect: .dept_id
        records: [{entity: unit, fields: {id: '"d" + (.dept_id | tostring)', name: .name}}]
      - path: user
        body: '{dept_id: ($id | tonumber), cursor: ($token // "0" | tonumber)}'
        rows: .list
        pager: {kind: token, next: .next_cursor, more: .has_more}
        each: {}
        records: [{entity: person, fields: {id: .userid, unit: '"d" + (.dept | tostring)'}}]
`

func TestEach_WalksATree(t *testing.T) {
	children := map[int][]int{1: {2, 3}, 2: {4}, 4: {5, 6, 1}, 3: {}} // with a circle
	asked := map[string]int{}
	s := tiny(t, walkSpec, func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Dept   int `json:"dept_id"`
			Cursor int
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		asked[fmt.Sprint(r.URL.Path, q.Dept, "/", q.Cursor)]++
		out := []any{}
		if r.URL.Path == "/dept" {
			if q.Dept == 6 { // deleted meanwhile
				w.WriteHeader(http.StatusNotFound)
				return
			}
			for _, c := range children[q.Dept] {
				out = append(out, map[string]any{"dept_id": c, "name": fmt.Sprint("部门", c)})
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"result": out})
			return
		}
		out = append(out, map[string]any{"userid": fmt.Sprintf("u%d-%d", q.Dept, q.Cursor), "dept": q.Dept})
		_ = json.NewEncoder(w).Encode(map[string]any{"list": out, "has_more": q.Cursor < 2 && q.Dept == 2, "next_cursor": q.Cursor + 1})
	})
	_, got, _, err := readAll(t, s, "people", "", monday, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"d1", "d2", "d3", "d4", "d5", "d6", "u1-0", "u2-0", "u2-1", "u2-2", "u3-0", "u4-0", "u5-0", "u6-0"}
	if got = distinct(got); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	requests := 0
	for k, n := range asked {
		if requests += n; n != 1 {
			t.Errorf("%s was asked %d times", k, n)
		}
	}
	if s.Requests() != requests {
		t.Errorf("%d requests were made, %d counted", requests, s.Requests())
	}
	if all := s.Carries("people"); !slices.Equal(all, []store.Entity{store.EntityUnit, store.EntityPerson}) {
		t.Errorf("carries %v", all)
	}
	// Few requests to a page, so that their rows make few commits; and the ids have their bound.
	s.streams[0].parts[0].Each.Max = 3
	if _, _, _, err := readAll(t, s, "people", "", monday, 0); err == nil || !strings.Contains(err.Error(), "each.max") {
		t.Errorf("bound: %v", err)
	}
}

// Pipedrive's way: a changelog per deal, page by page, attached to its deal.
func TestThen_Into(t *testing.T) {
	requests := 0
	s := tiny(t, `
name: pd
verified: nothing
streams:
  - name: deals
    path: deals
    rows: .data
    records:
      - {entity: deal, fields: {id: .id, name: .title}}
      - jq: '.id as $deal | .log[]? | {entity: "change", deal: $deal, field: "stage", from: .old, to: .new, at: .time}'
    then:
      path: deals/{id}/changelog
      query: {cursor: "{token}"}
      rows: .data
      into: log
      next: .next
      when: .stage_change_time
      cost: 20
`, func(w http.ResponseWriter, r *http.Request) {
		requests++
		switch {
		case r.URL.Path == "/deals":
			_, _ = w.Write([]byte(`{"data":[{"id":1,"title":"a","stage_change_time":"2026-01-01"},{"id":2,"title":"b"},{"id":3,"title":"c","stage_change_time":"2026-01-01"}]}`))
		case r.URL.Path == "/deals/1/changelog" && r.FormValue("cursor") == "":
			_, _ = w.Write([]byte(`{"data":[{"old":"a","new":"b","time":"2026-01-01T00:00:00Z"}],"next":"n"}`))
		case r.URL.Path == "/deals/1/changelog":
			_, _ = w.Write([]byte(`{"data":[{"old":"b","new":"c","time":"2026-01-02T00:00:00Z"}],"next":null}`))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err != nil || len(p.Deals) != 2 || len(p.Changes) != 2 || requests != 4 {
		t.Fatalf("%d deals, %d changes, %d requests, %v; want 2, 2, 4: one without history is not asked for, one that is gone is left out", len(p.Deals), len(p.Changes),
			requests, err)
	}
}

// The lines of many orders are asked for at once and find their order; paged, and an order without any keeps an empty list.
func TestThen_By(t *testing.T) {
	var asked []string
	s := tiny(t, `
name: orders
verified: nothing
streams:
  - name: sales
    path: orders
    rows: .data
    records:
      - jq: '.customer as $c | .day as $d | .lines[] | {entity: "sale", id: .id, account: $c, day: $d, amount: .amount}'
      - {entity: account, when: '.lines == []', fields: {id: .customer}}
    then:
      path: lines
      body: '{orders: [$rows[].id], after: $token}'
      size: 2
      rows: .lines
      into: lines
      by: .order
      next: .next
`, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/orders" {
			_, _ = w.Write([]byte(`{"data":[{"id":1,"customer":"a","day":"2026-01-01"},{"id":2,"customer":"b","day":"2026-01-02"},{"id":3,"customer":"c","day":"2026-01-03"}]}`))
			return
		}
		b, _ := io.ReadAll(r.Body)
		asked = append(asked, string(b))
		switch string(b) {
		case `{"after":null,"orders":[1,2]}`:
			_, _ = w.Write([]byte(`{"lines":[{"id":"1a","order":1,"amount":1},{"id":"2a","order":"2","amount":2},{"id":"9a","order":9,"amount":9}],"next":"x"}`))
		case `{"after":"x","orders":[1,2]}`:
			_, _ = w.Write([]byte(`{"lines":[{"id":"1b","order":1,"amount":3}]}`))
		default:
			_, _ = w.Write([]byte(`{"lines":[]}`))
		}
	})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "sales"})
	if err != nil || len(p.Sales) != 3 || len(asked) != 3 {
		t.Fatalf("%d sales after %q, %v", len(p.Sales), asked, err)
	}
	for i, want := range []string{"1a of a", "1b of a", "2a of b"} {
		if got := p.Sales[i].ID.Native() + " of " + p.Sales[i].Account.Native(); got != want {
			t.Errorf("sale %d is %s, want %s", i, got, want)
		}
	}
	if len(p.Accounts) != 1 || p.Accounts[0].ID != "crm:c" {
		t.Errorf("orders without lines: %+v", p.Accounts)
	}
}

// Functions of a file are called by its bodies, mappings and errors; what is no function is told when the file is read.
func TestSpec_Functions(t *testing.T) {
	text := `
name: f
verified: nothing
jq: |
  def ask($object): {object: $object};
  def title: .label // .name;
errors: [{status: 200, when: 'title == "wrong"', class: setup, message: title}]
streams:
  - name: deals
    path: query
    body: ask("deal")
    rows: .data
    records: [{entity: deal, fields: {id: .id, name: title}}]
`
	answer := `{"data":[{"id":1,"name":"a","label":"A"},{"id":2,"name":"b"}]}`
	s := tiny(t, text, func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); string(b) != `{"object":"deal"}` {
			t.Errorf("asked %s", b)
		}
		_, _ = w.Write([]byte(answer))
	})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err != nil || len(p.Deals) != 2 || p.Deals[0].Name != "A" || p.Deals[1].Name != "b" {
		t.Errorf("%+v, %v", p.Deals, err)
	}
	answer = `{"name":"wrong"}`
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); !errors.Is(err, source.ErrSetup) || !strings.Contains(err.Error(), "wrong") {
		t.Errorf("errors: %v", err)
	}
	for _, bad := range []string{"def title: ", "def title: .a; .b"} {
		if _, err := ParseSpec("f", []byte("name: f\nverified: nothing\njq: '"+bad+"'\nstreams: [{name: deals, path: x, rows: .data, records: [{entity: deal, fields: {id: .id}}]}]")); err == nil ||
			!strings.Contains(err.Error(), "jq: want functions") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A program is compiled with the functions that it calls, also through others, in their order.
func TestFunctions_Needed(t *testing.T) {
	fs, err := readFunctions("def a: 1; def b: a + 1; def c: 3; def d($b): $b + b; def loop: if . > 3 then . else . + 1 | loop end;")
	if err != nil {
		t.Fatal(err)
	}
	for src, want := range map[string]string{"b": "a b", "d(2)": "a b d", "c | loop": "c loop", "map(.x)": "", ".a": "a"} {
		var got []string
		for _, d := range fs.needed(src) {
			got = append(got, d.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", src, got, want)
		}
	}
	e, err := compileWith(fs, "[d(2), (0 | loop)]")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := e.one(t.Context(), nil); err != nil || fmt.Sprint(v) != "[4 4]" {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := compileWith(fs, "e"); err == nil {
		t.Error("a function that is not there")
	}
}

// What exists is listed where the API does not tell what was deleted: all of it or an error, and not more often than the connector says.
func TestList(t *testing.T) {
	bad := false
	s := tiny(t, `
name: espo
verified: nothing
streams:
  - name: deals
    path: Opportunity
    query: {offset: "{offset}", maxSize: "{limit}", since: "{watermark}"}
    rows: .list
    total: .total
    pager: {kind: offset}
    incremental: {field: .modifiedAt, format: "2006-01-02 15:04:05", zone: UTC}
    list: {query: {select: id, offset: "{offset}", maxSize: "{limit}"}, limit: 10, every: 6h}
    records: [{entity: deal, fields: {id: .id}}]
  - name: accounts
    path: Account
    rows: .list
    records: [{entity: account, fields: {id: .id}}]
`, func(w http.ResponseWriter, r *http.Request) {
		var off, n int
		fmt.Sscan(r.FormValue("offset"), &off)
		fmt.Sscan(r.FormValue("maxSize"), &n)
		if r.FormValue("select") != "id" || r.FormValue("since") != "" {
			t.Errorf("asked %s", r.URL.RawQuery)
		}
		out := []any{}
		for i := off; i < min(off+n, 35); i++ {
			o := map[string]any{"id": fmt.Sprint("o", i)}
			if bad && i == 17 {
				o = map[string]any{}
			}
			out = append(out, o)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"list": out, "total": 35})
	})
	list := func() ([]string, error) {
		var all []string
		var c store.Cursor
		for range 20 {
			refs, next, err := s.List(t.Context(), "deals", c)
			if err != nil {
				return all, err
			}
			for _, r := range refs {
				if r.Entity != store.EntityDeal {
					t.Errorf("%+v", r)
				}
				all = append(all, r.ID.Native())
			}
			if c = next; next == "" {
				return all, nil
			}
		}
		return all, errors.New("no end")
	}
	if got, err := list(); err != nil || len(distinct(got)) != 35 {
		t.Errorf("%d, %v", len(got), err)
	}
	if _, err := list(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("again within six hours: %v", err)
	}
	if _, _, err := s.List(t.Context(), "accounts", ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a stream without a list: %v", err)
	}
	bad, s.listed.at = true, nil
	if _, err := list(); err == nil || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a row without its id must not pass for a deleted one: %v", err)
	}
}

// Times without a zone are the API's, days are the organisation's.
func TestZone_OfTheAPI(t *testing.T) {
	var since string
	spec := specFile(t, `
name: espo
verified: nothing
zone: UTC
streams:
  - name: deals
    path: d
    query: {since: "{watermark}"}
    rows: .list
    incremental: {field: .modifiedAt, format: "2006-01-02 15:04:05", overlap: 1m}
    records: [{entity: deal, fields: {id: .id, created: .createdAt, close: .closeDate, modified: .modifiedAt}}]
`)
	srv := tiny(t, tinySpec, func(w http.ResponseWriter, r *http.Request) {
		since = r.FormValue("since")
		_, _ = w.Write([]byte(`{"list":[{"id":1,"createdAt":"2026-01-31 20:00:00","closeDate":"2026-01-31","modifiedAt":"2026-02-01 00:30:00"}]}`))
	})
	s, err := New(Config{ID: "crm", Spec: spec, URL: srv.base.String(), TimeZone: "Asia/Shanghai"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil {
		t.Fatal(err)
	}
	d := p.Deals[0]
	if d.Created != store.Date(2026, 2, 1) || d.Close != store.Date(2026, 1, 31) || !d.Modified.Equal(time.Date(2026, 2, 1, 0, 30, 0, 0, time.UTC)) {
		t.Errorf("created %v, close %v, modified %v", d.Created, d.Close, d.Modified)
	}
	if _, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday, Cursor: p.Next}); err != nil || since != "2026-02-01 00:29:00" {
		t.Errorf("asked since %q, %v", since, err)
	}
}
