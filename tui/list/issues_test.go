package list

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func issueBook(t testing.TB, issues ...store.Issue) *analytics.Book {
	t.Helper()
	m := storetest.NewMemory()
	ctx := context.Background()
	if _, err := m.Apply(ctx, &store.Batch{Records: store.Records{Issues: issues}}); err != nil {
		t.Fatal(err)
	}
	var b *analytics.Book
	err := m.View(ctx, func(s store.Snapshot) (err error) {
		b, err = analytics.Build(s, analytics.Options{Now: func() time.Time { return tuitest.Now }})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func someIssues() []store.Issue {
	is := []store.Issue{
		{Source: "台账", Stream: "deals", Where: "销售台账 2026.xlsx:17", Field: "close_date", Value: "31/02/2026", Problem: "not a date; accepted: M/D/YYYY from 1900 to 2099"},
		{Source: "hubspot", Stream: "deals", Where: "9912", Field: "stage", Value: "Waiting", Problem: "unknown stage; accepted: lead, qualified, proposal, won, lost", Repeated: 41},
		{Source: "maven", Stream: "deals", Where: "sales_pipeline.csv:9", Field: "opportunity_id", Problem: "the key is missing", Dropped: true},
	}
	for i := range 40 {
		is = append(is, store.Issue{Source: "maven", Stream: "deals", Where: fmt.Sprintf("sales_pipeline.csv:%d", 100+i), Field: "account", Problem: "empty; the deal is loaded without an account"})
	}
	return is
}

func issuesOf(id string) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(pane.Issues)(env, pane.Place{Kind: pane.Issues, ID: id}) }
}

func TestIssues_Golden(t *testing.T) { tuitest.Golden(t, issueBook(t, someIssues()...), issuesOf("")) }

func TestIssues_Geometry(t *testing.T) {
	tuitest.Geometry(t, issueBook(t, someIssues()...), issuesOf("maven"))
}

func TestIssues_OfOneSource(t *testing.T) {
	d := tuitest.Drive(t, issuesOf("hubspot")(tuitest.Env(t, issueBook(t, someIssues()...), locale.English)), layout.Size{W: 120, H: 22})
	v := d.P.View()
	if !strings.Contains(v, "Waiting") || strings.Contains(v, "sales_pipeline") || !strings.Contains(v, "41 more") {
		t.Errorf("want hubspot's one issue only:\n%s", v)
	}
}

func TestIssues_FilterAndNone(t *testing.T) {
	d := tuitest.Drive(t, issuesOf("")(tuitest.Env(t, issueBook(t, someIssues()...), locale.English)), layout.Size{W: 120, H: 22})
	d.Filter("csv:117")
	if v := d.P.View(); !strings.Contains(v, "csv:117") || strings.Contains(v, "csv:118") {
		t.Errorf("filtered:\n%s", v)
	}
	d = tuitest.Drive(t, issuesOf("")(tuitest.Env(t, issueBook(t), locale.English)), layout.Size{W: 80, H: 22})
	if v := d.P.View(); !strings.Contains(v, "every row was mapped") {
		t.Errorf("none:\n%s", v)
	}
}
