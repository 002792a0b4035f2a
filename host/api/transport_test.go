package api_test

import (
	"strings"
	"testing"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	h := start(t)
	for name, test := range map[string]struct {
		method, path string
		asked        map[string]string
		status       int
		answer       map[string]string // "" for absent
	}{
		"preflight of PUT": {"OPTIONS", "/v2/account",
			map[string]string{"Origin": "http://game.example", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization, content-type"}, 200,
			map[string]string{"Access-Control-Allow-Headers": "Authorization,Content-Type", "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": ""}},
		"preflight of POST": {"OPTIONS", "/v2/rpc/echo",
			map[string]string{"Origin": "http://game.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}, 200,
			map[string]string{"Access-Control-Allow-Headers": "Authorization", "Access-Control-Allow-Methods": "", "Access-Control-Allow-Origin": "*"}},
		"preflight of plain headers": {"OPTIONS", "/v2/account",
			map[string]string{"Origin": "http://game.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "accept"}, 200,
			map[string]string{"Access-Control-Allow-Headers": "", "Access-Control-Allow-Origin": "*"}},
		"refused method": {"OPTIONS", "/v2/account",
			map[string]string{"Origin": "http://game.example", "Access-Control-Request-Method": "PATCH"}, 405,
			map[string]string{"Access-Control-Allow-Origin": ""}},
		"refused header": {"OPTIONS", "/v2/account",
			map[string]string{"Origin": "http://game.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-custom"}, 403,
			map[string]string{"Access-Control-Allow-Origin": ""}},
		"no method asked for": {"OPTIONS", "/v2/account",
			map[string]string{"Origin": "http://game.example"}, 400, map[string]string{"Access-Control-Allow-Origin": ""}},
		"not from a page": {"OPTIONS", "/v2/account", nil, 200, map[string]string{"Access-Control-Allow-Origin": ""}},
		"request": {"GET", "/healthcheck", map[string]string{"Origin": "http://game.example"}, 200,
			map[string]string{"Access-Control-Allow-Origin": "*", "Content-Type": "application/json", "Cache-Control": "no-store, no-cache, must-revalidate"}},
		"refused request": {"GET", "/v2/account", map[string]string{"Origin": "http://game.example"}, 401, map[string]string{"Access-Control-Allow-Origin": "*"}},
		"no such path":    {"GET", "/v2/nothing", map[string]string{"Origin": "http://game.example"}, 404, map[string]string{"Access-Control-Allow-Origin": "*"}},
		"no origin":       {"GET", "/healthcheck", nil, 200, map[string]string{"Access-Control-Allow-Origin": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := h.do(call{method: test.method, path: test.path, header: test.asked})
			if answer.Code != test.status {
				t.Errorf("status %d, want %d", answer.Code, test.status)
			}
			for header, want := range test.answer {
				if got := answer.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	h := start(t)
	long := strings.Repeat("long ", 100)
	for name, test := range map[string]struct {
		accepts, payload string
		zipped           bool
	}{
		"accepted":      {"gzip", long, true},
		"among others":  {"deflate, gzip, br", long, true},
		"not accepted":  {"deflate", long, false},
		"not asked for": {"", long, false},
		"too short":     {"gzip", "short", false},
	} {
		// Twice, the second time with the writer of the first.
		for range 2 {
			answer := h.do(call{method: "POST", path: "/v2/rpc/echo?unwrap", auth: withHTTPKey, body: test.payload, header: map[string]string{"Accept-Encoding": test.accepts}})
			body := answer.Body.String()
			if got := answer.Header().Get("Content-Encoding") == "gzip"; got != test.zipped {
				t.Errorf("%s: compressed %t", name, got)
			} else if got {
				body = unzipped(t, answer.Body)
			}
			if body != test.payload || answer.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: body %q, Vary %q", name, body, answer.Header().Get("Vary"))
			}
		}
	}
}
