package realtime

import (
	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"
)

// Notify sends notifications to whoever is on a user's notification stream: the
// user's sockets, and those that a module has put there.
func (s *Server) Notify(userID string, notifications []*api.Notification) {
	user, ok := parseID(userID)
	if !ok {
		return
	}
	s.tracker.send(notificationStream(user), newNotifications(notifications), nil)
}

// NotifyAll sends notifications to all sockets.
func (s *Server) NotifyAll(notifications []*api.Notification) {
	b := newNotifications(notifications)
	s.mu.RLock()
	for _, c := range s.sockets {
		c.enqueue(b.frame(c.format))
	}
	s.mu.RUnlock()
	s.tracker.report(b)
}

func newNotifications(notifications []*api.Notification) *broadcast {
	return &broadcast{message: envelope{&rtapi.Envelope{Message: &rtapi.Envelope_Notifications{
		Notifications: &rtapi.Notifications{Notifications: notifications},
	}}}}
}
