package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"flightdeck/store"
	"flightdeck/store/source"
)

// row is one record being read.
type row struct {
	d      *Decoder
	f      map[string]any
	where  string
	out    *source.Page
	entity store.Entity
}

// lookBack is how many of the last issues are searched for an equal one: enough to fold a column that is wrong throughout, and bounded.
const lookBack = 64

func (r *row) issue(field, value, problem string, dropped bool) {
	field, value = store.Clip(field, 80), store.Clip(value, 80)
	issues := r.out.Issues
	for i := len(issues) - 1; i >= 0 && i >= len(issues)-lookBack; i-- {
		if v := &issues[i]; v.Field == field && v.Value == value && v.Problem == problem && v.Stream == r.d.Stream {
			v.Repeated++
			return
		}
	}
	r.out.Issues = append(issues, store.Issue{
		Source: r.d.Source, Stream: r.d.Stream, Where: store.Clip(r.where, 200), Field: field, Value: value, Problem: problem, Dropped: dropped,
	})
}

// scalar gives the text of a value, exactly; false for objects and lists. nil and false give "".
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "", true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64: // the shortest decimal that is this float: what a person typed, up to 15 digits
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case []byte:
		return string(v), true
	case *big.Int:
		return v.String(), true
	case time.Time:
		if v.IsZero() {
			return "", true
		}
		return v.Format(time.RFC3339Nano), true
	case fmt.Stringer:
		return v.String(), true
	case int8, int16, int32, uint, uint8, uint16, uint32, uint64, float32:
		return fmt.Sprint(v), true
	}
	return "", false
}

// text returns the field's value, trimmed and translated by the Decoder's table; false when it is not given.
func (r *row) text(field string) (string, bool) {
	v, ok := r.f[field]
	if !ok || v == nil {
		return "", false
	}
	s, ok := scalar(v)
	if !ok {
		r.issue(field, "", "want a single value, not a list or an object", false)
		return "", false
	}
	s = strings.TrimSpace(s)
	if t := r.d.Values[field]; t != nil {
		if to, ok := t[s]; ok {
			s = to
		}
	}
	return s, s != ""
}

func (r *row) name(field string) string {
	s, _ := r.text(field)
	return store.Clean(s, store.MaxName)
}

func (r *row) note(field string) string {
	s, _ := r.text(field)
	return store.Clean(s, store.MaxText)
}

// id returns the field as an ID of this source.
func (r *row) id(field string) store.ID {
	s, _ := r.text(field)
	if s = store.Clean(s, store.MaxName); s == "" {
		return ""
	}
	return store.MakeID(r.d.Source, s)
}

func (r *row) boolean(field string) bool {
	if b, ok := r.f[field].(bool); ok && r.d.Values[field] == nil {
		return b
	}
	s, ok := r.text(field)
	if !ok {
		return false
	}
	switch strings.ToLower(s) {
	case "true", "1", "yes", "y", "是":
		return true
	case "false", "0", "no", "n", "否":
		return false
	}
	r.issue(field, s, "want true or false", false)
	return false
}

// whole reads a whole number from lo to hi; 0 when absent or wrong.
func (r *row) whole(field string, lo, hi int) int {
	n, _ := r.number(field, lo, hi)
	return n
}

func (r *row) number(field string, lo, hi int) (int, bool) {
	s, ok := r.text(field)
	if !ok {
		return 0, false
	}
	if n, err := strconv.Atoi(s); err == nil && n >= lo && n <= hi { // the usual case, without a decimal
		return n, true
	}
	d, err := bounded(s)
	if err != nil || d.LessThan(decimal.NewFromInt(int64(lo))) || d.GreaterThan(decimal.NewFromInt(int64(hi))) {
		r.issue(field, s, fmt.Sprintf("want a number from %d to %d", lo, hi), false)
		return 0, false
	}
	return int(d.Round(0).IntPart()), true
}

func (r *row) degrees(field string, limit float64) float64 {
	s, ok := r.text(field)
	if !ok {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= -limit && v <= limit) { // NaN fails both
		r.issue(field, s, fmt.Sprintf("want degrees from %g to %g", -limit, limit), false)
		return 0
	}
	return v
}

// bounded reads a decimal that cannot ask for all memory when it is scaled.
func bounded(s string) (decimal.Decimal, error) {
	if len(s) > 64 {
		return decimal.Decimal{}, fmt.Errorf("longer than 64 characters")
	}
	d, err := decimal.NewFromString(s)
	if err == nil && (d.Exponent() > 30 || d.Exponent() < -40) {
		err = fmt.Errorf("out of range")
	}
	return d, err
}

// thousandths reads a quantity.
func (r *row) thousandths(field string) int64 {
	s, ok := r.text(field)
	if !ok {
		return 0
	}
	d, err := bounded(s)
	if d = d.Shift(3).RoundBank(0); err != nil || !d.BigInt().IsInt64() {
		r.issue(field, s, "want a decimal number such as 12.5", false)
		return 0
	}
	return d.IntPart()
}

