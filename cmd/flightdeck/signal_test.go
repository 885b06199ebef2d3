package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What is new about a customer outside the CRM comes through a source of kind watch and the syncer into the store, once, and is told in the morning.
func TestSignal_FromAFileToTheMorning(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("accounts.csv", "id,name\na1,恒诺半导体\n")
	write("notes.txt", "2024 白皮书\n")
	write("flightdeck.yaml", `store: {dir: data}
language: en
organisation: {name: X, currency: CNY, time_zone: UTC}
sources:
  - id: crm
    kind: table
    dir: .
    settle: -1s
    files: [{file: accounts.csv, rows: [{entity: account, fields: {id: id, name: name}}]}]
  - id: signals
    kind: watch
    watches: [{name: notes, account: "crm:a1", file: notes.txt}]
`)
	run := func(args ...string) string {
		t.Helper()
		code, out, errs := invoke(t, args...)
		if code != 0 {
			t.Fatal(args, code, out, errs)
		}
		return out
	}
	run("sync", "--once")
	if out := run("morning", "--json"); !strings.Contains(out, `"signals_new": 0`) {
		t.Errorf("what stood there at the first look is told: %s", out)
	}
	write("notes.txt", "2024 白皮书\n2026 智能制造白皮书\n")
	run("sync", "--once")
	run("sync", "--once")
	out := run("morning", "--json")
	if !strings.Contains(out, `"signals_new": 1`) || !strings.Contains(out, "2026 智能制造白皮书") || !strings.Contains(out, "恒诺半导体") {
		t.Error(out)
	}
	if out := run("morning"); !strings.Contains(out, "white paper: 2026") {
		t.Error(out)
	}
	if out := run("sources", "--csv"); !strings.Contains(out, "signals,watch,notes") {
		t.Error(out)
	}
	if out := run("source", "preview", "signals", "notes"); !strings.Contains(out, "white_paper") {
		t.Error(out)
	}
}

// A new white paper on a customer's page asks for a re-grade: of that customer alone, at once, with the signal as the reason, though the rules judge everybody only at a month's end. The page is a
// real server's: it answers with validators, and what did not change costs it no body.
func TestSignal_AsksForARegrade(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var page atomic.Value
	var bodies, unchanged atomic.Int64
	page.Store("<h1>新闻中心</h1><p>新厂区奠基</p>")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := page.Load().(string)
		tag := fmt.Sprintf("%q", fmt.Sprint(len(text)))
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			unchanged.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		bodies.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<html><body>"+text+"</body></html>")
	}))
	defer web.Close()
	write("accounts.csv", "id,name,revenue\na1,恒诺半导体,20000000\na2,安澜水务,20000000\n")
	write("rules.yaml", `version: 1
grading:
  decides: rules
  every: month
  inputs:
    size: {name: 规模, name_en: size, from: account.revenue, unit: CNY}
  attributes:
    - {id: pay, name: 支付, name_en: pay, factor: pay, input: size, scale: log, worst: 1000000, best: 10000000000, weight: 1, max: 1}
    - {id: grow, name: 增长, name_en: grow, factor: growth, input: size, scale: log, worst: 1000000, best: 10000000000, weight: 1, max: 1}
    - {id: cost, name: 成本, name_en: cost, factor: cost, input: size, scale: log, worst: 1000000, best: 10000000000, weight: 1, max: 1}
  health: {behaviours: []}
  lifetime: {subscription: ""}
  preset: none
  presets: {none: {}, general: null, education: null, manufacturing: null, government: null, retail: null, medical: null, finance: null, software: null}
`)
	write("flightdeck.yaml", `store: {dir: data}
language: en
rules_file: rules.yaml
organisation: {name: X, currency: CNY, time_zone: UTC}
sources:
  - id: crm
    kind: table
    dir: .
    settle: -1s
    files: [{file: accounts.csv, rows: [{entity: account, fields: {id: id, name: name, revenue: revenue}}]}]
  - id: signals
    kind: watch
    watches: [{name: acme-news, account: "crm:a1", url: "`+web.URL+`/news"}]
`)
	run := func(args ...string) string {
		t.Helper()
		code, out, errs := invoke(t, args...)
		if code != 0 {
			t.Fatal(args, code, out, errs)
		}
		return out
	}
	type judged struct {
		Grade string `json:"grade"`
		Last  struct{ Why string }
	}
	of := func(account string) (j judged) {
		t.Helper()
		if err := json.Unmarshal([]byte(run("grade", account, "--json")), &j); err != nil {
			t.Fatal(err)
		}
		return j
	}
	run("sync", "--once")
	before := of("crm:a1")
	if before.Grade == "" || before != of("crm:a2") || before.Last.Why != "rules" {
		t.Fatalf("first %+v, %+v", before, of("crm:a2"))
	}
	// Both grow. Nobody is judged anew before the month's end.
	write("accounts.csv", "id,name,revenue\na1,恒诺半导体,9000000000\na2,安澜水务,9000000000\n")
	run("sync", "--once")
	if a1, a2 := of("crm:a1"), of("crm:a2"); a1.Grade != before.Grade || a2.Grade != before.Grade {
		t.Fatalf("judged before the month's end: %+v, %+v", a1, a2)
	}
	if unchanged.Load() == 0 || bodies.Load() != 1 {
		t.Errorf("%d bodies and %d answers that nothing changed", bodies.Load(), unchanged.Load())
	}
	page.Store("<h1>新闻中心</h1><p>2026 智能制造白皮书发布</p><p>新厂区奠基</p>")
	run("sync", "--once")
	a1, a2 := of("crm:a1"), of("crm:a2")
	if a1.Grade != "A" || a1.Last.Why != "signal" {
		t.Errorf("the customer with the signal is %+v", a1)
	}
	if a2.Grade != before.Grade || a2.Last.Why != "rules" {
		t.Errorf("the other is %+v", a2)
	}
	run("sync", "--once")
	if again := of("crm:a1"); again != a1 {
		t.Errorf("the same signal once more: %+v", again)
	}
	for _, want := range []string{"white_paper", "2026 智能制造白皮书发布", web.URL + "/news", "acme-news"} {
		if out := run("account", "恒诺", "--json"); !strings.Contains(out, want) {
			t.Errorf("the account's answer lacks %s: %s", want, out)
		}
	}
	if out := run("account", "恒诺", "--plain"); !strings.Contains(out, "white paper") || !strings.Contains(out, "A") {
		t.Error(out)
	}
	if out := run("morning", "--json"); !strings.Contains(out, `"signals_new": 1`) {
		t.Error(out)
	}
	if out := run("notify", "list", "--json"); !strings.Contains(out, "恒诺半导体") {
		t.Errorf("nobody was told: %s", out)
	}
}

