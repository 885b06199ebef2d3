package sql

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// scalar is a driver's value that is kept in a cursor and sent back as exactly what it was.
type scalar struct{ v any }

// scalarJSON is its form: one of the fields.
type scalarJSON struct {
	I *int64    `json:"i,omitempty"`
	F *float64  `json:"f,omitempty"`
	S *string   `json:"s,omitempty"`
	B *[]byte   `json:"b,omitempty"`
	O *bool     `json:"o,omitempty"`
	T *[2]int64 `json:"t,omitempty"` // seconds and nanoseconds since 1970
}

// MarshalJSON implements [json.Marshaler].
func (s scalar) MarshalJSON() ([]byte, error) {
	var j scalarJSON
	switch v := s.v.(type) {
	case int64:
		j.I = &v
	case float64:
		j.F = &v
	case string:
		b := []byte(v) // not every text is UTF-8
		j.S = &v
		if strings.ToValidUTF8(v, "") != v {
			return json.Marshal(map[string][]byte{"x": b})
		}
	case []byte:
		j.B = &v
	case bool:
		j.O = &v
	case time.Time:
		j.T = &[2]int64{v.Unix(), int64(v.Nanosecond())}
	default:
		return nil, fmt.Errorf("a %T cannot be a key", s.v)
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *scalar) UnmarshalJSON(b []byte) error {
	var j struct {
		scalarJSON
		X *[]byte `json:"x"`
	}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	switch {
	case j.I != nil:
		s.v = *j.I
	case j.F != nil:
		s.v = *j.F
	case j.S != nil:
		s.v = *j.S
	case j.X != nil:
		s.v = string(*j.X)
	case j.B != nil:
		s.v = *j.B
	case j.O != nil:
		s.v = *j.O
	case j.T != nil:
		s.v = time.Unix(j.T[0], j.T[1]).UTC()
	default:
		return errors.New("no value")
	}
	return nil
}

// scale is how a column counts changes. A mark on it is an int64: microseconds since 1970 (of a time without a zone as if it were UTC), or the version itself.
type scale struct {
	Kind   string `json:"k"`           // time, text, epoch or version
	Plain  bool   `json:"p,omitempty"` // its times have no zone
	Layout string `json:"l,omitempty"` // of text
	Unit   int64  `json:"u,omitempty"` // of epoch: microseconds that one counts
	Bytes  bool   `json:"b,omitempty"` // the version is eight bytes
	Type   string `json:"t,omitempty"` // the database's name for its type
}

// layouts are the notations of date and time that sort as text in the order of time.
var layouts = []string{
	"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999-07:00", "2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "2006/01/02 15:04:05", "2006/01/02",
	"20060102150405", "20060102",
}

// scaleOf finds out how a column counts by one of its values.
func scaleOf(v any, typ string, version bool, d *dialect) (scale, bool) {
	if version {
		switch v := v.(type) {
		case int64:
			return scale{Kind: "version", Type: typ}, true
		case []byte:
			return scale{Kind: "version", Bytes: true, Type: typ}, len(v) == 8
		}
		return scale{}, false
	}
	switch v := v.(type) {
	case time.Time:
		return scale{Kind: "time", Plain: slices.Contains(d.plain, typ), Type: typ}, !v.IsZero()
	case int64:
		for _, u := range []struct{ from, unit int64 }{{1e14, 1}, {1e11, 1e3}, {1e8, 1e6}} {
			if v >= u.from && v < 1000*u.from {
				return scale{Kind: "epoch", Unit: u.unit, Type: typ}, true
			}
		}
	case []byte:
		return scaleOf(string(v), typ, version, d)
	case string:
		for _, l := range layouts {
			if _, err := time.Parse(l, v); err != nil {
				continue
			}
			s := scale{Kind: "text", Plain: !strings.Contains(l, "07"), Layout: strings.Replace(l, ".999999999", fraction(v), 1), Type: typ}
			return s, true
		}
	}
	return scale{}, false
}

// fraction is the layout of the fraction of a second in a text.
func fraction(text string) string {
	_, after, ok := strings.Cut(text, ".")
	if !ok {
		return ""
	}
	n := 0
	for n < len(after) && after[n] >= '0' && after[n] <= '9' {
		n++
	}
	return "." + strings.Repeat("0", n)
}

// mark reads a value of the column.
func (s *scale) mark(v any) (int64, bool) {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMicro(), s.Kind == "time" && !v.IsZero()
	case int64:
		if s.Kind == "epoch" {
			return v * s.Unit, v > 0 && v < 1e17
		}
		return v, s.Kind == "version"
	case []byte:
		if s.Kind == "version" && len(v) == 8 {
			return int64(binary.BigEndian.Uint64(v)), true
		}
		return s.mark(string(v))
	case string:
		if s.Kind != "text" {
			return 0, false
		}
		for _, l := range []string{s.Layout, layouts[0], layouts[1], layouts[2]} {
			if t, err := time.Parse(l, v); err == nil {
				return t.UnixMicro(), true
			}
		}
	}
	return 0, false
}

// value is what the column would hold at a mark.
func (s *scale) value(mark int64) any {
	switch s.Kind {
	case "time":
		return time.UnixMicro(mark).UTC()
	case "text":
		return time.UnixMicro(mark).UTC().Format(s.Layout)
	case "epoch":
		return mark / s.Unit
	}
	if s.Bytes {
		return binary.BigEndian.AppendUint64(nil, uint64(max(mark, 0)))
	}
	return mark
}

// at is the mark of a moment in a zone.
func (s *scale) at(t time.Time, zone *time.Location) int64 {
	if s.Plain && s.Kind != "epoch" {
		t = t.In(zone)
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	return t.UnixMicro()
}
