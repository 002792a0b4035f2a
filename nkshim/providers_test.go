package nkshim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	"nkhost/host/account"
	"nkhost/host/providers"
	"nkhost/host/social"
)

// proven is what comes of a proof: the provider, or the error's code.
func proven(proof providers.Proof) string {
	if proof == nil {
		return "any"
	}
	profile, err := proof(context.Background())
	if err != nil {
		return status.Code(err).String()
	}
	return string(profile.Kind) + " " + profile.ID
}

func (f *fakeAccounts) AuthenticateWith(_ context.Context, proof providers.Proof, username string, create bool) (account.User, bool, error) {
	return account.User{ID: aliceID, Username: "alice"}, create, f.ask("with %s %q %t", proven(proof), username, create)
}

func (f *fakeAccounts) LinkWith(_ context.Context, user string, proof providers.Proof) error {
	return f.ask("link %s %s", user, proven(proof))
}

func (f *fakeAccounts) UnlinkFrom(_ context.Context, user string, kind providers.Kind, proof providers.Proof) error {
	return f.ask("unlink %s %s %s", user, string(kind), proven(proof))
}

// importing are friends that note whose were imported, by the ids that the provider knows.
type importing struct {
	Friends
	asked string
}

func (f *importing) Import(ctx context.Context, user social.User, friends providers.Friends, reset bool) error {
	kind, ids, err := friends(ctx)
	f.asked = fmt.Sprintf("%s %s %v %t", user.Username, string(kind), ids, reset)
	return err
}

// oneProvider is Steam alone, where every ticket is user 5's, who has one friend; the others
// are not configured or cannot be reached.
func oneProvider(t *testing.T) func(*Deps) {
	client, err := providers.New(providers.Options{
		Config: providers.Config{SteamPublisherKey: "key", SteamAppID: 1},
		HTTP:   &http.Client{Transport: steamOnly{}}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(d *Deps) { d.Providers = client }
}

type steamOnly struct{}

func (steamOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host != "partner.steam-api.com" {
		return nil, errors.New("unreachable")
	}
	text := `{"response":{"params":{"steamid":"5"}}}`
	if strings.HasPrefix(request.URL.Path, "/ISteamUser/GetFriendList/") {
		text = `{"friendslist":{"friends":[{"steamid":"6"}]}}`
	}
	body := io.NopCloser(strings.NewReader(text))
	return &http.Response{StatusCode: http.StatusOK, Body: body, Request: request}, nil
}

func TestProviderFunctions(t *testing.T) {
	t.Parallel()
	const signature = `"p", "b", 1, "cw==", "cw==", "https://static.gc.apple.com/k"`
	imports := map[string]string{
		`nk.authenticate_steam("t")`:       "alice steam [6] false",
		`nk.link_steam(id, "n", "t")`:      "n steam [6] false",
		`nk.authenticate_steam("t", true)`: "alice steam [6] false",
	}
	for call, want := range map[string]string{
		`nk.authenticate_steam("t", true)`:                           `with steam 5 "" true`,
		`nk.authenticate_steam("t")`:                                 `with steam 5 "" true`,
		`nk.authenticate_steam("t", false, "n", false)`:              `with steam 5 "n" false`,
		`nk.authenticate_apple("t", "n", false)`:                     `with FailedPrecondition "n" false`,
		`nk.authenticate_facebook("t", true, "n")`:                   `with Unauthenticated "n" true`,
		`nk.authenticate_facebook_instant_game("a.b", "n")`:          `with FailedPrecondition "n" true`,
		`nk.authenticate_google("t", "n")`:                           `with Unauthenticated "n" true`,
		`nk.authenticate_game_center(` + signature + `, "n", false)`: `with Unauthenticated "n" false`,
		`nk.link_steam(id, "n", "t")`:                                `link ` + aliceID + ` steam 5`,
		`nk.link_steam(id, "n", "t", false)`:                         `link ` + aliceID + ` steam 5`,
		`nk.link_apple(id, "t")`:                                     `link ` + aliceID + ` FailedPrecondition`,
		`nk.link_facebook(id, "n", "t")`:                             `link ` + aliceID + ` Unauthenticated`,
		`nk.link_facebook_instant_game(id, "a.b")`:                   `link ` + aliceID + ` FailedPrecondition`,
		`nk.link_google(id, "t")`:                                    `link ` + aliceID + ` Unauthenticated`,
		`nk.link_gamecenter(id, ` + signature + `)`:                  `link ` + aliceID + ` Unauthenticated`,
		`nk.unlink_steam(id)`:                                        `unlink ` + aliceID + ` steam any`,
		`nk.unlink_steam(id, "t")`:                                   `unlink ` + aliceID + ` steam steam 5`,
		`nk.unlink_apple(id)`:                                        `unlink ` + aliceID + ` apple any`,
		`nk.unlink_facebook(id, "t")`:                                `unlink ` + aliceID + ` facebook Unauthenticated`,
		`nk.unlink_facebook_instant_game(id)`:                        `unlink ` + aliceID + ` facebook_instant_game any`,
		`nk.unlink_google(id)`:                                       `unlink ` + aliceID + ` google any`,
		`nk.unlink_gamecenter(id, "p", "b")`:                         `unlink ` + aliceID + ` gamecenter any`,
		`nk.unlink_gamecenter(id, ` + signature + `)`:                `unlink ` + aliceID + ` gamecenter Unauthenticated`,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			fake, friends := &fakeAccounts{}, &importing{}
			if _, err := evaluate(t, `local id = "`+aliceID+`" `+call, fake.into, oneProvider(t), func(d *Deps) { d.Friends = friends }); err != nil {
				t.Fatal(err)
			}
			if fake.asked != want {
				t.Errorf("asked for %s, want %s", fake.asked, want)
			}
			if friends.asked != imports[call] {
				t.Errorf("imported %q, want %q", friends.asked, imports[call])
			}
		})
	}
}

func TestProviderArgumentErrors(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		`nk.authenticate_steam("")`:                  `argument 1 (token) must be a string that is not empty`,
		`nk.authenticate_steam("t", "n")`:            `argument 2 (import friends) must be a boolean`,
		`nk.authenticate_game_center("p", "b", "1")`: `argument 3 (timestamp) must be a number`,
		`nk.link_steam(id, "t")`:                     `argument 3 (token) must be a string, got nothing`,
		`nk.link_google("nope", "t")`:                `argument 1 (user id) must be a UUID`,
		`nk.unlink_google("nope")`:                   `argument 1 (user id) must be a UUID`,
		`nk.link_gamecenter(id, "p")`:                `argument 3 (bundle id) must be a string, got nothing`,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			fake := &fakeAccounts{}
			_, err := evaluate(t, `local id = "`+aliceID+`" `+call, fake.into, oneProvider(t))
			if err == nil || fake.asked != "" {
				t.Fatalf("error %v, asked %q", err, fake.asked)
			}
			wantText(t, message(err), want)
		})
	}
}
