package api

import (
	"net/http"
	"slices"
	"strings"
)

var (
	corsMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}
	// corsPlainMethods need not be named in the answer to a preflight request.
	corsPlainMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost}
	corsHeaders      = []string{"Authorization", "Content-Type", "User-Agent"}
	corsPlainHeaders = []string{"", "Accept", "Accept-Language", "Content-Language", "Origin"}
	corsAnyOrigin    = []string{"*"}
)

// withCORS lets pages of any origin call next, and answers the requests with which
// browsers ask whether they may: with the statuses and headers of Nakama.
func withCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fromPage := r.Header.Get("Origin") != ""
		if r.Method == http.MethodOptions {
			if fromPage {
				w.WriteHeader(preflight(w.Header(), r.Header))
			}
			return
		}
		if fromPage {
			w.Header()["Access-Control-Allow-Origin"] = corsAnyOrigin
		}
		next.ServeHTTP(w, r)
	})
}

// preflight sets the headers of an answer to asked and returns its status.
func preflight(answer, asked http.Header) int {
	if _, ok := asked["Access-Control-Request-Method"]; !ok {
		return http.StatusBadRequest
	}
	method := asked.Get("Access-Control-Request-Method")
	if !slices.Contains(corsMethods, method) {
		return http.StatusMethodNotAllowed
	}
	var allowed []string
	for name := range strings.SplitSeq(asked.Get("Access-Control-Request-Headers"), ",") {
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if slices.Contains(corsPlainHeaders, name) {
			continue
		}
		if !slices.Contains(corsHeaders, name) {
			return http.StatusForbidden
		}
		allowed = append(allowed, name)
	}
	if len(allowed) > 0 {
		answer.Set("Access-Control-Allow-Headers", strings.Join(allowed, ","))
	}
	if !slices.Contains(corsPlainMethods, method) {
		answer.Set("Access-Control-Allow-Methods", method)
	}
	answer["Access-Control-Allow-Origin"] = corsAnyOrigin
	return http.StatusOK
}
