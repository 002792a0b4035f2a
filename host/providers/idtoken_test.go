package providers

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"
)

// idTokenConfig makes app-1 the game of all providers.
var idTokenConfig = Config{
	AppleBundleIDs: []string{"other-app", "app-1"}, FacebookAppID: "app-1",
	GoogleCredentials: `{"web":{"client_id":"app-1","token_uri":"https://oauth2.example/token","redirect_uris":["http://localhost"]}}`,
}

// idTokens are the providers that sign id tokens.
var idTokens = map[string]struct {
	issuer string
	prove  func(c *Client, token string) Proof
	kind   Kind
}{
	"Apple":    {"https://appleid.apple.com", (*Client).Apple, Apple},
	"Facebook": {"https://www.facebook.com", (*Client).Facebook, Facebook},
	"Google":   {"https://accounts.google.com", (*Client).Google, Google},
}

func TestIDTokens(t *testing.T) {
	t.Parallel()
	publicKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&signingKey().PublicKey)})
	for name, provider := range idTokens {
		for rule, test := range map[string]struct {
			token func(s *standIn) string
			want  codes.Code
		}{
			"good": {func(s *standIn) string { return s.token(t, provider.issuer, nil) }, codes.OK},
			"for one of several apps": {func(s *standIn) string {
				return s.token(t, provider.issuer, func(c jwt.MapClaims) { c["aud"] = []string{"x", "app-1"} })
			}, codes.OK},
			"of another key": {func(s *standIn) string {
				return sign(t, jwt.SigningMethodRS256, otherKey(), "key-1", claimsOf(t, s.token(t, provider.issuer, nil)))
			}, codes.Unauthenticated},
			"of an unknown key": {func(s *standIn) string {
				return sign(t, jwt.SigningMethodRS256, signingKey(), "key-2", claimsOf(t, s.token(t, provider.issuer, nil)))
			}, codes.Unauthenticated},
			"of another algorithm": {func(s *standIn) string {
				return sign(t, jwt.SigningMethodRS512, signingKey(), "key-1", claimsOf(t, s.token(t, provider.issuer, nil)))
			}, codes.Unauthenticated},
			"by the public key as a secret": {func(s *standIn) string {
				return sign(t, jwt.SigningMethodHS256, publicKey, "key-1", claimsOf(t, s.token(t, provider.issuer, nil)))
			}, codes.Unauthenticated},
			"unsigned": {func(s *standIn) string {
				return sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "key-1", claimsOf(t, s.token(t, provider.issuer, nil)))
			}, codes.Unauthenticated},
			"changed": {func(s *standIn) string {
				parts := strings.Split(s.token(t, provider.issuer, nil), ".")
				parts[1] = strings.Split(s.token(t, provider.issuer, func(c jwt.MapClaims) { c["sub"] = "user-2" }), ".")[1]
				return strings.Join(parts, ".")
			}, codes.Unauthenticated},
			"expired": {func(s *standIn) string {
				return s.token(t, provider.issuer, func(c jwt.MapClaims) { c["exp"] = s.now.Add(-time.Second).Unix() })
			}, codes.Unauthenticated},
			"without expiry": {func(s *standIn) string {
				return s.token(t, provider.issuer, func(c jwt.MapClaims) { delete(c, "exp") })
			}, codes.Unauthenticated},
			"not valid yet": {func(s *standIn) string {
				return s.token(t, provider.issuer, func(c jwt.MapClaims) { c["nbf"] = s.now.Add(time.Hour).Unix() })
			}, codes.Unauthenticated},
			"of another issuer": {func(s *standIn) string { return s.token(t, "https://example.com", nil) }, codes.Unauthenticated},
			"for another app": {func(s *standIn) string {
				return s.token(t, provider.issuer, func(c jwt.MapClaims) { c["aud"] = "app-2" })
			}, codes.Unauthenticated},
			"of nobody": {func(s *standIn) string {
				return s.token(t, provider.issuer, func(c jwt.MapClaims) { delete(c, "sub") })
			}, codes.Unauthenticated},
			"of too long an id": {func(s *standIn) string {
				return s.token(t, provider.issuer, func(c jwt.MapClaims) { c["sub"] = strings.Repeat("x", maxID+1) })
			}, codes.Unauthenticated},
			"garbage": {func(*standIn) string { return "gar.ba.ge" }, codes.Unauthenticated},
			"none":    {func(*standIn) string { return "" }, codes.InvalidArgument},
		} {
			t.Run(name+"/"+rule, func(t *testing.T) {
				t.Parallel()
				s := start(t, idTokenConfig)
				profile, err := provider.prove(s.Client, test.token(s))(t.Context())
				wantCode(t, err, test.want)
				if err == nil && (profile.ID != "user-1" || profile.Kind != provider.kind || profile.Email != "user@example.com") {
					t.Errorf("profile %+v", profile)
				}
			})
		}
	}
}

