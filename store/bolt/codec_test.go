package bolt

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// samples are encoded records of every entity, from a fixed seed.
func samples(t testing.TB, seed uint64, n int) (out [len(kinds)][]row) {
	t.Helper()
	var b store.Records
	for i := range uint64(8) {
		b.Append(&storetest.RandomBatch(rand.New(rand.NewPCG(seed, i)), n).Records)
	}
	b.Org = &store.Org{Name: "我们", FiscalStart: 4, Rates: map[store.Currency]string{"USD": "7.1", "EUR": "7.8", "": ""}}
	var c coder
	for _, e := range store.Entities() {
		out[e] = kinds[e].encode(&c, &b, nil)
		if len(out[e]) == 0 {
			t.Fatalf("no sample of %s", e)
		}
		for _, r := range out[e] {
			seal(e, []byte(r.key), r.value)
		}
	}
	return out
}

func TestCodec_EveryCutIsAnError(t *testing.T) {
	for e, rows := range samples(t, 1, 12) {
		for _, r := range rows {
			for n := range len(r.value) {
				var c coder
				var rec store.Records
				if err := read(&c, store.Entity(e), []byte(r.key), r.value[:n], &rec); err == nil {
					t.Fatalf("%s: %d of %d bytes were read as a record", store.Entity(e), n, len(r.value))
				}
			}
			var c coder
			var rec store.Records
			if err := read(&c, store.Entity(e), []byte(r.key), append(bytes.Clone(r.value), 0), &rec); err == nil {
				t.Fatalf("%s: a byte too many was read as a record", store.Entity(e))
			}
		}
	}
}

func TestCodec_NewerRecord(t *testing.T) {
	for e, rows := range samples(t, 2, 12) {
		for _, r := range rows[:min(1, len(rows))] {
			newer := bytes.Clone(r.value)
			newer[0] = sealFlag | recordVersion + 1
			seal(store.Entity(e), []byte(r.key), newer)
			var c coder
			var rec store.Records
			err := read(&c, store.Entity(e), []byte(r.key), newer, &rec)
			if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), store.Entity(e).String()) {
				t.Fatalf("%v, want ErrNewer that names %s", err, store.Entity(e))
			}
			newer[0] &^= sealFlag // a newer version seals its records
			if err := read(&c, store.Entity(e), []byte(r.key), newer, &rec); !errors.Is(err, ErrDamaged) || errors.Is(err, store.ErrNewer) {
				t.Fatalf("without a seal: %v, want ErrDamaged", err)
			}
		}
	}
}

// Decoding into a slice that held other records before must leave nothing of those.
func TestCodec_ReusedBlock(t *testing.T) {
	var c coder
	for e, rows := range samples(t, 3, 40) {
		if len(rows) == 0 || store.Entity(e) == store.EntityOrg {
			continue
		}
		var dirty, clean store.Records
		for _, r := range rows {
			kinds[e].cut(&dirty, 0)
			if err := kinds[e].decode(&c, []byte(r.key), r.value, &dirty); err != nil {
				t.Fatal(err)
			}
			clean = store.Records{}
			if err := kinds[e].decode(&c, []byte(r.key), r.value, &clean); err != nil {
				t.Fatal(err)
			}
			if d := storetest.Diff(&dirty, &clean); d != "" {
				t.Fatal(d)
			}
		}
	}
}

// FuzzDecode: no bytes make a reader panic or allocate without bound, and what can be read is written and read again as the same.
func FuzzDecode(f *testing.F) {
	for e, rows := range samples(f, 4, 8) {
		for _, r := range rows[:min(4, len(rows))] {
			f.Add(byte(e), string(r.key), r.value)
		}
	}
	f.Add(byte(store.EntityAccount), "a:1", append(make([]byte, 40), 0xff, 0xff, 0xff, 0xff, 0x0f))
	f.Fuzz(func(t *testing.T, e byte, key string, value []byte) {
		entity := store.Entity(e)
		if !entity.Valid() {
			return
		}
		var c coder
		var first, second store.Records
		if kinds[e].decode(&c, []byte(key), value, &first) != nil {
			return
		}
		var w coder
		again := kinds[e].encode(&w, &first, nil)
		if err := kinds[e].decode(&c, []byte(key), again[0].value, &second); err != nil {
			t.Fatalf("written again: %v", err)
		}
		third := kinds[e].encode(&w, &second, nil)
		if !bytes.Equal(again[0].value, third[0].value) { // bytes, since not-a-number differs from itself
			t.Fatalf("%+v became %+v", first, second)
		}
	})
}

// FuzzLog: no bytes in the change log make a reader panic.
func FuzzLog(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, byte(store.EntityDeal), opDelete, 3, 'a', ':', '1', 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, byte(store.EntityOrg), opPut, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, part []byte) {
		var c coder
		var d store.Delta
		if err := readPart(&c, part, &d); err == nil && len(part) < partHead {
			t.Fatal("nothing was read as a part")
		}
	})
}

