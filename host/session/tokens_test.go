package session_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/session"
)

const (
	alice = "11111111-2222-4333-8444-555555555555"
	bob   = "99999999-2222-4333-8444-555555555555"

	sessionKey = "the session key"
	refreshKey = "the refresh key"
)

// clock is a clock that a test turns.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time             { return c.now }
func (c *clock) advance(by time.Duration)   { c.now = c.now.Add(by) }
func newClock() *clock                      { return &clock{now: time.Unix(1_800_000_000, 0)} }
func newTokens(c *clock) *session.Tokens    { return session.NewTokens(config(c)) }
func inHours(c *clock, hours float64) int64 { return c.now.Unix() + int64(hours*3600) }

func config(c *clock) session.Config {
	return session.Config{
		EncryptionKey: sessionKey, RefreshEncryptionKey: refreshKey,
		TokenExpiry: time.Hour, RefreshTokenExpiry: 24 * time.Hour, Now: c.Now,
	}
}

func issue(t testing.TB, tokens *session.Tokens, userID string, vars map[string]string) session.Pair {
	t.Helper()
	pair, err := tokens.Issue(userID, "alice", vars)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func wantCode(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("%s: code %v (%v), want %v", what, got, err, want)
	}
}

func TestTokensCarryNakamasClaims(t *testing.T) {
	t.Parallel()
	clock := newClock()
	pair := issue(t, newTokens(clock), alice, map[string]string{"region": "eu"})
	for _, token := range []struct {
		name, text, key string
		expiry          int64
	}{
		{"session", pair.Token, sessionKey, inHours(clock, 1)},
		{"refresh", pair.RefreshToken, refreshKey, inHours(clock, 24)},
	} {
		claims := jwt.MapClaims{}
		parsed, err := jwt.NewParser(jwt.WithTimeFunc(clock.Now)).ParseWithClaims(token.text, claims,
			func(*jwt.Token) (any, error) { return []byte(token.key), nil })
		if err != nil {
			t.Fatalf("%s: %v", token.name, err)
		}
		if alg, typ := parsed.Header["alg"], parsed.Header["typ"]; alg != "HS256" || typ != "JWT" {
			t.Errorf("%s: alg %v, typ %v", token.name, alg, typ)
		}
		if claims["uid"] != alice || claims["usn"] != "alice" || claims["tid"] == "" || len(claims) != 6 {
			t.Errorf("%s: claims %v", token.name, claims)
		}
		if claims["iat"] != float64(clock.now.Unix()) || claims["exp"] != float64(token.expiry) {
			t.Errorf("%s: iat %v, exp %v", token.name, claims["iat"], claims["exp"])
		}
		if vars, _ := claims["vrs"].(map[string]any); vars["region"] != "eu" {
			t.Errorf("%s: vrs %v", token.name, claims["vrs"])
		}
	}
}

func TestATokenWithoutVarsHasNoVrs(t *testing.T) {
	t.Parallel()
	tokens := newTokens(newClock())
	for _, vars := range []map[string]string{nil, {}} {
		token := issue(t, tokens, alice, vars).Token
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil || strings.Contains(string(payload), "vrs") {
			t.Errorf("payload %s, %v", payload, err)
		}
		if claims, err := tokens.Check(token); err != nil || claims.Vars != nil {
			t.Errorf("vars %v, %v", claims, err)
		}
	}
}

