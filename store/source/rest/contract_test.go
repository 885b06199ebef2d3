package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

const canary = "canary-5f3a9c"

func open(t testing.TB, spec string, url string) *Source {
	t.Helper()
	s, err := New(Config{
		ID: "crm", Spec: "testdata/" + spec + ".yaml", URL: url, Currency: "CNY", TimeZone: "Asia/Shanghai",
		Credential: func() (string, error) { return canary, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func row(i int) sourcetest.Row {
	return sourcetest.Row{
		"id": i, "name": fmt.Sprintf("订单 %d", i), "stage": "Prospecting", "amount": json.Number("12345678901234567.89"), "close": "2026-05-01",
		"account": sourcetest.Row{"id": fmt.Sprintf("A%d", i%7)}, "campaign": "spring",
	}
}

func world(t testing.TB, spec string, n int, rows sourcetest.Kind) sourcetest.World {
	srv := sourcetest.NewServer(t, canary)
	w := worldOn(srv, func() *Source { return open(t, spec, srv.URL) }, n, rows)
	if spec == "keep" {
		w.Delete = func() store.ID {
			srv.Delete("deals", "deal", "3")
			return "crm:3"
		}
	}
	return w
}

// worldOn fills a server with n rows.
func worldOn(srv *sourcetest.Server, open func() *Source, n int, rows sourcetest.Kind) sourcetest.World {
	next := 0
	add := func(n int) (ids []store.ID) {
		for range n {
			next++
			r := row(next)
			switch {
			case rows == sourcetest.Hostile && next%2 == 0:
				r["name"] = "\x1b[2J\u202e\x00" + string([]byte{0xff}) + "name\u0085"
				r["id"] = fmt.Sprintf("%d\x07", next)
				r["campaign"] = "\x9b31m"
			case rows == sourcetest.FarDate && next == 5:
				r["updated_at"], r["close"] = "2999-01-01T00:00:00Z", "2999-01-01"
			}
			srv.Put("deals", r)
			ids = append(ids, store.MakeID("crm", fmt.Sprint(next)))
		}
		return ids
	}
	srv.Tie(rows == sourcetest.Ties)
	w := sourcetest.World{
		Source: open(), Want: add(n), Reopen: func() source.Source { return open() }, Break: srv.Break, Heal: srv.Heal, Add: add, Now: srv.Now, Later: srv.Later,
	}
	srv.Tie(false)
	return w
}

func TestContract(t *testing.T) {
	for _, spec := range []string{"keep", "token", "offset", "page", "link", "window"} {
		t.Run(spec, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{
				Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Secret: canary, Repeats: spec == "window",
				Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World { return world(t, spec, n, rows) },
				Faults: []sourcetest.Kind{
					sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Gone,
					sourcetest.Hang, sourcetest.Drip, sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties,
				},
			})
		})
	}
}

// While somebody works in the CRM during every pass, a copy kept from the pages equals the CRM as soon as it is left in peace for one pass.
func TestChurn(t *testing.T) {
	for _, spec := range []string{"keep", "window"} {
		t.Run(spec, func(t *testing.T) {
			rnd := storetest.Rand(t)
			srv := sourcetest.NewServer(t, canary)
			s := open(t, spec, srv.URL)
			truth, copied := map[store.ID]int64{}, map[store.ID]int64{}
			put := func(id int) {
				r := row(id)
				fen := rnd.Int64N(1e9)
				r["amount"] = json.Number(fmt.Sprintf("%d.%02d", fen/100, fen%100))
				srv.Tie(rnd.IntN(3) == 0)
				srv.Put("deals", r)
				truth[store.MakeID("crm", fmt.Sprint(id))] = fen
			}
			for id := range 60 {
				put(id)
			}
			var c store.Cursor
			page := func(limit int) bool {
				p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Limit: limit, Now: srv.Now()})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range p.Deals {
					copied[d.ID] = d.Amount.Minor
				}
				for _, ref := range p.Deleted {
					delete(copied, ref.ID)
				}
				c = p.Next
				return p.More
			}
			for range 150 {
				page(7)
				for range rnd.IntN(4) {
					put(rnd.IntN(70))
				}
				if id := rnd.IntN(70); spec == "keep" && rnd.IntN(5) == 0 {
					srv.Delete("deals", "deal", fmt.Sprint(id))
					delete(truth, store.MakeID("crm", fmt.Sprint(id)))
				}
			}
			for range 2 { // the pass under way, and one in peace
				for page(7) {
				}
			}
			if !maps.Equal(truth, copied) {
				t.Errorf("the copy differs: %d rows of %d", len(copied), len(truth))
				for id, v := range truth {
					if copied[id] != v {
						t.Errorf("%s: %d, copied as %d", id, v, copied[id])
					}
				}
			}
		})
	}
}
