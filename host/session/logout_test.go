package session_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

func TestLogoutOfOneToken(t *testing.T) {
	t.Parallel()
	clock := newClock()
	tokens := newTokens(clock)
	first, second, others := issue(t, tokens, alice, nil), issue(t, tokens, alice, nil), issue(t, tokens, bob, nil)

	for name, pair := range map[string][2]string{
		"another user's token":             {others.Token, ""},
		"another user's refresh token":     {"", others.RefreshToken},
		"garbage":                          {"garbage", ""},
		"garbage beside a good token":      {first.Token, "garbage"},
		"refresh token as a session's":     {first.RefreshToken, ""},
		"session token as a refresh one":   {"", first.Token},
		"session token in both the places": {first.Token, first.Token},
	} {
		wantCode(t, name, tokens.Logout(alice, pair[0], pair[1]), codes.InvalidArgument)
	}
	if _, err := tokens.Check(first.Token); err != nil {
		t.Errorf("after refused logouts: %v", err)
	}

	if err := tokens.Logout(alice, first.Token, ""); err != nil {
		t.Fatal(err)
	}
	_, err := tokens.Check(first.Token)
	wantCode(t, "the token that was logged out", err, codes.Unauthenticated)
	if _, err := tokens.CheckSocket(first.Token); err != nil {
		t.Errorf("a socket of the token that was logged out: %v", err)
	}
	old, err := tokens.CheckRefresh(first.RefreshToken)
	if err != nil {
		t.Fatalf("the refresh token of the session: %v", err)
	}
	renewed, err := tokens.Renew(old, "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tokens.Check(renewed.Token)
	wantCode(t, "a token renewed after the logout", err, codes.Unauthenticated)
	for name, token := range map[string]string{"another session of the user": second.Token, "another user": others.Token} {
		if _, err := tokens.Check(token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	if err := tokens.Logout(alice, "", second.RefreshToken); err != nil {
		t.Fatal(err)
	}
	_, err = tokens.CheckRefresh(second.RefreshToken)
	wantCode(t, "the refresh token that was logged out", err, codes.Unauthenticated)
	if _, err := tokens.Check(second.Token); err != nil {
		t.Errorf("the session of the refresh token: %v", err)
	}
}

func TestLogoutOfAll(t *testing.T) {
	t.Parallel()
	clock := newClock()
	tokens := newTokens(clock)
	before, others := issue(t, tokens, alice, nil), issue(t, tokens, bob, nil)
	clock.advance(time.Second)
	same := issue(t, tokens, alice, nil)
	if err := tokens.Logout(alice, "", ""); err != nil {
		t.Fatal(err)
	}
	_, err := tokens.Check(before.Token)
	wantCode(t, "an earlier session", err, codes.Unauthenticated)
	_, err = tokens.CheckSocket(before.Token)
	wantCode(t, "a socket of an earlier session", err, codes.Unauthenticated)
	_, err = tokens.CheckRefresh(before.RefreshToken)
	wantCode(t, "an earlier refresh token", err, codes.Unauthenticated)
	if _, err := tokens.Check(same.Token); err != nil {
		t.Errorf("a session of the same second: %v", err)
	}
	if _, err := tokens.Check(others.Token); err != nil {
		t.Errorf("another user: %v", err)
	}
	clock.advance(time.Minute)
	if _, err := tokens.Check(issue(t, tokens, alice, nil).Token); err != nil {
		t.Errorf("a later session: %v", err)
	}
}

// Story: a token is logged out, then its user logs out everywhere within the
// same second. That second's tokens outlive a logout everywhere, but not the one
// that was named.
func TestLogoutOfAllKeepsWhatWasNamedLoggedOut(t *testing.T) {
	t.Parallel()
	tokens := newTokens(newClock())
	pair := issue(t, tokens, alice, nil)
	if err := tokens.Logout(alice, pair.Token, ""); err != nil {
		t.Fatal(err)
	}
	tokens.LogoutAll(alice)
	_, err := tokens.Check(pair.Token)
	wantCode(t, "the named token", err, codes.Unauthenticated)
}
