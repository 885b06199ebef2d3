package table

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"flightdeck/store"
	"flightdeck/store/source"
)

// workbook saves a file of sheets, each a list of rows; change may do more to it.
func workbook(t *testing.T, dir, name string, sheets map[string][][]any, change func(*excelize.File) error) {
	t.Helper()
	f := excelize.NewFile()
	for i, sheet := range sorted(sheets) {
		if i == 0 {
			if err := f.SetSheetName("Sheet1", sheet); err != nil {
				t.Fatal(err)
			}
		} else if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for n, row := range sheets[sheet] {
			if err := f.SetSheetRow(sheet, cellName(t, 1, n+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if change != nil {
		if err := change(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SaveAs(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

var dealHead = []any{"id", "name", "stage", "amount", "close"}

func TestWorkbook_HiddenSheets(t *testing.T) {
	s := folder(t, dealsConfig, nil)
	workbook(t, s.cfg.Dir, "deals.xlsx", map[string][][]any{
		"1 字典": {{"code"}, {"x"}}, "2 商机": {dealHead, {"1", "a", "won", 5, "2026-03-09"}}, "3 旧": {dealHead, {"9", "old", "won", 5, "2026-03-09"}},
	}, func(f *excelize.File) error {
		f.SetActiveSheet(1)
		return f.SetSheetVisible("1 字典", false)
	})
	if p := mustPull(t, s, "deals", "", 0); !slices.Equal(dealIDs(p), []string{"1"}) || len(p.Issues) > 0 {
		t.Errorf("%v %+v: want the first sheet that a person sees", dealIDs(p), p.Issues)
	}
	s.cfg.Files[0].Sheet = "3 旧"
	named, err := New(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if p := mustPull(t, named, "deals", "", 0); !slices.Equal(dealIDs(p), []string{"9"}) {
		t.Errorf("by name %v", dealIDs(p))
	}
	named.cfg.Files[0].Sheet = "4"
	if _, err := pull(named, "deals", "", 0); err == nil || !strings.Contains(err.Error(), "2 商机") {
		t.Errorf("no such sheet: %v; want the names that there are", err)
	}
}

func TestWorkbook_MergedHeader(t *testing.T) {
	s := folder(t, strings.Replace(dealsConfig, `file: "deals*"`, "file: \"deals*\"\n    header: 3", 1), nil)
	s.cfg.Files[0].Rows[0].Fields["amount"] = Value{Column: "金额 实际"}
	again, err := New(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	workbook(t, s.cfg.Dir, "deals.xlsx", map[string][][]any{"s": {
		{"2026 年商机表"}, {"id", "name", "stage", "金额", nil, "close"}, {nil, nil, nil, "计划", "实际", nil}, {"1", "a", "won", 5, 7, "2026-03-09"},
	}}, func(f *excelize.File) error {
		for _, m := range [][2]string{{"A1", "F1"}, {"A2", "A3"}, {"B2", "B3"}, {"C2", "C3"}, {"D2", "E2"}, {"F2", "F3"}} {
			if err := f.MergeCell("s", m[0], m[1]); err != nil {
				return err
			}
		}
		return nil
	})
	p := mustPull(t, again, "deals", "", 0)
	if len(p.Deals) != 1 || len(p.Issues) > 0 || p.Deals[0].Amount.Minor != 700 || p.Deals[0].Close != store.Date(2026, 3, 9) || p.Deals[0].Stage != "won" {
		t.Errorf("%+v issues %+v", p.Deals, p.Issues)
	}
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		above [][]string
		names []string
		want  map[string]int
	}{
		{nil, []string{"ID", " Name ", "", "id"}, map[string]int{"id": 0, "name": 1}},
		{[][]string{{"title"}}, []string{"id", "name"}, map[string]int{"id": 0, "name": 1, "title id": 0, "title name": 1}},
		{[][]string{{"id", "amount", "", "date"}}, []string{"", "plan", "real"}, map[string]int{"id": 0, "plan": 1, "real": 2, "amount plan": 1, "amount real": 2, "date": 3}},
		{[][]string{{"a", "", "b"}}, []string{"x", "y", "x"}, map[string]int{"x": 0, "y": 1, "a x": 0, "a y": 1, "b x": 2}},
	} {
		var h header
		for _, l := range c.above {
			h.above(l)
		}
		got := h.columns(c.names)
		for name, at := range c.want {
			if i, ok := got[name]; !ok || i != at {
				t.Errorf("%v over %v: %q is in %v, want %d", c.above, c.names, name, got, at)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%v over %v: %v, want %v", c.above, c.names, got, c.want)
		}
	}
}

// TestWorkbook_LongNumbers: what a person typed as a number of more than 15 digits is not what the file holds any more.
func TestWorkbook_LongNumbers(t *testing.T) {
	s := folder(t, dealsConfig, nil)
	workbook(t, s.cfg.Dir, "deals.xlsx", map[string][][]any{"s": {
		dealHead,
		{"1", "typed", "won", 123456789012345.678, "2026-03-09"},
		{"2", "text", "won", "12345678901234567.89", "2026-03-09"},
		{"3", "usual", "won", 1234.5600000000001, "2026-03-09"}, // what a formula leaves
		{123456789012345678.0, "id as number", "won", 5, "2026-03-09"},
		{"123456789012345678", "id as text", "won", 5, "2026-03-09"},
	}}, nil)
	p := mustPull(t, s, "deals", "", 0)
	var where []string
	for _, i := range p.Issues {
		where = append(where, i.Where+" "+i.Field)
		if i.Dropped || !strings.Contains(i.Problem, "15 digits") {
			t.Errorf("%+v", i)
		}
	}
	if !slices.Equal(where, []string{"deals.xlsx:2 amount", "deals.xlsx:5 id"}) || len(p.Deals) < 4 {
		t.Errorf("issues at %v of %d deals", where, len(p.Deals))
	}
	for _, d := range p.Deals {
		if d.Name == "text" && d.Amount.Minor != 1234567890123456789 || d.Name == "usual" && d.Amount.Minor != 123456 {
			t.Errorf("%+v", d)
		}
	}
	write(t, s.cfg.Dir, "deals.csv", "id,name,stage,amount,close\n1.23457E+17,a,won,5,2026-03-09\n")
	if err := os.Remove(filepath.Join(s.cfg.Dir, "deals.xlsx")); err != nil {
		t.Fatal(err)
	}
	if p := mustPull(t, s, "deals", "", 0); len(p.Issues) != 1 || p.Issues[0].Field != "id" {
		t.Errorf("shortened on its way to CSV: %+v", p.Issues)
	}
}

func TestWorkbook_1904(t *testing.T) {
	s := folder(t, dealsConfig, nil)
	old := true
	workbook(t, s.cfg.Dir, "deals.xlsx", map[string][][]any{"s": {dealHead, {"1", "a", "won", 5, 44628}}}, func(f *excelize.File) error { // 2026-03-09 from 1904 on
		return f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &old})
	})
	if p := mustPull(t, s, "deals", "", 0); p.Deals[0].Close != store.Date(2026, 3, 9) {
		t.Errorf("%s %+v", p.Deals[0].Close, p.Issues)
	}
}

func TestSource_ForeignFilesAreRefusedInWords(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"deals.xls":      {compound + "\x00\x00", "save it as .xlsx"},
		"deals.xlsx":     {compound + "\x00\x00", "password"},
		"deals.csv":      {compound + "\x00\x00", "old Excel file"},
		"deals.ods":      {"PK\x03\x04mimetype", "OpenDocument"},
		"deals.xlsb":     {"PK\x03\x04\x00", "binary"},
		"deals.et":       {compound, "WPS"},
		"deals.txt":      {"PK\x03\x04xl/", ".xlsx"},
		"deals-page.csv": {"\ufeff\n<HTML><body>login", "web page"},
	} {
		s := folder(t, dealsConfig, map[string]string{name: c.text})
		if _, err := pull(s, "deals", "", 0); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
	s := folder(t, dealsConfig, map[string]string{"deals.xls": "id\tname\tstage\tamount\tclose\n1\ta\twon\t5\t2026-03-09\n"}) // as many systems name their exports
	if p := mustPull(t, s, "deals", "", 0); !slices.Equal(dealIDs(p), []string{"1"}) {
		t.Errorf("text under the name .xls: %v %+v", dealIDs(p), p.Issues)
	}
}

// TestSource_OneFileTwice: a copy under another name, as a download makes one, and the lock file of an open workbook.
func TestSource_OneFileTwice(t *testing.T) {
	s := folder(t, dealsConfig, map[string]string{"deals.csv": "id,name,stage,amount,close\n1,a,won,5,2026-01-01\n2,b,won,5,2026-01-01\n"})
	write(t, s.cfg.Dir, "deals (1).csv", "id,name,stage,amount,close\n1,a,won,5,2026-01-01\n2,b,won,6,2026-01-01\n")
	workbook(t, s.cfg.Dir, "deals.xlsx", map[string][][]any{"s": {dealHead, {"3", "c", "won", 5, "2026-03-09"}}}, nil)
	write(t, s.cfg.Dir, "~$deals.xlsx", "\x06someone\x00")
	p := mustPull(t, s, "deals", "", 0)
	if ids := dealIDs(p); !slices.Equal(ids, []string{"1", "2", "3"}) {
		t.Errorf("deals %v: want each once", ids)
	}
	if len(p.Issues) != 1 || p.Issues[0].Where != "deals.csv:3" || !strings.Contains(p.Issues[0].Problem, "deals (1).csv:3") {
		t.Errorf("issues %+v: want the row that differs, and none for the one that is the same", p.Issues)
	}
}

// TestSource_GrowingFile: what is cut off is not believed, and what was read of it before stays, until it is whole.
func TestSource_GrowingFile(t *testing.T) {
	head := "id,name,stage,amount,close\n1,a,won,5,2026-01-01\n"
	s := folder(t, dealsConfig, map[string]string{"deals.csv": head})
	first := mustPull(t, s, "deals", "", 0)
	whole := head + "2,b,won,5,2026-01-01\n3,华东,won,5,2026-01-01\n"
	for n := len(head) + 1; n < len(whole); n++ {
		write(t, s.cfg.Dir, "deals.csv", whole[:n])
		p, err := pull(s, "deals", first.Next, 0)
		if cut := strings.LastIndexByte(whole[:n], '\n'); err == nil && p.Full && cut+1 < n && strings.Count(whole[cut+1:n], ",") < 4 {
			t.Errorf("cut after %d bytes it was believed: %v", n, dealIDs(p))
		}
	}
	write(t, s.cfg.Dir, "deals.csv", whole)
	if p := mustPull(t, s, "deals", first.Next, 0); !slices.Equal(dealIDs(p), []string{"1", "2", "3"}) || !p.Full {
		t.Errorf("whole: %v", dealIDs(p))
	}
}

// The currency that a row names is that of its amounts, in whatever words; a sign beside an amount that says another one leaves the amount out instead of changing what it is worth.
func TestCells_CurrencyOfTheRow(t *testing.T) {
	s := folder(t, `{currency: CNY, files: [{file: deals.csv, rows: [{entity: deal, fields: {id: id, amount: amount, currency: currency}}]}]}`, map[string]string{
		"deals.csv": "id,amount,currency\n1,$5,美元\n2,￥5,人民币\n3,5,RMB\n4,￥5,\n5,$5,人民币\n6,$5,\n7,5元,USD\n8,US$5,HKD\n9,￥500,JPY\n",
	})
	p := mustPull(t, s, "deals", "", 0)
	want := []string{"5.00 USD", "5.00 CNY", "5.00 CNY", "5.00 CNY", "", "", "", "", "500 JPY"}
	for i, d := range p.Deals {
		if d.Amount.String() != want[i] {
			t.Errorf("%s: %q, want %q", d.ID, d.Amount, want[i])
		}
	}
	if len(p.Deals) != len(want) {
		t.Errorf("%d deals", len(p.Deals))
	}
	if p.Issues == nil || !strings.Contains(p.Issues[0].Problem, "currency") {
		t.Errorf("issues %+v", p.Issues)
	}
}

func TestCells_AsChineseSheetsWriteThem(t *testing.T) {
	n := numbers{decimal: ".", group: ",", currency: "CNY"}
	for in, want := range map[string]string{"1.2万": "12000", "￥1,234.50": "1234.5", "(1,234)": "-1234", "（1,234）": "-1234", "RMB 1,234": "1234", "人民币1,234.50元": "1234.5",
		"3.5万元": "35000", "\u22125": "-5", "(￥1,234)": "-1234", "1.2亿元": "120000000", "US$5": "", "5美元": "", "12万5千": ""} {
		d, err := n.parse(in)
		if got := d.String(); (want == "") != (err != nil) || want != "" && got != want {
			t.Errorf("%q: %s, %v; want %q", in, got, err, want)
		}
	}
	d, err := newDates(nil, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{"2026年3月5日": "2026-03-05", "2026.3.5": "2026-03-05", "20260305": "2026-03-05", "2026/3/5 9:30": "2026-03-05T09:30",
		"2026年3月5日 14:30": "2026-03-05T14:30", "2026年03月05日": "2026-03-05", "2026年3月": "", "20261345": "", "5.3.2026": ""} {
		for _, sheet := range []bool{false, true} {
			d.sheet = sheet
			at, dayOnly, err := d.parse(in)
			got := at.Format("2006-01-02T15:04")
			if dayOnly {
				got = at.Format("2006-01-02")
			}
			if (want == "") != (err != nil) || want != "" && got != want {
				t.Errorf("%q: %s, %v; want %q", in, got, err, want)
			}
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add("a,,b", "x,y,x", "")
	f.Add("title", ",,", "id,amount,,close")
	f.Fuzz(func(t *testing.T, one, two, names string) {
		var h header
		h.above(strings.Split(one, ","))
		h.above(strings.Split(two, ","))
		cells := strings.Split(names, ",")
		for name, i := range h.columns(cells) {
			if i < 0 || i >= max(len(cells), strings.Count(one, ",")+1, strings.Count(two, ",")+1) || strings.TrimSpace(name) == "" {
				t.Errorf("%q lies in column %d", name, i)
			}
		}
	})
}

func TestSource_Sample(t *testing.T) {
	s := folder(t, dealsConfig, map[string]string{"deals.csv": "id,name,stage,amount,close,region\n1,a,won,5,,华东\n2,b,won,x,,华东\n3,c,won,5,,华东\n"})
	got, err := s.Sample(t.Context(), "deals", 2)
	if err != nil || len(got.Rows) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	raw, _ := got.Rows[0].Raw.(map[string]any)
	if raw["region"] != "华东" || got.Rows[0].Mapped.Deals[0].Name != "a" || got.Rows[1].Mapped.Issues[0].Field != "amount" {
		t.Errorf("rows %+v", got.Rows)
	}
	if !slices.Equal(got.Unused, []string{"region"}) || !slices.Equal(got.Empty, []string{"deal.close (close)"}) {
		t.Errorf("unused %v, empty %v", got.Unused, got.Empty)
	}
	if _, err := folder(t, dealsConfig, map[string]string{"deals.csv": ""}).Sample(t.Context(), "deals", 2); err == nil || !strings.Contains(err.Error(), "deals.csv") {
		t.Errorf("of nothing: %v", err)
	}
}

// A look at the folder tells all that is wrong with it, not only the first.
func TestSource_SampleTellsAll(t *testing.T) {
	s := folder(t, `
files:
  - {file: a.csv, rows: [{entity: deal, fields: {id: id, name: name}}]}
  - {file: b.csv, rows: [{entity: deal, fields: {id: id, name: title, amount: amount}}]}
  - {file: c.csv, rows: [{entity: deal, fields: {id: key, name: name}}]}
  - {file: d.csv, rows: [{entity: deal, fields: {id: id, name: name}}]}
  - {file: e.csv, rows: [{entity: deal, fields: {id: id, name: name}}]}
  - {file: f.xlsx, rows: [{entity: deal, fields: {id: id, name: name}}]}
`, map[string]string{"a.csv": "id,name\n1,a\n2,b\n", "b.csv": "id,name\n3,c\n", "c.csv": "id,name\n4,d\n", "f.xlsx": "PK"})
	got, err := s.Sample(t.Context(), "deals", 1)
	if err != nil || len(got.Rows) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	wrong := errors.Join(got.Wrong...).Error()
	for _, want := range []string{"no file d.csv", "no file e.csv", `c.csv: no column "key"`, "f.xlsx: not a whole workbook"} {
		if !strings.Contains(wrong, want) {
			t.Errorf("it does not say %q:\n%s", want, wrong)
		}
	}
	lacking := ""
	for _, i := range got.Rows[0].Mapped.Issues {
		lacking += i.Where + " " + i.Problem + "\n"
	}
	for _, want := range []string{`no column "amount"`, `no column "title"`} {
		if !strings.Contains(lacking, want) {
			t.Errorf("it does not say %q:\n%s", want, lacking)
		}
	}
	check := s.Check(t.Context()).Error()
	if !strings.Contains(check, "no file d.csv") || !strings.Contains(check, "no file e.csv") {
		t.Errorf("Check: %s", check)
	}
}

// A workbook with a sheet for each region and month, as people keep them: all of them into one stream, each row knowing its sheet; another of its sheets into another
// stream; a sum, a hidden and an empty sheet left alone; another order of columns in one of them.
func TestWorkbook_SheetsIntoOneStream(t *testing.T) {
	s := folder(t, `
currency: CNY
files:
  - {file: book.xlsx, sheets: ["2026-*", 华东, "!2026-13"], rows: [{entity: deal, fields: {id: "编号", name: "名称", amount: "金额", lead: $sheet, next_step: $file}}]}
  - {file: book.xlsx, sheet: 客户, rows: [{entity: account, fields: {id: "编号", name: "名称", industry: {lookup: {file: book.xlsx, sheet: 行业, key: "代码", by: "行业", column: "行业"}}}}]}
`, nil)
	header := []any{"编号", "名称", "金额"}
	workbook(t, s.cfg.Dir, "book.xlsx", map[string][][]any{
		"2026-01": {header, {"1", "一", 1}, {"2", "二", 2}},
		"2026-02": {{"金额", "编号", "名称"}, {30, "3", "三"}, {"x", "4", "四"}, {5, "1", "又一"}},
		"2026-03": {},
		"2026-04": {header, {"6", "藏", 6}},
		"2026-13": {{"小计"}, {99}},
		"华东":      {header, {"7", "七", 7}},
		"客户":      {{"编号", "名称", "行业"}, {"a", "甲", "m"}},
		"行业":      {{"代码", "行业"}, {"m", "制造"}},
		"汇总":      {{"合计"}, {123}},
	}, func(f *excelize.File) error { return f.SetSheetVisible("2026-04", false) })
	for _, limit := range []int{1, 3, 1000} { // at every page in a new process
		all, from := source.Page{}, store.Cursor("")
		for range 100 {
			fresh, err := New(s.cfg)
			if err != nil {
				t.Fatal(err)
			}
			p, err := fresh.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: from, Limit: limit})
			if err != nil {
				t.Fatalf("limit %d, from %q: %v", limit, from, err)
			}
			all.Deals, all.Issues, from = append(all.Deals, p.Deals...), append(all.Issues, p.Issues...), p.Next
			if !p.More {
				break
			}
		}
		got := ""
		for _, d := range all.Deals {
			got += d.ID.Native() + " " + d.Lead + " " + d.NextStep + "; "
		}
		if got != "1 2026-01 book.xlsx; 2 2026-01 book.xlsx; 3 2026-02 book.xlsx; 4 2026-02 book.xlsx; 7 华东 book.xlsx; " {
			t.Errorf("limit %d: %s", limit, got)
		}
		if len(all.Issues) != 2 || all.Issues[0].Where != "book.xlsx[2026-02]:3" || !strings.Contains(all.Issues[1].Problem, "book.xlsx[2026-01]:2") {
			t.Errorf("limit %d: %+v", limit, all.Issues)
		}
		if p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: from}); err != nil || p.More || p.Len() > 0 || p.Next != from {
			t.Errorf("unchanged: %+v, %v", p, err)
		}
	}
	if p := mustPull(t, s, "accounts", "", 0); len(p.Accounts) != 1 || p.Accounts[0].Industry != "制造" {
		t.Errorf("%+v", p)
	}
	workbook(t, s.cfg.Dir, "book.xlsx", map[string][][]any{"别的": {header}, "客户": {{"编号", "名称", "行业"}}, "行业": {{"代码", "行业"}}}, nil)
	if _, err := pull(s, "deals", "", 0); err == nil || !strings.Contains(err.Error(), "no sheet is one of") || !strings.Contains(err.Error(), "别的") {
		t.Errorf("no such sheets: %v", err)
	}
}

func TestConfig_Sheets(t *testing.T) {
	for text, want := range map[string]string{
		`{file: a.xlsx, sheet: x, rows: [{entity: deal, fields: {id: id}}]}, {file: a.xlsx, sheet: x, rows: [{entity: deal, fields: {id: id}}]}`:      "named twice",
		`{file: a.xlsx, rows: [{entity: deal, fields: {id: id}}]}, {file: a.xlsx, sheet: x, rows: [{entity: deal, fields: {id: id}}]}`:                "named twice",
		`{file: a.xlsx, sheet: x, sheets: [y], rows: [{entity: deal, fields: {id: id}}]}`:                                                             "want either",
		`{file: a.xlsx, sheets: ["[", "!"], rows: [{entity: deal, fields: {id: id}}]}`:                                                                `sheets "["`,
		`{file: a.xlsx, sheets: ["*"], rows: [{entity: deal, fields: {id: id}}]}, {file: a.xlsx, sheet: x, rows: [{entity: deal, fields: {id: id}}]}`: "",
	} {
		c := parse(t, "files: ["+text+"]")
		c.ID, c.Dir = "t", "d"
		err := c.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
