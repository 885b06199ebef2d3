package table

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"flightdeck/store"
	"flightdeck/store/source/record"
)

// Cells are parsed strictly: what does not have exactly the declared shape is an issue for a person to read, never a guess. A day that could be
// read two ways (3/4/2017) has the meaning that the configuration declares.

// numbers is how a file writes numbers.
type numbers struct {
	decimal, group string
	currency       store.Currency // of the amounts, where a sign or code that says otherwise is an error; "" where the row names its own
	sheet          bool           // typed cells of a workbook always arrive as plain numbers, whatever the text cells use
}

// shortened is a long number as Excel shows it, when it has given up most of its digits.
var shortened = regexp.MustCompile(`^\d\.\d+[eE]\+(1[1-9]|[2-9]\d)$`)

// precise is how many digits of a number Excel keeps. It shows more, which are noise.
const precise = 15

// long reports whether s is a plain number with more digits, counted to the cent where cents counts, than Excel keeps. The cents themselves need not be
// there any more.
func long(s string, cents bool) bool {
	d, err := bounded(s)
	if err != nil || !plainNumber.MatchString(s) {
		return false
	}
	n := len(d.Abs().Truncate(0).String())
	if cents {
		n += 2
	}
	return n > precise
}

var plainNumber = regexp.MustCompile(`^[-+]?\d+(\.\d+)?([eE][-+]?\d{1,3})?$`)

// money strips a currency sign or code from either side of an amount.
func (n numbers) money(s string) (string, error) {
	s, may := record.SplitCurrency(s)
	if may != nil && (n.currency != "" && !slices.Contains(may, n.currency) || len(may) == 0) {
		want := string(n.currency)
		if want == "" {
			want = "one and the same"
		}
		return "", fmt.Errorf("the cell's currency is not %s; correct currency in the mapping, or map a column to the field currency", want)
	}
	return s, nil
}

// parse returns the number in s as an exact decimal. It accepts a currency sign or code on either side, accounting brackets for a negative
// amount, full-width digits, a percent sign (which is dropped: 45 % is 45) and the Chinese units 万 and 亿.
func (n numbers) parse(s string) (decimal.Decimal, error) {
	t := strings.TrimSpace(narrow(s))
	bad := func() (decimal.Decimal, error) {
		return decimal.Decimal{}, fmt.Errorf("want a number such as %s", n.example())
	}
	if len(t) > 64 || t == "" {
		return bad()
	}
	if n.sheet && plainNumber.MatchString(t) {
		if n.decimal == "," && n.group == "." && groupOfThree.MatchString(t) {
			return decimal.Decimal{}, fmt.Errorf("typed as a number this is %s, as text it is a thousand times that; store it as a number with two decimals", t)
		}
		return bounded(t)
	}
	negative := false
	if strings.HasPrefix(t, "(") && strings.HasSuffix(t, ")") {
		negative, t = true, strings.TrimSpace(t[1:len(t)-1])
	}
	if r, ok := strings.CutPrefix(t, "-"); ok && !negative {
		negative, t = true, r
	} else if r, ok := strings.CutPrefix(t, "+"); ok && !negative {
		t = r
	}
	t, err := n.money(strings.TrimSpace(t))
	if err != nil {
		return decimal.Decimal{}, err
	}
	if r, ok := strings.CutPrefix(t, "-"); ok && !negative { // $-5
		negative, t = true, r
	}
	t = strings.TrimSpace(strings.TrimSuffix(t, "%"))
	shift := int32(0)
	for {
		if r, ok := strings.CutSuffix(t, "万"); ok {
			t, shift = r, shift+4
		} else if r, ok := strings.CutSuffix(t, "亿"); ok {
			t, shift = r, shift+8
		} else {
			break
		}
	}
	if shift > 16 {
		return bad()
	}
	whole, frac, hasFrac := strings.Cut(strings.TrimSpace(t), n.decimal)
	if n.group != "" && strings.Contains(whole, n.group) {
		parts := strings.Split(whole, n.group)
		for i, p := range parts {
			if i == 0 && (p == "" || len(p) > 3) || i > 0 && len(p) != 3 {
				return decimal.Decimal{}, fmt.Errorf("want a number such as %s: thousands are not grouped by three", n.example())
			}
		}
		whole = strings.Join(parts, "")
	}
	if !digits(whole) || hasFrac && !digits(frac) || whole == "" && frac == "" {
		return bad()
	}
	if whole == "" {
		whole = "0"
	}
	d, err := bounded(whole + "." + frac + "0")
	if err != nil {
		return bad()
	}
	if negative {
		d = d.Neg()
	}
	return d.Shift(shift), nil
}

var groupOfThree = regexp.MustCompile(`^[-+]?\d{1,3}\.\d{3}$`)

// bounded refuses exponents that would ask for all memory once written out.
func bounded(s string) (decimal.Decimal, error) {
	d, err := decimal.NewFromString(s)
	if err != nil || d.Exponent() > 30 || d.Exponent() < -60 {
		return decimal.Decimal{}, fmt.Errorf("want a number below 1e30")
	}
	return d, nil
}