// currency returns what the row's amounts are in. false: the row names a currency that is none, and no amount of it may be trusted.
func (r *row) currency() (store.Currency, bool) {
	s, ok := r.text("currency")
	if !ok {
		return r.d.Currency, true
	}
	if c := store.Currency(s); c.Valid() && c != "RMB" { // the usual case
		return c, true
	}
	may := Currencies(s)
	if c := Means(may, r.d.Currency); c != "" {
		return c, true
	}
	if len(may) > 1 {
		r.issue("currency", s, fmt.Sprintf("may be any of %v: give the source the currency that it means in the configuration; the row's amounts were left out", may), false)
	} else {
		r.issue("currency", s, "want a three-letter ISO 4217 code such as CNY; the row's amounts were left out", false)
	}
	return "", false
}

func (r *row) money(field string) store.Money {
	s, ok := r.text(field)
	if !ok {
		return store.Money{}
	}
	c, ok := r.currency()
	if !ok {
		return store.Money{}
	}
	m, err := store.ParseMoney(s, c)
	if err == nil {
		return m
	}
	number, minus := strings.CutPrefix(s, "-")
	if number, may := SplitCurrency(number); may != nil { // the amount says itself what it is in
		switch {
		case c == "" && len(may) == 1:
			c = may[0]
		case c != "" && !slices.Contains(may, c):
			r.issue(field, s, fmt.Sprintf("the amount is in another currency than %s, which its row or source has, and was left out: map the field currency, or correct the source's", c), false)
			return store.Money{}
		}
		if minus {
			number = "-" + number
		}
		if m, err = store.ParseMoney(number, c); err == nil {
			return m
		}
	}
	switch {
	case c == "":
		r.issue(field, s, "an amount without a currency: map the field currency, or give the source a currency in the configuration", false)
	case errors.Is(err, store.ErrRange):
		r.issue(field, s, "too large or too fine for an amount: want a decimal number below 90,000,000,000,000,000", false)
	default:
		r.issue(field, s, "want a plain decimal number such as 1234.50, without thousands separators", false)
	}
	return store.Money{}
}

// stage maps the source's value to the organisation's stage. false: it is given but unknown.
func (r *row) stage(field string) (store.ID, bool) {
	s, ok := r.text(field)
	if !ok {
		return "", true
	}
	if len(r.d.Stages) == 0 {
		return store.ID(store.Clean(s, store.MaxName)), true
	}
	if id, ok := r.d.Stages[s]; ok {
		return id, true
	}
	for v, id := range r.d.Stages {
		if strings.EqualFold(v, s) || string(id) == s {
			return id, true
		}
	}
	if r.d.OpenStages {
		return store.ID(store.Clean(s, store.MaxName)), true
	}
	return "", false
}

// stageValues lists what stage accepts.
func (r *row) stageValues() string {
	var all []string
	for v := range r.d.Stages {
		all = append(all, v)
	}
	slices.Sort(all)
	return "unknown stage: want one of " + store.Clip(strings.Join(all, ", "), 300) + "; add it to the source's stages in the configuration"
}

// word reads an enumeration: our own words, in any case and with blanks or hyphens for underscores.
func word[T ~uint8](r *row, field string, parse func(string) (T, error)) T {
	s, ok := r.text(field)
	if !ok {
		return 0
	}
	v, err := parse(s)
	if err == nil {
		return v
	}
	if v, err := parse(wordForm.Replace(strings.ToLower(s))); err == nil {
		return v
	}
	_, want, _ := strings.Cut(err.Error(), ": ")
	r.issue(field, s, want+"; other words are mapped by a value table in the mapping", false)
	return 0
}

var wordForm = strings.NewReplacer(" ", "_", "-", "_")

// maxExtra bounds what one row may bring along beside the known fields.
const maxExtra = 64

func (r *row) extra() map[string]string {
	v, ok := r.f["extra"]
	if !ok || v == nil {
		return nil
	}
	if m, ok := v.(map[string]string); ok {
		anys := make(map[string]any, len(m))
		for k, s := range m {
			anys[k] = s
		}
		v = anys
	}
	m, ok := v.(map[string]any)
	if !ok {
		r.issue("extra", "", "want an object of names and single values", false)
		return nil
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make(map[string]string, len(m))
	for _, k := range keys {
		s, ok := scalar(m[k])
		if !ok {
			r.issue("extra."+k, "", "want a single value, not a list or an object", false)
			continue
		}
		if s = store.Clean(s, store.MaxText); s == "" {
			continue
		}
		if len(out) == maxExtra {
			r.issue("extra", strconv.Itoa(len(keys)), fmt.Sprintf("more than %d custom fields; the others were left out", maxExtra), false)
			break
		}
		out[store.Clean(k, store.MaxName)] = s
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
