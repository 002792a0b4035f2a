package nkshim

import (
	"context"

	"github.com/google/uuid"

	"nkhost/host/wallet"
	"nkhost/lua"
	"nkhost/lua/glua"
)

// Wallets keeps the users' wallets. See wallet.Service.
type Wallets interface {
	Update(ctx context.Context, updates []wallet.Update, ledger bool) ([]wallet.Result, error)
	Annotate(ctx context.Context, itemID, metadata string) (wallet.Item, error)
	List(ctx context.Context, userID string, limit int, cursor string) (items []wallet.Item, next string, err error)
}

var walletFunctions = map[string]function{
	"wallet_ledger_list":   walletLedgerList,
	"wallet_ledger_update": walletLedgerUpdate,
	"wallet_update":        walletUpdate,
	"wallets_update":       walletsUpdate,
}

// walletUpdate gives the wallet as it is and as it was.
func walletUpdate(r *Runtime, c call) int {
	update := wallet.Update{UserID: c.id(1, "user id"), Changeset: c.changesOf(c.table(2, "changeset"), "changeset"), Metadata: "{}"}
	if metadata := c.optTable(3, "metadata"); metadata != nil {
		update.Metadata = c.objectText(metadata, "metadata")
	}
	results := r.updateWallets(c, []wallet.Update{update}, c.optBool(4, "update ledger", false))
	if len(results) == 0 {
		c.fail("user not found")
	}
	c.push(lua.FromGo(results[0].Updated))
	c.push(lua.FromGo(results[0].Previous))
	return 2
}

func walletsUpdate(r *Runtime, c call) int {
	updates := walletUpdates(c, c.table(1, "updates"), list{1, "updates"})
	ledger := c.optBool(2, "update ledger", false)
	if len(updates) == 0 {
		return 0
	}
	return c.push(walletResults(r.updateWallets(c, updates, ledger)))
}

func (r *Runtime) updateWallets(c call, updates []wallet.Update, ledger bool) (results []wallet.Result) {
	r.await(c, func() (err error) {
		results, err = r.deps.Wallets.Update(c.context(), updates, ledger)
		return err
	})
	return results
}

func walletUpdates(c call, table *glua.LTable, from list) []wallet.Update {
	var updates []wallet.Update
	c.recordsOf(table, from, func(r record) {
		update := wallet.Update{UserID: r.optID("user_id", uuid.Nil.String()), Changeset: r.changes("changeset"), Metadata: r.optObject("metadata")}
		if update.Metadata == "" {
			update.Metadata = "{}"
		}
		updates = append(updates, update)
	})
	return updates
}

func walletResults(results []wallet.Result) *glua.LTable {
	list := newList(len(results))
	for _, result := range results {
		t := newTable(3)
		t.SetField("user_id", glua.LString(result.UserID))
		t.SetField("previous", lua.FromGo(result.Previous))
		t.SetField("updated", lua.FromGo(result.Updated))
		list.Append(t)
	}
	return list
}

func walletLedgerList(r *Runtime, c call) int {
	userID, limit, cursor := c.id(1, "user id"), c.optInt(2, "limit", 100), c.optText(3, "cursor", "")
	if limit < 0 || limit > 100 {
		c.refuse(2, "limit", "a number from 0 to 100")
	}
	var items []wallet.Item
	var next string
	r.await(c, func() (err error) {
		items, next, err = r.deps.Wallets.List(c.context(), userID, limit, cursor)
		return err
	})
	list := newList(len(items))
	for _, item := range items {
		list.Append(ledgerItem(item, c.decodedTable(item.Metadata)))
	}
	c.push(list)
	c.push(glua.LString(next))
	return 2
}

// walletLedgerUpdate adds to an item's metadata. As on Nakama, the item it returns has
// only what was given.
func walletLedgerUpdate(r *Runtime, c call) int {
	id, metadata := c.id(1, "item id"), c.table(2, "metadata")
	text := c.objectText(metadata, "metadata")
	var item wallet.Item
	r.await(c, func() (err error) {
		item, err = r.deps.Wallets.Annotate(c.context(), id, text)
		return err
	})
	return c.push(ledgerItem(item, metadata))
}

func ledgerItem(item wallet.Item, metadata *glua.LTable) *glua.LTable {
	t := newTable(6)
	t.SetField("id", glua.LString(item.ID))
	t.SetField("user_id", glua.LString(item.UserID))
	t.SetField("create_time", glua.LNumber(item.CreateTime.Unix()))
	t.SetField("update_time", glua.LNumber(item.UpdateTime.Unix()))
	t.SetField("changeset", lua.FromGo(item.Changeset))
	t.SetField("metadata", metadata)
	return t
}
