package config

import (
	"strings"
	"testing"
)

func TestNotify(t *testing.T) {
	good := `notify:
  language: en
  quiet: {from: 21:00, to: "08:00", weekend: true}
  to:
    - {name: sales, kind: wecom, robot: env:WECOM, kinds: [flag, grade], node: 华东}
    - {name: ding, kind: dingtalk, robot: file:/etc/ding, secret: keyring:flightdeck/ding, keyword: 告警}
    - {name: fs, kind: feishu, robot: env:FS, secret: env:FS_SECRET}
    - {name: mail, kind: smtp, host: mail.example.com, user: cockpit, password: env:PW, from: cockpit@example.com, to: ["王强 <wang@example.com>"]}
    - {name: hook, kind: webhook, url: "https://hooks.example.com/x", secret: env:HOOK}
`
	c, err := Parse("f.yaml", []byte(good), nil)
	if err != nil || len(c.Notify.To) != 5 || c.Notify.Quiet.From != 21*60 || c.Notify.Quiet.To != 8*60 || c.Notify.To[0].Robot.String() != "env:WECOM" {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, tt := range []struct{ text, want string }{
		{"{name: a, kind: wechat}", `f.yaml:3:23: notify.to[0].kind: "wechat" is unknown; want one of wecom, dingtalk, feishu, smtp, webhook`},
		{"{name: a}", `notify.to[0].kind: want one of wecom`},
		{"{kind: wecom, robot: env:A}", `notify.to[0].name: "": want a short name of its own`},
		{"{name: a, kind: wecom}", `f.yaml:3:7: notify.to[0].robot: is missing; wecom needs it`},
		{"{name: a, kind: wecom, robot: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6'}", `f.yaml:3:37: notify.to[0].robot: a credential is given as env:NAME`},
		{"{name: a, kind: wecom, robot: env:A, secret: env:B}", `f.yaml:3:52: notify.to[0].secret: wecom does not take it; it takes robot`},
		{"{name: a, kind: feishu, robot: env:A, kinds: [flags]}", `f.yaml:3:53: notify.to[0].kinds[0]: "flags" is unknown; want one of flag, grade, request, morning, report, source, rules, test`},
		{"{name: a, kind: smtp, host: h, from: nobody, to: [x@y.z, '@']}", `notify.to[0].from: "nobody": want an address`},
		{"{name: a, kind: smtp, host: h, from: a@b.c, to: [x@y.z, '@']}", `f.yaml:3:63: notify.to[0].to[1]: "@": want an address`},
		{"{name: a, kind: smtp, host: h, from: a@b.c, to: [x@y.z], port: 70000}", `notify.to[0].port: 70000: want 1 to 65535`},
		{"{name: a, kind: smtp, host: h, from: a@b.c, to: [x@y.z], user: u, tls: none}", `tls: none would send the password in the clear`},
		{"{name: a, kind: webhook}", `notify.to[0].url: want url, or address when it is a credential`},
		{"{name: a, kind: webhook, url: 'ftp://x'}", `notify.to[0].url: want a web address`},
	} {
		_, err := Parse("f.yaml", []byte("notify:\n  to:\n    - "+tt.text+"\n"), nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "693a91f6") {
			t.Errorf("%s:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
	for text, want := range map[string]string{"{from: 25:00}": `f.yaml:2:17: notify.quiet.from: "25:00": want a time of day such as 21:30`, "{from: late}": "want a time of day", "[a]": "want keys from, to, weekend"} {
		if _, err := Parse("f.yaml", []byte("notify:\n  quiet: "+text+"\n"), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Parse("f.yaml", []byte("notify: {to: [{name: a, kind: wecom, robot: env:A}, {name: a, kind: wecom, robot: env:A}]}\n"), nil); err == nil || !strings.Contains(err.Error(), `notify.to[1].name: "a": want a short name of its own`) {
		t.Error(err)
	}
}
