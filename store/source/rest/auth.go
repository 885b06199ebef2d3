package rest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/store/source"
)

// Auth says how requests are signed: with a credential as it is, or with what is obtained for it.
type Auth struct {
	ID     string `yaml:"id"`     // its name among auths
	About  string `yaml:"about"`  // one line: what a person has to create in the system
	Kind   string `yaml:"kind"`   // see authKinds
	Name   string `yaml:"name"`   // of kind header the header's, of kind query the parameter's
	Prefix string `yaml:"prefix"` // before the credential in the header, such as "token "
	// Secrets are the credentials that the configuration names under secrets → what they are, for kinds that need more than one.
	Secrets map[string]string `yaml:"secrets"`
	Needs   map[string]string `yaml:"needs"` // settings without a default that this way to sign in needs

	Grant    string            `yaml:"grant"` // of kind oauth2: see grants
	URL      string            `yaml:"url"`   // of kind oauth2: where tokens are given; an address, or a path on the source's host
	Scopes   []string          `yaml:"scopes"`
	Params   map[string]string `yaml:"params"`   // further ones of the token request
	Style    string            `yaml:"style"`    // how the client shows itself: form (default) or header
	Audience string            `yaml:"audience"` // of grant jwt_bearer
	Gives    map[string]string `yaml:"gives"`    // jq over the token's answer, as in Login

	Login    []Login       `yaml:"login"`    // of kind session: requests, in this order
	Cookies  bool          `yaml:"cookies"`  // the cookies of the login go with every request
	Lifetime time.Duration `yaml:"lifetime"` // where the answer does not say

	// Sign, of kind signature, is jq that gives the headers of a request as an object, with $vars, $user, $secrets, $request (method, path and query as they travel), $now (seconds) and
	// $nonce (never the same).
	Sign string `yaml:"sign"`

	Hosts []string `yaml:"hosts"` // that the address of a token's answer may name, such as "*.salesforce.com"

	Headers map[string]string `yaml:"headers"`
	Query   map[string]string `yaml:"query"`
	Body    string            `yaml:"body"` // jq with $session: an object that is added to every JSON body
}

// Login is one request of a session's beginning.
type Login struct {
	Method  string            `yaml:"method"`
	URL     string            `yaml:"url"`
	Query   map[string]string `yaml:"query"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"` // jq with $vars, $user, $secrets, $session and $now (seconds)
	Form    map[string]string `yaml:"form"`
	// Gives is jq over the answer: token (needed, from one of the requests, unless cookies do), expires_in (seconds), expires_at (a moment), url (the address
	// of the API from now on), and any other name for the requests that follow.
	Gives map[string]string `yaml:"gives"`
}

var (
	authKinds = []string{"none", "bearer", "header", "basic", "query", "oauth2", "session", "signature"}
	grants    = []string{"client_credentials", "refresh_token", "password", "jwt_bearer"}
	// grantSecrets are the credentials without which a grant is none.
	grantSecrets = map[string][]string{
		"client_credentials": {"client_secret"}, "refresh_token": {"refresh_token"}, "password": {"password"}, "jwt_bearer": {"private_key"},
	}
	secretWords = map[string]string{
		"client_secret": "the application's secret", "refresh_token": "a refresh token", "password": "the user's password", "private_key": "the private key, PEM",
	}
)

// auths returns the ways to sign in, at least one.
func (s *Spec) auths() []*Auth {
	if s.Auth != nil {
		return []*Auth{s.Auth}
	}
	var all []*Auth
	for i := range s.Auths {
		all = append(all, &s.Auths[i])
	}
	return all
}

func (s *Spec) validateAuth() error {
	if s.Auth != nil && len(s.Auths) > 0 {
		return errors.New("want either auth or auths")
	}
	if s.Auth == nil && len(s.Auths) == 0 {
		s.Auth = &Auth{}
	}
	if s.Auth != nil {
		return s.Auth.validate("auth")
	}
	var errs []error
	ids := map[string]bool{}
	for i := range s.Auths {
		a := &s.Auths[i]
		at := fmt.Sprintf("auths[%d]", i)
		if a.ID == "" || ids[a.ID] {
			errs = append(errs, fmt.Errorf("%s.id: %q is missing or used twice", at, a.ID))
		}
		ids[a.ID] = true
		errs = append(errs, a.validate(at))
	}
	return errors.Join(errs...)
}

