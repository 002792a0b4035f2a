package realtime

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
)

// heldHandshake is the response to a request for a socket. It keeps what the library
// writes first, the answer to the handshake, until the session is known: whoever
// finds the socket open is already reached by what is sent to its user.
type heldHandshake struct {
	http.ResponseWriter
	conn *heldConn
}

// heldConn is a connection whose first write is kept.
type heldConn struct {
	net.Conn
	handshake []byte
	held      bool // the first write has been kept
}

func (h *heldHandshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = &heldConn{Conn: conn}
	return h.conn, buffered, nil
}

func (c *heldConn) Write(data []byte) (int, error) {
	if !c.held {
		c.handshake, c.held = bytes.Clone(data), true
		return len(data), nil
	}
	return c.Conn.Write(data)
}

// take gives what was kept away.
func (c *heldConn) take() []byte {
	handshake := c.handshake
	c.handshake = nil
	return handshake
}
