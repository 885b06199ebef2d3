package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// playSpec is a connector for one dialect of the kit's server.
func playSpec(dialect, auth string) string {
	query, pager, sorted := `since: "{watermark}", until: "{until}", limit: "{limit}"`, "", ""
	switch dialect {
	case "keep":
		return head(auth) + `
  - name: deals
    path: keep/deals
    query: {cursor: "{token}", limit: "{limit}"}
    rows: .data
    total: .total
    pager: {kind: token, next: .next, more: .more, keep: true}
    deleted: {rows: .deleted, entity: .entity, id: .id}
` + fields
	case "window":
		query, pager, sorted = query+`, offset: "{offset}"`, "{kind: offset, window: true}", ", sorted: true"
		dialect = "offset"
	case "seek", "token":
		query, pager = query+`, after: "{token}"`, "{kind: token, next: .next}"
	case "link":
		pager = "{kind: link}"
	case "key":
		query, pager = query+`, after: "{token}"`, "{kind: key, key: .id}"
	case "offset":
		query, pager = query+`, offset: "{offset}"`, "{kind: offset}"
	case "page":
		query, pager = query+`, page: "{page}"`, "{kind: page, start: 1}"
	}
	return head(auth) + `
  - name: deals
    path: ` + dialect + `/deals
    rows: .data
    pager: ` + pager + `
    incremental: {field: .updated_at, format: rfc3339, overlap: 60s` + sorted + `}
    list: {path: ids/deals, query: {after: "{token}", limit: "{limit}"}, pager: {kind: token, next: .next}, rows: .data, id: .id}
    parts:
      - query: {` + query + `, archived: "false"}
      - query: {` + query + `, archived: "true"}
` + fields
}

func head(auth string) string {
	return `name: fake
verified: real server
` + auth + `
errors: [{status: 200, when: '.code == 429', class: limit, message: .message}]
stages:
  - {id: lead, name: 线索, name_en: Lead, order: 1, kind: open, probability: 10, values: [Prospecting]}
  - {id: won, name: 赢单, name_en: Won, order: 8, kind: won, probability: 100, values: [Closed Won]}
  - {id: lost, name: 输单, name_en: Lost, order: 9, kind: lost, values: [Closed Lost]}
streams:`
}

const (
	fields = `    track: [stage]
    records:
      - entity: deal
        fields: {id: .id, name: .name, stage: .stage, amount: .amount, close: .close, modified: .updated_at}
        extra: {archived: .archived, merged: .merged}
`
	bearer = "auth: {kind: bearer}"
	oauth  = "vars: {client_id: app}\nauth: {kind: oauth2, grant: client_credentials, url: /oauth/token}"
)

