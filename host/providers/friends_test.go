package providers

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
)

const (
	graphFriends = "graph.facebook.com/v22.0/me/friends"
	steamFriends = "partner.steam-api.com/ISteamUser/GetFriendList/v0001/"
)

func wantFriends(t *testing.T, friends Friends, wantKind Kind, want ...string) {
	t.Helper()
	if kind, ids, err := friends(t.Context()); err != nil || kind != wantKind || !slices.Equal(ids, want) {
		t.Errorf("%s friends %q, %v, want %s %q", string(kind), ids, err, string(wantKind), want)
	}
}

func (f Friends) fails(t *testing.T) error {
	_, _, err := f(t.Context())
	return err
}

// Facebook tells friends in pages.
func TestFacebookFriends(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	pages := map[string]string{
		"":  `{"data":[{"id":"1"},{"id":"2"}],"paging":{"cursors":{"after":"a"},"next":"https://graph.facebook.com/…"}}`,
		"a": `{"data":[{"id":"3"},{"id":""},{"id":"` + strings.Repeat("9", 129) + `"}],"paging":{"cursors":{"after":"b"}}}`,
	}
	s.answers[graphFriends] = func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if query.Get("access_token") != "good" {
			http.Error(w, `{"error":{}}`, http.StatusBadRequest)
			return
		}
		answer(pages[query.Get("after")])(w, r)
	}
	wantFriends(t, s.FacebookFriends("good"), Facebook, "1", "2", "3")
	wantFriends(t, s.FriendsOf(Profile{Kind: Facebook, ID: "5"}, "good"), Facebook, "1", "2", "3")
	wantText(t, s.FacebookFriends("").fails(t), codes.InvalidArgument, "Facebook token is required.")
	wantText(t, s.FacebookFriends("bad").fails(t), codes.Unauthenticated, "Could not authenticate Facebook profile.")
	pages["a"] = `{"data":[],"paging":{"cursors":{"after":"a"},"next":"https://graph.facebook.com/…"}}`
	wantText(t, s.FacebookFriends("good").fails(t), codes.Unauthenticated, "Could not authenticate Facebook profile.")
	for name, friends := range map[string]Friends{
		"an id token":      s.FriendsOf(Profile{Kind: Facebook}, "a.b.c"),
		"another provider": s.FriendsOf(Profile{Kind: Google}, "good"),
	} {
		if friends != nil {
			t.Errorf("%s tells friends", name)
		}
	}
}

func TestFacebookFriendsHaveABound(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	page := make([]string, 1000)
	for i := range page {
		page[i] = `{"id":"` + strconv.Itoa(i) + `"}`
	}
	s.answers[graphFriends] = answer(`{"data":[` + strings.Join(page, ",") + `],"paging":{"cursors":{"after":"a"},"next":"n"}}`)
	_, ids, err := s.FacebookFriends("good")(t.Context())
	if err != nil || len(ids) != maxFriends {
		t.Errorf("%d friends, %v", len(ids), err)
	}
}

func TestSteamFriends(t *testing.T) {
	t.Parallel()
	wantText(t, start(t, Config{}).SteamFriends("ticket").fails(t), codes.FailedPrecondition, "Steam authentication is not configured.")
	s := start(t, Config{SteamPublisherKey: "publisher-key", SteamAppID: 480})
	s.answers[steamAuth] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("ticket") != "good" {
			http.Error(w, "", http.StatusForbidden)
			return
		}
		answer(`{"response":{"params":{"steamid":"76561197960287930"}}}`)(w, r)
	}
	status, text := http.StatusOK, `{"friendslist":{"friends":[{"steamid":"1","relationship":"friend","friend_since":1},{"steamid":"2"}]}}`
	s.answers[steamFriends] = func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("key") != "publisher-key" || q.Get("steamid") != "76561197960287930" || q.Get("relationship") != "friend" {
			t.Errorf("asked %v", q)
		}
		w.WriteHeader(status)
		answer(text)(w, r)
	}
	wantFriends(t, s.SteamFriends("good"), Steam, "1", "2")
	wantText(t, s.SteamFriends("").fails(t), codes.InvalidArgument, "Steam token is required.")
	wantText(t, s.SteamFriends("bad").fails(t), codes.Unauthenticated, "Could not authenticate Steam profile.")
	var profile Profile
	if _, err := s.Steam("good").Noting(&profile)(t.Context()); err != nil || profile.ID != "76561197960287930" {
		t.Errorf("profile %+v, %v", profile, err)
	}
	wantFriends(t, s.FriendsOf(profile, "good"), Steam, "1", "2")

	status, text = http.StatusUnauthorized, ""
	wantFriends(t, s.SteamFriends("good"), Steam) // who hides them
	status = http.StatusInternalServerError
	wantText(t, s.SteamFriends("good").fails(t), codes.Unauthenticated, "Could not authenticate Steam profile.")
}
