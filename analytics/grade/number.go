package grade

import (
	"math"
	"strconv"
)

// Number is a value that may be unknown: then it is not a number, and null in JSON.
type Number float64

// Known reports whether there is a value.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) }

// String prints the value with at most two decimals; "?" when unknown.
func (n Number) String() string {
	if !n.Known() {
		return "?"
	}
	return strconv.FormatFloat(math.Round(float64(n)*100)/100, 'f', -1, 64)
}

// MarshalJSON implements [encoding/json.Marshaler].
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'f', -1, 64), nil
}
