package api

import (
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/session"
)

// authorize checks a request's credentials and returns who makes it: nobody in
// particular unless a session token was needed. The error's code is Unauthenticated.
func (s *server) authorize(r *http.Request, needs credential) (*session.Caller, error) {
	if needs == nothing {
		return &session.Caller{}, nil
	}
	header := r.Header["Authorization"]
	if needs == serverKey {
		if len(header) != 1 {
			return nil, status.Error(codes.Unauthenticated, "Server key required")
		}
		if key, ok := basicUser(header[0]); !ok || !equalKeys(key, s.ServerKey) {
			return nil, status.Error(codes.Unauthenticated, "Server key invalid")
		}
		return &session.Caller{}, nil
	}
	switch len(header) {
	case 0:
		return nil, status.Error(codes.Unauthenticated, "Auth token required")
	case 1:
		return s.bearer(header[0])
	}
	return nil, status.Error(codes.Unauthenticated, "Auth token invalid")
}

// bearer returns whom an Authorization header with a session token stands for. As on
// Nakama the scheme's case counts.
func (s *server) bearer(authorization string) (*session.Caller, error) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "Auth token invalid")
	}
	claims, err := s.Tokens.Check(token)
	if err != nil {
		return nil, err
	}
	return &session.Caller{UserID: claims.UserID, Username: claims.Username, Vars: claims.Vars, Expiry: claims.Expiry}, nil
}

// basicUser returns the user name of a basic Authorization header; the password
// does not matter, but its colon must be there.
func basicUser(authorization string) (user string, ok bool) {
	encoded, ok := strings.CutPrefix(authorization, "Basic ")
	if !ok {
		return "", false
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", false
	}
	user, _, ok = strings.Cut(string(text), ":")
	return user, ok
}

// HasHTTPKey says whether a request shows the HTTP key as RPCs want it, as a parameter or
// as the user of basic authentication.
func HasHTTPKey(r *http.Request, want string) bool {
	key := r.URL.Query().Get("http_key")
	if key == "" {
		key, _ = basicUser(r.Header.Get("Authorization"))
	}
	return equalKeys(key, want)
}

// equalKeys takes as long whether or not the beginnings are alike.
func equalKeys(got, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// ClientAddr finds the address of who made a request. Of those that proxies noted in
// X-Forwarded-For it is the one before the last `proxies` of them, or the first;
// addresses of this machine do not count unless there is no other. port is "" where
// a proxy did not note it, and both are if there is no address.
func ClientAddr(r *http.Request, proxies int) (ip, port string) {
	candidates := []string{r.RemoteAddr}
	if noted := r.Header.Get("X-Forwarded-For"); noted != "" {
		candidates = strings.Split(noted, ",")
	}
	passed := 0
	for i := len(candidates) - 1; i >= 0; i-- {
		if ip != "" {
			passed++
		}
		host, itsPort, ok := parseAddr(strings.TrimSpace(candidates[i]))
		if !ok || i > 0 && net.ParseIP(host).IsLoopback() {
			continue
		}
		ip, port = host, itsPort
		if passed >= proxies {
			break
		}
	}
	return ip, port
}

// parseAddr reads an IP address with or without a port.
func parseAddr(text string) (ip, port string, ok bool) {
	if host, port, err := net.SplitHostPort(text); err == nil && net.ParseIP(host) != nil {
		return host, port, true
	}
	if net.ParseIP(text) != nil {
		return text, "", true
	}
	return "", "", false
}
