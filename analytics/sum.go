package analytics

import (
	"encoding/json"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"flightdeck/store"
)

// Ratio is a share as the two counts it is made of, so that it can be opened and added up. It is never NaN.
type Ratio struct{ Num, Den int }

// OK reports whether the ratio means anything: its denominator is not zero.
func (r Ratio) OK() bool { return r.Den != 0 }

// Value returns Num/Den, 0 when it means nothing.
func (r Ratio) Value() float64 {
	if r.Den == 0 {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// Cell returns the value for a [Table], rounded to four places; "" when it means nothing.
func (r Ratio) Cell() string {
	if !r.OK() {
		return ""
	}
	return strconv.FormatFloat(r.Value(), 'f', 4, 64)
}

// MarshalJSON writes {"num":1,"den":3,"value":0.3333…}; value is null when den is 0.
func (r Ratio) MarshalJSON() ([]byte, error) {
	j := struct {
		Num   int      `json:"num"`
		Den   int      `json:"den"`
		Value *float64 `json:"value"`
	}{Num: r.Num, Den: r.Den}
	if r.OK() {
		v := r.Value()
		j.Value = &v
	}
	return json.Marshal(j)
}

// noRate is the converted value of an amount whose currency has no rate.
const noRate = math.MinInt64

// rate converts minor units of one currency into minor units of the organisation's: minor × num / den, rounded half to even.
type rate struct {
	same     bool
	num, den uint64 // 0: none
}

// rates reads the organisation's table. A rate that is no positive decimal number, or too long for exact 64-bit arithmetic, counts as none: the
// money then stands apart, visibly, and is not converted wrongly.
func rates(org store.Org) map[store.Currency]rate {
	m := map[store.Currency]rate{}
	for c, text := range org.Rates {
		d, err := decimal.NewFromString(strings.TrimSpace(text))
		if err != nil || !d.IsPositive() || len(text) > 40 || d.Exponent() < -18 || d.Exponent() > 18 {
			continue
		}
		// minor(org) = minor(c) × rate × 10^(digits(org) - digits(c))
		r := d.Shift(org.Currency.Digits() - c.Digits()).Rat()
		if r.Num().IsUint64() && r.Denom().IsUint64() {
			m[c] = rate{num: r.Num().Uint64(), den: r.Denom().Uint64()}
		}
	}
	if org.Currency.Valid() {
		m[org.Currency] = rate{same: true}
	}
	return m
}

// convert returns minor in the organisation's currency, or noRate when there is no rate or the result is out of range.
func (r rate) convert(minor int64) int64 {
	if r.same {
		return minor
	}
	if r.num == 0 {
		return noRate
	}
	neg := minor < 0
	u := uint64(minor)
	if neg {
		u = -u
	}
	hi, lo := bits.Mul64(u, r.num)
	if hi >= r.den {
		return noRate
	}
	q, rem := bits.Div64(hi, lo, r.den)
	if half := r.den - rem; rem > half || rem == half && q&1 == 1 {
		q++
	}
	if q > math.MaxInt64 {
		return noRate
	}
	if neg {
		return -int64(q)
	}
	return int64(q)
}

// Adder adds money up in the organisation's currency. The zero Adder is not ready: take one from [Book.Adder].
type Adder struct {
	b       *Book
	total   int64
	missing []store.Money
}

// Adder returns an empty Adder.
func (b *Book) Adder() Adder { return Adder{b: b} }

// Add adds m. An amount that was not given adds nothing.
func (a *Adder) Add(m store.Money) {
	if !m.Given() {
		return
	}
	a.put(m, a.b.Convert(m))
}

func (a *Adder) put(m store.Money, v int64) {
	if v == noRate {
		i := slices.IndexFunc(a.missing, func(x store.Money) bool { return x.Currency == m.Currency })
		if i < 0 {
			a.missing = append(a.missing, store.Money{Currency: m.Currency})
			i = len(a.missing) - 1
		}
		a.missing[i].Minor = saturate(a.missing[i].Minor, m.Minor)
		return
	}
	a.total = saturate(a.total, v)
}

// AddDeal adds the amount of a deal as it stood.
func (a *Adder) AddDeal(d *DealState) {
	if d.Amount.Given() {
		a.put(d.Amount, d.Value)
	}
}

// AddMinor adds minor units of the organisation's currency.
func (a *Adder) AddMinor(v int64) { a.total = saturate(a.total, v) }

// AddSum adds what another Adder of the same Book gave.
func (a *Adder) AddSum(s Sum) {
	a.total = saturate(a.total, s.Money.Minor)
	for _, m := range s.Missing {
		a.put(m, noRate)
	}
}

// Sum returns what was added so far.
func (a *Adder) Sum() Sum {
	s := Sum{Money: store.Money{Minor: a.total, Currency: a.b.Currency()}}
	if len(a.missing) > 0 {
		s.Missing = slices.Clone(a.missing)
		slices.SortFunc(s.Missing, func(x, y store.Money) int { return strings.Compare(string(x.Currency), string(y.Currency)) })
	}
	return s
}

// Plus adds minor units as an [Adder] does: a sum beyond int64 stays at the end of the range.
func Plus(a, b int64) int64 { return saturate(a, b) }

// saturate adds without wrapping round: a sum beyond int64 minor units stays at the end of the range rather than turning negative.
func saturate(a, b int64) int64 {
	s := a + b
	if (s > a) == (b > 0) {
		return s
	}
	if b > 0 {
		return math.MaxInt64
	}
	return math.MinInt64 + 1
}

// Cell returns the amount for a [Table]: an exact decimal number in the organisation's currency.
func (s Sum) Cell() string { return s.Money.Amount() }

// MissingCell lists for a [Table] what could not be converted, such as "120.00 EUR 5.00 USD".
func (s Sum) MissingCell() string {
	parts := make([]string, len(s.Missing))
	for i, m := range s.Missing {
		parts[i] = m.String()
	}
	return strings.Join(parts, " ")
}
