package realtime

import (
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"
)

// maxStatus is how long a status may be, in bytes.
const maxStatus = 2048

// statusFollow follows users by id and name. Users that do not exist, and the
// socket's own, are passed over.
func (s *Server) statusFollow(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	follow := in.GetStatusFollow()
	ids := map[string]struct{}{}
	for _, text := range follow.GetUserIds() {
		id, ok := parseID(text)
		if !ok {
			return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, "A user id is not a UUID.")
		}
		if id != c.user {
			ids[id.String()] = struct{}{}
		}
	}
	names := map[string]struct{}{}
	for _, name := range follow.GetUsernames() {
		if name == "" {
			return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, "A user name is empty.")
		}
		if name != c.self.Username {
			names[name] = struct{}{}
		}
	}
	var statuses []*rtapi.UserPresence
	if len(ids)+len(names) > 0 {
		found, err := s.options.Users.Find(c.ctx, slices.Collect(maps.Keys(ids)), slices.Collect(maps.Keys(names)))
		if err != nil {
			return c.refuse(in.Cid, rtapi.Error_RUNTIME_EXCEPTION, c.errorText(err, "status follow"))
		}
		if statuses, err = s.tracker.follow(c, userIDs(found)); err != nil {
			return c.refuse(in.Cid, codeOf(err), c.errorText(err, "status follow"))
		}
	}
	return c.answer(&rtapi.Envelope{Cid: in.Cid, Message: &rtapi.Envelope_Status{Status: &rtapi.Status{Presences: statuses}}})
}

// userIDs are the ids of users, each once. The system user cannot be followed.
func userIDs(users []User) []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(users))
	for _, user := range users {
		id, ok := parseID(user.ID)
		if ok && id != uuid.Nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *Server) statusUnfollow(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	var users []uuid.UUID
	for _, text := range in.GetStatusUnfollow().GetUserIds() {
		id, ok := parseID(text)
		if !ok {
			return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, "A user id is not a UUID.")
		}
		users = append(users, id)
	}
	s.tracker.unfollow(c, users)
	return c.answer(&rtapi.Envelope{Cid: in.Cid})
}

// statusUpdate sets the status, or without one makes the user appear offline. As on
// Nakama the answer comes before the user's own event.
func (s *Server) statusUpdate(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	status := in.GetStatusUpdate().GetStatus()
	out := &rtapi.Envelope{Cid: in.Cid}
	if status == nil {
		c.send(out)
		s.tracker.untrack(c, statusStream(c.user), c.self.UserID)
		return out, true
	}
	if len(status.Value) > maxStatus {
		return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, "A status has 2048 bytes at most.")
	}
	err := s.tracker.update(c, statusStream(c.user), c.self.UserID, Meta{Status: status.Value}, func() { c.send(out) })
	if err != nil {
		return c.refuse(in.Cid, codeOf(err), c.errorText(err, "status update"))
	}
	return out, true
}
