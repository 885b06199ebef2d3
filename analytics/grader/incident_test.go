package grader

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/morning"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/outbox"
	"flightdeck/store/source"
	"flightdeck/store/source/rest"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

// plant is the whole way of a grade: a server that can go wrong, the real connector, the real syncer, a store on disk, the Book, the Grader, the rules' file, and an outbox that
// brings what is told to somebody. Its clock is the tests'.
type plant struct {
	*Grader
	t      *testing.T
	server *sourcetest.Server
	db     *bolt.DB
	box    *bolt.Desk
	engine *syncer.Engine
	post   *outbox.Engine
	path   string // of the rules
	who    int    // customers

	mu   sync.Mutex
	now  time.Time
	told []string // titles, as they arrived
}

const shopSpec = `name: shop
verified: real server
auth: {kind: bearer}
errors:
  - {status: 403, class: limit, message: .message, wait: 1h}
streams:
  - name: accounts
    path: keep/accounts
    query: &query {cursor: "{token}", limit: "{limit}"}
    limit: 50
    rows: &rows .data
    pager: &pager {kind: token, next: .next, more: .more, keep: true}
    records: [{entity: account, fields: {id: .id, name: .name, revenue: .revenue, currency: .currency, created: .created}}]
  - name: readings
    path: keep/readings
    query: *query
    limit: 50
    rows: *rows
    pager: *pager
    records: [{entity: reading, fields: {id: .key, account: .account, day: .day}, custom: .values}]
`

// The shop's own inputs stand in the places of two usual ones: how often carts are abandoned, and looks at new products within 30 days.
const shopRules = `version: 1
grading:
  decides: rules
  every: day
  inputs:
    abandon: {name: 加购放弃率, name_en: cart abandonment, from: reading.abandon, unit: "%", fresh: 10, min: 0, max: 100}
    views: {name: 近30天新品浏览, name_en: looks at new products, from: reading.views, fresh: 10, min: 0, max: 500}
  attributes:
    - {id: scale, name: 客户规模, name_en: size, factor: pay, input: revenue, scale: log, worst: 1000000, best: 10000000000, weight: .5, max: 1}
    - {id: payment, name: 付款守信, name_en: payment discipline, factor: pay, input: late, worst: 60, best: 0, weight: .5, max: 1}
    - {id: value, name: 终身价值, name_en: lifetime value, factor: pay, input: bought, scale: log, worst: 1000, best: 10000000, weight: 0, max: 1}
    - {id: renewal, name: 续费率, name_en: renewal, factor: growth, input: renewal, worst: 0, best: 100, weight: .25, max: .6}
    - {id: usage, name: 加购, name_en: carts, factor: growth, input: abandon, worst: 100, best: 0, weight: .25, max: 1}
    - {id: adoption, name: 新品浏览, name_en: looks, factor: growth, input: views, worst: 0, best: 50, weight: .3, max: 1}
    - {id: trend, name: 采购增长, name_en: growth, factor: growth, input: growth, worst: -50, best: 100, weight: 0, max: .5}
    - {id: repurchase, name: 复购周期, name_en: repurchase cycle, factor: growth, input: cycle, worst: 400, best: 20, weight: .2, max: .3}
    - {id: integration, name: 集成复杂度, name_en: integration complexity, factor: cost, input: integration, worst: 100, best: 0, weight: .3, max: .6}
    - {id: chain, name: 决策链长度, name_en: decision chain, factor: cost, input: chain, worst: 8, best: 1, weight: .3, max: .7}
    - {id: support, name: 服务负担, name_en: support load, factor: cost, input: tickets, worst: 20, best: 0, weight: .4, max: 1}
`

// quiet is how many customers stand just above the line of A: those that a default in place of their looks at new products would make B.
const quiet = 32

