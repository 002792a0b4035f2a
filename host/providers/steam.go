package providers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"google.golang.org/grpc/codes"
)

// Steam is who has a session ticket of Steam, in hexadecimal.
func (c *Client) Steam(ticket string) Proof {
	switch {
	case c.options.SteamPublisherKey == "" || c.options.SteamAppID == 0:
		return notConfigured(Steam)
	case ticket == "":
		return refused(codes.InvalidArgument, "Steam access token is required.")
	}
	return c.proof(Steam, func(ctx context.Context) (Profile, error) {
		query := url.Values{
			"format": {"json"}, "key": {c.options.SteamPublisherKey}, "appid": {strconv.Itoa(c.options.SteamAppID)}, "ticket": {ticket},
		}
		var answer struct {
			Response struct {
				Params *struct{ SteamID string }
				Error  *struct {
					ErrorCode int
					ErrorDesc string
				}
			}
		}
		if err := c.getJSON(ctx, "https://partner.steam-api.com/ISteamUserAuth/AuthenticateUserTicket/v1/?"+query.Encode(), "", &answer); err != nil {
			return Profile{}, err
		}
		switch response := answer.Response; {
		case response.Error != nil:
			return Profile{}, fmt.Errorf("steam refuses the ticket: %s (%d)", response.Error.ErrorDesc, response.Error.ErrorCode)
		case response.Params == nil:
			return Profile{}, errors.New("steam says nothing of the ticket")
		}
		id, err := strconv.ParseUint(answer.Response.Params.SteamID, 10, 64)
		if err != nil || id == 0 {
			return Profile{}, errors.New("steam names no user")
		}
		return Profile{ID: strconv.FormatUint(id, 10)}, nil
	})
}
