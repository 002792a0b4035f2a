package host

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/notification"
	"nkhost/host/storage"
	"nkhost/host/wallet"
)

// openServices makes the services that keep storage objects, wallets and
// notifications in the database.
func (h *Host) openServices(ctx context.Context) (err error) {
	h.storage, err = storage.NewService(ctx, h.database, storage.Options{
		Now: h.now,
		Report: func(ctx context.Context, index string, id storage.ID, err error) {
			h.log.WarnContext(ctx, "a storage index could not take in an object", slog.String("index", index),
				slog.String("collection", id.Collection), slog.String("key", id.Key), slog.String("user", id.UserID), slog.Any("error", err))
		},
	})
	if err != nil {
		return err
	}
	if h.wallets, err = wallet.NewService(ctx, h.database, wallet.Options{Now: h.now, NewID: orderedID}); err != nil {
		return err
	}
	h.notifications, err = notification.NewService(ctx, h.database, notification.Options{
		Now: h.now, NewID: orderedID,
		// The sockets are made later; nothing is sent before they are.
		Deliver:    func(userID string, list []*api.Notification) { h.sockets.Notify(userID, list) },
		DeliverAll: func(list []*api.Notification) { h.sockets.NotifyAll(list) },
		Failed:     func(err error) { h.log.Error("a notification to all users failed", slog.Any("error", err)) },
	})
	if err != nil {
		return err
	}
	h.onClose(h.notifications.Close)
	return nil
}

// orderedID makes a UUID that sorts after all that this process has made before.
func orderedID() string { return uuid.Must(uuid.NewV7()).String() }
