package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// maxBody bounds one answer, so that an endless one ends.
const maxBody = 64 << 20

// newHTTP returns a client that follows no redirect: credentials go to the configured host and nowhere else.
func newHTTP(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			// The rest of the address is the server's choice and may quote what it was sent.
			return fmt.Errorf("redirected to %s: set the url to where the server really is", store.Clip(r.URL.Scheme+"://"+r.URL.Host+"/", 200))
		},
	}
}

// reached takes the address out of an error of net/http: after a redirect it is the server's.
func reached(err error) error {
	if told := (*url.Error)(nil); errors.As(err, &told) {
		return told.Err
	}
	return err
}

// decodeBody reads one JSON value, its numbers as they stand: money is never a float.
func decodeBody(r io.Reader, method string, v any) error {
	limited := &io.LimitedReader{R: r, N: maxBody}
	dec := json.NewDecoder(limited)
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		if limited.N <= 0 {
			return fmt.Errorf("call %s: the answer is larger than %d MiB", method, maxBody>>20)
		}
		return fmt.Errorf("call %s: the answer was cut off or is no JSON: %w", method, err)
	}
	return nil
}

// wait reads a Retry-After header; 0 when it says nothing usable. What is absurdly long is the syncer's to cap.
func wait(header string) time.Duration {
	if n, err := strconv.Atoi(header); err == nil && n > 0 && n < 1e6 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil && time.Until(at) > 0 {
		return time.Until(at)
	}
	return 0
}

// answer is a result with the server's time when it was given.
type answer struct {
	result any
	at     time.Time // zero: the server did not say
}

// list returns the rows of a search_read or read; anything that is no object is dropped.
func (a answer) list() []map[string]any {
	l, _ := a.result.([]any)
	rows := make([]map[string]any, 0, len(l))
	for _, v := range l {
		if m, ok := v.(map[string]any); ok {
			rows = append(rows, m)
		}
	}
	return rows
}

// ids returns the numbers of a search.
func (a answer) ids() []int64 {
	l, _ := a.result.([]any)
	ids := make([]int64, 0, len(l))
	for _, v := range l {
		if id, ok := number(v); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// number returns v as an identifier or count.
func number(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

// checkURL reports what is wrong with a server's address, or "".
func checkURL(address, want string, path, plain bool) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || path && strings.Trim(u.Path, "/") == "" || u.RawQuery != "" || u.Fragment != "":
		return "url: want " + want
	case u.User != nil:
		return "url: the login stands under login and the password under password, not in the url"
	case u.Scheme == "http" && !plain && !source.Loopback(u.Hostname()):
		return "url: http would send the password readable; use https, or set plain_http: true where the network is trusted"
	}
	return ""
}