// values are what the shop measures of a customer on a day when all is well. The first customers are the quiet ones.
func values(i, day int) map[string]any {
	v := map[string]any{
		"abandon": 30 + float64(i*7%11), "views": 18 + float64(i*5%13), "cycle": 60 + float64(i*11%30), "renewal": 70 + float64(i*3%8), "late": float64(i % 4),
		"integration": 40 + float64(i*13%9), "chain": 3, "tickets": float64(4 + i%3), "logins": 8 + float64((i*4+day)%9), "depth": 60, "seats": 80, "survey": 40,
	}
	if i < quiet {
		v["abandon"], v["views"], v["cycle"], v["renewal"], v["late"], v["integration"], v["tickets"] = 35.0, 20.0+float64(i%2), 60.0, 72.0, quietLate, 40.0, 5.0
	} else if i%3 == 0 { // no A
		v["late"], v["renewal"], v["tickets"] = 28.0, 30.0, 12.0
	}
	return v
}

const quietLate = 36.0

func newPlant(t *testing.T, customers int) *plant {
	t.Helper()
	const token = "shop-canary"
	p := &plant{t: t, server: sourcetest.NewServer(t, token), now: time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC), who: customers}
	dir := t.TempDir()
	spec := filepath.Join(dir, "shop.yaml")
	p.path = filepath.Join(dir, "rules.yaml")
	p.write(spec, shopSpec)
	p.write(p.path, shopRules)
	src, err := rest.New(rest.Config{ID: "shop", Spec: spec, URL: p.server.URL, Currency: "CNY", TimeZone: "UTC", Credential: func() (string, error) { return token, nil }})
	p.must(err)
	p.db, err = bolt.Open(dir, bolt.Options{Now: p.clock})
	p.must(err)
	t.Cleanup(func() { _ = p.db.Close() })
	p.box, err = bolt.OpenDesk(dir, bolt.Options{Now: p.clock})
	p.must(err)
	t.Cleanup(func() { _ = p.box.Close() })
	storetest.Apply(t, p.db, &store.Batch{Source: "config", Records: store.Records{Org: &store.Org{Name: "shop", TimeZone: "UTC", Currency: "CNY"}}})
	p.must(syncer.Enroll(t.Context(), p.db, []source.Source{src}))
	p.engine = syncer.New(syncer.Options{Store: p.db, Sources: []syncer.Entry{{Source: src, Every: time.Hour}}, Now: p.clock, Attempts: 1})
	books := analytics.NewLive(p.db, p.db, analytics.Options{Now: p.clock, Report: func(err error) { t.Error(err) }})
	hook := httptest.NewServer(http.HandlerFunc(p.hear))
	t.Cleanup(hook.Close)
	p.post = outbox.New(outbox.Options{Box: p.box, Now: p.clock, Report: func(err error) { t.Error(err) },
		Routes: []outbox.Route{{Name: "hook", Notifier: &outbox.Webhook{Address: func() (string, error) { return hook.URL, nil }}}}})
	live := rule.NewLive(rule.Options{Schema: rule.NewSchema(rule.ForecastSection, rule.GradingSection, rule.MorningSection), Path: p.path, Log: p.box,
		Known: func() map[string][]string { return map[string][]string{"measure": books.Book().Measures()} },
		Alert: func(ctx context.Context, q *rule.Pack) { // as the program does
			_, err := p.box.Post(ctx, store.Message{Key: fmt.Sprintf("rules|%.16s|%s", q.Wrong, q.Version()), Kind: store.MessageRules, Title: "the rule file is wrong", Text: q.Problem.Error()})
			p.must(err)
		}})
	p.Grader = New(Options{Books: books, Desk: desk.NewLive(p.box, nil), Rules: live, Store: p.db, Post: p.box.Post, Withdraw: p.box.Withdraw, Now: p.clock, Report: func(err error) { t.Error(err) }})
	for i := range customers {
		p.server.Put("accounts", sourcetest.Row{"id": fmt.Sprint("c", i), "name": fmt.Sprintf("店铺 %d", i), "revenue": 1e9, "currency": "CNY", "created": "2025-01-01"})
	}
	p.measure(nil)
	return p
}

