package host

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	nakama "github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/chat"
	"nkhost/host/db"
	"nkhost/host/group"
	"nkhost/host/notification"
	"nkhost/host/realtime"
	"nkhost/host/social"
	"nkhost/nkshim"
)

// openSocial makes the services that keep friends and groups. The sockets are made later;
// nothing is told them before they are.
func (h *Host) openSocial(ctx context.Context) (err error) {
	users := func(ctx context.Context, ids []string) ([]*nakama.User, error) {
		return h.accounts.Users(ctx, ids, nil, nil)
	}
	h.friends, err = social.NewService(ctx, h.database, social.Options{
		Now: h.now, Users: users, Notify: h.notify,
		Blocked: func(userID, friendID string) { h.sockets.StreamClose(directStream(userID, friendID)) },
	})
	if err != nil {
		return err
	}
	h.groups, err = group.NewService(ctx, h.database, group.Options{
		Now: h.now, NewID: h.options.NewID, Users: users, Notify: h.notify, Write: h.writeGroupMessages,
		Left:    h.leaveGroupChannel,
		Deleted: func(groupID string) { h.sockets.StreamClose(groupStream(groupID)) },
	})
	return err
}

// writeGroupMessages says in a group's channel what has become of its users.
func (h *Host) writeGroupMessages(ctx context.Context, tx *db.Tx, messages []group.Message) (send func(), err error) {
	var deliveries []func()
	for _, m := range messages {
		groupID, err := uuid.Parse(m.GroupID)
		if err != nil {
			return nil, err
		}
		deliver, err := h.channels.SaveTx(ctx, tx, chat.Message{
			Channel: chat.Channel{Kind: chat.Group, Subject: groupID}, Code: chat.Code(m.Code),
			SenderID: m.User.ID, Username: m.User.Username, Content: "{}", Persistent: true,
		})
		if err != nil {
			return nil, err
		}
		deliveries = append(deliveries, deliver)
	}
	return func() {
		for _, deliver := range deliveries {
			deliver()
		}
	}, nil
}

// notify sends notifications of what has happened, whether they arrive or not.
func (h *Host) notify(ctx context.Context, list []notification.Notification) {
	if err := h.notifications.Send(context.WithoutCancel(ctx), list); err != nil {
		h.log.ErrorContext(ctx, "notifications could not be sent", slog.Any("error", err))
	}
}

// forgetUser takes a user that is being deleted out of its groups, of leaderboards and of
// its friends' counts.
func (h *Host) forgetUser(ctx context.Context, tx *db.Tx, userID string) error {
	if err := h.groups.Forget(ctx, tx, userID); err != nil {
		return err
	}
	if err := h.leaderboards.Forget(ctx, tx, userID); err != nil {
		return err
	}
	return h.friends.Forget(ctx, tx, userID)
}

func groupStream(groupID string) realtime.Stream {
	return realtime.Stream{Mode: realtime.StreamGroup, Subject: uuid.MustParse(groupID)}
}

// directStream is the channel of two users, whichever is named first.
func directStream(a, b string) realtime.Stream {
	if a > b {
		a, b = b, a
	}
	return realtime.Stream{Mode: realtime.StreamDirectMessage, Subject: uuid.MustParse(a), Subcontext: uuid.MustParse(b)}
}

// leaveGroupChannel takes users off a group's channel.
func (h *Host) leaveGroupChannel(groupID string, userIDs []string) {
	left := map[string]bool{}
	for _, id := range userIDs {
		left[id] = true
	}
	stream := groupStream(groupID)
	for _, p := range h.sockets.StreamUserList(stream, true, true) {
		if left[p.UserID] {
			_ = h.sockets.StreamUserLeave(stream, p.UserID, p.SessionID) // it was there, so it is of this node
		}
	}
}

// lateStreams are the streams of sockets as modules know them. The sockets are made after
// the modules' runtime; a module that is being loaded finds them without sessions.
type lateStreams struct{ host *Host }

func inRealtime(s nkshim.Stream) realtime.Stream {
	return realtime.Stream{Mode: realtime.StreamMode(s.Mode), Subject: s.Subject, Subcontext: s.Subcontext, Label: s.Label}
}

func (s lateStreams) UserJoin(stream nkshim.Stream, userID, sessionID string, meta nkshim.StreamMeta) (bool, error) {
	return s.host.sockets.StreamUserJoin(inRealtime(stream), userID, sessionID, realtime.Meta(meta))
}

func (s lateStreams) UserUpdate(stream nkshim.Stream, userID, sessionID string, meta nkshim.StreamMeta) error {
	return s.host.sockets.StreamUserUpdate(inRealtime(stream), userID, sessionID, realtime.Meta(meta))
}

func (s lateStreams) UserLeave(stream nkshim.Stream, userID, sessionID string) error {
	return s.host.sockets.StreamUserLeave(inRealtime(stream), userID, sessionID)
}

func (s lateStreams) Users(stream nkshim.Stream, hidden, visible bool) []nkshim.StreamPresence {
	presences := s.host.sockets.StreamUserList(inRealtime(stream), hidden, visible)
	list := make([]nkshim.StreamPresence, len(presences))
	for i, p := range presences {
		list[i] = nkshim.StreamPresence{
			UserID: p.UserID, SessionID: p.SessionID, Username: p.Username, Node: p.Node, StreamMeta: nkshim.StreamMeta(p.Meta),
		}
	}
	return list
}

func (s lateStreams) Count(stream nkshim.Stream) int {
	return s.host.sockets.StreamCount(inRealtime(stream))
}

func (s lateStreams) Close(stream nkshim.Stream) { s.host.sockets.StreamClose(inRealtime(stream)) }

func (s lateStreams) Send(stream nkshim.Stream, sessions []string, out *rtapi.Envelope) {
	if len(sessions) == 0 {
		s.host.sockets.StreamSend(inRealtime(stream), nil, out)
	}
	for _, session := range sessions {
		_ = s.host.sockets.SendToSession(session, out) // one that has ended needs it no more
	}
}

func (s lateStreams) Follow(sessionID string, users []uuid.UUID) error {
	return s.host.sockets.Follow(sessionID, users)
}

func (s lateStreams) Unfollow(sessionID string, users []uuid.UUID) {
	s.host.sockets.Unfollow(sessionID, users)
}
