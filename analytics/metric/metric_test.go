package metric_test

import (
	"testing"
	"unicode"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/backtest"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/credibility"
	"flightdeck/analytics/cycle"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/deviation"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/metric"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/person"
	"flightdeck/analytics/playbook"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/sandbag"
	"flightdeck/analytics/source"
	"flightdeck/analytics/tender"
	"flightdeck/analytics/touch"
	"flightdeck/analytics/triage"
	"flightdeck/analytics/waterfall"
	"flightdeck/store"
)

// tables is every Table that an analysis gives. A new analysis adds its own here.
func tables(b *analytics.Book) map[string]analytics.Table {
	s := analytics.Scope{}
	return map[string]analytics.Table{
		"account.Answer":    account.Answer{}.Table(),
		"account.List":      account.All(b, s).Table(),
		"deal.Answer":       deal.Answer{}.Table(),
		"deal.List":         deal.Find(b, s, deal.Filter{}).Table(),
		"forecast.Answer":   forecast.Of(b, s).Table(),
		"funnel.Answer":     funnel.Of(b, s).Table(),
		"heatmap.Answer":    heatmap.Of(b, s, heatmap.Query{}).Table(),
		"landing.Answer":    landing.Learn(b, b.Today()).Of(s).Table(),
		"cycle.List":        cycle.Red(b, nil, s).Table(),
		"credibility.List":  credibility.Of(b, desk.View{}, nil, s).Table(),
		"credibility.Deal":  credibility.Answer{}.Table(),
		"triage.Queue":      triage.Of(b, desk.View{}, nil, s, triage.Filter{}).Table(),
		"triage.Board":      triage.BoardOf(b, desk.View{}, nil, s).Table(),
		"sandbag.Answer":    sandbag.Of(b, nil, s).Table(),
		"sandbag.CaseList":  sandbag.CaseList{}.Table(),
		"deviation.Answer":  deviation.Of(b, desk.View{}, nil, s).Table(),
		"tender.Answer":     tender.Of(b, desk.View{}, nil, s, true).Table(),
		"landing.DealList":  landing.DealList{}.Table(),
		"backtest.Answer":   backtest.Of(b, s, backtest.Query{Length: backtest.Quarter, By: backtest.Company}).Table(),
		"migration.Answer":  migration.Of(b, s).Table(),
		"grade.Standing":    grade.BoardOf(b, rule.GradingSection.Of(nil), s).With(nil).Table([]int{0}),
		"grade.Potentials":  (&grade.Potentials{}).Table("CNY"),
		"playbook.Answer":   playbook.Of(b, nil, s).Table(),
		"grade.Log":         grade.LogOf(b, s, "", nil).Table(),
		"grade.Verdict":     (&grade.Verdict{}).Table("CNY"),
		"triage.Trail":      triage.Trail{}.Table(),
		"waterfall.Answer":  waterfall.Of(b, s, b.Today()-7).Table(),
		"migration.List":    migration.Accounts(b, s, migration.Cell{From: migration.Any, To: migration.Any}).Table(),
		"person.Answer":     person.Answer{}.Table(),
		"source.Answer":     source.Of(b).Table(),
		"source.Row":        (&source.Row{Runs: []source.Run{{Rows: 1}}}).Table(),
		"source.IssueList":  source.Issues(b, "", "").Table(),
		"touch.List":        touch.Of(b, s, 5).Table(),
		"heatmap.Touches":   heatmap.Touches(b, s, heatmap.Cell{}).Table(),
		"funnel.Deals":      funnel.Deals(b, s, "lead", funnel.Entered).Table(),
		"forecast.Deals":    forecast.Deals(b, s, "").Table(),
		"migration derived": migration.Of(booktest.Book(&store.Records{}), s).Table(),
	}
}

// TestMetric_EveryColumn: no figure reaches a person without a name in both languages and a formula, and none is described that nobody gives.
func TestMetric_EveryColumn(t *testing.T) {
	r := booktest.Company(booktest.Rand(t), booktest.Size{Teams: 2, People: 5, Accounts: 9, Deals: 30, Touches: 60}, booktest.With{Touches: true, Grades: true})
	r.Statuses = []store.SourceStatus{{Source: "a", Stream: "deals"}}
	r.Issues = []store.Issue{{Source: "a", Stream: "deals", Where: "x.csv:3"}}
	used := map[string]bool{}
	for name, table := range tables(booktest.Book(r)) {
		for _, c := range table.Columns {
			used[c] = true
			if _, ok := metric.Get(c); !ok {
				t.Errorf("%s: column %q is in no metric; add it to analytics/metric/list.go", name, c)
			}
		}
		for i, row := range table.Rows {
			if len(row) != len(table.Columns) {
				t.Fatalf("%s: row %d has %d cells, want %d", name, i, len(row), len(table.Columns))
			}
		}
	}
	for _, m := range metric.All() {
		if !used[m.Key] && m.Key != "month" && m.Key != "sales" { // an account's months are JSON only
			t.Errorf("metric %q is no column of any analysis", m.Key)
		}
	}
}

func TestMetric_Complete(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range metric.All() {
		if seen[m.Key] {
			t.Errorf("%s: twice", m.Key)
		}
		seen[m.Key] = true
		if m.Unit == "" || m.Grain == "" || m.En == "" || m.FormulaEn == "" || !han(m.Zh) || !han(m.FormulaZh) {
			t.Errorf("%+v: something is missing, or the Chinese text is not Chinese", m)
		}
		if m.Name("zh") != m.Zh || m.Name("en") != m.En || m.Formula("zh") != m.FormulaZh || m.Formula("") != m.FormulaEn {
			t.Errorf("%s: Name or Formula gives the wrong language", m.Key)
		}
	}
	if _, ok := metric.Get("no such figure"); ok {
		t.Error("Get of an unknown key is ok")
	}
}

func han(s string) bool {
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			return true
		}
	}
	return false
}
