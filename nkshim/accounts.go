package nkshim

import (
	"context"
	"strings"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/account"
	"nkhost/lua"
	"nkhost/lua/glua"
)

// Accounts are the users' accounts. Ids are UUIDs in their usual form.
type Accounts interface {
	Get(ctx context.Context, userID string) (*api.Account, error)
	Accounts(ctx context.Context, ids, devices []string) ([]*api.Account, error)
	Update(ctx context.Context, userID string, update account.Update) error
	Delete(ctx context.Context, userID string, recorded bool) error
	Export(ctx context.Context, userID string) (string, error)
	Import(ctx context.Context, data, userID string) (*api.Account, error)

	Users(ctx context.Context, ids, usernames, facebookIDs []string) ([]*api.User, error)
	RandomUsers(ctx context.Context, count int) ([]*api.User, error)
	Ban(ctx context.Context, ids []string) error
	Unban(ctx context.Context, ids []string) error
}

var accountFunctions = map[string]function{
	"account_delete_id": accountDeleteID,
	"account_export_id": accountExportID,
	"account_get_id":    accountGetID,
	"account_import_id": accountImportID,
	"account_update_id": accountUpdateID,
	"accounts_get_id":   accountsGetID,
}

func accountGetID(r *Runtime, c call) int {
	ctx, id := c.context(), c.id(1, "user id")
	var found *api.Account
	r.await(c, func() (err error) {
		found, err = r.deps.Accounts.Get(ctx, id)
		return err
	})
	return c.push(accountTable(c, found))
}

func accountsGetID(r *Runtime, c call) int {
	ctx := c.context()
	var ids, devices []string
	if c.L.Get(1) != glua.LNil {
		ids = c.ids(1, "user ids")
	}
	if c.L.Get(2) != glua.LNil {
		devices = c.filledTexts(2, "device ids")
	}
	var found []*api.Account
	r.await(c, func() (err error) {
		found, err = r.deps.Accounts.Accounts(ctx, ids, devices)
		return err
	})
	list := newList(len(found))
	for _, one := range found {
		list.Append(accountTable(c, one))
	}
	return c.push(list)
}

// accountUpdateID leaves a field alone that is nil or empty.
func accountUpdateID(r *Runtime, c call) int {
	ctx, id := c.context(), c.id(1, "user id")
	update := account.Update{
		Username:    c.optFilled(3, "username"),
		DisplayName: c.optFilled(4, "display name"),
		Timezone:    c.optFilled(5, "timezone"),
		Location:    c.optFilled(6, "location"),
		LangTag:     c.optFilled(7, "language tag"),
		AvatarURL:   c.optFilled(8, "avatar URL"),
	}
	if c.L.Get(2) != glua.LNil {
		metadata := c.object(2, "metadata")
		update.Metadata = &metadata
	}
	r.await(c, func() error { return r.deps.Accounts.Update(ctx, id, update) })
	return 0
}

func accountDeleteID(r *Runtime, c call) int {
	ctx, id, recorded := c.context(), c.id(1, "user id"), c.optBool(2, "recorded", false)
	r.await(c, func() error { return r.deps.Accounts.Delete(ctx, id, recorded) })
	return 0
}

func accountExportID(r *Runtime, c call) int {
	ctx, id := c.context(), c.id(1, "user id")
	var export string
	r.await(c, func() (err error) {
		export, err = r.deps.Accounts.Export(ctx, id)
		return err
	})
	return c.push(glua.LString(export))
}

func accountImportID(r *Runtime, c call) int {
	ctx, data, id := c.context(), c.filledText(1, "data"), ""
	if c.optText(2, "user id", "") != "" {
		id = c.id(2, "user id")
	}
	var imported *api.Account
	r.await(c, func() (err error) {
		imported, err = r.deps.Accounts.Import(ctx, data, id)
		return err
	})
	return c.push(accountTable(c, imported))
}

// accountTable has the user's fields in itself and, once more, as its user.
func accountTable(c call, a *api.Account) *glua.LTable {
	t := userTable(c, a.User)
	t.SetField("user", userTable(c, a.User))
	t.SetField("wallet", c.decoded(a.Wallet))
	setText(t, "email", a.Email)
	setText(t, "custom_id", a.CustomId)
	if len(a.Devices) > 0 {
		devices := newList(len(a.Devices))
		for _, device := range a.Devices {
			one := newTable(1)
			one.SetField("id", glua.LString(device.Id))
			devices.Append(one)
		}
		t.SetField("devices", devices)
	}
	if a.VerifyTime != nil {
		t.SetField("verify_time", glua.LNumber(a.VerifyTime.Seconds))
	}
	if a.DisableTime != nil {
		t.SetField("disable_time", glua.LNumber(a.DisableTime.Seconds))
	}
	return t
}

// decoded is a JSON text that the host keeps.
func (c call) decoded(text string) glua.LValue {
	value, err := lua.DecodeJSON(text)
	if err != nil {
		c.fail("what is stored is no JSON: %v", err)
	}
	return value
}

// object is a table with named fields, as JSON.
func (c call) object(n int, what string) string {
	text, err := lua.EncodeJSONFor(c.L, c.table(n, what))
	if err != nil {
		c.fail("argument %d (%s): %v", n, what, err)
	}
	if !strings.HasPrefix(text, "{") {
		c.refuse(n, what, "a table with named fields")
	}
	return text
}
