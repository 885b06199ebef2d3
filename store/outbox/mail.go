package outbox

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"flightdeck/store"
)

// Mail sends messages through an SMTP server.
type Mail struct {
	Host     string
	Port     int    // 0: 587, with TLS from the start 465
	TLS      string // starttls (the default: required), tls (from the start) or none
	User     string // "": no authentication
	Password Credential
	From     string
	To       []string
	Config   *tls.Config // nil: the system's trust
	Now      func() time.Time
}

// Ways to secure mail.
const (
	StartTLS = "starttls"
	TLS      = "tls"
	NoTLS    = "none"
)

// Fit implements [Notifier].
func (m *Mail) Fit(ms []store.Message) int { return min(len(ms), 50) }

// Pace implements [Notifier].
func (m *Mail) Pace() Pace { return Pace{5 * time.Second, 3} }

// Send implements [Notifier].
func (m *Mail) Send(ctx context.Context, ms []store.Message) error {
	password := ""
	if m.User != "" && m.Password != nil {
		var err error
		if password, err = m.Password(); err != nil {
			return &Refusal{Text: store.Clip(err.Error(), 300), Final: true}
		}
	}
	c, err := m.client(password)
	if err != nil {
		return said(true, 0, []string{password}, "%v", err)
	}
	msg, err := m.compose(ms)
	if err != nil {
		return said(true, 0, []string{password}, "%v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		return m.judge(err, password)
	}
	return nil
}

func (m *Mail) client(password string) (*mail.Client, error) {
	port := m.Port
	opts := []mail.Option{mail.WithTimeout(timeout)}
	switch m.TLS {
	case TLS:
		opts = append(opts, mail.WithSSL())
		if port == 0 {
			port = 465
		}
	case NoTLS:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if port == 0 {
		port = 587
	}
	opts = append(opts, mail.WithPort(port))
	if m.Config != nil {
		opts = append(opts, mail.WithTLSConfig(m.Config))
	}
	if m.User != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.User), mail.WithPassword(password))
	}
	return mail.NewClient(m.Host, opts...)
}

func (m *Mail) compose(ms []store.Message) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8))
	if err := errors.Join(msg.From(m.From), msg.To(m.To...)); err != nil {
		return nil, err
	}
	subject := ms[0].Title
	if len(ms) > 1 {
		subject = fmt.Sprintf("%s (+%d)", subject, len(ms)-1)
	}
	msg.Subject(subject)
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	msg.SetDateWithValue(now())
	// The same messages sent once more have the same ID, by which a mailbox can know them again.
	h := sha256.New()
	for i := range ms {
		_, _ = fmt.Fprintf(h, "%s\n", ms[i].Key)
	}
	domain := "flightdeck.invalid"
	if _, d, ok := strings.Cut(m.From, "@"); ok {
		domain = strings.Trim(d, "> ")
	}
	msg.SetMessageIDWithValue(hex.EncodeToString(h.Sum(nil)[:16]) + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, plain(ms, "", 256<<10)+"\n")
	return msg, nil
}

// judge tells what may pass from what needs a person: a server's 4xx passes, as does everything on the way to it; its 5xx does not.
func (m *Mail) judge(err error, password string) error {
	text := err.Error()
	var send *mail.SendError
	if errors.As(err, &send) {
		code := send.ErrorCode()
		return said(code >= 500 && !send.IsTemp(), 0, []string{password}, "%v", err)
	}
	// What is refused while signing in has no type of its own in the library: the server's code leads its text.
	for _, code := range []string{"530 ", "534 ", "535 ", "538 "} {
		if strings.Contains(text, code) {
			return said(true, 0, []string{password}, "the server refused to sign in: %v", err)
		}
	}
	return redacted(err, password)
}
