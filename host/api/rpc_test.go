package api_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"nkhost/host/api"
	"nkhost/host/session"
)

func TestWhoMayCallRPCs(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	for name, test := range map[string]struct {
		query, auth string
		user        string // who calls; "" the server
		refused     bool
	}{
		"nobody":                       {"", "", "", true},
		"wrong key":                    {"&http_key=wrong", "", "", true},
		"empty key":                    {"&http_key=", "", "", true},
		"server key as a parameter":    {"&http_key=" + serverKey, "", "", true},
		"server key":                   {"", withServerKey, "", true},
		"bad token":                    {"", "Bearer garbage", "", true},
		"nonsense":                     {"", "nonsense", "", true},
		"lower-case bearer":            {"", "bearer " + alice.token, "", true},
		"token with a wrong key":       {"&http_key=wrong", alice.auth(), "", true},
		"a semicolon drops the key":    {"&a=1;http_key=" + httpKey, "", "", true},
		"key":                          {"&http_key=" + httpKey, "", "", false},
		"basic key":                    {"", withHTTPKey, "", false},
		"token":                        {"", alice.auth(), alice.id, false},
		"key before token":             {"&http_key=" + httpKey, alice.auth(), "", false},
		"empty key leaves the token":   {"&http_key=", alice.auth(), alice.id, false},
		"a semicolon leaves the token": {"&a=1;b=2", alice.auth(), alice.id, false},
	} {
		for _, method := range []string{"GET", "POST"} {
			answer := h.do(call{method: method, path: "/v2/rpc/who?unwrap" + test.query, auth: test.auth})
			if test.refused {
				wantFailure(t, answer, 401, 16)
				if body := answer.Body.String(); !strings.Contains(body, `"error":"`) || !strings.Contains(body, `"message":"`) {
					t.Errorf("%s: body %s", name, body)
				}
				continue
			}
			var caller session.Caller
			if err := json.Unmarshal(answer.Body.Bytes(), &caller); err != nil || caller.UserID != test.user {
				t.Errorf("%s by %s: %d %s", name, method, answer.Code, answer.Body)
			}
		}
	}
}

func TestAnEmptyHTTPKeyLetsNobodyIn(t *testing.T) {
	t.Parallel()
	h := start(t, func(o *api.Options) { o.HTTPKey = "" })
	for _, auth := range []string{"", basic("")} {
		wantFailure(t, h.do(call{method: "POST", path: "/v2/rpc/echo?http_key=", auth: auth}), 401, 16)
	}
}

func TestRPCNames(t *testing.T) {
	t.Parallel()
	h := start(t)
	for path, want := range map[string]int{
		"/v2/rpc/echo": 200, "/v2/rpc/ECHO": 200, "/v2/rpc/12345": 200,
		"/v2/rpc/a/slash": 200, "/v2/rpc/a%2Fslash": 200, "/v2/rpc/a%20space": 200, "/v2/rpc/a+space": 404,
		"/v2/rpc/none": 404, "/v2/rpc/echo/": 404, "/v2/rpc/": 400, "/v2/rpc": 404,
	} {
		for _, method := range []string{"GET", "POST"} {
			if answer := h.do(call{method: method, path: path, auth: withHTTPKey}); answer.Code != want {
				t.Errorf("%s %s: %d %s, want %d", method, path, answer.Code, answer.Body, want)
			}
		}
		for _, method := range []string{"PUT", "DELETE"} {
			wantStatus := 501
			if path == "/v2/rpc" {
				wantStatus = 404
			}
			if answer := h.do(call{method: method, path: path, auth: withHTTPKey}); answer.Code != wantStatus {
				t.Errorf("%s %s: %d %s", method, path, answer.Code, answer.Body)
			}
		}
	}
}

