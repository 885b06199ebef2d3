package sourcetest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Untrusted checks that a source has nothing to do with a server whose certificate nobody vouches for: no request, and so no credential, reaches it, and the error says why. open makes a
// source that reads the stream at url.
func Untrusted(t *testing.T, stream store.Stream, open func(url string) source.Source) {
	t.Helper()
	var reached atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	p, err := open(srv.URL).Fetch(t.Context(), source.Request{Stream: stream, Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
	if err == nil || p.Len() != 0 || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%d records, %v; want an error about the certificate", p.Len(), err)
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests reached a server whose certificate nobody vouches for", n)
	}
}
