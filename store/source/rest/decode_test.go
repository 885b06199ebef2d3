package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"flightdeck/store"
	"flightdeck/store/source"
)

// stdDecode is encoding/json's way of decodeJSON: the measure of its answers and of its speed.
func stdDecode(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}

var decodeSeeds = []string{
	`{"data":[{"id":1,"a":null,"b":true,"c":[1,2.50,1e3,-0],"d":{"e":""}}],"more":false}`, `[]`, `{}`, `"x"`, ` 12345678901234567.89 `, `{"a":1,"a":2}`,
	`{"\u0061":"\ud83d\ude00 \ud83d \n\u001b"}`, "\"\xff\xfe\"", "{\"\xff\":1}", `[1,]`, `{"a"}`, `{"a":}`, `{"a":1`, `[`, ``, `nul`, `01`, `[1] x`, `{"a":1}{}`, "\ufeff{}",
}

// What is read is what encoding/json reads, and what it refuses is refused.
func TestDecode_AsEncodingJSON(t *testing.T) {
	for _, s := range append(decodeSeeds, strings.Repeat("[", 9000)+strings.Repeat("]", 9000), strings.Repeat("[", 20000)+strings.Repeat("]", 20000)) {
		sameDecode(t, []byte(s))
	}
}

func sameDecode(t *testing.T, b []byte) {
	t.Helper()
	want, werr := stdDecode(b)
	got, err := decodeJSON(b)
	if (err == nil) != (werr == nil) {
		t.Fatalf("%.100q: %v; encoding/json: %v", b, err, werr)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%.100q: got %#v, encoding/json %#v", b, got, want)
	}
	if cut := errors.Is(werr, io.ErrUnexpectedEOF); cut && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%.100q: %v: it is not seen that the text was cut", b, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range decodeSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { sameDecode(t, b) })
}

// Members that nobody looks at are left out of the rows, and of nothing else; a program that might look at them keeps all.
func TestDecode_OnlyWhatIsLookedAt(t *testing.T) {
	const body = `{"more":{"x":1},"out":{"data":[{"id":1,"skip":{"a":[1,"}"]},"o":{"id":2,"no":3},"list":[{"v":5,"no":6}],"whole":{"a":{"b":1}}}],"n":7}}`
	for fields, want := range map[string]string{
		"{id: .id, name: .o.id, account: '.list[0].v', owner: .whole}": `{"more":{"x":1},"out":{"data":[{"id":1,"list":[{"no":6,"v":5}],"o":{"id":2},"whole":{"a":{"b":1}}}],"n":7}}`,
		"{id: .id, name: '.o | .id'}":                                  body,
		"{id: .id, name: .o, account: .o.id}":                          `{"more":{"x":1},"out":{"data":[{"id":1,"o":{"id":2,"no":3}}],"n":7}}`,
		"{id: .o.id, name: .o, stage: '\"x\"'}":                        `{"more":{"x":1},"out":{"data":[{"o":{"id":2,"no":3}}],"n":7}}`,
	} {
		s, err := New(Config{ID: "x", URL: "https://x", Spec: specFile(t, `
name: x
verified: nothing
streams: [{name: deals, path: d, rows: .out.data, records: [{entity: deal, fields: `+fields+`}]}]`)})
		if err != nil {
			t.Fatal(err)
		}
		supply := &mapSupply{}
		for range 3 { // with new objects, and with used ones
			got, err := decodeRows([]byte(body), s.streams[0].parts[0].only, supply)
			if err != nil {
				t.Fatal(err)
			}
			w, _ := stdDecode([]byte(want))
			if !reflect.DeepEqual(got, w) {
				t.Errorf("%s: got %v, want %v", fields, got, w)
			}
			supply.giveBack()
		}
	}
	for _, part := range []string{"total: '.out.data | length'", "pager: {kind: token, next: '.out | .. | .id? // empty'}", "total: 'tostring'"} {
		s, err := New(Config{ID: "x", URL: "https://x", Spec: specFile(t, `
name: x
verified: nothing
streams:
  - {name: deals, path: d, rows: .out.data, `+part+`, records: [{entity: deal, fields: {id: .id}}]}`)})
		if err != nil {
			t.Fatal(err)
		}
		if s.streams[0].parts[0].only != nil {
			t.Errorf("%s might look into the rows, of which something would be left out", part)
		}
	}
}

// A field of five megabytes is kept as much of as a name may have, and the next page finds no trace of it: nothing decoded points into a buffer that is used again.
func TestFetch_HugeFieldAndNextPage(t *testing.T) {
	huge := strings.Repeat("长", 5<<20/3)
	pages := 0
	s := tiny(t, tinySpec, func(w http.ResponseWriter, _ *http.Request) {
		if pages++; pages == 1 {
			_, _ = io.WriteString(w, `{"data":[{"id":1,"name":"`+huge+`"},{"id":"keep","name":"甲"}],"next":"n"}`)
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"id":"XXXX","name":"乙乙乙乙乙乙乙乙乙乙乙乙乙乙"}]}`)
	})
	first, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err != nil || len(first.Deals) != 2 || len(first.Deals[0].Name) > 4*store.MaxName || first.Deals[0].Name == "" {
		t.Fatalf("%v, %d deals", err, len(first.Deals))
	}
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: first.Next}); err != nil {
		t.Fatal(err)
	}
	if d := first.Deals[1]; d.ID != "crm:keep" || d.Name != "甲" {
		t.Errorf("the first page has changed: %+v", d)
	}
}
