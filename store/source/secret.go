package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
