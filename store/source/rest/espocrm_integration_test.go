//go:build integration

package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// espoServer is a real EspoCRM, which no package registry carries: whoever has one names it, with an administrator and the key of an API user.
type espoServer struct {
	t        testing.TB
	url      string
	ids      map[int]string // of deals
	user, pw string
}

// do is what a person does in the browser.
func (e *espoServer) do(method, path string, body sourcetest.Row) sourcetest.Row {
	e.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		e.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.url+"/api/v1/"+path, bytes.NewReader(b))
	if err != nil {
		e.t.Fatal(err)
	}
	req.SetBasicAuth(e.user, e.pw)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	said, _ := io.ReadAll(resp.Body)
	if resp.StatusCode >= 300 {
		e.t.Fatalf("%s %s: %s %s %s", method, path, resp.Status, resp.Header.Get("X-Status-Reason"), said)
	}
	var out sourcetest.Row
	_ = json.Unmarshal(said, &out) // a list or true is of no interest
	return out
}

// put writes a deal. The amount is a float in EspoCRM, of which fifteen digits are certain: all of it stands in a custom field.
func (e *espoServer) put(d sourcetest.Deal) {
	part := d.Cents % 1e11
	row := sourcetest.Row{
		"name": d.Name, "stage": d.Stage, "closeDate": "2026-05-01", "amount": json.Number(fmt.Sprintf("%d.%02d", part/100, part%100)), "amountCurrency": "CNY",
		"cCents": strconv.FormatInt(d.Cents, 10), "cMerged": d.Merged,
	}
	if id, ok := e.ids[d.ID]; ok {
		e.do("PUT", "Opportunity/"+id, row)
		return
	}
	e.ids[d.ID], _ = e.do("POST", "Opportunity", row)["id"].(string)
}

// People work in a real EspoCRM while it is read: see [sourcetest.Play].
func TestIntegrationEspoCRM_Play(t *testing.T) {
	url, user, key := os.Getenv("ESPOCRM_URL"), os.Getenv("ESPOCRM_ADMIN"), os.Getenv("ESPOCRM_API_KEY")
	if url == "" {
		t.Skip("ESPOCRM_URL is not set: http://127.0.0.1:8080 of an EspoCRM that may be written to, ESPOCRM_ADMIN=name:password, ESPOCRM_API_KEY of a user who may read everything")
	}
	e := &espoServer{t: t, url: url, ids: map[int]string{}}
	e.user, e.pw, _ = strings.Cut(user, ":")
	for _, name := range []string{"cents", "merged"} {
		if defs := e.do("GET", "Metadata?key=entityDefs.Opportunity.fields.c"+strings.ToUpper(name[:1])+name[1:], nil); len(defs) == 0 {
			e.do("POST", "Admin/fieldManager/Opportunity", sourcetest.Row{"type": "varchar", "name": name, "label": name, "maxLength": 200})
		}
	}
	sourcetest.Play(t, storetest.Rand(t), sourcetest.System{
		ID: "crm", Now: time.Now, Stages: []string{"Prospecting", "Proposal", "Closed Won", "Closed Lost"}, Merges: true, Secret: key,
		Open: func() source.Source {
			cfg := Config{ID: "crm", Spec: "espocrm", URL: url, Currency: "CNY", PageSize: 7, Streams: []string{"stages", "deals"}}
			cfg.Credential = func() (string, error) { return key, nil }
			s, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			s.stream("deals").list.parts[0].Every = 0
			return s
		},
		Put: func(_ bool, deals ...sourcetest.Deal) {
			for _, d := range deals {
				e.put(d)
			}
		},
		Delete: func(id int) { e.do("DELETE", "Opportunity/"+e.ids[id], nil) },
		Kept: func(r *store.Records) (all []sourcetest.Deal) {
			byID := map[string]int{}
			for id, native := range maps.All(e.ids) {
				byID[native] = id
			}
			for _, d := range r.Deals {
				id, ours := byID[d.ID.Native()]
				if !ours { // of whoever used the server before
					continue
				}
				cents, _ := strconv.ParseInt(d.Extra["cCents"], 10, 64)
				if d.Amount.Minor != cents%1e11 {
					t.Errorf("%s: amount %v of %d", d.Name, d.Amount, cents)
				}
				all = append(all, sourcetest.Deal{ID: id, Name: d.Name, Stage: string(d.Stage), Cents: cents, Merged: d.Extra["cMerged"]})
			}
			return all
		},
	})
}