func (p *plant) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *plant) write(path, text string) {
	p.t.Helper()
	p.must(os.WriteFile(path, []byte(text), 0o600))
}

func (p *plant) clock() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return p.now }

func (p *plant) day() analytics.Day { return store.DayOf(p.clock(), time.UTC) }

// hear is who is told: what a notifier delivers.
func (p *plant) hear(_ http.ResponseWriter, r *http.Request) {
	var body struct {
		Messages []struct{ Key, Title, Text string }
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		p.t.Error(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range body.Messages {
		p.told = append(p.told, m.Title)
	}
}

// alerts returns what was told since it was asked last, as somebody received it; the grades that moved are left out.
func (p *plant) alerts() []string {
	p.t.Helper()
	if _, err := p.post.Round(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.DeleteFunc(p.told, func(s string) bool { return strings.Contains(s, "Grades moved") })
	p.told = nil
	return out
}

// measure has the shop measure every customer on the present day; change, which may be nil, is what goes wrong with it.
func (p *plant) measure(change func(i int, v map[string]any)) {
	for i := range p.who {
		v := values(i, int(p.day()))
		if change != nil {
			change(i, v)
		}
		p.server.Put("readings", sourcetest.Row{"id": fmt.Sprintf("c%d.%s", i, p.day()), "key": fmt.Sprintf("c%d.%s", i, p.day()), "account": fmt.Sprint("c", i), "day": p.day().String(), "values": v})
	}
}

// sync reads the source so many times, with an evaluation after each, as the program does.
func (p *plant) sync(times int) {
	p.t.Helper()
	for range times {
		p.engine.Once(p.t.Context())
		p.judge()
	}
}

func (p *plant) judge() {
	p.t.Helper()
	p.must(p.o.Rules.Load(p.t.Context()))
	if q := p.o.Rules.Pack(); q.File == "" {
		p.t.Fatal(q.Problem)
	}
	p.must(p.o.Books.Refresh(p.t.Context()))
	p.must(p.o.Desk.Refresh(p.t.Context()))
	p.must(p.Step(p.t.Context()))
}

// tomorrow is a new day on which everything is measured, and read twice.
func (p *plant) tomorrow(change func(i int, v map[string]any)) analytics.Day {
	p.t.Helper()
	p.mu.Lock()
	p.now = p.now.Add(24 * time.Hour)
	p.mu.Unlock()
	p.measure(change)
	p.sync(2)
	return p.day()
}

func (p *plant) book() *analytics.Book { return p.o.Books.Book() }

func (p *plant) grades() map[store.ID]store.Grade {
	out, b := map[store.ID]store.Grade{}, p.book()
	for c := range analytics.Code(b.Accounts()) {
		out[b.AccountID(c)] = b.GradeAt(c, b.Now())
	}
	return out
}

func (p *plant) steps() (n int) {
	b := p.book()
	for c := range analytics.Code(b.Accounts()) {
		for range b.Grades(c) {
			n++
		}
	}
	return n
}

func (p *plant) holds() string {
	p.t.Helper()
	st, err := StateOf(p.t.Context(), p.db)
	p.must(err)
	var out []string
	for _, h := range st.Holds {
		out = append(out, fmt.Sprintf("%s %s since %s", h.Input, h.Why, h.Since))
	}
	return strings.Join(out, "; ")
}

// held looks whether every question that a pane asks says that an input of a customer is held, and since when.
func (p *plant) held(input string, why store.InputState, since analytics.Day) {
	p.t.Helper()
	b, g := p.book(), rule.GradingSection.Of(p.o.Rules.Pack())
	st, err := StateOf(p.t.Context(), p.db)
	p.must(err)
	l := grade.ListOf(b, g, analytics.Scope{}, st.Holds)
	if l.Held != p.who || len(l.Rows) != p.who || !slices.Contains(l.Rows[0].Inputs, input) || l.Rows[0].Since > since || !slices.ContainsFunc(l.Holds, func(h grade.Hold) bool {
		return h.Input == input && h.Why == why && h.Since == since
	}) {
		p.t.Fatalf("the list: %d of %d held, first %+v, holds %+v", l.Held, len(l.Rows), l.Rows[0], l.Holds)
	}
	const one = store.ID("shop:c3")
	x, ok := grade.Explain(p.t.Context(), b, g, analytics.Scope{}, one)
	if i := slices.IndexFunc(x.Inputs, func(v grade.InputValue) bool { return v.Name == input }); !ok || !x.Held || x.Next != x.Grade || i < 0 || x.Inputs[i].State != why || x.Inputs[i].Day >= p.day() {
		p.t.Errorf("step by step: held %t, %s next %s, inputs %+v", x.Held, x.Grade, x.Next, x.Inputs)
	}
	c, _ := b.AccountCode(one)
	if from, inputs := grade.HeldSince(b, c, b.Now()); from == 0 || from > since || inputs[input] != since {
		p.t.Errorf("held since %s, %v; want %s since %s", from, inputs, input, since)
	}
	if log := grade.LogOf(b, analytics.Scope{}, one, nil); log.Rows.Len() == 0 || !log.Rows.At(0).Held {
		p.t.Error("the log does not say that the evaluation was held")
	} else if e := log.Rows.At(0); !slices.ContainsFunc(e.Faulty(), func(in store.Input) bool { return in.Name == input && in.State == why }) {
		p.t.Errorf("the log names %+v", e.Faulty())
	}
	m := morning.Of(b, desk.View{}, p.o.Rules.Pack(), morning.Question{})
	if m.HeldCustomers != p.who || !slices.ContainsFunc(m.Held, func(h morning.Held) bool { return h.Input == input && h.Since == since && h.Customers == p.who }) || m.GradeDown+m.GradeUp != 0 {
		p.t.Errorf("the morning: %d held, %+v, %d down, %d up", m.HeldCustomers, m.Held, m.GradeDown, m.GradeUp)
	}
	if x := migration.Of(b, analytics.Scope{Period: analytics.Period{From: since, To: p.day()}}); x.Up+x.Down != 0 {
		p.t.Errorf("the migration tells of %d up, %d down", x.Up, x.Down)
	}
	if a, err := account.Of(b, analytics.Scope{}, one); err != nil || a.Row.Grade != b.GradeAt(c, b.Now()) {
		p.t.Errorf("the account: %v, %+v", err, a.Row.Grade)
	}
}

func (p *plant) quietly(what string, before map[store.ID]store.Grade, steps int) {
	p.t.Helper()
	if n := differ(before, p.grades()); n != 0 || p.steps() != steps {
		p.t.Fatalf("%s: %d grades are others, %d steps more", what, n, p.steps()-steps)
	}
}

func (p *plant) want(what string, want ...string) {
	p.t.Helper()
	if got := p.alerts(); !slices.EqualFunc(got, want, strings.Contains) {
		p.t.Fatalf("%s: told %q, want %q", what, got, want)
	}
}

// unguarded replays the days from first to now with the guards as wide open as they go: what would have become of grades.
func (p *plant) unguarded(first analytics.Day) *grade.Verdict {
	p.t.Helper()
	g := rule.GradingSection.Of(p.o.Rules.Pack())
	open := *g
	open.Guard.Vanished, open.Guard.Shift, open.Guard.Moved = 100, 10, 100
	var days []analytics.Day
	for d := first; d <= p.day(); d++ {
		days = append(days, d)
	}
	c, err := grade.Compare(p.t.Context(), p.book(), analytics.Scope{}, g, &open, days, nil, nil)
	p.must(err)
	return c.On(len(days) - 1)
}

// The whole incident: the source throttles by 403 and by 429, then drops a field, then sends nonsense of two kinds, then half of what it measures is another thing overnight. No grade
// moves, each cause is told once however often it is read, every question says what is held and since when, and once the source heals the grades follow with their causes.
func TestIncident_EveryFaultThroughARealSource(t *testing.T) {
	p := newPlant(t, 120)
	p.sync(2)
	before, first := p.grades(), p.day()
	if p.holds() != "" || p.book().Judged() != p.who {
		t.Fatalf("at first %d judged, held %q", p.book().Judged(), p.holds())
	}
	p.want("the first sync")
	p.tomorrow(nil)
	steps := p.steps()
	p.quietly("a usual day", before, steps)
	p.want("a usual day")

	p.server.Break(sourcetest.Fault{Kind: sourcetest.Forbidden, Page: 1})
	p.tomorrow(nil)
	p.sync(2)
	p.server.Break(sourcetest.Fault{Kind: sourcetest.Throttle, Page: 1, RetryAfter: "3600"})
	p.tomorrow(nil)
	p.quietly("throttled", before, steps)
	p.want("throttled", "Source of grading inputs fails: shop")
	p.server.Heal()
	p.tomorrow(nil)
	p.quietly("no longer throttled", before, steps)
	p.want("no longer throttled", "Source of grading inputs is read again: shop")

	fault := p.tomorrow(func(_ int, v map[string]any) { delete(v, "abandon") })
	p.tomorrow(func(_ int, v map[string]any) { delete(v, "abandon") })
	p.quietly("a field less", before, steps)
	p.held("abandon", store.InputMissing, fault)
	p.want("a field less", "Grading input held: cart abandonment, no longer given")
	p.tomorrow(nil)
	if p.holds() != "" {
		t.Fatalf("the field is back, but %s", p.holds())
	}
	p.quietly("the field is back", before, steps)

	fault = p.tomorrow(func(_ int, v map[string]any) { v["abandon"] = 1e6 })
	p.quietly("out of range", before, steps)
	p.held("abandon", store.InputOutside, fault)
	p.want("out of range", "Grading input held: cart abandonment, out of bounds")
	p.tomorrow(func(_ int, v map[string]any) { v["abandon"] = "high" })
	p.tomorrow(func(_ int, v map[string]any) { v["abandon"] = "high" })
	p.quietly("another type", before, steps)
	p.held("abandon", store.InputMistyped, fault)
	p.want("another type", "Grading input held: cart abandonment, no number")
	p.tomorrow(nil)
	p.quietly("sense again", before, steps)
	p.want("sense again")

	half := func(_ int, v map[string]any) { v["abandon"], v["views"], v["renewal"] = 3.0, 0.0, 5.0 }
	fault = p.tomorrow(half)
	p.tomorrow(half)
	p.quietly("half of the inputs are others", before, steps)
	for _, in := range []string{"abandon", "views", "renewal"} {
		p.held(in, store.InputShifted, fault)
	}
	if n := len(p.unguarded(first).Movers); n < quiet {
		t.Fatalf("without the guards %d grades would have moved: the faults prove nothing", n)
	}
	p.want("half of the inputs are others", "Grading input held: cart abandonment, intent to renew, looks at new products, shifted")

	better := func(i int, v map[string]any) {
		if i%10 == 1 {
			v["late"], v["tickets"] = 50.0, 18.0
		}
	}
	p.tomorrow(better)
	if p.holds() != "" {
		t.Fatalf("healed, but %s", p.holds())
	}
	after := p.grades()
	if n := differ(before, after); n < 5 || n > p.who/10+1 {
		t.Fatalf("%d grades followed, of %d customers who changed", n, p.who/10)
	}
	p.followed(before)
	p.want("healed")
}

// followed holds that every grade that is another than before has a step with a cause and the rules' version, and that the moves were told in one message.
func (p *plant) followed(before map[store.ID]store.Grade) {
	p.t.Helper()
	b := p.book()
	for id, g := range p.grades() {
		if g == before[id] {
			continue
		}
		c, _ := b.AccountCode(id)
		var last store.GradeChange
		for _, s := range b.Grades(c) {
			last = *s
		}
		if last.To != g || !strings.Contains(last.Cause, ">") || last.Rule != p.o.Rules.Pack().Version() || last.ID.Source() != grade.Source {
			p.t.Errorf("%s %s > %s: %+v", id, before[id], g, last)
		}
	}
}

// The source's own case: 32 customers of grade A, of whom nobody heard anything, would have become B by a default in place of a field that a vendor no longer sends, while the
// source throttles and a weight beyond its bounds is written into the file of rules. With the guards not one moves, each of the causes is told once, and a person sees what would have been.
func TestIncident_ThirtyTwoCustomers(t *testing.T) {
	p := newPlant(t, 120)
	p.sync(1)
	before, first := p.grades(), p.day()
	var as int
	for i := range quiet {
		if before[store.ID(fmt.Sprint("shop:c", i))] == "A" {
			as++
		}
	}
	if as != quiet {
		t.Fatalf("%d of the %d customers have an A: %v", as, quiet, before["shop:c0"])
	}
	p.tomorrow(nil)
	steps := p.steps()
	p.want("before")

	version := p.o.Rules.Pack().Version()
	p.write(p.path, strings.Replace(shopRules, "weight: .2, max: .3", "weight: .85, max: .3", 1)) // the repurchase cycle's
	p.judge()
	p.sync(2)
	if pack := p.o.Rules.Pack(); pack.Version() != version || pack.Problem == nil {
		t.Fatalf("the wrong rules are in force: %s, %v", pack.Version(), pack.Problem)
	}
	if why := p.o.Rules.Pack().Problem.Error(); !strings.Contains(why, "rules.yaml:16") || !strings.Contains(why, "attributes[7].weight") || !strings.Contains(why, "0.3") {
		t.Errorf("it says %q", why)
	}
	p.want("a weight beyond its bounds", "the rule file is wrong")
	p.server.Break(sourcetest.Fault{Kind: sourcetest.Forbidden, Page: 1})
	p.tomorrow(nil)
	p.sync(2)
	p.want("throttled", "Source of grading inputs fails: shop")
	p.server.Heal()
	p.tomorrow(nil)
	p.want("no longer throttled", "Source of grading inputs is read again: shop")
	polluted := func(_ int, v map[string]any) {
		delete(v, "abandon") // the vendor's new version
		v["views"] = 0.0     // and a default for what it does not know
	}
	fault := p.tomorrow(polluted)
	p.tomorrow(polluted)
	p.quietly("the incident", before, steps)
	p.want("the incident", "Grading input held: cart abandonment, no longer given", "Grading input held: looks at new products, shifted")
	p.held("abandon", store.InputMissing, fault)
	p.held("views", store.InputShifted, fault)

	v := p.unguarded(first)
	fell := 0
	for _, m := range v.Movers {
		if m.From != "A" || m.To != "B" {
			t.Errorf("%s %s > %s", m.Account, m.From, m.To)
		}
		fell++
	}
	if fell != quiet {
		t.Errorf("without the guards %d customers would have fallen from A to B, want %d", fell, quiet)
	}

	p.write(p.path, shopRules)
	p.judge()
	p.tomorrow(nil)
	if p.holds() != "" || p.o.Rules.Pack().Problem != nil {
		t.Fatalf("healed, but %s, %v", p.holds(), p.o.Rules.Pack().Problem)
	}
	p.quietly("healed", before, steps)
	p.want("healed")
}

// A source that fails for longer than the rules let it is told once, not once a sync; what becomes stale for it is held and has no alert of its own. When it is read again that is told,
// unless nobody was told of the failure yet: then the message is taken back. A failure that passes sooner is nobody's business.
func TestIncident_SourceFailsTooLong(t *testing.T) {
	p := newPlant(t, 40)
	p.sync(1)
	before := p.grades()
	p.want("the first sync")
	later := func(d time.Duration) {
		p.mu.Lock()
		p.now = p.now.Add(d)
		p.mu.Unlock()
	}
	p.server.Break(sourcetest.Fault{Kind: sourcetest.Throttle, Page: 1, RetryAfter: "600"})
	for range 3 {
		later(30 * time.Minute)
		p.sync(1)
	}
	p.want("an hour and a half")
	p.server.Heal()
	later(10 * time.Minute)
	p.sync(1)
	p.want("read again")

	p.server.Break(sourcetest.Fault{Kind: sourcetest.Forbidden, Page: 1})
	for range 5 {
		later(time.Hour)
		p.sync(1)
	}
	p.want("five hours", "Source of grading inputs fails: shop")
	p.Grader = New(p.o) // a restart
	for range 12 {
		p.tomorrow(nil)
	}
	p.want("longer than values stay fresh")
	if h := p.holds(); !strings.Contains(h, "abandon stale since") || !strings.Contains(h, "views stale since") || strings.Contains(h, "cycle") {
		t.Fatalf("held: %s", h)
	}
	if n := differ(before, p.grades()); n != 0 {
		t.Fatalf("%d grades moved", n)
	}
	p.server.Heal()
	p.tomorrow(nil)
	p.want("healed", "Source of grading inputs is read again: shop")
	if p.holds() != "" {
		t.Fatalf("healed, but %s", p.holds())
	}

	p.server.Break(sourcetest.Fault{Kind: sourcetest.ServerError, Page: 1})
	p.tomorrow(nil) // told to the outbox, which has no round before it heals
	p.server.Heal()
	later(10 * time.Minute)
	p.sync(1)
	p.want("healed before anybody was told")
}

// A weight is pushed out of its bounds in the file while the program watches it: what was in force stays, one alert names line, field and accepted values, and the corrected file is
// taken up without a restart.
func TestIncident_WeightOutOfBoundsWhileRunning(t *testing.T) {
	p := newPlant(t, 40)
	p.sync(1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.o.Rules.Run(ctx) }()
	told := p.o.Rules.Subscribe(t.Context())
	follow := func(what string, ok func(*rule.Pack) bool) *rule.Pack {
		t.Helper()
		late := time.After(30 * time.Second)
		for {
			if pack := p.o.Rules.Pack(); ok(pack) {
				return pack
			}
			select {
			case <-told:
			case <-late:
				t.Fatalf("%s: %v", what, p.o.Rules.Pack().Problem)
			}
		}
	}
	good := follow("the good file", func(q *rule.Pack) bool { return q.File != "" && q.Problem == nil })
	before, steps := p.grades(), p.steps()
	wrong := strings.Replace(shopRules, "weight: .2, max: .3", "weight: .85, max: .3", 1)
	p.write(p.path, wrong)
	bad := follow("the wrong file", func(q *rule.Pack) bool { return q.Problem != nil })
	if bad.Version() != good.Version() || rule.GradingSection.Of(bad).Attributes[7].Weight != .2 {
		t.Fatalf("in force is %s with %v", bad.Version(), rule.GradingSection.Of(bad).Attributes[7].Weight)
	}
	p.write(p.path, wrong) // saved once more: no other cause
	p.sync(2)
	p.quietly("a wrong file", before, steps)
	if why := bad.Problem.Error(); !strings.Contains(why, "rules.yaml:16") || !strings.Contains(why, "weight") || !strings.Contains(why, "0.85") || !strings.Contains(why, "0.3") {
		t.Errorf("it says %q", why)
	}
	p.want("a wrong file", "the rule file is wrong")
	p.write(p.path, strings.Replace(shopRules, "weight: .2, max: .3", "weight: .25, max: .3", 1))
	if q := follow("the corrected file", func(q *rule.Pack) bool { return q.Problem == nil && q.Version() != good.Version() }); rule.GradingSection.Of(q).Attributes[7].Weight != .25 {
		t.Errorf("in force is %v", rule.GradingSection.Of(q).Attributes[7].Weight)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
