package syncer

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Explain is an error as a status keeps it and as it may be shown: cleaned, clipped, without a secret, with what to do.
func Explain(err error) string {
	switch {
	case errors.Is(err, source.ErrAuth):
		return clean(err) + "; check the credential that flightdeck.yaml names, then sync again"
	case errors.Is(err, source.ErrDenied):
		return clean(err) + "; grant the configured user read access to this list"
	case errors.Is(err, context.Canceled):
		return "interrupted; what was read is kept, and the next run goes on from there"
	case errors.Is(err, context.DeadlineExceeded):
		return strings.TrimSuffix(clean(err), context.DeadlineExceeded.Error()) + "the server did not answer in time; check the address and the network"
	}
	return clean(err)
}

var (
	userinfo = regexp.MustCompile(`://[^/\s@]+@`)
	named    = regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+|(?:access_|refresh_|api_?|hapi)?(?:token|key|secret|password|passwd|pwd)["']?\s*[=:]\s*["']?)([^\s&"',;]+)`)
	prose    = regexp.MustCompile(`\s(?:[a-z]+:?|env:\w+|file:\S*)$`) // "page token: that would never end", "token: missing: …", "token: env:NAME"
)

// clean makes an error fit to be stored and shown. Sources do not put credentials into errors, but the libraries below them may, and panics.
func clean(err error) string {
	s := userinfo.ReplaceAllString(source.Redact(err.Error()), "://***@")
	s = named.ReplaceAllStringFunc(s, func(m string) string {
		if prose.MatchString(m) {
			return m
		}
		return named.ReplaceAllString(m, "$1***")
	})
	return store.Clip(s, 400)
}
