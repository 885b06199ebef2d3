package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"flightdeck/store/source"
)

// signed is the vendor's way from a text and a key to a signature: the digits of the hash in base64.
func signed(text, key string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%x", h.Sum(nil)))
}

// Every request is signed anew, in both of the vendor's ways, and begins no session; what it was signed with is in no error, also where the server quotes it.
func TestK3Cloud_Signature(t *testing.T) {
	const gateway = "the gateway's own secret" // 24 bytes, which lie veiled in the application's id
	veiled := []byte(gateway)
	for i, c := range []byte("0054f397c6234378b09ca7d3") {
		veiled[i] ^= c
	}
	appID := "200001_" + base64.StdEncoding.EncodeToString(veiled)
	var mu sync.Mutex
	nonces, problem, refuse := map[string]bool{}, "", false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		h := r.Header
		stamp, nonce := h.Get("x-api-timestamp"), h.Get("x-api-nonce")
		data := "acct,同步,2052,0"
		for name, want := range map[string]string{
			"X-KD-AppKey": appID, "X-KD-AppData": base64.StdEncoding.EncodeToString([]byte(data)), "X-KD-Signature": signed(appID+data, canary),
			"X-Api-ClientID": "200001", "X-Api-Auth-Version": "2.0", "x-api-signheaders": "x-api-timestamp,x-api-nonce",
			"X-Api-Signature": signed("POST\n"+url.QueryEscape(r.URL.EscapedPath())+"\n\nx-api-nonce:"+nonce+"\nx-api-timestamp:"+stamp+"\n", base64.StdEncoding.EncodeToString([]byte(gateway))),
		} {
			if got := h.Get(name); got != want {
				problem = fmt.Sprintf("%s: %s, want %s", name, got, want)
			}
		}
		if strings.Contains(r.URL.Path, "AuthService") || nonces[nonce] || r.Header.Get("Cookie") != "" {
			problem = "a session was begun, or a nonce came twice: " + nonce
		}
		nonces[nonce] = true
		if refuse {
			fmt.Fprintf(w, `[[{"Result":{"ResponseStatus":{"IsSuccess":false,"MsgCode":1,"Errors":[{"Message":"会话信息已丢失 %s %s"}]}}}]]`, h.Get("X-KD-Signature"), h.Get("X-Api-Signature"))
			return
		}
		fmt.Fprint(w, `[]`)
	}))
	defer srv.Close()
	cfg := k3Config(t)
	cfg.Auth, cfg.User = "signature", "同步"
	cfg.Vars["app_id"] = appID
	s := vendor(t, cfg, srv.URL)
	for range 3 {
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Now: monday}); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	if problem != "" || len(nonces) != 3 {
		t.Errorf("%d requests; %s", len(nonces), problem)
	}
	refuse = true
	mu.Unlock()
	_, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Now: monday})
	if !errors.Is(err, source.ErrAuth) || strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), signed(appID+"acct,同步,2052,0", canary)) || strings.Count(err.Error(), "[credential]") != 2 {
		t.Errorf("refused: %v", err)
	}
}

// An identifier without the gateway's part is signed in the one way that there is.
func TestK3Cloud_SignatureWithoutGateway(t *testing.T) {
	var mu sync.Mutex
	var got http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = r.Header
		fmt.Fprint(w, `[]`)
	}))
	defer srv.Close()
	cfg := k3Config(t)
	cfg.Auth = "signature"
	if _, err := vendor(t, cfg, srv.URL).Fetch(t.Context(), source.Request{Stream: "sales", Now: monday}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if got.Get("X-KD-Signature") != signed("appacct,sync,2052,0", canary) || got.Get("X-Api-Signature") != "" {
		t.Errorf("%v", got)
	}
}

// The functions for signing are what they are elsewhere (RFC 4231, second case), and say what they want.
func TestHashes(t *testing.T) {
	for src, want := range map[string]string{
		`"what do ya want for nothing?" | hmac_sha256("Jefe")`: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		`"AAECAw==" | xor_base64("abcd") | xor_base64("abcd")`: "AAECAw==",
		`1 | hmac_sha256("x")`:                                 "want a text",
		`"!" | xor_base64("abcd")`:                             "want base64",
		`"AAECAw==" | xor_base64("abc")`:                       "no shorter",
	} {
		e, err := compile(src)
		if err != nil {
			t.Fatal(err)
		}
		v, err := e.one(t.Context(), nil)
		if got := fmt.Sprint(v, err); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", src, got, want)
		}
	}
}
