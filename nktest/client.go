package nktest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Client is a user's real connection to the host, over HTTP and WebSocket. The host's
// clock does not move meanwhile, and what the client sends is on its way when Send
// returns: Next waits until it has come of it what the test wants.
type Client struct {
	URL   string // of the host
	Token string // the user's session token

	t    T
	conn *websocket.Conn
	kept []Value // messages that Next has passed over
}

// patience is how long a client waits for a message, on a real clock.
const patience = 10 * time.Second

// Client connects a user for real, with a session of its own.
func (h *Host) Client(user *User) *Client {
	h.t.Helper()
	server := httptest.NewServer(h.manual.Handler())
	c := &Client{URL: server.URL, Token: user.token, t: h.t}
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(c.URL, "http")+"/ws?token="+url.QueryEscape(c.Token), nil)
	if err != nil {
		server.Close()
		h.t.Fatalf("connect %s: %v", user.Username, err)
	}
	c.conn = conn
	h.t.Cleanup(func() {
		_ = conn.Close()
		server.Close()
	})
	return c
}

// Send sends a realtime message: JSON as text, or a value that becomes it.
func (c *Client) Send(message any) {
	c.t.Helper()
	text, ok := message.(string)
	if !ok {
		encoded, err := json.Marshal(message)
		if err != nil {
			c.t.Fatalf("encode a message: %v", err)
		}
		text = string(encoded)
	}
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatalf("send a message: %v", err)
	}
}

// Next waits for the next message of a kind, such as "match_data". Others are kept for
// later calls.
func (c *Client) Next(kind string) Value {
	c.t.Helper()
	for i, message := range c.kept {
		if message.Has(kind) {
			c.kept = slices.Delete(c.kept, i, i+1)
			return message.At(kind)
		}
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			c.t.Fatalf("wait for a message %q: %v", kind, err)
		}
		message := decoded(c.t, "the message", string(data))
		if message.Has(kind) {
			return message.At(kind)
		}
		c.kept = append(c.kept, message)
	}
}

// Do makes a REST request with the user's token.
func (c *Client) Do(method, path, body string) (statusCode int, answer Value) {
	c.t.Helper()
	request, err := http.NewRequest(method, c.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, decoded(c.t, method+" "+path, string(text))
}
