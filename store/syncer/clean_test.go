package syncer_test

import (
	"errors"
	"strings"
	"testing"

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
