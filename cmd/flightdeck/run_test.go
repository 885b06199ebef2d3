package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/syncer"
)

// call runs the program within this process.
func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(""), &out, &errs, []string{"LANG=C.UTF-8"})
	return status, out.String(), errs.String()
}

func TestSync_ForegroundUntilInterrupted(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "f.yaml")
	text := "store: {dir: s}\nsources: [{id: f, kind: table, dir: ., settle: -1s, files: [{file: a.csv, rows: [{entity: person, fields: {id: id, name: name}}]}]}]\n"
	for name, s := range map[string]string{"f.yaml": text, "a.csv": "id,name\n1,李雷\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"sync", "--config", conf}, strings.NewReader(""), w, io.Discard, nil)
		_ = w.Close()
	}()
	first, err := bufio.NewReader(r).ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "f idle rows=1 ") {
		t.Errorf("first line %q, %v", first, err)
	}
	// It owns the store: orders and questions of other processes reach it.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, out, _ := call(t, "sources", "--config", conf, "--csv"); strings.Contains(out, "f,table,people,idle") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the process that syncs does not answer")
		}
	}
	for _, c := range []struct {
		args string
		want int
		says string
	}{
		{"pause f", 0, "f: pause asked for"}, {"refuse f/people", 0, "asked for"}, {"resync f/dreams", exitUsage, "no stream dreams"}, {"pull nosuch", exitUsage, "no such source"},
		{"pause f/people", exitUsage, "not one of its streams"},
	} {
		args := append([]string{"sync"}, strings.Fields(c.args)...)
		if status, out, errs := call(t, append(args, "--config", conf)...); status != c.want || !strings.Contains(out+errs, c.says) {
			t.Errorf("sync %s: %d %s%s", c.args, status, out, errs)
		}
	}
	if status, _, errs := call(t, "sync", "--once", "--config", conf); status != exitFailed || !strings.Contains(errs, "held by") {
		t.Errorf("a second sync: %d %s", status, errs)
	}
	paused := func() bool {
		_, out, _ := call(t, "sources", "--config", conf, "--csv")
		return strings.Contains(out, "f,table,people,idle,true,")
	}
	for deadline := time.Now().Add(time.Minute); !paused(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the pause does not reach it")
		}
	}
	interrupt()
	if status := <-ended; status != 0 {
		t.Errorf("exit status %d", status)
	}
	if !paused() {
		t.Error("the pause ends with the process")
	}
	if status, out, errs := call(t, "sources", "--config", conf, "--csv"); status != 0 || !strings.Contains(out, "f,table,people,idle") {
		t.Errorf("afterwards %d: %s%s", status, out, errs)
	}
}

func TestOwner_AnswersWithinTheViewersTree(t *testing.T) {
	book := analytics.FromRecords(&store.Records{
		Org:    &store.Org{Name: "小店", Currency: "CNY", TimeZone: "UTC"},
		Units:  []store.Unit{{ID: "a:east", Name: "华东", Kind: store.UnitRegion}, {ID: "a:west", Name: "西部", Kind: store.UnitRegion}},
		People: []store.Person{{ID: "a:li", Name: "李雷", Unit: "a:east"}, {ID: "a:han", Name: "韩梅梅", Unit: "a:west"}},
		Stages: []store.Stage{{ID: "lead", Name: "线索"}},
		Deals: []store.Deal{
			{ID: "a:1", Owner: "a:li", Stage: "lead", Amount: store.Money{Minor: 100, Currency: "CNY"}, Created: store.Date(2026, 1, 5)},
			{ID: "a:2", Owner: "a:han", Stage: "lead", Amount: store.Money{Minor: 90000, Currency: "CNY"}, Created: store.Date(2026, 1, 5)},
		},
	}, analytics.Options{Now: func() time.Time { return time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC) }})
	ask := func(root store.ID, args ...string) (int, string) {
		var out bytes.Buffer
		in := &invocation{stdin: strings.NewReader(""), stdout: &out, stderr: &out, environ: []string{"LANG=zh_CN.UTF-8"},
			owner: &owner{cfg: &config.Config{}, picture: func() *picture { return &picture{book: book, desk: new(desk.Desk)} }, root: root}}
		return in.run(t.Context(), args), out.String()
	}
	if status, out := ask("", "funnel", "--csv"); status != 0 || !strings.Contains(out, ",2,901.00,CNY") {
		t.Errorf("the company %d: %s", status, out)
	}
	if status, out := ask("a:east", "funnel", "--csv"); status != 0 || !strings.Contains(out, ",1,1.00,CNY") {
		t.Errorf("the east %d: %s", status, out)
	}
	// What the figures are about is said, also where nobody asked for it.
	if status, out := ask("a:east", "funnel"); status != 0 || !strings.Contains(strings.SplitN(out, "\n", 2)[0], "华东") {
		t.Errorf("the east's heading %d: %s", status, out)
	}
	if status, out := ask("a:east", "funnel", "--json"); status != 0 || !strings.Contains(out, `"root": "华东"`) {
		t.Errorf("the east's JSON %d: %s", status, out)
	}
	for _, args := range [][]string{{"funnel", "--rep", "韩梅梅"}, {"funnel", "--node", "a:west"}, {"funnel", "--config", "/etc/passwd"}, {"funnel", "--store", "/tmp"},
		{"sync", "--once"}, {"sync"}, {"sync", "pause", "a"}, {"sync", "accept", "a/deals"}, {"init", "folder"}, {"demo"}, {"doctor"}} {
		if status, out := ask("a:east", args...); status != exitUsage || strings.Contains(out, "900") {
			t.Errorf("%q %d: %s", args, status, out)
		}
	}
}

