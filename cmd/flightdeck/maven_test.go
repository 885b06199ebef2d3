package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestMaven is the way from public files with all their flaws to the four answers: the configuration is what init prints, unchanged.
func TestMaven(t *testing.T) {
	data, err := filepath.Abs("../../../shared/data/maven-crm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(data); err != nil {
		t.Skip("no data at " + data)
	}
	status, text, errs := call(t, "init", "maven-crm", "--data", data)
	conf := filepath.Join(t.TempDir(), "flightdeck.yaml")
	if err := os.WriteFile(conf, []byte(text), 0o600); status != 0 || err != nil {
		t.Fatalf("init: %d, %v\n%s", status, err, errs)
	}
	ask := func(args ...string) string {
		t.Helper()
		status, out, errs := call(t, append(args, "--config", conf)...)
		if status != 0 || errs != "" {
			t.Fatalf("%q: %d\n%s%s", args, status, out, errs)
		}
		return out
	}
	if out := ask("sync", "--once"); !regexp.MustCompile(`^maven idle rows=\d+ removed=0 issues=1925 took=\S+ requests=\d+\n$`).MatchString(out) {
		t.Errorf("sync prints %q", out)
	}
	for _, name := range []string{"funnel", "forecast", "heatmap", "migration"} {
		var v map[string]any
		if err := json.Unmarshal([]byte(ask(name, "--json")), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		stamp, _ := v["stamp"].(map[string]any)
		if stamp["as_of"] != "2017-12-31" || stamp["revision"] == 0.0 || stamp["oldest"] == nil {
			t.Errorf("%s: stamp %v", name, stamp)
		}
		if n := figuresIn(v); n < 10 {
			t.Errorf("%s has only %d figures other than 0", name, n)
		}
	}

	file, err := os.ReadFile(filepath.Join(data, "sales_pipeline.csv"))
	if err != nil {
		t.Fatal(err)
	}
	// All 8,800 opportunities stand somewhere: counted in the file itself.
	rows := readCSV(t, file)
	want := map[string]int{}
	noAccount, noDate := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		want[map[string]string{"Prospecting": "prospecting", "Engaging": "engaging", "Won": "won", "Lost": "lost"}[row["deal_stage"]]]++
		if row["account"] == "" {
			noAccount[row["#"]] = true
		}
		if row["engage_date"] == "" {
			noDate[row["#"]] = true
		}
	}
	var f struct {
		Stages []struct {
			ID    string `json:"id"`
			Count int    `json:"count"`
		} `json:"stages"`
	}
	if err := json.Unmarshal([]byte(ask("funnel", "--period", "2016-01-01..2017-12-31", "--json")), &f); err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Stages {
		if s.Count != want[s.ID] || s.Count == 0 {
			t.Errorf("%s: %d deals, the file has %d", s.ID, s.Count, want[s.ID])
		}
	}

	// The quarters that can be forecast from what was known then are, better than by plain methods.
	var back struct {
		Summary struct {
			N         int                `json:"n"`
			Median    float64            `json:"accuracy_median"`
			Coverage  float64            `json:"coverage80"`
			Brier     float64            `json:"brier"`
			Baselines map[string]float64 `json:"baselines"`
			Skipped   []string           `json:"skipped"`
		} `json:"summary"`
	}
	if err := json.Unmarshal([]byte(ask("backtest", "--period", "quarter", "--by", "team", "--json")), &back); err != nil {
		t.Fatal(err)
	}
	if b := back.Summary; b.N != 18 || b.Median < .897 || b.Coverage < .75 || b.Coverage > .85 || b.Brier <= 0 || b.Brier > .18 || len(b.Skipped) != 1 ||
		b.Baselines["naive"] == 0 || b.Baselines["naive"] >= b.Median || b.Baselines["stage_weighted"] >= b.Median {
		t.Errorf("backtest: %+v", b)
	}

	// What could not be mapped is listed by file and line, each once.
	if len(noAccount) != 1425 || len(noDate) != 500 {
		t.Fatalf("the file has %d rows without account and %d without date: other data than these tests know", len(noAccount), len(noDate))
	}
	for _, row := range readCSV(t, []byte(ask("issues", "--csv"))) {
		line, ok := strings.CutPrefix(row["where"], "sales_pipeline.csv:")
		left := map[string]map[string]bool{"account": noAccount, "created": noDate}[row["field"]]
		if !ok || !left[line] || row["problem"] == "" || row["dropped"] != "false" {
			t.Errorf("an issue that the file does not have: %v", row)
		}
		delete(left, line)
	}
	if len(noAccount) > 0 || len(noDate) > 0 {
		t.Errorf("not listed: %d rows without account, %d without date", len(noAccount), len(noDate))
	}
}

// readCSV reads CSV with a header; # is the line.
func readCSV(t *testing.T, b []byte) (rows []map[string]string) {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(b))
	head, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	for {
		rec, err := r.Read()
		if err != nil {
			return rows
		}
		line, _ := r.FieldPos(0)
		row := map[string]string{"#": strconv.Itoa(line)}
		for i, name := range head {
			row[name] = rec[i]
		}
		rows = append(rows, row)
	}
}

// figuresIn counts the numbers in a JSON value that are not 0.
func figuresIn(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			n += figuresIn(x)
		}
	case []any:
		for _, x := range v {
			n += figuresIn(x)
		}
	case float64:
		if v != 0 {
			n++
		}
	}
	return n
}
