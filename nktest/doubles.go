package nktest

import (
	"fmt"
	"net/http"
	"sync"
)

// HTTP has a function answer nk.http_request from now on. Without one a request fails:
// tests do not reach the network.
func (h *Host) HTTP(answer func(*http.Request) (*http.Response, error)) { h.transport.set(answer) }

// transport answers nk.http_request.
type transport struct {
	mu     sync.Mutex
	answer func(*http.Request) (*http.Response, error)
}

func (t *transport) set(answer func(*http.Request) (*http.Response, error)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answer = answer
}

// RoundTrip asks the test.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	t.mu.Lock()
	answer := t.answer
	t.mu.Unlock()
	if answer == nil {
		return nil, fmt.Errorf("a test does not reach the network: answer %s %s with Host.HTTP", request.Method, request.URL)
	}
	response, err := answer(request)
	if err == nil && response.Body == nil {
		response.Body = http.NoBody
	}
	return response, err
}

// Override puts a function in the place of one of the nakama module, such as
// "storage_read", until Restore. It gets the arguments as Go values: tables as []any and
// map[string]any, whole numbers as int64, others as float64. What it returns become the
// function's results, and its error is raised.
func (h *Host) Override(name string, fn func(args []any) (results []any, err error)) {
	h.t.Helper()
	h.must(h.manual.SetDouble(name, fn), "override")
}

// Restore undoes Override.
func (h *Host) Restore(name string) {
	h.t.Helper()
	h.must(h.manual.SetDouble(name, nil), "restore")
}
