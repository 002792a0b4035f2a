package conformance

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

var (
	errNoFrame = errors.New("no such frame arrived in time")
	errClosed  = errors.New("the server closed the socket")
)

// socket is one realtime connection with its frames in order of arrival.
type socket struct {
	conn     *websocket.Conn
	protobuf bool

	mu      sync.Mutex
	frames  []any
	arrived chan struct{} // holds a token when frames or done changed
	done    bool
	closing any // once done, the code and reason of the close frame
}

func (p *player) socket(name string) (*socket, error) {
	if s, ok := p.sockets[name]; ok {
		return s, nil
	}
	return nil, fmt.Errorf("no socket %q", name)
}

func (p *player) connect(c *Connect) error {
	query, err := p.connectQuery(c)
	if err != nil {
		return err
	}
	address := "ws" + strings.TrimPrefix(p.server.Addr, "http") + "/ws?" + query.Encode()
	dialer := websocket.Dialer{HandshakeTimeout: p.server.Timeout}
	conn, _, err := dialer.Dial(address, nil)
	if c.Fails {
		if err == nil {
			_ = conn.Close()
			return errors.New("the server accepted a socket it should refuse")
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("connect %s: %w", c.User, err)
	}
	s := &socket{conn: conn, protobuf: c.Format == "protobuf", arrived: make(chan struct{}, 1)}
	p.sockets[firstOf(c.Name, c.User)] = s
	time.AfterFunc(time.Duration(c.DeafMs)*time.Millisecond, s.read)
	return nil
}

func (p *player) connectQuery(c *Connect) (url.Values, error) {
	token, err := p.vars.expand(c.Token)
	if err != nil {
		return nil, err
	}
	token = firstOf(token, p.vars[c.User+".token"])
	query := url.Values{"token": {token}, "lang": {"en"}, "status": {fmt.Sprint(c.Status)}}
	if c.Format != "" {
		query.Set("format", c.Format)
	}
	for name, value := range c.Query {
		if value, err = p.vars.expand(value); err != nil {
			return nil, err
		}
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
	}
	return query, nil
}

func (p *player) send(step *Step) error {
	s, err := p.socket(step.On)
	if err != nil {
		return err
	}
	if step.Data != nil {
		data, err := p.vars.expand(string(step.Data))
		if err != nil {
			return err
		}
		p.vars["data"] = base64.StdEncoding.EncodeToString([]byte(textOf(data)))
		defer delete(p.vars, "data")
	}
	for range max(step.Times, 1) {
		text, err := p.vars.expand(string(step.Send))
		if err != nil {
			return err
		}
		if err := s.write(textOf(text), step.Other); err != nil {
			return err
		}
	}
	return nil
}

// write sends an envelope's JSON, in other WebSocket message type than the socket's
// own if so asked.
func (s *socket) write(text string, other bool) error {
	if !s.protobuf || other {
		kind := websocket.TextMessage
		if !s.protobuf && other {
			kind = websocket.BinaryMessage
		}
		return s.conn.WriteMessage(kind, []byte(text))
	}
	envelope := &rtapi.Envelope{}
	if err := protojson.Unmarshal([]byte(text), envelope); err != nil {
		return err
	}
	data, err := proto.Marshal(envelope)
	if err != nil {
		return err
	}
	return s.conn.WriteMessage(websocket.BinaryMessage, data)
}

func (s *socket) read() {
	for {
		_, data, err := s.conn.ReadMessage()
		var frame any
		if err == nil {
			frame, err = s.decode(data)
		}
		s.mu.Lock()
		if err != nil {
			s.done, s.closing = true, closeFrame(err)
		} else {
			s.frames = append(s.frames, frame)
		}
		s.mu.Unlock()
		select {
		case s.arrived <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *socket) decode(data []byte) (any, error) {
	if !s.protobuf {
		return parse(data), nil
	}
	envelope := &rtapi.Envelope{}
	if err := proto.Unmarshal(data, envelope); err != nil {
		return nil, err
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true, UseEnumNumbers: true}.Marshal(envelope)
	return parse(text), err
}

// next takes the first waiting frame that has the field kind (any, if ""),
// waiting for it no longer than timeout.
func (s *socket) next(kind string, timeout time.Duration) (any, error) {
	deadline := time.After(timeout)
	for {
		s.mu.Lock()
		for i, frame := range s.frames {
			fields, _ := frame.(map[string]any)
			if _, has := fields[kind]; has || kind == "" {
				s.frames = append(s.frames[:i:i], s.frames[i+1:]...)
				s.mu.Unlock()
				return frame, nil
			}
		}
		done := s.done
		s.mu.Unlock()
		if done {
			return nil, errClosed
		}
		select {
		case <-s.arrived:
		case <-deadline:
			return nil, errNoFrame
		}
	}
}

// quiet holds when no frame that has the field kind (any, if "") arrives within wait.
func (s *socket) quiet(kind string, wait time.Duration) error {
	frame, err := s.next(kind, wait)
	switch {
	case err == nil:
		return fmt.Errorf("wanted no frame, got %s", compact(frame))
	case errors.Is(err, errNoFrame):
		return nil
	}
	return err
}

func (s *socket) drain(wait time.Duration) {
	time.Sleep(wait)
	s.mu.Lock()
	s.frames = nil
	s.mu.Unlock()
}

// closeFrame is what the server's close frame said. A connection that ended without
// one has code 1006.
func closeFrame(err error) any {
	closed := &websocket.CloseError{}
	if !errors.As(err, &closed) || closed.Code == websocket.CloseAbnormalClosure {
		closed = &websocket.CloseError{Code: websocket.CloseAbnormalClosure}
	}
	return map[string]any{"code": json.Number(strconv.Itoa(closed.Code)), "reason": closed.Text}
}

// waitClosed waits until the server has closed the socket.
func (s *socket) waitClosed(timeout time.Duration) (closing any, err error) {
	deadline := time.Now().Add(timeout)
	for time.Now().Before(deadline) {
		s.mu.Lock()
		done, closing := s.done, s.closing
		s.mu.Unlock()
		if done {
			return closing, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.New("the server left the socket open")
}

func (s *socket) close() { _ = s.conn.Close() }
