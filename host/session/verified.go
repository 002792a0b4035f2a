package session

import (
	"maps"
	"strings"
	"sync"
)

// How many tokens are remembered, and how long they may be: a module or a client can give
// its sessions many variables, and all of them would be kept.
const (
	maxVerified      = 2048
	maxVerifiedBytes = 2048
)

// verified remembers what tokens say whose signature was right, since a client sends the
// same with each request. Whether a token holds still, that is, is neither expired nor
// logged out, is for who asks. It is safe for concurrent use.
type verified struct {
	mu     sync.Mutex
	claims map[string]Claims // by token
}

// find returns a copy of a token's claims.
func (v *verified) find(token string) (*Claims, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	claims, ok := v.claims[token]
	if !ok {
		return nil, false
	}
	claims.Vars = maps.Clone(claims.Vars)
	return &claims, true
}

// add forgets all others when there are too many: those in use come again. It takes no
// long token.
func (v *verified) add(token string, claims Claims) {
	if len(token) > maxVerifiedBytes {
		return
	}
	claims.Vars = maps.Clone(claims.Vars)
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.claims) >= maxVerified {
		clear(v.claims)
	}
	if v.claims == nil {
		v.claims = map[string]Claims{}
	}
	v.claims[strings.Clone(token)] = claims // it may be a part of a request's header
}