func TestCheckAcceptsTheKeysOwnTokens(t *testing.T) {
	t.Parallel()
	clock := newClock()
	tokens := newTokens(clock)
	good := session.Claims{TokenID: "t", UserID: alice, Username: "alice", Expiry: inHours(clock, 1)}
	for name, token := range map[string]string{
		"other header order": forge(t, `{"typ":"JWT","alg":"HS256"}`, good, sessionKey),
		"no typ":             forge(t, `{"alg":"HS256"}`, good, sessionKey),
		"upper-case user id": forge(t, `{"alg":"HS256"}`, session.Claims{UserID: strings.ToUpper(alice), Expiry: good.Expiry}, sessionKey),
	} {
		claims, err := tokens.Check(token)
		if err != nil || claims.UserID != alice {
			t.Errorf("%s: %v, %v", name, claims, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	clock := newClock()
	tokens := newTokens(clock)
	pair := issue(t, tokens, alice, nil)
	matchToken, err := tokens.IssueMatch("some match.", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(pair.Token, ".")
	good := session.Claims{TokenID: "t", UserID: alice, Username: "alice", Expiry: inHours(clock, 1)}
	hs256 := `{"alg":"HS256","typ":"JWT"}`
	with := func(change func(*session.Claims)) string {
		claims := good
		change(&claims)
		return forge(t, hs256, claims, sessionKey)
	}
	for name, token := range map[string]string{
		"empty":                   "",
		"garbage":                 "garbage",
		"header alone":            parts[0],
		"no signature":            parts[0] + "." + parts[1],
		"empty signature":         parts[0] + "." + parts[1] + ".",
		"empty payload":           parts[0] + ".." + parts[2],
		"a fourth part":           pair.Token + ".x",
		"trailing character":      pair.Token + "x",
		"padded":                  pair.Token + "=",
		"slack bits of signature": slackBits(pair.Token),
		"another key":             forge(t, hs256, good, "another key"),
		"the refresh key":         pair.RefreshToken,
		"a match token":           matchToken,
		"none":                    encode(`{"alg":"none"}`) + "." + encode(marshal(t, good)) + ".",
		"none, signed":            forge(t, `{"alg":"none"}`, good, sessionKey),
		"HS512 by name":           forge(t, `{"alg":"HS512"}`, good, sessionKey),
		"hs256 in lower case":     forge(t, `{"alg":"hs256"}`, good, sessionKey),
		"no algorithm":            forge(t, `{}`, good, sessionKey),
		"header is no JSON":       forge(t, `HS256`, good, sessionKey),
		"expired":                 with(func(c *session.Claims) { c.Expiry = clock.now.Unix() }),
		"no expiry":               with(func(c *session.Claims) { c.Expiry = 0 }),
		"negative expiry":         with(func(c *session.Claims) { c.Expiry = -5 }),
		"no user":                 with(func(c *session.Claims) { c.UserID = "" }),
		"a user that is no UUID":  with(func(c *session.Claims) { c.UserID = "alice" }),
		"payload is a list":       forge(t, hs256, []int{1}, sessionKey),
		"vars that are no text":   forge(t, hs256, map[string]any{"uid": alice, "exp": good.Expiry, "vrs": map[string]int{"a": 1}}, sessionKey),
	} {
		if claims, err := tokens.Check(token); err == nil {
			t.Errorf("Check of %s: accepted %+v", name, claims)
		} else {
			wantCode(t, "Check of "+name, err, codes.Unauthenticated)
		}
		if _, err := tokens.CheckSocket(token); err == nil {
			t.Errorf("CheckSocket of %s: accepted", name)
		}
		if name == "the refresh key" {
			continue
		}
		if _, err := tokens.CheckRefresh(token); err == nil {
			t.Errorf("CheckRefresh of %s: accepted", name)
		}
	}
	_, err = tokens.CheckRefresh(pair.Token)
	wantCode(t, "CheckRefresh of a session token", err, codes.Unauthenticated)
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	clock := newClock()
	tokens := newTokens(clock)
	pair := issue(t, tokens, alice, nil)

	clock.advance(time.Hour - time.Second)
	if _, err := tokens.Check(pair.Token); err != nil {
		t.Errorf("a second before its expiry: %v", err)
	}
	clock.advance(time.Second)
	_, err := tokens.Check(pair.Token)
	wantCode(t, "at its expiry", err, codes.Unauthenticated)

	clock.advance(23*time.Hour - time.Second)
	if _, err := tokens.CheckRefresh(pair.RefreshToken); err != nil {
		t.Errorf("refresh token a second before its expiry: %v", err)
	}
	clock.advance(time.Second)
	_, err = tokens.CheckRefresh(pair.RefreshToken)
	wantCode(t, "refresh token at its expiry", err, codes.Unauthenticated)
}

func TestRenew(t *testing.T) {
	t.Parallel()
	clock := newClock()
	tokens := newTokens(clock)
	first := issue(t, tokens, alice, map[string]string{"region": "eu"})
	old, err := tokens.CheckRefresh(first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Minute)
	for _, test := range []struct {
		name       string
		vars, want map[string]string
	}{
		{"no vars", nil, map[string]string{"region": "eu"}},
		{"empty vars", map[string]string{}, map[string]string{"region": "eu"}},
		{"other vars", map[string]string{"build": "2"}, map[string]string{"build": "2"}},
	} {
		pair, err := tokens.Renew(old, "renamed", test.vars)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := tokens.Check(pair.Token)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if claims.TokenID != old.TokenID || claims.IssuedAt != old.IssuedAt || claims.Username != "renamed" {
			t.Errorf("%s: %+v, from %+v", test.name, claims, old)
		}
		if !maps.Equal(claims.Vars, test.want) {
			t.Errorf("%s: vars %v, want %v", test.name, claims.Vars, test.want)
		}
		if claims.Expiry != inHours(clock, 1) || pair.Expiry != claims.Expiry || pair.RefreshExpiry != inHours(clock, 24) {
			t.Errorf("%s: expiry %d, pair %+v", test.name, claims.Expiry, pair)
		}
	}
}

func TestMatchToken(t *testing.T) {
	t.Parallel()
	clock := newClock()
	tokens := newTokens(clock)
	token, err := tokens.IssueMatch(alice+".", 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := tokens.CheckMatch(token); err != nil || id != alice+"." {
		t.Errorf("%q, %v", id, err)
	}
	for name, bad := range map[string]string{
		"a session token": issue(t, tokens, alice, nil).Token,
		"another key":     forge(t, `{"alg":"HS256"}`, map[string]any{"mid": "m.", "exp": inHours(clock, 1)}, "another key"),
		"no match":        forge(t, `{"alg":"HS256"}`, map[string]any{"exp": inHours(clock, 1)}, sessionKey),
		"no expiry":       forge(t, `{"alg":"HS256"}`, map[string]any{"mid": "m."}, sessionKey),
		"garbage":         "garbage",
	} {
		_, err := tokens.CheckMatch(bad)
		wantCode(t, name, err, codes.InvalidArgument)
	}
	clock.advance(30 * time.Second)
	_, err = tokens.CheckMatch(token)
	wantCode(t, "expired", err, codes.InvalidArgument)
}

// FuzzCheck looks for text that is accepted although the JWT library's own parser
// refuses it, and for any that the reader does not survive.
func FuzzCheck(f *testing.F) {
	clock := newClock()
	tokens := newTokens(clock)
	pair := issue(f, tokens, alice, map[string]string{"a": "b"})
	for _, seed := range []string{
		"", ".", "..", "...", pair.Token, pair.RefreshToken, pair.Token[:len(pair.Token)-1], strings.Split(pair.Token, ".")[0],
		encode(`{"alg":"none"}`) + "." + encode(`{}`) + ".", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..",
	} {
		f.Add(seed)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(), jwt.WithTimeFunc(clock.Now))
	refused := func(text, key string) bool {
		_, err := parser.Parse(text, func(*jwt.Token) (any, error) { return []byte(key), nil })
		return err != nil
	}
	f.Fuzz(func(t *testing.T, text string) {
		if claims, err := tokens.Check(text); err == nil && refused(text, sessionKey) {
			t.Errorf("Check(%q) = %+v", text, claims)
		}
		if claims, err := tokens.CheckRefresh(text); err == nil && refused(text, refreshKey) {
			t.Errorf("CheckRefresh(%q) = %+v", text, claims)
		}
		if id, err := tokens.CheckMatch(text); err == nil && refused(text, sessionKey) {
			t.Errorf("CheckMatch(%q) = %q", text, id)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	tokens := newTokens(newClock())
	token := issue(b, tokens, alice, nil).Token
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokens.Check(token); err != nil {
			b.Fatal(err)
		}
	}
}

// forge signs anything with HMAC-SHA256 under a header that says anything.
func forge(t testing.TB, header string, claims any, key string) string {
	t.Helper()
	signed := encode(header) + "." + encode(marshal(t, claims))
	mac, err := jwt.SigningMethodHS256.Sign(signed, []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac)
}

func marshal(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// slackBits changes a token's last character in the bits that base64 leaves unused.
func slackBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1])
}
