package chat

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/cursor"
)

// ListRequest says which messages of a channel to list.
type ListRequest struct {
	Caller  string // the user who asks, or "" for the server, which may read all channels
	Channel Channel
	Limit   int
	Forward bool // from the oldest to the newest
	Cursor  string
}

// place is where one page of a listing ends and another begins.
type place struct {
	Channel string `json:"c"`
	Time    int64  `json:"t"` // of the message beside it, in Unix milliseconds
	ID      string `json:"i"`
	Forward bool   `json:"f"` // the direction of the listing
	Next    bool   `json:"n"` // whether it leads on in that direction, or back
}

func (p *place) text() string {
	if p == nil {
		return ""
	}
	return cursor.Encode(p)
}

// readCursor returns nil for "". The error's code is InvalidArgument for a cursor of
// another listing.
func readCursor(r *ListRequest) (*place, error) {
	if r.Cursor == "" {
		return nil, nil
	}
	p := &place{}
	if err := cursor.Decode(r.Cursor, p); err != nil || p.Forward != r.Forward || p.Channel != r.Channel.ID() {
		return nil, status.Error(codes.InvalidArgument, "Cursor is invalid or expired.")
	}
	return p, nil
}

// List returns a page of what a channel's history holds. The error's code is
// InvalidArgument for a cursor of another listing, and for a channel that the caller may
// not read.
func (s *Service) List(ctx context.Context, r ListRequest) (*api.ChannelMessageList, error) {
	from, err := readCursor(&r)
	if err != nil {
		return nil, err
	}
	if err := s.mayRead(ctx, r.Caller, r.Channel); err != nil {
		return nil, err
	}
	read, more, err := s.read(ctx, &r, from)
	if err != nil {
		return nil, err
	}
	at := func(m *api.ChannelMessage, next bool) *place {
		return &place{Channel: m.ChannelId, Time: m.CreateTime.AsTime().UnixMilli(), ID: m.MessageId, Forward: r.Forward, Next: next}
	}
	back := from != nil && !from.Next
	if back {
		slices.Reverse(read)
	}
	list := &api.ChannelMessageList{Messages: read}
	if len(read) == 0 {
		list.CacheableCursor = emptyCacheable(from)
		return list, nil
	}
	first, last := read[0], read[len(read)-1]
	// There is more behind only if the listing came from there.
	if more && !back || back {
		list.NextCursor = at(last, true).text()
	}
	if more && back || from != nil && !back {
		list.PrevCursor = at(first, false).text()
	}
	cacheable := at(last, true)
	cacheable.Forward = true
	list.CacheableCursor = cacheable.text()
	return list, nil
}

// emptyCacheable is where to go on from a page that is empty.
func emptyCacheable(from *place) string {
	if from != nil && !from.Forward {
		from.Forward, from.Next = true, true
	}
	return from.text()
}

// mayRead lets a group's members and the two users of a direct channel in, and anyone
// into rooms.
func (s *Service) mayRead(ctx context.Context, caller string, channel Channel) error {
	if caller == "" {
		return nil
	}
	switch channel.Kind {
	case Group:
		member, err := s.Relations.InGroup(ctx, channel.Subject.String(), caller)
		if err == nil && !member {
			err = status.Error(codes.InvalidArgument, "Group not found.")
		}
		return err
	case Direct:
		if _, ok := channel.Partner(caller); !ok {
			return status.Error(codes.InvalidArgument, "Channel not found.")
		}
	}
	return nil
}

// read returns the messages beyond a place, in the order in which they are read, and
// whether there are more.
func (s *Service) read(ctx context.Context, r *ListRequest, from *place) (read []*api.ChannelMessage, more bool, err error) {
	query, start := s.sql.oldest, &place{Time: math.MinInt64}
	if r.Forward != (from == nil || from.Next) {
		query, start = s.sql.newest, &place{Time: math.MaxInt64}
	}
	if from != nil {
		start = from
	}
	c := r.Channel
	err = query.Each(ctx, func(rows *sql.Rows) error {
		if more = len(read) == r.Limit; more {
			return nil
		}
		message, err := scan(rows)
		read = append(read, message)
		return err
	}, c.Kind, c.Subject.String(), c.Subcontext.String(), c.Label, start.Time, start.ID, r.Limit+1)
	return read, more, err
}

func scan(rows *sql.Rows) (*api.ChannelMessage, error) {
	m := Message{Persistent: true}
	var subject, subcontext string
	var created, updated int64
	if err := rows.Scan(&m.ID, &m.Code, &m.SenderID, &m.Username, &m.Channel.Kind, &subject, &subcontext, &m.Channel.Label,
		&m.Content, &created, &updated); err != nil {
		return nil, err
	}
	var err error
	if m.Channel.Subject, err = uuid.Parse(subject); err != nil {
		return nil, err
	}
	if m.Channel.Subcontext, err = uuid.Parse(subcontext); err != nil {
		return nil, err
	}
	return m.wire(time.UnixMilli(created), time.UnixMilli(updated)), nil
}
