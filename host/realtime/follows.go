package realtime

import (
	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var errTooManyFollows = status.Error(codes.ResourceExhausted, "This socket follows too many users. Unfollow some first.")

// follow makes a socket hear of users' statuses and returns those they have now.
// A socket's own user is passed over: it is followed always.
func (t *tracker) follow(s *socket, users []uuid.UUID) ([]*rtapi.UserPresence, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.gone {
		return nil, errSessionGone
	}
	news := 0
	for _, user := range users {
		if _, followed := s.follows[user]; !followed && user != s.user {
			news++
		}
	}
	if len(s.follows)+news > t.maxFollows {
		return nil, errTooManyFollows
	}
	statuses := []*rtapi.UserPresence{}
	for _, user := range users {
		if user == s.user {
			continue
		}
		t.addFollow(s, user)
		for _, p := range t.streams[statusStream(user)].all() {
			statuses = append(statuses, visible(p)...)
		}
	}
	return statuses, nil
}

func (t *tracker) addFollow(s *socket, user uuid.UUID) {
	followers := t.followers[user]
	if followers == nil {
		followers = map[*socket]struct{}{}
		t.followers[user] = followers
	}
	followers[s] = struct{}{}
	if s.follows == nil {
		s.follows = map[uuid.UUID]struct{}{}
	}
	s.follows[user] = struct{}{}
}

func (t *tracker) unfollow(s *socket, users []uuid.UUID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, user := range users {
		t.removeFollow(s, user)
		delete(s.follows, user)
	}
}

// unfollowAll ends a socket's follows. t.mu is held.
func (t *tracker) unfollowAll(s *socket) {
	for user := range s.follows {
		t.removeFollow(s, user)
	}
	s.follows = nil
}

func (t *tracker) removeFollow(s *socket, user uuid.UUID) {
	delete(t.followers[user], s)
	if len(t.followers[user]) == 0 {
		delete(t.followers, user)
	}
}

// online reports whether a user has a status.
func (t *tracker) online(user uuid.UUID) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.streams[statusStream(user)] != nil
}
