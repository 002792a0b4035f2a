package session

import (
	"maps"
	"sync"
)

// logouts remembers which tokens were ended before they expired.
type logouts struct {
	mu        sync.RWMutex
	users     map[string]*userLogouts
	nextSweep int64
}

// userLogouts holds Unix seconds throughout.
type userLogouts struct {
	allBefore int64            // tokens made before this second are ended; 0: none
	until     int64            // when the last of those has expired by itself
	sessions  map[string]int64 // token id → when it expires by itself
	refreshes map[string]int64
}

// sweepEvery is how many seconds pass between two looks for what has expired.
const sweepEvery = 60

func newLogouts() *logouts {
	return &logouts{users: map[string]*userLogouts{}}
}

func (l *logouts) sessionEnded(claims *Claims, issuedAt int64) bool {
	return l.ended(claims, issuedAt, func(u *userLogouts) map[string]int64 { return u.sessions })
}

func (l *logouts) refreshEnded(claims *Claims, issuedAt int64) bool {
	return l.ended(claims, issuedAt, func(u *userLogouts) map[string]int64 { return u.refreshes })
}

func (l *logouts) ended(claims *Claims, issuedAt int64, tokens func(*userLogouts) map[string]int64) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	user, ok := l.users[claims.UserID]
	if !ok {
		return false
	}
	_, ended := tokens(user)[claims.TokenID]
	return ended || issuedAt < user.allBefore
}

func (l *logouts) allEnded(userID string, issuedAt int64) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	user, ok := l.users[userID]
	return ok && issuedAt < user.allBefore
}

// end ends the tokens that are not nil.
func (l *logouts) end(userID string, session, refresh *Claims, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	user := l.user(userID)
	if session != nil {
		user.sessions[session.TokenID] = session.Expiry
	}
	if refresh != nil {
		user.refreshes[refresh.TokenID] = refresh.Expiry
	}
}

func (l *logouts) endAll(userID string, now, until int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	user := l.user(userID)
	user.allBefore, user.until = max(user.allBefore, now), max(user.until, until)
}

func (l *logouts) user(id string) *userLogouts {
	user, ok := l.users[id]
	if !ok {
		user = &userLogouts{sessions: map[string]int64{}, refreshes: map[string]int64{}}
		l.users[id] = user
	}
	return user
}

// sweep forgets what has expired by itself, so that memory is bounded by the
// logouts of one expiry.
func (l *logouts) sweep(now int64) {
	if now < l.nextSweep {
		return
	}
	l.nextSweep = now + sweepEvery
	expired := func(_ string, expiry int64) bool { return expiry < now }
	for id, user := range l.users {
		maps.DeleteFunc(user.sessions, expired)
		maps.DeleteFunc(user.refreshes, expired)
		if len(user.sessions) == 0 && len(user.refreshes) == 0 && user.until < now {
			delete(l.users, id)
		}
	}
}
