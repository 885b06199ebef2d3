package outbox

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
)

// Notifier is one way to people. It may be used from any goroutine, but Send is called once at a time.
type Notifier interface {
	// Send brings ms to people in one go and returns when the other side has taken them. The error is a [*Refusal] when trying again is of no use or the other side said when; any other
	// may pass. Errors hold no address and no credential.
	Send(ctx context.Context, ms []store.Message) error
	// Fit returns how many of ms one Send holds: at least 1.
	Fit(ms []store.Message) int
	// Pace is how often Send may be called: one call each Every, and up to Burst at once.
	Pace() Pace
}

// Pace is a limit on how often something is done.
type Pace struct {
	Every time.Duration
	Burst int
}

// Refusal is an answer that says no.
type Refusal struct {
	Text  string
	Final bool          // it needs a person: trying again is of no use
	After time.Duration // told to wait so long; 0: nothing was said
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

// Credential reads an address or a secret when it is needed, so that it is never kept.
type Credential func() (string, error)

// redacted returns err without secrets and without the addresses that HTTP errors quote.
func redacted(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return errors.New(clean(err.Error(), secrets...))
}

// clean cuts secrets out of a text from outside, and makes it short and harmless.
func clean(text string, secrets ...string) string {
	for _, s := range slices.Clone(secrets) {
		if u, err := url.Parse(s); err == nil && u.Host != "" { // an address: the parts of it are secret too
			for _, vs := range u.Query() {
				secrets = append(secrets, vs...)
			}
			if i := strings.LastIndexByte(u.Path, '/'); i >= 0 {
				secrets = append(secrets, u.Path[i+1:])
			}
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, s := range secrets {
		if len(s) >= 6 {
			text = strings.ReplaceAll(text, s, "…")
			text = strings.ReplaceAll(text, url.QueryEscape(s), "…")
		}
	}
	return store.Clip(text, 300)
}

// said is the error for what the other side answered.
func said(final bool, after time.Duration, secrets []string, format string, args ...any) error {
	return &Refusal{Text: clean(fmt.Sprintf(format, args...), secrets...), Final: final, After: after}
}
