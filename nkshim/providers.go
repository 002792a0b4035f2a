package nkshim

import (
	"context"
	"log/slog"

	"nkhost/host/account"
	"nkhost/host/providers"
	"nkhost/host/social"
)

var providerFunctions = map[string]function{
	"authenticate_apple":                 authenticateWith((*providers.Client).Apple),
	"authenticate_facebook":              authenticateWithFriends((*providers.Client).Facebook),
	"authenticate_facebook_instant_game": authenticateWith((*providers.Client).FacebookInstantGame),
	"authenticate_game_center":           authenticateGameCenter,
	"authenticate_google":                authenticateWith((*providers.Client).Google),
	"authenticate_steam":                 authenticateWithFriends((*providers.Client).Steam),
	"link_apple":                         linkWith((*providers.Client).Apple),
	"link_facebook":                      linkWithFriends((*providers.Client).Facebook),
	"link_facebook_instant_game":         linkWith((*providers.Client).FacebookInstantGame),
	"link_gamecenter":                    linkGameCenter,
	"link_google":                        linkWith((*providers.Client).Google),
	"link_steam":                         linkWithFriends((*providers.Client).Steam),
	"unlink_apple":                       unlinkFrom(providers.Apple, (*providers.Client).Apple),
	"unlink_facebook":                    unlinkFrom(providers.Facebook, (*providers.Client).Facebook),
	"unlink_facebook_instant_game":       unlinkFrom(providers.FacebookInstantGame, (*providers.Client).FacebookInstantGame),
	"unlink_gamecenter":                  unlinkGameCenter,
	"unlink_google":                      unlinkFrom(providers.Google, (*providers.Client).Google),
	"unlink_steam":                       unlinkFrom(providers.Steam, (*providers.Client).Steam),
}

// prover makes a proof of a token.
type prover func(client *providers.Client, token string) providers.Proof

// authenticateWith takes a token, a username and whether to create.
func authenticateWith(prove prover) function {
	return func(r *Runtime, c call) int {
		token := c.filledText(1, "token")
		return authenticateProven(r, c, prove(r.deps.Providers, token), 2)
	}
}

// authenticateWithFriends takes before the username whether to import friends.
func authenticateWithFriends(prove prover) function {
	return func(r *Runtime, c call) int {
		token, bring := c.filledText(1, "token"), c.optBool(2, "import friends", true)
		username, create := c.optText(3, "username", ""), c.optBool(4, "create", true)
		return authenticate(r, c, func(ctx context.Context) (account.User, bool, error) {
			var profile providers.Profile
			user, created, err := r.deps.Identities.AuthenticateWith(ctx, prove(r.deps.Providers, token).Noting(&profile), username, create)
			if err == nil && bring {
				r.bringFriends(ctx, social.User{ID: user.ID, Username: user.Username}, profile, token)
			}
			return user, created, err
		})
	}
}

// bringFriends imports the friends of who has shown a token to log in or to link. That it
// fails holds nothing up, as on Nakama.
func (r *Runtime) bringFriends(ctx context.Context, user social.User, profile providers.Profile, token string) {
	friends := r.deps.Providers.FriendsOf(profile, token)
	if friends == nil {
		return
	}
	if err := r.deps.Friends.Import(ctx, user, friends, false); err != nil {
		r.deps.Log.LogAttrs(ctx, slog.LevelWarn, "friends could not be imported",
			append(logAttrs(ctx), slog.String("of", user.ID), slog.Any("error", err))...)
	}
}

func authenticateGameCenter(r *Runtime, c call) int {
	return authenticateProven(r, c, r.deps.Providers.GameCenter(c.gameCenterSignature(1)), 7)
}

// authenticateProven reads the username from argument n, and whether to create after it.
func authenticateProven(r *Runtime, c call, proof providers.Proof, n int) int {
	username, create := c.optText(n, "username", ""), c.optBool(n+1, "create", true)
	return authenticate(r, c, func(ctx context.Context) (account.User, bool, error) {
		return r.deps.Identities.AuthenticateWith(ctx, proof, username, create)
	})
}

// linkWith takes a user id and a token.
func linkWith(prove prover) function {
	return func(r *Runtime, c call) int {
		user, token := c.id(1, "user id"), c.filledText(2, "token")
		return linkProven(r, c, user, prove(r.deps.Providers, token))
	}
}

// linkWithFriends takes a username between the two, and whether to import friends.
func linkWithFriends(prove prover) function {
	return func(r *Runtime, c call) int {
		user := social.User{ID: c.id(1, "user id"), Username: c.filledText(2, "username")}
		token, bring := c.filledText(3, "token"), c.optBool(4, "import friends", true)
		ctx := c.context()
		r.await(c, func() error {
			var profile providers.Profile
			err := r.deps.Identities.LinkWith(ctx, user.ID, prove(r.deps.Providers, token).Noting(&profile))
			if err == nil && bring {
				r.bringFriends(ctx, user, profile, token)
			}
			return err
		})
		return 0
	}
}

func linkGameCenter(r *Runtime, c call) int {
	return linkProven(r, c, c.id(1, "user id"), r.deps.Providers.GameCenter(c.gameCenterSignature(2)))
}

func linkProven(r *Runtime, c call, user string, proof providers.Proof) int {
	ctx := c.context()
	r.await(c, func() error { return r.deps.Identities.LinkWith(ctx, user, proof) })
	return 0
}

// unlinkFrom takes a user id and perhaps a token.
func unlinkFrom(kind providers.Kind, prove prover) function {
	return func(r *Runtime, c call) int {
		user, token := c.id(1, "user id"), c.optText(2, "token", "")
		var proof providers.Proof
		if token != "" {
			proof = prove(r.deps.Providers, token)
		}
		return unlinkProven(r, c, user, kind, proof)
	}
}

// unlinkGameCenter takes a signature that lacks something for none, as Nakama does.
func unlinkGameCenter(r *Runtime, c call) int {
	user := c.id(1, "user id")
	signature := providers.GameCenterSignature{
		PlayerID:     c.optText(2, "player id", ""),
		BundleID:     c.optText(3, "bundle id", ""),
		Timestamp:    int64(c.optInt(4, "timestamp", 0)),
		Salt:         c.optText(5, "salt", ""),
		Signature:    c.optText(6, "signature", ""),
		PublicKeyURL: c.optText(7, "public key URL", ""),
	}
	var proof providers.Proof
	if signature.IsComplete() {
		proof = r.deps.Providers.GameCenter(signature)
	}
	return unlinkProven(r, c, user, providers.GameCenter, proof)
}

func unlinkProven(r *Runtime, c call, user string, kind providers.Kind, proof providers.Proof) int {
	ctx := c.context()
	r.await(c, func() error { return r.deps.Identities.UnlinkFrom(ctx, user, kind, proof) })
	return 0
}

// gameCenterSignature reads six arguments, from the n-th.
func (c call) gameCenterSignature(n int) providers.GameCenterSignature {
	return providers.GameCenterSignature{
		PlayerID:     c.filledText(n, "player id"),
		BundleID:     c.filledText(n+1, "bundle id"),
		Timestamp:    int64(c.number(n+2, "timestamp")),
		Salt:         c.filledText(n+3, "salt"),
		Signature:    c.filledText(n+4, "signature"),
		PublicKeyURL: c.filledText(n+5, "public key URL"),
	}
}