// system is the kit's server as a [sourcetest.System] that one dialect reads.
func system(t testing.TB, srv *sourcetest.Server, spec string) sourcetest.System {
	file := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(file, []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	stages := map[string]string{"lead": "Prospecting", "won": "Closed Won", "lost": "Closed Lost"}
	row := func(d sourcetest.Deal) sourcetest.Row {
		r := sourcetest.Row{"id": d.ID, "name": d.Name, "stage": stages[d.Stage], "close": "2026-05-01", "amount": json.Number(fmt.Sprintf("%d.%02d", d.Cents/100, d.Cents%100))}
		if d.Archived {
			r["archived"] = true
		}
		if d.Merged != "" {
			r["merged"] = d.Merged
		}
		return r
	}
	remove := func(id int) { srv.Delete("deals", "deal", fmt.Sprint(id)) }
	return sourcetest.System{
		ID: "crm", Now: srv.Now, Stages: []string{"lead", "won", "lost"}, Archives: true, Merges: true, Secret: canary,
		Open: func() source.Source {
			s, err := New(Config{ID: "crm", Spec: file, URL: srv.URL, Currency: "CNY", PageSize: 7, Credential: func() (string, error) { return canary, nil }})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Put: func(tie bool, deals ...sourcetest.Deal) {
			srv.Tie(tie)
			for _, d := range deals {
				srv.Put("deals", row(d))
			}
			srv.Tie(false)
		},
		Delete: remove, Merge: func(_, loser int) { remove(loser) },
		Late: func(d sourcetest.Deal) func() { return srv.Begin("deals", row(d)) },
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Limit200, sourcetest.Unauthorized, sourcetest.Forbidden,
			sourcetest.Gone, sourcetest.Repeat, sourcetest.Hang, sourcetest.Drip,
		},
		Break: srv.Break, Heal: srv.Heal,
	}
}

// Every way of paging, and a server whose tokens die early: see [sourcetest.Play].
func TestPlay(t *testing.T) {
	for _, c := range []struct {
		name, dialect, auth string
		calm                bool
		issue               *sourcetest.Issue
	}{
		{name: "keep", dialect: "keep", auth: bearer},
		{name: "window", dialect: "window", auth: bearer},
		{name: "seek", dialect: "seek", auth: bearer},
		{name: "key", dialect: "key", auth: bearer},
		{name: "link", dialect: "link", auth: bearer, calm: true},
		{name: "token", dialect: "token", auth: bearer, calm: true},
		{name: "offset", dialect: "offset", auth: bearer, calm: true},
		{name: "page", dialect: "page", auth: bearer, calm: true},
		{name: "tokens that die early", dialect: "seek", auth: oauth, issue: &sourcetest.Issue{ExpiresIn: 3600, Requests: 5}},
		{name: "tokens that say nothing", dialect: "keep", auth: oauth, issue: &sourcetest.Issue{Requests: 3}},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			rnd := storetest.Rand(t)
			srv := sourcetest.NewServer(t, canary)
			if c.issue != nil {
				srv.Issue(*c.issue)
			}
			if c.calm {
				srv.Unsort()
			}
			s := system(t, srv, playSpec(c.dialect, c.auth))
			s.Calm = c.calm
			sourcetest.Play(t, rnd, s)
			if c.issue != nil && srv.Tokens() < 5 {
				t.Errorf("%d tokens were given out: this proved nothing", srv.Tokens())
			}
		})
	}
}

// The parts of a pass go on from their own rows: what another part saw last is no place to begin at.
func TestFetch_WindowOfEveryPart(t *testing.T) {
	srv := sourcetest.NewServer(t, canary)
	s := system(t, srv, playSpec("window", bearer))
	for id := range 40 {
		s.Put(false, sourcetest.Deal{ID: id + 1, Name: "x", Stage: "won", Archived: id < 20})
	}
	src, c, seen := s.Open(), store.Cursor(""), map[store.ID]bool{}
	for more := true; more; {
		p, err := src.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Now: srv.Now()})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range p.Deals {
			seen[d.ID] = true
		}
		c, more = p.Next, p.More
	}
	if len(seen) != 40 {
		t.Errorf("%d of 20 live and 20 archived deals came", len(seen))
	}
}

// Our clock is ten minutes off, either way: rows are read as soon as they are there, from the second pass on, and a pass without news leaves the cursor alone.
func TestFetch_ClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		srv := sourcetest.NewServer(t, canary)
		s := system(t, srv, playSpec("seek", bearer))
		src, c := s.Open(), store.Cursor("")
		pass := func() (ids []store.ID) {
			for more := true; more; {
				p, err := src.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Now: srv.Now().Add(skew)})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range p.Deals {
					ids = append(ids, d.ID)
				}
				c, more = p.Next, p.More
			}
			return ids
		}
		s.Put(false, sourcetest.Deal{ID: 1, Name: "x", Stage: "won"})
		pass()
		pass()
		s.Put(false, sourcetest.Deal{ID: 2, Name: "x", Stage: "won"})
		if ids := pass(); !slices.Contains(ids, "crm:2") {
			t.Errorf("our clock %s off: a new deal is not read: %v", skew, ids)
		}
		pass()
		was := c
		if pass(); c != was {
			t.Errorf("our clock %s off: nothing is new, yet the cursor moves from %s to %s", skew, was, c)
		}
	}
}

// A bookmark that lies in the future, since a clock was wrong when it was made, would end all syncing in silence: it counts as expired, which is told and read anew.
func TestFetch_MarkToCome(t *testing.T) {
	srv := sourcetest.NewServer(t, canary)
	s := system(t, srv, playSpec("seek", bearer))
	_, err := s.Open().Fetch(t.Context(), source.Request{Stream: "deals", Cursor: `{"v":1,"mark":"2999-01-01T00:00:00Z"}`, Now: srv.Now()})
	if !errors.Is(err, source.ErrExpired) || !strings.Contains(err.Error(), "2999-01-01") {
		t.Errorf("got %v, want ErrExpired that names the day", err)
	}
}
