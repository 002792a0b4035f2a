package netio

// Send is data for a connection, and what has become of it.
type Send struct {
	FD   int    // must stay open during Ring.Send
	Data []byte // neither changed nor kept

	Sent int   // bytes that the connection took, which may be fewer than there are
	Err  error // why it took none
}
