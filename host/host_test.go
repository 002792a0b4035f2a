package host_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"nkhost/host"
	"nkhost/host/config"
	"nkhost/host/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

// settings are the defaults on a free port and without a trace on the disk.
func settings() config.Config {
	cfg := config.Default()
	cfg.Socket.Port, cfg.DataDir = 0, ":memory:"
	return cfg
}

// run serves until the returned function is called, which reports how it ended.
func run(t *testing.T, cfg config.Config, log io.Writer) (h *host.Host, stop func()) {
	return runOptions(t, host.Options{Config: cfg, Log: slog.New(slog.NewTextHandler(log, nil)), Version: "test"})
}

func runOptions(t *testing.T, options host.Options) (h *host.Host, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h, err := host.Open(ctx, options)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	return h, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the host ended with: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	}
}

// call sends a request and returns the answer's status and body.
func call(t *testing.T, method, url, authorization, body string) (int, string) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// folderWith makes a folder of files, given as name and text in turn.
func folderWith(t *testing.T, files ...string) (folder string) {
	folder = t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(folder, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

const serverKey = "Basic ZGVmYXVsdGtleTo=" // defaultkey

// login authenticates a device and returns the session token.
func login(t *testing.T, h *host.Host, device, query string) string {
	status, text := call(t, "POST", "http://"+h.Addr()+"/v2/account/authenticate/device"+query, serverKey, `{"id":"`+device+`"}`)
	var answer struct{ Token string }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != 200 {
		t.Fatalf("login of %s: %d %s", device, status, text)
	}
	return answer.Token
}

func TestTheBundledGameIsServed(t *testing.T) {
	t.Parallel()
	h, stop := run(t, settings(), io.Discard)
	defer stop()
	base := "http://" + h.Addr()
	for _, test := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/", 200, "<title>"},
		{"GET", "/healthcheck", 200, "{}"},
		{"POST", "/", 404, ""},
		{"GET", "/v2/account", 401, ""},
		{"GET", "/nothing.js", 404, ""},
		{"GET", "/ws", 401, ""},
	} {
		status, text := call(t, test.method, base+test.path, "", "")
		if status != test.status || !strings.Contains(text, test.want) {
			t.Errorf("%s %s: %d %.200s", test.method, test.path, status, text)
		}
	}
	if names := strings.Join(h.Modules(), " "); names != "main tictactoe_match tictactoe_state" {
		t.Errorf("modules %s", names)
	}
}

// TestResponseHeaders finds socket.response_headers on the page, on REST answers and on
// what browsers ask beforehand.
func TestResponseHeaders(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.Socket.ResponseHeaders = []string{"X-Game=xoxo"}
	h, stop := run(t, cfg, io.Discard)
	defer stop()
	for path, method := range map[string]string{"/": "GET", "/healthcheck": "GET", "/v2/account": "OPTIONS"} {
		request, err := http.NewRequest(method, "http://"+h.Addr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.Header.Get("X-Game") != "xoxo" {
			t.Errorf("%s %s has headers %v", method, path, response.Header)
		}
	}
}

// TestThePageKnowsTheServerKey wants that the page authenticates also where the key was
// changed, and that the key cannot break out of the page's text.
func TestThePageKnowsTheServerKey(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.Socket.ServerKey = `"><b>`
	h, stop := run(t, cfg, io.Discard)
	defer stop()
	_, text := call(t, "GET", "http://"+h.Addr()+"/", "", "")
	if !strings.Contains(text, `<meta name="server-key" content="&#34;&gt;&lt;b&gt;">`) {
		t.Errorf("the page has another key: %.900s", text)
	}
}

// TestAnUnusedConnectionDoesNotDelayTheEnd opens a connection as browsers do in reserve.
func TestAnUnusedConnectionDoesNotDelayTheEnd(t *testing.T) {
	t.Parallel()
	h, stop := run(t, settings(), io.Discard)
	conn, err := net.Dial("tcp", h.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	call(t, "GET", "http://"+h.Addr()+"/healthcheck", "", "") // so that the host has accepted both
	stop()
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection was not closed with the host: %v", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cfg := settings()
	authority := newCertificate(t, &cfg.Socket.SSLCertificate, &cfg.Socket.SSLPrivateKey)
	h, stop := run(t, cfg, io.Discard)
	defer stop()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority}}}
	defer client.CloseIdleConnections()
	response, err := client.Get("https://" + h.Addr() + "/healthcheck")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}

