package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	nakama "github.com/heroiclabs/nakama-common/api"
	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/account"
	"nkhost/host/api"
	"nkhost/host/chat"
	"nkhost/host/db"
	"nkhost/host/group"
	"nkhost/host/leaderboard"
	"nkhost/host/match"
	"nkhost/host/matchmaker"
	"nkhost/host/notification"
	"nkhost/host/party"
	"nkhost/host/providers"
	"nkhost/host/purchase"
	"nkhost/host/session"
	"nkhost/host/social"
	"nkhost/host/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	serverKey = "defaultkey"
	httpKey   = "defaulthttpkey"
	maxBody   = 4096
)

// host is an API over real accounts and tokens, a runtime that answers with what it
// was called with, and a list of matches that a test sets.
type host struct {
	http.Handler
	tokens  *session.Tokens
	db      *db.DB
	now     time.Time
	matches fakeMatches
	log     bytes.Buffer

	notifications *notification.Service
	channels      *chat.Service
	maker         *matchmaker.Matchmaker
	parties       *party.Registry
}

func (h *host) clock() time.Time { return h.now }

func start(t testing.TB, change ...func(*api.Options)) *host {
	t.Helper()
	return startIn(t, t.TempDir(), change...)
}

func startIn(t testing.TB, dir string, change ...func(*api.Options)) *host {
	t.Helper()
	database, err := db.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	h := &host{db: database, now: time.Unix(1_800_000_000, 0)}
	h.tokens = session.NewTokens(session.Config{
		EncryptionKey: "session key", RefreshEncryptionKey: "refresh key",
		TokenExpiry: time.Hour, RefreshTokenExpiry: 24 * time.Hour, Now: h.clock,
	})
	accounts, err := account.NewService(context.Background(), database, account.Options{Now: h.clock, PasswordCost: bcrypt.MinCost})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := storage.NewService(context.Background(), database, storage.Options{Now: h.clock})
	if err != nil {
		t.Fatal(err)
	}
	h.notifications, err = notification.NewService(context.Background(), database, notification.Options{
		Now: h.clock, NewID: uuid.NewString, Deliver: func(string, []*nakama.Notification) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.channels, err = chat.NewService(context.Background(), database, chat.Options{
		Now: h.clock, NewID: uuid.NewString, Deliver: func(chat.Channel, *nakama.ChannelMessage) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	users := func(ctx context.Context, ids []string) ([]*nakama.User, error) {
		return accounts.Users(ctx, ids, nil, nil)
	}
	friends, err := social.NewService(context.Background(), database, social.Options{
		Now: h.clock, Users: users, Notify: func(context.Context, []notification.Notification) {}, Blocked: func(string, string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	groups, err := group.NewService(context.Background(), database, group.Options{
		Now: h.clock, NewID: uuid.NewString, Users: users, Notify: func(context.Context, []notification.Notification) {},
		Left: func(string, []string) {}, Deleted: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	purchases, err := purchase.NewService(context.Background(), database, purchase.Options{Now: h.clock})
	if err != nil {
		t.Fatal(err)
	}
	leaderboards, err := leaderboard.NewService(context.Background(), database, leaderboard.Options{Now: h.clock})
	if err != nil {
		t.Fatal(err)
	}
	h.maker = matchmaker.New(matchmaker.Config{MaxTickets: 3, MaxIntervals: 2, Now: h.clock}, func([][]matchmaker.Entry) {})
	h.parties = party.NewRegistry(party.Options{Matchmaker: h.maker, Node: "n", Now: h.clock, LabelUpdateInterval: time.Second})
	options := api.Options{
		Matchmaker: h.maker, Parties: h.parties,
		Friends: friends, Groups: groups, Purchases: purchases, Leaderboards: leaderboards,
		Tokens: h.tokens, Accounts: testAccounts{accounts, h.tokens}, Providers: knownProviders(t), Matches: &h.matches, Runtime: fakeRuntime{},
		Storage: objects, Notifications: h.notifications, Channels: h.channels,
		ServerKey: serverKey, HTTPKey: httpKey, MaxRequestSize: maxBody, ProxyCount: 1,
		Log: slog.New(slog.NewTextHandler(&h.log, nil)),
	}
	for _, c := range change {
		c(&options)
	}
	h.Handler = api.New(options)
	return h
}

// testAccounts delete as the host does, but for sockets.
type testAccounts struct {
	*account.Service
	tokens *session.Tokens
}

func (a testAccounts) Delete(ctx context.Context, userID string, recorded bool) error {
	_, err := a.Service.Delete(ctx, userID, recorded)
	a.tokens.LogoutAll(userID)
	return err
}

// knownProviders answer for Facebook's instant games by the secret "secret"; nothing else
// is configured, and nobody else can be reached.
func knownProviders(t testing.TB) *providers.Client {
	client, err := providers.New(providers.Options{
		Config: providers.Config{FacebookInstantGameSecret: "secret"},
		HTTP:   &http.Client{Transport: unreachable{}}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("unreachable")
}

// fakeRuntime knows the RPCs echo, who and those that fail.
type fakeRuntime struct{}

func (fakeRuntime) RPC(_ context.Context, id string, caller *session.Caller, payload string) (string, error) {
	switch strings.ToLower(id) {
	case "echo", "a/slash", "a space", "12345":
		return payload, nil
	case "who":
		text, err := json.Marshal(caller)
		return string(text), err
	case "refuses":
		return "", status.Error(codes.FailedPrecondition, "not <now>")
	case "breaks":
		return "", io.ErrUnexpectedEOF
	}
	return "", status.Error(codes.NotFound, "RPC function not found")
}

type fakeMatches struct {
	asked match.ListQuery
	found []match.Listing
	err   error
}

func (m *fakeMatches) List(query match.ListQuery) ([]match.Listing, error) {
	m.asked = query
	return m.found, m.err
}

// call is a request of a test.
type call struct {
	method, path string
	auth         string // the Authorization header; "" for none
	body         string
	header       map[string]string
}

func (h *host) do(c call) *httptest.ResponseRecorder {
	request := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	request.RemoteAddr = "127.0.0.1:5555"
	if c.auth != "" {
		request.Header.Set("Authorization", c.auth)
	}
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	return answer
}

// user is someone who has logged in.
type user struct{ id, token, refresh string }

func (u user) auth() string { return "Bearer " + u.token }

func (h *host) login(t testing.TB, name string) user {
	t.Helper()
	u := h.session(t, h.do(call{method: "POST", path: "/v2/account/authenticate/device?username=" + name, auth: withServerKey, body: `{"id":"device-of-` + name + `"}`}))
	claims, err := h.tokens.Check(u.token)
	if err != nil {
		t.Fatal(err)
	}
	u.id = claims.UserID
	return u
}

// session reads an answer that is a session.
func (h *host) session(t testing.TB, answer *httptest.ResponseRecorder) user {
	t.Helper()
	var body struct {
		Token   string `json:"token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || body.Token == "" || body.Refresh == "" {
		t.Fatalf("no session: %d %s", answer.Code, answer.Body)
	}
	return user{token: body.Token, refresh: body.Refresh}
}

func basic(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"))
}

var withServerKey, withHTTPKey = basic(serverKey), basic(httpKey)

// code reads the code of an error's body; -1 if it has none.
func code(answer *httptest.ResponseRecorder) int {
	body := struct {
		Code *int `json:"code"`
	}{}
	if json.Unmarshal(answer.Body.Bytes(), &body) != nil || body.Code == nil {
		return -1
	}
	return *body.Code
}

// wantFailure checks the status and code of an error.
func wantFailure(t *testing.T, answer *httptest.ResponseRecorder, wantStatus, wantCode int) {
	t.Helper()
	if answer.Code != wantStatus || code(answer) != wantCode {
		t.Errorf("status %d, body %s; want status %d, code %d", answer.Code, answer.Body, wantStatus, wantCode)
	}
	if kind := answer.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("content type %q", kind)
	}
}

// wantJSON compares an answer with JSON, whatever its spaces and order.
func wantJSON(t *testing.T, answer *httptest.ResponseRecorder, want string) {
	t.Helper()
	if answer.Code != http.StatusOK || canonical(t, answer.Body.String()) != canonical(t, want) {
		t.Errorf("status %d, body %s; want %s", answer.Code, answer.Body, want)
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Errorf("%q is no JSON: %v", text, err)
	}
	again, _ := json.Marshal(value)
	return string(again)
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func unzipped(t *testing.T, body io.Reader) string {
	t.Helper()
	zip, err := gzip.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
