package keymap_test

import (
	"strings"
	"testing"

	"flightdeck/tui/keymap"
	"flightdeck/tui/locale"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		remap map[string][]string
		want  string // "": good
	}{
		{nil, ""},
		{map[string][]string{"palette": {"ctrl+p", "P"}}, ""},
		{map[string][]string{"quit": {"?"}, "help": {"q"}}, ""}, // they swap
		{map[string][]string{"open": {"enter", "f2"}}, ""},
		{map[string][]string{"open": {"alt+enter"}}, ""},
		{map[string][]string{"help": {"求"}}, ""},
		{map[string][]string{"quit": {"?"}}, "already the key of help"},
		{map[string][]string{"quit": {"Q"}, "help": {"Q"}}, "already the key of help"},
		{map[string][]string{"quit": {"Q", "Q"}}, "already the key of quit"},
		{map[string][]string{"palete": {"p"}}, "want one of open, back"},
		{map[string][]string{"period": {"p"}}, "want one of open, back"},
		{map[string][]string{"quit": {}}, "at least one key"},
		{map[string][]string{"quit": {"ctrl+c"}}, "always quits"},
		{map[string][]string{"quit": {"j"}}, "belongs to the screens"},
		{map[string][]string{"quit": {"5"}}, "already the key of period"},
		{map[string][]string{"quit": {"Ctrl+P"}}, "is no key"},
		{map[string][]string{"quit": {"ctrl+P"}}, "small letter"},
		{map[string][]string{"quit": {"shift+p"}}, "such as P"},
		{map[string][]string{"quit": {""}}, "is no key"},
		{map[string][]string{"quit": {"qq"}}, "is no key"},
		{map[string][]string{"quit": {"\x1b"}}, "is no key"},
		{map[string][]string{"quit": {"\xff"}}, "is no key"},
	} {
		var got []string
		for _, w := range keymap.Check(c.remap) {
			got = append(got, w.Name+": "+w.Text)
		}
		all := strings.Join(got, "\n")
		if (c.want == "") != (all == "") || !strings.Contains(all, c.want) {
			t.Errorf("%v: %q, want %q", c.remap, all, c.want)
		}
		if _, err := keymap.New(locale.New(locale.English), c.remap); (err != nil) != (c.want != "") {
			t.Errorf("%v: New: %v", c.remap, err)
		}
	}
}