func (n numbers) example() string { return "1" + n.group + "234" + n.decimal + "50" }

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// narrow turns full-width digits and punctuation, as Chinese input methods type them, into ASCII.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u2212' || r == '\u2012' || r == '\u2013': // minus signs and dashes that are typed for one
			return '-'
		case r == '\u3000' || r == '\u00a0' || r == '\u202f':
			return ' '
		}
		return r
	}, s)
}

// dates is how a file writes days and moments.
type dates struct {
	names    []string // as declared, for messages
	layouts  []string // of package time
	zone     *time.Location
	sheet    bool // a bare number is a workbook's serial day
	date1904 bool
}

// ISO forms mean the same everywhere, so they are read besides what is declared.
var isoFormats = []string{"YYYY-MM-DD", "YYYY-MM-DD HH:mm", "YYYY-MM-DD HH:mm:ss", "YYYY-MM-DDTHH:mm:ss"}

var dateTokens = strings.NewReplacer("YYYY", "2006", "YY", "06", "MMMM", "January", "MMM", "Jan", "MM", "01", "M", "1", "DD", "02", "D", "2",
	"HH", "15", "H", "15", "hh", "03", "h", "3", "mm", "04", "ss", "05", "AM", "PM", "PM", "PM")

// layout translates a declared format such as M/D/YYYY into a layout of package time.
func layout(format string) (string, error) {
	l := dateTokens.Replace(format)
	if probe, err := time.Parse(l, time.Date(2017, 11, 23, 0, 0, 0, 0, time.UTC).Format(l)); err != nil || probe.Year() != 2017 || probe.Month() != 11 ||
		probe.Day() != 23 {
		return "", fmt.Errorf("date format %q: want a year, a month and a day made of YYYY, M or MM, D or DD, and H, mm, ss for times, such as M/D/YYYY",
			store.Clip(format, 40))
	}
	return l, nil
}

func newDates(formats []string, zone *time.Location) (dates, error) {
	d := dates{names: formats, zone: zone}
	if len(d.names) == 0 {
		d.names = []string{"YYYY-MM-DD", "YYYY/M/D", "YYYY年M月D日", "YYYY.M.D", "YYYYMMDD"}
	}
	more := isoFormats
	if len(formats) == 0 { // year first, so that a time behind it changes nothing
		more = append([]string{"YYYY/M/D H:mm", "YYYY/M/D H:mm:ss", "YYYY年M月D日 H:mm", "YYYY年M月D日H时mm分", "YYYY.M.D H:mm"}, isoFormats...)
	}
	for _, f := range append(append([]string(nil), d.names...), more...) {
		l, err := layout(f)
		if err != nil {
			return d, err
		}
		d.layouts = append(d.layouts, l)
	}
	return d, nil
}

// parse returns the moment in s and whether it is a day without a time, in which case it is that day's first instant.
func (d dates) parse(s string) (at time.Time, dayOnly bool, err error) {
	t := strings.TrimSpace(narrow(s))
	if len(t) > 64 {
		return time.Time{}, false, d.wrong()
	}
	if d.sheet && plainNumber.MatchString(t) {
		return d.serial(t)
	}
	for _, l := range d.layouts {
		if v, err := time.ParseInLocation(l, t, d.zone); err == nil {
			if dayOnly = !strings.Contains(l, "04"); dayOnly {
				v = store.Midnight(v)
			}
			return v, dayOnly, valid(v, d.zone)
		}
	}
	if v, err := time.Parse(time.RFC3339Nano, t); err == nil {
		return v, false, valid(v, d.zone)
	}
	return time.Time{}, false, d.wrong()
}

// serial reads a workbook's day number: days since 1899-12-30 (or 1904-01-01), the time as the fraction.
func (d dates) serial(s string) (time.Time, bool, error) {
	if at, err := time.ParseInLocation("20060102", s, d.zone); err == nil && slices.Contains(d.layouts, "20060102") {
		return store.Midnight(at), true, valid(at, d.zone)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 1 || f > 80000 { // 80000 is in 2119
		return time.Time{}, false, d.wrong()
	}
	v, err := excelize.ExcelDateToTime(f, d.date1904)
	if err != nil {
		return time.Time{}, false, d.wrong()
	}
	v = time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), 0, d.zone) // a sheet has no zones
	if f == math.Trunc(f) {
		return store.Midnight(v), true, valid(v, d.zone)
	}
	return v, false, valid(v, d.zone)
}

func (d dates) wrong() error {
	return fmt.Errorf("want a date written %s, or YYYY-MM-DD", strings.Join(d.names, " or "))
}

func valid(t time.Time, zone *time.Location) error {
	if !store.DayOf(t, zone).Valid() {
		return fmt.Errorf("want a date from 1900 to 2099")
	}
	return nil
}
