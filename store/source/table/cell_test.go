package table

import (
	"strings"
	"testing"
	"time"

	"flightdeck/store"
)

func TestNumbers(t *testing.T) {
	dollars := numbers{decimal: ".", group: ",", currency: "USD"}
	english, german, sheet := numbers{decimal: ".", group: ","}, numbers{decimal: ",", group: "."}, numbers{decimal: ",", group: ".", sheet: true}
	for _, c := range []struct {
		n        numbers
		in, want string // "" an error
	}{
		{english, "1054", "1054"}, {english, "1,234,567.89", "1234567.89"}, {english, "$1,000", "1000"}, {english, "¥ 12.50", "12.5"},
		{english, "(1,234.50)", "-1234.5"}, {english, "-5", "-5"}, {english, "$-5", "-5"}, {english, "CNY 7", "7"}, {english, "7 USD", "7"}, {english, "45%", "45"},
		{english, "１２３．５", "123.5"}, {english, "1.5万", "15000"}, {english, "2亿", "200000000"}, {english, "12元", "12"}, {english, ".5", "0.5"},
		{english, "12345678901234567.89", "12345678901234567.89"},
		{english, "1,23", ""}, {english, "12,34,567", ""}, {english, "", ""}, {english, "abc", ""}, {english, "--5", ""}, {english, "1.2.3", ""}, {english, "1e5", ""},
		{english, "NaN", ""}, {english, "(-5)", ""}, {english, "万", ""}, {english, "1万万万万万", ""}, {english, strings.Repeat("9", 70), ""}, {english, "5-", ""},
		{dollars, "$1,000", "1000"}, {dollars, "1,000 USD", "1000"}, {dollars, "1000", "1000"}, {dollars, "¥1,000", ""}, {dollars, "1,000元", ""}, {dollars, "EUR 5", ""},
		{german, "1.234.567,89", "1234567.89"}, {german, "1234,5", "1234.5"}, {german, "1,234.5", ""},
		{sheet, "1234.5", "1234.5"}, {sheet, "1.1E+3", "1100"}, {sheet, "1.234,50", "1234.5"}, {sheet, "1.234", ""}, {sheet, "1e999", ""},
	} {
		d, err := c.n.parse(c.in)
		if got := d.String(); (c.want == "") != (err != nil) || c.want != "" && got != c.want {
			t.Errorf("%q: %s, %v; want %q", c.in, got, err, c.want)
		}
	}
}

// TestDates_SkippedMidnight: in São Paulo the clocks went from 23:59:59 to 01:00 into 4 November 2018; a row of that day is not one of the eve.
func TestDates_SkippedMidnight(t *testing.T) {
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Skip("no time zone data on this machine")
	}
	d, err := newDates(nil, zone)
	if err != nil {
		t.Fatal(err)
	}
	d.sheet = true
	for _, in := range []string{"2018-11-04", "43408"} {
		if at, dayOnly, err := d.parse(in); err != nil || !dayOnly || store.DayOf(at, zone) != store.Date(2018, 11, 4) {
			t.Errorf("%q: %s, day only %v, %v", in, at, dayOnly, err)
		}
	}
}

func TestDates(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	american, err := newDates([]string{"M/D/YYYY", "M/D/YYYY H:mm"}, zone)
	if err != nil {
		t.Fatal(err)
	}
	chinese, err := newDates(nil, zone)
	if err != nil {
		t.Fatal(err)
	}
	sheet := chinese
	sheet.sheet = true
	old := sheet
	old.date1904 = true
	for _, c := range []struct {
		d    dates
		in   string
		want string // "" an error
	}{
		{american, "3/1/2017", "2017-03-01"}, {american, "03/01/2017", "2017-03-01"}, {american, "2017-03-01", "2017-03-01"}, {american, "3/1/2017 9:05", "2017-03-01T09:05"},
		{american, "13/1/2017", ""}, {american, "2/30/2017", ""}, {american, "3/1/17", ""}, {american, "42795", ""}, {american, "1/1/2999", ""}, {american, "", ""},
		{chinese, "2017/3/1", "2017-03-01"}, {chinese, "2017年3月1日", "2017-03-01"}, {chinese, "２０１７-０３-０１", "2017-03-01"}, {chinese, "3/1/2017", ""},
		{chinese, "2017-03-01 14:30:05", "2017-03-01T14:30"}, {chinese, "2017-03-01T06:30:05Z", "2017-03-01T14:30"},
		{sheet, "42795", "2017-03-01"}, {sheet, "42795.604166667", "2017-03-01T14:30"}, {sheet, "0", ""}, {sheet, "-3", ""}, {sheet, "9e99", ""}, {sheet, "99999", ""},
		{old, "41333", "2017-03-01"},
	} {
		at, dayOnly, err := c.d.parse(c.in)
		got := at.In(zone).Format("2006-01-02T15:04")
		if dayOnly {
			got = at.In(zone).Format("2006-01-02")
		}
		if (c.want == "") != (err != nil) || c.want != "" && got != c.want {
			t.Errorf("%q: %s, %v; want %q", c.in, got, err, c.want)
		}
	}
	for _, f := range []string{"", "YYYY", "MM/DD", "D.M.", "x"} {
		if _, err := layout(f); err == nil {
			t.Errorf("format %q accepted", f)
		}
	}
}

func FuzzCell(f *testing.F) {
	for _, s := range []string{"1,234.50", "(5)", "1.5万", "3/1/2017", "42795.5", "2017年3月1日", "$-5", "1e30", "９９", "\x00", "- 5"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	d, err := newDates([]string{"M/D/YYYY"}, time.UTC)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string, sheet bool) {
		d.sheet = sheet
		if at, _, err := d.parse(s); err == nil && !store.DayOf(at, time.UTC).Valid() {
			t.Errorf("%q became %s", s, at)
		}
		for _, n := range []numbers{{decimal: ".", group: ",", sheet: sheet}, {decimal: ",", group: ".", sheet: sheet}} {
			v, err := n.parse(s)
			if err != nil {
				continue
			}
			plain := numbers{decimal: "."}
			if again, err := plain.parse(v.String()); len(v.String()) < 64 && (err != nil || !again.Equal(v)) {
				t.Errorf("%q became %s, which reads as %s, %v", s, v, again, err)
			}
		}
	})
}
