package providers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
)

// Facebook is who has an access token of Facebook, or an id token of its limited login.
func (c *Client) Facebook(token string) Proof {
	if token == "" {
		return refused(codes.InvalidArgument, "Facebook access token is required.")
	}
	return c.proof(Facebook, func(ctx context.Context) (Profile, error) {
		if isJWT(token) {
			return c.facebookLimitedLogin(ctx, token)
		}
		return c.facebookProfile(ctx, token)
	})
}

// isJWT tells an id token from a code or an access token, which have no dots.
func isJWT(token string) bool { return strings.Count(token, ".") == 2 }

func (c *Client) facebookLimitedLogin(ctx context.Context, token string) (Profile, error) {
	claims, err := c.checkIDToken(ctx, &c.facebookKeys, token, "https://www.facebook.com", "https://facebook.com")
	if err != nil {
		return Profile{}, err
	}
	if app := c.options.FacebookAppID; app != "" && !slices.Contains(claims.Audience, app) {
		return Profile{}, fmt.Errorf("the token is for %q, not for social.facebook_limited_login.app_id", claims.Audience)
	}
	return Profile{ID: claims.Subject, DisplayName: claims.Name, AvatarURL: claims.Picture, Email: claims.Email}, nil
}

func (c *Client) facebookProfile(ctx context.Context, token string) (Profile, error) {
	query := url.Values{"access_token": {token}, "fields": {"id,name,email,picture"}}
	var profile struct {
		ID, Name, Email string
		Picture         struct{ Data struct{ URL string } }
	}
	if err := c.getJSON(ctx, "https://graph.facebook.com/v22.0/me?"+query.Encode(), "", &profile); err != nil {
		return Profile{}, err
	}
	return Profile{ID: profile.ID, DisplayName: profile.Name, AvatarURL: profile.Picture.Data.URL, Email: profile.Email}, nil
}

// FacebookInstantGame is the player of a signed player info.
func (c *Client) FacebookInstantGame(signedPlayerInfo string) Proof {
	switch {
	case signedPlayerInfo == "":
		return refused(codes.InvalidArgument, "Signed Player Info for a Facebook Instant Game is required.")
	case c.options.FacebookInstantGameSecret == "":
		// Nakama takes a signature by the empty key here, which anyone can make.
		return notConfigured(FacebookInstantGame)
	}
	return c.proof(FacebookInstantGame, func(context.Context) (Profile, error) {
		player, err := instantGamePlayer(signedPlayerInfo, c.options.FacebookInstantGameSecret)
		return Profile{ID: player}, err
	})
}

// instantGamePlayer reads SIGNATURE.PAYLOAD, both in base64; the payload is JSON.
func instantGamePlayer(info, secret string) (string, error) {
	signature, payload, ok := strings.Cut(info, ".")
	if !ok {
		return "", errors.New("the player info has no dot")
	}
	mac, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	if err != nil {
		return "", fmt.Errorf("read the signature: %w", err)
	}
	want := hmac.New(sha256.New, []byte(secret))
	want.Write([]byte(payload))
	if !hmac.Equal(mac, want.Sum(nil)) {
		return "", errors.New("the signature is not the app's")
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return "", fmt.Errorf("read the payload: %w", err)
	}
	var player struct {
		Algorithm string `json:"algorithm"`
		PlayerID  string `json:"player_id"`
	}
	if err := json.Unmarshal(text, &player); err != nil {
		return "", fmt.Errorf("read the payload: %w", err)
	}
	if player.Algorithm != "HMAC-SHA256" && player.Algorithm != "HS256" {
		return "", fmt.Errorf("the signature's algorithm is %q", player.Algorithm)
	}
	return player.PlayerID, nil
}
