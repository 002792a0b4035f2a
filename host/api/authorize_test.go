package api_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"nkhost/host/api"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	expired := h.login(t, "expired")
	h.now = h.now.Add(time.Hour)
	alice = h.session(t, h.do(call{method: "POST", path: "/v2/account/session/refresh", auth: withServerKey, body: `{"token":"` + alice.refresh + `"}`}))
	device := call{method: "POST", path: "/v2/account/authenticate/device?create=true", body: `{"id":"a-new-device"}`}
	account := call{method: "GET", path: "/v2/account"}
	for name, test := range map[string]struct {
		call call
		auth string
		ok   bool
	}{
		"key: none":             {device, "", false},
		"key: wrong":            {device, basic("wrongkey"), false},
		"key: beginning":        {device, basic(serverKey[:4]), false},
		"key: empty":            {device, basic(""), false},
		"key: no colon":         {device, "Basic ZGVmYXVsdGtleQ==", false},
		"key: no base64":        {device, "Basic !!!", false},
		"key: lower case":       {device, "basic ZGVmYXVsdGtleTo=", false},
		"key: HTTP key":         {device, withHTTPKey, false},
		"key: session token":    {device, alice.auth(), false},
		"key: with a password":  {device, "Basic ZGVmYXVsdGtleTppZ25vcmVk", true},
		"token":                 {account, alice.auth(), true},
		"token: none":           {account, "", false},
		"token: server key":     {account, withServerKey, false},
		"token: garbage":        {account, "Bearer garbage", false},
		"token: empty":          {account, "Bearer ", false},
		"token: lower case":     {account, "bearer " + alice.token, false},
		"token: alone":          {account, alice.token, false},
		"token: more":           {account, alice.auth() + "x", false},
		"token: refresh":        {account, "Bearer " + alice.refresh, false},
		"token: expired":        {account, expired.auth(), false},
		"token: in a parameter": {call{method: "GET", path: "/v2/account?token=" + alice.token}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			request := test.call
			request.auth = test.auth
			answer := h.do(request)
			if test.ok {
				if answer.Code != 200 {
					t.Errorf("status %d, body %s", answer.Code, answer.Body)
				}
				return
			}
			wantFailure(t, answer, 401, 16)
			if answer.Header().Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	t.Parallel()
	h := start(t)
	for path, auth := range map[string]string{
		"/v2/account": h.login(t, "alice").auth(),
		"/v2/match":   h.login(t, "bob").auth(),
	} {
		request := httptest.NewRequest("GET", path, nil)
		request.Header["Authorization"] = []string{auth, auth}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, request)
		wantFailure(t, answer, 401, 16)
	}
}

func TestClientAddr(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		remote, forwarded string
		proxies           int
		ip, port          string
	}{
		"direct":                  {"192.0.2.1:5000", "", 1, "192.0.2.1", "5000"},
		"direct, IPv6":            {"[2001:db8::1]:5000", "", 1, "2001:db8::1", "5000"},
		"this machine":            {"127.0.0.1:5000", "", 1, "127.0.0.1", "5000"},
		"one address":             {"127.0.0.1:5000", "192.0.2.1", 1, "192.0.2.1", ""},
		"one proxy":               {"127.0.0.1:5000", "192.0.2.1, 198.51.100.1", 1, "192.0.2.1", ""},
		"one proxy, spoofed":      {"127.0.0.1:5000", "203.0.113.9, 192.0.2.1, 198.51.100.1", 1, "192.0.2.1", ""},
		"two proxies":             {"127.0.0.1:5000", "203.0.113.9, 192.0.2.1, 198.51.100.1", 2, "203.0.113.9", ""},
		"more proxies than known": {"127.0.0.1:5000", "192.0.2.1", 5, "192.0.2.1", ""},
		"no proxy":                {"127.0.0.1:5000", "203.0.113.9, 192.0.2.1", 0, "192.0.2.1", ""},
		"with a port":             {"127.0.0.1:5000", "192.0.2.1:99", 1, "192.0.2.1", "99"},
		"loopback proxy":          {"127.0.0.1:5000", "192.0.2.1, 127.0.0.1", 1, "192.0.2.1", ""},
		"loopback alone":          {"127.0.0.1:5000", "127.0.0.1", 1, "127.0.0.1", ""},
		"nonsense":                {"127.0.0.1:5000", "unknown, , 192.0.2.1,", 0, "192.0.2.1", ""},
		"nothing but nonsense":    {"127.0.0.1:5000", "unknown", 1, "", ""},
	} {
		request := httptest.NewRequest("GET", "/", nil)
		request.RemoteAddr = test.remote
		if test.forwarded != "" {
			request.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if ip, port := api.ClientAddr(request, test.proxies); ip != test.ip || port != test.port {
			t.Errorf("%s: %q, %q; want %q, %q", name, ip, port, test.ip, test.port)
		}
	}
}
