package outbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

const (
	key    = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
	secret = "SEC0123456789abcdef0123456789abcdef"
)

func fixed(s string) Credential { return func() (string, error) { return s, nil } }

// server answers with a status and a body, and keeps what it was sent.
func server(t *testing.T, status int, header map[string]string, body string) (*httptest.Server, *http.Request, *string) {
	t.Helper()
	got, sent := &http.Request{}, new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*got, *sent = *r, string(b)
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s, got, sent
}

var two = []store.Message{
	{Key: "a", Kind: store.MessageFlag, Title: "华东 <@all> deal is overdue", Text: "4 days\n60 %", Link: "deal/crm:1"}, {Key: "b", Kind: store.MessageFlag, Title: "second"},
}

const twoText = "华东 <@all> deal is overdue\n4 days\n60 %\ndeal/crm:1\n\nsecond"

func TestRobot_WeCom(t *testing.T) {
	s, r, body := server(t, 200, nil, `{"errcode":0,"errmsg":"ok"}`)
	n := &Robot{Kind: WeCom, Address: fixed(s.URL + "/cgi-bin/webhook/send?key=" + key)}
	if err := n.Send(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		Type string `json:"msgtype"`
		Text struct{ Content string }
	}
	if err := json.Unmarshal([]byte(*body), &sent); err != nil || sent.Type != "text" || sent.Text.Content != twoText {
		t.Fatalf("%s, %v", *body, err)
	}
	if r.Method != http.MethodPost || r.URL.Query().Get("key") != key || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		t.Fatalf("%s %s %v", r.Method, r.URL, r.Header)
	}
}

func TestRobot_DingTalkSigns(t *testing.T) {
	s, r, body := server(t, 200, nil, `{"errcode":0,"errmsg":"ok"}`)
	n := &Robot{Kind: DingTalk, Address: fixed(s.URL + "/robot/send?access_token=" + key), Secret: fixed(secret), Head: "告警", Now: func() time.Time { return storetest.Noon }}
	if err := n.Send(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("1772452800000\n" + secret))
	q := r.URL.Query()
	if q.Get("timestamp") != "1772452800000" || q.Get("sign") != base64.StdEncoding.EncodeToString(h.Sum(nil)) || q.Get("access_token") != key {
		t.Fatalf("%v", q)
	}
	var sent struct {
		Type string `json:"msgtype"`
		Text struct{ Content string }
	}
	if err := json.Unmarshal([]byte(*body), &sent); err != nil || sent.Type != "text" || sent.Text.Content != "告警\n"+twoText {
		t.Fatalf("%s, %v", *body, err)
	}
}

func TestRobot_FeishuSigns(t *testing.T) {
	s, _, body := server(t, 200, nil, `{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}`)
	n := &Robot{Kind: Feishu, Address: fixed(s.URL + "/open-apis/bot/v2/hook/" + key), Secret: fixed(secret), Now: func() time.Time { return storetest.Noon }}
	if err := n.Send(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		Timestamp, Sign string
		Type            string `json:"msg_type"`
		Content         struct {
			Post struct {
				Zh struct {
					Content [][]struct{ Tag, Text string }
				} `json:"zh_cn"`
			}
		}
	}
	h := hmac.New(sha256.New, []byte("1772452800\n"+secret))
	if err := json.Unmarshal([]byte(*body), &sent); err != nil || sent.Type != "post" || sent.Content.Post.Zh.Content[0][0].Text != twoText || sent.Content.Post.Zh.Content[0][0].Tag != "text" {
		t.Fatalf("%s, %v", *body, err)
	}
	if sent.Timestamp != "1772452800" || sent.Sign != base64.StdEncoding.EncodeToString(h.Sum(nil)) {
		t.Fatalf("%s", *body)
	}
	old, _, _ := server(t, 200, nil, `{"StatusCode":0,"StatusMessage":"success"}`)
	if err := (&Robot{Kind: Feishu, Address: fixed(old.URL)}).Send(t.Context(), two); err != nil {
		t.Fatal(err)
	}
}