// One line per source stays one that can be read, also when every stream has the same to say.
func TestSync_NotesOfManyStreams(t *testing.T) {
	got := notes([]syncer.StreamResult{
		{Stream: "deals", Note: "read anew: GET /deals: 410 (gone)"}, {Stream: "people"}, {Stream: "units", Note: "read anew: GET /units: 410 (gone)"},
		{Stream: "touches", Note: "slow"}, {Stream: "quotas", Note: "read anew: GET /quotas: 410 (gone)"},
	})
	if want := []string{"deals: read anew: GET /deals: 410 (gone) (so too units, quotas)", "touches: slow"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"funnel", "--help"}, {"--version"}, {"version"}, {"completion", "zsh"}, {"completion", "fish"}} {
		if status, out, errs := call(t, args...); status != 0 || out == "" || errs != "" {
			t.Errorf("%q: %d, %d bytes, %s", args, status, len(out), errs)
		}
	}
}

func TestSheet_ColumnsAlignWithChinese(t *testing.T) {
	s := sheet{head: []string{"名称", "n"}, right: []bool{false, true}, rows: [][]string{{"华东区", "1"}, {"West", "1,000"}}}
	var out strings.Builder
	if err := s.print(&out); err != nil {
		t.Fatal(err)
	}
	if want := "名称        n\n华东区      1\nWest    1,000\n"; out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestSeparated(t *testing.T) {
	for in, want := range map[string]string{"": "", "1": "1", "999": "999", "1000": "1,000", "-1000.50": "-1,000.50", "1234567.00": "1,234,567.00", "-100": "-100"} {
		if got := separated(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestCSV_NoFormulas(t *testing.T) {
	var out strings.Builder
	err := printCSV(&out, analytics.Table{Columns: []string{"deal_name", "amount"}, Rows: [][]string{{"=cmd()", "-5.00"}, {"a,b", "1"}}})
	if want := "deal_name,amount\n'=cmd(),-5.00\n\"a,b\",1\n"; err != nil || out.String() != want {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestFind(t *testing.T) {
	all := []named{{"a:1", []string{"HC-PLC 300"}}, {"a:2", []string{"HC-PLC 3000"}}, {"won", []string{"赢单", "Won"}}}
	for _, c := range []struct {
		text string
		want store.ID
	}{{"hc-plc 300", "a:1"}, {"3000", "a:2"}, {"A:2", "a:2"}, {"won", "won"}, {"赢", "won"}, {"plc", ""}, {"x", ""}} {
		got, err := find("product", c.text, all)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %q, %v", c.text, got, err)
		}
	}
}

// A large store is answered from what was folded; the answers are those that its records give.
func TestQuestion_FromWhatWasFolded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	if status, _, errs := call(t, "demo", "--once", "--store", dir); status != 0 {
		t.Fatal(errs)
	}
	db, err := bolt.Open(dir, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	live := analytics.NewLive(db, db, analytics.Options{})
	if err := errors.Join(live.Load(t.Context()), live.Fold(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	exact := regexp.MustCompile(`(\d\.\d{12})\d+`) // the last digits of what was learned depend on the order in which deals are added up
	whole := readWhole
	t.Cleanup(func() { readWhole = whole })
	if folded, err := filepath.Glob(filepath.Join(dir, bolt.Folder, "*")); err != nil || len(folded) == 0 {
		t.Fatalf("nothing was folded: %v", err)
	}
	for _, question := range [][]string{{"funnel"}, {"heatmap"}, {"migration"}, {"forecast"}, {"landing"}, {"triage"}, {"tenders"}, {"morning"}, {"owed"}} {
		args := append(question, "--store", dir, "--json")
		readWhole = whole
		_, want, _ := call(t, args...)
		readWhole = 0
		status, got, errs := call(t, args...)
		if status != 0 || errs != "" || exact.ReplaceAllString(got, "$1") != exact.ReplaceAllString(want, "$1") {
			t.Errorf("%v: status %d, %s\n%.300s\nwant\n%.300s", question, status, errs, got, want)
		}
	}
}
