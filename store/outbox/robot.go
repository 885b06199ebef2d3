package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"flightdeck/store"
)

// Robot is a group's robot of WeCom, DingTalk or Feishu.
type Robot struct {
	Kind    string     // wecom, dingtalk or feishu
	Address Credential // the robot's address, which holds its key
	Secret  Credential // of the signature; nil: the robot wants none (WeCom never does)
	Head    string     // a line before all: for robots that want a keyword
	Client  *http.Client
	Now     func() time.Time
}

// Kinds of [Robot].
const (
	WeCom    = "wecom"
	DingTalk = "dingtalk"
	Feishu   = "feishu"
)

// limit is how many bytes of text one post holds.
func (r *Robot) limit() int {
	if r.Kind == WeCom {
		return 2048
	}
	return 12_000
}

// Fit implements [Notifier].
func (r *Robot) Fit(ms []store.Message) int { return fit(ms, r.Head, r.limit()) }

// Pace implements [Notifier]: within what the platforms allow in any minute.
func (r *Robot) Pace() Pace {
	if r.Kind == Feishu {
		return Pace{750 * time.Millisecond, 4}
	}
	return Pace{4 * time.Second, 4}
}

// Send implements [Notifier].
func (r *Robot) Send(ctx context.Context, ms []store.Message) error {
	address, secret, err := r.credentials()
	if err != nil {
		return err
	}
	text := plain(ms, r.Head, r.limit())
	secrets := []string{address, secret}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return said(true, 0, secrets, "the credential is not a web address; copy the robot's whole address")
	}
	var body any
	switch r.Kind {
	case WeCom:
		body = map[string]any{"msgtype": "text", "text": map[string]string{"content": text}}
	case DingTalk:
		body = map[string]any{"msgtype": "text", "text": map[string]string{"content": text}}
		if secret != "" {
			at := strconv.FormatInt(r.now().UnixMilli(), 10)
			q := u.Query()
			q.Set("timestamp", at)
			q.Set("sign", sign(secret, at+"\n"+secret))
			u.RawQuery = q.Encode()
		}
	case Feishu: // in a post's text elements nothing is a command, in a text message <at> is
		lines := [][]map[string]string{{{"tag": "text", "text": text}}}
		post := map[string]any{"zh_cn": map[string]any{"title": "", "content": lines}}
		all := map[string]any{"msg_type": "post", "content": map[string]any{"post": post}}
		if secret != "" {
			at := strconv.FormatInt(r.now().Unix(), 10)
			all["timestamp"], all["sign"] = at, sign(at+"\n"+secret, "")
		}
		body = all
	default:
		return said(true, 0, nil, "robot %q: want wecom, dingtalk or feishu", r.Kind)
	}
	status, answer, err := post(ctx, r.Client, u.String(), body, nil, secrets)
	if err != nil {
		return err
	}
	return r.judge(status, answer, secrets)
}

func (r *Robot) credentials() (address, secret string, err error) {
	if address, err = r.Address(); err == nil && r.Secret != nil {
		secret, err = r.Secret()
	}
	if err != nil { // the reference is told, and what to do
		return "", "", &Refusal{Text: store.Clip(err.Error(), 300), Final: true}
	}
	return address, secret, nil
}

func (r *Robot) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

// sign is the signature of DingTalk and Feishu, which differ in what is key and what is text.
func sign(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// judge reads a robot's answer: only a code of zero, in a body of its own form, is a success.
func (r *Robot) judge(status int, answer []byte, secrets []string) error {
	var a struct {
		ErrCode    *int   `json:"errcode"` // WeCom, DingTalk
		ErrMsg     string `json:"errmsg"`
		Code       *int   `json:"code"` // Feishu
		Msg        string `json:"msg"`
		StatusCode *int   `json:"StatusCode"` // Feishu, of old
	}
	wellFormed := json.Unmarshal(answer, &a) == nil
	code, text := a.ErrCode, a.ErrMsg
	if r.Kind == Feishu {
		if code, text = a.Code, a.Msg; code == nil {
			code = a.StatusCode
		}
	}
	if !wellFormed || code == nil {
		if status >= 300 {
			return httpRefusal(status, nil, secrets)
		}
		return said(false, 0, secrets, "the answer is not the robot's: %s", store.Clip(string(answer), 100))
	}
	c := *code
	if c == 0 {
		return nil
	}
	refuse := func(final bool, after time.Duration, hint string) error {
		if hint != "" {
			hint = "; " + hint
		}
		return said(final, after, secrets, "%s refused: code %d, %s%s", r.Kind, c, text, hint)
	}
	switch {
	case c == 45009, c == 45033, c == -1, c == 11232, c == 99991400: // too often, or busy
		return refuse(false, time.Minute, "")
	case c == 130101, c == 410100: // DingTalk then keeps silent for ten minutes
		return refuse(false, 10*time.Minute, "")
	case c == 310000:
		return refuse(true, 0, "check the robot's keyword, signature and addresses in its security settings")
	case c == 93000, c == 93004, c == 300001, c == 300005, c == 400101, c == 19001:
		return refuse(true, 0, "the robot is gone or its address is wrong; copy it anew")
	case c == 19021:
		return refuse(true, 0, "check the secret of its signature and this machine's clock")
	case c == 19022, c == 19024:
		return refuse(true, 0, "check the robot's security settings")
	case status >= 500:
		return refuse(false, 0, "")
	}
	return refuse(true, 0, "")
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// timeout is for one call.
const timeout = 20 * time.Second

// client is used where none is given. It follows no redirect: another address than the configured one must not get the key.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// post sends body as JSON, as it is when it is bytes already, and returns what came back. Waiting that the other side asks for is an error.
func post(ctx context.Context, c *http.Client, address string, body any, header http.Header, secrets []string) (status int, answer []byte, err error) {
	text, ok := body.([]byte)
	if !ok {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(body); err != nil {
			return 0, nil, err
		}
		text = b.Bytes()
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return 0, nil, redacted(err, append(secrets, address)...)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "flightdeck")
	if c == nil {
		c = client
	}
	res, err := c.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %v", timeout)
		}
		return 0, nil, redacted(err, append(secrets, address)...)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, nil, redacted(err, append(secrets, address)...)
	}
	if res.StatusCode == http.StatusTooManyRequests || res.Header.Get("Retry-After") != "" && res.StatusCode >= 500 {
		return 0, nil, httpRefusal(res.StatusCode, res.Header, secrets)
	}
	return res.StatusCode, answer, nil
}

// httpRefusal is the error for an HTTP status that is no success.
func httpRefusal(status int, header http.Header, secrets []string) error {
	var after time.Duration
	if s := header.Get("Retry-After"); s != "" {
		if n, err := strconv.Atoi(s); err == nil {
			after = time.Duration(min(max(n, 0), 86400)) * time.Second
		} else if t, err := http.ParseTime(s); err == nil {
			after = min(max(time.Until(t), 0), 24*time.Hour)
		}
	}
	final := status >= 300 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooEarly && status != http.StatusTooManyRequests
	return said(final, after, secrets, "answered %d %s", status, http.StatusText(status))
}
