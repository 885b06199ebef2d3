package syncer_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"flightdeck/store/source"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

func TestExplain_ShowsNoSecret(t *testing.T) {
	for in, want := range map[string]string{
		`Get "https://joe:hunter2@crm.example/x": EOF`:                                  `Get "https://***@crm.example/x": EOF`,
		`GET /x?hapikey=abc-123&limit=5: 500`:                                           `GET /x?hapikey=***&limit=5: 500`,
		`{"access_token":"eyJ0.eyJ1","expires":5}`:                                      `{"access_token":"***","expires":5}`,
		`sent Authorization: Bearer abc.DEF-9 and got 400`:                              `sent Authorization: Bearer *** and got 400`,
		`password=hunter2; host=x`:                                                      `password=***; host=x`,
		`Password: Hunter2`:                                                             `Password: ***`,
		"the server repeats a page token: that would never end; correct the pager":      "the server repeats a page token: that would never end; correct the pager",
		"token: missing: demo signs its requests; give env:NAME or file:/path":          "token: missing: demo signs its requests; give env:NAME or file:/path",
		"give the credential as token: env:NAME or file:/path":                          "give the credential as token: env:NAME or file:/path",
		"cut off or protected by a password: zip: not a valid zip file":                 "cut off or protected by a password: zip: not a valid zip file",
		"password: want env:NAME":                                                       "password: want env:NAME",
		"first line\nsecond \x1b[31mline":                                               "first line second [31mline",
		"credential env:TRYTON_PW: the environment variable is not set":                 "credential env:TRYTON_PW: the environment variable is not set",
		"https://crm.example/a@b: 404 (no user info before the slash, nothing removed)": "https://crm.example/a@b: 404 (no user info before the slash, nothing removed)",
	} {
		if got := syncer.Explain(errors.New(in)); got != want {
			t.Errorf("%q:\n got %q\nwant %q", in, got, want)
		}
	}
	if got := syncer.Explain(errors.New(strings.Repeat("漫", 5000))); len(got) > 410 {
		t.Errorf("%d bytes", len(got))
	}
}

// What a person did, and what a clock did, is told in words and not as an error of the runtime.
func TestExplain_InterruptedAndTooSlow(t *testing.T) {
	if got := syncer.Explain(fmt.Errorf("stages: %w", context.Canceled)); strings.Contains(got, "context") || !strings.Contains(got, "interrupted") {
		t.Errorf("interrupted: %q", got)
	}
	if got := syncer.Explain(fmt.Errorf("check: %w", context.DeadlineExceeded)); strings.Contains(got, "context") || !strings.Contains(got, "did not answer in time") {
		t.Errorf("too slow: %q", got)
	}
}

// A connector that falls over with its credential in hand: the text of the panic goes into the status and the log, the credential into neither.
func TestExplain_PanicWithACredential(t *testing.T) {
	const canary = "s3cret canary+of/a panic"
	t.Setenv("FLIGHTDECK_TEST_CANARY", canary)
	var ref source.Secret
	if err := ref.UnmarshalText([]byte("env:FLIGHTDECK_TEST_CANARY")); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	m := storetest.NewMemory()
	s := deals(func(context.Context, source.Request, int) (source.Page, error) {
		secret, err := ref.Resolve()
		if err != nil {
			return source.Page{}, err
		}
		panic(fmt.Errorf("cannot sign %q, sent as %s and %s", secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))))
	})
	e := syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: s}}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	res := e.Once(t.Context())
	_, st := stored(t, m, "crm", "deals")
	for what, text := range map[string]string{"error": fmt.Sprintf("%v|%+v", res[0].Err, res[0].Streams[0].Err), "status": fmt.Sprintf("%+v", st), "log": log.String()} {
		for _, form := range []string{canary, url.QueryEscape(canary), base64.StdEncoding.EncodeToString([]byte(canary))} {
			if strings.Contains(text, form) {
				t.Errorf("the %s has the credential: %s", what, text)
			}
		}
		if !strings.Contains(text, "cannot sign") {
			t.Errorf("the %s does not say what happened: %s", what, text)
		}
	}
}
