package nkshim

import (
	"context"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/account"
	"nkhost/host/storage"
	"nkhost/host/wallet"
	"nkhost/lua/glua"
)

// MultiUpdate is what to change in one transaction, in the order of the fields.
type MultiUpdate struct {
	Accounts []AccountUpdate
	Writes   []storage.Write
	Deletes  []storage.Delete
	Wallets  []wallet.Update
	Ledger   bool
}

// AccountUpdate is what to change in a user's account.
type AccountUpdate struct {
	UserID string
	account.Update
}

// MultiUpdater makes changes of several kinds in one transaction.
type MultiUpdater interface {
	MultiUpdate(ctx context.Context, update MultiUpdate) ([]*api.StorageObjectAck, []wallet.Result, error)
}

var multiFunctions = map[string]function{
	"multi_update": multiUpdate,
}

// multiUpdate gives the acknowledgements of the writes and the results of the wallets,
// or nil for what was not asked for.
func multiUpdate(r *Runtime, c call) int {
	update := MultiUpdate{
		Accounts: optional(c, 1, "account updates", accountUpdates),
		Writes:   optional(c, 2, "storage writes", storageWrites),
		Deletes:  optional(c, 3, "storage deletes", storageDeletes),
		Wallets:  optional(c, 4, "wallet updates", walletUpdates),
		Ledger:   c.optBool(5, "update ledger", false),
	}
	var acks []*api.StorageObjectAck
	var results []wallet.Result
	r.await(c, func() (err error) {
		acks, results, err = r.deps.MultiUpdater.MultiUpdate(c.context(), update)
		return err
	})
	var first, second glua.LValue = glua.LNil, glua.LNil
	if len(acks) > 0 {
		first = ackList(acks)
	}
	if len(results) > 0 {
		second = walletResults(results)
	}
	c.push(first)
	c.push(second)
	return 2
}

// accountUpdates reads updates in which "" clears a field, except for the user name,
// which it leaves.
func accountUpdates(c call, table *glua.LTable, from list) []AccountUpdate {
	var updates []AccountUpdate
	c.recordsOf(table, from, func(r record) {
		update := AccountUpdate{UserID: r.id("user_id"), Update: account.Update{
			Username: r.anyText("username"), DisplayName: r.anyText("display_name"), AvatarURL: r.anyText("avatar_url"),
			LangTag: r.anyText("lang_tag"), Location: r.anyText("location"), Timezone: r.anyText("timezone"),
		}}
		if update.Username != nil && *update.Username == "" {
			update.Username = nil
		}
		if r.has("metadata") {
			metadata := r.object("metadata")
			update.Metadata = &metadata
		}
		updates = append(updates, update)
	})
	return updates
}
