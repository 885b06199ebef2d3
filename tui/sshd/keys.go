package sshd

import (
	"fmt"
	"strings"

	gossh "golang.org/x/crypto/ssh"
)

// Keyring maps public keys to viewers. It is filled before the server starts and only read afterwards.
type Keyring struct{ viewers map[string]Viewer }

// Add registers a line of an authorized_keys file for v. A key belongs to one person: adding it for another viewer is an error, since
// who is looking decides what is shown.
func (k *Keyring) Add(line string, v Viewer) error {
	key, _, _, _, err := gossh.ParseAuthorizedKey([]byte(strings.TrimSpace(line)))
	if err != nil {
		return fmt.Errorf("public key of %s: want a line as in authorized_keys, such as \"ssh-ed25519 AAAA… name\": %w", v.Name, err)
	}
	if k.viewers == nil {
		k.viewers = map[string]Viewer{}
	}
	m := string(key.Marshal())
	if old, ok := k.viewers[m]; ok && old != v {
		return fmt.Errorf("public key %s: given for both %s and %s; a key belongs to one person", gossh.FingerprintSHA256(key), old.Name, v.Name)
	}
	k.viewers[m] = v
	return nil
}

// Len returns how many keys are known.
func (k *Keyring) Len() int { return len(k.viewers) }

// Access is an [Options.Access].
func (k *Keyring) Access(key gossh.PublicKey) (Viewer, bool) {
	v, ok := k.viewers[string(key.Marshal())]
	return v, ok
}
