package table

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"flightdeck/store"
	"flightdeck/store/source"
)

// later is a clock at which every file has long been left alone.
var later = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)

func parse(t *testing.T, text string) Config {
	t.Helper()
	var c Config
	if err := unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func unmarshal(text string, c *Config) error {
	return yaml.UnmarshalWithOptions([]byte(text), c, yaml.Strict())
}

func folder(t *testing.T, config string, files map[string]string) *Source {
	t.Helper()
	c := parse(t, config)
	c.ID, c.Dir = "t", t.TempDir()
	for name, text := range files {
		write(t, c.Dir, name, text)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pull reads a stream until its pass ends or fails; what was read before a failure is returned with it.
func pull(s *Source, st store.Stream, from store.Cursor, limit int) (all source.Page, err error) {
	all.Next = from
	for range 10000 {
		p, err := s.Fetch(context.Background(), source.Request{Stream: st, Cursor: all.Next, Now: later, Limit: limit})
		if err != nil {
			return all, err
		}
		all.Append(&p.Records)
		all.Deleted = append(all.Deleted, p.Deleted...)
		all.Next, all.More, all.Full, all.Track = p.Next, p.More, p.Full, p.Track
		if !p.More {
			return all, nil
		}
	}
	return all, errors.New("the pass never ends")
}

func mustPull(t *testing.T, s *Source, st store.Stream, from store.Cursor, limit int) source.Page {
	t.Helper()
	p, err := pull(s, st, from, limit)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const dealsConfig = `
time_zone: Asia/Shanghai
currency: CNY
files:
  - file: "deals*"
    rows:
      - entity: deal
        fields: {id: id, name: name, stage: stage, amount: amount, close: close}
        expect: [close]
`

func TestSource_EncodingsAndDelimiters(t *testing.T) {
	const plain = "id,name,stage,amount,close\n1,华东电力,won,\"1,234.50\",2026/3/9\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(plain)
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.ReplaceAll(strings.ReplaceAll(plain, ",", "\t"), "1\t234", "1,234"))
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]struct{ name, text string }{
		"utf8": {"deals.csv", plain}, "bom": {"deals.csv", "\ufeff" + plain}, "gb18030": {"deals.csv", gb}, "utf16": {"deals.txt", utf16},
		"crlf":      {"deals.csv", strings.ReplaceAll(plain, "\n", "\r\n")},
		"semicolon": {"deals.csv", "id;name;stage;amount;close\n1;华东电力;won;1,234.50;2026/3/9\n"},
		"tab":       {"deals.tsv", "id\tname\tstage\tamount\tclose\n1\t华东电力\twon\t1,234.50\t2026/3/9\n"},
		"no end":    {"deals.csv", strings.TrimSuffix(plain, "\n")},
		"blank":     {"deals.csv", "\n" + plain + "\n,,,,\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := folder(t, dealsConfig, map[string]string{file.name: file.text})
			p := mustPull(t, s, "deals", "", 0)
			want := []store.Deal{{ID: "t:1", Name: "华东电力", Stage: "won", Amount: store.Money{Minor: 123450, Currency: "CNY"}, Created: store.NoDay, Close: store.Date(2026, 3, 9)}}
			if !reflect.DeepEqual(p.Deals, want) || len(p.Issues) != 0 || !p.Full {
				t.Errorf("got %+v issues %+v", p.Deals, p.Issues)
			}
		})
	}
}

func TestSource_IssuesNameFileLineAndField(t *testing.T) {
	s := folder(t, dealsConfig, map[string]string{"deals.csv": "id,name,stage,amount,close\n" +
		"1,a,won,12..5,2026-03-09\n" +
		"2,\"b\nb\",won,5,31.12.2026\n" +
		"3,c,won,5,\n" +
		"4,d\"d,won,5,2026-01-01\n" +
		",e,won,5,2026-01-01\n" +
		"1,other,won,5,2026-01-01\n" +
		"7,g,won,5,2026-01-01,too,many\n" +
		"8,\x1b[31mred,won,5,2999-01-01\n"})
	p := mustPull(t, s, "deals", "", 3)
	type brief struct {
		where, field, value string
		dropped             bool
	}
	var got []brief
	for _, i := range p.Issues {
		got = append(got, brief{i.Where, i.Field, i.Value, i.Dropped})
		if i.Problem == "" {
			t.Errorf("%+v does not say what is wrong", i)
		}
	}
	want := []brief{
		{"deals.csv:2", "amount", "12..5", false}, {"deals.csv:3", "close", "31.12.2026", false}, {"deals.csv:5", "close", "", false},
		{"deals.csv:6", "", "", true}, {"deals.csv:7", "id", "", true}, {"deals.csv:8", "id", "1", true}, {"deals.csv:9", "", "too, many", false},
		{"deals.csv:10", "close", "2999-01-01", false},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("issues\n%v\nwant\n%v", got, want)
	}
	if ids := dealIDs(p); !slices.Equal(ids, []string{"1", "2", "3", "7", "8"}) {
		t.Errorf("deals %v: every row with an id is loaded", ids)
	}
	if strings.ContainsRune(p.Deals[4].Name, 0x1b) {
		t.Error("an escape sequence came through")
	}
}

func dealIDs(p source.Page) (ids []string) {
	for _, d := range p.Deals {
		ids = append(ids, d.ID.Native())
	}
	return ids
}

func TestSource_UnchangedFilesAreNoWork(t *testing.T) {
	s := folder(t, dealsConfig, map[string]string{"deals.csv": "id,name,stage,amount,close\n1,a,won,5,2026-01-01\n"})
	p := mustPull(t, s, "deals", "", 0)
	again := mustPull(t, s, "deals", p.Next, 0)
	if again.Len() != 0 || again.Full || again.Next != p.Next {
		t.Errorf("the same files: %+v", again)
	}
	path := filepath.Join(s.cfg.Dir, "deals.csv")
	if err := os.Chtimes(path, time.Now(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	touched := mustPull(t, s, "deals", p.Next, 0)
	if touched.Len() != 0 || touched.Next == p.Next {
		t.Errorf("a new time but the same content: %d records, cursor moved %t", touched.Len(), touched.Next != p.Next)
	}
	write(t, s.cfg.Dir, "deals.csv", "id,name,stage,amount,close\n1,a,won,6,2026-01-01\n")
	changed := mustPull(t, s, "deals", touched.Next, 0)
	if len(changed.Deals) != 1 || changed.Deals[0].Amount.Minor != 600 || !changed.Full {
		t.Errorf("changed content of the same size: %+v", changed)
	}
	cfg := s.cfg
	cfg.Currency = "USD"
	other, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if p := mustPull(t, other, "deals", changed.Next, 0); len(p.Deals) != 1 || p.Deals[0].Amount.Currency != "USD" {
		t.Errorf("another mapping of the same files: %+v", p)
	}
}

func TestSource_HalfWrittenFileFailsAfterTheOthers(t *testing.T) {
	for name, text := range map[string]string{
		"open quotation": "id,name,stage,amount,close\n9,\"cut o",
		"middle of line": "id,name,stage,amount,close\n8,x,won,5,2026-01-01\n9,cut",
		"middle of rune": "id,name,stage,amount,close\n8,x,won,5,2026-01-01\n9,华\xe4\xb8",
		"empty":          "",
		"other columns":  "nr,name\n1,x\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := folder(t, dealsConfig, map[string]string{"deals-1.csv": "id,name,stage,amount,close\n1,a,won,5,2026-01-01\n", "deals-2.csv": text})
			write(t, s.cfg.Dir, "deals-3.csv", "id,name,stage,amount,close\n3,c,won,5,2026-01-01\n")
			p, err := pull(s, "deals", "", 0)
			if err == nil || !strings.Contains(err.Error(), "deals-2.csv") {
				t.Errorf("error %v: want one that names deals-2.csv", err)
			}
			if ids := dealIDs(p); !slices.Equal(ids, []string{"1", "3"}) {
				t.Errorf("loaded %v: want the whole files and nothing of the broken one", ids)
			}
			if !p.More {
				t.Error("the pass claims to be complete")
			}
			write(t, s.cfg.Dir, "deals-2.csv", "id,name,stage,amount,close\n2,b,won,5,2026-01-01\n")
			rest := mustPull(t, s, "deals", p.Next, 0)
			if ids := dealIDs(rest); !slices.Equal(ids, []string{"2"}) || !rest.Full {
				t.Errorf("after it was mended: %v full %t", ids, rest.Full)
			}
			write(t, s.cfg.Dir, "deals-1.csv", "id,name,stage,amount,close\n")
			if _, err := pull(s, "deals", p.Next, 0); !errors.Is(err, source.ErrExpired) {
				t.Errorf("another file changed meanwhile: %v, want ErrExpired", err)
			}
		})
	}
}

// A stray quotation mark in the last line is that line's fault and no sign of a file that is cut off.
func TestSource_StrayQuotationInTheLastLine(t *testing.T) {
	s := folder(t, dealsConfig, map[string]string{"deals.csv": "id,name,stage,amount,close\n1,a,won,5,2026-01-01\n2,12\" rack,won,5,2026-01-01\n"})
	p := mustPull(t, s, "deals", "", 0)
	if ids := dealIDs(p); !slices.Equal(ids, []string{"1"}) || len(p.Issues) != 1 || p.Issues[0].Where != "deals.csv:3" || !p.Full {
		t.Errorf("%v, issues %+v, full %t", ids, p.Issues, p.Full)
	}
}

func TestSource_JustWrittenFileIsWaitedFor(t *testing.T) {
	s := folder(t, dealsConfig, map[string]string{"deals.csv": "id,name,stage,amount,close\n1,a,won,5,2026-01-01\n"})
	info, err := os.Stat(filepath.Join(s.cfg.Dir, "deals.csv"))
	if err != nil {
		t.Fatal(err)
	}
	now := info.ModTime().Add(500 * time.Millisecond)
	var wait *source.RetryAfter
	for range maxWaits {
		if _, err := s.Fetch(context.Background(), source.Request{Stream: "deals", Now: now}); !errors.As(err, &wait) || wait.Wait != 1500*time.Millisecond {
			t.Fatalf("a file written half a second ago: %v", err)
		}
	}
	if p, err := s.Fetch(context.Background(), source.Request{Stream: "deals", Now: now}); err != nil || len(p.Deals) != 1 {
		t.Errorf("not for ever: %v", err)
	}
}

func TestSource_MissingFilesAndPermissions(t *testing.T) {
	s := folder(t, dealsConfig, nil)
	if _, err := pull(s, "deals", "", 0); !errors.Is(err, source.ErrSetup) || !strings.Contains(err.Error(), "deals*") {
		t.Errorf("no file: %v", err)
	}
	if err := s.Check(context.Background()); err == nil {
		t.Error("Check is content without files")
	}
	s.cfg.Dir = filepath.Join(s.cfg.Dir, "nowhere")
	if _, err := pull(s, "deals", "", 0); err == nil || !strings.Contains(err.Error(), s.cfg.Dir) {
		t.Errorf("no folder: %v", err)
	}
	if os.Getuid() == 0 {
		return // root reads everything
	}
	s = folder(t, dealsConfig, map[string]string{"deals.csv": "id\n1\n"})
	if err := os.Chmod(filepath.Join(s.cfg.Dir, "deals.csv"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := pull(s, "deals", "", 0); err == nil || !strings.Contains(err.Error(), "deals.csv") {
		t.Errorf("no permission: %v", err)
	}
}

// What is measured of a customer is the further fields of a reading, each a number; one that is none is told with its line, and is no value.
func TestSource_Readings(t *testing.T) {
	s := folder(t, `
files:
  - file: m.csv
    rows:
      - {entity: reading, fields: {account: 客户, day: 日期}, extra: {logins: 登录, depth: 深度}}
`, map[string]string{"m.csv": "客户,日期,登录,深度\na1,2026-10-31,12.5,40\na2,2026-10-31,n/a,50\na3,2026-10-31,,60\n"})
	p := mustPull(t, s, s.Streams()[0], "", 100)
	if len(p.Readings) != 3 {
		t.Fatalf("%+v", p.Readings)
	}
	if v := p.Readings[0].Values; len(v) != 2 || v["logins"] != 12.5 || v["depth"] != 40 {
		t.Errorf("%v", v)
	}
	if r := p.Readings[1]; len(r.Values) != 1 || r.Values["depth"] != 50 || len(r.Mistyped) != 1 || r.Mistyped[0] != "logins" {
		t.Errorf("%+v", r)
	}
	if r := p.Readings[2]; len(r.Values) != 1 || r.Values["depth"] != 60 || len(r.Mistyped) != 0 {
		t.Errorf("%+v", r)
	}
	if len(p.Issues) != 1 || !strings.Contains(p.Issues[0].Where, "m.csv:3") || p.Issues[0].Field != "extra.logins" {
		t.Errorf("%+v", p.Issues)
	}
}

func TestSource_VanishedColumnIsAnIssue(t *testing.T) {
	s := folder(t, dealsConfig, map[string]string{"deals.csv": "ID,Name,Stage,Close\n1,a,won,2026-01-01\n"})
	p := mustPull(t, s, "deals", "", 0)
	if len(p.Deals) != 1 || p.Deals[0].Name != "a" || len(p.Issues) != 1 || p.Issues[0].Where != "deals.csv:1" || p.Issues[0].Field != "amount" {
		t.Errorf("%+v issues %+v", p.Deals, p.Issues)
	}
}

func TestSource_ResumesAtEveryPageInAnotherProcess(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,name,stage,amount,close\n")
	for _, id := range strings.Split("a b c d e f a g", " ") {
		b.WriteString(id + ",n,won,1,2026-01-01\n")
	}
	s := folder(t, dealsConfig, map[string]string{"deals-1.csv": b.String(), "deals-2.csv": "id,name,stage,amount,close\nb,n,won,1,2026-01-01\nz,n,lost,1,\n"})
	whole := mustPull(t, s, "deals", "", 1000)
	var got source.Page
	for {
		fresh, err := New(s.cfg)
		if err != nil {
			t.Fatal(err)
		}
		p, err := fresh.Fetch(context.Background(), source.Request{Stream: "deals", Cursor: got.Next, Now: later, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		got.Append(&p.Records)
		got.Next, got.More = p.Next, p.More
		if !p.More {
			break
		}
	}
	if !reflect.DeepEqual(got.Records, whole.Records) || got.Next != whole.Next {
		t.Errorf("page by page in new processes\n%v\nat once\n%v", got.Records, whole.Records)
	}
}

func TestSource_Workbook(t *testing.T) {
	s := folder(t, dealsConfig, nil)
	f := excelize.NewFile()
	for i, row := range [][]any{
		{"id", "name", "stage", "amount", "close"},
		{"1", "typed", "won", 1234.5, time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)},
		{"2", "text", "won", "1,234.50", "2026年3月9日"},
		nil,
		{"4", "serial", "won", nil, 46090},
		{"5", "failed", "won", "#REF!", "2026-03-09"},
	} {
		if err := f.SetSheetRow("Sheet1", cellName(t, 1, i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SetCellFormula("Sheet1", "D5", "1+1"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.cfg.Dir, "deals.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	p := mustPull(t, s, "deals", "", 2)
	if len(p.Deals) != 4 {
		t.Fatalf("%d deals, issues %+v", len(p.Deals), p.Issues)
	}
	for _, d := range p.Deals {
		if d.Close != store.Date(2026, 3, 9) {
			t.Errorf("%s: close %s", d.Name, d.Close)
		}
	}
	for _, d := range p.Deals[:2] {
		if d.Amount.Minor != 123450 {
			t.Errorf("%s: amount %s", d.Name, d.Amount)
		}
	}
	if len(p.Issues) != 1 || p.Issues[0].Where != "deals.xlsx:6" || p.Issues[0].Value != "#REF!" {
		t.Errorf("issues %+v", p.Issues)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"cut": whole[:len(whole)*2/3], "flipped": flip(whole), "none": []byte("PK")} {
		write(t, s.cfg.Dir, "deals.xlsx", string(b))
		if p, err := pull(s, "deals", p.Next, 0); err == nil || !strings.Contains(err.Error(), "deals.xlsx") || p.Len() > 0 {
			t.Errorf("%s workbook: %d records, error %v", name, p.Len(), err)
		}
	}
}

// TestSource_FormulaGivesTheStoredResult reads a workbook in which a spreadsheet stored 42 as the result of a formula.
func TestSource_FormulaGivesTheStoredResult(t *testing.T) {
	s := folder(t, dealsConfig, nil)
	f := excelize.NewFile()
	for i, v := range []any{"id", "name", "stage", "amount", "close"} {
		if err := f.SetCellValue("Sheet1", cellName(t, i+1, 1), v); err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range []any{"1", "a", "won", 42, "2026-03-09"} {
		if err := f.SetCellValue("Sheet1", cellName(t, i+1, 2), v); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SetCellFormula("Sheet1", "D2", "=6*7"); err != nil { // keeps the cell's value as the stored result
		t.Fatal(err)
	}
	if err := f.SaveAs(filepath.Join(s.cfg.Dir, "deals.xlsx")); err != nil {
		t.Fatal(err)
	}
	p := mustPull(t, s, "deals", "", 0)
	if len(p.Deals) != 1 || p.Deals[0].Amount.Minor != 4200 {
		t.Errorf("%+v %+v", p.Deals, p.Issues)
	}
}

func cellName(t *testing.T, col, row int) string {
	t.Helper()
	n, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func flip(b []byte) []byte {
	b = slices.Clone(b)
	for i := len(b) / 3; i < len(b)/3+200 && i < len(b); i++ {
		b[i] ^= 0x55
	}
	return b
}

func TestSource_HistoryStepsReplaceAndWithdraw(t *testing.T) {
	const config = `
time_zone: Asia/Shanghai
files:
  - file: deals.csv
    rows:
      - entity: deal
        fields: {id: id, stage: stage}
        history:
          - {stage: {const: lead}, on: began}
          - {stage: stage, on: ended, when: {stage: [won, lost]}}
`
	s := folder(t, config, map[string]string{"deals.csv": "id,stage,began,ended\n1,won,2026-01-02,2026-02-03\n2,lead,2026-01-02,\n3,lost,2026-01-02,2025-12-31\n4,lead,soon,\n"})
	p := mustPull(t, s, "deals", "", 0)
	cst := time.FixedZone("", 8*3600)
	var got []store.Change
	for _, c := range p.Changes {
		c.At = c.At.In(cst)
		got = append(got, c)
	}
	jan2, feb3 := time.Date(2026, 1, 2, 0, 0, 0, 0, cst), time.Date(2026, 2, 3, 0, 0, 0, 0, cst)
	want := []store.Change{
		{ID: "t:1|step 1", Deal: "t:1", Field: store.FieldStage, To: "lead", At: jan2, DayOnly: true},
		{ID: "t:1|step 2", Deal: "t:1", Field: store.FieldStage, From: "lead", To: "won", At: feb3, DayOnly: true},
		{ID: "t:2|step 1", Deal: "t:2", Field: store.FieldStage, To: "lead", At: jan2, DayOnly: true},
		{ID: "t:3|step 1", Deal: "t:3", Field: store.FieldStage, To: "lead", At: jan2, DayOnly: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("changes\n%+v\nwant\n%+v", got, want)
	}
	var gone []store.ID
	for _, r := range p.Deleted {
		gone = append(gone, r.ID)
	}
	if !slices.Equal(gone, []store.ID{"t:2|step 2", "t:3|step 2", "t:4|step 1", "t:4|step 2"}) {
		t.Errorf("withdrawn %v", gone)
	}
	if len(p.Issues) != 2 || p.Issues[0].Where != "deals.csv:4" || p.Issues[1].Where != "deals.csv:5" {
		t.Errorf("issues %+v", p.Issues)
	}
	if p.Track.Has(store.FieldStage) || !p.Track.Has(store.FieldAmount) {
		t.Error("stage history comes from the file, the amount's from the store")
	}
}

// TestPreset_Folder fills every kind of file that the skeleton names.
func TestPreset_Folder(t *testing.T) {
	cfg := preset(t, "folder", t.TempDir())
	for name, text := range map[string]string{
		"people.csv":   "name,email,title,team,region,leader\n李敏,li@crm.test,销售,一组,华东,王强\n王强,w@crm.test,组长,一组,华东,王强\n",
		"accounts.csv": "id,name,owner,industry,city,level\nA1,华东电力,李敏,电力,上海,重点\n",
		"touches.csv":  "id,account,rep,at,channel,sentiment,topic,note\n1,A1,李敏,2026-03-09 14:30,拜访,积极,报价,很好\n2,A1,李敏,2026/3/10,电话,,,\n",
		"grades.csv":   "account,from,to,cause,at\nA1,B,A,回款,2026-03-01\n",
		"health.csv":   "account,day,score,note\nA1,2026-03-01,87,登录\n",
		"quotas.csv":   "node,from,to,amount\n李敏,2026-01-01,2026-03-31,\"1,200,000\"\nteam 一组,2026-01-01,2026-03-31,500万\n",
		"deals1.csv":   "",
	} {
		write(t, cfg.Dir, name, text)
	}
	f := excelize.NewFile()
	for i, row := range [][]any{{"id", "name", "account", "owner", "stage", "amount", "created", "close"},
		{"D1", "扩容", "A1", "李敏", "方案报价", 100, "2026-01-05", "2026年6月30日"}} {
		if err := f.SetSheetRow("Sheet1", cellName(t, 1, i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SaveAs(filepath.Join(cfg.Dir, "deals.xlsx")); err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var all store.Records
	for _, st := range s.Streams() {
		p := mustPull(t, s, st, "", 0)
		all.Append(&p.Records)
	}
	counts := []int{len(all.Units), len(all.People), len(all.Accounts), len(all.Deals), len(all.Touches), len(all.Grades), len(all.Health), len(all.Quotas), len(all.Issues)}
	if want := []int{2, 2, 1, 1, 2, 1, 1, 2, 0}; !slices.Equal(counts, want) {
		t.Errorf("counts %v, want %v; issues %+v", counts, want, all.Issues)
	}
	if v := all.Touches[0]; v.Channel != store.ChannelVisit || v.Sentiment != store.SentimentPositive || v.DayOnly || v.At.Hour() != 14 || !all.Touches[1].DayOnly {
		t.Errorf("touches %+v", all.Touches)
	}
	if all.Quotas[0].Amount.Minor != 120000000 || all.Quotas[1].Amount.Minor != 500000000 || all.Deals[0].Stage != "proposal" || all.Accounts[0].Extra["level"] != "重点" {
		t.Errorf("quotas %+v deals %+v accounts %+v", all.Quotas, all.Deals, all.Accounts)
	}
}

func preset(t *testing.T, name, dir string) Config {
	t.Helper()
	b, err := Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	c := decodePreset(t, b)
	c.Dir = dir
	return c
}

func decodePreset(t testing.TB, b []byte) Config {
	t.Helper()
	var all []Config
	if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil || len(all) != 1 {
		t.Fatalf("%d sections, %v", len(all), err)
	}
	return all[0]
}

func TestConfig_NamesWhatIsWrong(t *testing.T) {
	c := parse(t, `
id: "a:b"
currency: yuan
dates: [DD.MM]
decimal: ";"
encoding: klingon
files:
  - file: ../secret.csv
    rows:
      - entity: order
        fields: {id: id}
  - file: x.csv
    rows:
      - entity: deal
        fields: {title: name, amount: {column: a, const: b}, category: {column: c, map: {热: hot}}}
        expect: [close]
`)
	_, err := New(c)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`id "a:b"`, "dir:", `currency "yuan"`, `"DD.MM"`, `decimal ";"`, `"klingon"`, "../secret.csv", `"order"`, "title", "exactly one of", "expect", `fields.category.map: parse forecast category "hot"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in\n%v", want, err)
		}
	}
	var strict Config
	if err := yaml.UnmarshalWithOptions([]byte("files:\n  - file: x\n    rows:\n      - entity: deal\n        fields: {id: {column_name: x}}\n"), &strict, yaml.Strict()); err == nil ||
		!strings.Contains(err.Error(), "column_name") {
		t.Errorf("an unknown key within a value: %v", err)
	}
}

// What nobody should have in a file does no harm: a cell of megabytes, bytes that are no text, escapes, a sum of 17 digits, several currencies in one column, a day without a zone.
func TestSource_Limits(t *testing.T) {
	huge := strings.Repeat("长", 5<<20/3)
	s := folder(t, strings.Replace(dealsConfig, "close: close}", "close: close, currency: currency}", 1), map[string]string{"deals.csv": "id,name,stage,amount,close,currency\n" +
		"1," + huge + ",won,12345678901234567.89,2026-03-09,CNY\n" +
		"2,\"\x1b]0;own\x07\u202eted\",won,0.01,2026-03-09,USD\n" +
		"3,ok,won,99999999999999999999999999,2026-03-09,\n"})
	p := mustPull(t, s, "deals", "", 1)
	if len(p.Deals) != 3 || len(p.Deals[0].Name) > 4*store.MaxName || p.Deals[0].Name == "" {
		t.Fatalf("%d deals", len(p.Deals))
	}
	want := []store.Money{{Minor: 1234567890123456789, Currency: "CNY"}, {Minor: 1, Currency: "USD"}, {}}
	for i, d := range p.Deals {
		if d.Amount != want[i] || d.Close != store.Date(2026, 3, 9) || store.Clean(d.Name, len(d.Name)+1) != d.Name {
			t.Errorf("%.60q %+v %v", d.Name, d.Amount, d.Close)
		}
	}
	if p.Issues[0].Field != "amount" || len(p.Issues[0].Value) > 200 {
		t.Errorf("%+v", p.Issues[0])
	}
}