// claimsOf reads a token without checking it.
func claimsOf(t *testing.T, token string) jwt.MapClaims {
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestWhatIDTokensTell(t *testing.T) {
	t.Parallel()
	s := start(t, idTokenConfig)
	picture := "https://example.com/p.png"
	wantProfile(t, s.Apple(s.token(t, "https://appleid.apple.com", func(c jwt.MapClaims) { c["email_verified"] = "true" })),
		Profile{Kind: Apple, ID: "user-1", Email: "user@example.com"})
	wantProfile(t, s.Google(s.token(t, "accounts.google.com", nil)),
		Profile{Kind: Google, ID: "user-1", DisplayName: "User", AvatarURL: picture, Email: "user@example.com"})
	wantProfile(t, s.Google(s.token(t, "accounts.google.com", func(c jwt.MapClaims) { c["email_verified"] = false })),
		Profile{Kind: Google, ID: "user-1", DisplayName: "User", AvatarURL: picture})
	wantProfile(t, s.Facebook(s.token(t, "https://facebook.com", func(c jwt.MapClaims) { delete(c, "email_verified") })),
		Profile{Kind: Facebook, ID: "user-1", DisplayName: "User", AvatarURL: picture, Email: "user@example.com"})
}

func TestGoogleClientsOfOneProject(t *testing.T) {
	t.Parallel()
	for audience, want := range map[string]codes.Code{
		"123-web.apps.googleusercontent.com": codes.OK, "123-ios.apps.googleusercontent.com": codes.OK,
		"1234-x.apps.googleusercontent.com": codes.Unauthenticated, "12": codes.Unauthenticated, "": codes.Unauthenticated,
	} {
		s := start(t, Config{GoogleCredentials: `{"installed":{"client_id":"123-web.apps.googleusercontent.com","token_uri":"u","redirect_uris":["r"]}}`})
		_, err := s.Google(s.token(t, "accounts.google.com", func(c jwt.MapClaims) { c["aud"] = audience }))(t.Context())
		wantCode(t, err, want)
	}
	s := start(t, Config{}) // without credentials there is nothing to compare with
	_, err := s.Google(s.token(t, "accounts.google.com", nil))(t.Context())
	wantCode(t, err, codes.OK)
}

// Story: a provider's keys are fetched once and serve for an hour. It changes its key,
// and tokens of the new one are let in after at most a minute; when it does not answer,
// the old keys still serve.
func TestKeysAreFetchedSparingly(t *testing.T) {
	t.Parallel()
	s := start(t, idTokenConfig)
	login := func(key string, want codes.Code) {
		t.Helper()
		signer := signingKey()
		if key == "key-2" {
			signer = otherKey()
		}
		_, err := s.Apple(sign(t, jwt.SigningMethodRS256, signer, key, claimsOf(t, s.token(t, "https://appleid.apple.com", nil))))(t.Context())
		wantCode(t, err, want)
	}
	wantFetched := func(want int) {
		t.Helper()
		if got := s.times(appleKeys); got != want {
			t.Errorf("fetched %d times, want %d", got, want)
		}
	}
	login("key-1", codes.OK)
	login("key-1", codes.OK)
	wantFetched(1)
	for range 10 {
		login("key-2", codes.Unauthenticated)
	}
	wantFetched(1)

	s.answers[appleKeys] = answer(keyDocument("key-2", otherKey()))
	s.now = s.now.Add(time.Minute)
	login("key-2", codes.OK)
	wantFetched(2)
	login("key-1", codes.Unauthenticated)

	s.answers[appleKeys] = http.NotFound
	s.now = s.now.Add(time.Hour)
	login("key-2", codes.OK)
	wantFetched(3)
	login("key-2", codes.OK)
	wantFetched(3)
}

func TestKeysThatAreNotTaken(t *testing.T) {
	t.Parallel()
	good := keyDocument("key-1", signingKey())
	for name, document := range map[string]string{
		"none":             `{"keys":[]}`,
		"no JSON":          `<html>`,
		"for encryption":   strings.Replace(good, `"sig"`, `"enc"`, 1),
		"another kind":     strings.Replace(good, `"RSA"`, `"EC"`, 1),
		"other algorithm":  strings.Replace(good, `"RS256"`, `"RS512"`, 1),
		"a short modulus":  `{"keys":[{"kty":"RSA","kid":"key-1","n":"AQAB","e":"AQAB"}]}`,
		"an even exponent": strings.Replace(good, `"e":"AQAB"`, `"e":"AQ"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, idTokenConfig)
			s.answers[appleKeys] = answer(document)
			_, err := s.Apple(s.token(t, "https://appleid.apple.com", nil))(t.Context())
			wantCode(t, err, codes.Unauthenticated)
		})
	}
}
