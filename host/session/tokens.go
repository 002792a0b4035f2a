package session

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Config says how tokens are signed and how long they hold.
type Config struct {
	EncryptionKey        string        // signs session and match tokens (session.encryption_key)
	RefreshEncryptionKey string        // signs refresh tokens (session.refresh_encryption_key)
	TokenExpiry          time.Duration // of session tokens, in whole seconds
	RefreshTokenExpiry   time.Duration // of refresh tokens, in whole seconds
	Single               bool          // a login ends the user's earlier tokens (session.single_session)
	Now                  func() time.Time
	NewID                func() string // of tokens; nil makes random UUIDs
}

// Claims is what a session or refresh token says, in Nakama's fields.
type Claims struct {
	TokenID  string            `json:"tid,omitempty"`
	UserID   string            `json:"uid,omitempty"`
	Username string            `json:"usn,omitempty"`
	Vars     map[string]string `json:"vrs,omitempty"`
	Expiry   int64             `json:"exp,omitempty"` // Unix seconds
	IssuedAt int64             `json:"iat,omitempty"` // Unix seconds, of the first token of this id
}

// Pair is a session token with the refresh token that renews it.
type Pair struct {
	Token         string
	RefreshToken  string
	Expiry        int64 // of Token, in Unix seconds
	RefreshExpiry int64 // of RefreshToken, in Unix seconds
}

// Tokens issues tokens, checks them, and remembers which were logged out. What
// it remembers is in memory only: after a restart a token that was logged out
// holds again until it expires, as on Nakama.
type Tokens struct {
	session, refresh signer
	verified         verified
	logouts          *logouts
	single           bool
	now              func() time.Time
	newID            func() string
}

// NewTokens returns the tokens of a host. The two keys should differ: with equal
// keys a refresh token passes for a session token.
func NewTokens(cfg Config) *Tokens {
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	return &Tokens{
		session: newSigner(cfg.EncryptionKey, cfg.TokenExpiry, cfg.Now),
		refresh: newSigner(cfg.RefreshEncryptionKey, cfg.RefreshTokenExpiry, cfg.Now),
		logouts: newLogouts(),
		single:  cfg.Single,
		now:     cfg.Now,
		newID:   cfg.NewID,
	}
}

// Issue makes the tokens of a new login. Of earlier ones of the same second it ends none.
func (t *Tokens) Issue(userID, username string, vars map[string]string) (Pair, error) {
	if t.single {
		t.LogoutAll(userID)
	}
	return t.pair(Claims{
		TokenID: t.newID(), UserID: userID, Username: username, Vars: vars, IssuedAt: t.now().Unix(),
	})
}

// IssueUntil makes a session token alone, for a server module. It expires at the given
// time in Unix seconds, or with 0 as one of Issue does, and returns when.
func (t *Tokens) IssueUntil(userID, username string, vars map[string]string, expiry int64) (token string, expires int64, err error) {
	now := t.now()
	if expiry == 0 {
		expiry = now.Add(t.session.expiry).Unix()
	}
	token, err = t.session.encode(Claims{
		TokenID: t.newID(), UserID: userID, Username: username, Vars: vars, Expiry: expiry, IssuedAt: now.Unix(),
	})
	if err != nil {
		return "", 0, fmt.Errorf("sign a session token: %w", err)
	}
	return token, expiry, nil
}

// Renew makes the tokens that follow the checked refresh token old. They keep
// its id, so that a token whose id was logged out stays dead through refreshes;
// its variables are kept unless vars has some.
func (t *Tokens) Renew(old *Claims, username string, vars map[string]string) (Pair, error) {
	next := *old
	next.Username = username
	if len(vars) > 0 {
		next.Vars = vars
	}
	return t.pair(next)
}

func (t *Tokens) pair(claims Claims) (Pair, error) {
	var pair Pair
	var err error
	if pair.Token, pair.Expiry, err = t.session.sign(claims); err != nil {
		return Pair{}, fmt.Errorf("sign a session token: %w", err)
	}
	if pair.RefreshToken, pair.RefreshExpiry, err = t.refresh.sign(claims); err != nil {
		return Pair{}, fmt.Errorf("sign a refresh token: %w", err)
	}
	return pair, nil
}

// Check returns what a session token says. The error has code Unauthenticated:
// the token is malformed, of another key or algorithm, expired or logged out.
func (t *Tokens) Check(token string) (*Claims, error) {
	claims, ok := t.parseAgain(token)
	if !ok || t.logouts.sessionEnded(claims, t.session.issuedAt(claims)) {
		return nil, status.Error(codes.Unauthenticated, "Auth token invalid")
	}
	return claims, nil
}

// parseAgain is session.parse for tokens that come with request after request.
func (t *Tokens) parseAgain(token string) (*Claims, bool) {
	if claims, ok := t.verified.find(token); ok {
		return claims, t.now().Unix() < claims.Expiry
	}
	claims, ok := t.session.parse(token)
	if ok {
		t.verified.add(token, *claims)
	}
	return claims, ok
}

// CheckSocket is Check for opening a socket. As on Nakama, logging out one token
// does not keep it from opening sockets; logging out everywhere does.
func (t *Tokens) CheckSocket(token string) (*Claims, error) {
	claims, ok := t.session.parse(token)
	if !ok || t.logouts.allEnded(claims.UserID, t.session.issuedAt(claims)) {
		return nil, status.Error(codes.Unauthenticated, "Auth token invalid")
	}
	return claims, nil
}

// CheckRefresh returns what a refresh token says, or an error with code
// Unauthenticated.
func (t *Tokens) CheckRefresh(token string) (*Claims, error) {
	claims, ok := t.refresh.parse(token)
	if !ok || t.logouts.refreshEnded(claims, t.refresh.issuedAt(claims)) {
		return nil, status.Error(codes.Unauthenticated, "Refresh token invalid or expired.")
	}
	return claims, nil
}

// Logout ends the given tokens of a user. With both empty it ends all of the
// user's tokens. A token that is not one of the user's is refused with code
// InvalidArgument, and then neither is ended.
func (t *Tokens) Logout(userID, token, refreshToken string) error {
	if token == "" && refreshToken == "" {
		t.LogoutAll(userID)
		return nil
	}
	var session, refresh *Claims
	if token != "" {
		claims, ok := t.session.parse(token)
		if !ok || claims.UserID != userID {
			return status.Error(codes.InvalidArgument, "Session token invalid.")
		}
		session = claims
	}
	if refreshToken != "" {
		claims, ok := t.refresh.parse(refreshToken)
		if !ok || claims.UserID != userID {
			return status.Error(codes.InvalidArgument, "Refresh token invalid.")
		}
		refresh = claims
	}
	t.logouts.end(userID, session, refresh, t.now().Unix())
	return nil
}

// LogoutAll ends all tokens that a user was issued before the current second.
func (t *Tokens) LogoutAll(userID string) {
	now := t.now()
	longest := max(t.session.expiry, t.refresh.expiry)
	t.logouts.endAll(userID, now.Unix(), now.Add(longest).Unix())
}
