package source

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/zalando/go-keyring"
)

// SecretForms tells what a reference to a credential may look like.
const SecretForms = "env:NAME, file:/path or keyring:SERVICE/USER"

// Secret is a reference to a credential: "env:NAME", "file:/path" or "keyring:SERVICE/USER" (the operating system's). The credential itself is never part of a
// configuration, so it can't be committed, printed or stored with one. Printing a Secret prints the reference.
//
// The keyring is zalando/go-keyring's, which speaks to the Secret Service, the macOS keychain and the Windows credential manager without cgo.
type Secret struct{ ref string }

// UnmarshalText accepts [SecretForms] and refuses anything else, without repeating it: it may be a password.
func (s *Secret) UnmarshalText(b []byte) error {
	ref := string(b)
	kind, rest, ok := strings.Cut(ref, ":")
	if ref != "" {
		if !ok || rest == "" || kind != "env" && kind != "file" && kind != "keyring" {
			return errors.New("a credential is given as env:NAME, file:/path or keyring:SERVICE/USER, never written out in the configuration")
		}
		if service, user, ok := strings.Cut(rest, "/"); kind == "keyring" && (!ok || service == "" || user == "") {
			return errors.New("a credential in the keyring is given as keyring:SERVICE/USER (others: env:NAME, file:/path), never written out in the configuration")
		}
	}
	s.ref = ref
	return nil
}

// MarshalText returns the reference.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.ref), nil }

// String returns the reference.
func (s Secret) String() string { return s.ref }

// IsZero reports whether no credential was named.
func (s Secret) IsZero() bool { return s.ref == "" }

// Resolve reads the credential. A file must belong to its owner alone (mode 0600 or stricter). Errors name the reference, never the value.
func (s Secret) Resolve() (string, error) {
	v, err := s.resolve()
	if err != nil {
		return v, err
	}
	resolved.add(v)
	if v != "" && len(v) < shortest {
		resolved.mu.Lock()
		defer resolved.mu.Unlock()
		if !slices.Contains(resolved.weak, s.ref) {
			resolved.weak = append(resolved.weak, s.ref)
		}
	}
	return v, nil
}

// secrets are the credentials that this process has read. They are the net under every source's own care: a panic's text, or a driver's error, may quote one.
type secrets struct {
	mu     sync.Mutex
	values []string
	weak   []string // references to credentials that are too short to be hidden
}

var resolved secrets

const (
	shortest = 6 // what a credential must have, in bytes, to be taken out of texts wherever it stands: a shorter one turns up inside of words
	tiny     = 3 // what it must have to be taken out where it stands by itself: "a" is a word, and hiding it would make every message unreadable
)

func (s *secrets) add(v string) {
	if len(v) < tiny {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.values, v) {
		s.values = append(s.values, v)
	}
}

// Weak returns the references of the credentials read by this process that are so short (under six bytes) that [Mask] cannot hide them wherever they stand. Whoever
// checks a source says so: such a credential is guessed in no time anyway.
func Weak() []string {
	resolved.mu.Lock()
	defer resolved.mu.Unlock()
	return slices.Clone(resolved.weak)
}

// Redact takes the credentials that this process has read out of a text that is to be kept or shown, as they are and as they travel.
func Redact(text string) string {
	resolved.mu.Lock()
	defer resolved.mu.Unlock()
	return Mask(text, resolved.values...)
}

// Mask takes credentials out of a text, as they are and as they travel. Of one with fewer than six bytes only what stands by itself is taken, and one with fewer than
// three is left: see [Weak].
func Mask(text string, credentials ...string) string {
	const mask = "[credential]"
	for _, v := range credentials {
		switch {
		case len(v) >= shortest:
			for _, form := range []string{v, url.QueryEscape(v), url.PathEscape(v), base64.StdEncoding.EncodeToString([]byte(v))} {
				text = strings.ReplaceAll(text, form, mask)
			}
		case len(v) >= tiny:
			text = replaceAlone(text, v, mask)
		}
	}
	return text
}

// replaceAlone replaces what of old in text is no part of a word.
func replaceAlone(text, old, with string) string {
	var out strings.Builder
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	last := ' ' // the rune before text
	for {
		i := strings.Index(text, old)
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		if i > 0 {
			last, _ = utf8.DecodeLastRuneInString(text[:i])
		}
		next, _ := utf8.DecodeRuneInString(text[i+len(old):])
		out.WriteString(text[:i])
		if inWord(last) || inWord(next) {
			out.WriteString(old)
		} else {
			out.WriteString(with)
		}
		last, _ = utf8.DecodeLastRuneInString(old)
		text = text[i+len(old):]
	}
}

func (s Secret) resolve() (string, error) {
	kind, rest, _ := strings.Cut(s.ref, ":")
	switch kind {
	case "":
		return "", nil
	case "env":
		v := os.Getenv(rest)
		if v == "" {
			return "", fmt.Errorf("credential %s: the environment variable is not set; export %s=… and start again", s.ref, rest)
		}
		return v, nil
	case "keyring":
		service, user, _ := strings.Cut(rest, "/")
		v, err := keyring.Get(service, user)
		switch {
		case errors.Is(err, keyring.ErrNotFound):
			return "", fmt.Errorf("credential %s: the keyring has no such entry; add it, for example with: secret-tool store --label=flightdeck service %s username %s",
				s.ref, service, user)
		case err != nil:
			return "", fmt.Errorf("credential %s: the keyring cannot be read (%w); on a machine without one use env:NAME or file:/path", s.ref, err)
		}
		return v, nil
	}
	info, err := os.Stat(rest)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("credential %s: no such file; write the credential there with mode 0600", s.ref)
		}
		return "", fmt.Errorf("credential %s: %w", s.ref, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("credential %s: others may read it (mode %04o); run chmod 600 %s", s.ref, info.Mode().Perm(), rest)
	}
	b, err := os.ReadFile(rest)
	if err != nil {
		return "", fmt.Errorf("credential %s: %w", s.ref, err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// Replace writes a credential that takes the place of the one before, such as a refresh token that may be used once, to where that one is kept: a file, whose
// mode becomes 0600, or the keyring. An environment variable cannot be written; that is an [errors.ErrUnsupported].
func (s Secret) Replace(v string) error {
	resolved.add(v)
	kind, rest, _ := strings.Cut(s.ref, ":")
	switch kind {
	case "keyring":
		service, user, _ := strings.Cut(rest, "/")
		if err := keyring.Set(service, user, v); err != nil {
			return fmt.Errorf("credential %s: the keyring cannot be written: %w", s.ref, err)
		}
		return nil
	case "file":
		f, err := os.CreateTemp(filepath.Dir(rest), ".flightdeck-*") // made with mode 0600
		if err != nil {
			return fmt.Errorf("credential %s: %w", s.ref, err)
		}
		_, err = f.WriteString(v + "\n")
		err = errors.Join(err, f.Sync(), f.Close())
		if err == nil {
			err = os.Rename(f.Name(), rest)
		}
		if err != nil {
			_ = os.Remove(f.Name())
			return fmt.Errorf("credential %s: %w", s.ref, err)
		}
		return nil
	}
	return fmt.Errorf("credential %s: %w", s.ref, errors.ErrUnsupported)
}
