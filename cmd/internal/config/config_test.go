package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/source"
)

// folder is a kind of source as a source package would declare it.
type folder struct {
	ID       store.SourceID      `yaml:"id"`
	Dir      string              `yaml:"dir"`
	TimeZone string              `yaml:"time_zone"`
	Token    source.Secret       `yaml:"token"`
	Settle   time.Duration       `yaml:"settle"`
	Currency store.Currency      `yaml:"currency"`
	Stages   map[string]store.ID `yaml:"stages"`
	Format   `yaml:",inline"`
	Files    []struct {
		Name   string            `yaml:"file"`
		Fields map[string]column `yaml:"fields"`
	} `yaml:"files"`
}

type Format struct {
	Dates     []string `yaml:"dates"`
	Thousands *string  `yaml:"thousands"`
}

type column struct {
	Column string `yaml:"column"`
	Const  string `yaml:"const"`
}

func (c *column) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&c.Column) == nil {
		return nil
	}
	type plain column
	return unmarshal((*plain)(c))
}

func fill(cfg any, id store.SourceID, org config.Organisation, dir string) {
	f := cfg.(*folder)
	f.ID = id
	if f.TimeZone == "" {
		f.TimeZone = org.TimeZone
	}
	if f.Currency == "" {
		f.Currency = org.Currency
	}
	if !filepath.IsAbs(f.Dir) {
		f.Dir = filepath.Join(dir, f.Dir)
	}
}

