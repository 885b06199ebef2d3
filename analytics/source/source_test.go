package source_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics/booktest"
	"flightdeck/analytics/source"
	"flightdeck/store"
)

func TestSource_Totals(t *testing.T) {
	at := booktest.Today.Time(booktest.Zone)
	b := booktest.Book(&store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, Statuses: []store.SourceStatus{
		{Source: "crm", Kind: "tryton", Stream: "deals", State: store.SyncRunning, Done: 3, Total: 10, Records: 100, Issues: 1, Good: at},
		{Source: "crm", Kind: "tryton", Stream: "accounts", State: store.SyncFailed, Error: "refused the password", Records: 20, Issues: 2, Good: at.Add(-time.Hour),
			Retry: at.Add(time.Minute)},
		{Source: "crm", Kind: "tryton", Stream: "people", State: store.SyncRunning, Done: 1, Records: 7, Good: at.Add(time.Minute)},
		{Source: "files", Kind: "table", Stream: "deals", Records: 9},
	}, Issues: []store.Issue{
		{Source: "files", Stream: "deals", Where: "a.csv:7", Field: "close", Value: "31/12/2999", Problem: "want a date from 1900 to 2099", Repeated: 4},
		{Source: "crm", Stream: "deals", Where: "42", Dropped: true},
	}})
	a := source.Of(b)
	if len(a.Rows) != 4 || len(a.Totals) != 2 {
		t.Fatalf("%d rows, %d totals", len(a.Rows), len(a.Totals))
	}
	crm, files := a.Totals[0], a.Totals[1]
	if crm.State != store.SyncFailed || crm.Error != "refused the password" || crm.Records != 127 || crm.Issues != 3 || crm.Streams != 3 {
		t.Errorf("crm: %+v", crm)
	}
	if crm.Done != 4 || crm.Total != 0 {
		t.Errorf("crm: %d of %d, want 4 of an unknown number, for one stream does not know", crm.Done, crm.Total)
	}
	if got := crm.Age(at); got != time.Hour {
		t.Errorf("crm's data is %v old, want the least fresh stream's hour", got)
	}
	if files.Age(at) >= 0 {
		t.Errorf("files was never read well, yet has an age")
	}
	if a.Rows[0].Age(at.Add(-48*time.Hour)) != 0 {
		t.Error("a clock that runs behind gives an age below zero")
	}
	if l := source.Issues(b, "files", ""); len(l.Rows) != 1 || l.Count != 5 || l.Rows[0].Value != "31/12/2999" {
		t.Errorf("issues %+v", l)
	}
	if l := source.Issues(b, "", "deals"); len(l.Rows) != 2 {
		t.Errorf("issues of every source's deals: %+v", l)
	}
	if l := source.Issues(b, "files", "accounts"); len(l.Rows) != 0 || l.Rows == nil {
		t.Errorf("issues of another stream: %+v", l)
	}
	out, err := json.Marshal(a)
	if err != nil || !strings.Contains(string(out), `"state":"failed"`) || strings.Contains(string(out), `"good":"0001`) {
		t.Errorf("%s, %v", out, err)
	}
}

// What a source costs and what its streams did is told from the statuses alone: progress with the time left, history, budgets of the newest run.
func TestSource_CostAndHistory(t *testing.T) {
	at := booktest.Today.Time(booktest.Zone)
	run := func(n int) store.Run {
		return store.Run{Started: at, Ended: at.Add(time.Minute), Rows: n, Requests: 2, Note: "n"}
	}
	b := booktest.Book(&store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, Statuses: []store.SourceStatus{
		{Source: "crm", Stream: "accounts", Paused: true, Requests: 3, Started: at, Runs: []store.Run{run(1), run(2)}, Budgets: []store.Budget{{Name: "day", Used: 10, Limit: 100}}},
		{Source: "crm", Stream: "deals", State: store.SyncRunning, Done: 250, Total: 1000, Permille: 250, Requests: 5, Started: at.Add(time.Hour),
			Updated: at.Add(time.Hour + 10*time.Second), Budgets: []store.Budget{{Name: "day", Used: 18, Limit: 100, Reserve: 20, Until: at.Add(24 * time.Hour)}}},
	}})
	a := source.Of(b)
	if r := a.Rows[1]; r.Left != 30 || r.Permille != 250 {
		t.Errorf("progress %+v", r)
	}
	if left, ok := a.Rows[1].TimeLeft(at.Add(time.Hour + 20*time.Second)); !ok || left != 20*time.Second {
		t.Errorf("%v left, %v", left, ok)
	}
	if runs := a.Rows[0].Runs; len(runs) != 2 || runs[0].Rows != 2 || runs[0].Times != 1 || runs[0].Note != "n" {
		t.Errorf("history %+v", runs)
	}
	if c := a.Totals[0]; !c.Paused || c.Requests != 8 || len(c.Budgets) != 1 || c.Budgets[0].Used != 18 || c.Budgets[0].Reserve != 20 {
		t.Errorf("total %+v", c)
	}
	out, err := json.Marshal(a)
	if err != nil || !strings.Contains(string(out), `"left_seconds":30`) || !strings.Contains(string(out), `"runs":[{`) || !strings.Contains(string(out), `"budgets":[{`) {
		t.Errorf("%s, %v", out, err)
	}
	if len(a.Table().Columns) != len(a.Table().Rows[0]) {
		t.Error("the table is uneven")
	}
}

func TestIssues_InTheOrderOfLines(t *testing.T) {
	r := &store.Records{}
	for _, where := range []string{"b.csv:2", "a.csv:10", "a.csv:9", "a.csv:1015", "x", "a.csv:99999999999999999999"} {
		r.Issues = append(r.Issues, store.Issue{Source: "files", Stream: "deals", Where: where})
	}
	var got []string
	for _, i := range source.Issues(booktest.Book(r), "", "").Rows {
		got = append(got, i.Where)
	}
	if want := "a.csv:9 a.csv:10 a.csv:1015 a.csv:99999999999999999999 b.csv:2 x"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
