package nktest

import (
	"encoding/json"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/storage"
)

// noUser owns the objects that belong to nobody.
const noUser = "00000000-0000-0000-0000-000000000000"

func objectID(user *User, collection, key string) storage.ID {
	id := storage.ID{Collection: collection, Key: key, UserID: noUser}
	if user != nil {
		id.UserID = user.ID
	}
	return id
}

// Storage is the value of a user's storage object, or if user is nil of one that belongs
// to nobody. That there is none ends the test.
func (h *Host) Storage(user *User, collection, key string) Value {
	h.t.Helper()
	object, err := h.manual.ReadObject(h.ctx, objectID(user, collection, key))
	h.must(err, "read")
	return decoded(h.t, "storage object "+collection+"/"+key, object.Value)
}

// Stored says whether there is such a storage object.
func (h *Host) Stored(user *User, collection, key string) bool {
	h.t.Helper()
	_, err := h.manual.ReadObject(h.ctx, objectID(user, collection, key))
	if status.Code(err) != codes.NotFound {
		h.must(err, "read")
	}
	return err == nil
}

// Store writes a storage object, which its owner may read and write.
func (h *Host) Store(user *User, collection, key string, value any) {
	h.t.Helper()
	h.must(h.manual.WriteObject(h.ctx, storage.Write{
		ID: objectID(user, collection, key), Value: h.text(value), PermissionRead: 1, PermissionWrite: 1,
	}), "write the storage object %s/%s", collection, key)
}

// Wallet is what a user's wallet holds.
func (h *Host) Wallet(user *User) map[string]int64 {
	h.t.Helper()
	account, err := h.manual.Account(h.ctx, user.ID)
	h.must(err, "read the wallet of %s", user.Username)
	wallet := map[string]int64{}
	h.must(json.Unmarshal([]byte(account.Wallet), &wallet), "read the wallet of %s", user.Username)
	return wallet
}

// Pay adds to a user's wallet.
func (h *Host) Pay(user *User, changeset map[string]int64) {
	h.t.Helper()
	h.must(h.manual.UpdateWallet(h.ctx, user.ID, changeset), "change the wallet of %s", user.Username)
}
