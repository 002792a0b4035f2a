// Package netio is TCP for a host whose messages are many and small: connections whose
// calls the Go scheduler is not told of, and sends to many of them with one system call.
//
// The Go runtime takes each system call for one that may block: it notes that the
// goroutine is in one and, if the program has just woken up, wakes its monitor thread to
// watch it. The socket calls here never block, as the netpoller waits for the sockets; on
// a host that wakes up for each message, with one processor, the monitor took a quarter of
// all its time.
package netio

import "net"

// NoFD is in the place of a file's number where there is none to write to.
const NoFD = -1

// Listener makes Conns of the TCP connections that a listener accepts, as far as the
// system has them.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrap(conn), nil
}
