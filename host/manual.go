package host

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/host/party"
	"nkhost/host/realtime"
	"nkhost/host/session"
	"nkhost/host/storage"
	"nkhost/host/wallet"
	"nkhost/lua"
	"nkhost/nkshim"
)

// Manual is a host that does nothing by itself: its clock stands still, and matches, the
// matchmaker and the schedules of leaderboards advance, only in Step. It does not listen. What follows from what it is
// told is done when a method returns, and is the same each time, given the same ids and
// seeds. Its methods are for one goroutine; Handler's requests may come on others.
type Manual struct {
	*Host
	clock       atomic.Int64 // Unix nanoseconds
	matchmaking time.Time    // when the matchmaker is due
}

// Session is a user's session without a connection.
type Session struct {
	Caller session.Caller
	host   *Manual
	local  *realtime.Local
}

// OpenManual opens a host whose clock stands at start; it takes no Now. kicked is told
// whom a match kicks; it must not block.
func OpenManual(ctx context.Context, options Options, start time.Time, kicked func(matchID string, presences []match.Presence)) (*Manual, error) {
	m := &Manual{}
	m.clock.Store(start.UnixNano())
	options.Now = m.Now
	m.Host = newHost(options)
	m.manual, m.kicked = true, kicked
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	m.matchmaking = start.Add(m.matchmakerInterval())
	return m, nil
}

// Now is what the host's clock shows.
func (m *Manual) Now() time.Time { return time.Unix(0, m.clock.Load()).UTC() }

func (m *Manual) matchmakerInterval() time.Duration { return seconds(m.config.Matchmaker.IntervalSec) }

// Step lets time pass until something is due, but no longer than limit, does it, and says
// how much time has passed.
func (m *Manual) Step(limit time.Duration) (passed time.Duration, err error) {
	if m.maker.Count() == 0 && m.matchmaking.Before(m.Now().Add(limit)) {
		m.skipMatchmaking(limit)
	}
	step := max(0, min(limit, m.matchmaking.Sub(m.Now())))
	if m.matches.Count() > 0 {
		step = min(step, m.matches.Advance(0))
	}
	if due := m.leaderboards.Due(); !due.IsZero() {
		step = max(0, min(step, due.Sub(m.Now())))
	}
	m.clock.Add(int64(step))
	m.leaderboards.Tell(m.running)
	m.matches.Advance(step)
	if !m.Now().Before(m.matchmaking) {
		m.matchmaking = m.matchmaking.Add(m.matchmakerInterval())
		m.maker.Process()
	}
	return step, m.Settle()
}

// skipMatchmaking passes over the intervals within limit in which nobody waits.
func (m *Manual) skipMatchmaking(limit time.Duration) {
	interval := m.matchmakerInterval()
	behind := m.Now().Add(limit).Sub(m.matchmaking)
	m.matchmaking = m.matchmaking.Add((behind/interval + 1) * interval)
}

// settleTimeout is how long what follows from one event may take on a real clock.
const settleTimeout = time.Minute

// Settle waits until all is done that follows from what has happened.
func (m *Manual) Settle() error {
	ctx, cancel := context.WithTimeout(m.running, settleTimeout)
	defer cancel()
	for {
		before, err := m.sockets.AwaitEndings(ctx)
		if err != nil {
			return fmt.Errorf("sessions do not end: %w", err)
		}
		m.matches.AwaitQuiet()
		m.notifications.AwaitSent()
		after, err := m.sockets.AwaitEndings(ctx)
		if err == nil && after == before {
			return nil
		}
	}
}

// SignUp makes a user of that name, or finds the one that was made so, with tokens.
func (m *Manual) SignUp(ctx context.Context, username string) (session.Caller, session.Pair, error) {
	user, _, err := m.accounts.AuthenticateCustom(ctx, "custom-id-of-"+username, username, true)
	if err != nil {
		return session.Caller{}, session.Pair{}, fmt.Errorf("make the user %q: %w", username, err)
	}
	tokens, err := m.tokens.Issue(user.ID, user.Username, nil)
	return session.Caller{UserID: user.ID, Username: user.Username, Expiry: tokens.Expiry}, tokens, err
}

