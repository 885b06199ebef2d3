package outbox

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// mailbox is an SMTP server in this process.
type mailbox struct {
	mu       sync.Mutex
	from     string
	to       []string
	data     string
	password string // "": nobody has to sign in
	refuse   *smtp.SMTPError
	signedIn bool
}

type visit struct{ box *mailbox }

func (b *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &visit{b}, nil }

func (v *visit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "cockpit" || password != v.box.password {
			return smtp.ErrAuthFailed
		}
		v.box.signedIn = true
		return nil
	}), nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	v.box.from = from
	if v.box.refuse != nil {
		return v.box.refuse
	}
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.box.to = append(v.box.to, to)
	return nil
}

func (v *visit) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	v.box.data = string(b)
	return err
}

func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }

// serve starts a mailbox and returns a Mail that knows it.
func (b *mailbox) serve(t *testing.T, secure bool) *Mail {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(b)
	s.Domain, s.AllowInsecureAuth = "localhost", !secure
	m := &Mail{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: NoTLS, From: "cockpit@example.com", To: []string{"王强 <wang@example.com>", "li@example.com"},
		Now: func() time.Time { return storetest.Noon }}
	if secure {
		cert := httptest.NewTLSServer(nil)
		t.Cleanup(cert.Close)
		s.TLSConfig = &tls.Config{Certificates: cert.TLS.Certificates}
		trust := x509.NewCertPool()
		trust.AddCert(cert.Certificate())
		m.TLS, m.Config = StartTLS, &tls.Config{RootCAs: trust, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return m
}

func TestMail_OverTLSWithPassword(t *testing.T) {
	box := &mailbox{password: secret}
	m := box.serve(t, true)
	m.User, m.Password = "cockpit", fixed(secret)
	if err := m.Send(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	got, err := mail.ReadMessage(strings.NewReader(box.data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil || subject != two[0].Title+" (+1)" || !box.signedIn || box.from != "cockpit@example.com" || strings.Join(box.to, " ") != "wang@example.com li@example.com" {
		t.Fatalf("%q %v %+v", subject, err, box)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
	if text := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || text != twoText+"\n" {
		t.Fatalf("%q, %v", body, err)
	}
	id := got.Header.Get("Message-ID")
	if err := m.Send(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	if again, err := mail.ReadMessage(strings.NewReader(box.data)); err != nil || again.Header.Get("Message-ID") != id || id == "" {
		t.Fatalf("the same message is another one: %v", err)
	}
	// What stands in a title cannot become a header.
	if err := m.Send(t.Context(), []store.Message{{Key: "k", Title: "a\r\nBcc: x@example.com"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := mail.ReadMessage(strings.NewReader(box.data)); err != nil || got.Header.Get("Bcc") != "" || strings.Contains(strings.Join(box.to, " "), "x@example.com") {
		t.Fatalf("%q, %v", box.data, err)
	}
}

func TestMail_Refusals(t *testing.T) {
	send := func(m *Mail) *Refusal {
		t.Helper()
		err := m.Send(t.Context(), two)
		clearOf(t, err, secret)
		var r *Refusal
		if !errors.As(err, &r) {
			return &Refusal{Text: err.Error()}
		}
		return r
	}
	wrong := (&mailbox{password: "another"}).serve(t, true)
	wrong.User, wrong.Password = "cockpit", fixed(secret)
	if r := send(wrong); !r.Final {
		t.Errorf("a wrong password: %+v", r)
	}
	for code, final := range map[int]bool{550: true, 451: false} {
		m := (&mailbox{refuse: &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 7, 1}, Message: "no"}}).serve(t, false)
		if r := send(m); r.Final != final {
			t.Errorf("%d: %+v", code, r)
		}
	}
	plain := (&mailbox{}).serve(t, false) // no TLS there, and TLS is required unless told otherwise
	plain.TLS = ""
	if r := send(plain); !strings.Contains(r.Text, "STARTTLS") {
		t.Errorf("%+v", r)
	}
	nobody := &Mail{Host: "127.0.0.1", Port: 1, TLS: NoTLS, From: "a@example.com", To: []string{"b@example.com"}}
	if r := send(nobody); r.Final {
		t.Errorf("nobody there: %+v", r)
	}
	bad := &Mail{Host: "127.0.0.1", Port: 1, TLS: NoTLS, From: "not an address", To: []string{"b@example.com"}}
	if r := send(bad); !r.Final {
		t.Errorf("a bad sender: %+v", r)
	}
}
