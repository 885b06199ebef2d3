package store

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
)

func TestParseMoney(t *testing.T) {
	for _, tt := range []struct {
		text     string
		currency Currency
		want     int64
		print    string
	}{
		{"1234.50", "CNY", 123450, "1234.50 CNY"}, {"-0.01", "CNY", -1, "-0.01 CNY"}, {" 7 ", "EUR", 700, "7.00 EUR"},
		{"1e6", "USD", 100_000_000, "1000000.00 USD"}, {"1.5E-1", "USD", 15, "0.15 USD"}, {"0", "CNY", 0, "0.00 CNY"},
		{"1234.5", "JPY", 1234, "1234 JPY"}, {"1235.5", "JPY", 1236, "1236 JPY"}, {"1.2345", "KWD", 1234, "1.234 KWD"},
		{"0.005", "CNY", 0, "0.00 CNY"}, {"0.015", "CNY", 2, "0.02 CNY"}, {"-0.015", "CNY", -2, "-0.02 CNY"}, {"0.0150000001", "CNY", 2, "0.02 CNY"},
		{"92233720368547758.07", "CNY", math.MaxInt64, "92233720368547758.07 CNY"},
		{"-92233720368547758.07", "CNY", -math.MaxInt64, "-92233720368547758.07 CNY"},
	} {
		m, err := ParseMoney(tt.text, tt.currency)
		if err != nil || m != (Money{tt.want, tt.currency}) || m.String() != tt.print || !m.Given() {
			t.Errorf("%q %s: %d = %q, %v; want %d = %q", tt.text, tt.currency, m.Minor, m, err, tt.want, tt.print)
		}
	}
}

func TestParseMoney_Refuses(t *testing.T) {
	for _, tt := range []struct {
		text     string
		currency Currency
	}{
		{"", "CNY"}, {"abc", "CNY"}, {"1,234.50", "CNY"}, {"¥5", "CNY"}, {"NaN", "CNY"}, {"Inf", "CNY"}, {"0x10", "CNY"}, {"1 2", "CNY"},
		{"1e999999999", "CNY"}, {"1e-999999999", "CNY"}, {"1e31", "CNY"}, {"92233720368547758.08", "CNY"}, {"-1e20", "CNY"},
		{strings.Repeat("9", 65), "CNY"}, {"1", ""}, {"1", "cny"}, {"1", "RMB4"}, {"1", "人民币"}, {"\x1b[2J", "CNY"}, {"1", "\x1b[2J"},
	} {
		m, err := ParseMoney(tt.text, tt.currency)
		if err == nil || m != (Money{}) {
			t.Errorf("%q %q was read as %v", tt.text, tt.currency, m)
		} else if !isClean(err.Error()) {
			t.Errorf("the error for %q %q carries it raw: %q", tt.text, tt.currency, err)
		}
	}
}

func TestMoney_NoneIsNotZero(t *testing.T) {
	type row struct{ None, Zero Money }
	in := row{Money{}, Money{0, "CNY"}}
	b, err := json.Marshal(in)
	if err != nil || string(b) != `{"None":null,"Zero":{"amount":"0.00","currency":"CNY"}}` {
		t.Fatalf("%s, %v", b, err)
	}
	out := row{None: Money{5, "USD"}}
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("read back %+v, %v", out, err)
	}
	if in.None.Given() || !in.Zero.Given() || in.None.String() != "" {
		t.Error("no amount and an amount of zero are taken for each other")
	}
	for _, bad := range []string{`{"amount":"x","currency":"CNY"}`, `{"amount":"1"}`, `{"amount":1,"currency":"CNY"}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), &out.Zero); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// FuzzParseMoney compares with exact fractions: never off by more than half a minor unit, and what is printed reads back as the same.
func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"1234.50", "1e6", "-0.005", "92233720368547758.07", "1e-40", "+.5", "5.", "1_000", "0e0"} {
		f.Add(s, "CNY")
		f.Add(s, "JPY")
		f.Add(s, "KWD")
	}
	f.Fuzz(func(t *testing.T, s, currency string) {
		m, err := ParseMoney(s, Currency(currency))
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(strings.TrimSpace(s))
		if !ok {
			t.Fatalf("%q is no number, yet was read as %v", s, m)
		}
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.Currency.Digits())), nil)
		off := exact.Mul(exact, new(big.Rat).SetInt(scale)).Sub(exact, new(big.Rat).SetInt64(m.Minor))
		if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%q is read as %d minor units", s, m.Minor)
		}
		if again, err := ParseMoney(m.Amount(), m.Currency); err != nil || again != m {
			t.Fatalf("%q prints as %q, which reads as %v, %v", s, m.Amount(), again, err)
		}
	})
}