// A customer who was healthy at two month ends in a row and wants what it never bought becomes one of high potential: its owner is told once, through the outbox, with where the facts for a
// proposal are; who is only healthy, or only wants something, is not.
func TestPotential_OwnerIsToldOnce(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UTC()
	last := time.Date(now.Year(), now.Month(), 0, 0, 0, 0, 0, time.UTC)
	before := time.Date(last.Year(), last.Month(), 0, 0, 0, 0, 0, time.UTC)
	best := map[string]int{"logins": 20, "depth": 80, "seats": 95, "response": 2, "tickets": 0, "ontime": 100, "late": 0, "meetings": 6, "silence": 3, "training": 12, "survey": 70, "renewal": 95}
	names := slices.Sorted(maps.Keys(best))
	head, good, bad := "account,day", "", ""
	for _, n := range names {
		head += "," + n
		good += fmt.Sprintf(",%d", best[n])
		bad += "," + map[bool]string{true: "60", false: "0"}[n == "late" || n == "silence"]
	}
	readings := head + "\n"
	for _, day := range []string{before.Format("2006-01-02"), last.Format("2006-01-02")} {
		readings += "a1," + day + good + "\na2," + day + good + "\na3," + day + bad + "\n"
	}
	write("readings.csv", readings)
	write("people.csv", "id,name\nu1,王强\nu2,李敏\n")
	write("accounts.csv", "id,name,owner\na1,恒诺半导体,u1\na2,安澜水务,u2\na3,森立物流,u2\n")
	write("products.csv", "id,name\np1,EMS\np2,SCADA\n")
	due := now.AddDate(0, 2, 0).Format("2006-01-02")
	write("deals.csv", "id,name,account,owner,product,stage,amount,currency,created,close\nd1,EMS,a1,u1,p1,lead,1000,CNY,"+before.Format("2006-01-02")+","+due+"\nd3,EMS,a3,u2,p1,lead,1000,CNY,"+before.Format("2006-01-02")+","+due+"\n")
	var posts atomic.Int64
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && strings.Contains(string(body), "high potential: 恒诺半导体") {
			posts.Add(1)
		}
	}))
	defer hook.Close()
	extra := ""
	for _, n := range names {
		extra += n + ": " + n + ", "
	}
	write("flightdeck.yaml", `store: {dir: data}
language: en
organisation: {name: X, currency: CNY, time_zone: UTC}
notify:
  to: [{name: hook, kind: webhook, url: "`+hook.URL+`"}]
sources:
  - id: crm
    kind: table
    dir: .
    settle: -1s
    files:
      - {file: people.csv, rows: [{entity: person, fields: {id: id, name: name}}]}
      - {file: accounts.csv, rows: [{entity: account, fields: {id: id, name: name, owner: owner}}]}
      - {file: products.csv, rows: [{entity: product, fields: {id: id, name: name}}]}
      - {file: readings.csv, rows: [{entity: reading, fields: {account: account, day: day}, extra: {`+strings.TrimSuffix(extra, ", ")+`}}]}
      - {file: deals.csv, rows: [{entity: deal, fields: {id: id, name: name, account: account, owner: owner, product: product, stage: stage, amount: amount, currency: currency, created: created, close: close}}]}
`)
	run := func(args ...string) string {
		t.Helper()
		code, out, errs := invoke(t, args...)
		if code != 0 {
			t.Fatal(args, code, out, errs)
		}
		return out
	}
	told := func() int {
		t.Helper()
		return strings.Count(run("notify", "list", "--json"), "high potential")
	}
	run("sync", "--once")
	if out := run("potential", "--csv"); !strings.Contains(out, "crm:a1,") || strings.Contains(out, "crm:a2,") || strings.Contains(out, "crm:a3,") {
		t.Fatalf("promoted are\n%s", out)
	}
	out := run("notify", "list", "--json")
	for _, want := range []string{"high potential: 恒诺半导体", "wants EMS", "potential --proposal crm:a1", `"crm:u1"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the message lacks %q: %s", want, out)
		}
	}
	n := told()
	run("sync", "--once")
	if told() != n || n == 0 || posts.Load() != 1 {
		t.Errorf("told %d times, then %d; %d posts", n, told(), posts.Load())
	}
	if out := run("potential", "--proposal", "恒诺"); !strings.Contains(out, "High potential: yes") || !strings.Contains(out, "| EMS |") {
		t.Error(out)
	}
	if out := run("potential", "--proposal", "安澜"); !strings.Contains(out, "High potential: no; no purchase intent") {
		t.Error(out)
	}
	if out := run("potential", "--proposal", "森立"); !strings.Contains(out, "High potential: no; health of ") {
		t.Error(out)
	}
}
