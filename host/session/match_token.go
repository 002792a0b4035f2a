package session

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// matchClaims is what a matchmaker's token says, in Nakama's fields.
type matchClaims struct {
	MatchID string `json:"mid"`
	Expiry  int64  `json:"exp"` // Unix seconds
}

// IssueMatch makes the token with which matched players join their match. It is
// nobody's: whoever has it may use it until it expires.
func (t *Tokens) IssueMatch(matchID string, expiry time.Duration) (string, error) {
	token, err := t.session.encode(matchClaims{MatchID: matchID, Expiry: t.now().Add(expiry).Unix()})
	if err != nil {
		return "", fmt.Errorf("sign a match token: %w", err)
	}
	return token, nil
}

// CheckMatch returns the match that a token of IssueMatch lets its bearer join.
// The error has code InvalidArgument.
func (t *Tokens) CheckMatch(token string) (matchID string, err error) {
	var claims matchClaims
	if !t.session.decode(token, &claims) || t.now().Unix() >= claims.Expiry || claims.MatchID == "" {
		return "", status.Error(codes.InvalidArgument, "Invalid match token, or it has expired.")
	}
	return claims.MatchID, nil
}
