package nkshim

import (
	"context"

	"nkhost/host/account"
	"nkhost/host/providers"
	"nkhost/lua/glua"
)

// Identities are what users authenticate with.
type Identities interface {
	AuthenticateDevice(ctx context.Context, id, username string, create bool) (user account.User, created bool, err error)
	AuthenticateCustom(ctx context.Context, id, username string, create bool) (user account.User, created bool, err error)
	AuthenticateEmail(ctx context.Context, email, password, username string, create bool) (user account.User, created bool, err error)

	LinkCustom(ctx context.Context, userID, id string) error
	LinkDevice(ctx context.Context, userID, id string) error
	LinkEmail(ctx context.Context, userID, email, password string) error
	UnlinkCustom(ctx context.Context, userID, id string) error
	UnlinkDevice(ctx context.Context, userID, id string) error
	UnlinkEmail(ctx context.Context, userID, email string) error

	AuthenticateWith(ctx context.Context, proof providers.Proof, username string, create bool) (user account.User, created bool, err error)
	LinkWith(ctx context.Context, userID string, proof providers.Proof) error
	// UnlinkFrom takes a nil proof for whatever id the user has there.
	UnlinkFrom(ctx context.Context, userID string, kind providers.Kind, proof providers.Proof) error
}

var identityFunctions = map[string]function{
	"authenticate_custom": authenticateCustom,
	"authenticate_device": authenticateDevice,
	"authenticate_email":  authenticateEmail,
	"link_custom":         linkCustom,
	"link_device":         linkDevice,
	"link_email":          linkEmail,
	"unlink_custom":       unlinkCustom,
	"unlink_device":       unlinkDevice,
	"unlink_email":        unlinkEmail,
}

func authenticateCustom(r *Runtime, c call) int {
	id, username, create := c.text(1, "id"), c.optText(2, "username", ""), c.optBool(3, "create", true)
	return authenticate(r, c, func(ctx context.Context) (account.User, bool, error) {
		return r.deps.Identities.AuthenticateCustom(ctx, id, username, create)
	})
}

func authenticateDevice(r *Runtime, c call) int {
	id, username, create := c.text(1, "id"), c.optText(2, "username", ""), c.optBool(3, "create", true)
	return authenticate(r, c, func(ctx context.Context) (account.User, bool, error) {
		return r.deps.Identities.AuthenticateDevice(ctx, id, username, create)
	})
}

func authenticateEmail(r *Runtime, c call) int {
	email, password := c.optText(1, "email", ""), c.text(2, "password")
	username, create := c.optText(3, "username", ""), c.optBool(4, "create", true)
	return authenticate(r, c, func(ctx context.Context) (account.User, bool, error) {
		return r.deps.Identities.AuthenticateEmail(ctx, email, password, username, create)
	})
}

// authenticate pushes the user's id and name, and whether it was made.
func authenticate(r *Runtime, c call, by func(ctx context.Context) (account.User, bool, error)) int {
	ctx := c.context()
	var user account.User
	var created bool
	r.await(c, func() (err error) {
		user, created, err = by(ctx)
		return err
	})
	c.L.Push(glua.LString(user.ID))
	c.L.Push(glua.LString(user.Username))
	c.L.Push(glua.LBool(created))
	return 3
}

func linkCustom(r *Runtime, c call) int {
	ctx, user, id := c.context(), c.id(1, "user id"), c.text(2, "custom id")
	r.await(c, func() error { return r.deps.Identities.LinkCustom(ctx, user, id) })
	return 0
}

func linkDevice(r *Runtime, c call) int {
	ctx, user, id := c.context(), c.id(1, "user id"), c.text(2, "device id")
	r.await(c, func() error { return r.deps.Identities.LinkDevice(ctx, user, id) })
	return 0
}

func linkEmail(r *Runtime, c call) int {
	ctx, user, email, password := c.context(), c.id(1, "user id"), c.text(2, "email"), c.text(3, "password")
	r.await(c, func() error { return r.deps.Identities.LinkEmail(ctx, user, email, password) })
	return 0
}

func unlinkCustom(r *Runtime, c call) int {
	ctx, user, id := c.context(), c.id(1, "user id"), c.optText(2, "custom id", "")
	r.await(c, func() error { return r.deps.Identities.UnlinkCustom(ctx, user, id) })
	return 0
}

func unlinkDevice(r *Runtime, c call) int {
	ctx, user, id := c.context(), c.id(1, "user id"), c.text(2, "device id")
	r.await(c, func() error { return r.deps.Identities.UnlinkDevice(ctx, user, id) })
	return 0
}

func unlinkEmail(r *Runtime, c call) int {
	ctx, user, email := c.context(), c.id(1, "user id"), c.optText(2, "email", "")
	r.await(c, func() error { return r.deps.Identities.UnlinkEmail(ctx, user, email) })
	return 0
}
