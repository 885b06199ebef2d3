package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"flightdeck/store"
)

// Webhook posts messages as JSON to any address:
//
//	{"messages": [{"key": "…", "kind": "flag", "at": "…", "urgent": false, "node": "…", "title": "…", "text": "…", "link": "…"}]}
//
// With a secret the header X-Flightdeck-Signature is sha256= and the hexadecimal HMAC-SHA256 of the header X-Flightdeck-Timestamp (seconds since 1970), a full stop and the body. Any
// status of 200 to 299 is a success.
type Webhook struct {
	Address Credential
	Secret  Credential // nil: not signed
	Client  *http.Client
	Now     func() time.Time
}

// Fit implements [Notifier].
func (w *Webhook) Fit(ms []store.Message) int { return min(len(ms), 50) }

// Pace implements [Notifier].
func (w *Webhook) Pace() Pace { return Pace{time.Second, 5} }

type wireMessage struct {
	Key    string            `json:"key"`
	Kind   store.MessageKind `json:"kind"`
	At     time.Time         `json:"at"`
	Urgent bool              `json:"urgent"`
	Node   store.ID          `json:"node,omitempty"`
	Title  string            `json:"title"`
	Text   string            `json:"text,omitempty"`
	Link   string            `json:"link,omitempty"`
}

// Send implements [Notifier].
func (w *Webhook) Send(ctx context.Context, ms []store.Message) error {
	r := Robot{Address: w.Address, Secret: w.Secret}
	address, secret, err := r.credentials()
	if err != nil {
		return err
	}
	secrets := []string{address, secret}
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return said(true, 0, secrets, "its address is not a web address")
	}
	all := make([]wireMessage, len(ms))
	for i, m := range ms {
		all[i] = wireMessage{m.Key, m.Kind, m.At, m.Urgent, m.Node, m.Title, m.Text, m.Link}
	}
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"messages": all}); err != nil {
		return err
	}
	header := http.Header{}
	if secret != "" {
		now := time.Now
		if w.Now != nil {
			now = w.Now
		}
		at := strconv.FormatInt(now().Unix(), 10)
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(at + "."))
		h.Write(body.Bytes())
		header.Set("X-Flightdeck-Timestamp", at)
		header.Set("X-Flightdeck-Signature", "sha256="+hex.EncodeToString(h.Sum(nil)))
	}
	status, _, err := post(ctx, w.Client, address, body.Bytes(), header, secrets)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return httpRefusal(status, nil, secrets)
	}
	return nil
}