// A refusal in a 200 is a failure, and what kind of one is known; nothing of the address or the secret is in it.
func TestRobot_Refusals(t *testing.T) {
	for _, tt := range []struct {
		kind, body string
		status     int
		header     map[string]string
		final      bool
		after      time.Duration
		text       string
	}{
		{WeCom, `{"errcode":45009,"errmsg":"api freq out of limit, hint: [1]"}`, 200, nil, false, time.Minute, "code 45009"},
		{WeCom, `{"errcode":93000,"errmsg":"invalid webhook url ` + key + `"}`, 200, nil, true, 0, "copy it anew"},
		{WeCom, `{"errcode":-1,"errmsg":"system busy"}`, 200, nil, false, time.Minute, "system busy"},
		{WeCom, `{"errcode":40058,"errmsg":"text exceeds"}`, 200, nil, true, 0, "code 40058"},
		{DingTalk, `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`, 200, nil, false, 10 * time.Minute, "send too fast"},
		{DingTalk, `{"errcode":310000,"errmsg":"keywords not in content"}`, 200, nil, true, 0, "security settings"},
		{DingTalk, `{"errcode":310000,"errmsg":"sign not match ` + secret + `"}`, 200, nil, true, 0, "sign not match …"},
		{DingTalk, `{"errcode":300001,"errmsg":"token is not exist"}`, 200, nil, true, 0, "copy it anew"},
		{Feishu, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`, 200, nil, true, 0, "clock"},
		{Feishu, `{"code":11232,"msg":"frequency limited"}`, 200, nil, false, time.Minute, "11232"},
		{Feishu, `{"code":19024,"msg":"Key Words Not Found"}`, 400, nil, true, 0, "security settings"},
		{Feishu, `{"errcode":0}`, 200, nil, false, 0, "not the robot's"},
		{WeCom, `<html>a proxy says hello</html>`, 200, nil, false, 0, "not the robot's"},
		{WeCom, `{}`, 200, nil, false, 0, "not the robot's"},
		{WeCom, `gone`, 404, nil, true, 0, "404"},
		{WeCom, `oops`, 502, nil, false, 0, "502"},
		{WeCom, ``, 429, map[string]string{"Retry-After": "120"}, false, 2 * time.Minute, "429"},
		{WeCom, ``, 302, map[string]string{"Location": "http://127.0.0.1:1/?key=" + key}, true, 0, "302"},
	} {
		s, _, _ := server(t, tt.status, tt.header, tt.body)
		n := &Robot{Kind: tt.kind, Address: fixed(s.URL + "/send?key=" + key), Secret: fixed(secret)}
		err := n.Send(t.Context(), two)
		var r *Refusal
		if !errors.As(err, &r) || r.Final != tt.final || r.After != tt.after || !strings.Contains(r.Text, tt.text) {
			t.Errorf("%s %d %s:\n got %+v (%v)", tt.kind, tt.status, tt.body, r, err)
		}
		clearOf(t, err, key, secret, s.URL)
	}
}

func clearOf(t *testing.T, err error, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if err == nil || strings.Contains(err.Error(), s) || strings.Contains(err.Error(), url.QueryEscape(s)) {
			t.Errorf("%q stands in %q", s, err)
		}
	}
}

// Nobody there, no answer, a bad address, no credential: no error tells the address.
func TestRobot_ErrorsHoldNoAddress(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	for name, address := range map[string]string{"nobody there": dead.URL + "/send?key=" + key, "no host": "https://robot-of-ours.invalid/hook/" + key,
		"no address": "key=" + key, "control character": "http://127.0.0.1/\x7f" + key, "another scheme": "ftp://127.0.0.1/" + key} {
		for _, n := range []Notifier{&Robot{Kind: WeCom, Address: fixed(address)}, &Webhook{Address: fixed(address)}} {
			err := n.Send(t.Context(), two)
			if err == nil {
				t.Errorf("%s: sent", name)
			}
			clearOf(t, err, key)
		}
	}
	err := (&Robot{Kind: WeCom, Address: func() (string, error) {
		return "", errors.New("credential env:ROBOT: the environment variable is not set")
	}}).Send(t.Context(), two)
	var r *Refusal
	if !errors.As(err, &r) || !r.Final || !strings.Contains(r.Text, "env:ROBOT") {
		t.Fatal(err)
	}
}

func TestWebhook_Signs(t *testing.T) {
	s, r, body := server(t, 204, nil, "")
	n := &Webhook{Address: fixed(s.URL + "/hook"), Secret: fixed(secret), Now: func() time.Time { return storetest.Noon }}
	if err := n.Send(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(r.Header.Get("X-Flightdeck-Timestamp") + "." + *body))
	if r.Header.Get("X-Flightdeck-Timestamp") != "1772452800" || r.Header.Get("X-Flightdeck-Signature") != "sha256="+hex.EncodeToString(h.Sum(nil)) {
		t.Fatalf("%v", r.Header)
	}
	var sent struct{ Messages []wireMessage }
	if err := json.Unmarshal([]byte(*body), &sent); err != nil || len(sent.Messages) != 2 || sent.Messages[0].Key != "a" || sent.Messages[0].Title != two[0].Title {
		t.Fatalf("%s, %v", *body, err)
	}
	for status, final := range map[int]bool{400: true, 401: true, 408: false, 410: true, 500: false, 503: false} {
		s, _, _ := server(t, status, nil, "no "+secret)
		var r *Refusal
		if err := (&Webhook{Address: fixed(s.URL)}).Send(t.Context(), two); !errors.As(err, &r) || r.Final != final {
			t.Errorf("%d: %v", status, err)
		}
	}
}