var kinds = []config.Kind{{Name: "table", New: func() any { return &folder{} }, Fill: fill, Check: func(cfg any) error {
	var wrong []string
	f := cfg.(*folder)
	if len(f.Files) == 0 {
		wrong = append(wrong, "files: want at least one file")
	}
	if f.Currency != "" && !f.Currency.Valid() {
		wrong = append(wrong, fmt.Sprintf("currency %q: want three capital letters", f.Currency))
	}
	for i, file := range f.Files {
		if file.Name == "" {
			wrong = append(wrong, fmt.Sprintf("files[%d].file %q: want a name", i, file.Name))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("configure table source %s: %s", f.ID, strings.Join(wrong, "\n  "))
	}
	return nil
}, Stages: func(cfg any) config.StageUse { return config.StageUse{To: cfg.(*folder).Stages} }}, {
	Name: "api", New: func() any { return &struct{}{} }, Stages: func(any) config.StageUse { return config.StageUse{Brings: []store.ID{"quoted"}} },
}, {Name: "live", New: func() any { return &struct{}{} }, Stages: func(any) config.StageUse { return config.StageUse{Open: true} }}}

const good = `# comment
version: 1
organisation:
  name: 曙光医疗
  time_zone: Asia/Shanghai
  currency: CNY
  fiscal_year_start: 4
  rates: {USD: 7.10, EUR: "7.8", JPY: 0.05}
  stages:
    - {id: lead, name: 线索, name_en: Lead, probability: 10}
    - {id: won, name: 赢单, name_en: Won, kind: won, probability: 100}
store: {dir: data}
language: zh
theme: dark
rules: {stale_days: 21}
quotas:
  - {node: 华东, period: 2026Q3, amount: 12000000.50}
sources:
  - id: maven
    kind: table
    every: 10m
    dir: ${FD_DIR}/maven
    token: env:FD_TOKEN
    settle: 3s
    dates: [M/D/YYYY]
    thousands: ","
    files:
      - file: a.csv
        fields: {id: number, name: {const: x}}
  - id: other
    kind: table
    dir: there
    files: [{file: 1.csv}]
serve:
  listen: ":2222"
  people:
    - {name: 李雷, sees: all, keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtbXk2rCkyhzgqHzQ4k0Nq6Yl4dEuWb1iXUqXyHyjV+ lilei"]}
`

func TestParse_Good(t *testing.T) {
	t.Setenv("FD_DIR", "/srv")
	c, err := config.Parse("/etc/fd/flightdeck.yaml", []byte(good), kinds)
	if err != nil {
		t.Fatal(err)
	}
	org := c.Org()
	if org.Name != "曙光医疗" || org.Currency != "CNY" || org.FiscalStart != time.April || org.Rates["USD"] != "7.10" || org.Rates["JPY"] != "0.05" {
		t.Errorf("org %+v", org)
	}
	st := c.Stages()
	if len(st) != 2 || st[1].Kind != store.StageWon || st[0].Order >= st[1].Order || st[0].Probability != 10 {
		t.Errorf("stages %+v", st)
	}
	if c.Store.Dir != "/etc/fd/data" || c.Rules.StaleDays != 21 || c.Quotas[0].Amount != "12000000.50" {
		t.Errorf("%+v", c)
	}
	if len(c.Sources) != 2 {
		t.Fatalf("sources %+v", c.Sources)
	}
	f := c.Sources[0].Config.(*folder)
	if f.ID != "maven" || f.Dir != "/srv/maven" || f.TimeZone != "Asia/Shanghai" || f.Token.String() != "env:FD_TOKEN" || f.Settle != 3*time.Second ||
		c.Sources[0].Every != 10*time.Minute || f.Dates[0] != "M/D/YYYY" || *f.Thousands != "," || f.Files[0].Fields["id"].Column != "number" ||
		f.Files[0].Fields["name"].Const != "x" {
		t.Errorf("%+v", f)
	}
	if g := c.Sources[1].Config.(*folder); g.Dir != "/etc/fd/there" || g.Files[0].Name != "1.csv" {
		t.Errorf("%+v", g)
	}
}

func TestParse_Empty(t *testing.T) {
	for _, text := range []string{"", "# nothing yet\n", "---\n", "~", "sources:\n", "sources: []\norganisation:\n"} {
		if c, err := config.Parse("f.yaml", []byte(text), kinds); err != nil || len(c.Sources) != 0 {
			t.Errorf("%q: %v %+v", text, err, c)
		}
	}
}

func TestParse_Mistakes(t *testing.T) {
	src := "sources:\n  - id: a\n    kind: table\n    files: [{file: a.csv}]\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"unknown key", "store: {}\norganization: {}\n", []string{"f.yaml:2:1: organization: unknown key; want one of version, organisation, store"}},
		{"unknown nested key", "organisation:\n  name: x\n  timezone: y\n", []string{"f.yaml:3:3: organisation.timezone: unknown key; want one of name, time_zone, currency"}},
		{"several at once", "theme: pink\nlanguage: fr\nstore: {folder: x}\nserve: 5\n", []string{"f.yaml:3:9: store.folder: unknown key; want one of dir", "f.yaml:4:8: serve: want keys listen, host_key, people; found the number 5"}},
		{"values", "theme: pink\nlanguage: fr\norganisation: {time_zone: Mars, currency: yuan, fiscal_year_start: 13, rates: {usd: 7}}\n", []string{
			`f.yaml:1:8: theme: "pink": want one of auto, dark, light, plain`, `f.yaml:2:11: language: "fr": want one of zh, en`, "organisation.time_zone", "organisation.currency",
			"organisation.fiscal_year_start", "organisation.rates.usd"}},
		{"wrong type", "rules: {stale_days: many}\n", []string{`f.yaml:1:21: rules.stale_days: want a whole number; found the text "many"`}},
		{"wrong type of list", "sources: {id: a}\n", []string{"sources: want a list"}},
		{"text", "organisation: {name: [a]}\n", []string{"organisation.name: want text; found a list"}},
		{"bool for text", "organisation: {name: yes, currency: true}\n", []string{"organisation.currency: want text; put true in quotes"}},
		{"number", "organisation: {rates: {USD: seven}}\n", []string{"f.yaml:1:29: organisation.rates.USD: want a decimal number"}},
		{"huge", "rules: {stale_days: 99999999999999999999}\n", []string{"rules.stale_days: want a whole number"}},
		{"kind", "sources:\n  - id: a\n    kind: tabel\n", []string{`f.yaml:3:11: sources[0].kind: "tabel": want one of table`}},
		{"no kind", "sources:\n  - id: a\n", []string{`sources[0].kind: "": want one of table`}},
		{"key of a kind", src + "    directory: x\n", []string{"f.yaml:5:5: sources[0].directory: unknown key; want one of id, kind, every, dir, time_zone, token, settle, currency, stages, dates, thousands, files"}},
		{"deep key of a kind", "sources:\n  - id: a\n    kind: table\n    files:\n      - file: a.csv\n        fields: {id: {colum: x}}\n", []string{"f.yaml:6:23: sources[0].files[0].fields.id:", "colum"}},
		{"kind's own check", "sources:\n  - id: a\n    kind: table\n", []string{"f.yaml:2:", "sources[0].files: want at least one file"}},
		{"kind's own check has the field's line", "sources:\n  - id: a\n    kind: table\n    currency: rmb\n    files:\n      - file: a.csv\n      - fields: {}\n        file: ''\n", []string{
			`f.yaml:4:15: sources[0].currency: "rmb": want three capital letters`, `f.yaml:8:15: sources[0].files[1].file: "": want a name`}},
		{"the organisation's mistake is told where it was made", "organisation: {currency: RMBB}\n" + src, []string{`f.yaml:1:26: organisation.currency: "RMBB": want a three-letter`}},
		{"types and values at once", "theme: pink\nstore: {dir: [a]}\nkeys: {help: x}\nserve: {listen: nonsense}\n", []string{"f.yaml:1:8: theme", "f.yaml:2:14: store.dir", "keys.help", "serve.listen"}},
		{"stage of a source", "organisation: {stages: [{id: lead}, {id: won}]}\n" + src + "    stages:\n      new: lead\n      sold: wonn\n", []string{
			`f.yaml:8:7: sources[0].stages.sold: stage "wonn" is unknown; want one of lead, won, or list it under organisation.stages`}},
		{"stage of a source, and there is none", src + "    stages: {new: lead}\n", []string{`sources[0].stages.new: stage "lead" is unknown; list it under organisation.stages`}},
		{"key of a person", "serve:\n  people:\n    - {name: x, sees: all, keys: [\"ssh-ed25519 AAAA\"]}\n", []string{`f.yaml:3:35: serve.people[0].keys[0]: "ssh-ed25519 AAAA": want a line as in authorized_keys`}},
		{"duration", src + "    every: often\n", []string{`f.yaml:5:12: sources[0].every: want a duration such as 30s, 5m or 1h; found the text "often"`}},
		{"duration without unit", src + "    every: 5\n", []string{"sources[0].every: want a duration"}},
		{"too often", src + "    every: 1ms\n", []string{"sources[0].every: 1ms: want one second or more"}},
		{"secret written out", src + "    token: hunter2\n", []string{"f.yaml:5:12: sources[0].token: a credential is given as env:NAME, file:/path or keyring:SERVICE/USER"}},
		{"id twice", src + "  - id: a\n    kind: table\n    files: [{file: a.csv}]\n", []string{`sources[1].id: "a" is used twice, first in line 2`}},
		{"id", "sources:\n  - id: a:b\n    kind: table\n    files: [{file: a.csv}]\n", []string{`sources[0].id: "a:b": want a short name`}},
		{"variable", src + "    dir: ${FD_NOT_SET}/x\n", []string{"f.yaml:5:10: sources[0].dir: the environment variable FD_NOT_SET is not set"}},
		{"alias", "organisation: {name: &x a, currency: *x}\n", []string{`organisation.currency: "a"`}},
		{"alias of nothing", "organisation: {name: *x}\n", []string{"f.yaml:1:22: alias *x: nothing before it is marked &x"}},
		{"alias of itself", "organisation: &x {name: *x}\n", []string{"alias *x"}},
		{"tag", "organisation: {name: !!binary aGk=}\n", []string{"organisation.name: tags such as"}},
		{"laughs", laughs(), []string{"larger than any can be"}},
		{"merge", "rules: &x {dirr: y}\nstore:\n  <<: *x\n", []string{"f.yaml:1:12: store.dirr: unknown key"}},
		{"key twice", "store: {dir: a}\nstore: {dir: b}\n", []string{"f.yaml:2:1:", "already defined"}},
		{"not YAML", "a: [1\nb: }", []string{"f.yaml:"}},
		{"no keys", "- a\n", []string{"want keys such as organisation"}},
		{"a first screen that is none", "start: mourning\n", []string{`f.yaml:1:8: start: parse place "mourning": want one of funnel`}},
		{"two documents", "theme: dark\n---\ntheme: light\n", []string{"second document"}},
		{"version", "version: 9\n", []string{"version: 9 is not known"}},
		{"quota", "organisation: {currency: CNY}\nquotas:\n  - {node: x, period: soon, amount: 1}\n  - {period: 2026}\n", []string{"f.yaml:3:23: quotas[0].period", "quotas[1].node", "quotas[1].amount"}},
		{"stage", "organisation:\n  stages:\n    - {id: a}\n    - {id: a, kind: maybe, probability: 120}\n", []string{"stages[1].id", "stages[1].kind", "stages[1].probability"}},
		{"tab", "organisation:\n\tname: x\n", []string{"f.yaml:2:1: a tab in the indentation"}},
		{"tab deep inside", "organisation:\n  stages:\n  \t- {id: a}\n", []string{"f.yaml:3:3: a tab in the indentation"}},
		{"newer version with newer keys", "version: 9\nfuture: 1\n", []string{"f.yaml:1:10: version: 9 is not known", "f.yaml:2:1: future"}},
		{"rates", "organisation: {currency: CNY, rates: {USD: -7, EUR: 0}}\n", []string{"organisation.rates.USD: -7: want more than 0", "organisation.rates.EUR: 0: want more than 0"}},
		{"rules", "rules: {stale_days: -3, commit_at: 500, grade_a: 99}\n", []string{"f.yaml:1:21: rules.stale_days: -3: want 0 or more", "rules.commit_at: 500: want per cent, 0 to 100",
			"rules.grade_a: 99: want no more than grade_b (95)"}},
		{"listen", "serve: {listen: nonsense}\n", []string{`f.yaml:1:17: serve.listen: "nonsense": want HOST:PORT`}},
		{"listen on no port", "serve: {listen: \"127.0.0.1:99999\"}\n", []string{"serve.listen"}},
		{"person", "serve: {people: [{name: x}]}\n", []string{"serve.people[0].sees", "serve.people[0].keys"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("f.yaml", []byte(c.text), kinds)
			var e *config.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a *config.Error", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got:\n%v\nwant in it: %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a credential in the error: %v", err)
			}
		})
	}
}