// Connect opens a session. receive is given what the session is sent; it must neither
// block nor call the host.
func (m *Manual) Connect(caller session.Caller, receive func(*rtapi.Envelope)) (*Session, error) {
	caller.SessionID, caller.Lang = m.options.NewID(), "en"
	local, err := m.sockets.OpenLocal(&caller, receive)
	return &Session{Caller: caller, host: m, local: local}, err
}

// Send does what a message asks for.
func (s *Session) Send(in *rtapi.Envelope) error {
	s.local.Handle(in)
	return s.host.Settle()
}

// Close ends the session as a lost connection does.
func (s *Session) Close() error {
	s.local.Close()
	return s.host.Settle()
}

// Open reports whether the session goes on.
func (s *Session) Open() bool { return s.local.Open() }

// CreateMatch makes a match of a module.
func (m *Manual) CreateMatch(ctx context.Context, module string, params map[string]any) (matchID string, err error) {
	if matchID, err = m.matches.Create(ctx, module, params); err != nil {
		return "", err
	}
	return matchID, m.Settle()
}

// Match looks at a match. Its error's code is NotFound for one that has ended.
func (m *Manual) Match(matchID string) (match.Snapshot, error) { return m.matches.Snapshot(matchID) }

// Party looks at a party. Its error's code is NotFound for one that has ended.
func (m *Manual) Party(partyID string) (party.Snapshot, error) { return m.parties.Get(partyID) }

// MatchState is a match's state as a Go value.
func (m *Manual) MatchState(matchID string) (any, error) {
	found, err := m.matches.Snapshot(matchID)
	if err != nil {
		return nil, err
	}
	return nkshim.StateToGo(found.State)
}

// Signal passes data to a match and returns its answer.
func (m *Manual) Signal(ctx context.Context, matchID, data string) (answer string, err error) {
	answer, err = m.matches.Signal(ctx, matchID, data)
	return answer, cmp.Or(err, m.Settle())
}

// Terminate asks a match to end within so many seconds.
func (m *Manual) Terminate(matchID string, graceSeconds int) error {
	if err := m.matches.Terminate(matchID, graceSeconds); err != nil {
		return err
	}
	return m.Settle()
}

// RPC calls an RPC function for a caller; nil is a server that has the HTTP key.
func (m *Manual) RPC(ctx context.Context, id string, caller *session.Caller, payload string) (answer string, err error) {
	if caller == nil {
		caller = &session.Caller{}
	}
	answer, err = m.shim.RPC(ctx, id, caller, payload)
	return answer, cmp.Or(err, m.Settle())
}

// NewVM makes a Lua VM beside those of the modules, which has all that theirs have.
func (m *Manual) NewVM() *lua.VM { return m.shim.NewVM() }

// SetDouble puts a function in the place of one of the nakama module, or with nil takes
// it away again.
func (m *Manual) SetDouble(name string, double nkshim.Double) error {
	return m.shim.SetDouble(name, double)
}

// Handler serves clients as the host's address would.
func (m *Manual) Handler() http.Handler { return m.server.Handler }

// ReadObject reads a storage object. Its error's code is NotFound if there is none.
func (m *Manual) ReadObject(ctx context.Context, id storage.ID) (*api.StorageObject, error) {
	found, err := m.storage.Read(ctx, storage.Server, []storage.ID{id})
	if err == nil && len(found) == 0 {
		err = status.Errorf(codes.NotFound, "there is no storage object %s/%s of user %s", id.Collection, id.Key, id.UserID)
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// WriteObject writes a storage object.
func (m *Manual) WriteObject(ctx context.Context, write storage.Write) error {
	_, err := m.storage.Write(ctx, storage.Server, []storage.Write{write})
	return err
}

// Account is a user's account, with the wallet.
func (m *Manual) Account(ctx context.Context, userID string) (*api.Account, error) {
	return m.accounts.Get(ctx, userID)
}

// UpdateWallet adds to a user's wallet.
func (m *Manual) UpdateWallet(ctx context.Context, userID string, changeset map[string]int64) error {
	_, err := m.wallets.Update(ctx, []wallet.Update{{UserID: userID, Changeset: changeset, Metadata: "{}"}}, false)
	return err
}