func TestRPCPayloads(t *testing.T) {
	t.Parallel()
	h := start(t)
	for name, test := range map[string]struct {
		method, query, body string
		status              int
		want                string // the answer's body; for errors what is in it
	}{
		"text":                   {"POST", "", `"hello"`, 200, `{"payload":"hello"}`},
		"spaces around":          {"POST", "", "  \"x\" \n", 200, `{"payload":"x"}`},
		"escapes":                {"POST", "", `"line\nbreak \"é\""`, 200, `{"payload":"line\nbreak \"é\""}`},
		"markup is escaped":      {"POST", "", `"<b>&"`, 200, `{"payload":"\u003cb\u003e\u0026"}`},
		"nothing":                {"POST", "", ``, 200, `{"payload":""}`},
		"null":                   {"POST", "", `null`, 200, `{"payload":""}`},
		"object":                 {"POST", "", `{"a":1}`, 400, `"code":3`},
		"list":                   {"POST", "", `[1]`, 400, `"code":3`},
		"number":                 {"POST", "", `5`, 400, `"code":3`},
		"truth":                  {"POST", "", `true`, 400, `"code":3`},
		"no JSON":                {"POST", "", `not json`, 400, `"code":3`},
		"unfinished":             {"POST", "", `"unfinished`, 400, `"code":3`},
		"two":                    {"POST", "", `"one" "two"`, 400, `"code":3`},
		"too long":               {"POST", "", `"` + strings.Repeat("x", maxBody) + `"`, 400, `request body too large`},
		"unwrapped":              {"POST", "?unwrap", `{"a": 1}`, 200, `{"a": 1}`},
		"unwrapped by presence":  {"POST", "?unwrap=false", `"x"`, 200, `"x"`},
		"unwrapped, anything":    {"POST", "?unwrap=true", `not json`, 200, `not json`},
		"unwrapped, with spaces": {"POST", "?unwrap", "  x  ", 200, "  x  "},
		"unwrapped, nothing":     {"POST", "?unwrap", "", 200, ""},
		"unwrapped, too long":    {"POST", "?unwrap", strings.Repeat("x", maxBody+1), 400, `request body too large`},
		"GET":                    {"GET", "", "", 200, `{"payload":""}`},
		"GET with a parameter":   {"GET", "?payload=text", "", 200, `{"payload":""}`},
		"GET with a body":        {"GET", "?unwrap", "body", 200, ""},
	} {
		answer := h.do(call{method: test.method, path: "/v2/rpc/echo" + test.query, auth: withHTTPKey, body: test.body})
		got := answer.Body.String()
		if answer.Code != test.status || test.status == 200 && got != test.want || !strings.Contains(got, test.want) {
			t.Errorf("%s: %d %s, want %d %s", name, answer.Code, got, test.status, test.want)
		}
	}
}

func TestRPCContentTypes(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, test := range []struct{ query, asked, want string }{
		{"", "text/csv", "application/json"},
		{"?unwrap", "text/csv", "text/csv"},
		{"?unwrap", "", "text/plain"},
	} {
		c := call{method: "POST", path: "/v2/rpc/echo" + test.query, auth: withHTTPKey, body: `"x"`, header: map[string]string{}}
		if test.asked != "" {
			c.header["Content-Type"] = test.asked
		}
		if got := h.do(c).Header().Get("Content-Type"); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

func TestRPCErrors(t *testing.T) {
	t.Parallel()
	h := start(t)
	refused := h.do(call{method: "POST", path: "/v2/rpc/refuses", auth: withHTTPKey})
	wantFailure(t, refused, 400, 9)
	if got, want := canonical(t, refused.Body.String()), canonical(t, `{"code":9,"message":"not <now>","error":{}}`); got != want {
		t.Errorf("body %s, want %s", got, want)
	}
	broken := h.do(call{method: "POST", path: "/v2/rpc/breaks", auth: withHTTPKey})
	wantFailure(t, broken, 500, 13)
	if strings.Contains(broken.Body.String(), "unexpected EOF") || !strings.Contains(h.log.String(), "unexpected EOF") {
		t.Errorf("body %s, log %s", broken.Body, h.log.String())
	}
}

func TestWhatRPCsAreTold(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.session(t, h.do(call{method: "POST", path: "/v2/account/authenticate/device?username=alice", auth: withServerKey, body: `{"id":"device-of-alice","vars":{"region":"eu"}}`}))
	claims, err := h.tokens.Check(alice.token)
	if err != nil {
		t.Fatal(err)
	}
	answer := h.do(call{
		method: "POST", path: "/v2/rpc/who?unwrap&a=1&a=2&b=&c=x%20y&A=upper", auth: alice.auth(),
		header: map[string]string{"x-conf-one": "first"},
	})
	var got session.Caller
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := session.Caller{
		UserID: claims.UserID, Username: "alice", Vars: map[string]string{"region": "eu"}, Expiry: claims.Expiry,
		ClientIP: "127.0.0.1", ClientPort: "5555",
		Headers: map[string][]string{"Authorization": {alice.auth()}, "X-Conf-One": {"first"}},
		Query:   map[string][]string{"unwrap": {""}, "a": {"1", "2"}, "b": {""}, "c": {"x y"}, "A": {"upper"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\ngot  %+v\nwant %+v", got, want)
	}

	answer = h.do(call{method: "GET", path: "/v2/rpc/who?unwrap&http_key=" + httpKey})
	if body := answer.Body.String(); strings.Contains(body, httpKey) {
		t.Errorf("an RPC is shown the key: %s", body)
	}
}

func BenchmarkRPC(b *testing.B) {
	h := start(b)
	c := call{method: "POST", path: "/v2/rpc/echo?unwrap", auth: h.login(b, "alice").auth(), body: strings.Repeat("x", 1000)}
	b.ReportAllocs()
	for b.Loop() {
		if answer := h.do(c); answer.Code != 200 {
			b.Fatal(answer.Code)
		}
	}
}
