package sql

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// reader makes of a driver's values what package record takes: texts in UTF-8, times in their zone, decimals as text.
type reader struct {
	d       *dialect
	zone    *time.Location
	charset encoding.Encoding // of bytes; nil: found out
	untold  bool              // texts are bytes too
}

// value reads v, a column's of type typ. A decimal is a text with every driver here; a float comes only of a column that is one.
func (r *reader) value(v any, typ string) any {
	switch v := v.(type) {
	case time.Time:
		switch {
		case v.IsZero():
			return nil // MySQL's 0000-00-00
		case typ == "DATE":
			return v.Format(time.DateOnly) // a year beyond 9999 is no date that record reads, and becomes an issue there
		case slices.Contains(r.d.plain, typ):
			return time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), r.zone)
		}
		return v
	case []byte:
		switch {
		case typ == "UNIQUEIDENTIFIER" && len(v) == 16:
			return uniqueID(v)
		case typ == "BIT" && len(v) <= 8: // MySQL's
			n := int64(0)
			for _, b := range v {
				n = n<<8 | int64(b)
			}
			return n
		case slices.Contains(r.d.bytes, typ):
			return r.text(v, true)
		case r.untold && !ascii(v):
			return r.text(v, typ == "")
		}
		return string(v)
	case string:
		if r.untold && !ascii([]byte(v)) {
			return r.text([]byte(v), false)
		}
	}
	return v
}

// text reads bytes as text. Those of a binary column that are none are written in hexadecimal digits, as identifiers stored so are shown.
func (r *reader) text(b []byte, binary bool) string {
	if binary && len(b) <= 64 && slices.ContainsFunc(b, func(c byte) bool { return c < ' ' && c != '\n' && c != '\t' && c != '\r' }) {
		return hex.EncodeToString(b)
	}
	if r.charset != nil {
		if t, err := r.charset.NewDecoder().Bytes(b); err == nil {
			return string(t)
		}
	}
	if utf8.Valid(b) {
		return string(b)
	}
	if t, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b); r.charset == nil && err == nil && !strings.ContainsRune(string(t), utf8.RuneError) {
		return string(t)
	}
	if binary && len(b) <= 64 {
		return hex.EncodeToString(b)
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// row is one row: its values by column.
type row struct {
	columns map[string]int // name, as it is configured → index
	values  []any
}

func (r *row) get(column string) any {
	if i, ok := r.columns[column]; ok {
		return r.values[i]
	}
	return nil
}

// print gives the text of a value, for maps and templates.
func print(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.Format("2006-01-02T15:04:05.999999999Z07:00")
	case float64:
		return decimal.NewFromFloat(v).String() // as record does: without an exponent
	}
	return fmt.Sprint(v)
}

// of finds the field's value in r.
func (v *Value) of(r *row) any {
	var got any
	switch {
	case v.Const != "":
		got = v.Const
	case v.Template != "":
		got = fill(v.Template, r)
	default:
		got = r.get(v.Column)
	}
	if len(v.Empty) == 0 && len(v.Map) == 0 && v.Scale == "" {
		return got
	}
	text := strings.TrimSpace(print(got))
	if slices.Contains(v.Empty, text) {
		return nil
	}
	if to, ok := v.Map[text]; ok {
		return to
	}
	if v.Scale != "" && len(text) <= 64 {
		if d, err := decimal.NewFromString(text); err == nil && d.Exponent() < 40 && d.Exponent() > -40 {
			return d.Mul(decimal.RequireFromString(v.Scale)).String() // validated
		}
	}
	return got
}

// fill puts the row's values into a template; it is empty when all of them are.
func fill(template string, r *row) string {
	var b strings.Builder
	some := false
	for rest := template; rest != ""; {
		before, after, ok := strings.Cut(rest, "{")
		column, next, closed := strings.Cut(after, "}")
		b.WriteString(before)
		if !ok || !closed {
			break
		}
		text := strings.TrimSpace(print(r.get(column)))
		some = some || text != ""
		b.WriteString(text)
		rest = next
	}
	if !some {
		return ""
	}
	return b.String()
}

// columns calls f with every column that v uses.
func (v *Value) columns(f func(string)) {
	if v.Column != "" {
		f(v.Column)
	}
	for rest := v.Template; ; {
		_, after, ok := strings.Cut(rest, "{")
		column, next, closed := strings.Cut(after, "}")
		if !ok || !closed {
			return
		}
		f(column)
		rest = next
	}
}

// gone reports whether r is a deleted row.
func (d *Deleted) gone(r *row) bool {
	if d.Column == "" {
		return false
	}
	v := r.get(d.Column)
	if v == false {
		return false
	}
	text := strings.TrimSpace(print(v))
	if len(d.Values) > 0 {
		return slices.Contains(d.Values, text)
	}
	switch strings.ToLower(text) {
	case "", "0", "f", "n", "no", "false", "否":
		return false
	}
	return !strings.HasPrefix(text, "0000-") && !strings.HasPrefix(text, "1900-01-01") // by which old programs mean none
}
