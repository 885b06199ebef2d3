package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A forecast that is red is told once, however often it is read; another one is told when it comes. What is decided by command holds, is told to whom it concerns, and is taken back.
func TestAlerts_TwoSyncsOneMessage(t *testing.T) {
	var mu sync.Mutex
	var got []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Messages []struct{ Key, Kind, Title string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, m := range body.Messages {
			got = append(got, m.Kind+" "+m.Title)
		}
	}))
	defer hook.Close()
	dir := t.TempDir()
	t.Chdir(dir)
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format("2006-01-02") }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	deals := func(rows ...string) {
		write("deals.csv", "id,name,owner,stage,amount,currency,created,close\n"+strings.Join(rows, "\n")+"\n")
	}
	write("people.csv", "id,name\nu1,王强\n")
	write("flightdeck.yaml", fmt.Sprintf(`store: {dir: data}
language: en
organisation: {name: X, currency: CNY, time_zone: UTC}
notify:
  to: [{name: hook, kind: webhook, url: %q}]
sources:
  - id: sheet
    kind: table
    dir: .
    settle: -1s
    files:
      - {file: people.csv, rows: [{entity: person, fields: {id: id, name: name}}]}
      - {file: deals.csv, rows: [{entity: deal, fields: {id: id, name: name, owner: owner, stage: stage, amount: amount, currency: currency, created: created, close: close}}]}
`, hook.URL))
	told := func(what string, want ...string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: told %q, want %q", what, got, want)
		}
		got = nil
	}
	sync := func() {
		t.Helper()
		if code, out, errs := invoke(t, "sync", "--once"); code != 0 {
			t.Fatal(code, out, errs)
		}
	}
	good := "d1,Good,u1,lead,1000,CNY," + day(-5) + "," + day(40)
	deals(good, "d2,Late,u1,lead,2000,CNY,"+day(-5)+","+day(-4))
	sync()
	told("the first reading", "flag Red flag, overdue: Late")
	sync()
	told("the second reading")
	deals(good, "d2,Late,u1,lead,2000,CNY,"+day(-5)+","+day(-4), "d3,Empty,u1,lead,,CNY,"+day(-5)+","+day(40))
	sync()
	told("another deal", "flag Red flag, no amount: Empty")
	act := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := invoke(t, append([]string{"triage"}, args...)...)
		if code != want {
			t.Fatalf("%v: %d %s %s", args, code, out, errs)
		}
		return out + errs
	}
	if out := act(0, "--json"); !strings.Contains(out, `"Late"`) || !strings.Contains(out, `"Empty"`) {
		t.Errorf("the queue: %s", out)
	}
	act(0, "act", "snooze", "sheet:d2", "--rule", "overdue")
	act(0, "act", "request", "sheet:d3")
	if out := act(0, "--csv"); strings.Contains(out, "sheet:d2") || !strings.Contains(out, "requested") {
		t.Errorf("decided, and the queue is %s", out)
	}
	sync()
	told("a request", "request 王强, please update: Empty")
	if out := act(0, "undo"); !strings.Contains(out, "1") {
		t.Error(out)
	}
	if out := act(0, "trail", "--csv"); strings.Count(out, "\n") != 4 || !strings.Contains(out, "undo 2") {
		t.Errorf("the trail: %s", out)
	}
	deals(good, "d2,Late,u1,lead,2000,CNY,"+day(-5)+","+day(-4), "d3,Empty,u1,lead,,CNY,"+day(-5)+","+day(40), "d4,Blank,u1,lead,,CNY,"+day(-5)+","+day(40))
	sync()
	told("one more deal", "flag Red flag, no amount: Blank")
	act(0, "act", "request", "sheet:d4")
	act(0, "undo")
	sync()
	told("a request that was taken back before it went out")
	act(0, "act", "request", "sheet:d4")
	sync()
	told("asked again", "request 王强, please update: Blank")
	for _, bad := range [][]string{{"act", "nope", "sheet:d2"}, {"act", "accept", "sheet:nope"}, {"act", "override", "sheet:d2", "--percent", "40"}, {"act", "assign", "sheet:d2", "--to", "nobody"},
		{"act", "snooze", "sheet:d2", "--until", "x"}, {"act", "accept"}, {"trail", "--limit", "0"}} {
		act(exitUsage, bad...)
	}
}
