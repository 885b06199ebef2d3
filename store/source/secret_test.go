package source_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/zalando/go-keyring"

	"flightdeck/store/source"
)

func secret(t *testing.T, ref string) source.Secret {
	t.Helper()
	var s source.Secret
	if err := s.UnmarshalText([]byte(ref)); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSecret_RefusesTheCredentialItself(t *testing.T) {
	for _, bad := range []string{"hunter2", "env:", "file:", "https://user:hunter2@x", "Bearer hunter2", "keyring:hunter2", ":hunter2"} {
		var s source.Secret
		err := s.UnmarshalText([]byte(bad))
		if err == nil {
			t.Errorf("%q was accepted", bad)
		} else if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "env:NAME") {
			t.Errorf("%q: the error repeats it, or does not say what is accepted: %v", bad, err)
		}
		var c struct{ Token source.Secret }
		if err := yaml.Unmarshal(fmt.Appendf(nil, "token: %q", bad), &c); err == nil {
			t.Errorf("%q was accepted in YAML", bad)
		}
	}
}

func TestSecret_FromYAML(t *testing.T) {
	var c struct{ Token source.Secret }
	if err := yaml.Unmarshal([]byte("token: env:CRM_TOKEN"), &c); err != nil || c.Token.String() != "env:CRM_TOKEN" {
		t.Errorf("got %v, %v", c.Token, err)
	}
	if err := yaml.Unmarshal([]byte(`token: ""`), &c); err != nil || !c.Token.IsZero() {
		t.Errorf("empty: got %v, %v", c.Token, err)
	}
}

func TestSecret_Resolve(t *testing.T) {
	const canary = "canary-1c9e"
	t.Setenv("FLIGHTDECK_TEST_TOKEN", canary)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(canary+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"env:FLIGHTDECK_TEST_TOKEN", "file:" + file} {
		s := secret(t, ref)
		if v, err := s.Resolve(); err != nil || v != canary {
			t.Errorf("%s: got %q, %v", ref, v, err)
		}
		out, err := json.Marshal(map[string]any{"s": s})
		if err != nil {
			t.Fatal(err)
		}
		if all := fmt.Sprintf("%v %+v %#v %s %s", s, s, s, s, out); strings.Contains(all, canary) || !strings.Contains(all, ref) {
			t.Errorf("printed as %s", all)
		}
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		"file:" + file:                 "chmod 600",
		"file:" + file + "x":           "no such file",
		"env:FLIGHTDECK_TEST_NOT_SET_": "not set",
	} {
		v, err := secret(t, ref).Resolve()
		if err == nil || v != "" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %q, %v; want %q", ref, v, err, want)
		}
	}
	if v, err := (source.Secret{}).Resolve(); v != "" || err != nil {
		t.Errorf("no reference: got %q, %v", v, err)
	}
}

func TestRetryAfter_Error(t *testing.T) {
	cause := errors.New("429")
	for wait, want := range map[time.Duration]string{0: "told to wait: 429", 7 * time.Second: "told to wait 7s: 429"} {
		if e := (&source.RetryAfter{Wait: wait, Err: cause}); e.Error() != want || !errors.Is(e, cause) {
			t.Errorf("got %q, want %q", e.Error(), want)
		}
	}
}

func TestSecret_Keyring(t *testing.T) {
	keyring.MockInit()
	var s source.Secret
	if err := s.UnmarshalText([]byte("keyring:flightdeck/crm")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(); err == nil || !strings.Contains(err.Error(), "no such entry") {
		t.Errorf("got %v", err)
	}
	if err := s.Replace("the second"); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Resolve(); err != nil || v != "the second" {
		t.Errorf("%q, %v", v, err)
	}
	for _, bad := range []string{"keyring:flightdeck", "keyring:/crm", "keyring:flightdeck/"} {
		if err := s.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	t.Setenv("FLIGHTDECK_TEST_SECRET", "x")
	if err := s.UnmarshalText([]byte("env:FLIGHTDECK_TEST_SECRET")); err != nil {
		t.Fatal(err)
	}
	if err := s.Replace("y"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an environment variable was replaced: %v", err)
	}
}

// A credential of one letter masked every message until nothing could be read; a short one inside of a word cannot be told from text.
func TestMask(t *testing.T) {
	for _, c := range []struct{ credential, text, want string }{
		{"a", "a page of data was refused", "a page of data was refused"},
		{"", "refused", "refused"},
		{"cat", "login cat failed: password=cat, \"cat\" in the catalogue", "login [credential] failed: password=[credential], \"[credential]\" in the catalogue"},
		{"cat", "concat cat", "concat [credential]"},
		{"猫咪", "用户猫咪 refused 猫咪", "用户[credential] refused [credential]"},
		{"secret", "xsecretx", "x[credential]x"},
		{"a b/c d", "?key=a+b%2Fc+d&k=a%20b%2Fc%20d", "?key=[credential]&k=[credential]"},
		{"hunter22", "Basic aHVudGVyMjI=", "Basic [credential]"},
	} {
		if got := source.Mask(c.text, c.credential); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.credential, c.text, got, c.want)
		}
	}
}

func TestWeak(t *testing.T) {
	for name, v := range map[string]string{"FLIGHTDECK_TEST_WEAK": "x", "FLIGHTDECK_TEST_FIVE": "cat55", "FLIGHTDECK_TEST_STRONG": "long enough"} {
		t.Setenv(name, v)
		if _, err := secret(t, "env:"+name).Resolve(); err != nil {
			t.Fatal(err)
		}
	}
	weak := strings.Join(source.Weak(), " ")
	if !strings.Contains(weak, "env:FLIGHTDECK_TEST_WEAK") || !strings.Contains(weak, "env:FLIGHTDECK_TEST_FIVE") || strings.Contains(weak, "STRONG") {
		t.Error(weak)
	}
	if got := source.Redact("a fox was told x by cat55"); got != "a fox was told x by [credential]" {
		t.Error(got)
	}
}
