package table

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
)

// truth is counted from the files by other means than the package's: they hold no quotation mark, so that a line splits at its commas.
func truth(t *testing.T, dir, name string) []map[string]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(b), "\r", "")), "\n")
	if strings.Contains(string(b), `"`) {
		t.Fatalf("%s has quotation marks; this count would be wrong", name)
	}
	head := strings.Split(lines[0], ",")
	var rows []map[string]string
	for _, l := range lines[1:] {
		row := map[string]string{}
		for i, c := range strings.Split(l, ",") {
			row[head[i]] = c
		}
		rows = append(rows, row)
	}
	return rows
}

func mavenDir(t testing.TB) string {
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "maven-crm")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no data set at %s", dir)
	}
	return dir
}

// The files' own spellings.
const (
	badTechnology  = "technolgy"  //nolint:misspell // so it stands there
	badPhilippines = "Philipines" //nolint:misspell // so it stands there
)

func TestMaven(t *testing.T) {
	dir := mavenDir(t)
	s, err := New(preset(t, "maven-crm", dir))
	if err != nil {
		t.Fatal(err)
	}
	var all store.Records
	for _, st := range s.Streams() {
		p := mustPull(t, s, st, "", 1000)
		if !p.Full {
			t.Errorf("%s: not a full pass", st)
		}
		all.Append(&p.Records)
	}

	pipeline, teams, accounts, products := truth(t, dir, "sales_pipeline.csv"), truth(t, dir, "sales_teams.csv"), truth(t, dir, "accounts.csv"),
		truth(t, dir, "products.csv")
	price := map[string]int64{}
	for _, p := range products {
		n, err := strconv.ParseInt(p["sales_price"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		price[p["product"]] = n * 100
	}
	stages, noAccount, noEngage, wonSum, lostSum, openSum, steps := map[string]int{}, 0, 0, int64(0), int64(0), int64(0), 0
	for _, d := range pipeline {
		stages[strings.ToLower(d["deal_stage"])]++
		if d["account"] == "" {
			noAccount++
		}
		if d["engage_date"] == "" {
			noEngage++
		} else {
			steps++
		}
		if d["close_date"] != "" {
			steps++
		}
		list := price[strings.Replace(d["product"], "GTXPro", "GTX Pro", 1)]
		switch d["deal_stage"] {
		case "Won":
			n, err := strconv.ParseInt(d["close_value"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			wonSum += n * 100
		case "Lost":
			lostSum += list
		default:
			openSum += list
		}
	}
	if noAccount != 1425 || noEngage != 500 || len(pipeline) != 8800 || len(accounts) != 85 {
		t.Fatalf("this is not the data set that the test was written for: %d %d %d %d", noAccount, noEngage, len(pipeline), len(accounts))
	}

	got, sums, marked := map[string]int{}, map[string]int64{}, 0
	for _, d := range all.Deals {
		got[string(d.Stage)]++
		if d.Amount.Currency != "USD" {
			t.Fatalf("%s: amount %s", d.ID, d.Amount)
		}
		sums[string(d.Stage)] += d.Amount.Minor
		if d.Extra["amount_from"] == "list price" {
			marked++
		}
		if strings.Contains(string(d.Product), "GTXPro") || d.Product == "" || d.Owner == "" {
			t.Fatalf("%s: product %q owner %q", d.ID, d.Product, d.Owner)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(stages) {
		t.Errorf("deals per stage %v, want %v", got, stages)
	}
	if sums["won"] != wonSum || sums["lost"] != lostSum || sums["prospecting"]+sums["engaging"] != openSum {
		t.Errorf("sums %v, want won %d lost %d open %d", sums, wonSum, lostSum, openSum)
	}
	if want := len(pipeline) - stages["won"]; marked != want {
		t.Errorf("%d amounts say that they are list prices, want %d", marked, want)
	}
	if len(all.Changes) != steps {
		t.Errorf("%d stage changes, want %d", len(all.Changes), steps)
	}

	issues := map[string]int{}
	for _, i := range all.Issues {
		issues[i.Field] += 1 + i.Repeated
		if n, ok := strings.CutPrefix(i.Where, "sales_pipeline.csv:"); !ok {
			t.Errorf("unexpected issue %+v", i)
		} else if line, err := strconv.Atoi(n); err != nil || i.Field == "account" && pipeline[line-2]["account"] != "" ||
			i.Field == "created" && pipeline[line-2]["engage_date"] != "" {
			t.Fatalf("%s names the wrong line: %v", i.Where, pipeline[line-2])
		}
	}
	if want := map[string]int{"account": noAccount, "created": noEngage}; fmt.Sprint(issues) != fmt.Sprint(want) {
		t.Errorf("issues by field %v, want %v", issues, want)
	}

	managers, offices := map[string]bool{}, map[string]bool{}
	for _, r := range teams {
		managers[r["manager"]], offices[r["regional_office"]] = true, true
	}
	if len(all.Units) != len(managers)+len(offices) || len(all.People) != len(managers)+len(teams) {
		t.Errorf("%d units and %d people, want %d and %d", len(all.Units), len(all.People), len(managers)+len(offices), len(managers)+len(teams))
	}
	units := map[store.ID]store.Unit{}
	for _, u := range all.Units {
		units[u.ID] = u
	}
	for _, p := range all.People {
		u := units[p.Unit]
		if u.Kind != store.UnitTeam || units[u.Parent].Kind != store.UnitRegion || u.Manager == "" {
			t.Errorf("%s sits in %+v", p.Name, u)
		}
	}

	technology, parents := 0, 0
	for _, a := range all.Accounts {
		switch a.Industry {
		case badTechnology:
			t.Errorf("%s: %s", a.Name, a.Industry)
		case "technology":
			technology++
		}
		if a.Region == badPhilippines {
			t.Errorf("%s: %s", a.Name, a.Region)
		}
		if a.Parent != "" {
			parents++
		}
		if a.Name == "Acme Corporation" && (a.Revenue.String() != "1100040000.00 USD" || a.Staff != 2822 || a.Extra["founded"] != "1996") {
			t.Errorf("%+v", a)
		}
	}
	wantTechnology, wantParents := 0, 0
	for _, a := range accounts {
		if a["sector"] == badTechnology {
			wantTechnology++
		}
		if a["subsidiary_of"] != "" {
			wantParents++
		}
	}
	if technology != wantTechnology || parents != wantParents || len(all.Accounts) != len(accounts) || len(all.Products) != len(products) {
		t.Errorf("technology %d parents %d accounts %d products %d", technology, parents, len(all.Accounts), len(all.Products))
	}
	for _, d := range all.Deals {
		if d.ID == "maven:1C1I7A6R" {
			if d.Created != store.Date(2016, time.October, 20) || d.Close != store.Date(2017, time.March, 1) || d.Amount.Minor != 105400 {
				t.Errorf("%+v", d)
			}
		}
	}
}

func BenchmarkMaven(b *testing.B) {
	dir := mavenDir(b)
	raw, err := Preset("maven-crm")
	if err != nil {
		b.Fatal(err)
	}
	cfg := decodePreset(b, raw)
	cfg.Dir = dir
	for b.Loop() {
		s, err := New(cfg)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := pull(s, "deals", "", 0); err != nil {
			b.Fatal(err)
		}
	}
}
