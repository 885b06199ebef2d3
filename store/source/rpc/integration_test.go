//go:build integration

package rpc

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// These tests need the server that ../shared/tools/tryton-up.sh starts. The environment says where it is:
//
//	TRYTON_URL          http://127.0.0.1:8169/crm/; absent: the tests are skipped
//	TRYTON_SYNC_PW      password of the user sync; absent: the script's default
//	FLIGHTDECK_TOOLS    the folder with the script; absent: ../shared/tools beside the repository
//	FLIGHTDECK_REQUIRE_INTEGRATION=1   a missing server is a failure
//	TRYTON_HOME, TRYTON_PORT, TRYTON_BACKEND, TRYTON_PG_PORT   what the script was started with, for churn and late
func tryton(t *testing.T) *Source {
	t.Helper()
	address := os.Getenv("TRYTON_URL")
	if address == "" {
		missing(t, "TRYTON_URL is not set: start ../shared/tools/tryton-up.sh and set it")
	}
	if os.Getenv("TRYTON_SYNC_PW") == "" {
		t.Setenv("TRYTON_SYNC_PW", "Lantern-52Kite")
	}
	cfg := decodePreset(t)
	cfg.URL = address
	s, err := NewTryton(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("FLIGHTDECK_REQUIRE_INTEGRATION") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// script runs a mutation and returns what it printed.
func script(t *testing.T, args ...string) map[string]any {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(cmp.Or(os.Getenv("FLIGHTDECK_TOOLS"), "../../../../shared/tools"), "tryton-up.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		missing(t, "no script at "+path)
	}
	u, err := url.Parse(os.Getenv("TRYTON_URL"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", append([]string{path}, args...)...)
	cmd.Env = append(os.Environ(), "TRYTON_PORT="+u.Port())
	cmd.Stderr = os.Stderr // a file, not a pipe: late leaves a transaction running behind it, and Output would wait for that
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	var v map[string]any
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("%v printed %q: %v", args, out, err)
	}
	return v
}

// mirror is a store as far as these tests need one: records by reference.
type mirror struct {
	rows    map[store.Ref]string
	cursors map[store.Stream]store.Cursor
	deals   map[store.ID]store.Deal
	changes map[store.ID]store.Change
}

func newMirror() *mirror {
	return &mirror{map[store.Ref]string{}, map[store.Stream]store.Cursor{}, map[store.ID]store.Deal{}, map[store.ID]store.Change{}}
}

// sync does what the syncer does, without its care: fetch to the end, then compare with the list. It returns what changed.
func (m *mirror) sync(t *testing.T, s *Source, limit int) (touched map[store.Ref]bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	touched = map[store.Ref]bool{}
	put := func(ref store.Ref, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if m.rows[ref] != string(b) {
			touched[ref], m.rows[ref] = true, string(b)
		}
	}
	for _, st := range s.Streams() {
		named := map[store.Ref]bool{}
		for pages := 0; ; pages++ {
			if pages > 1000 {
				t.Fatalf("%s never ends", st)
			}
			p, err := s.Fetch(ctx, source.Request{Stream: st, Cursor: m.cursors[st], Now: time.Now(), Limit: limit})
			if err != nil {
				t.Fatalf("%s: %v", st, err)
			}
			for _, i := range p.Issues {
				t.Errorf("issue %+v", i)
			}
			for _, v := range p.Units {
				put(store.Ref{Entity: store.EntityUnit, ID: v.ID}, v)
			}
			for _, v := range p.People {
				put(store.Ref{Entity: store.EntityPerson, ID: v.ID}, v)
			}
			for _, v := range p.Accounts {
				put(store.Ref{Entity: store.EntityAccount, ID: v.ID}, v)
			}
			for _, v := range p.Contacts {
				put(store.Ref{Entity: store.EntityContact, ID: v.ID}, v)
			}
			for _, v := range p.Deals {
				put(store.Ref{Entity: store.EntityDeal, ID: v.ID}, v)
				m.deals[v.ID] = v
			}
			for _, v := range p.Changes {
				put(store.Ref{Entity: store.EntityChange, ID: v.Key()}, v)
				m.changes[v.Key()] = v
			}
			p.Refs(func(r store.Ref) bool { named[r] = true; return true })
			m.cursors[st] = p.Next
			if !p.More {
				if p.Full {
					m.keep(shapes[st].entity, named)
				}
				break
			}
		}
		if shapes[st].entity == store.EntityChange {
			continue
		}
		listed := map[store.Ref]bool{}
		for c := store.Cursor(""); ; {
			refs, next, err := s.List(ctx, st, c)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range refs {
				listed[r] = true
			}
			if c = next; c == "" {
				break
			}
		}
		m.keep(shapes[st].entity, listed)
	}
	return touched
}

func (m *mirror) keep(e store.Entity, named map[store.Ref]bool) {
	for ref := range m.rows {
		if ref.Entity == e && !named[ref] {
			delete(m.rows, ref)
			delete(m.deals, ref.ID)
		}
	}
}

// check compares with what the server says of all opportunities at once.
func (m *mirror) check(t *testing.T, s *Source) {
	t.Helper()
	a, err := s.c.call(context.Background(), "model.sale.opportunity.search_read", everything, []any{}, 0, nil, nil, []string{"amount", "state"})
	if err != nil {
		t.Fatal(err)
	}
	rows := a.list()
	if len(rows) != len(m.deals) {
		t.Errorf("%d deals, the server has %d", len(m.deals), len(rows))
	}
	for _, row := range rows {
		id, _ := number(row["id"])
		d, ok := m.deals[store.MakeID(s.ID(), strconv.FormatInt(id, 10))]
		if !ok {
			t.Errorf("opportunity %d was missed", id)
			continue
		}
		want, err := store.ParseMoney(row["amount"].(json.Number).String(), "CNY")
		if err != nil || d.Amount != want || d.Stage != s.stages[row["state"].(string)] {
			t.Errorf("opportunity %d is %s %s, the server has %s %v", id, d.Stage, d.Amount, want, row["state"])
		}
	}
	// The last stage in a deal's history is the stage it has.
	last := map[store.ID]store.Change{}
	for _, c := range m.changes {
		if c.Field == store.FieldStage && (last[c.Deal].At.Before(c.At)) {
			last[c.Deal] = c
		}
	}
	for id, d := range m.deals {
		if last[id].To != string(d.Stage) {
			t.Errorf("%s is in %s, its history ends in %q", id, d.Stage, last[id].To)
		}
	}
}

func TestIntegrationTryton_EverythingThenChurn(t *testing.T) {
	s, m := tryton(t), newMirror()
	if err := s.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	m.sync(t, s, 7) // small pages: all seeded rows share one create_date, so pages end within a tie
	m.check(t, s)
	count := map[store.Entity]int{}
	for ref := range m.rows {
		count[ref.Entity]++
	}
	t.Logf("read %v", count)
	if count[store.EntityUnit] != 1 || count[store.EntityPerson] != 4 || count[store.EntityAccount] != 12 || count[store.EntityContact] != 12 {
		t.Errorf("counts %v: want the seeded company, its 4 employees, 12 parties with a contact each", count)
	}
	if again := m.sync(t, s, 0); len(again) != 0 {
		t.Errorf("a second pass without changes changed %v", again)
	}

	for round := range 2 {
		did := script(t, "churn", "5")
		want := map[store.Ref]bool{}
		for _, k := range []string{"edited", "created"} {
			for _, id := range did[k].([]any) {
				want[store.Ref{Entity: store.EntityDeal, ID: store.MakeID(s.ID(), fmt.Sprint(id))}] = true
			}
		}
		changes := len(m.changes)
		touched := m.sync(t, s, 3)
		for ref := range touched {
			if ref.Entity == store.EntityDeal && !want[ref] {
				t.Errorf("round %d: %s changed though nobody touched it", round, ref.ID)
			}
		}
		for ref := range want {
			if !touched[ref] {
				t.Errorf("round %d: the edit of %s was missed", round, ref.ID)
			}
		}
		for _, id := range did["deleted"].([]any) {
			if _, ok := m.deals[store.MakeID(s.ID(), fmt.Sprint(id))]; ok {
				t.Errorf("round %d: %v is still there", round, id)
			}
		}
		// An edit is one amount change; the new deal's history has its stages, one or two, depending on whether both were written in one transaction.
		if got := len(m.changes) - changes; got < 6 || got > 7 {
			t.Errorf("round %d: %d changes for 5 edits and a new deal", round, got)
		}
		m.check(t, s)
	}
}

func TestIntegrationTryton_LateCommit(t *testing.T) {
	if os.Getenv("TRYTON_BACKEND") != "postgresql" {
		t.Skip("TRYTON_BACKEND is not postgresql: a late commit needs it")
	}
	for _, seconds := range []string{"12", "45"} {
		if lateCommit(t, seconds) {
			return
		}
	}
	missing(t, "the transaction committed before the second pass read: this machine is too busy for the test to prove anything")
}

// lateCommit reports whether the transaction was still open when the pass before it read.
func lateCommit(t *testing.T, seconds string) bool {
	s, m := tryton(t), newMirror()
	m.sync(t, s, 0)
	first := maps.Clone(m.deals)
	did := script(t, "late", seconds) // returns at once; the late transaction commits that much later
	m.sync(t, s, 0)
	late := store.MakeID(s.ID(), fmt.Sprint(did["late"]))
	early := m.deals[store.MakeID(s.ID(), fmt.Sprint(did["early"]))]
	if m.deals[late].Amount != first[late].Amount {
		return false
	}
	if early.Amount.Minor != first[early.ID].Amount.Minor+1 {
		t.Errorf("the early edit was missed: %s then %s", first[early.ID].Amount, early.Amount)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		a, err := s.c.call(context.Background(), "model.sale.opportunity.read", nil, []any{did["late"]}, []string{"amount"})
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the late transaction never commits: %v", err)
		}
		if now, err := store.ParseMoney(a.list()[0]["amount"].(json.Number).String(), "CNY"); err == nil && now != first[late].Amount {
			break
		}
	}
	touched := m.sync(t, s, 0)
	if !touched[store.Ref{Entity: store.EntityDeal, ID: late}] || m.deals[late].Amount.Minor != first[late].Amount.Minor+1 {
		t.Errorf("the late commit on %s was lost: %s then %s", late, first[late].Amount, m.deals[late].Amount)
	}
	if written := m.deals[late].Modified; !written.Before(early.Modified) {
		t.Errorf("the late commit is stamped %s, not before %s: this proved nothing", written, early.Modified)
	}
	m.check(t, s)
	return true
}

func TestIntegrationTryton_WrongPassword(t *testing.T) {
	s := tryton(t)
	t.Setenv("TRYTON_SYNC_PW", "wrong-canary-9")
	_, err := s.Fetch(context.Background(), source.Request{Stream: "deals", Now: time.Now()})
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Fatalf("error %v", err)
	}
	t.Log(err)
}

func TestIntegrationTryton_SessionEnds(t *testing.T) {
	s, m := tryton(t), newMirror()
	m.sync(t, s, 0)
	s.c.mu.Lock()
	s.c.session = "Session c3luYzoxOmdvbmU="
	s.c.mu.Unlock()
	if touched := m.sync(t, s, 0); len(touched) > 0 {
		t.Errorf("changed %v", slices.Collect(maps.Keys(touched)))
	}
}

// admin returns what calls a method as the server's administrator, and what takes the first identifier of a list.
func admin(t *testing.T, s *Source) (call func(method string, params ...any) any, first func(v any) int64) {
	t.Helper()
	if os.Getenv("TRYTON_ADMIN_PW") == "" {
		t.Setenv("TRYTON_ADMIN_PW", "Harbor-7f3Quay")
	}
	cfg := s.cfg
	cfg.Login = "admin"
	if err := cfg.Password.UnmarshalText([]byte("env:TRYTON_ADMIN_PW")); err != nil {
		t.Fatal(err)
	}
	c := newClient(&cfg)
	call = func(method string, params ...any) any {
		t.Helper()
		a, err := c.call(context.Background(), method, nil, params...) // also when the test is over
		if err != nil {
			t.Fatal(err)
		}
		return a.result
	}
	first = func(v any) int64 {
		t.Helper()
		l, _ := v.([]any)
		if len(l) == 0 {
			t.Fatalf("no id in %v", v)
		}
		id, ok := number(l[0])
		if !ok {
			t.Fatalf("no id in %v", v)
		}
		return id
	}
	return call, first
}

// TestIntegrationTryton_Sales sells a product and cancels the sale in Tryton itself.
func TestIntegrationTryton_Sales(t *testing.T) {
	s := tryton(t)
	call, first := admin(t, s)
	pull := func(st store.Stream, c store.Cursor) (all source.Page) {
		t.Helper()
		for {
			p, err := s.Fetch(t.Context(), source.Request{Stream: st, Cursor: c, Now: time.Now()})
			if err != nil || len(p.Issues) > 0 {
				t.Fatalf("%s: %v %+v", st, err, p.Issues)
			}
			all.Append(&p.Records)
			all.Deleted = append(all.Deleted, p.Deleted...)
			if all.Next, c = p.Next, p.Next; !p.More {
				return all
			}
		}
	}
	sold := pull("sales", "").Next
	unit := first(call("model.product.uom.search", []any{[]any{"symbol", "=", "u"}}, 0, 1, nil))
	category := first(call("model.product.category.create", []any{map[string]any{"name": "泵"}}))
	t.Cleanup(func() { call("model.product.category.delete", []any{category}) })
	template := first(call("model.product.template.create", []any{map[string]any{"name": "给水泵", "type": "service", "default_uom": unit, "list_price": dec("1200.50"),
		"categories": []any{[]any{"add", []any{category}}}, "products": []any{[]any{"create", []any{map[string]any{}}}}}}))
	t.Cleanup(func() { call("model.product.template.delete", []any{template}) })
	product := first(call("model.product.product.search", []any{[]any{"template", "=", template}}, 0, 1, nil))
	t.Cleanup(func() { call("model.product.product.delete", []any{product}) })
	party := first(call("model.party.party.create", []any{map[string]any{"name": "买泵的", "addresses": []any{[]any{"create", []any{map[string]any{"city": "苏州"}}}}}}))
	t.Cleanup(func() { call("model.party.party.delete", []any{party}) })
	address := first(call("model.party.address.search", []any{[]any{"party", "=", party}}, 0, 1, nil))
	employee := first(call("model.company.employee.search", []any{}, 0, 1, nil))
	deal := first(call("model.sale.opportunity.create", []any{map[string]any{"party": party, "company": 1, "employee": employee, "description": "泵"}}))
	t.Cleanup(func() {
		call("model.sale.opportunity.write", []any{deal}, map[string]any{"state": "cancelled"})
		call("model.sale.opportunity.delete", []any{deal})
	})
	line := map[string]any{"type": "line", "product": product, "unit": unit, "quantity": 2, "unit_price": dec("12345678901.10")}
	sale := first(call("model.sale.sale.create", []any{map[string]any{"party": party, "invoice_address": address, "shipment_address": address, "company": 1,
		"currency": first(call("model.currency.currency.search", []any{[]any{"code", "=", "USD"}}, 0, 1, nil)), "warehouse": first(call("model.stock.location.search", []any{[]any{"type", "=", "warehouse"}}, 0, 1, nil)),
		"sale_date": date("2026-03-05"), "state": "confirmed", "origin": fmt.Sprint("sale.opportunity,", deal),
		"lines": []any{[]any{"create", []any{line, map[string]any{"type": "comment", "description": "下周送"}}}}}}))
	t.Cleanup(func() { // which only a sale that was never one may be
		call("model.sale.sale.write", []any{sale}, map[string]any{"state": "cancelled"})
		call("model.sale.sale.delete", []any{sale})
	})
	id := func(n int64) store.ID { return store.MakeID(s.ID(), strconv.FormatInt(n, 10)) }
	p := pull("products", "")
	want := store.Product{ID: id(product), Name: "给水泵", Category: "泵", Price: store.Money{Minor: 120050, Currency: "CNY"}}
	if !slices.Contains(p.Products, want) {
		t.Errorf("products %+v, want %+v", p.Products, want)
	}
	got := pull("sales", sold)
	got.Sales = slices.DeleteFunc(got.Sales, func(v store.Sale) bool { return v.Account != id(party) }) // by the line itself, and by its sale
	if len(got.Sales) == 0 || len(got.Deleted) == 0 {
		t.Fatalf("sales %+v, no sales %v: want a line and a comment", got.Sales, got.Deleted)
	}
	if v, w := got.Sales[0], (store.Sale{ID: got.Sales[0].ID, Account: id(party), Product: id(product), Rep: id(employee), Day: store.Date(2026, 3, 5), Quantity: 2000,
		Amount: store.Money{Minor: 2469135780220, Currency: "USD"}}); v != w {
		t.Errorf("sale %+v, want %+v", v, w)
	}
	time.Sleep(1500 * time.Millisecond)
	call("model.product.template.write", []any{template}, map[string]any{"name": "循环泵"})
	if p := pull("products", p.Next); !slices.ContainsFunc(p.Products, func(v store.Product) bool { return v.ID == id(product) && v.Name == "循环泵" }) {
		t.Errorf("renamed: %+v", p.Products)
	}
	call("model.sale.sale.write", []any{sale}, map[string]any{"state": "cancelled"})
	if p := pull("sales", got.Next); slices.Contains(p.Sales, got.Sales[0]) || !slices.Contains(p.Deleted, store.Ref{Entity: store.EntitySale, ID: got.Sales[0].ID}) {
		t.Errorf("cancelled: %+v, no sales %v", p.Sales, p.Deleted)
	}
}

// TestIntegrationTryton_MergedParty lets Tryton itself merge two parties.
func TestIntegrationTryton_MergedParty(t *testing.T) {
	s, m := tryton(t), newMirror()
	call, first := admin(t, s)
	parties := make([]int64, 2)
	for i := range parties {
		parties[i] = first(call("model.party.party.create", []any{map[string]any{"name": "合并测试"}})) // one name, or Tryton asks whether they are one
		t.Cleanup(func() { call("model.party.party.delete", []any{parties[i]}) })                   // the other tests count what was seeded
	}
	deal := first(call("model.sale.opportunity.create", []any{map[string]any{"party": parties[0], "company": 1, "description": "合并测试"}}))
	t.Cleanup(func() { call("model.sale.opportunity.delete", []any{deal}) })
	s.cfg.Overlap = time.Nanosecond // or the deal would be read again for having been made just now
	m.sync(t, s, 0)
	time.Sleep(1500 * time.Millisecond)
	ref := func(e store.Entity, id int64) store.Ref {
		return store.Ref{Entity: e, ID: store.MakeID(s.ID(), strconv.FormatInt(id, 10))}
	}
	if got := m.deals[ref(store.EntityDeal, deal).ID].Account; got != ref(store.EntityAccount, parties[0]).ID {
		t.Fatalf("before the merge the deal is of %s", got)
	}
	wizard, _ := call("wizard.party.replace.create").([]any)
	call("wizard.party.replace.execute", wizard[0], map[string]any{"ask": map[string]any{"source": parties[0], "destination": parties[1]}}, "replace")
	call("wizard.party.replace.delete", wizard[0])
	m.sync(t, s, 0)
	if got := m.deals[ref(store.EntityDeal, deal).ID].Account; got != ref(store.EntityAccount, parties[1]).ID {
		t.Errorf("after it the deal is of %s, want %s", got, ref(store.EntityAccount, parties[1]).ID)
	}
	if _, there := m.rows[ref(store.EntityAccount, parties[0])]; there {
		t.Error("the party that was merged is still a customer")
	}
}
