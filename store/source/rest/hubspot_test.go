package rest

import "testing"

func TestSpecs_BuiltinCompile(t *testing.T) {
	for _, name := range Specs() {
		s, err := New(Config{ID: "x", Spec: name, URL: "http://127.0.0.1:1", Currency: "CNY", Credential: func() (string, error) { return "secret", nil }})
		if err != nil {
			t.Error(err)
			continue
		}
		t.Log(name, s.Kind(), s.Verified(), s.Streams())
	}
}
