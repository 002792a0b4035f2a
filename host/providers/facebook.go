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

// instantGamePlayer reads the player of a signed player info.
func instantGamePlayer(info, secret string) (string, error) {
	payload, err := readSigned(info, secret)
	if err != nil {
		return "", err
	}
	var player struct {
		PlayerID string `json:"player_id"`
	}
	err = json.Unmarshal(payload, &player)
	return player.PlayerID, err
}

// readSigned reads what Facebook has signed with the app's secret: SIGNATURE.PAYLOAD, both
// in base64. The payload is a JSON object.
func readSigned(signed, secret string) (payload []byte, err error) {
	signature, encoded, ok := strings.Cut(signed, ".")
	if !ok {
		return nil, errors.New("there is no dot between signature and payload")
	}
	mac, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	if err != nil {
		return nil, fmt.Errorf("read the signature: %w", err)
	}
	want := hmac.New(sha256.New, []byte(secret))
	want.Write([]byte(encoded))
	if !hmac.Equal(mac, want.Sum(nil)) {
		return nil, errors.New("the signature is not the app's")
	}
	if payload, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "=")); err != nil {
		return nil, fmt.Errorf("read the payload: %w", err)
	}
	var by struct {
		Algorithm string `json:"algorithm"`
	}
	if err := json.Unmarshal(payload, &by); err != nil {
		return nil, fmt.Errorf("read the payload: %w", err)
	}
	if by.Algorithm != "HMAC-SHA256" && by.Algorithm != "HS256" {
		return nil, fmt.Errorf("the signature's algorithm is %q", by.Algorithm)
	}
	return payload, nil
}
