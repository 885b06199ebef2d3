package config

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"flightdeck/store"
	"flightdeck/store/outbox"
	"flightdeck/store/source"
)

// Notify is who is told of what happens, and when.
type Notify struct {
	Language string     `yaml:"language" oneof:"zh en"` // of messages; "": the configuration's
	Quiet    Quiet      `yaml:"quiet"`
	To       []Notifier `yaml:"to"`
	// Morning is when, on working days, those who want messages of the kind morning are sent the morning of their part of the organisation; 00:00: never.
	Morning outbox.Clock `yaml:"morning"`
}

// Quiet is when people are left alone, in the organisation's time zone.
type Quiet struct {
	From    outbox.Clock `yaml:"from"`
	To      outbox.Clock `yaml:"to"`
	Weekend bool         `yaml:"weekend"` // Saturday and Sunday, all day
}

// Notifier is one way to people. The address of a robot holds its key and is therefore a credential.
type Notifier struct {
	Name  string              `yaml:"name"`
	Kind  string              `yaml:"kind" oneof:"wecom dingtalk feishu smtp webhook"`
	Kinds []store.MessageKind `yaml:"kinds" oneof:"flag grade request morning report source rules test"` // of message; none: all but tests
	Node  string              `yaml:"node"`                                                              // only what concerns this unit or person, by name or id; "": everything

	Robot   source.Secret `yaml:"robot"`   // wecom, dingtalk, feishu: the whole address of the robot
	Secret  source.Secret `yaml:"secret"`  // dingtalk, feishu, webhook: of the signature
	Keyword string        `yaml:"keyword"` // dingtalk, feishu: a word that the robot wants to see
	URL     string        `yaml:"url"`     // webhook; or
	Address source.Secret `yaml:"address"` // webhook: when the address itself is a credential

	Host     string        `yaml:"host"`                          // smtp
	Port     int           `yaml:"port" bounds:"1..65535"`        // 0: 587, with tls 465
	TLS      string        `yaml:"tls" oneof:"starttls tls none"` // "": starttls, required
	User     string        `yaml:"user"`                          // "": nobody signs in
	Password source.Secret `yaml:"password"`
	From     string        `yaml:"from"`
	To       []string      `yaml:"to"`
}

// wants lists, for each kind of notifier, the fields that it needs and those that it may have.
var wants = map[string]struct{ needs, may []string }{
	outbox.WeCom:    {[]string{"robot"}, nil},
	outbox.DingTalk: {[]string{"robot"}, []string{"secret", "keyword"}},
	outbox.Feishu:   {[]string{"robot"}, []string{"secret", "keyword"}},
	"smtp":          {[]string{"host", "from", "to"}, []string{"port", "tls", "user", "password"}},
	"webhook":       {nil, []string{"url", "address", "secret"}},
}

// given tells which of a notifier's own fields are set.
func (n *Notifier) given() map[string]bool {
	return map[string]bool{
		"robot": !n.Robot.IsZero(), "secret": !n.Secret.IsZero(), "keyword": n.Keyword != "", "url": n.URL != "", "address": !n.Address.IsZero(),
		"host": n.Host != "", "port": n.Port != 0, "tls": n.TLS != "", "user": n.User != "", "password": !n.Password.IsZero(), "from": n.From != "", "to": len(n.To) > 0,
	}
}

func (n *Notify) validate(t tree) {
	names := map[string]bool{}
	for i := range n.To {
		r, at := &n.To[i], fmt.Sprintf("notify.to[%d]", i)
		if !goodID.MatchString(r.Name) || names[r.Name] {
			t.Problem(at+".name", fmt.Sprintf("%q: want a short name of its own, of letters, digits, - _ and .", store.Clip(r.Name, 40)))
		}
		names[r.Name] = true
		w, ok := wants[r.Kind]
		if !ok {
			t.Problem(at+".kind", "want one of wecom, dingtalk, feishu, smtp, webhook")
			continue
		}
		given := r.given()
		for _, field := range w.needs {
			if !given[field] {
				t.Problem(at+"."+field, "is missing; "+r.Kind+" needs it")
			}
		}
		for _, field := range []string{"robot", "secret", "keyword", "url", "address", "host", "port", "tls", "user", "password", "from", "to"} {
			if given[field] && !slices.Contains(w.needs, field) && !slices.Contains(w.may, field) {
				t.Problem(at+"."+field, r.Kind+" does not take it; it takes "+strings.Join(append(slices.Clone(w.needs), w.may...), ", "))
			}
		}
		r.validate(t, at)
	}
}

func (n *Notifier) validate(t tree, at string) {
	if n.Kind == "webhook" {
		if (n.URL == "") == n.Address.IsZero() {
			t.Problem(at+".url", "want url, or address when it is a credential, and not both")
		}
		if u, err := url.Parse(n.URL); n.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			t.Problem(at+".url", "want a web address such as https://hooks.example.com/flightdeck")
		}
	}
	if n.Kind == "smtp" {
		for i, a := range append([]string{n.From}, n.To...) {
			if _, err := mail.ParseAddress(a); err != nil && a != "" {
				field := at + ".from"
				if i > 0 {
					field = fmt.Sprintf("%s.to[%d]", at, i-1)
				}
				t.Problem(field, fmt.Sprintf("%q: want an address such as wang@example.com or 王强 <wang@example.com>", store.Clip(a, 60)))
			}
		}
		if n.User != "" && n.Password.IsZero() {
			t.Problem(at+".password", "is missing; user needs it")
		}
		if n.User != "" && n.TLS == outbox.NoTLS {
			t.Problem(at+".tls", "none would send the password in the clear; want starttls or tls")
		}
	}
}
