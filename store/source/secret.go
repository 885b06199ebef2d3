package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Secret is a reference to a credential: "env:NAME" or "file:/path". The credential itself is never part of a configuration, so it can't be committed,
// printed or stored with one. Printing a Secret prints the reference.
type Secret struct{ ref string }

// UnmarshalText accepts env:NAME and file:/path and refuses anything else, without repeating it: it may be a password.
func (s *Secret) UnmarshalText(b []byte) error {
	ref := string(b)
	kind, rest, ok := strings.Cut(ref, ":")
	if ref != "" && (!ok || rest == "" || kind != "env" && kind != "file") {
		return errors.New("a credential is given as env:NAME or file:/path, never written out in the configuration")
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
