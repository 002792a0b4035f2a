package nkshim

import (
	"nkhost/host/match"
	"nkhost/lua/glua"
)

// Sessions are the users' tokens and sockets.
type Sessions interface {
	// GenerateToken makes a session token. Without a username one is made up; an expiry
	// of 0 is the usual one. expires is in Unix seconds.
	GenerateToken(userID, username string, vars map[string]string, expiry int64) (token string, expires int64, err error)
	// Logout ends the given tokens, or all of the user's if both are empty.
	Logout(userID, token, refreshToken string) error
	// Disconnect closes a socket, if it is open. Matches are given leave as the reason.
	Disconnect(sessionID string, leave match.Reason)
}

var sessionFunctions = map[string]function{
	"authenticate_token_generate": authenticateTokenGenerate,
	"session_disconnect":          sessionDisconnect,
	"session_logout":              sessionLogout,
}

func authenticateTokenGenerate(r *Runtime, c call) int {
	id, username, expiry := c.id(1, "user id"), c.text(2, "username"), c.optInt(3, "expiry", 0)
	vars := tags(c, 4, "vars")
	token, expires, err := r.deps.Sessions.GenerateToken(id, username, vars, int64(expiry))
	c.check(err)
	c.L.Push(glua.LString(token))
	c.L.Push(glua.LNumber(expires))
	return 2
}

func sessionDisconnect(r *Runtime, c call) int {
	id, reason := c.id(1, "session id"), match.Reason(c.optInt(2, "reason", 0))
	if reason < match.ReasonUnknown || reason > match.ReasonDisconnect {
		c.fail("argument 2 (reason) must be from %d to %d, got %d", match.ReasonUnknown, match.ReasonDisconnect, reason)
	}
	if reason == match.ReasonUnknown {
		reason = match.ReasonDisconnect
	}
	c.wait(func() { r.deps.Sessions.Disconnect(id, reason) })
	return 0
}

func sessionLogout(r *Runtime, c call) int {
	id, token, refreshToken := c.id(1, "user id"), c.optText(2, "token", ""), c.optText(3, "refresh token", "")
	c.check(r.deps.Sessions.Logout(id, token, refreshToken))
	return 0
}