// newCertificate writes a certificate for 127.0.0.1 that has signed itself.
func newCertificate(t *testing.T, certificateFile, keyFile *string) *x509.CertPool {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	*certificateFile, *keyFile = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	pool := x509.NewCertPool()
	for file, block := range map[string]*pem.Block{
		*certificateFile: {Type: "CERTIFICATE", Bytes: certificate}, *keyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		text := pem.EncodeToMemory(block)
		pool.AppendCertsFromPEM(text)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}

func TestOwnModulesHaveNoPage(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.Runtime.Path = t.TempDir()
	var log bytes.Buffer
	h, stop := run(t, cfg, &log)
	status, text := call(t, "GET", "http://"+h.Addr()+"/", "", "")
	stop()
	if status != 200 || text != "" {
		t.Errorf("GET /: %d %s", status, text)
	}
	if !strings.Contains(log.String(), "no Lua module") {
		t.Errorf("the log says nothing of an empty folder: %s", log.String())
	}
}

// TestAccountsSurviveARestart logs in, stops the host, and logs in again where no
// account may be made.
func TestAccountsSurviveARestart(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.DataDir = filepath.Join(t.TempDir(), "data")
	h, stop := run(t, cfg, io.Discard)
	login(t, h, "device-0123456789", "?create=true")
	stop()
	h, stop = run(t, cfg, io.Discard)
	defer stop()
	login(t, h, "device-0123456789", "?create=false")
}

// TestTheDatabaseGoesAway cuts the line to PostgreSQL while the host serves: clients
// are told no more than that it failed, the log says what to do, and all is well when
// the line is mended.
func TestTheDatabaseGoesAway(t *testing.T) {
	line := dbtest.NewLine(t)
	cfg := settings()
	cfg.Database.Address = []string{line.Place.Address}
	var log bytes.Buffer
	h, stop := run(t, cfg, &log)
	token := login(t, h, "device-0123456789", "?create=true")
	line.Cut()
	for range 3 {
		status, text := call(t, "GET", "http://"+h.Addr()+"/v2/account", "Bearer "+token, "")
		if status != 500 || text != `{"code":13,"message":"Internal error, see the host's log."}` {
			t.Errorf("while the line is cut: %d %s", status, text)
		}
	}
	line.Mend()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log: %s", log.String())
		}
	})
	if status, text := call(t, "GET", "http://"+h.Addr()+"/v2/account", "Bearer "+token, ""); status != 200 {
		t.Errorf("when the line is mended: %d %s", status, text)
	}
	login(t, h, "device-9876543210", "?create=true")
	stop()
	if text := log.String(); !strings.Contains(text, "cannot be reached: check that PostgreSQL runs at database.address") || strings.Contains(text, "not asked for") {
		t.Error("the log says it otherwise")
	}
}

// TestAccountsInPostgreSQL are there after a restart, in a database that the host made.
func TestAccountsInPostgreSQL(t *testing.T) {
	cfg := settings()
	cfg.Database.Address = []string{dbtest.PostgreSQL(t).Address}
	h, stop := run(t, cfg, io.Discard)
	login(t, h, "device-0123456789", "?create=true")
	stop()
	h, stop = run(t, cfg, io.Discard)
	defer stop()
	login(t, h, "device-0123456789", "?create=false")
}

func TestATokenIsGoodAfterARestart(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.DataDir = t.TempDir()
	h, stop := run(t, cfg, io.Discard)
	token := login(t, h, "device-0123456789", "")
	stop()
	h, stop = run(t, cfg, io.Discard)
	defer stop()
	if status, text := call(t, "GET", "http://"+h.Addr()+"/v2/account", "Bearer "+token, ""); status != 200 {
		t.Errorf("account: %d %s", status, text)
	}
}

// TestMatchedPlayersMeet lets two players ask for each other, and looks at where
// they are sent.
func TestMatchedPlayersMeet(t *testing.T) {
	t.Parallel()
	const hook = `require("nakama").register_matchmaker_matched(function(context, users) `
	tests := []struct {
		name, lua string
		byToken   bool
	}{
		{"without a hook", ``, true},
		{"by the hook's match", hook + `return "6ba7b810-9dad-11d1-80b4-00c04fd430c8.nakama" end)`, false},
		{"when the hook names none", hook + `return nil end)`, true},
		{"when the hook raises", hook + `error("no luck") end)`, true},
		{"when the hook returns nonsense", hook + `return "no match id" end)`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := settings()
			cfg.Runtime.Path = t.TempDir()
			if err := os.WriteFile(filepath.Join(cfg.Runtime.Path, "main.lua"), []byte(test.lua), 0o600); err != nil {
				t.Fatal(err)
			}
			h, stop := run(t, cfg, io.Discard)
			defer stop()
			one, two := seek(t, h, "device-0123456789"), seek(t, h, "device-9876543210")
			a, b := matched(t, one), matched(t, two)
			if a != b {
				t.Errorf("sent apart: %+v and %+v", a, b)
			}
			if (a.Token != "") != test.byToken || (a.MatchID == "") != test.byToken {
				t.Errorf("sent to %+v", a)
			}
		})
	}
}

// seek opens a socket and asks for one other player.
func seek(t *testing.T, h *host.Host, device string) *websocket.Conn {
	token := login(t, h, device, "")
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+h.Addr()+"/ws?token="+url.QueryEscape(token), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.WriteJSON(json.RawMessage(`{"matchmaker_add": {"min_count": 2, "max_count": 2, "query": "*"}}`)); err != nil {
		t.Fatal(err)
	}
	return conn
}

type meeting struct {
	MatchID string `json:"match_id"`
	Token   string `json:"token"`
}

// matched waits for the frame that says where to meet.
func matched(t *testing.T, conn *websocket.Conn) meeting {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		var frame struct {
			Matched *meeting `json:"matchmaker_matched"`
		}
		if err := conn.ReadJSON(&frame); err != nil {
			t.Fatal(err)
		}
		if frame.Matched != nil {
			return *frame.Matched
		}
	}
}

func TestCloseWithoutRun(t *testing.T) {
	t.Parallel()
	h, err := host.Open(context.Background(), host.Options{Config: settings(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// TestAFailedOpenLeavesNothingOpen opens twice on one port, where a listener that
// was left over would be in the way, and with a database that may be locked.
func TestAFailedOpenLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.DataDir = t.TempDir()
	good, stop := run(t, cfg, io.Discard)
	_, port, _ := strings.Cut(good.Addr(), ":")
	stop()
	if err := json.Unmarshal([]byte(port), &cfg.Socket.Port); err != nil {
		t.Fatal(err)
	}
	broken := cfg
	broken.Runtime.Path = t.TempDir()
	if err := os.WriteFile(filepath.Join(broken.Runtime.Path, "raise.lua"), []byte(`error("no luck")`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Open(context.Background(), host.Options{Config: broken, Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "raise.lua:1") {
		t.Errorf("open: %v, want the fault's file and line", err)
	}
	_, stop = run(t, cfg, io.Discard)
	stop()
}
