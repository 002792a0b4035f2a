package nkshim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/account"
	"nkhost/host/match"
)

const (
	aliceID  = "11111111-2222-4333-8444-555555555555"
	absentID = "99999999-2222-4333-8444-555555555555"
)

// fakeAccounts knows one user, keeps what it was asked, and fails as it is told.
type fakeAccounts struct {
	asked string
	err   error
}

func (f *fakeAccounts) ask(format string, args ...any) error {
	f.asked = fmt.Sprintf(format, args...)
	return f.err
}

func aliceAccount() *api.Account {
	return &api.Account{
		User: &api.User{
			Id: aliceID, Username: "alice", LangTag: "en", Metadata: `{"a":[1]}`, SteamId: "s", Online: true,
			CreateTime: &timestamppb.Timestamp{Seconds: 10}, UpdateTime: &timestamppb.Timestamp{Seconds: 20},
		},
		Wallet: `{"coins":5}`, Email: "a@b.cd", Devices: []*api.AccountDevice{{Id: "d1"}, {Id: "d2"}}, DisableTime: &timestamppb.Timestamp{Seconds: 30},
	}
}

func (f *fakeAccounts) Get(_ context.Context, id string) (*api.Account, error) {
	return aliceAccount(), f.ask("get %s", id)
}

func (f *fakeAccounts) Accounts(_ context.Context, ids, devices []string) ([]*api.Account, error) {
	return []*api.Account{aliceAccount()}, f.ask("accounts %q %q", ids, devices)
}

func (f *fakeAccounts) Update(_ context.Context, id string, u account.Update) error {
	text := ""
	for name, value := range map[string]*string{"username": u.Username, "location": u.Location, "metadata": u.Metadata, "timezone": u.Timezone} {
		if value != nil {
			text += name + "=" + *value + ";"
		}
	}
	return f.ask("update %s %s", id, text)
}

func (f *fakeAccounts) Delete(_ context.Context, id string, recorded bool) error {
	return f.ask("delete %s %t", id, recorded)
}

func (f *fakeAccounts) Export(_ context.Context, id string) (string, error) {
	return "{}", f.ask("export %s", id)
}

func (f *fakeAccounts) Import(_ context.Context, data, id string) (*api.Account, error) {
	return aliceAccount(), f.ask("import %s %s", data, id)
}

func (f *fakeAccounts) Users(_ context.Context, ids, names, facebook []string) ([]*api.User, error) {
	return []*api.User{aliceAccount().User}, f.ask("users %q %q %q", ids, names, facebook)
}

func (f *fakeAccounts) RandomUsers(_ context.Context, count int) ([]*api.User, error) {
	return nil, f.ask("random %d", count)
}

func (f *fakeAccounts) Ban(_ context.Context, ids []string) error { return f.ask("ban %q", ids) }

func (f *fakeAccounts) Unban(_ context.Context, ids []string) error { return f.ask("unban %q", ids) }

func (f *fakeAccounts) GenerateToken(id, username string, vars map[string]string, expiry int64) (string, int64, error) {
	return "token", 99, f.ask("token %s %q %v %d", id, username, vars, expiry)
}

func (f *fakeAccounts) Logout(id, token, refresh string) error {
	return f.ask("logout %s %q %q", id, token, refresh)
}

func (f *fakeAccounts) Disconnect(id string, leave match.Reason) {
	_ = f.ask("disconnect %s %d", id, leave)
}

func (f *fakeAccounts) AuthenticateDevice(_ context.Context, id, username string, create bool) (account.User, bool, error) {
	return account.User{ID: aliceID, Username: "alice"}, create, f.ask("device %q %q %t", id, username, create)
}

func (f *fakeAccounts) AuthenticateCustom(_ context.Context, id, username string, create bool) (account.User, bool, error) {
	return account.User{ID: aliceID, Username: "alice"}, create, f.ask("custom %q %q %t", id, username, create)
}

func (f *fakeAccounts) AuthenticateEmail(_ context.Context, email, password, username string, create bool) (account.User, bool, error) {
	return account.User{ID: aliceID, Username: "alice"}, create, f.ask("email %q %q %q %t", email, password, username, create)
}

func (f *fakeAccounts) LinkCustom(_ context.Context, user, id string) error {
	return f.ask("link custom %s %q", user, id)
}

func (f *fakeAccounts) LinkDevice(_ context.Context, user, id string) error {
	return f.ask("link device %s %q", user, id)
}

func (f *fakeAccounts) LinkEmail(_ context.Context, user, email, password string) error {
	return f.ask("link email %s %q %q", user, email, password)
}

func (f *fakeAccounts) UnlinkCustom(_ context.Context, user, id string) error {
	return f.ask("unlink custom %s %q", user, id)
}

