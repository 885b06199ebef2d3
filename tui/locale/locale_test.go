package locale

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"flightdeck/store"
)

var verbs = regexp.MustCompile(`%[-+# 0-9.\[\]]*[a-zA-Z%]`)

func TestTexts_CompleteAndOfKnownWidth(t *testing.T) {
	if n := len(texts[Chinese]); n < 100 || n != len(texts[English]) {
		t.Fatalf("%d texts were declared in Chinese, %d in English", n, len(texts[English]))
	}
	for k := range texts[Chinese] {
		zh, en := texts[Chinese][k], texts[English][k]
		if strings.TrimSpace(zh) == "" || strings.TrimSpace(en) == "" {
			t.Errorf("text %d: zh %q, en %q: both are wanted", k, zh, en)
		}
		a, b := verbs.FindAllString(zh, -1), verbs.FindAllString(en, -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("text %d: verbs %v in %q, %v in %q", k, a, zh, b, en)
		}
		if strings.ContainsAny(zh, "{|}") && strings.Contains(zh, "{") || strings.Count(en, "{") != strings.Count(en, "}") || strings.Contains(en, "{") && strings.Contains(en, "%[") {
			t.Errorf("text %d: %q, %q: {one|many} is for English and for verbs in order", k, zh, en)
		}
		for _, r := range en {
			if unicode.Is(unicode.Han, r) {
				t.Errorf("text %d: %q is not English", k, en)
				break
			}
		}
		for _, s := range []string{zh, en} {
			for _, r := range s {
				if bad := unfit(r); bad != "" {
					t.Errorf("text %d %q: %q is %s", k, s, r, bad)
				}
			}
		}
	}
}

// unfit says what is wrong with a rune in an aligned column.
func unfit(r rune) string {
	switch {
	case r < 0x20 || r == 0x7f:
		return "a control character"
	case r >= 0x1f000, r >= 0x2600 && r <= 0x27bf, r >= 0x2b00 && r <= 0x2bff, r == 0xfe0f, r == 0x200d:
		return "an emoji"
	case width.LookupRune(r).Kind() == width.EastAsianAmbiguous:
		return "of ambiguous width"
	}
	return ""
}

func TestUnfit_KnowsTheTraps(t *testing.T) {
	for _, r := range "→…●“×·€—😀✓⚠█│" {
		if unfit(r) == "" {
			t.Errorf("%q passes", r)
		}
	}
	for _, r := range "中a~、。，¥⣿" {
		if bad := unfit(r); bad != "" {
			t.Errorf("%q is called %s", r, bad)
		}
	}
}

func TestLocale_Money(t *testing.T) {
	for _, c := range []struct {
		minor  int64
		cur    store.Currency
		zh, en string
	}{
		{0, "CNY", "0", "0"},
		{-30, "CNY", "0", "0"},
		{-50, "CNY", "-1", "-1"},
		{123456, "CNY", "1,235", "1,235"},
		{999949, "CNY", "9,999", "9,999"},
		{999950, "CNY", "1.0万", "10.0K"},
		{1234500000, "CNY", "1,234.5万", "12.35M"},
		{9999940000, "CNY", "9,999.9万", "100.00M"},
		{9999960000, "CNY", "1.00亿", "100.00M"},
		{123456789012, "CNY", "12.35亿", "1.23B"},
		{99999500, "CNY", "100.0万", "1.00M"},
		{12345, "JPY", "1.2万", "12.3K"},
		{12345678, "KWD", "1.2万", "12.3K"},
		{math.MaxInt64, "CNY", "922,337,203.69亿", "92,233,720.37B"},
		{math.MinInt64, "CNY", "-922,337,203.69亿", "-92,233,720.37B"},
		{math.MinInt64, "JPY", "-92,233,720,368.55亿", "-9,223,372,036.85B"},
	} {
		m := store.Money{Minor: c.minor, Currency: c.cur}
		if got := New(Chinese).Money(m); got != c.zh {
			t.Errorf("zh %v: %s, want %s", m, got, c.zh)
		}
		if got := New(English).Money(m); got != c.en {
			t.Errorf("en %v: %s, want %s", m, got, c.en)
		}
	}
	l := New(English)
	if got := l.MoneyExact(store.Money{Minor: -123456789, Currency: "CNY"}); got != "-1,234,567.89 CNY" {
		t.Error(got)
	}
	if l.Money(store.Money{}) != "-" || l.MoneyExact(store.Money{}) != "-" || l.MoneySigned(store.Money{}) != "-" {
		t.Error("no amount is not shown as -")
	}
}

