package host

import (
	"context"
	"slices"

	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/account"
	"nkhost/host/match"
	"nkhost/host/realtime"
	"nkhost/host/session"
	"nkhost/nkshim"
)

// lateClients are the sockets as matches know them. Matches and sockets need each
// other, so that one of them has to be made first; no match calls before both are.
type lateClients struct {
	sockets *realtime.Server
	kicked  func(matchID string, presences []match.Presence) // is told first; may be nil
}

func (c *lateClients) Send(matchID string, to []match.Presence, message match.Broadcast) {
	c.sockets.Send(matchID, to, message)
}

func (c *lateClients) Kick(matchID string, presences []match.Presence) {
	if c.kicked != nil {
		c.kicked(matchID, presences)
	}
	c.sockets.Kick(matchID, presences)
}

func (c *lateClients) Disconnect(presences []match.Presence) { c.sockets.Disconnect(presences) }

// partyClients are the sockets as parties know them, which are made before.
type partyClients struct{ host *Host }

func (c partyClients) SendTo(sessions []string, out *rtapi.Envelope) {
	c.host.sockets.SendTo(sessions, out)
}

func (c partyClients) IsOpen(sessionID string) bool { return c.host.sockets.IsOpen(sessionID) }

// rpcs are the modules' RPCs as sockets know them.
type rpcs struct{ *nkshim.Runtime }

func (r rpcs) HasRPC(id string) bool {
	_, found := slices.BinarySearch(r.RPCs(), id)
	return found
}

// messageHooks are the modules' hooks as sockets know them.
type messageHooks struct{ shim *nkshim.Runtime }

func (h messageHooks) Before(ctx context.Context, name string, caller *session.Caller, in *rtapi.Envelope) (*rtapi.Envelope, error) {
	goOn, err := h.shim.BeforeMessage(ctx, name, caller, in)
	if err != nil || goOn {
		return in, err
	}
	return nil, nil
}

func (h messageHooks) After(ctx context.Context, name string, caller *session.Caller, out, in *rtapi.Envelope) {
	if out == nil {
		h.shim.AfterMessage(ctx, name, caller, nil, in) // a nil *Envelope would not be a nil message
		return
	}
	h.shim.AfterMessage(ctx, name, caller, out, in)
}

// users are the accounts as sockets know them.
type users struct{ accounts *account.Service }

func (u users) Find(ctx context.Context, ids, usernames []string) ([]realtime.User, error) {
	found, err := u.accounts.Find(ctx, ids, usernames)
	list := make([]realtime.User, len(found))
	for i, user := range found {
		list[i] = realtime.User{ID: user.ID, Username: user.Username}
	}
	return list, err
}
