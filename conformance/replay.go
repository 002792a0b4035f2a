package conformance

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Server says where the server under test is and how to get in.
type Server struct {
	Addr      string // base URL, without a slash at its end
	ServerKey string
	HTTPKey   string
	Node      string
	// Echo is the base URL of an HTTP server that answers with what it was asked.
	Echo string
	// Timeout is how long a step waits for an answer or a frame.
	Timeout time.Duration
	// Stop tells the server to shut down; nil where that cannot be done.
	Stop func() error
}

// Failure is a step whose answer was not the wanted one.
type Failure struct {
	Step int // from 1
	Text string
	Got  string // the normalised answer as JSON; "" when there was none
}

// Player replays one scene: it holds what the scene has learned so far.
type player struct {
	server  Server
	vars    variables
	sockets map[string]*socket
	client  *http.Client
	nonce   string
	headers http.Header // of the latest response
}

func newPlayer(server Server) *player {
	nonce := make([]byte, 4)
	_, _ = rand.Read(nonce)
	p := &player{
		server:  server,
		sockets: map[string]*socket{},
		client:  &http.Client{Timeout: 6 * server.Timeout, Transport: &http.Transport{}},
		nonce:   hex.EncodeToString(nonce),
	}
	p.vars = variables{"nonce": "n" + p.nonce, "node": server.Node, "echo": server.Echo}
	return p
}

func (p *player) close() {
	for _, s := range p.sockets {
		s.close()
	}
	p.client.CloseIdleConnections()
}

// Replay performs a scene's steps in order and gives each answer that is not the
// wanted one to failed, which says whether to go on. With record, it stores the
// answers in the scene instead of comparing them.
func Replay(server Server, scene *Scene, record bool, failed func(Failure) bool) {
	p := newPlayer(server)
	defer p.close()
	for i := range scene.Steps {
		failure, ok := p.step(&scene.Steps[i], record)
		failure.Step = i + 1
		if !ok && !failed(failure) {
			return
		}
	}
}

// step performs a step and compares its answer.
func (p *player) step(step *Step, record bool) (Failure, bool) {
	answer, checked, err := p.perform(step)
	if err != nil {
		return Failure{Text: strings.TrimSpace(step.title() + ": " + err.Error())}, false
	}
	if !checked {
		return Failure{}, true
	}
	if err := p.save(step, answer); err != nil {
		return Failure{Text: step.title() + ": " + err.Error()}, false
	}
	got := p.vars.normalise(answer, step)
	if !step.Exact {
		got = withoutErrorText(got)
	}
	if record {
		step.Want = json.RawMessage(compact(got))
		return Failure{}, true
	}
	want := parse(step.Want)
	for _, path := range step.Unordered {
		want = atPath(want, strings.Split(path, "."), sorted)
	}
	if compact(want) == compact(got) {
		return Failure{}, true
	}
	text := fmt.Sprintf("%s\nwant %s\ngot  %s", step.title(), compact(want), compact(got))
	return Failure{Text: text, Got: compact(got)}, false
}

func (p *player) save(step *Step, answer any) error {
	for name, path := range step.Save {
		value, ok := lookup(answer, path)
		if !ok {
			value, ok = lookup(opened(answer), path)
		}
		if !ok {
			return fmt.Errorf("the answer has no %s to save: %s", path, compact(answer))
		}
		p.vars[name] = value
	}
	return nil
}

// perform does one step. checked says that the step has an answer to compare.
func (p *player) perform(step *Step) (answer any, checked bool, err error) {
	switch {
	case step.Login != "":
		return nil, false, p.login(step.Login)
	case step.HTTP != nil:
		answer, err = p.http(step.HTTP)
		return answer, true, err
	case step.RPC != "":
		answer, err = p.rpc(step)
		return answer, true, err
	case step.Connect != nil:
		return nil, false, p.connect(step.Connect)
	case step.Send != nil:
		return nil, false, p.send(step)
	case step.Stop && p.server.Stop == nil:
		return nil, false, errors.New("this server cannot be stopped")
	case step.Stop:
		return nil, false, p.server.Stop()
	case step.Wait:
		time.Sleep(time.Duration(step.Ms) * time.Millisecond)
		return nil, false, nil
	}
	return p.await(step)
}

// await does the steps that look at what arrives on a socket, or close it.
func (p *player) await(step *Step) (answer any, checked bool, err error) {
	name := firstOf(step.Recv, step.Quiet, step.Drain, step.Closed, step.Close)
	if name == "" {
		return nil, true, errors.New("the step does nothing")
	}
	socket, err := p.socket(name)
	if err != nil {
		return nil, true, err
	}
	pause := time.Duration(step.Ms) * time.Millisecond
	switch name {
	case step.Recv:
		answer, err = socket.next(step.Kind, p.server.Timeout)
		return answer, true, err
	case step.Quiet:
		return "quiet", true, socket.quiet(step.Kind, pause)
	case step.Drain:
		socket.drain(pause)
	case step.Closed:
		closing, err := socket.waitClosed(p.server.Timeout)
		if err != nil || !step.Frame {
			return "closed", true, err
		}
		return closing, true, nil
	case step.Close:
		socket.close()
	}
	return nil, false, nil
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// withoutErrorText leaves out the wording of an error answer, which is the
// server's own; its HTTP status and gRPC code remain.
func withoutErrorText(answer any) any {
	m, ok := answer.(map[string]any)
	if !ok {
		return answer
	}
	if body, ok := m["body"].(map[string]any); ok && m["status"] != json.Number("200") {
		if _, isError := body["code"]; isError {
			m["body"] = map[string]any{"code": body["code"]}
			return m
		}
	}
	if failure, ok := m["error"].(map[string]any); ok {
		failure["message"] = "<text>"
	}
	return m
}
