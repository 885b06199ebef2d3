package sql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// class is what can be done about an error.
type class int

const (
	other   class = iota
	refused       // the credentials
	denied        // what was asked for
	setup         // the configuration
	busy          // try again soon
	slow          // the statement took too long
)

// fault is an error of a server: what can be done, and its own words.
type fault struct {
	class class
	said  string
}

// retry is when to come again after a deadlock and its like.
const retry = time.Second

// explain makes an error that a person can act upon of what a driver said, without the password and without anything in it that might hold it.
func (s *Source) explain(ctx context.Context, err error) error {
	var known *problem
	var told *source.RetryAfter
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &known), errors.As(err, &told), errors.Is(err, source.ErrSetup), errors.Is(err, source.ErrExpired):
		return err
	}
	where := s.d.title
	if s.cfg.Address != "" {
		where += " at " + s.cfg.Address
	}
	f, ok := s.d.class(err)
	said := s.scrub(f.said)
	if ok {
		switch f.class {
		case refused:
			return &problem{fmt.Sprintf("%s refuses the user %s: %s", where, s.cfg.Login, said), source.ErrAuth}
		case denied:
			return &problem{fmt.Sprintf("%s: %s (asked as %s)", where, said, s.cfg.Login), source.ErrDenied}
		case setup:
			return &problem{fmt.Sprintf("%s: %s", where, said), source.ErrSetup}
		case busy:
			return &source.RetryAfter{Wait: retry, Err: &problem{fmt.Sprintf("%s: %s", where, said), nil}}
		case slow:
			return &problem{fmt.Sprintf("%s: %s; the statement was stopped after %s: an index on the key and on the modified column makes it fast, timeout: allows more",
				where, said, s.cfg.timeout()), nil}
		}
		return &problem{fmt.Sprintf("%s: %s", where, said), nil}
	}
	var op *net.OpError
	var dns *net.DNSError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{fmt.Sprintf("%s: no answer within %s", where, s.cfg.timeout()), nil}
	case errors.As(err, &dns):
		return &problem{fmt.Sprintf("%s: the name %s is not known; check address", where, dns.Name), dns}
	case errors.As(err, &host), errors.As(err, &authority), errors.As(err, &invalid):
		return &problem{fmt.Sprintf("%s: its certificate is not good: %s; name the authority with ca:, or set tls: trust where the network is trusted", where, s.scrub(err.Error())),
			source.ErrSetup}
	case errors.As(err, &record), strings.Contains(err.Error(), "refused TLS"), strings.Contains(err.Error(), "does not support TLS"), strings.Contains(err.Error(), "TLS requested but server does not"):
		return &problem{fmt.Sprintf("%s: it offers no encryption; switch it on there, or set tls: off where the network is trusted", where), source.ErrSetup}
	case errors.As(err, &op) && op.Op == "dial":
		return &problem{fmt.Sprintf("%s: nobody answers (%v); is the server running, and are address and port right?", where, op.Err), op}
	}
	return &problem{fmt.Sprintf("%s: %s", where, s.scrub(err.Error())), op}
}

// scrub cleans and clips what a server said, and takes our password out of it.
func (s *Source) scrub(text string) string {
	return store.Clip(store.Clean(source.Mask(text, s.password), 1000), 300)
}

// problem is an error in words. Of the driver's error it keeps only what the syncer asks for, since printing one in full can print its configuration.
type problem struct {
	text  string
	cause error
}

// Error implements error.
func (p *problem) Error() string { return p.text }

// Unwrap returns the class, or the failed dial.
func (p *problem) Unwrap() error {
	if op, ok := p.cause.(*net.OpError); ok && op == nil { //nolint:errorlint // a typed nil that stands for no failed dial: it wraps nothing
		return nil
	}
	return p.cause
}

func setupf(format string, args ...any) error {
	return &problem{fmt.Sprintf(format, args...), source.ErrSetup}
}