func TestParse_StagesOfOtherSources(t *testing.T) {
	src := "sources:\n  - {id: a, kind: table, files: [{file: a.csv}], stages: {offered: quoted}}\n"
	for _, kind := range []string{"api", "live"} {
		if _, err := config.Parse("f.yaml", []byte(src+"  - {id: b, kind: "+kind+"}\n"), kinds); err != nil {
			t.Errorf("a source of kind %s brings it: %v", kind, err)
		}
	}
}

func laughs() string {
	b := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 12 {
		n := fmt.Sprintf("*a%d", i)
		b += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(n+", ", 10), ", "))
	}
	return b
}

func TestParse_AliasesAndMergeKeys(t *testing.T) {
	c, err := config.Parse("f.yaml", []byte("sources:\n  - &one\n    id: a\n    kind: table\n    dates: &d [M/D/YYYY]\n    files: [{file: a.csv}]\n"+
		"  - <<: *one\n    id: b\n    dates: *d\n"), kinds)
	if err != nil {
		t.Fatal(err)
	}
	if f := c.Sources[1].Config.(*folder); c.Sources[1].ID != "b" || f.Dates[0] != "M/D/YYYY" || f.Files[0].Name != "a.csv" {
		t.Errorf("%+v", f)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if p, err := config.Find("x.yaml"); p != "x.yaml" || err != nil {
		t.Errorf("given: %q %v", p, err)
	}
	if err := os.WriteFile("flightdeck.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := config.Find(""); p != "flightdeck.yaml" || err != nil {
		t.Errorf("here: %q %v", p, err)
	}
	if _, err := config.Load("nosuch.yaml", kinds); err == nil || !strings.Contains(err.Error(), "flightdeck init") {
		t.Errorf("absent: %v", err)
	}
}

// The advice is for what is wrong: a folder or a file that may not be read is not mended by writing another over it.
func TestLoad_Directory(t *testing.T) {
	if _, err := config.Load(t.TempDir(), kinds); err == nil || strings.Contains(err.Error(), "flightdeck init") || !strings.Contains(err.Error(), "--config") {
		t.Errorf("a folder: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{good, "sources:\n  - a", "a: &x [*x]", "? [a]\n: b", "sources:\n- id: a\n  kind: table\n  files: !!binary x\n", "{{", "\x00", "a: !t {b: 1}", "<<: {a: b}", "serve: {people: [~, 1]}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := config.Parse("f.yaml", b, kinds)
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v, error %v", c, err)
		}
	})
}

func TestParse_Keys(t *testing.T) {
	good, err := config.Parse("f.yaml", []byte("keys:\n  palette: [':', ctrl+p]\n  quit: ['?']\n  help: [q]\n"), nil)
	if err != nil || len(good.Keys["palette"]) != 2 || good.Keys["quit"][0] != "?" {
		t.Fatalf("%v, %v", good, err)
	}
	for text, want := range map[string]string{
		"keys:\n  palete: [U]\n":               "f.yaml:2:3: keys.palete: unknown key; want one of open, back",
		"keys:\n  palette: [U]\n  quit: [U]\n": "f.yaml:3:10: keys.quit[0]: \"U\" is already the key of palette",
		"keys:\n  quit: [Q, j]\n":              "f.yaml:2:13: keys.quit[1]: \"j\" belongs to the screens",
		"keys:\n  quit: []\n":                  "f.yaml:2:3: keys.quit: want at least one key",
		"keys:\n  quit: [Ctrl+P]\n":            "f.yaml:2:10: keys.quit[0]: \"Ctrl+P\" is no key; want a character",
		"keys:\n  quit: Q\n":                   "f.yaml:2:9: keys.quit: want a list; found the text \"Q\"",
		"keys: [Q]\n":                          "f.yaml:1:7: keys: want keys with values",
	} {
		if _, err := config.Parse("f.yaml", []byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave\n%v\nwant\n%s", text, err, want)
		}
	}
}
