//go:build !unix

package netio

import "net"

func wrap(conn net.Conn) net.Conn { return conn }

// FD is NoFD: here no connection can be asked to take only as much as it can.
func FD(net.Conn) int { return NoFD }

// TryWrite is never called: there is no file's number.
func TryWrite(int, []byte) int { return 0 }

// CutOff closes a connection.
func CutOff(conn net.Conn) { _ = conn.Close() }
