package providers

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signingKey is the providers' in all tests; otherKey is someone else's.
var signingKey, otherKey = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// standIn takes the place of all providers: each request goes to its server, which
// answers by the host and path that were asked.
type standIn struct {
	*Client
	now time.Time
	log bytes.Buffer

	mu      sync.Mutex
	answers map[string]http.HandlerFunc // by host and path
	asked   []string
}

const (
	appleKeys    = "appleid.apple.com/auth/keys"
	facebookKeys = "limited.facebook.com/.well-known/oauth/openid/jwks/"
	googleKeys   = "www.googleapis.com/oauth2/v3/certs"
)

func start(t *testing.T, config Config) *standIn { return startWith(t, Options{Config: config}) }

// startWith starts with options that may lack all but Config.
func startWith(t *testing.T, options Options) *standIn {
	s := &standIn{now: time.Unix(1_800_000_000, 0), answers: map[string]http.HandlerFunc{}}
	for _, address := range []string{appleKeys, facebookKeys, googleKeys} {
		s.answers[address] = answer(keyDocument("key-1", signingKey()))
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &redirected{to: target, by: &http.Transport{}}
	t.Cleanup(transport.by.CloseIdleConnections)
	options.HTTP = &http.Client{Transport: transport, Timeout: 10 * time.Second}
	options.Now = func() time.Time { return s.now }
	options.Log = slog.New(slog.NewTextHandler(&s.log, nil))
	s.Client, err = New(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// redirected sends each request to one server, with the host that was asked in a header.
type redirected struct {
	to *url.URL
	by *http.Transport
}

func (r *redirected) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("X-Asked", request.URL.Host)
	request.URL.Scheme, request.URL.Host = r.to.Scheme, r.to.Host
	return r.by.RoundTrip(request)
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := r.Header.Get("X-Asked") + r.URL.Path
	s.mu.Lock()
	s.asked = append(s.asked, address)
	handle := s.answers[address]
	s.mu.Unlock()
	if handle == nil {
		http.NotFound(w, r)
		return
	}
	handle(w, r)
}

// times is how often an address was asked.
func (s *standIn) times(address string) (count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, asked := range s.asked {
		if asked == address {
			count++
		}
	}
	return count
}

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func keyDocument(id string, key *rsa.PrivateKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"keys":[{"kty":"EC","kid":"other"},{"kty":"RSA","kid":%q,"use":"sig","alg":"RS256","n":%q,"e":%q}]}`,
		id, encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes()))
}

// token is an id token of the stand-in.
func (s *standIn) token(t *testing.T, issuer string, change func(claims jwt.MapClaims)) string {
	claims := jwt.MapClaims{
		"iss": issuer, "sub": "user-1", "aud": "app-1", "exp": s.now.Add(time.Hour).Unix(),
		"email": "user@example.com", "email_verified": true, "name": "User", "picture": "https://example.com/p.png",
	}
	if change != nil {
		change(claims)
	}
	return sign(t, jwt.SigningMethodRS256, signingKey(), "key-1", claims)
}

func sign(t *testing.T, method jwt.SigningMethod, key any, id string, claims jwt.MapClaims) string {
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = id
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("code %v (%v), want %v", got, err, want)
	}
}

func wantProfile(t *testing.T, proof Proof, want Profile) {
	t.Helper()
	if got, err := proof(t.Context()); err != nil || got != want {
		t.Errorf("profile %+v, %v\nwant %+v", got, err, want)
	}
}

func TestKindsHaveNames(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		if kind.String() == string(kind) {
			t.Errorf("%s has no name", string(kind))
		}
	}
	if !slices.IsSorted(Kinds()) {
		t.Error("the kinds are not in order")
	}
}
