package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// Scene is one recorded conversation with the server.
type Scene struct {
	// About says in a line what the scene shows.
	About string `json:"about"`
	// Config holds the settings of the server that the scene needs, by their full
	// names; the others have their default values.
	Config map[string]json.RawMessage `json:"config,omitempty"`
	Steps  []Step                     `json:"steps"`
}

// stops reports whether the scene stops the server, which then is of no use to others.
func (s *Scene) stops() bool {
	return slices.ContainsFunc(s.Steps, func(step Step) bool { return step.Stop })
}

// Step is one thing a user does, and what the server must answer. Exactly one
// of the action fields is set.
type Step struct {
	// Login authenticates a user by device id, creating the account, and
	// defines ${NAME.id}, ${NAME.username} and ${NAME.token}.
	Login string `json:"login,omitempty"`
	// HTTP sends a REST request.
	HTTP *HTTPCall `json:"http,omitempty"`
	// RPC calls a registered RPC function over REST, unwrapped; as a user when
	// As is set and with the server's HTTP key when it is not.
	RPC string `json:"rpc,omitempty"`
	// Connect opens a WebSocket for a logged-in user.
	Connect *Connect `json:"connect,omitempty"`
	// Send writes one envelope on a user's socket.
	// With Other, the frame has the other WebSocket message type; with Times, it is
	// sent that often.
	Send  json.RawMessage `json:"send,omitempty"`
	Other bool            `json:"other,omitempty"`
	Times int             `json:"times,omitempty"`
	// Data is what ${data} in Send stands for, in base64: a JSON string's
	// text, or any other JSON value as it stands.
	Data json.RawMessage `json:"data,omitempty"`
	// Recv takes the next frame from a socket; with Kind, the next frame whose
	// envelope has that field, leaving the others waiting.
	Recv string `json:"recv,omitempty"`
	Kind string `json:"kind,omitempty"`
	// Quiet holds when no frame (of Kind, if set) reaches the socket within Ms.
	Quiet string `json:"quiet,omitempty"`
	// Drain drops what waits on a socket after Ms.
	Drain string `json:"drain,omitempty"`
	// Closed holds when the server closes the socket. With Frame, the answer is the
	// code and reason of the close frame.
	Closed string `json:"closed,omitempty"`
	Frame  bool   `json:"frame,omitempty"`
	// Close closes a user's socket.
	Close string `json:"close,omitempty"`
	// Wait pauses for Ms.
	Wait bool `json:"wait,omitempty"`
	// Stop tells the server to shut down, and does not wait until it has.
	Stop bool `json:"stop,omitempty"`

	// On names the socket Send writes to.
	On string `json:"on,omitempty"`
	// As names the user an RPC is called by.
	As string `json:"as,omitempty"`
	// Payload is the RPC's payload: a JSON string is sent as its text.
	Payload json.RawMessage `json:"payload,omitempty"`
	Ms      int             `json:"ms,omitempty"`

	// Save defines variables from the answer: name -> dotted path.
	Save map[string]string `json:"save,omitempty"`
	// Ignore replaces the values at these dotted paths by "<any>".
	Ignore []string `json:"ignore,omitempty"`
	// Unordered sorts the arrays at these dotted paths before comparing.
	Unordered []string `json:"unordered,omitempty"`
	// Exact also compares the text of an error, not only its status and code.
	Exact bool `json:"exact,omitempty"`

	// Want is the answer of the reference server, normalised.
	Want json.RawMessage `json:"want,omitempty"`
}

// HTTPCall is a REST request. Path and Body may hold ${variables}.
type HTTPCall struct {
	// As names the user whose session token authorises the call; "server"
	// uses the server key, "" sends no credentials.
	As     string            `json:"as,omitempty"`
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Header map[string]string `json:"header,omitempty"`
	Body   json.RawMessage   `json:"body,omitempty"`
	// Text is a body sent as it stands, for requests that are not valid JSON.
	Text string `json:"text,omitempty"`
	// Gzip compresses the body before it is sent.
	Gzip bool `json:"gzip,omitempty"`
	// Headers names the response headers that belong to the answer.
	Headers []string `json:"headers,omitempty"`
}

// Connect opens a socket named Name (by default the user's name).
type Connect struct {
	User   string `json:"user"`
	Name   string `json:"name,omitempty"`
	Status bool   `json:"status,omitempty"`
	// Format is "json" (default) or "protobuf".
	Format string `json:"format,omitempty"`
	// Token replaces the user's session token.
	Token string `json:"token,omitempty"`
	// Query sets further query parameters of the request; "" leaves one out.
	Query map[string]string `json:"query,omitempty"`
	// DeafMs is for how long the client reads nothing.
	DeafMs int `json:"deaf_ms,omitempty"`
	// Fails holds when the server refuses the upgrade.
	Fails bool `json:"fails,omitempty"`
}

// LoadScene reads a scene from a JSON file.
func LoadScene(file string) (*Scene, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var scene Scene
	if err := decoder.Decode(&scene); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &scene, nil
}

// Save writes a scene back, with the answers that Replay recorded.
func (s *Scene) Save(file string) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(s); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

func (s *Step) title() string {
	switch {
	case s.HTTP != nil:
		return s.HTTP.Method + " " + s.HTTP.Path
	case s.RPC != "":
		return "rpc " + s.RPC
	case s.Recv != "":
		return "frame for " + s.Recv + " " + s.Kind
	}
	return ""
}
