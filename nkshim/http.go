package nkshim

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"nkhost/lua"
	"nkhost/lua/glua"
)

var httpFunctions = map[string]function{
	"http_request": httpRequest,
}

const (
	httpTimeout     = 5 * time.Second
	httpMaxResponse = 64 << 20 // bytes
)

var httpMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead}

// newHTTPClient makes the client of nk.http_request, which asks the network unless it is
// given something else to ask. A timeout is set for each request.
func newHTTPClient(instead http.RoundTripper, insecure bool) *http.Client {
	if instead != nil {
		return &http.Client{Transport: instead}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: insecure} // the module asked for it
	return &http.Client{Transport: transport}
}

// httpRequest takes URL, method, headers, body, timeout in ms and insecure, and returns
// status, headers and body. Other Lua runs in its VM until the answer is there.
func httpRequest(r *Runtime, c call) int {
	url, method := c.filledText(1, "URL"), strings.ToUpper(c.text(2, "method"))
	headers := c.table(3, "headers")
	body := c.optText(4, "body", "")
	timeout := time.Duration(c.optInt(5, "timeout", 0)) * time.Millisecond
	client := r.httpClient
	if c.optBool(6, "insecure", false) {
		client = r.httpClientInsecure
	}
	if !slices.Contains(httpMethods, method) {
		c.fail("argument 2 (method) must be one of %s, got %q", strings.Join(httpMethods, ", "), method)
	}
	if timeout <= 0 {
		timeout = httpTimeout
	}
	ctx, cancel := context.WithTimeout(c.context(), timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		c.fail("%v", err)
	}
	setHeaders(c, request, headers)
	var answer httpAnswer
	c.wait(func() { answer, err = fetch(client, request) })
	if err != nil {
		c.fail("%v", err)
	}
	c.L.Push(glua.LNumber(answer.status))
	c.L.Push(answer.headers())
	c.L.Push(glua.LString(answer.body))
	return 3
}

// setHeaders takes named fields with string values; a list is passed over.
func setHeaders(c call, request *http.Request, headers *glua.LTable) {
	fields, _ := c.toGo(3, "headers", headers).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		text, ok := fields[name].(string)
		if !ok {
			c.fail("argument 3 (headers): the value of %q must be a string", name)
		}
		request.Header.Add(name, text)
	}
}

type httpAnswer struct {
	status int
	header http.Header
	body   []byte
}

// headers has the first value of each header, as Nakama's table does.
func (a httpAnswer) headers() glua.LValue {
	first := make(map[string]string, len(a.header))
	for name := range a.header {
		first[name] = a.header.Get(name)
	}
	return lua.FromGo(first)
}

func fetch(client *http.Client, request *http.Request) (httpAnswer, error) {
	response, err := client.Do(request)
	if err != nil {
		return httpAnswer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, httpMaxResponse+1))
	if err != nil {
		return httpAnswer{}, fmt.Errorf("read the answer: %w", err)
	}
	if len(body) > httpMaxResponse {
		return httpAnswer{}, fmt.Errorf("the answer is larger than %d MB", httpMaxResponse>>20)
	}
	return httpAnswer{status: response.StatusCode, header: response.Header, body: body}, nil
}
