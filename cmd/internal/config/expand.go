package config

import (
	"fmt"
	"os"
	"regexp"

	"github.com/goccy/go-yaml/ast"

	"flightdeck/analytics/rule/document"
)

// pointing are the keys whose values point somewhere: there, and nowhere else, ${NAME} is replaced from the environment.
var pointing = map[string]bool{"dir": true, "url": true, "path": true, "file": true, "spec": true, "listen": true, "host_key": true, "rules_file": true, "authorized_keys": true,
	"database": true, "address": true, "ca": true}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces ${NAME} in values that point somewhere.
func (t tree) expand(n ast.Node, at string) {
	m, ok := document.Entries(n)
	if !ok {
		if seq, ok := n.(*ast.SequenceNode); ok {
			for i, v := range seq.Values {
				t.expand(v, fmt.Sprintf("%s[%d]", at, i))
			}
		}
		return
	}
	for _, e := range m {
		field := document.Join(at, document.Key(e))
		s, ok := e.Value.(*ast.StringNode)
		if !ok {
			t.expand(e.Value, field)
			continue
		}
		if !pointing[document.Key(e)] {
			continue
		}
		text := variable.ReplaceAllStringFunc(s.Value, func(ref string) string {
			name := ref[2 : len(ref)-1]
			v, ok := os.LookupEnv(name)
			if !ok {
				t.Add(s.GetToken(), field, fmt.Sprintf("the environment variable %s is not set; export it or write the value", name))
			}
			return v
		})
		if text != s.Value {
			s.Value = text
			tk := *s.Token
			tk.Value = text
			s.Token = &tk
		}
	}
}
