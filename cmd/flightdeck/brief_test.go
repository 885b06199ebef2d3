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

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/morning"
	"flightdeck/analytics/rule"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
	"flightdeck/tui/locale"
	brief "flightdeck/tui/morning"
	"flightdeck/tui/tuitest"
)

// Whoever wants the morning is sent the one of their own part of the organisation, once a day, however often and by whichever process the store is filled.
func TestBrief_OnceADayEachTheirOwn(t *testing.T) {
	var mu sync.Mutex
	got := map[string][]string{}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Messages []struct{ Key, Kind, Title, Text, Link string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, m := range body.Messages {
			got[r.URL.Path] = append(got[r.URL.Path], m.Title+"\n"+m.Text+"\n"+m.Link)
		}
	}))
	defer hook.Close()
	dir := t.TempDir()
	t.Chdir(dir)
	zone, loc := "UTC", time.UTC // the hour has come, whenever the test runs: it is past eight there
	if time.Now().UTC().Hour() < 12 {
		zone, loc = "Asia/Shanghai", time.FixedZone("CST", 8*3600)
	}
	day := func(n int) string { return time.Now().In(loc).AddDate(0, 0, n).Format("2006-01-02") }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := func(hour string) {
		write("flightdeck.yaml", fmt.Sprintf(`store: {dir: data}
language: en
start: morning
rules_file: rules.yaml
organisation: {name: X, currency: CNY, time_zone: %s}
notify:
  morning: %q
  to:
    - {name: all, kind: webhook, url: %q, kinds: [morning]}
    - {name: wang, kind: webhook, url: %q, kinds: [morning], node: 王强}
    - {name: flags, kind: webhook, url: %q, kinds: [flag]}
sources:
  - id: sheet
    kind: table
    dir: .
    settle: -1s
    files:
      - {file: people.csv, rows: [{entity: person, fields: {id: id, name: name}}]}
      - {file: deals.csv, rows: [{entity: deal, fields: {id: id, name: name, owner: owner, stage: stage, amount: amount, currency: currency, created: created, close: close}}]}
`, zone, hour, hook.URL+"/all", hook.URL+"/wang", hook.URL+"/flags"))
	}
	write("rules.yaml", "version: 1\nmorning: {workdays: [mon, tue, wed, thu, fri, sat, sun]}\n")
	write("people.csv", "id,name\nu1,王强\nu2,李雷\n")
	write("deals.csv", "id,name,owner,stage,amount,currency,created,close\nd1,Mine,u1,lead,1000,CNY,"+day(-9)+","+day(-4)+"\nd2,Theirs,u2,lead,2000,CNY,"+day(-9)+","+day(-4)+"\n")
	sync := func() map[string][]string {
		t.Helper()
		if code, out, errs := invoke(t, "sync", "--once"); code != 0 {
			t.Fatal(code, out, errs)
		}
		mu.Lock()
		defer mu.Unlock()
		was := got
		got = map[string][]string{}
		return was
	}
	config("00:00")
	if m := sync(); len(m["/all"])+len(m["/wang"]) != 0 {
		t.Errorf("without an hour %q", m)
	}
	config("07:30")
	m := sync()
	if len(m["/all"]) != 1 || len(m["/wang"]) != 1 {
		t.Fatalf("%q", m)
	}
	if !strings.Contains(m["/wang"][0], "王强\n") || !strings.Contains(m["/wang"][0], "morning?node=") || strings.Contains(m["/wang"][0], "Theirs") {
		t.Errorf("a person's own: %q", m["/wang"][0])
	}
	if !strings.HasPrefix(m["/all"][0], "Morning ") || !strings.Contains(m["/all"][0], "New flags") {
		t.Errorf("the company's: %q", m["/all"][0])
	}
	if m := sync(); len(m["/all"])+len(m["/wang"]) != 0 {
		t.Errorf("the same day once more: %q", m)
	}
	code, out, errs := invoke(t, "morning", "--for", "王强", "--json")
	if code != 0 || !strings.Contains(out, `"node": "王强"`) || strings.Contains(out, "Theirs") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, out, errs := invoke(t, "morning"); code != 0 || !strings.Contains(out, "sheet") || !strings.Contains(out, "No log") && !strings.Contains(out, "nobody can tell") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	for _, bad := range [][]string{{"--for", "nobody"}, {"--for", "王强", "--rep", "李雷"}, {"--since", "x"}, {"--since", day(3)}} {
		if code, _, _ := invoke(t, append([]string{"morning"}, bad...)...); code != exitUsage {
			t.Errorf("%v: %d", bad, code)
		}
	}
	config("25:00")
	if code, _, errs := invoke(t, "morning"); code == 0 || !strings.Contains(errs, "notify.morning") {
		t.Errorf("an hour that is none: %d %s", code, errs)
	}
}

// Of a company in which much happens the message has every part and fits into one post of a robot.
func TestBrief_FitsIntoOnePost(t *testing.T) {
	b := tuitest.Company(t, company.Demo)
	for _, lang := range []locale.Lang{locale.Chinese, locale.English} {
		a := &app{words: locale.New(lang), decided: desk.NewLive(storetest.NewDesk(), nil), rules: rule.NewLive(rule.Options{Schema: schema()})}
		m := a.briefing(b, "", b.Today(), landing.Learn(b, b.Today()), tuitest.Now)
		if n := len(m.Text) + len(m.Title) + len(m.Link); n > 2000 || strings.Count(m.Text, "\n") < 8 {
			t.Errorf("%d bytes:\n%s", n, m.Text)
		}
		for _, p := range brief.Parts(a.words, morning.Of(b, desk.View{}, nil, morning.Question{}).At(tuitest.Now), analytics.Scope{}, tuitest.Now) {
			if !strings.Contains(m.Text, p.Name) {
				t.Errorf("%s is missing:\n%s", p.Name, m.Text)
			}
		}
		t.Log(m.Title + "\n" + m.Text)
	}
}
