package providers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxAnswer is how much of a provider's answer is read, in bytes.
const maxAnswer = 4 << 20

// getJSON asks for a JSON document.
func (c *Client) getJSON(ctx context.Context, address, bearer string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return withoutURL(err)
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return askJSON(c.options.HTTP, request, into)
}

// postForm sends a form and reads a JSON document.
func postForm(ctx context.Context, client *http.Client, address string, form url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return withoutURL(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return askJSON(client, request, into)
}

// newJSONRequest sends a JSON document.
func newJSONRequest(ctx context.Context, address string, document any) (*http.Request, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return nil, withoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	return request, nil
}

func askJSON(client *http.Client, request *http.Request, into any) error {
	body, err := ask(client, request)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s answers what is not as expected: %w", request.URL.Host, err)
	}
	return nil
}

func ask(client *http.Client, request *http.Request) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", request.URL.Host, withoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", request.URL.Host, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, &refusal{host: request.URL.Host, status: response.StatusCode, body: string(body)}
	}
	return body, nil
}

// refusal is an answer with another status than 200.
type refusal struct {
	host   string
	status int
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%s answers with status %d", r.host, r.status) }

// withoutURL takes the address out of an error: it may hold keys and tokens.
func withoutURL(err error) error {
	var failure *url.Error
	if errors.As(err, &failure) {
		return failure.Err
	}
	return err
}
