// Package session knows who is asking: it issues and checks session tokens and
// carries a request's caller to the rooms that act on it.
package session

// Caller is who makes a request and how it came. The zero Caller is the server
// itself, as for an RPC that is called with the HTTP key. The maps must not be changed: a
// module may look at them during the request and long after it.
type Caller struct {
	UserID   string // "" when nobody is logged in
	Username string
	Vars     map[string]string // the token's session variables; nil if it has none
	Expiry   int64             // when the token expires, in Unix seconds

	SessionID  string // the socket's session; "" over REST
	Lang       string // set with SessionID only
	ClientIP   string
	ClientPort string

	Headers map[string][]string // of the HTTP request; nil on a socket
	Query   map[string][]string // the URL's parameters; nil on a socket
}
