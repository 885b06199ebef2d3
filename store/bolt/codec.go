package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"flightdeck/store"
)

// recordVersion is the newest that this program reads of the versions with which every record begins. A field that is added raises it, and its coder asks
// since: older records are read too, and records without the addition stay as they were, so that no store is rewritten for it.
const recordVersion = 4

var errShort = errors.New("it is cut short")

// coder writes a record to buf or, when reading, takes it from there: a version byte, the fixed header (numbers, moments), then strings with their
// lengths. One function per entity describes both directions, so that they cannot drift apart. Nothing is reflected on, and a record read
// costs one allocation: its ID and all its strings share one.
type coder struct {
	reading bool
	buf     []byte
	key     store.ID // writing: under what the record is to stand
	at      int      // writing: where in buf the record begins
	version byte     // reading: the record's
	err     error

	raw     []byte    // reading: the key
	id      *store.ID // reading: where it goes
	scratch []byte
	text    string // what follows the header, once begun
	begun   bool
}

func (c *coder) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// since reports whether the record has what version v added; a record that is written becomes one of at least that version.
func (c *coder) since(v byte) bool {
	if !c.reading {
		c.buf[c.at] = max(c.buf[c.at], v)
		return true
	}
	return c.version >= v
}

var zeros [12]byte

// take returns the next n bytes of the header; zeros once something was wrong.
func (c *coder) take(n int) []byte {
	if c.err != nil || len(c.buf) < n {
		c.fail(errShort)
		return zeros[:n]
	}
	b := c.buf[:n]
	c.buf = c.buf[n:]
	return b
}

func (c *coder) byte(v byte) byte {
	if c.reading {
		return c.take(1)[0]
	}
	c.buf = append(c.buf, v)
	return v
}

func (c *coder) uint32(v uint32) uint32 {
	if c.reading {
		return binary.LittleEndian.Uint32(c.take(4))
	}
	c.buf = binary.LittleEndian.AppendUint32(c.buf, v)
	return v
}

func (c *coder) uint64(v uint64) uint64 {
	if c.reading {
		return binary.LittleEndian.Uint64(c.take(8))
	}
	c.buf = binary.LittleEndian.AppendUint64(c.buf, v)
	return v
}

// Each of these writes *p or sets it.

func enum[T ~uint8](c *coder, p *T) {
	if v := c.byte(byte(*p)); c.reading {
		*p = T(v)
	}
}

func (c *coder) bool(p *bool) {
	var b byte
	if !c.reading && *p {
		b = 1
	}
	if b = c.byte(b); c.reading {
		*p = b != 0
	}
}

func integer[T ~int | ~int64](c *coder, p *T) {
	if v := c.uint64(uint64(*p)); c.reading {
		*p = T(v)
	}
}

// count writes how many *p has, or makes it as long as was written. Each takes at least a byte of what follows.
func count[T any](c *coder, p *[]T) {
	n := len(*p)
	if integer(c, &n); !c.reading {
		return
	}
	*p = nil
	switch {
	case n < 0 || n > len(c.buf):
		c.fail(errShort)
	case n > 0:
		*p = make([]T, n)
	}
}

func (c *coder) float(p *float64) {
	if v := c.uint64(math.Float64bits(*p)); c.reading {
		*p = math.Float64frombits(v)
	}
}

func (c *coder) day(p *store.Day) {
	if v := c.uint32(uint32(*p)); c.reading {
		*p = store.Day(v)
	}
}

// time keeps the instant to the nanosecond, the zero time included, and gives it back in UTC.
func (c *coder) time(p *time.Time) {
	sec := c.uint64(uint64(p.Unix()))
	nsec := c.uint32(uint32(p.Nanosecond()))
	if c.reading {
		*p = time.Unix(int64(sec), int64(nsec)).UTC()
	}
}

// amount writes the number; the currency is a string and comes with those.
func (c *coder) amount(p *store.Money) { integer(c, &p.Minor) }

// identify gives the record its ID, which is its key and stands nowhere else.
func (c *coder) identify(p *store.ID) {
	c.key, c.id = *p, p
}

// begin ends the header.
func (c *coder) begin() {
	if c.begun {
		return
	}
	c.scratch = append(append(c.scratch[:0], c.raw...), c.buf...)
	all := string(c.scratch)
	c.text, c.begun = all[len(c.raw):], true
	if c.id != nil {
		*c.id = store.ID(all[:len(c.raw)])
	}
}

func (c *coder) uvarint(v int) int {
	if !c.reading {
		c.buf = binary.AppendUvarint(c.buf, uint64(v))
		return v
	}
	if c.begin(); c.text != "" && c.text[0] < 0x80 && int(c.text[0]) < len(c.text) { // nearly all
		v, c.text = int(c.text[0]), c.text[1:]
		return v
	}
	var n uint64
	for i := range min(len(c.text), binary.MaxVarintLen32) {
		b := c.text[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.text = c.text[i+1:]
			if n > uint64(len(c.text)) { // a length or a count of what follows, one byte each at least
				break
			}
			return int(n)
		}
	}
	c.fail(errShort)
	return 0
}

func text[T ~string](c *coder, p *T) {
	n := c.uvarint(len(*p))
	switch {
	case !c.reading:
		c.buf = append(c.buf, *p...)
	case c.err != nil:
		*p = ""
	default:
		*p = T(c.text[:n])
		c.text = c.text[n:]
	}
}

// pairs writes a map in the order of its keys, so that equal maps are equal bytes. An empty map is read as nil.
func pairs[K ~string](c *coder, p *map[K]string) {
	n := c.uvarint(len(*p))
	if !c.reading {
		if n == 0 {
			return
		}
		for _, k := range slices.Sorted(maps.Keys(*p)) {
			v := (*p)[k]
			text(c, &k)
			text(c, &v)
		}
		return
	}
	*p = nil
	for ; n > 0 && c.err == nil; n-- {
		var k K
		var v string
		text(c, &k)
		text(c, &v)
		if *p == nil {
			*p = make(map[K]string, n)
		}
		(*p)[k] = v
	}
}

// chunk is how much room for records a writing coder takes at once. Records given out stay where they are.
const chunk = 64 << 10

// encode returns v as a record under its key. The bytes stay as they are while c goes on.
func encode[T any](c *coder, v *T, code func(*coder, *T)) row {
	if cap(c.buf)-len(c.buf) < 1<<10 {
		c.buf = make([]byte, 0, chunk)
	}
	from := len(c.buf)
	c.at = from
	c.buf = append(c.buf, 1)
	code(c, v)
	return row{c.key, c.buf[from:len(c.buf):len(c.buf)]}
}

// decode reads a record that encode made, whatever its seal says; *v is zero. It keeps nothing of the slices.
func decode[T any](c *coder, key, value []byte, v *T, code func(*coder, *T)) error {
	if len(value) == 0 || value[0]&sealFlag != 0 && len(value) < 1+sealLen {
		return errShort
	}
	version := value[0] &^ sealFlag
	switch {
	case version == 0:
		return errors.New("it has no version")
	case version > recordVersion:
		return fmt.Errorf("it has version %d, this program reads up to %d: %w", version, recordVersion, store.ErrNewer)
	}
	*c = coder{reading: true, version: version, buf: body(value), raw: key, scratch: c.scratch}
	code(c, v)
	if c.begin(); c.err == nil && len(c.text) > 0 {
		c.err = errors.New("bytes follow it")
	}
	return c.err
}
