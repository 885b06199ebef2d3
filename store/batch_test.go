package store

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// every holds one record of each entity.
func every() *Records {
	at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("", 8*3600))
	return &Records{
		Org: &Org{}, Units: []Unit{{ID: "a:u"}}, People: []Person{{ID: "a:p"}}, Stages: []Stage{{ID: "lead"}}, Products: []Product{{ID: "a:r"}},
		Accounts: []Account{{ID: "a:a"}}, Contacts: []Contact{{ID: "a:c"}}, Deals: []Deal{{ID: "a:d"}},
		Changes: []Change{{Deal: "a:d", Field: FieldStage, At: at, To: "won"}}, Touches: []Touch{{ID: "a:t"}}, Grades: []GradeChange{{ID: "a:g"}},
		Health: []Health{{ID: "a:h"}}, Evidence: []Evidence{{ID: "a:e"}}, Sales: []Sale{{ID: "a:s"}}, Quotas: []Quota{{ID: "a:q"}},
		Statuses: []SourceStatus{{Source: "a", Stream: "deals"}}, Issues: []Issue{{Source: "a", Stream: "deals", Where: "7", Field: "amount"}},
		Readings: []Reading{{ID: "a:m"}}, Evaluations: []Evaluation{{ID: "a:v"}}, Signals: []Signal{{ID: "a:n"}}, Tenders: []Tender{{ID: "a:b"}},
	}
}

// The slices stand in the order of Entities; a slice that is added and forgotten in Refs, Len or Append is found here.
func TestRecords_EveryEntity(t *testing.T) {
	r := every()
	if n := reflect.TypeFor[Records]().NumField(); n != len(Entities()) {
		t.Fatalf("%d fields for %d entities", n, len(Entities()))
	}
	var got []Ref
	r.Refs(func(ref Ref) bool { got = append(got, ref); return true })
	want := []ID{"org", "a:u", "a:p", "lead", "a:r", "a:a", "a:c", "a:d", "a:d|stage|20260302T013000.000|won", "a:t", "a:g", "a:h", "a:e", "a:s", "a:q",
		"a:deals", "a:deals|7|amount", "a:m", "a:v", "a:n", "a:b"}
	for i, e := range Entities() {
		if i >= len(got) || got[i] != (Ref{e, want[i]}) {
			t.Fatalf("%s: got %v, want %v", e, got[i:], want[i])
		}
	}
	if r.Len() != len(want)-2 {
		t.Errorf("Len %d, want all but status and issue", r.Len())
	}
	for stop := 1; stop <= len(want); stop++ {
		n := 0
		r.Refs(func(Ref) bool { n++; return n < stop })
		if n != stop {
			t.Errorf("asked to stop after %d, got %d", stop, n)
		}
	}
	sum := every()
	sum.Append(r)
	v := reflect.ValueOf(*sum)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.Len() != 2 {
			t.Errorf("Append lost %s", v.Type().Field(i).Name)
		}
	}
	var empty Records
	empty.Append(r)
	if !reflect.DeepEqual(&empty, r) || (&Records{}).Len() != 0 {
		t.Error("appended to nothing it is not the same")
	}
}

func TestBatch_Check(t *testing.T) {
	b := &Batch{Source: "crm", Stream: "deals", Records: *every(), Deleted: []Ref{{EntityDeal, "a:1"}}}
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	if err := (&Batch{Source: "crm", Records: Records{Statuses: []SourceStatus{{Source: "crm"}}}}).Check(); err != nil {
		t.Errorf("a status of a whole source: %v", err)
	}
	long := ID("a:" + strings.Repeat("x", maxID))
	for name, bad := range map[string]*Batch{
		"empty":       {Records: Records{Deals: []Deal{{ID: "a:1"}, {}}}},
		"no native":   {Records: Records{Deals: []Deal{{ID: "a:"}}}},
		"no source":   {Records: Records{Deals: []Deal{{ID: ":1"}}}},
		"long":        {Records: Records{Deals: []Deal{{ID: long}}}},
		"tombstone":   {Deleted: []Ref{{EntityDeal, ""}}},
		"other error": {Deleted: []Ref{{EntityDeal, long}}},
	} {
		bad.Source, bad.Stream = "crm", "things"
		err := bad.Check()
		if err == nil || !strings.Contains(err.Error(), "apply crm/things: ") || !strings.Contains(err.Error(), "deal") || len(err.Error()) > 300 {
			t.Errorf("%s: %v, want an error that names source and entity", name, err)
		}
	}
}

func TestID(t *testing.T) {
	for _, tt := range []struct {
		src    SourceID
		native string
		want   ID
	}{{"tryton", "42", "tryton:42"}, {"a", "x:y", "a:x:y"}, {"a", " 7\n", "a:7"}, {"a", "\x1b[2J", "a:[2J"}} {
		id := MakeID(tt.src, tt.native)
		if id != tt.want || id.Source() != tt.src || string(tt.src)+":"+id.Native() != string(id) {
			t.Errorf("MakeID(%q, %q) = %q of %q and %q, want %q", tt.src, tt.native, id, id.Source(), id.Native(), tt.want)
		}
	}
	if n := len(MakeID("a", strings.Repeat("x", 9000))); n > MaxName+2 {
		t.Errorf("an ID of %d bytes", n)
	}
}

func TestChange_Key(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 123456789, time.UTC)
	c := Change{Deal: "a:1", Field: FieldStage, From: "lead", To: "won", At: at}
	same := c
	same.At, same.From, same.Seen = at.In(time.FixedZone("", 3600)), "other", at
	if c.Key() != same.Key() {
		t.Errorf("%q and %q: the zone, From and Seen are no part of the identity", c.Key(), same.Key())
	}
	keys := []ID{c.Key()}
	for _, differ := range []func(*Change){
		func(c *Change) { c.Deal = "a:2" }, func(c *Change) { c.Field = FieldOwner }, func(c *Change) { c.To = "lost" },
		func(c *Change) { c.At = c.At.Add(time.Millisecond) }, func(c *Change) { c.ID = "a:own" },
	} {
		d := c
		differ(&d)
		if slices.Contains(keys, d.Key()) {
			t.Errorf("%+v has the key of another: %q", d, d.Key())
		}
		keys = append(keys, d.Key())
	}
}

func TestLockedError(t *testing.T) {
	for want, e := range map[string]LockedError{
		"open x: held by another process":    {Path: "x"},
		"open x: held by process 7":          {Path: "x", PID: 7},
		"open x: held by process 7 of zhang": {Path: "x", PID: 7, User: "zhang"},
	} {
		var err error = &e
		var locked *LockedError
		if err.Error() != want || !errors.As(err, &locked) {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}
