package providers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
)

// googleClient is an OAuth client, as Google's console describes it.
type googleClient struct {
	ID           string   `json:"client_id"`
	Secret       string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
	TokenURI     string   `json:"token_uri"`
}

// readGoogleCredentials returns nil for "".
func readGoogleCredentials(text string) (*googleClient, error) {
	if text == "" {
		return nil, nil
	}
	var credentials struct{ Web, Installed *googleClient }
	if err := json.Unmarshal([]byte(text), &credentials); err != nil {
		return nil, fmt.Errorf("google_auth.credentials_json is not JSON: %w", err)
	}
	client := credentials.Web
	if client == nil {
		client = credentials.Installed
	}
	if client == nil || client.ID == "" || client.TokenURI == "" || len(client.RedirectURIs) == 0 {
		return nil, errors.New("google_auth.credentials_json must have a web or installed client with client_id, token_uri and redirect_uris")
	}
	return client, nil
}

// Google is who has an id token of Google, or a code of Play Games that stands for one.
func (c *Client) Google(token string) Proof {
	if token == "" {
		return refused(codes.InvalidArgument, "Google access token is required.")
	}
	return c.proof(Google, func(ctx context.Context) (Profile, error) {
		if isJWT(token) {
			return c.googleIDToken(ctx, token)
		}
		return c.playGames(ctx, token)
	})
}

func (c *Client) googleIDToken(ctx context.Context, token string) (Profile, error) {
	claims, err := c.checkIDToken(ctx, &c.googleKeys, token, "accounts.google.com", "https://accounts.google.com")
	if err != nil {
		return Profile{}, err
	}
	if c.google != nil && !slices.ContainsFunc(claims.Audience, c.google.isOfProject) {
		return Profile{}, fmt.Errorf("the token is for %q, which is not of the project of google_auth.credentials_json", claims.Audience)
	}
	return Profile{ID: claims.Subject, DisplayName: claims.Name, AvatarURL: claims.Picture, Email: claims.verifiedEmail()}, nil
}

// isOfProject says whether a client belongs to this one's project: an app has a client a
// platform, and their ids begin with the project's number and a hyphen.
func (g *googleClient) isOfProject(clientID string) bool {
	project, _, _ := strings.Cut(g.ID, "-")
	_, err := strconv.ParseUint(project, 10, 64)
	return clientID == g.ID || err == nil && strings.HasPrefix(clientID, project+"-")
}

// playGames exchanges a code for a token, and asks with it who the player is.
func (c *Client) playGames(ctx context.Context, code string) (Profile, error) {
	if c.google == nil {
		return Profile{}, errors.New("this is no id token, and codes need google_auth.credentials_json")
	}
	var access struct {
		Token string `json:"access_token"`
	}
	if err := postForm(ctx, c.options.HTTP, c.google.TokenURI, url.Values{
		"grant_type": {"authorization_code"}, "code": {code},
		"client_id": {c.google.ID}, "client_secret": {c.google.Secret}, "redirect_uri": {c.google.RedirectURIs[0]},
	}, &access); err != nil {
		return Profile{}, fmt.Errorf("exchange the code: %w", err)
	}
	if access.Token == "" {
		return Profile{}, errors.New("exchange the code: there is no token")
	}
	var player struct{ PlayerID, DisplayName, AvatarImageURL, OriginalPlayerID string }
	if err := c.getJSON(ctx, "https://www.googleapis.com/games/v1/players/me", access.Token, &player); err != nil {
		return Profile{}, fmt.Errorf("ask for the player: %w", err)
	}
	return Profile{ID: player.PlayerID, FormerID: player.OriginalPlayerID, DisplayName: player.DisplayName, AvatarURL: player.AvatarImageURL}, nil
}
