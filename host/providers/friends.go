package providers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Friends finds out whom a provider's user is friends with there: their ids. Its error's
// code is as a Proof's.
type Friends func(ctx context.Context) (kind Kind, ids []string, err error)

// Noting is the proof with the profile left at into, once there is one.
func (p Proof) Noting(into *Profile) Proof {
	return func(ctx context.Context) (Profile, error) {
		profile, err := p(ctx)
		if err == nil {
			*into = profile
		}
		return profile, err
	}
}

// FriendsOf are the friends of the user whom a token has proven to be profile's. It is nil
// where the provider does not tell, or not by such a token.
func (c *Client) FriendsOf(profile Profile, token string) Friends {
	switch {
	case profile.Kind == Facebook && !isJWT(token):
		return c.FacebookFriends(token)
	case profile.Kind == Steam:
		return c.friends(Steam, func(ctx context.Context) ([]string, error) { return c.steamFriends(ctx, profile.ID) })
	}
	return nil
}

// FacebookFriends are the friends of who has an access token of Facebook, those that play
// the game too.
func (c *Client) FacebookFriends(token string) Friends {
	if token == "" {
		return noFriends(codes.InvalidArgument, "Facebook token is required.")
	}
	return c.friends(Facebook, func(ctx context.Context) ([]string, error) { return c.facebookFriends(ctx, token) })
}

// SteamFriends are the friends of who has a session ticket of Steam.
func (c *Client) SteamFriends(ticket string) Friends {
	switch {
	case c.options.SteamPublisherKey == "" || c.options.SteamAppID == 0:
		return noFriends(codes.FailedPrecondition, Steam.String()+" authentication is not configured.")
	case ticket == "":
		return noFriends(codes.InvalidArgument, "Steam token is required.")
	}
	return func(ctx context.Context) (Kind, []string, error) {
		profile, err := c.Steam(ticket)(ctx)
		if err != nil {
			return Steam, nil, err
		}
		return c.FriendsOf(profile, ticket)(ctx)
	}
}

func noFriends(code codes.Code, text string) Friends {
	return func(context.Context) (Kind, []string, error) { return "", nil, status.Error(code, text) }
}

// friends asks list for the friends with a provider. As with a profile, the log learns what
// went wrong, and the client that it did.
func (c *Client) friends(kind Kind, list func(ctx context.Context) ([]string, error)) Friends {
	return func(ctx context.Context) (Kind, []string, error) {
		ids, err := list(ctx)
		if err != nil {
			return kind, nil, c.unauthenticated(ctx, kind, "friends could not be listed", err)
		}
		return kind, slices.DeleteFunc(ids, func(id string) bool { return id == "" || len(id) > maxID }), nil
	}
}

// unauthenticated is what a client learns of a failure; the log learns all.
func (c *Client) unauthenticated(ctx context.Context, kind Kind, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.options.Log.LogAttrs(ctx, slog.LevelInfo, what, slog.String("provider", kind.String()), slog.Any("error", err))
	return status.Errorf(codes.Unauthenticated, "Could not authenticate %s profile.", kind)
}

// maxFriends is how many friends are read, which is as many as Facebook allows.
const maxFriends = 5000

// facebookFriends reads page after page.
func (c *Client) facebookFriends(ctx context.Context, token string) ([]string, error) {
	query := url.Values{"access_token": {token}, "fields": {"id"}, "limit": {"500"}}
	var ids []string
	for {
		var page struct {
			Data   []struct{ ID string }
			Paging struct {
				Cursors struct{ After string }
				Next    string
			}
		}
		if err := c.getJSON(ctx, "https://graph.facebook.com/v22.0/me/friends?"+query.Encode(), "", &page); err != nil {
			return nil, err
		}
		for _, friend := range page.Data {
			ids = append(ids, friend.ID)
		}
		after := page.Paging.Cursors.After
		switch {
		case page.Paging.Next == "" || after == "" || len(ids) >= maxFriends:
			return ids, nil
		case len(page.Data) == 0:
			return nil, errors.New("graph.facebook.com has no end of pages")
		}
		query.Set("after", after)
	}
}

// steamFriends are those of a user whose friends are public, and else none.
func (c *Client) steamFriends(ctx context.Context, steamID string) ([]string, error) {
	query := url.Values{"key": {c.options.SteamPublisherKey}, "steamid": {steamID}, "relationship": {"friend"}}
	var answer struct {
		FriendsList struct {
			Friends []struct{ SteamID string }
		}
	}
	err := c.getJSON(ctx, "https://partner.steam-api.com/ISteamUser/GetFriendList/v0001/?"+query.Encode(), "", &answer)
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusUnauthorized {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask for friends: %w", err)
	}
	var ids []string
	for _, friend := range answer.FriendsList.Friends {
		ids = append(ids, friend.SteamID)
	}
	return ids, nil
}