func TestLocale_Figures(t *testing.T) {
	l := New(English)
	for got, want := range map[string]string{
		l.Int(1234567): "1,234,567", l.Int(-1234): "-1,234", l.Int(999): "999", l.Signed(5): "+5", l.Signed(0): "0",
		l.Percent(0.1234, 1): "12.3%", l.Percent(math.NaN(), 0): "-", l.Percent(-0.0001, 0): "0%", l.Percent(12.5, 0): "1,250%",
		l.Ratio(1, 0): "-", l.Ratio(1, 3): "33%", l.Float(math.Inf(1), 1): "-", l.Float(1234.56, 1): "1,234.6",
		l.Days(-1): "-", l.Days(1200): "1,200d", New(Chinese).Days(3): "3 天", l.Date(store.NoDay): "-", l.DateShort(store.Date(2026, 9, 3)): "09-03",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLocale_Ago(t *testing.T) {
	now := time.Date(2026, 9, 18, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "just now", 59 * time.Second: "just now", -30 * time.Second: "just now", time.Minute: "1m ago", 59 * time.Minute: "59m ago",
		47 * time.Hour: "47h ago", 48 * time.Hour: "2d ago", -5 * time.Minute: "in 5m",
	} {
		if got := New(English).Ago(now, now.Add(-d)); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	if got := New(Chinese).Ago(now, now.Add(-3*time.Minute)); got != "3 分钟前" {
		t.Error(got)
	}
	if got := New(Chinese).Ago(now, time.Time{}); got != "从未" {
		t.Error(got)
	}
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want Lang
	}{
		{nil, English},
		{[]string{"LANG=zh_CN.UTF-8"}, Chinese},
		{[]string{"LANG=zh_CN.UTF-8", "LC_ALL=C"}, English},
		{[]string{"LANG=en_US.UTF-8", "LC_MESSAGES=zh_TW"}, Chinese},
		{[]string{"LC_ALL=", "LANG=zh-Hans"}, Chinese},
		{[]string{"LANG=de_DE"}, English},
		{[]string{"LANG=de_DE", "LANG=zh"}, Chinese},
	} {
		if got := Detect(c.env); got != c.want {
			t.Errorf("%v: %v, want %v", c.env, got, c.want)
		}
	}
	if _, err := Parse("klingon"); err == nil || !strings.Contains(err.Error(), "want zh or en") {
		t.Errorf("a bad language: %v", err)
	}
}

func TestLocale_EnumerationsAreNamed(t *testing.T) {
	for _, l := range []*Locale{New(Chinese), New(English)} {
		for c := store.Channel(0); c.Valid(); c++ {
			named(t, l, l.Channel(c))
		}
		for c := store.Category(1); c.Valid(); c++ {
			named(t, l, l.Category(c))
		}
		for c := store.Field(1); c.Valid(); c++ {
			named(t, l, l.Field(c))
		}
		for c := store.SyncState(0); c.Valid(); c++ {
			named(t, l, l.SyncState(c))
		}
		for c := store.Sentiment(1); c.Valid(); c++ {
			named(t, l, l.Sentiment(c))
		}
		for w := time.Sunday; w <= time.Saturday; w++ {
			named(t, l, l.Weekday(w))
		}
		if got := l.Channel(200); got != l.T(Unknown) {
			t.Errorf("an undeclared channel is called %q", got)
		}
	}
}

func named(t *testing.T, l *Locale, s string) {
	t.Helper()
	if s == "" || s == "-" || s == l.T(Unknown) {
		t.Errorf("%v: a value without a name", l.Lang())
	}
}

func TestLocale_Plural(t *testing.T) {
	l := New(English)
	for got, want := range map[string]string{
		l.F(ListDeals, "1", "1.00M CNY"):         "1 deal, 1.00M CNY in all",
		l.F(ListDeals, "1,001", "1"):             "1,001 deals, 1 in all",
		l.F(SourcesTotals, "1", "0", "1"):        "1 source, 0 records, 1 issue",
		l.F(HeatIdle, "1"):                       "1 rep without any touch",
		l.F(ForecastDaysLeft, "1", "99%"):        "1 day left, 99% of the period gone",
		New(Chinese).F(ListDeals, "1", "100.0万"): "1 个商机, 合计 100.0万",
		number("%d%% of {x|y} {a|b", []any{1}):   "%d%% of x a",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
