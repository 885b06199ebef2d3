package locale

import (
	"math"
	"strconv"
	"strings"

	"flightdeck/store"
)

// Int writes n with thousands separators: 1,234,567.
func (l *Locale) Int(n int) string { return group(strconv.FormatInt(int64(n), 10)) }

// Signed writes n with its sign and thousands separators: +12, -3, 0.
func (l *Locale) Signed(n int) string {
	if n > 0 {
		return "+" + l.Int(n)
	}
	return l.Int(n)
}

func group(s string) string {
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	whole, frac, dot := strings.Cut(s, ".")
	if len(whole) > 3 {
		var b strings.Builder
		head := len(whole) % 3
		b.WriteString(whole[:head])
		for i := head; i < len(whole); i += 3 {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			b.WriteString(whole[i : i+3])
		}
		whole = b.String()
	}
	if dot {
		whole += "." + frac
	}
	return sign + whole
}

type unit struct {
	power    int // of ten
	decimals int
	from     int // power of ten from which the unit is used
	suffix   string
}

var units = [langs][]unit{
	Chinese: {{8, 2, 8, "亿"}, {4, 1, 4, "万"}},
	English: {{9, 2, 9, "B"}, {6, 2, 6, "M"}, {3, 1, 4, "K"}}, // four digits are shorter without a unit
}

// Count writes a count shortly, for charts and narrow columns: 9,876, 1.2万, 12.3K. Below the first unit it is exact.
func (l *Locale) Count(n int) string { return l.short(int64(n), 0) }

// Money writes an amount in major units shortly and without its currency: 1,234.5万, 1.23亿; 12.3K, 4.56M. It rounds half away from zero, in integers.
// "-" when no amount was given. The column's heading names the currency.
func (l *Locale) Money(m store.Money) string {
	if !m.Given() {
		return "-"
	}
	return l.short(m.Minor, int(m.Currency.Digits()))
}

// short writes n × 10^-digits.
func (l *Locale) short(n int64, digits int) string {
	sign, u := "", uint64(n)
	if n < 0 {
		sign, u = "-", uint64(-(n+1))+1
	}
	us, whole := units[l.lang], round(u, digits)
	for i := range us {
		if whole < pow(us[i].from) {
			continue
		}
		r := round(u, us[i].power+digits-us[i].decimals)
		if i > 0 && r >= pow(us[i-1].power-us[i].power+us[i].decimals) { // 9,999.96万 rounds up to 1.00亿
			i--
			r = round(u, us[i].power+digits-us[i].decimals)
		}
		return sign + point(r, us[i].decimals) + us[i].suffix
	}
	if whole == 0 {
		sign = ""
	}
	return sign + group(strconv.FormatUint(whole, 10))
}

func point(v uint64, decimals int) string {
	s := strconv.FormatUint(v, 10)
	for len(s) <= decimals {
		s = "0" + s
	}
	return group(s[:len(s)-decimals] + "." + s[len(s)-decimals:])
}

func pow(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// round returns v / 10^n, half up.
func round(v uint64, n int) uint64 {
	if n <= 0 {
		return v * pow(-n)
	}
	p := pow(n)
	q := v / p
	if v%p >= p/2 {
		q++
	}
	return q
}

// MoneyExact writes an amount to the last minor unit with its currency: 1,234,567.00 CNY. "-" when no amount was given.
func (l *Locale) MoneyExact(m store.Money) string {
	if !m.Given() {
		return "-"
	}
	return group(m.Amount()) + " " + string(m.Currency)
}

// MoneySigned is Money with a leading + for gains.
func (l *Locale) MoneySigned(m store.Money) string {
	if m.Given() && m.Minor > 0 {
		return "+" + l.Money(m)
	}
	return l.Money(m)
}

// Percent writes a share (0.123 is 12.3 %) with the given decimal places; "-" when it is not a number, as with a share of nothing.
func (l *Locale) Percent(share float64, decimals int) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return "-"
	}
	s := group(strconv.FormatFloat(share*100, 'f', decimals, 64))
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s + "%"
}

// Ratio writes done/all as a percentage without decimals; "-" when all is 0.
func (l *Locale) Ratio(done, all int64) string {
	if all == 0 {
		return "-"
	}
	return l.Percent(float64(done)/float64(all), 0)
}

// Float writes f with the given decimal places and thousands separators; "-" when it is not a number.
func (l *Locale) Float(f float64, decimals int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "-"
	}
	return group(strconv.FormatFloat(f, 'f', decimals, 64))
}