func (f *fakeAccounts) UnlinkDevice(_ context.Context, user, id string) error {
	return f.ask("unlink device %s %q", user, id)
}

func (f *fakeAccounts) UnlinkEmail(_ context.Context, user, email string) error {
	return f.ask("unlink email %s %q", user, email)
}

func (f *fakeAccounts) into(d *Deps) { d.Accounts, d.Identities, d.Sessions = f, f, f }

// Each function asks for what its arguments say.
func TestAccountFunctions(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		`nk.account_get_id(id)`:                                 "get " + aliceID,
		`nk.account_get_id("{" .. id:upper() .. "}")`:           "get " + aliceID,
		`nk.accounts_get_id({id}, {"d"})`:                       `accounts ["` + aliceID + `"] ["d"]`,
		`nk.accounts_get_id()`:                                  `accounts [] []`,
		`nk.accounts_get_id({})`:                                `accounts [] []`,
		`nk.account_update_id(id, {a = {}})`:                    "update " + aliceID + ` metadata={"a":{}};`,
		`nk.account_update_id(id, {})`:                          "update " + aliceID + ` metadata={};`,
		`nk.account_update_id(id, nil, "", nil, "", "Oslo")`:    "update " + aliceID + ` location=Oslo;`,
		`nk.account_delete_id(id)`:                              "delete " + aliceID + " false",
		`nk.account_delete_id(id, true)`:                        "delete " + aliceID + " true",
		`nk.account_export_id(id)`:                              "export " + aliceID,
		`nk.account_import_id("{}")`:                            "import {} ",
		`nk.account_import_id("{}", id)`:                        "import {} " + aliceID,
		`nk.users_get_id({id})`:                                 `users ["` + aliceID + `"] [] []`,
		`nk.users_get_id(nil, {"fb"})`:                          `users [] [] ["fb"]`,
		`nk.users_get_username({"a", "b"})`:                     `users [] ["a" "b"] []`,
		`nk.users_get_random(5)`:                                `random 5`,
		`nk.users_get_random()`:                                 `random 0`,
		`nk.users_ban_id({id})`:                                 `ban ["` + aliceID + `"]`,
		`nk.users_ban_id({})`:                                   `ban []`,
		`nk.users_unban_id({id})`:                               `unban ["` + aliceID + `"]`,
		`nk.authenticate_device("d", "n", false)`:               `device "d" "n" false`,
		`nk.authenticate_device("d")`:                           `device "d" "" true`,
		`nk.authenticate_custom("c", nil, false)`:               `custom "c" "" false`,
		`nk.authenticate_email(nil, "p", "n")`:                  `email "" "p" "n" true`,
		`nk.link_custom(id, "c")`:                               `link custom ` + aliceID + ` "c"`,
		`nk.link_device(id, "d")`:                               `link device ` + aliceID + ` "d"`,
		`nk.link_email(id, "e", "p")`:                           `link email ` + aliceID + ` "e" "p"`,
		`nk.unlink_custom(id)`:                                  `unlink custom ` + aliceID + ` ""`,
		`nk.unlink_device(id, "d")`:                             `unlink device ` + aliceID + ` "d"`,
		`nk.unlink_email(id, "e")`:                              `unlink email ` + aliceID + ` "e"`,
		`nk.authenticate_token_generate(id, "")`:                `token ` + aliceID + ` "" map[] 0`,
		`nk.authenticate_token_generate(id, "n", 5, {k = "v"})`: `token ` + aliceID + ` "n" map[k:v] 5`,
		`nk.session_logout(id)`:                                 `logout ` + aliceID + ` "" ""`,
		`nk.session_logout(id, "t", "r")`:                       `logout ` + aliceID + ` "t" "r"`,
		`nk.session_disconnect(id)`:                             `disconnect ` + aliceID + ` 4`,
		`nk.session_disconnect(id, 0)`:                          `disconnect ` + aliceID + ` 4`,
		`nk.session_disconnect(id, 3)`:                          `disconnect ` + aliceID + ` 3`,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			fake := &fakeAccounts{}
			if _, err := evaluate(t, `local id = "`+aliceID+`" `+call, fake.into); err != nil {
				t.Fatal(err)
			}
			if fake.asked != want {
				t.Errorf("asked for %s, want %s", fake.asked, want)
			}
		})
	}
}

