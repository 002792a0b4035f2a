// Package party keeps parties: players who stay together from match to match. A party has
// a leader, who lets others in, sends them away, and looks for a match for all of them.
//
// Who is in a party is who is on its stream, of which the sockets tell it by Joined, Left
// and Ended. What the members are told, when, and with which errors is Nakama's.
package party

import (
	"slices"
	"sync"
	"time"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/delayed"
	"nkhost/host/matchmaker"
)

// Presence is a user by one session.
type Presence struct {
	UserID    string
	SessionID string
	Username  string
	Node      string
}

// is says whether a client means p by other: it knows no nodes.
func (p Presence) is(other Presence) bool {
	other.Node = p.Node
	return p == other
}

func (p Presence) wire() *rtapi.UserPresence {
	return &rtapi.UserPresence{UserId: p.UserID, SessionId: p.SessionID, Username: p.Username}
}

func wireOf(list []Presence) []*rtapi.UserPresence {
	wire := make([]*rtapi.UserPresence, len(list))
	for i, p := range list {
		wire[i] = p.wire()
	}
	return wire
}

// Clients are the sockets of those who are in parties. Their methods are called with
// locks held: they must neither wait nor call a Registry.
type Clients interface {
	// SendTo sends to the given sessions, as far as they are open.
	SendTo(sessions []string, out *rtapi.Envelope)
	IsOpen(sessionID string) bool
}

// Matchmaker keeps the tickets of parties.
type Matchmaker interface {
	Add(request matchmaker.AddRequest) (ticket string, err error)
	RemoveParty(partyID, ticket string) error
	RemovePartyAll(partyID string)
}

// Options are what a Registry needs.
type Options struct {
	Clients    Clients
	Matchmaker Matchmaker
	Node       string
	Now        func() time.Time
	// LabelUpdateInterval is after what time listings know new parties and labels
	// (party.label_update_interval_ms).
	LabelUpdateInterval time.Duration
}

// Registry is all parties of a node. It is safe for use by several goroutines. An id is
// "<uuid>.<node>", and a session is named by its id.
type Registry struct {
	options Options

	mu      sync.RWMutex
	parties map[string]*party
	created uint64 // ever
}

// NewRegistry returns a registry without parties.
func NewRegistry(options Options) *Registry {
	return &Registry{options: options, parties: map[string]*party{}}
}

// party is one party. What stands above mu never changes.
type party struct {
	id      string
	number  uint64 // grows from party to party
	maxSize int
	created time.Time
	listing delayed.Value[listing]

	mu       sync.Mutex
	ended    bool
	open     bool
	leader   Presence   // one of members; none before the first has joined
	members  []Presence // the first to join first
	requests []Presence // to join, the oldest first; each of another user
}

var (
	errNotFound       = status.Error(codes.NotFound, "party not found")
	errClosed         = status.Error(codes.FailedPrecondition, "party closed")
	errFull           = status.Error(codes.ResourceExhausted, "party full")
	errRequestsFull   = status.Error(codes.ResourceExhausted, "party join requests full")
	errRequestTwice   = status.Error(codes.AlreadyExists, "party join request duplicate")
	errMemberAlready  = status.Error(codes.AlreadyExists, "party join request already member")
	errNotLeader      = status.Error(codes.PermissionDenied, "party leader only")
	errNotMember      = status.Error(codes.NotFound, "party member not found")
	errNoRequest      = status.Error(codes.NotFound, "party join request not found")
	errRemoveSelf     = status.Error(codes.InvalidArgument, "party cannot remove self")
	errLabelTooLong   = status.Error(codes.InvalidArgument, "party label too long")
	errHiddenLabelled = status.Error(codes.InvalidArgument, "party is hidden and label is not empty, invalid operation")
)

// MaxSize is how many members a party may have at most.
const MaxSize = 256

// New says what a new party is like.
type New struct {
	Open    bool // lets in whoever wants, and else whom the leader accepts
	Hidden  bool // from listings, but for those that ask for hidden ones
	MaxSize int  // from 1 to MaxSize members
	Label   string
}

// Create makes a party without members; the first to join leads it. The error for a size
// or a label that will not do has the code InvalidArgument.
func (r *Registry) Create(id string, n New) error {
	if n.MaxSize < 1 || n.MaxSize > MaxSize {
		return status.Errorf(codes.InvalidArgument, "Invalid party max size, must be 1-%d", MaxSize)
	}
	p := &party{id: id, maxSize: n.MaxSize, created: r.options.Now(), open: n.Open}
	if err := r.list(p, n.Open, n.Hidden, n.Label); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.created++
	p.number = r.created
	r.parties[id] = p
	return nil
}

// Count is how many parties there are.
func (r *Registry) Count() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.parties)
}

// Snapshot is who is in a party at a moment, and who wants to be.
type Snapshot struct {
	Leader   Presence
	Members  []Presence // the first to join first
	Requests []Presence // to join, the oldest first
}

// Get looks at a party. It fails with NotFound when there is none.
func (r *Registry) Get(id string) (found Snapshot, err error) {
	err = r.in(id, func(p *party) error {
		found = Snapshot{Leader: p.leader, Members: slices.Clone(p.members), Requests: slices.Clone(p.requests)}
		return nil
	})
	return found, err
}

func (r *Registry) find(id string) *party {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.parties[id]
}

// in does something with a party whose lock it holds.
func (r *Registry) in(id string, do func(p *party) error) error {
	p := r.find(id)
	if p == nil {
		return errNotFound
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return errClosed
	}
	return do(p)
}

// as is in for what only the leader may do.
func (r *Registry) as(session, id string, do func(p *party) error) error {
	return r.in(id, func(p *party) error {
		if p.leader.SessionID != session {
			return errNotLeader
		}
		return do(p)
	})
}

// end makes a party unknown. p.mu is held.
func (r *Registry) end(p *party) {
	p.ended = true
	r.options.Matchmaker.RemovePartyAll(p.id)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.parties, p.id)
}

// tell sends to all members but those of a session; "" leaves nobody out.
func (r *Registry) tell(p *party, except string, out *rtapi.Envelope) {
	sessions := make([]string, 0, len(p.members))
	for _, m := range p.members {
		if m.SessionID != except {
			sessions = append(sessions, m.SessionID)
		}
	}
	r.options.Clients.SendTo(sessions, out)
}

func (r *Registry) tellLeader(p *party) {
	r.tell(p, "", &rtapi.Envelope{Message: &rtapi.Envelope_PartyLeader{
		PartyLeader: &rtapi.PartyLeader{PartyId: p.id, Presence: p.leader.wire()},
	}})
}

// place is where a session stands in a list, -1 if it does not.
func place(list []Presence, session string) int {
	return slices.IndexFunc(list, func(p Presence) bool { return p.SessionID == session })
}
