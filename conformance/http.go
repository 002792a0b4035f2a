package conformance

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

func (p *player) login(user string) error {
	username := user + "_" + p.nonce
	body, _ := json.Marshal(map[string]string{"id": "conformance-" + username})
	path := "/v2/account/authenticate/device?create=true&username=" + url.QueryEscape(username)
	status, answer, err := p.do("POST", path, body, p.asServer)
	if err != nil {
		return err
	}
	token, ok := lookup(answer, "token")
	if status != http.StatusOK || !ok {
		return fmt.Errorf("login of %s: %d %s", user, status, compact(answer))
	}
	_, account, err := p.do("GET", "/v2/account", nil, bearer(token))
	if err != nil {
		return err
	}
	id, ok := lookup(account, "user.id")
	if !ok {
		return fmt.Errorf("account of %s: %s", user, compact(account))
	}
	refresh, _ := lookup(answer, "refresh_token")
	p.vars[user+".token"], p.vars[user+".refresh"] = token, refresh
	p.vars[user+".id"], p.vars[user+".username"] = id, username
	p.vars[user+".device"] = "conformance-" + username
	return nil
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// authoriser adds the credentials of "server" (the server key), of a user who has
// logged in, or none for "".
func (p *player) authoriser(as string) (func(*http.Request), error) {
	switch as {
	case "":
		return func(*http.Request) {}, nil
	case "server":
		return p.asServer, nil
	}
	token, ok := p.vars[as+".token"]
	if !ok {
		return nil, fmt.Errorf("%s is not logged in", as)
	}
	return bearer(token), nil
}

func (p *player) asServer(r *http.Request) { r.SetBasicAuth(p.server.ServerKey, "") }

func (p *player) http(call *HTTPCall) (any, error) {
	path, err := p.vars.expand(call.Path)
	if err != nil {
		return nil, err
	}
	body, err := p.body(call)
	if err != nil {
		return nil, err
	}
	authorise, err := p.authoriser(call.As)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, value := range call.Header {
		if value, err = p.vars.expand(value); err != nil {
			return nil, err
		}
		header.Set(name, value)
	}
	status, answer, err := p.do(call.Method, path, body, func(r *http.Request) {
		authorise(r)
		if call.Gzip {
			r.Header.Set("Content-Encoding", "gzip")
		}
		maps.Copy(r.Header, header)
	})
	result := map[string]any{"status": json.Number(fmt.Sprint(status)), "body": answer}
	if len(call.Headers) > 0 {
		headers := map[string]any{}
		for _, name := range call.Headers {
			if values, ok := p.headers[http.CanonicalHeaderKey(name)]; ok {
				headers[name] = strings.Join(values, ", ")
			}
		}
		result["headers"] = headers
	}
	return result, err
}

func (p *player) body(call *HTTPCall) ([]byte, error) {
	text, err := p.vars.expand(string(call.Body))
	if err != nil {
		return nil, err
	}
	if call.Text != "" {
		text = call.Text
	}
	if !call.Gzip {
		return []byte(text), nil
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return packed.Bytes(), nil
}

func (p *player) rpc(step *Step) (any, error) {
	payload, err := p.vars.expand(string(step.Payload))
	if err != nil {
		return nil, err
	}
	payload = textOf(payload)
	path := "/v2/rpc/" + url.PathEscape(step.RPC) + "?unwrap=true"
	if step.As == "" {
		path += "&http_key=" + url.QueryEscape(p.server.HTTPKey)
	}
	authorise, err := p.authoriser(step.As)
	if err != nil {
		return nil, err
	}
	status, answer, err := p.do("POST", path, []byte(payload), authorise)
	return map[string]any{"status": json.Number(fmt.Sprint(status)), "body": answer}, err
}

func (p *player) do(method, path string, body []byte, prepare func(*http.Request)) (int, any, error) {
	request, err := http.NewRequest(method, p.server.Addr+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	prepare(request)
	response, err := p.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	p.headers = response.Header
	var reader io.Reader = response.Body
	if response.Header.Get("Content-Encoding") == "gzip" {
		if reader, err = gzip.NewReader(response.Body); err != nil {
			return 0, nil, err
		}
	}
	data, err := io.ReadAll(reader)
	return response.StatusCode, parse(data), err
}