func TestAccountFunctionsGive(t *testing.T) {
	t.Parallel()
	const user = `"avatar_url":"","create_time":10,"display_name":"","edge_count":0,"lang_tag":"en","location":"","metadata":{"a":[1]},` +
		`"online":true,"steam_id":"s","timezone":"","update_time":20`
	const who = `"user_id":"` + aliceID + `","username":"alice"`
	const whole = `{"avatar_url":"","create_time":10,"devices":[{"id":"d1"},{"id":"d2"}],"disable_time":30,"display_name":"","edge_count":0,"email":"a@b.cd",` +
		`"lang_tag":"en","location":"","metadata":{"a":[1]},"online":true,"steam_id":"s","timezone":"","update_time":20,"user":{` + user + `,` + who + `},` + who + `,"wallet":{"coins":5}}`
	for call, want := range map[string]string{
		`nk.account_get_id(id)`:                    whole,
		`nk.accounts_get_id({id})`:                 `[` + whole + `]`,
		`nk.account_import_id("{}")`:               whole,
		`nk.users_get_id({id})`:                    `[{` + user + `,` + who + `}]`,
		`{nk.authenticate_device("d")}`:            `["` + aliceID + `","alice",true]`,
		`{nk.authenticate_token_generate(id, "")}`: `["token",99]`,
		`{nk.users_ban_id({id})}`:                  `{}`,
	} {
		got, err := evaluate(t, `local id = "`+aliceID+`" return nk.json_encode(`+call+`)`, (&fakeAccounts{}).into)
		if err != nil || got != want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", call, got, err, want)
		}
	}
}

func TestAccountArgumentErrors(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		`nk.account_get_id()`:                                `argument 1 (user id) must be a string, got nothing`,
		`nk.account_get_id("nope")`:                          `argument 1 (user id) must be a UUID`,
		`nk.accounts_get_id({"nope"})`:                       `argument 1 (user ids) must hold UUIDs only, but holds "nope"`,
		`nk.accounts_get_id({id}, {5})`:                      `argument 2 (device ids) must be a list of strings`,
		`nk.account_update_id(id, "text")`:                   `argument 2 (metadata) must be a table, got a string`,
		`nk.account_update_id(id, {"a", "b"})`:               `argument 2 (metadata) must be a table with named fields`,
		`nk.account_update_id(id, nil, 5)`:                   `argument 3 (username) must be a string or nil, got a number`,
		`nk.account_import_id("")`:                           `argument 1 (data) must be a string that is not empty`,
		`nk.account_import_id("{}", "nope")`:                 `argument 2 (user id) must be a UUID`,
		`nk.users_get_id({})`:                                `argument 1 (user ids) must be nil or a list that is not empty`,
		`nk.users_get_id({a = id})`:                          `argument 1 (user ids) must be a list of strings`,
		`nk.users_get_username({""})`:                        `argument 1 (usernames) must be a list of strings that are not empty`,
		`nk.users_get_username()`:                            `argument 1 (usernames) must be a table, got nothing`,
		`nk.users_get_random(-1)`:                            `must be from 0 to 1000, got -1`,
		`nk.users_get_random(1001)`:                          `must be from 0 to 1000, got 1001`,
		`nk.users_ban_id()`:                                  `argument 1 (user ids) must be a table, got nothing`,
		`nk.authenticate_device()`:                           `argument 1 (id) must be a string, got nothing`,
		`nk.authenticate_email("e")`:                         `argument 2 (password) must be a string, got nothing`,
		`nk.authenticate_device("d", "n", "yes")`:            `argument 3 (create) must be a boolean`,
		`nk.link_custom("nope", "c")`:                        `argument 1 (user id) must be a UUID`,
		`nk.authenticate_token_generate(id)`:                 `argument 2 (username) must be a string, got nothing`,
		`nk.authenticate_token_generate(id, "", 0, {n = 5})`: `argument 4 (vars) must have strings as keys and values`,
		`nk.session_disconnect("nope")`:                      `argument 1 (session id) must be a UUID`,
		`nk.session_disconnect(id, 5)`:                       `argument 2 (reason) must be from 0 to 4, got 5`,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			fake := &fakeAccounts{}
			_, err := evaluate(t, `local id = "`+aliceID+`" `+call, fake.into)
			if err == nil || fake.asked != "" {
				t.Fatalf("error %v, asked %q", err, fake.asked)
			}
			wantText(t, message(err), want)
		})
	}
}

// An error with a code says what it is; one without is for the log, since what a module
// does not catch reaches a client.
func TestErrorsOfServices(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	fake := &fakeAccounts{err: status.Error(codes.NotFound, "Account not found.")}
	_, err := evaluate(t, `nk.account_get_id("`+absentID+`")`, fake.into)
	if err == nil || !strings.Contains(message(err), "nakama.account_get_id: Account not found.") {
		t.Errorf("with a code: %v", err)
	}
	fake.err = errors.New("no such table: users")
	_, err = evaluate(t, `nk.account_get_id("`+absentID+`")`, fake.into, logTo(&log))
	if err == nil || strings.Contains(message(err), "table") {
		t.Errorf("without a code: %v", err)
	}
	wantText(t, log.String(), "no such table: users", "nakama.account_get_id")
}
