package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"flightdeck/store"
)

// A sealed record has sealFlag in its version byte and ends with its seal: the CRC32C of its entity, its key and all of its value before the seal, little-endian.
// bbolt has no checksum of anything but its two meta pages: without the seal, a byte that the disk flipped in an amount would be another amount. Records from before
// there were seals are read as they are, and get one when they change.
const (
	sealFlag = 0x80
	sealLen  = 4

	// sealedFrom is the first version that nobody ever wrote without a seal: a record that claims it and has none is damaged, not newer.
	sealedFrom = 3
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// entitySums holds the checksum of each entity's byte, with which every seal begins.
var entitySums = func() (sums [len(kinds)]uint32) {
	for e := range sums {
		sums[e] = crc32.Checksum([]byte{byte(e)}, castagnoli)
	}
	return sums
}()

// sealable returns v as a record under its key that has room for a seal.
func sealable[T any](c *coder, v *T, code func(*coder, *T)) row {
	r := encode(c, v, code)
	from := len(c.buf) - len(r.value)
	c.buf = append(c.buf, zeros[:sealLen]...)
	r.value = c.buf[from:len(c.buf):len(c.buf)]
	r.value[0] |= sealFlag
	return r
}

// sealOf returns the seal that belongs to the value, whose last bytes are a seal.
func sealOf(e store.Entity, key, value []byte) uint32 {
	return crc32.Update(crc32.Update(entitySums[e], castagnoli, key), castagnoli, value[:len(value)-sealLen])
}

// seal writes the seal of a record that has room for it.
func seal(e store.Entity, key, value []byte) {
	binary.LittleEndian.PutUint32(value[len(value)-sealLen:], sealOf(e, key, value))
}

var errSeal = errors.New("its checksum is wrong")

// sealed tells what is wrong with a stored record's seal. One without a seal is not judged, if it may be without.
func sealed(e store.Entity, key, value []byte) error {
	switch {
	case len(value) == 0:
		return errShort
	case value[0] >= sealedFrom && value[0]&sealFlag == 0:
		return fmt.Errorf("it has version %d and no checksum", value[0])
	case value[0]&sealFlag == 0:
		return nil
	case len(value) < 1+sealLen:
		return errShort
	case sealOf(e, key, value) != binary.LittleEndian.Uint32(value[len(value)-sealLen:]):
		return errSeal
	}
	return nil
}

// body returns what the record says, without version and seal.
func body(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	if value[0]&sealFlag != 0 && len(value) > sealLen {
		return value[1 : len(value)-sealLen]
	}
	return value[1:]
}
