package rest

import (
	"encoding/json"
	"fmt"
	"testing"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
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
		Source: open(t, spec, srv.URL), Want: add(n), Reopen: func() source.Source { return open(t, spec, srv.URL) }, Break: srv.Break, Heal: srv.Heal, Add: add,
		Now: srv.Now,
	}
	srv.Tie(false)
	if spec == "keep" {
		w.Delete = func() store.ID {
			srv.Delete("deals", "deal", "3")
			return "crm:3"
		}
	}
	return w
}

func TestContract(t *testing.T) {
	for _, spec := range []string{"keep", "token", "offset", "page", "link"} {
		t.Run(spec, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{
				Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Secret: canary,
				Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World { return world(t, spec, n, rows) },
				Faults: []sourcetest.Kind{
					sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Gone,
					sourcetest.Hang, sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties,
				},
			})
		})
	}
}
