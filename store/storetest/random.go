package storetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	"flightdeck/store"
)

// Rand returns a generator whose seed t prints. Every random test takes its own from here: the seed is always the same, so that no change is refused by chance,
// unless the environment's FLIGHTDECK_SEED names another or says "random", as .ci/soak does to search for more.
func Rand(t testing.TB) *rand.Rand {
	seed := uint64(1)
	switch s := os.Getenv("FLIGHTDECK_SEED"); s {
	case "":
	case "random":
		seed = rand.Uint64()
	default:
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("FLIGHTDECK_SEED: %v: want a number, or random", err)
		}
	}
	t.Logf("FLIGHTDECK_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// RandomBatch makes a batch of any of the records, with tombstones, from so few IDs that batches made one after another meet the same records: new,
// equal, changed and deleted ones. n bounds the number of records of each entity. It depends on rng alone.
func RandomBatch(rng *rand.Rand, n int) *store.Batch {
	b := &store.Batch{
		Source: RandomSource(rng), Stream: pick[store.Stream](rng, "deals", "touches", "deals|x"), Next: pick[store.Cursor](rng, "", "p1", "p2"),
		Track: store.Fields(rng.UintN(64)), Seen: Noon.Add(time.Duration(rng.IntN(4)) * time.Hour), ClearIssues: rng.IntN(3) == 0,
	}
	v := reflect.ValueOf(&b.Records).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Pointer {
			if rng.IntN(3) == 0 {
				f.Set(reflect.New(f.Type().Elem()))
				fillRandom(rng, f.Elem(), "")
			}
			continue
		}
		for range rng.IntN(n + 1) {
			row := reflect.New(f.Type().Elem()).Elem()
			fillRandom(rng, row, "")
			if id := row.FieldByName("ID"); id.IsValid() && id.Len() == 0 && f.Type() != reflect.TypeFor[[]store.Change]() {
				id.SetString(string(randomID(rng)))
			}
			f.Set(reflect.Append(f, row))
		}
	}
	for i := range b.Statuses {
		b.Statuses[i].Source = RandomSource(rng)
	}
	for i := range b.Issues {
		b.Issues[i].Source, b.Issues[i].Stream = b.Source, b.Stream
	}
	for i := range b.Changes {
		if b.Changes[i].Deal == "" {
			b.Changes[i].Deal = randomID(rng)
		}
	}
	for range rng.IntN(n/4 + 1) {
		b.Deleted = append(b.Deleted, store.Ref{Entity: store.Entities()[rng.IntN(len(store.Entities()))], ID: randomID(rng)})
	}
	return b
}

// RandomSource is one of the sources that [RandomBatch] writes for.
func RandomSource(rng *rand.Rand) store.SourceID { return pick[store.SourceID](rng, "a", "ab", "b-c") }

func randomID(rng *rand.Rand) store.ID {
	return store.MakeID(RandomSource(rng), fmt.Sprint(rng.IntN(30)))
}

func randomTime(rng *rand.Rand) time.Time {
	switch rng.IntN(8) {
	case 0:
		return time.Time{}
	case 1:
		return Noon.Add(time.Duration(rng.Int64N(1e15))).In(time.FixedZone("elsewhere", 8*3600))
	}
	return Noon.Add(time.Duration(rng.IntN(4)) * time.Hour)
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// fillRandom sets v and all in it to values out of a small range, so that equal records are frequent.
func fillRandom(rng *rand.Rand, v reflect.Value, field string) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(randomTime(rng)))
	case v.Type() == reflect.TypeFor[store.ID]():
		if rng.IntN(6) > 0 {
			v.SetString(string(randomID(rng)))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fillRandom(rng, v.Field(i), v.Type().Field(i).Name)
		}
	case v.Kind() == reflect.String:
		v.SetString(pick(rng, "", field, "中文 名称", "x\x00\xff", "CNY"))
	case v.Kind() == reflect.Map:
		m := reflect.MakeMap(v.Type())
		for i := range rng.IntN(3) {
			value := reflect.New(v.Type().Elem()).Elem()
			if value.Kind() == reflect.String {
				value.SetString(pick(rng, "", "v", "值"))
			} else {
				fillRandom(rng, value, "")
			}
			m.SetMapIndex(reflect.ValueOf(fmt.Sprint("k", i)).Convert(v.Type().Key()), value)
		}
		v.Set(m)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rng.IntN(3), 3))
		for i := range v.Len() {
			fillRandom(rng, v.Index(i), field)
		}
	case v.Kind() == reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case v.CanUint():
		v.SetUint(rng.Uint64N(6))
	case v.CanInt():
		v.SetInt(pick(rng, 0, 1, -1, rng.Int64N(1<<30), int64(store.NoDay)))
	case v.CanFloat():
		v.SetFloat(pick(rng, 0, 31.2304, -121.4737))
	default:
		panic("storetest: no random " + v.Type().String())
	}
}

// Fill sets v, and every field in it, to a value that is not its zero: for tests that nothing gets lost.
func Fill(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(Noon.Add(time.Nanosecond)))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			Fill(v.Field(i))
		}
	case v.Kind() == reflect.String:
		v.SetString("a:1")
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		Fill(value)
		v.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), value)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		Fill(v.Index(0))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanUint():
		v.SetUint(2)
	case v.CanInt():
		v.SetInt(-3)
	case v.CanFloat():
		v.SetFloat(0.1)
	default:
		panic("storetest: cannot fill " + v.Type().String())
	}
}
