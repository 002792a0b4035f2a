package session

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A token that was checked before still expires and can be logged out, and what a caller
// does to its claims is the caller's own.
func TestATokenThatIsKnown(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	const user = "11111111-2222-4333-8444-555555555555"
	tokens := NewTokens(Config{
		EncryptionKey: "one", RefreshEncryptionKey: "two", TokenExpiry: time.Hour, RefreshTokenExpiry: time.Hour,
		Now: func() time.Time { return now },
	})
	check := func(token, what string, want bool) *Claims {
		t.Helper()
		claims, err := tokens.Check(token)
		if (err == nil) != want {
			t.Fatalf("%s: %v", what, err)
		}
		return claims
	}
	first, err := tokens.Issue(user, "alice", map[string]string{"side": "x"})
	if err != nil {
		t.Fatal(err)
	}
	check(first.Token, "a new token", true).Vars["side"] = "o"
	known := check(first.Token, "a known token", true)
	if known.UserID != user || known.Username != "alice" || known.Vars["side"] != "x" || known.Expiry != first.Expiry {
		t.Errorf("a known token says %+v", known)
	}
	check(first.Token[:len(first.Token)-1]+"-", "a known token with another signature", false)
	second, err := tokens.Issue(user, "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	check(second.Token, "another", true)
	if err := tokens.Logout(user, first.Token, ""); err != nil {
		t.Fatal(err)
	}
	check(first.Token, "a known token that was logged out", false)
	check(second.Token, "the other", true)
	now = now.Add(time.Hour)
	check(second.Token, "a known token that has expired", false)
}

func TestKnownTokensAreBounded(t *testing.T) {
	t.Parallel()
	var known verified
	for i := range 3 * maxVerified {
		known.add(fmt.Sprint(i), Claims{Expiry: int64(i)})
		if len(known.claims) > maxVerified {
			t.Fatalf("%d tokens are known", len(known.claims))
		}
		if claims, ok := known.find(fmt.Sprint(i)); !ok || claims.Expiry != int64(i) {
			t.Fatalf("token %d says %+v", i, claims)
		}
	}
	long := strings.Repeat("x", maxVerifiedBytes+1)
	known.add(long, Claims{})
	if _, ok := known.find(long); ok {
		t.Error("a token that is too long is known")
	}
	known.add(long[1:], Claims{})
	if _, ok := known.find(long[1:]); !ok {
		t.Error("a token that is not too long is not known")
	}
}
