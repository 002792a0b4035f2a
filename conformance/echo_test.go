package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// startEcho starts the HTTP server that scenes reach as ${echo}. It answers
// with what it was asked: method, path, query, X- headers, content type and
// body; ?status=N sets the status and ?sleep_ms=N delays the answer.
func startEcho() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		headers := map[string]string{}
		for name := range r.Header {
			if strings.HasPrefix(name, "X-") || name == "Content-Type" || name == "Authorization" {
				headers[name] = r.Header.Get(name)
			}
		}
		if ms, err := strconv.Atoi(r.URL.Query().Get("sleep_ms")); err == nil {
			time.Sleep(time.Duration(min(ms, 10_000)) * time.Millisecond)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Echo", "yes")
		w.Header().Set("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
		if status, err := strconv.Atoi(r.URL.Query().Get("status")); err == nil && status >= 200 && status < 600 {
			w.WriteHeader(status)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"method": r.Method, "path": r.URL.Path, "query": r.URL.Query(), "headers": headers, "body": string(body),
		})
	}))
}
