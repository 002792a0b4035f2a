package api_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"nkhost/host/api"
	"nkhost/host/session"
)

// request is an operation that is served, as a client could ask for it.
type request struct {
	operation string
	call
	credential string // "token", "key", or "" for none
	takesBody  bool
}

// requests are all operations that are served, but RPCs, with a body that suits any.
func requests(t *testing.T, u user) []request {
	text, err := os.ReadFile("testdata/rest_operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"id":"device-of-alice","email":"alice@example.com","password":"correct horse","token":%q,"refresh_token":%q,
		"display_name":"Alice","signed_player_info":%q,"name":"event","account":{"token":"t"}}`, u.refresh, u.refresh, playerInfo("player-1"))
	served := api.Operations()
	var all []request
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(strings.TrimSpace(line), "\t")
		name := columns[0]
		if !slices.Contains(served, name) || name == "RpcFunc" {
			continue
		}
		r := request{operation: name, call: call{method: columns[1], path: columns[2], body: body, auth: u.auth()}, credential: "token", takesBody: columns[3] != ""}
		switch {
		case name == "Healthcheck":
			r.auth, r.credential = "", ""
		case strings.HasPrefix(name, "Authenticate"), name == "SessionRefresh":
			r.auth, r.credential = withServerKey, "key"
		case name == "GetUsers":
			r.path += "?usernames=alice"
		}
		all = append(all, r)
	}
	if len(all) < 20 {
		t.Fatalf("only %d operations", len(all))
	}
	return all
}

// forgedBy is a session of another key.
func forgedBy(t *testing.T, h *host, u user, key string) string {
	tokens := session.NewTokens(session.Config{EncryptionKey: key, RefreshEncryptionKey: "x", TokenExpiry: 3600e9, RefreshTokenExpiry: 3600e9, Now: h.clock})
	pair, err := tokens.Issue(u.id, "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + pair.Token
}

// Rule: no operation is done for one who does not show what it needs.
func TestEveryOperationWantsItsCredential(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	forged := forgedBy(t, h, alice, "another key")
	for _, r := range requests(t, alice) {
		wrong := map[string]string{"none": "", "garbage": "Bearer garbage", "the HTTP key": withHTTPKey}
		switch r.credential {
		case "":
			continue
		case "token":
			wrong["the server key"], wrong["a refresh token"], wrong["a forged token"] = withServerKey, "Bearer "+alice.refresh, forged
		case "key":
			wrong["a session token"], wrong["another key"] = alice.auth(), basic("guess")
		}
		for what, auth := range wrong {
			c := r.call
			c.auth = auth
			if answer := h.do(c); answer.Code != 401 || code(answer) != 16 {
				t.Errorf("%s with %s: %d %s", r.operation, what, answer.Code, answer.Body)
			}
		}
	}
	if answer := h.do(call{method: "GET", path: "/v2/account", auth: alice.auth()}); answer.Code != 200 || strings.Contains(answer.Body.String(), "email") {
		t.Errorf("afterwards: %d %s", answer.Code, answer.Body)
	}
}

// Rule: what goes wrong inside is for the log. An answer does not tell of it.
func TestNoOperationTellsWhatIsInside(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	all := requests(t, alice)
	if _, err := h.db.Exec(t.Context(), "ALTER TABLE users RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, r := range all {
		answer := h.do(r.call)
		body := strings.ToLower(answer.Body.String())
		for _, inside := range []string{"sql", "table", "gone", "database", ".db", "nkhost/", ".go", "panic"} {
			if strings.Contains(body, inside) {
				t.Errorf("%s tells: %s", r.operation, body)
			}
		}
		if strings.Contains(body, "see the host's log") {
			failed++
		}
	}
	if failed < 10 {
		t.Errorf("only %d operations failed without their table", failed)
	}
	if got := strings.Count(h.log.String(), "no such table"); got < failed {
		t.Errorf("%d of %d failures are in the log", got, failed)
	}
}

// Rule: no operation reads a body of any length. One that takes none does not read it.
func TestEveryBodyIsLimited(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	limited := 0
	for _, r := range requests(t, alice) {
		if !r.takesBody {
			continue
		}
		long := strings.Repeat(" ", maxBody+1-len(r.body)) + r.body
		for form, c := range map[string]call{
			"plain": {method: r.method, path: r.path, auth: r.auth, body: long},
			"gzip":  {method: r.method, path: r.path, auth: r.auth, body: zipped(t, long), header: gzipped},
		} {
			answer := h.do(c)
			if answer.Code != 400 || code(answer) != 3 || !strings.Contains(answer.Body.String(), "too large") {
				t.Errorf("%s, %s: %d %s", r.operation, form, answer.Code, answer.Body)
			}
			limited++
		}
	}
	if limited < 20 {
		t.Errorf("only %d bodies were looked at", limited)
	}
}

// Rule: a password is kept as a bcrypt hash with a salt of its own, and is nowhere else:
// not in an answer, not in the log, not in the files.
func TestPasswordsAreKeptAsHashes(t *testing.T) {
	t.Parallel()
	const password = "correct-horse-battery"
	dir := t.TempDir()
	h := startIn(t, dir)
	alice := h.login(t, "alice")
	answers := []string{
		h.do(call{method: "POST", path: "/v2/account/link/email", auth: alice.auth(), body: `{"email":"alice@example.com","password":"` + password + `"}`}).Body.String(),
		h.do(call{method: "POST", path: authenticate + "email?username=bob", auth: withServerKey, body: `{"email":"bob@example.com","password":"` + password + `"}`}).Body.String(),
		h.do(call{method: "POST", path: authenticate + "email", auth: withServerKey, body: `{"email":"bob@example.com","password":"` + password + `!"}`}).Body.String(),
		h.do(call{method: "GET", path: "/v2/account", auth: alice.auth()}).Body.String(),
		h.log.String(),
	}
	hash := func(username string) (hash string) {
		stmt, err := h.db.Reader(t.Context(), "SELECT password FROM users WHERE username = $1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stmt.Row(t.Context(), username).Scan(&hash); err != nil {
			t.Fatal(err)
		}
		return hash
	}
	of := map[string]string{"alice": hash("alice"), "bob": hash("bob")}
	for name, kept := range of {
		if err := bcrypt.CompareHashAndPassword([]byte(kept), []byte(password)); err != nil {
			t.Errorf("%s's password is kept as %q: %v", name, kept, err)
		}
		for _, answer := range answers {
			if strings.Contains(answer, kept) {
				t.Errorf("told: %s", answer)
			}
		}
	}
	if of["alice"] == of["bob"] {
		t.Error("one hash for two users")
	}
	for _, answer := range answers {
		if strings.Contains(answer, password) {
			t.Errorf("told: %s", answer)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte(password)) {
			t.Errorf("%s holds the password, or %v", file, err)
		}
	}
}

// Rule: what a client writes is text and never SQL.
func TestTextsAreNotSQL(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	for _, text := range []string{`'; DROP TABLE users; --`, `' OR '1'='1`, `$1`, `%`, `_`, `"`, `\`, `alice'--`} {
		quoted := fmt.Sprintf("%q", text)
		h.do(call{method: "PUT", path: "/v2/account", auth: alice.auth(), body: `{"display_name":` + quoted + `,"location":` + quoted + `}`})
		if account := h.do(call{method: "GET", path: "/v2/account", auth: alice.auth()}).Body.String(); strings.Count(account, quoted) != 2 {
			t.Errorf("%s became %s", text, account)
		}
		dense := strings.ReplaceAll(text, " ", "+") + "-long-enough"
		id := fmt.Sprintf(`{"id":%q}`, dense)
		for _, path := range []string{"link/custom", "unlink/custom", "link/device", "unlink/device"} {
			wantJSON(t, h.do(call{method: "POST", path: "/v2/account/" + path, auth: alice.auth(), body: id}), `{}`)
		}
		wantFailure(t, h.do(call{method: "POST", path: authenticate + "custom?create=false", auth: withServerKey, body: id}), 404, 5)
	}
	wantJSON(t, h.do(call{method: "GET", path: "/v2/user?usernames=%27%20OR%20%271%27%3D%271&facebook_ids=%25", auth: alice.auth()}), `{}`)
}
