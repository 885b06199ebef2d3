package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/shopspring/decimal"
)

// Currency is an ISO 4217 code in upper case, such as CNY.
type Currency string

// Valid reports whether c looks like an ISO 4217 code: three capital letters.
func (c Currency) Valid() bool {
	if len(c) != 3 {
		return false
	}
	for i := range 3 {
		if c[i] < 'A' || c[i] > 'Z' {
			return false
		}
	}
	return true
}

// Digits returns how many decimal places the currency's minor unit has (ISO 4217).
func (c Currency) Digits() int32 {
	switch c {
	case "JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "XPF", "PYG", "RWF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// Money is an exact amount: Minor units (fen, cents) of Currency. The zero value, with no currency, means "no amount given", which
// is not the same as an amount of zero.
type Money struct {
	Minor    int64
	Currency Currency
}

// ParseMoney reads a plain decimal number ("-1234.50", "1e6") as an amount in c. More decimal places than the currency has are rounded half
// to even. It fails on anything that is not a number and on amounts beyond int64 minor units. Thousands separators and currency signs
// are the source's business, since their meaning is.
func ParseMoney(s string, c Currency) (Money, error) {
	if !c.Valid() {
		return Money{}, fmt.Errorf("parse amount: currency %q is not a three-letter ISO 4217 code", Clip(string(c), 20))
	}
	if len(s) > 64 {
		return Money{}, fmt.Errorf("parse amount %q: longer than 64 characters", Clip(s, 24))
	}
	d, err := decimal.NewFromString(strings.TrimSpace(s))
	if err != nil {
		return Money{}, fmt.Errorf("parse amount %q: want a decimal number such as 1234.50", Clip(s, 40))
	}
	if e := d.Exponent(); e > 30 || e < -40 { // before scaling: 1e999999999 would ask for all memory
		return Money{}, fmt.Errorf("parse amount %q: %w", Clip(s, 40), ErrRange)
	}
	m := d.Shift(c.Digits()).RoundBank(0)
	if !m.IsInteger() || m.Abs().GreaterThan(maxMinor) {
		return Money{}, fmt.Errorf("parse amount %q: %w", Clip(s, 40), ErrRange)
	}
	return Money{m.IntPart(), c}, nil
}

// ErrRange is in the errors of [ParseMoney] for numbers that no amount can hold.
var ErrRange = errors.New("out of range")

var maxMinor = decimal.NewFromInt(math.MaxInt64)

// Given reports whether an amount was given at all.
func (m Money) Given() bool { return m.Currency != "" }

// Decimal returns the amount in major units, exactly.
func (m Money) Decimal() decimal.Decimal { return decimal.New(m.Minor, -m.Currency.Digits()) }

// Amount returns the amount in major units as an exact decimal string with the currency's decimal places, such as "1234.50".
func (m Money) Amount() string { return m.Decimal().StringFixed(m.Currency.Digits()) }

// String returns the amount and the currency, such as "1234.50 CNY", or "" when no amount was given.
func (m Money) String() string {
	if !m.Given() {
		return ""
	}
	return m.Amount() + " " + string(m.Currency)
}

type moneyJSON struct {
	Amount   string   `json:"amount"`
	Currency Currency `json:"currency"`
}

// MarshalJSON writes {"amount":"1234.50","currency":"CNY"}, or null when no amount was given.
func (m Money) MarshalJSON() ([]byte, error) {
	if !m.Given() {
		return []byte("null"), nil
	}
	return json.Marshal(moneyJSON{m.Amount(), m.Currency})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Money) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*m = Money{}
		return nil
	}
	var j moneyJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	v, err := ParseMoney(j.Amount, j.Currency)
	if err != nil {
		return err
	}
	*m = v
	return nil
}
