package providers

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	graph     = "graph.facebook.com/v22.0/me"
	steamAuth = "partner.steam-api.com/ISteamUserAuth/AuthenticateUserTicket/v1/"
)

func TestWithoutConfiguration(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	for name, test := range map[string]struct {
		proof Proof
		want  codes.Code
	}{
		"Apple":                     {s.Apple("a.b.c"), codes.FailedPrecondition},
		"Apple, nothing":            {s.Apple(""), codes.FailedPrecondition},
		"Steam":                     {s.Steam("ticket"), codes.FailedPrecondition},
		"instant game":              {s.FacebookInstantGame("a.b"), codes.FailedPrecondition},
		"instant game, nothing":     {s.FacebookInstantGame(""), codes.InvalidArgument},
		"instant game, empty key":   {s.FacebookInstantGame(playerInfo("", `{"algorithm":"HMAC-SHA256","player_id":"p"}`)), codes.FailedPrecondition},
		"Facebook, nothing":         {s.Facebook(""), codes.InvalidArgument},
		"Google, nothing":           {s.Google(""), codes.InvalidArgument},
		"Google, a code":            {s.Google("4/code"), codes.Unauthenticated},
		"Game Center, nothing":      {s.GameCenter(GameCenterSignature{}), codes.InvalidArgument},
		"Facebook does not know it": {s.Facebook("token"), codes.Unauthenticated},
	} {
		_, err := test.proof(t.Context())
		if wantCode(t, err, test.want); t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestGoogleCredentialsOutOfForm(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{`, `{}`, `{"web":{"client_id":"x"}}`, `[]`} {
		if _, err := New(Options{Config: Config{GoogleCredentials: text}}); err == nil || !strings.Contains(err.Error(), "google_auth.credentials_json") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFacebookProfile(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	s.answers[graph] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("access_token") != "good" {
			http.Error(w, `{"error":{}}`, http.StatusBadRequest)
			return
		}
		answer(`{"id":"user-1","name":"User","email":"user@example.com","picture":{"data":{"url":"https://example.com/p.png"}}}`)(w, r)
	}
	wantProfile(t, s.Facebook("good"), Profile{
		Kind: Facebook, ID: "user-1", DisplayName: "User", AvatarURL: "https://example.com/p.png", Email: "user@example.com",
	})
	_, err := s.Facebook("bad")(t.Context())
	wantCode(t, err, codes.Unauthenticated)
}

// playerInfo is what the SDK of instant games gives a client.
func playerInfo(secret, payload string) string {
	encoded := base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(encoded))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + encoded
}

func TestFacebookInstantGame(t *testing.T) {
	t.Parallel()
	const secret, payload = "secret", `{"algorithm":"HMAC-SHA256","issued_at":1,"player_id":"player-1","request_payload":""}`
	good := playerInfo(secret, payload)
	for name, test := range map[string]struct {
		info string
		want codes.Code
	}{
		"good":              {good, codes.OK},
		"of another secret": {playerInfo("other", payload), codes.Unauthenticated},
		"of no secret":      {playerInfo("", payload), codes.Unauthenticated},
		"other algorithm":   {playerInfo(secret, `{"algorithm":"none","player_id":"player-1"}`), codes.Unauthenticated},
		"no algorithm":      {playerInfo(secret, `{"player_id":"player-1"}`), codes.Unauthenticated},
		"of nobody":         {playerInfo(secret, `{"algorithm":"HMAC-SHA256"}`), codes.Unauthenticated},
		"no JSON":           {playerInfo(secret, `player-1`), codes.Unauthenticated},
		"no signature":      {good[strings.Index(good, "."):], codes.Unauthenticated},
		"no payload":        {good[:strings.Index(good, ".")], codes.Unauthenticated},
		"no base64":         {"?." + good, codes.Unauthenticated},
		"changed":           {good[:strings.Index(good, ".")+1] + strings.Split(playerInfo(secret, `{"algorithm":"HMAC-SHA256","player_id":"player-2"}`), ".")[1], codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			profile, err := start(t, Config{FacebookInstantGameSecret: secret}).FacebookInstantGame(test.info)(t.Context())
			wantCode(t, err, test.want)
			if err == nil && profile != (Profile{Kind: FacebookInstantGame, ID: "player-1"}) {
				t.Errorf("profile %+v", profile)
			}
		})
	}
}

func TestSteam(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]codes.Code{
		`{"response":{"params":{"result":"OK","steamid":"76561197960287930","ownersteamid":"1"}}}`: codes.OK,
		`{"response":{"error":{"errorcode":101,"errordesc":"Invalid ticket"}}}`:                    codes.Unauthenticated,
		`{"response":{"params":{"steamid":"0"}}}`:                                                  codes.Unauthenticated,
		`{"response":{"params":{"steamid":"alice"}}}`:                                              codes.Unauthenticated,
		`{"response":{}}`: codes.Unauthenticated,
		`no JSON`:         codes.Unauthenticated,
	} {
		s := start(t, Config{SteamPublisherKey: "publisher-key", SteamAppID: 480})
		s.answers[steamAuth] = func(w http.ResponseWriter, r *http.Request) {
			if q := r.URL.Query(); q.Get("key") != "publisher-key" || q.Get("appid") != "480" || q.Get("ticket") != "14000000" {
				t.Errorf("asked %v", q)
			}
			answer(text)(w, r)
		}
		profile, err := s.Steam("14000000")(t.Context())
		wantCode(t, err, want)
		if err == nil && profile != (Profile{Kind: Steam, ID: "76561197960287930"}) {
			t.Errorf("profile %+v", profile)
		}
	}
	_, err := start(t, Config{SteamPublisherKey: "k", SteamAppID: 480}).Steam("")(t.Context())
	wantCode(t, err, codes.InvalidArgument)
}

func TestPlayGames(t *testing.T) {
	t.Parallel()
	s := start(t, Config{GoogleCredentials: `{"web":{"client_id":"client","client_secret":"secret","token_uri":"https://oauth2.example/token","redirect_uris":["http://localhost"]}}`})
	s.answers["oauth2.example/token"] = func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("code") != "4/good" {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		for name, want := range map[string]string{"grant_type": "authorization_code", "client_id": "client", "client_secret": "secret", "redirect_uri": "http://localhost"} {
			if got := r.PostFormValue(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		answer(`{"access_token":"access","token_type":"Bearer"}`)(w, r)
	}
	s.answers["www.googleapis.com/games/v1/players/me"] = func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer access" {
			t.Errorf("asked with %q", got)
		}
		answer(`{"playerId":"new-1","originalPlayerId":"old-1","displayName":"Player","avatarImageUrl":"https://example.com/a.png"}`)(w, r)
	}
	wantProfile(t, s.Google("4/good"), Profile{Kind: Google, ID: "new-1", FormerID: "old-1", DisplayName: "Player", AvatarURL: "https://example.com/a.png"})
	_, err := s.Google("4/bad")(t.Context())
	wantCode(t, err, codes.Unauthenticated)
}

// gameCenter is a signature of a key, with the certificate of it that Apple serves.
func gameCenter(t *testing.T, s *standIn, change func(*GameCenterSignature)) GameCenterSignature {
	signature := GameCenterSignature{
		PlayerID: "player-1", BundleID: "app-1", Timestamp: 1_800_000_000_000,
		Salt: base64.StdEncoding.EncodeToString([]byte("salt")), PublicKeyURL: "https://static.gc.apple.com/public-key/gc-prod-1.cer",
	}
	text, _, err := signature.signed()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	mac, err := rsa.SignPKCS1v15(rand.Reader, signingKey(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature.Signature = base64.StdEncoding.EncodeToString(mac)
	s.answers["static.gc.apple.com/public-key/gc-prod-1.cer"] = answer(string(certificate(t, s.now)))
	if change != nil {
		change(&signature)
	}
	return signature
}

// certificate is good for an hour.
func certificate(t *testing.T, from time.Time) []byte {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from.Add(-time.Hour), NotAfter: from.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &signingKey().PublicKey, signingKey())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestGameCenter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(s *standIn, g *GameCenterSignature)
		want   codes.Code
	}{
		"good": {func(*standIn, *GameCenterSignature) {}, codes.OK},
		"in PEM": {func(s *standIn, _ *GameCenterSignature) {
			s.answers["static.gc.apple.com/public-key/gc-prod-1.cer"] = answer(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t, s.now)})))
		}, codes.OK},
		"another player": {func(_ *standIn, g *GameCenterSignature) { g.PlayerID = "player-2" }, codes.Unauthenticated},
		"another bundle": {func(_ *standIn, g *GameCenterSignature) { g.BundleID = "app-2" }, codes.Unauthenticated},
		"another time":   {func(_ *standIn, g *GameCenterSignature) { g.Timestamp++ }, codes.Unauthenticated},
		"another salt": {func(_ *standIn, g *GameCenterSignature) {
			g.Salt = base64.StdEncoding.EncodeToString([]byte("pepper"))
		}, codes.Unauthenticated},
		"no base64":           {func(_ *standIn, g *GameCenterSignature) { g.Signature = "?" }, codes.Unauthenticated},
		"a salt of no base64": {func(_ *standIn, g *GameCenterSignature) { g.Salt = "?" }, codes.Unauthenticated},
		"no signature":        {func(_ *standIn, g *GameCenterSignature) { g.Signature = "" }, codes.InvalidArgument},
		"no time":             {func(_ *standIn, g *GameCenterSignature) { g.Timestamp = 0 }, codes.InvalidArgument},
		"an expired certificate": {func(s *standIn, _ *GameCenterSignature) {
			s.answers["static.gc.apple.com/public-key/gc-prod-1.cer"] = answer(string(certificate(t, s.now.Add(-3*time.Hour))))
		}, codes.Unauthenticated},
		"no certificate": {func(s *standIn, _ *GameCenterSignature) {
			s.answers["static.gc.apple.com/public-key/gc-prod-1.cer"] = answer("hello")
		}, codes.Unauthenticated},
		"sent on elsewhere": {func(s *standIn, _ *GameCenterSignature) {
			good := s.answers["static.gc.apple.com/public-key/gc-prod-1.cer"]
			s.answers["example.com/key.cer"] = good
			s.answers["static.gc.apple.com/public-key/gc-prod-1.cer"] = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://example.com/key.cer", http.StatusFound)
			}
		}, codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{AppleBundleIDs: []string{"app-1"}})
			signature := gameCenter(t, s, nil)
			test.change(s, &signature)
			profile, err := s.GameCenter(signature)(t.Context())
			wantCode(t, err, test.want)
			if err == nil && profile != (Profile{Kind: GameCenter, ID: "player-1"}) {
				t.Errorf("profile %+v", profile)
			}
		})
	}
}

// A client may not choose who vouches for it: only Apple's certificates are fetched.
func TestGameCenterKeysAreApples(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"http://static.gc.apple.com/public-key/gc-prod-1.cer", "https://example.com/public-key/gc-prod-1.cer",
		"https://apple.com.example.com/x", "https://evilapple.com/x", "https://static.gc.apple.com:8443/x",
		"https://user@static.gc.apple.com/x", "https://example.com/.apple.com", "https://example.com?.apple.com",
		"https://example.com#.apple.com", "https://127.0.0.1/x", "file:///etc/passwd", "//static.gc.apple.com/x", "\x00",
	} {
		s := start(t, Config{})
		signature := gameCenter(t, s, func(g *GameCenterSignature) { g.PublicKeyURL = address })
		_, err := s.GameCenter(signature)(t.Context())
		wantCode(t, err, codes.Unauthenticated)
		if len(s.asked) > 0 {
			t.Errorf("%q: asked %v", address, s.asked)
		}
	}
}

// What a client showed, and the game's own keys, are secrets: neither goes to the log or
// into errors.
func TestSecretsAreNotTold(t *testing.T) {
	t.Parallel()
	s := start(t, Config{
		SteamPublisherKey: "publisher-secret", SteamAppID: 480, AppleBundleIDs: []string{"app-1"}, FacebookInstantGameSecret: "app-secret",
		GoogleCredentials: `{"web":{"client_id":"client","client_secret":"client-secret","token_uri":"https://oauth2.example/token","redirect_uris":["http://localhost"]}}`,
	})
	s.options.HTTP.Transport = broken{}
	token := s.token(t, "https://appleid.apple.com", nil)
	for _, proof := range []Proof{
		s.Steam("ticket-secret"), s.Facebook("token-secret"), s.Google("code-secret"), s.FacebookInstantGame("info-secret.x"),
		s.Apple(token),
	} {
		_, err := proof(t.Context())
		wantCode(t, err, codes.Unauthenticated)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v", err)
		}
	}
	if log := s.log.String(); strings.Contains(log, "secret") || strings.Contains(log, token) || strings.Count(log, "cannot be reached") != 4 {
		t.Errorf("log %s", log)
	}
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("it cannot be reached")
}

func TestAClientThatHasGone(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Facebook("token")(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
