package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"

	"github.com/itchyny/gojq"
)

// functions are those that a spec's programs may call. They are read once, and a program is compiled with those only that it calls: with all of them a connector of
// eight streams took a quarter of a second to be made, and a start makes it several times.
type functions struct {
	defs  []*gojq.FuncDef
	calls [][]string // the words of each, in which it may call others
}

// hashes are what jq lacks for signing requests: hmac_sha256(key) of a text, in hexadecimal digits, and xor_base64(mask), which lays a text over what base64 stands for and gives it in base64
// again. They change nothing and see nothing but what they are given.
var hashes = []gojq.CompilerOption{
	gojq.WithFunction("hmac_sha256", 1, 1, func(v any, args []any) any {
		text, ok := v.(string)
		key, named := args[0].(string)
		if !ok || !named {
			return errors.New("hmac_sha256: want a text, and a text for a key")
		}
		h := hmac.New(sha256.New, []byte(key))
		h.Write([]byte(text))
		return hex.EncodeToString(h.Sum(nil))
	}),
	gojq.WithFunction("xor_base64", 1, 1, func(v any, args []any) any {
		text, _ := v.(string)
		mask, _ := args[0].(string)
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(mask) < len(b) {
			return errors.New("xor_base64: want base64, and a mask that is no shorter than what it stands for")
		}
		subtle.XORBytes(b, b, []byte(mask))
		return base64.StdEncoding.EncodeToString(b)
	}),
}

var word = regexp.MustCompile(`[A-Za-z_]\w*`)

// readFunctions reads the definitions at the top of a spec; nil without any.
func readFunctions(text string) (*functions, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	q, err := gojq.Parse(text + "\nempty | .")
	if err != nil {
		return nil, err
	}
	if _, err := gojq.Compile(q, hashes...); err != nil {
		return nil, err
	}
	fs := &functions{defs: q.FuncDefs}
	for _, d := range q.FuncDefs {
		fs.calls = append(fs.calls, word.FindAllString(d.Body.String(), -1))
	}
	return fs, nil
}

// needed are the functions that a program calls, and those that these call, in the order of their definition.
func (fs *functions) needed(src string) []*gojq.FuncDef {
	if fs == nil {
		return nil
	}
	want := map[string]bool{}
	for _, w := range word.FindAllString(src, -1) {
		want[w] = true
	}
	for i := len(fs.defs) - 1; i >= 0; i-- { // a function calls only those before it, and itself
		if want[fs.defs[i].Name] {
			for _, w := range fs.calls[i] {
				want[w] = true
			}
		}
	}
	var all []*gojq.FuncDef
	for _, d := range fs.defs {
		if want[d.Name] {
			all = append(all, d)
		}
	}
	return all
}
