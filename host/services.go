package host

import (
	"context"
	"encoding/binary"
	"log/slog"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/chat"
	"nkhost/host/notification"
	"nkhost/host/purchase"
	"nkhost/host/storage"
	"nkhost/host/wallet"
)

// openServices makes the services that keep things in the database.
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
	if h.wallets, err = wallet.NewService(ctx, h.database, wallet.Options{Now: h.now, NewID: h.orderedID}); err != nil {
		return err
	}
	if h.purchases, err = purchase.NewService(ctx, h.database, purchase.Options{Now: h.now}); err != nil {
		return err
	}
	h.notifications, err = notification.NewService(ctx, h.database, notification.Options{
		Now: h.now, NewID: h.orderedID,
		// The sockets are made later; nothing is sent before they are.
		Deliver:    func(userID string, list []*api.Notification) { h.sockets.Notify(userID, list) },
		DeliverAll: func(list []*api.Notification) { h.sockets.NotifyAll(list) },
		Failed:     func(err error) { h.log.Error("a notification to all users failed", slog.Any("error", err)) },
	})
	if err != nil {
		return err
	}
	h.onClose(h.notifications.Close)
	h.channels, err = chat.NewService(ctx, h.database, chat.Options{
		Now: h.now, NewID: h.orderedID, Relations: relations{h},
		Deliver: func(channel chat.Channel, message *api.ChannelMessage) { h.sockets.ChannelSend(channel, message) },
		Invite:  h.invite,
	})
	if err != nil {
		return err
	}
	if err := h.openSocial(ctx); err != nil {
		return err
	}
	return h.openLeaderboards(ctx)
}

// relations are how users stand to each other and to groups, as channels know it. Friends
// and groups are made after the channels.
type relations struct{ host *Host }

func (r relations) Blocks(ctx context.Context, userID, otherID string) (bool, error) {
	return r.host.friends.Blocks(ctx, userID, otherID)
}

func (r relations) InGroup(ctx context.Context, groupID, userID string) (bool, error) {
	return r.host.groups.IsMember(ctx, groupID, userID)
}

// invite notifies a user of someone who waits in their direct channel.
func (h *Host) invite(ctx context.Context, invitation chat.Invitation) error {
	return h.notifications.Send(ctx, []notification.Notification{{
		UserID: invitation.UserID, SenderID: invitation.SenderID,
		Subject: invitation.Subject, Content: invitation.Content,
		Code: chat.InvitationCode, Persistent: true,
	}})
}

// orderedID makes a UUID that sorts after all that this process has made before. That of
// a manual host follows from its clock and the ids before.
func (h *Host) orderedID() string {
	if !h.manual {
		return uuid.Must(uuid.NewV7()).String()
	}
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(h.now().UnixMilli())<<16)
	binary.BigEndian.PutUint64(id[8:], h.ordered.Add(1))
	id[6], id[8] = 0x70, 0x80
	return id.String()
}