func (a *Auth) validate(at string) error {
	or(&a.Kind, "none")
	if a.Kind == "oauth2" {
		or(&a.Style, "form")
	}
	errs := []error{oneOf(at+".kind", a.Kind, authKinds)}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(at+"."+format, args...)) }
	if a.Kind == "header" && a.Name == "" && len(a.Headers) == 0 {
		bad("name: missing: the header that carries the credential")
	}
	if a.Kind == "query" && a.Name == "" {
		bad("name: missing: the query parameter that carries the credential")
	}
	if a.Kind == "oauth2" {
		errs = append(errs, oneOf(at+".grant", a.Grant, grants), oneOf(at+".style", a.Style, []string{"form", "header"}))
		if a.URL == "" {
			bad("url: missing: where the server gives tokens")
		}
	} else if a.Grant != "" || a.URL != "" || len(a.Scopes) > 0 || len(a.Params) > 0 || a.Audience != "" || len(a.Gives) > 0 {
		bad("kind: %s has no grant, url, scopes, params, audience and gives", a.Kind)
	}
	if (a.Kind == "session") != (len(a.Login) > 0) {
		bad("login: want requests, with kind session only")
	}
	if (a.Kind == "signature") != (a.Sign != "") || a.Kind == "signature" && len(a.Secrets) == 0 {
		bad("sign: want jq that gives the headers of a request, and secrets, with kind signature only")
	}
	if a.Cookies && a.Kind != "session" {
		bad("cookies: only with kind session")
	}
	gives, address := a.Gives, a.Gives["url"] != ""
	for i := range a.Login {
		l := &a.Login[i]
		if l.URL == "" {
			bad("login[%d].url: missing: an address, or a path on the source's host", i)
		}
		if l.Body != "" && l.Form != nil {
			bad("login[%d]: want either body or form", i)
		}
		if l.Body != "" || l.Form != nil {
			or(&l.Method, "POST")
		}
		or(&l.Method, "GET")
		errs = append(errs, oneOf(fmt.Sprintf("%s.login[%d].method", at, i), l.Method, []string{"GET", "POST"}))
		if len(l.Gives) > 0 {
			gives = l.Gives
		}
		address = address || l.Gives["url"] != ""
	}
	if a.Kind == "session" && !a.Cookies && len(gives) == 0 {
		bad("login: none of the requests gives a token; want gives: {token: .access_token} or cookies: true")
	}
	if address && len(a.Hosts) == 0 {
		bad("hosts: missing: to which hosts an answer may send the credential, such as \"*.salesforce.com\"")
	}
	return errors.Join(errs...)
}

// obtained tells whether requests are signed with something that is asked for and dies.
func (a *Auth) obtained() bool { return a.Kind == "oauth2" || a.Kind == "session" }

// secrets returns the names of the credentials that a configuration must give, sorted; "" stands for the one called token.
func (a *Auth) secrets() []string {
	if !a.obtained() && a.Kind != "signature" {
		if a.Kind == "none" {
			return nil
		}
		return []string{""}
	}
	all := slices.Collect(maps.Keys(a.Secrets))
	for _, name := range grantSecrets[a.Grant] {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// secretAbout says what a credential is.
func (a *Auth) secretAbout(name string) string {
	if s := a.Secrets[name]; s != "" {
		return s
	}
	return secretWords[name]
}

// users tells whether the configuration's user is needed.
func (a *Auth) users() bool {
	if a.Kind == "basic" || a.Grant == "password" || a.Grant == "jwt_bearer" {
		return true
	}
	uses := func(m map[string]string) bool {
		for _, v := range m {
			if strings.Contains(v, "{user}") {
				return true
			}
		}
		return false
	}
	for _, l := range a.Login {
		if uses(l.Query) || uses(l.Headers) || uses(l.Form) || strings.Contains(l.Body, "$user") || strings.Contains(l.URL, "{user}") {
			return true
		}
	}
	return uses(a.Headers) || uses(a.Query) || strings.Contains(a.Sign, "$user")
}

// chooseAuth takes the way to sign in that the configuration names and checks that it gives what that way needs.
func (s *Source) chooseAuth() (*Auth, error) {
	all := s.spec.auths()
	a := all[0]
	if want := s.cfg.Auth; want != "" {
		i := slices.IndexFunc(all, func(a *Auth) bool { return a.ID == want })
		if i < 0 {
			var ids []string
			for _, a := range all {
				ids = append(ids, a.ID)
			}
			return a, fmt.Errorf("auth: %q is unknown: want one of %s", want, strings.Join(ids, ", "))
		}
		a = all[i]
	}
	var errs []error
	want := a.secrets()
	single := len(want) == 1 && (!s.cfg.Token.IsZero() || s.cfg.Credential != nil)
	for _, name := range want {
		switch {
		case single:
		case name == "":
			errs = append(errs, fmt.Errorf("token: missing: %s signs its requests (%s); give %s", s.spec.Name, a.Kind, source.SecretForms))
		case ref(s.cfg.Secrets, name).IsZero():
			errs = append(errs, fmt.Errorf("secrets.%s: missing: %s; give %s", name, a.secretAbout(name), source.SecretForms))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.cfg.Secrets)) {
		if !slices.Contains(want, name) {
			errs = append(errs, fmt.Errorf("secrets.%s: unknown: want %s", name, orNothing(want)))
		}
	}
	if a.users() && s.cfg.User == "" {
		errs = append(errs, errors.New("user: missing: this connector signs in with it"))
	}
	return a, errors.Join(errs...)
}

func orNothing(names []string) string {
	if len(names) == 0 || names[0] == "" {
		return "none; the credential is given as token"
	}
	return strings.Join(names, ", ")
}

func ref(m map[string]source.Secret, name string) source.Secret { return m[name] }

// secret resolves a credential and remembers it as something that no error may show.
func (s *Source) secret(name string) (string, error) {
	r, ok := s.cfg.Secrets[name]
	if !ok || name == "" {
		r = s.cfg.Token
	}
	get := r.Resolve
	if r.IsZero() && s.cfg.Credential != nil || name == "" && s.cfg.Credential != nil {
		get = s.cfg.Credential
	}
	v, err := get()
	if err != nil {
		return "", fmt.Errorf("%w: %w", source.ErrAuth, err)
	}
	s.hide(v)
	return v, nil
}
