package host

import (
	"context"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/account"
	"nkhost/host/db"
	"nkhost/host/storage"
	"nkhost/host/wallet"
	"nkhost/nkshim"
)

// multiUpdater changes accounts, storage objects and wallets in one transaction.
type multiUpdater struct {
	accounts *account.Service
	storage  *storage.Service
	wallets  *wallet.Service
}

func (m multiUpdater) MultiUpdate(ctx context.Context, update nkshim.MultiUpdate) (acks []*api.StorageObjectAck, results []wallet.Result, err error) {
	if len(update.Accounts)+len(update.Writes)+len(update.Deletes)+len(update.Wallets) == 0 {
		return nil, nil, nil
	}
	err = m.storage.Update(ctx, func(tx *db.Tx, batch *storage.Batch) (err error) {
		for _, a := range update.Accounts {
			if err := m.accounts.UpdateTx(ctx, tx, a.UserID, a.Update); err != nil {
				return err
			}
		}
		if acks, err = batch.Write(ctx, storage.Server, update.Writes); err != nil {
			return err
		}
		if err := batch.Delete(ctx, storage.Server, update.Deletes); err != nil {
			return err
		}
		results, err = m.wallets.UpdateTx(ctx, tx, update.Wallets, update.Ledger)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return acks, results, nil
}