// Every field of every record must be kept: a field added to a noun and forgotten in its coder is found here.
func TestCodec_KeepsEveryField(t *testing.T) {
	records := reflect.ValueOf(&store.Records{Org: &store.Org{}}).Elem()
	var c, w coder
	for i := range records.NumField() {
		e := store.Entity(i + 1)
		typ := records.Field(i).Type().Elem()
		for j := range typ.NumField() {
			var r store.Records
			var row reflect.Value
			if f := reflect.ValueOf(&r).Elem().Field(i); e == store.EntityOrg {
				f.Set(reflect.New(typ))
				row = f.Elem()
			} else {
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
				row = f.Index(0)
			}
			storetest.Fill(row.Field(j))
			var back store.Records
			enc := kinds[e].encode(&w, &r, nil)[0]
			seal(e, []byte(enc.key), enc.value)
			if err := read(&c, e, []byte(enc.key), enc.value, &back); err != nil {
				t.Fatal(err)
			}
			if e == store.EntityChange && typ.Field(j).Name != "ID" {
				back.Changes[0].ID = "" // made by the store
			}
			if d := storetest.Diff(&back, &r); d != "" {
				t.Errorf("%s.%s: %s", typ.Name(), typ.Field(j).Name, d)
			}
		}
	}
}

// A status of version 1 is read; the other entities, which got nothing new, are still written as version 1, so that nothing of a store is rewritten.
func TestCodec_StatusOfVersionOne(t *testing.T) {
	want := store.SourceStatus{Source: "a", Kind: "rest", Stream: "deals", State: store.SyncFailed, Done: 3, Total: 9, Records: 7, Issues: 1,
		Started: storetest.Noon, Good: storetest.Noon, Error: "no answer"}
	old := func(c *coder, v *store.SourceStatus) {
		c.key = v.Key()
		enum(c, &v.State)
		integer(c, &v.Done)
		integer(c, &v.Total)
		integer(c, &v.Records)
		integer(c, &v.Issues)
		for _, m := range []*time.Time{&v.Started, &v.Finished, &v.Good, &v.Retry} {
			c.time(m)
		}
		for _, s := range []*string{(*string)(&v.Source), &v.Kind, (*string)(&v.Stream), &v.Error} {
			text(c, s)
		}
	}
	var c coder
	r := encode(&c, &want, old)
	var got store.Records
	if err := read(&c, store.EntityStatus, []byte(r.key), r.value, &got); err != nil || len(got.Statuses) != 1 || !reflect.DeepEqual(got.Statuses[0], want) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got.Statuses, want)
	}
	for e, rows := range samples(t, 4, 4) {
		if want := byte(1); len(rows) > 0 {
			switch store.Entity(e) {
			case store.EntityStatus: // these say what they carry
				want = 4
			case store.EntityEvidence: // these have a signer
				want = 3
			case store.EntityPerson: // these have a phone
				want = 4
			}
			if got := rows[0].value[0] &^ sealFlag; got != want {
				t.Errorf("%s is written as version %d, want %d", store.Entity(e), got, want)
			}
		}
	}
}

// A person without a phone is written as before people had one.
func TestCodec_PersonWithoutPhone(t *testing.T) {
	v := store.Person{ID: "a:p", Unit: "a:u", Name: "王强", Email: "wq@x.cn", Title: "经理", Inactive: true}
	for want, phone := range map[byte]string{1: "", 4: "13800138000"} {
		var c coder
		v.Phone = phone
		r := kinds[store.EntityPerson].encode(&c, &store.Records{People: []store.Person{v}}, nil)[0]
		if got := r.value[0] &^ sealFlag; got != want {
			t.Errorf("phone %q is written as version %d, want %d", phone, got, want)
		}
		seal(store.EntityPerson, []byte(r.key), r.value)
		var got store.Records
		if err := read(&c, store.EntityPerson, []byte(r.key), r.value, &got); err != nil || len(got.People) != 1 || got.People[0] != v {
			t.Errorf("%v\n got %+v\nwant %+v", err, got.People, v)
		}
	}
}

// Evidence that nobody signed is written as before there were signers.
func TestCodec_EvidenceWithoutSigner(t *testing.T) {
	v := store.Evidence{ID: "a:e", Deal: "a:1", Kind: "contract", By: "a:p", At: storetest.Noon, Seen: storetest.Noon}
	for want, signer := range map[byte]store.ID{1: "", 3: "a:boss"} {
		var c coder
		v.Signer = signer
		r := kinds[store.EntityEvidence].encode(&c, &store.Records{Evidence: []store.Evidence{v}}, nil)[0]
		if got := r.value[0] &^ sealFlag; got != want {
			t.Errorf("signer %q is written as version %d, want %d", signer, got, want)
		}
		seal(store.EntityEvidence, []byte(r.key), r.value)
		var got store.Records
		if err := read(&c, store.EntityEvidence, []byte(r.key), r.value, &got); err != nil || len(got.Evidence) != 1 || !reflect.DeepEqual(got.Evidence[0], v) {
			t.Errorf("%v\n got %+v\nwant %+v", err, got.Evidence, v)
		}
	}
}
